"""A record computed again with a change, and how steep the loss then is, for little."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.slips.otherwise.change import Change, Made, inner, value_only
from autograd_ref.recording.tape import Node, Ref, Tape, outputs_of
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Results

Values = tuple[Tensor, ...]

STEP = 1e-6
"""How far parameters are moved. Derived: rounding then leaves 1e-10 of the loss in a slope."""

CLOSE = 1e-6
"""How far a slope may be off, relative to its terms: differences are good to 1e-8 or so; what is
close is swept."""

FAILS = (ArithmeticError, ValueError, IndexError, RuntimeError, TypeError, AttributeError)
"""Errors of operations that do not fit where they are put."""


def altered(steps: Steps, change: Change) -> Steps | None:
    """Return the record, computed again with a change; None where that cannot be done."""
    tape = steps.tape
    made = made_at(tape, change)
    nodes, different = list(tape.nodes), set[int]()
    for index in range(min(made, default=len(nodes)), len(nodes)):
        if index not in tape.is_wanted:
            continue
        node = _otherwise(tape, index, made)
        if node is None:
            return None
        if index not in made and not any(o.node in different for o in node.operands):
            continue
        if change.value_only and index in made:
            node = value_only(tape.nodes[index], node)
        values = _computed(node, [nodes[r.node].values[r.output] for r in node.operands])
        if values is None:
            return None
        nodes[index] = node._replace(values=values)
        different.add(index)
    if not different:
        return None
    new = Steps(Tape(nodes, tape.parameters, tape.result, tape.names))
    new.take(steps, different)
    return new if new.tape.value(tape.result).shape == tape.value(tape.result).shape else None


def made_at(tape: Tape, change: Change) -> dict[int, Made]:
    """Return which operations of a tape are done otherwise, and how."""
    return {index: how for site, how in change.made for index in tape.turns.get(site, ())}


def _otherwise(tape: Tape, index: int, made: Mapping[int, Made]) -> Node | None:
    if index not in made:
        return tape.nodes[index]
    try:
        return made[index](tape, index)
    except FAILS:
        return None


def _computed(node: Node, operands: Sequence[Tensor]) -> Values | None:
    compute = inner(node)
    try:
        with torch.no_grad():
            values = outputs_of(compute(*operands))[: len(node.values)]
    except FAILS:
        return None
    alike = len(values) == len(node.values) and all(
        a.dtype == b.dtype for a, b in zip(values, node.values, strict=True)
    )
    return values if alike else None


class ChangedSlopes:
    """How steep a loss is in one direction, whatever is changed in it.

    Only what comes after the change is computed, a little to either side of the point: a tenth of
    what the gradient costs, and of a thousand changes hardly one has the slope by chance.

    Args:
        tape: the record.
        hand: the gradient that is looked for.
        most: operations that may be computed.
    """

    def __init__(self, tape: Tape, hand: Results, most: int) -> None:
        generator = torch.Generator().manual_seed(1)
        self._tape, self.left = tape, most
        self._target = self._scale = 0.0
        along: dict[Path, Tensor] = {}
        for path, gradient in hand.items():
            u = torch.randn(gradient.shape, generator=generator, dtype=torch.float64, device="cpu")
            product = torch.as_tensor(gradient, device="cpu") * u
            self._target += float(product.sum())
            self._scale += float(product.abs().sum())
            along[path] = u
        self._sides = tuple(self._moved(along, by) for by in (STEP, -STEP))

    def _moved(self, along: Mapping[Path, Tensor], by: float) -> dict[int, Values]:
        tape = self._tape
        found: dict[int, Values] = {
            tape.parameters[path].node: (tape.value(tape.parameters[path]) + by * u,)
            for path, u in along.items()
        }
        for index in reversed(tape.needed):
            node = tape.nodes[index]
            if index not in found and node.compute is not None:
                operands = [
                    found.get(r.node, tape.nodes[r.node].values)[r.output] for r in node.operands
                ]
                found[index] = _computed(node, operands) or node.values
        return found

    def fits(self, change: Change) -> bool:
        """Return whether the loss with a change has the slope that is looked for."""
        ends = self._ends(change)
        if ends is None:
            return False
        slope = (ends[0] - ends[1]) / (2 * STEP)
        return abs(slope - self._target) <= CLOSE * self._scale + 1e-8 * abs(ends[0])

    def _ends(self, change: Change) -> tuple[float, float] | None:
        """The loss at either side; None where the change does nothing, or cannot be made."""
        tape = self._tape
        made = made_at(tape, change)
        changed: dict[int, tuple[Values, Values]] = {}
        moving: set[int] = set()
        for index in range(min(made, default=len(tape.nodes)), tape.result.node + 1):
            if index not in tape.is_wanted:
                continue
            node = _otherwise(tape, index, made)
            if node is None:
                return None
            if index not in made and not any(o.node in changed for o in node.operands):
                continue
            moves = node.followed and any(
                o in tape.moving or o.node in moving for o in node.operands
            )
            sides = self._both(node, changed, moves=moves)
            if change.value_only and index in made and sides is not None:
                sides = _beside(sides, self._both(tape.nodes[index], changed, moves=True))
            if sides is None:
                return None
            if index not in made or not self._alike(index, sides):
                changed[index] = sides
                moving.update((index,) if moves else ())
        if tape.result.node not in changed:
            return None
        up, down = (float(side[tape.result.output].sum()) for side in changed[tape.result.node])
        return up, down

    def _both(
        self, node: Node, changed: Mapping[int, tuple[Values, Values]], *, moves: bool
    ) -> tuple[Values, Values] | None:
        found: list[Values] = []
        for side in (0, 1) if moves else (0,):
            self.left -= 1
            values = _computed(node, [self._at(r, side, changed) for r in node.operands])
            if values is None:
                return None
            found.append(values)
        return found[0], found[-1]

    def _at(self, ref: Ref, side: int, changed: Mapping[int, tuple[Values, Values]]) -> Tensor:
        if ref.node in changed:
            return changed[ref.node][side][ref.output]
        return self._sides[side].get(ref.node, self._tape.nodes[ref.node].values)[ref.output]

    def _alike(self, index: int, sides: tuple[Values, Values]) -> bool:
        """Return whether a change makes no difference to the values of a node."""
        old = [side.get(index, self._tape.nodes[index].values) for side in self._sides]
        return all(
            torch.equal(a, b)
            for new, was in zip(sides, old, strict=True)
            for a, b in zip(new, was, strict=True)
        )


def _beside(
    other: tuple[Values, Values], own: tuple[Values, Values] | None
) -> tuple[Values, Values] | None:
    """Return values that move as the operation's own do, and are those of another."""
    if own is None or other[0][0].shape != own[0][0].shape:
        return None
    (up, *_), (down, *_) = own
    shift = (other[0][0] - up + other[1][0] - down) / 2
    return (up + shift,), (down + shift,)
