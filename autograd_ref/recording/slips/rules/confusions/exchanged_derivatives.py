"""The cotangents of two values of one kind, exchanged: of two corners, two gates, two heads."""

from collections.abc import Iterator
from functools import partial
from itertools import combinations

from torch import Tensor

from autograd_ref.recording.slips.sites import SlipSite, mentioned
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Ref, Tape

MOST = 8
"""Values of one kind among which two are exchanged, at most. Chosen."""

Group = tuple[tuple[SlipSite, ...], str, Rule]


def exchanged_derivatives(tape: Tape) -> Iterator[Group]:
    """Yield the places of two values with names, and that they get each other's derivative.

    Args:
        tape: the record.
    """
    kinds: dict[tuple[object, ...], list[Ref]] = {}
    for ref in tape.names:
        node = tape.nodes[ref.node]
        if ref in tape.moving and node.operands and len(tape.turns[node.site]) == 1:
            shape = tuple(tape.value(ref).shape)
            kinds.setdefault((node.site.operation, shape), []).append(ref)
    for refs in kinds.values():
        for one, two in combinations(sorted(refs)[:MOST], 2):
            if not tape.ancestors[two.node] >> one.node & 1:
                places = tuple(_place(tape, ref) for ref in (one, two))
                said = f"what comes back to {mentioned(one)} and {mentioned(two)} is exchanged"
                fix = "give each its own"
                made = partial(_made, *places)
                yield places, "all", Rule("derivatives exchanged", made, said, 2.1, fix)


def _place(tape: Tape, ref: Ref) -> SlipSite:
    return SlipSite(tape.nodes[ref.node].site, None, ref.output)


def _made(
    one: SlipSite, two: SlipSite, at: At, _other: Tensor | None, _c: Tensor | None
) -> Tensor | None:
    tape = at.steps.tape
    here = two if _place(tape, at.ref) == one else one
    nodes = tape.turns.get(here.site, ())
    other = Ref(nodes[0], here.output) if nodes else None
    c = None if other is None else at.exact.get(other)
    return None if c is None else c[0]
