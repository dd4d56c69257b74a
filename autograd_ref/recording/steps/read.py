"""The quantities that a function returned, as far as it is plain what they are."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from autograd_ref.recording.frames import BUILT_IN
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.steps.beside import Beside, Given
from autograd_ref.recording.steps.closeness import Nearness
from autograd_ref.recording.steps.quantities import (
    Reading,
    Returned,
    arranged,
    behind_the_loss,
    names_of,
    readings,
    returned,
)
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Tape
from autograd_ref.reference.model import ReturnedBeside
from autograd_ref.report.data import Note
from autograd_ref.report.words import listed

Chosen = Mapping[str, int]
"""By the name of a quantity the number of its reading."""


class Read(NamedTuple):
    """Every reading of every quantity."""

    readings: dict[str, list[Given]]
    notes: tuple[Note, ...]

    @property
    def all(self) -> list[Given]:
        """All of them."""
        return [quantity for each in self.readings.values() for quantity in each]

    def chosen(self, numbers: Chosen) -> list[Given]:
        """Return one reading for each quantity; a quantity without a number is left out."""
        return [
            self.readings[name][number]
            for name, number in numbers.items()
            if number < len(self.readings.get(name, ()))
        ]


def read(steps: Steps, found: ReturnedBeside) -> Read:
    """Return the readings of all quantities, and notes about those that have none.

    Args:
        steps: the record of the loss.
        found: what was returned.
    """
    tape = steps.tape
    every: dict[str, list[Given]] = {}
    unknown: list[str] = []
    notes: list[Note] = []
    behind = behind_the_loss(tape)
    for one in returned(found):
        fitting = readings(one, tape, behind)
        if fitting:
            every[one.name] = [_quantity(one, reading, steps) for reading in fitting]
        elif names_of(one, tape):
            notes.append(_not_compared(one, names_of(one, tape)[0], tape))
        else:
            unknown.append(one.name)
    if unknown:
        is_one = len(unknown) == 1
        text = (
            f"{listed(unknown)}, returned beside the gradients: no value of the loss by"
            f" {'this name' if is_one else 'these names'}"
        )
        if all(node.place.file != BUILT_IN for node in tape.nodes):
            text += " (the loss may name its values: return loss, {'h': h})"
        notes.insert(0, Note("unknown quantity", text))
    return Read(every, tuple(notes))


def choice(
    every: Read, beside: Beside, close: Sequence[Nearness]
) -> tuple[dict[str, int], Note | None]:
    """Return which reading of each quantity holds: the only one, or one that is right.

    Args:
        every: the readings.
        beside: all of them beside the record.
        close: how close each of their arrays is to what is right.
    """
    right = {id(q) for q, parts in by_quantity(beside.quantities, close) if _all_right(parts)}
    numbers: dict[str, int] = {}
    open_: list[str] = []
    for name, quantities in every.readings.items():
        fitting = [i for i, q in enumerate(quantities) if id(q) in right]
        if len(quantities) == 1 or fitting:
            numbers[name] = fitting[0] if fitting else 0
        else:
            open_.append(name)
    if not open_:
        return numbers, None
    text = (
        f"{listed(open_)}, returned beside the gradients: the loss has several values by"
        f" {'this name' if len(open_) == 1 else 'these names'} (return a list of as many)"
    )
    return numbers, Note("several values", text)


def by_quantity(
    quantities: Sequence[Given], close: Sequence[Nearness]
) -> list[tuple[Given, list[Nearness]]]:
    """Return each quantity with what was found of its arrays."""
    left = iter(close)
    return [(q, [next(left) for _ref in q.refs]) for q in quantities]


def _all_right(parts: Sequence[Nearness]) -> bool:
    return all(part.share <= 1 for part in parts)


def _quantity(one: Returned, reading: Reading, steps: Steps) -> Given:
    like = {ref: steps.tape.value(ref) for ref in reading.refs}
    pairs = list(zip(reading.arrays, reading.refs, strict=True))
    if reading.is_derivative and any(array.shape != like[ref].shape for array, ref in pairs):
        right = swept(steps).cotangents
        like |= {ref: right[ref][0] for ref in reading.refs if ref in right}
    own, remarks = zip(*(arranged(array, like[ref]) for array, ref in pairs), strict=True)
    return Given(one.name, reading.is_derivative, reading.refs, own, remarks[0])


def _not_compared(one: Returned, name: str, tape: Tape) -> Note:
    ref = next(b.refs[0] for b in tape.bindings if b.name == name)
    if not one.is_list and one.arrays[0].size == tape.value(ref).numel():
        text = f"{one.name}, returned beside the gradients: the loss does not depend on {name}"
        return Note("no effect", text)
    shapes = f"{tuple(one.arrays[0].shape)}, and {name} {tuple(tape.value(ref).shape)}"
    has = f"it has {len(one.arrays)} arrays, the first of shape" if one.is_list else "it has shape"
    return Note("another shape", f"{one.name}, returned beside the gradients: {has} {shapes}")
