"""All slips that could be made on a tape, one place at a time."""

from collections.abc import Callable, Iterator

from torch import Tensor

from autograd_ref.recording.slips.axes import axes
from autograd_ref.recording.slips.elementwise import ELEMENTWISE, FURTHER
from autograd_ref.recording.slips.paths import PATHS
from autograd_ref.recording.slips.slip import Other, Rule, Slip
from autograd_ref.recording.slips.spots import RESHAPES, Spot
from autograd_ref.recording.slips.values import (
    ANOTHERS,
    DIVIDED,
    TIMES,
    operand,
    operand_transposed,
)
from autograd_ref.recording.tape import Ref, Tape


MOVES = RESHAPES | frozenset(
    "expand select slice index gather cat stack sum mean neg add sub rsub split unbind diagonal"
    " sum_to_size repeat roll flip".split()
)
"""Operations that take no derivative of a function."""


def rules_at(tape: Tape, spot: Spot) -> Iterator[Slip]:
    """Yield the slips that could be made at a spot."""
    site = spot.sites[0]
    inside = [n for n in tape.turns[site] if n in tape.is_needed]
    index = inside[0] if spot.turns == "first" else inside[-1]
    node = tape.nodes[index]
    sites, alone = spot.at(), len(spot.sites) == 1

    def slip(rule: Rule, other: Other | None = None) -> Slip:
        return Slip(rule, sites, other, spot.turns)

    y = node.values[spot.output]
    if spot.place is None:
        yield from _at_value(tape, spot, index, slip)
        return
    x = tape.value(node.operands[spot.place])
    yield from (slip(rule) for rule in PATHS)
    if x.shape == y.shape and len(node.operands) == 1 and site.operation not in MOVES:
        yield from (slip(rule) for rule in ELEMENTWISE)
    yield from (slip(rule) for rule in axes(y.ndim, tuple(y.shape)))
    for other in others(tape, index) if alone else ():
        value = _value(tape, other, index)
        for place, ref in enumerate(node.operands):
            if tape.value(ref).shape == value.shape and tape.value(ref).is_floating_point():
                yield slip(operand(place), other)
        if _broadcasts(value, x):
            yield slip(TIMES, other)
            yield slip(DIVIDED, other)
        if value.shape == y.shape and len(tape.reached(index)) > 1:
            yield slip(ANOTHERS, other)
    for place, ref in enumerate(node.operands):
        if place != spot.place and tape.value(ref).ndim >= 2:
            yield slip(operand_transposed(place))


def _at_value(
    tape: Tape, spot: Spot, index: int, slip: Callable[..., Slip]
) -> Iterator[Slip]:
    """Yield the slips in all that reaches a value.

    Where one step leads there, it is only what is no matter of that step.
    """
    ref = Ref(index, spot.output)
    y = tape.value(ref)
    several = len(tape.uses[ref]) != 1
    yield from (slip(rule) for rule in FURTHER)
    if several:
        yield from (slip(rule) for rule in PATHS)
        yield from (slip(rule) for rule in axes(y.ndim, tuple(y.shape)))
    for other in others(tape, index):
        value = _value(tape, other, index)
        if several and _broadcasts(value, y):
            yield slip(TIMES, other)
            yield slip(DIVIDED, other)
        if value.shape == y.shape and other.site != spot.sites[0]:
            yield slip(ANOTHERS, other)


def others(tape: Tape, index: int) -> list[Other]:
    """The values that could be taken for another, as seen from a node, each once."""
    here = tape.nodes[index]
    turns = len(tape.turns[here.site])
    found: list[Other] = []
    seen: set[tuple[int, ...]] = set()
    for site, nodes in tape.turns.items():
        if len(nodes) not in (1, turns):
            continue
        first = tape.nodes[nodes[0]]
        for output, value in enumerate(first.values):
            if not value.is_floating_point():
                continue
            for before in (0,) if len(nodes) == 1 else (0, 1, -1):
                turn = (here.turn if len(nodes) > 1 else 0) - before
                if not 0 <= turn < len(nodes):
                    continue
                key = _identity(tape.value(Ref(nodes[turn], output)))
                if key not in seen:
                    seen.add(key)
                    found.append(Other(site, output, before))
    return found


def _identity(value: Tensor) -> tuple[int, ...]:
    return (hash(value.numpy(force=True).tobytes()), *value.shape)


def _value(tape: Tape, other: Other, index: int) -> Tensor:
    nodes = tape.turns[other.site]
    turn = (tape.nodes[index].turn if len(nodes) > 1 else 0) - other.turns_before
    return tape.nodes[nodes[turn]].values[other.output]


def _broadcasts(value: Tensor, x: Tensor) -> bool:
    """Return whether a value is a factor of another, entry by entry."""
    if value.ndim > x.ndim:
        return False
    pairs = zip(reversed(value.shape), reversed(x.shape), strict=False)
    return all(a in (1, b) for a, b in pairs)
