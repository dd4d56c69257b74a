"""All slips that could be made on a tape, one place at a time."""

from collections.abc import Callable, Iterator

from torch import Tensor

from autograd_ref.recording.slips.finding.ranks import akin
from autograd_ref.recording.slips.rules.axes import axes
from autograd_ref.recording.slips.rules.by_operation.along_rows.log_sums import log_sums
from autograd_ref.recording.slips.rules.by_operation.along_rows.normalised import normalised
from autograd_ref.recording.slips.rules.by_operation.along_rows.statistics import statistics
from autograd_ref.recording.slips.rules.by_operation.penalties import penalised
from autograd_ref.recording.slips.rules.confusions.counted_once import counted_once
from autograd_ref.recording.slips.rules.confusions.made_anew import made_anew
from autograd_ref.recording.slips.rules.confusions.wrong_index import indices
from autograd_ref.recording.slips.rules.elementwise import (
    ANOTHERS_OUTPUT,
    BY_OUTPUT,
    ELEMENTWISE,
    FURTHER,
)
from autograd_ref.recording.slips.rules.of_operation import of_operation
from autograd_ref.recording.slips.rules.others import Others
from autograd_ref.recording.slips.rules.paths import CLIPPED, OF_MATRICES, PATHS
from autograd_ref.recording.slips.rules.regions import observed, of_value
from autograd_ref.recording.slips.rules.values import (
    ANOTHERS,
    FACTORS,
    is_factor,
    list_of,
    operand,
    operand_beside,
    operand_made_otherwise,
    operand_transposed,
)
from autograd_ref.recording.slips.sites import Other, found_on
from autograd_ref.recording.slips.slip import Rule, Slip
from autograd_ref.recording.slips.spots import RESHAPES, Spot
from autograd_ref.recording.tape import Ref, Tape, is_continuous

MOVES = RESHAPES | frozenset(
    "expand select slice index gather cat stack sum mean neg add sub rsub split unbind diagonal"
    " sum_to_size repeat roll flip".split()
)
"""Operations that take no derivative of a function."""

LINEAR_IN_EACH = frozenset("mul mm bmm mv dot convolution".split())
"""Operations whose derivative by an operand does not depend on that operand."""

Made = Callable[..., Slip]


