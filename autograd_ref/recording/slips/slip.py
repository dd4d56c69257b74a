"""A slip: one wrong step of the backward pass, as data that hold at every point."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from torch import Tensor

from autograd_ref.recording.linear import Linear, Steps
from autograd_ref.recording.slips.sites import Edge, Other, SlipSite, found_on
from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.tape import Ref, Site


class At(NamedTuple):
    """One right step back, and what is around it."""

    step: Linear | None
    """The operation; None for all that reaches a value."""
    place: int
    """The number of the operand."""
    x: Tensor
    """The value that the step leads to."""
    y: Tensor
    """The output of the operation."""
    c: Tensor
    """The cotangent of y."""
    right: Tensor
    """The right contribution to x."""
    given: Mapping[int, Tensor]
    """The cotangents of all outputs of the operation."""
    steps: Steps
    ref: Ref
    """The value that the step leads to."""
    cotangent: Callable[[Ref], Tensor | None]
    exact: Mapping[Ref, Tensor]
    """The right cotangents, with a first axis."""


class AtRows(NamedTuple):
    """One right step back in many rows of a sweep, for slips that are made alike."""

    step: Linear | None
    """As in `At`; and likewise the place, x and y."""
    place: int
    x: Tensor
    y: Tensor
    c: Tensor
    """The cotangents of y, with a first axis: a row for each slip. So are the following."""
    right: Tensor
    """The right contributions to x."""
    others: Tensor | None
    """The other values."""
    cotangents: Callable[[], Tensor | None]
    """Theirs; None where some have none."""
    rules: Sequence["Rule"]


Many = Callable[[AtRows], Tensor | None]
"""The wrong contributions of many slips; None where they have to be tried one by one."""


class AroundStep(NamedTuple):
    """An edge in a sweep."""

    steps: Steps
    edge: Edge
    given: Mapping[int, Tensor]
    found: Mapping[Ref, Tensor]
    right: Mapping[Ref, Tensor]
    others: dict[tuple[int, int], tuple["Other", Ref | None]]
    """The values that `Other` stands for at nodes, by its identity and the node."""

    def cotangent(self, ref: Ref, row: int) -> Tensor | None:
        """Return the derivative of the loss by a value in a row; None where there is none."""
        if ref in self.found and ref.node > self.edge.node:
            return self.found[ref][row]
        other = self.right.get(ref)
        return self.steps.known.get(ref) if other is None else other[0]

    def row(self, row: int, right: Tensor) -> "AtRow":
        """Return the step back in one row of the sweep."""
        return AtRow(self, row, right)


class AtRow(NamedTuple):
    """One row of a sweep, at an edge."""

    around: AroundStep
    row: int
    right: Tensor

    def at(self) -> At:
        """Return what is there."""
        steps, edge = self.around.steps, self.around.edge
        tape = steps.tape
        cotangent = partial(self.around.cotangent, row=self.row)
        exact = self.around.right
        if edge.place is None:
            ref = Ref(edge.node, edge.output)
            x = tape.value(ref)
            return At(None, 0, x, x, self.right, self.right, {}, steps, ref, cotangent, exact)
        node = tape.nodes[edge.node]
        output = next(iter(self.around.given))
        return At(
            steps[edge.node],
            edge.place,
            tape.value(node.operands[edge.place]),
            node.values[output],
            self.around.given[output][self.row],
            self.right,
            {i: rows[self.row] for i, rows in self.around.given.items()},
            steps,
            node.operands[edge.place],
            cotangent,
            exact,
        )


class Rule(NamedTuple):
    """A kind of wrong step."""

    name: SlipName
    """A few fixed words, for programs."""
    made: Callable[[At, Tensor | None, Tensor | None], Tensor | None]
    """The wrong contribution to the operand, from the step, another value and that value's
    cotangent; None where it cannot be made here."""
    said: str
    """The end of "what comes out if, in `...`, "; {x} is the operand, {y} the result, {other} the
    other value."""
    rank: float
    """The lower, the more natural."""
    fix: str = ""
    zero_beyond: bool = False
    """True where nothing comes back in turns of a loop for which there is no other value (of many
    slips at once)."""
    many: Many | None = None
    """The function that makes all slips at a step whose rules share it."""
    number: float = 1.0
    """The number in which such rules differ: a factor, or that of a formula."""
    told_at: Site | None = None
    """The place that is told, where it is not that at which the wrong step is made."""


def one(
    many: Many, number: float = 0.0
) -> Callable[[At, Tensor | None, Tensor | None], Tensor | None]:
    """Return how one slip is made, from how many are.

    Args:
        many: how many are.
        number: of its rule.
    """

    def made(at: At, other: Tensor | None, c: Tensor | None) -> Tensor | None:
        rows = AtRows(
            at.step,
            at.place,
            at.x,
            at.y,
            at.c[None],
            at.right[None],
            None if other is None else other[None],
            lambda: None if c is None else c[None],
            (Rule("a factor", made, "", 0.0, number=number),),
        )
        found = many(rows)
        return None if found is None else found[0]

    return made


def fits(made: Tensor, right: Tensor) -> bool:
    """Return whether one contribution can stand for another: a complex one only for such."""
    return made.shape == right.shape and (right.is_complex() or not made.is_complex())


class Slip(NamedTuple):
    """A rule at a place."""

    rule: Rule
    sites: tuple[SlipSite, ...]
    other: Other | None = None
    turns: str = "all"
    """The turns of a loop, a key of `TURNS`."""

    def made(self, row: AtRow) -> Tensor | None:
        """Return what reaches the operand by mistake; None where it cannot be made there."""
        tape, edge = row.around.steps.tape, row.around.edge
        at = row.at()
        other = None if self.other is None else found_on(tape, self.other, edge.node)
        if self.other is not None and other is None:
            return None
        value = None if other is None else tape.value(other)
        cotangent = None if other is None else at.cotangent(other)
        try:
            made = self.rule.made(at, value, cotangent)
        except (RuntimeError, IndexError, ValueError):  # of operands that do not fit together
            return None
        return made if made is not None and fits(made, row.right) else None
