"""The way to call somebody's code in words, or the tries that failed."""

from collections.abc import Iterator, Sequence

from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.calling.candidates_in_code import Candidate
from autograd_ref.adapting.calling.readings import WhereRead
from autograd_ref.adapting.calling.trying import Attempted
from autograd_ref.adapting.holding.uneven_penalties import LEFT_OUT
from autograd_ref.adapting.way_search import SearchOutcome, place_of
from autograd_ref.report.words import listed
from autograd_ref.user_code import worded

MOST_TOLD = 4
"""Ways that failed which are told. Chosen."""

OPPOSITE = ", with the opposite sign: the code adds it to the parameters"
"""Said of a gradient of minus the loss."""


def found_in_words(one: Adapted) -> list[str]:
    """Return how somebody's code is called, in sentences.

    Args:
        one: the adapter.
    """
    near = one.found
    setup, data = near.program.setup, near.program.data
    sentences = [
        f"Called: {_named(near.program.entry)}. Its parameters are {setup.where}:"
        f" {setup.holder.form}. Its data are {data.said}."
    ]
    if f"cache - {data.Y}" in near.program.calls[-1]:
        sentences.append("It is given the outputs minus Y: the file has no derivative of a loss.")
    where = near.reading.where
    if one.only_updates:
        how = "are updated in place" if where == "updated in place" else "are returned, updated"
        sentences.append(f"The parameters {how}: the gradient is read off that update.")
        if near.reading.rate != 1:
            rate = f"{near.reading.rate:g}"
            sentences.append(f"The learning rate in it is {rate}: its steps are divided by that.")
    else:
        loss = ", beside the loss" * bool(near.reading.loss)
        sentences.append(f"The gradient is {where}{OPPOSITE * near.reading.is_minus}{loss}.")
        if near.program.entry.is_added and not near.reading.is_minus:
            sentences.append(
                "The code adds it to the parameters: that climbs, away from a minimum."
            )
        sentences += _beside(near.reading) if not data.one_at_a_time else []
    if any(line.endswith(LEFT_OUT) for line in near.program.before):
        sentences.append("Penalties that only some of its layers have are set to 0: not judged.")
    if one.takes == "fixed":
        sizes = ", ".join(map(str, near.sizes))
        sentences.append(f"Its sizes are its own, {sizes}: it is checked with these only.")
    elif one.takes == "one output":
        sentences.append("It has one output, N_O = 1.")
    return sentences


def _named(entry: Candidate) -> str:
    """The name of what is called, with what it is where it is none of theirs."""
    if not entry.source:
        return entry.name
    line = entry.last.rpartition("_")[2]
    return f"{entry.last}, which is one pass of the loop in line {line}"


def _beside(reading: WhereRead) -> list[str]:
    """The numbers beside a gradient, where none of them is its loss, as a sentence."""
    if reading.loss or not reading.numbers:
        return []
    names = [name or "a number" for name in reading.numbers.values()]
    if reading.off_by:
        return [
            f"Beside it there is {names[0]}, the loss but for {reading.off_by:.0e} of it, as with a"
            " constant in a logarithm: not judged."
        ]
    return [f"Beside it there is {listed(names)}, no loss that this gradient is of: not judged."]


def ties_in_words(outcome: SearchOutcome) -> str:
    """Return which other ways of calling it are as right; empty where there are none.

    Args:
        outcome: of the search.
    """
    assert outcome.best is not None, "it was found"
    first = outcome.best.program.data.said
    others = dict.fromkeys(near.program.data.said for near in outcome.ties)
    others.pop(first, None)
    if not others:
        return ""
    return f"It is as right with {listed([*others])}: nothing that it does tells them apart."


def failures_in_words(outcome: SearchOutcome) -> Iterator[str]:
    """Yield what was tried in vain, what got furthest first.

    Args:
        outcome: of the search.
    """
    for one in sorted(outcome.failures, key=_reached, reverse=True)[:MOST_TOLD]:
        call = one.program.calls[-1].removeprefix("result = ")
        if one.error is None:
            yield f"{call} runs, and returns, keeps and updates no gradient that could be found"
        else:
            yield f"{call} raises {' '.join(worded(one.error).split())}"


def nearest_attempt(outcome: SearchOutcome) -> Attempted | None:
    """Return the way that got furthest; None where none could be tried.

    Args:
        outcome: of the search.
    """
    failures: Sequence[Attempted] = outcome.failures
    return max(failures, key=_reached, default=None)


def _reached(one: Attempted) -> tuple[bool, int]:
    """How far a try got: to its end, or to a line of their code."""
    place = place_of(one.error)
    return one.error is None, 0 if place is None else place[1]