def rules_at(others: Others, spot: Spot) -> Iterator[Slip]:
    """Yield the slips that could be made at a spot.

    Args:
        others: the values of the record.
        spot: where.
    """
    tape = others.tape
    inside = [
        node
        for node in tape.turns[spot.sites[0]]
        if node in tape.is_needed
        and (spot.place is None or spot.place < len(tape.nodes[node].operands))
    ]

    def slip(rule: Rule, other: Other | None = None) -> Slip:
        return Slip(rule, spot.at(), other, spot.turns)

    if spot.only is not None:
        yield slip(spot.only)
    if spot.only is not None or not inside:
        return
    index = inside[{"first": 0, "last": -1}.get(spot.turns, len(inside) // 2)]
    if spot.place is None:
        yield from _at_value(others, spot, index, slip)
    else:
        yield from _at_step(others, spot, index, spot.place, slip)


def _at_step(others: Others, spot: Spot, index: int, place: int, slip: Made) -> Iterator[Slip]:
    """Yield the slips in what reaches an operand."""
    tape = others.tape
    node = tape.nodes[index]
    x, y = tape.value(node.operands[place]), node.values[spot.output]
    yield from (slip(rule) for rule in of_operation(node, place, x, y))
    yield from (slip(rule) for rule in statistics(tape, index))
    if node.site.operation in RESHAPES:
        return
    yield from (slip(rule, other) for rule, other in indices(tape, index))
    yield from (slip(rule) for rule in counted_once(tape, index, place))
    if len(spot.places) == 1:
        yield from (slip(rule, other) for rule, other in made_anew(tape, index, place))
        yield from (slip(rule, other) for rule, other in log_sums(others, index, place))
    yield from (slip(rule) for rule in PATHS)
    if max(x.ndim, y.ndim) > 1:
        yield from (slip(rule) for rule in OF_MATRICES)
    if x.shape == y.shape and len(node.operands) == 1 and node.site.operation not in MOVES:
        yield from (slip(rule) for rule in ELEMENTWISE)
    yield from (slip(rule) for rule in axes(y.ndim, tuple(y.shape)))
    needs = list(_needed_by_derivative(tape, index, place))
    alone = len(spot.places) == 1
    like = akin(tape, Ref(index, spot.output)) if alone else frozenset[Ref]()
    for other, value in others.at(index) if alone else _in_each_call(others, spot, index):
        for number in needs:
            if tape.value(node.operands[number]).shape == value.shape:
                yield slip(operand(number), other)
        itself = found_on(tape, other, index) == node.operands[place]
        if node.site.operation in BY_OUTPUT and value.shape == y.shape and not itself:
            yield slip(ANOTHERS_OUTPUT, other)
        if is_factor(value, x):
            yield from (slip(rule, other) for rule in FACTORS)
        joins = len(tape.reached(index)) > 1
        if value.shape == y.shape and joins and found_on(tape, other, index) in like:
            yield slip(ANOTHERS, other)
    for number in needs:
        ref = node.operands[number]
        if list_of(tape, ref):
            yield from (slip(rule) for rule in operand_beside(number))
        if number != place and _is_square(tape.value(ref)):
            yield slip(operand_transposed(number))
        before = tape.nodes[ref.node]
        if number != place and before.site.operation not in RESHAPES:
            for inner, deeper in enumerate(before.operands):
                if _is_square(tape.value(deeper)):
                    yield slip(operand_made_otherwise(number, inner))


def _in_each_call(others: Others, spot: Spot, index: int) -> Iterator[tuple[Other, Tensor]]:
    """Yield the values of the call that a place is in, where all are in calls of one function."""
    first, where = spot.sites[0], spot.sites[0].where
    for depth in range(len(where) - 1):
        here = {(s.where[:depth], s.where[depth + 1 :]) for s in spot.sites}
        if len(here) == 1 and len({s.where for s in spot.sites}) == len(spot.sites):
            for other, value in others.at(index):
                if other.site.where[: depth + 1] == where[: depth + 1] != other.site.where:
                    yield other._replace(beside=first), value


def _at_value(others: Others, spot: Spot, index: int, slip: Made) -> Iterator[Slip]:
    """Yield the slips in all that reaches a value.

    Where one step leads there, it is only what is no matter of that step.
    """
    tape, ref = others.tape, Ref(index, spot.output)
    y = tape.value(ref)
    several = len(tape.uses[ref]) != 1
    own = (*normalised(tape, ref), *of_value(tape, ref), *penalised(tape, ref))
    yield from (slip(rule) for rule in (*FURTHER, *CLIPPED, *own))
    yield from (slip(rule, other) for rule, other in observed(others, ref))
    if several:
        yield from (slip(rule) for rule in (*PATHS, *(OF_MATRICES if y.ndim > 1 else ())))
    if several or spot.sites[0].operation in RESHAPES:
        yield from (slip(rule) for rule in axes(y.ndim, tuple(y.shape)))
    like = akin(tape, ref)
    for other, value in others.at(index):
        if several and is_factor(value, y):
            yield from (slip(rule, other) for rule in FACTORS)
        elsewhere = other != Other(spot.sites[0], spot.output)
        if value.shape == y.shape and elsewhere and found_on(tape, other, index) in like:
            yield slip(ANOTHERS, other)


def _needed_by_derivative(tape: Tape, index: int, place: int) -> Iterator[int]:
    """Yield the operands that a derivative depends on."""
    node = tape.nodes[index]
    operation = node.site.operation
    if operation in MOVES:
        return
    for number, ref in enumerate(node.operands):
        linear = operation in LINEAR_IN_EACH or (operation == "div" and place == 0)
        if is_continuous(tape.value(ref)) and not (linear and number == place):
            yield number


def _is_square(value: Tensor) -> bool:
    return value.ndim > 1 and value.shape[-1] == value.shape[-2]
