"""The values that can be taken for another by mistake."""

from collections.abc import Iterator

from torch import Tensor

from autograd_ref.recording.slips.sites import Other, carried, found_on
from autograd_ref.recording.tape import Tape


class Others:
    """The values of a record, as they are seen from a node.

    Args:
        tape: the record.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._known: dict[int, list[Other]] = {}

    def at(self, index: int) -> Iterator[tuple[Other, Tensor]]:
        """Yield the values that could be taken for another at a node, each once."""
        tape = self.tape
        turns = len(tape.turns[tape.nodes[index].site])
        if turns not in self._known:
            self._known[turns] = list(_each_once(tape, index, turns))
        for other in self._known[turns]:
            ref = found_on(tape, other, index)
            if ref is not None:
                yield other, tape.value(ref)


def _each_once(tape: Tape, index: int, turns: int) -> Iterator[Other]:
    """Yield them without those that are another's equal in every turn."""
    places = tape.turns[tape.nodes[index].site]
    seen: set[tuple[int | None, ...]] = set()
    for other in _every(tape, turns):
        refs = [found_on(tape, other, node) for node in places]
        key = tuple(None if ref is None else tape.same.get(ref) for ref in refs)
        if any(number is not None for number in key) and key not in seen:
            seen.add(key)
            yield other


def _every(tape: Tape, turns: int) -> Iterator[Other]:
    """Yield the outputs at each site; of a loop also what comes in, and those of turns beside."""
    once, looped = list[Other](), list[Other]()
    states: list[Other] = []
    for site, nodes in tape.turns.items():
        outputs = range(len(tape.nodes[nodes[0]].values))
        if len(nodes) == 1:
            once += [Other(site, output) for output in outputs]
        elif len(nodes) == turns:
            looped += [Other(site, output) for output in outputs]
            states += [Other(site, 0, 0, place) for place in carried(tape, site)]
    yield from once
    yield from looped
    yield from states
    for before in (1, -1):
        yield from (other._replace(turns_before=before) for other in (*looped, *states))
