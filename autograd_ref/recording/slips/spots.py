"""The places on a tape at which a slip can be made."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from autograd_ref.recording.slips.slip import Edge, Place, edges
from autograd_ref.recording.tape import Node, Ref, Site, Tape
from autograd_ref.tree.nest import Path

RESHAPES = frozenset(
    "alias t transpose permute view reshape _unsafe_view _reshape_alias unsqueeze squeeze clone"
    " contiguous _to_copy as_strided".split()
)
"""Operations that only arrange entries: what is wrong there is so at the operation beside them."""


class Spot(NamedTuple):
    """Where slips are made: sites, and an operand or (place None) an output at each."""

    sites: tuple[Site, ...]
    """One; or all that a person derives alike, as the same layer over and over."""
    place: int | None
    output: int
    turns: str
    """Of a loop: all, the first, the last."""

    def at(self) -> tuple[Place, ...]:
        """Return the sites as a slip has them."""
        return tuple(Place(site, self.place, self.output) for site in self.sites)

    def edges(self, tape: Tape) -> Iterator[Edge]:
        """Yield where on a tape it is."""
        return edges(tape, self.at(), self.turns)


def spots(tape: Tape, wrong: Collection[Path], *, of_some: bool = False) -> Iterator[Spot]:
    """Yield every step back, and every value, of those that all wrong blocks come in by.

    Args:
        tape: the record.
        wrong: the blocks that are wrong.
        of_some: True for those that some of them come in by.
    """
    come = 0 if of_some else sum(1 << tape.parameters[path].node for path in wrong)
    alike: dict[tuple[object, ...], list[Spot]] = {}
    for spot in _single(tape):
        nodes = [edge.node for edge in spot.edges(tape) if edge.node in tape.is_needed]
        if not come & ~_behind(tape, nodes, spot.place):
            yield spot
        if spot.turns == "all" and spot.place is not None:
            for key in _kinds(tape, spot):
                alike.setdefault(key, []).append(spot)
    seen: set[tuple[tuple[Site, ...], int | None]] = set()
    for group in alike.values():
        sites = tuple(spot.sites[0] for spot in group)
        if len(sites) > 1 and (sites, group[0].place) not in seen:
            seen.add((sites, group[0].place))
            nodes = [e.node for spot in group for e in spot.edges(tape) if e.node in tape.is_needed]
            if not come & ~_behind(tape, nodes, group[0].place):
                yield Spot(sites, group[0].place, 0, "all")


def _single(tape: Tape) -> Iterator[Spot]:
    for site, nodes in tape.turns.items():
        inside = [n for n in nodes if n in tape.is_needed]
        if not inside:
            continue
        node = tape.nodes[inside[-1]]  # at the first turn some operands may be constants
        for turns in ("all",) if len(inside) == 1 else ("all", "last", "first"):
            if node.compute is not None and site.operation not in RESHAPES:
                for place, operand in enumerate(node.operands):
                    if operand in tape.moving:
                        yield Spot((site,), place, 0, turns)
            for output in range(len(node.values)):
                if Ref(inside[-1], output) in tape.moving:
                    yield Spot((site,), None, output, turns)


def _kinds(tape: Tape, spot: Spot) -> Iterator[tuple[object, ...]]:
    """Yield what a spot has in common with others that are derived alike."""
    site, place = spot.sites[0], spot.place
    node = tape.nodes[tape.turns[site][-1]]
    kind = (site.operation, site.ordinal, place)
    yield ("function", _called(node), *kind)
    if len(site.where) > 1:
        yield ("instruction", site.where[-1], *kind)
    assert place is not None, "only steps back have a kind"
    ref = node.operands[place] if place < len(node.operands) else None
    yield ("operation", ref in tape.parameters.values(), *kind)


def _called(node: Node) -> str:
    """The name of the function that an expression calls; empty where it calls none."""
    name = node.place.text.partition("(")[0]
    return name if name.replace(".", "_").isidentifier() else ""


def _behind(tape: Tape, nodes: Sequence[int], place: int | None) -> int:
    """The nodes that operands, or (place None) outputs, of some nodes depend on, as bits."""
    bits = 0
    for node in nodes:
        operands = tape.nodes[node].operands
        if place is not None and place >= len(operands):
            continue  # another operation stood there in this turn
        bits |= tape.ancestors[node if place is None else operands[place].node]
    return bits


def is_chained(tape: Tape, sites: Sequence[Site]) -> bool:
    """Return whether one of the nodes at some sites depends on another."""
    nodes = sorted(node for site in sites for node in tape.turns[site] if node in tape.is_needed)
    return any(
        tape.ancestors[later] >> earlier & 1
        for i, later in enumerate(nodes)
        for earlier in nodes[:i]
    )
