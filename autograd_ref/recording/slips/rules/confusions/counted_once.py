"""Rows that are taken several times, of which a term counts once each: a penalty of each user."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from autograd_ref.recording.slips.sites import mentioned
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Ref, Tape

TAKE = frozenset(("index", "index_select", "embedding"))


def counted_once(tape: Tape, index: int, place: int) -> Iterator[Rule]:
    """Yield that a step back counts once for each row of an array, not each time it is taken.

    Args:
        tape: the record.
        index: the operation.
        place: the number of the operand that the step leads to.
    """
    ref = tape.nodes[index].operands[place]
    mask = _first(tape, ref) if len(tape.uses.get(ref, ())) > 1 else None
    if mask is not None:
        array = mentioned(tape.nodes[ref.node].operands[0])
        yield Rule(
            "counted once",
            _made,
            f"what comes back to {{x}} counts once for each row of {array}, not each time that the"
            " row is taken",
            2.1,
            "add it up over all the times that a row is taken: +=",
        )


def _first(tape: Tape, ref: Ref) -> Tensor | None:
    """1 where a row is taken for the first time, 0 elsewhere; None where no rows are taken."""
    node = tape.nodes[ref.node]
    rows = [tape.value(one) for one in node.operands[1:]]
    if node.site.operation not in TAKE or len(rows) != 1 or rows[0].dtype != torch.int64:
        return None
    flat = rows[0].reshape(-1).numpy(force=True)
    first = np.zeros(flat.shape)
    first[np.unique(flat, return_index=True)[1]] = 1
    shape = *rows[0].shape, *(1,) * (tape.value(ref).ndim - rows[0].ndim)
    return torch.from_numpy(first).reshape(shape)


def _made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    mask = _first(at.steps.tape, at.ref)
    return None if mask is None else at.right * mask
