"""A penalty of one parameter that is derived for another as well, as weight decay of a bias."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node, Ref, Site, Tape

CLOSE = 1e-12
"""How far the factors of the entries of a penalty may differ, relative to them. Chosen."""


def penalised(tape: Tape, ref: Ref) -> Iterator[Rule]:
    """Yield the penalties of other parameters, applied to one.

    Args:
        tape: the record.
        ref: the parameter; nothing is yielded for another value.
    """
    if ref not in tape.parameters.values():
        return
    for other in tape.parameters.values():
        for use in tape.uses.get(other, ()) if other != ref else ():
            slope = _slope(tape.nodes[use])
            if slope is not None:
                yield Rule(
                    "a penalty of another",
                    partial(_with_penalty, tape.nodes[use].site, slope),
                    f"{{x}} is penalised as {{value[{other.node}][0]}} is: it has no penalty",
                    1.6,
                    "leave that term out",
                    told_at=tape.nodes[use].site,
                )


def _slope(node: Node) -> Callable[[Tensor], Tensor] | None:
    """The derivative of a penalty of each entry."""
    operation, operands = node.site.operation, node.operands
    squared = operation == "square" or (operation == "pow" and node.numbers == (2.0,))
    if squared or (operation == "mul" and len(operands) == 2 and operands[0] == operands[1]):
        return lambda x: 2 * x
    return torch.sign if operation == "abs" else None


def _with_penalty(
    site: Site,
    slope: Callable[[Tensor], Tensor],
    at: At,
    _other: Tensor | None,
    _c: Tensor | None,
) -> Tensor | None:
    c = at.cotangent(Ref(at.steps.tape.turns[site][-1]))
    if c is None or not c.numel():
        return None
    rate = c.flatten()[0]
    if bool((c - rate).abs().max() > CLOSE * rate.abs()):  # no penalty of all entries alike
        return None
    return at.right + rate * slope(at.x)
