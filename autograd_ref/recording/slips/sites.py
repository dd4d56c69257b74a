"""Where slips are made on a tape, and other values come from, as data that hold at every point."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from autograd_ref.recording.tape import Ref, Site, Tape


class Edge(NamedTuple):
    """Where a step back leads: from a node to one of its operands; or all that reaches a value."""

    node: int
    place: int | None
    """The number of the operand; None for all that reaches an output of the node."""
    output: int = 0


class SlipSite(NamedTuple):
    """A site with the number of an operand (None for all that reaches an output) and an output."""

    site: Site
    operand: int | None
    output: int = 0


TURNS = {
    "all": slice(None),
    "first": slice(0, 1),
    "last": slice(-1, None),
    "all but the first": slice(1, None),
    "all but the last": slice(0, -1),
}
"""The turns of a loop at which a slip may be made."""


def edges(tape: Tape, places: Sequence[SlipSite], turns: str) -> Iterator[Edge]:
    """Yield where on a tape some places are.

    Args:
        tape: the record.
        places: the places.
        turns: of a loop, a key of `TURNS`.
    """
    for site, operand, output in places:
        nodes = tape.turns.get(site, [])[TURNS[turns]]
        yield from (Edge(node, operand, output) for node in nodes)


class Other(NamedTuple):
    """Another value, by where it comes from."""

    site: Site
    output: int
    turns_before: int = 0
    """In a loop: from so many turns before."""
    operand: int | None = None
    """The number of the operand, where it is not an output: in the first turn of a loop that is
    the initial state."""
    beside: Site | None = None
    """The place that it is named for; at those that are alike in other calls of the same code it is
    the one of that call."""

    def site_at(self, place: Site) -> Site:
        """Return its site as seen from a place: in another call of the same code the one there."""
        if self.beside is None or place == self.beside:
            return self.site
        pairs = zip(self.beside.where, place.where, strict=False)
        same = len([*takewhile(lambda pair: pair[0] == pair[1], pairs)]) + 1
        return self.site._replace(where=place.where[:same] + self.site.where[same:])


def found_on(tape: Tape, other: Other, node: int) -> Ref | None:
    """The other value, as seen from a node of a tape."""
    nodes = tape.turns.get(other.site_at(tape.nodes[node].site))
    if not nodes:
        return None
    turns = len(tape.turns[tape.nodes[node].site])
    turn = tape.nodes[node].turn if turns == len(nodes) else 0
    if turns != len(nodes) and len(nodes) > 1:
        return None
    turn -= other.turns_before
    if not 0 <= turn < len(nodes):
        return None
    if other.operand is None:
        return Ref(nodes[turn], other.output)
    operands = tape.nodes[nodes[turn]].operands
    return operands[other.operand] if other.operand < len(operands) else None


def carried(tape: Tape, site: Site) -> Iterator[int]:
    """Yield the operands that come from outside in the first turn of a loop, and from it later.

    Args:
        tape: the record.
        site: in the loop.
    """
    nodes = tape.turns[site]
    first, last = tape.nodes[nodes[0]].operands, tape.nodes[nodes[-1]].operands
    for place, (one, two) in enumerate(zip(first, last, strict=False)):
        turns = [len(tape.turns[tape.nodes[ref.node].site]) for ref in (one, two)]
        if turns[1] > turns[0]:
            yield place


def mentioned(ref: Ref) -> str:
    """Return what stands for a value in the texts of rules, where its name comes in."""
    return f"{{value[{ref.node}][{ref.output}]}}"
