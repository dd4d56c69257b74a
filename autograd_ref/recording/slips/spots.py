"""The places on a tape at which a slip can be made."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from autograd_ref.recording.slips.rules.groups import grouped
from autograd_ref.recording.slips.sites import Edge, SlipSite, edges
from autograd_ref.recording.slips.slip import Rule
from autograd_ref.recording.tape import Node, Ref, Site, Tape
from autograd_ref.tree.nest import Path

RESHAPES = frozenset(
    "alias t transpose permute view reshape _unsafe_view _reshape_alias unsqueeze squeeze clone"
    " contiguous _to_copy as_strided".split()
)
"""Operations that only arrange entries: what is wrong there is so at the operation beside them."""

ARRANGES = frozenset("t transpose permute view reshape _unsafe_view _reshape_alias".split())
"""Rearrangements whose order of entries one gets wrong."""


GIVEN = Site((), "alias", 0)
"""The site that stands for a loss of which only derivatives are given: no slip is made there."""


class Spot(NamedTuple):
    """Where slips are made, alike at each of some places."""

    places: tuple[SlipSite, ...]
    """One; or all that a person derives alike, as the same layer over and over."""
    turns: str
    """The turns of a loop, a key of `slip.TURNS`."""
    only: Rule | None = None
    """The one slip that is made there; None for all."""

    @property
    def key(self) -> tuple[object, ...]:
        """The spot, as it is found again."""
        return self.places, self.turns, self.only and self.only.said

    @property
    def sites(self) -> tuple[Site, ...]:
        """The sites of the places."""
        return tuple(place.site for place in self.places)

    @property
    def place(self) -> int | None:
        """The number of the operand at the first place."""
        return self.places[0].operand

    @property
    def output(self) -> int:
        """The number of the output at the first place."""
        return self.places[0].output

    def at(self) -> tuple[SlipSite, ...]:
        """Return the places as a slip has them."""
        return self.places

    def edges(self, tape: Tape) -> Iterator[Edge]:
        """Yield where on a tape it is."""
        return edges(tape, self.places, self.turns)


def spots(tape: Tape, wrong: Collection[Path], *, of_some: bool = False) -> Iterator[Spot]:
    """Yield every step back, and every value, of those that all wrong blocks come in by.

    Args:
        tape: the record.
        wrong: the blocks that are wrong.
        of_some: True for those that some of them come in by.
    """
    come = 0 if of_some else sum(1 << tape.parameters[path].node for path in wrong)
    single = list(_single(tape))
    alike = _alike(tape, single)
    several = (Spot(places, turns, rule) for places, turns, rule in grouped(tape))
    for spot in chain(single, alike, several):
        needed = [edge for edge in spot.edges(tape) if edge.node in tape.is_needed]
        if needed and not come & ~_behind(tape, needed):
            yield spot


def _alike(tape: Tape, single: Iterable[Spot]) -> Iterator[Spot]:
    """Yield the places that are derived alike, together."""
    alike: dict[tuple[object, ...], list[SlipSite]] = {}
    for spot in single:
        arranged = spot.places[0].site.operation in RESHAPES
        if spot.turns == "all" and spot.place is not None and not arranged:
            for key in _kinds(tape, spot):
                alike.setdefault(key, []).append(spot.places[0])
    for places in dict.fromkeys(tuple(group) for group in alike.values()):
        if len(places) > 1:
            yield Spot(places, "all")


def _single(tape: Tape) -> Iterator[Spot]:
    for site, nodes in tape.turns.items():
        inside = [n for n in nodes if n in tape.is_needed]
        if not inside or site == GIVEN:
            continue
        node = tape.nodes[inside[-1]]  # at the first turn some operands may be constants
        for turns in ("all",) if len(inside) == 1 else ("all", "last", "first"):
            if node.compute is not None and (
                site.operation not in RESHAPES or (turns == "all" and _rearranges(tape, node))
            ):
                for place, operand in enumerate(node.operands):
                    if operand in tape.moving:
                        yield Spot((SlipSite(site, place, 0),), turns)
            for output in range(len(node.values)):
                if Ref(inside[-1], output) in tape.moving:
                    yield Spot((SlipSite(site, None, output),), turns)


def _rearranges(tape: Tape, node: Node) -> bool:
    """Return whether an operation gives two or more axes of its operand another order or shape."""
    if node.site.operation not in ARRANGES:
        return False
    before = [n for n in tape.value(node.operands[0]).shape if n > 1]
    after = [n for n in node.values[0].shape if n > 1]
    return len(before) != len(after) or before != after


def _kinds(tape: Tape, spot: Spot) -> Iterator[tuple[object, ...]]:
    """Yield what a spot has in common with others that are derived alike."""
    site, place, _output = spot.places[0]
    node = tape.nodes[tape.turns[site][-1]]
    kind = (site.operation, site.ordinal, place)
    yield ("function", _called(node), *kind)
    line = (node.place.file, node.place.line, site.operation, place)
    yield ("line", *line)
    if node.numbers:
        yield ("numbers", *line, *node.numbers)
    if len(site.where) > 1:
        yield ("instruction", site.where[-1], *kind)
    assert place is not None, "only steps back have a kind"
    ref = node.operands[place] if place < len(node.operands) else None
    yield ("operation", ref in tape.parameters.values(), *kind)


def _called(node: Node) -> str:
    """The name of the function that an expression calls; empty where it calls none."""
    name = node.place.text.partition("(")[0]
    return name if name.replace(".", "_").isidentifier() else ""


def _behind(tape: Tape, found: Sequence[Edge]) -> int:
    """The nodes that operands, or (place None) outputs, of some nodes depend on, as bits."""
    bits = 0
    for edge in found:
        leads_to = _leads_to(tape, edge)
        if leads_to is not None:  # else another operation stood there in this turn
            bits |= tape.ancestors[leads_to]
    return bits


def _leads_to(tape: Tape, edge: Edge) -> int | None:
    """The node whose output a step leads to."""
    if edge.place is None:
        return edge.node
    operands = tape.nodes[edge.node].operands
    return operands[edge.place].node if edge.place < len(operands) else None


def is_chained(tape: Tape, spot: Spot) -> bool:
    """Return whether what one of the steps at a spot leads to depends on another of them.

    Else each changes something by itself, and the changes add up.
    """
    found = sorted(edge for edge in spot.edges(tape) if edge.node in tape.is_needed)
    nodes = 0
    for edge in found:
        leads_to = _leads_to(tape, edge)
        if leads_to is not None and tape.ancestors[leads_to] & nodes & ~(
            1 << edge.node if edge.place is None else 0
        ):
            return True
        nodes |= 1 << edge.node
    return False
