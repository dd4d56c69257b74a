"""One check of a wrong gradient, and how much of the mistake the report names."""

import re
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np

from autograd_ref import Report, check_gradients
from autograd_ref.report.data import Cause
from tests.naming.nobody import spoilt
from tests.naming.zoo import Model

MISTAKE, PAIR, NOBODY = "mistake", "pair", "nobody"
NAMED = ("here", "elsewhere", "without a place")
EQUAL = 1e-9
"""How close two gradients are, relative to their sizes, that are one. Chosen."""

LINES = re.compile(r"\blines? ([\d, and]+)")
"""As reports have them: line 3; lines 3, 5 and 7."""


class Question(NamedTuple):
    """A gradient that is wrong, by the model and what is wrong."""

    model: str
    kind: str
    titles: tuple[str, ...]
    """The mistakes that are made; of a gradient that nobody derived, how it was made."""
    seed: int


class Answer(NamedTuple):
    """The outcome of one check.

    The result is one of: here (a cause explains every wrong block and quotes the place of a
    mistake, for a pair of both), elsewhere (it quotes other lines), without a place, unknown;
    match and inconclusive (the verdict); none (the mistakes make no difference); raised.
    """

    question: Question
    result: str
    text: str = ""
    """The cause, with its fix, or the error."""
    seconds: float = 0
    """Time of the processor."""


class Both(str):
    """A title that is equal to two: what is compared with it makes both mistakes."""

    __slots__ = ("titles",)

    def __new__(cls, one: str, two: str) -> Self:
        """Return the title."""
        made = super().__new__(cls, f"{one} + {two}")
        made.titles = (one, two)
        return made

    def __eq__(self, other: object) -> bool:
        return other in self.titles

    def __ne__(self, other: object) -> bool:
        return other not in self.titles

    __hash__: Callable[..., int] = str.__hash__


def ask(model: Model, question: Question) -> Answer:
    """Check, and time that."""
    parameters, data = model.point(question.seed)
    gradients = wrong(model, question)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            if not differs(model, question, gradients):
                return Answer(question, "none")
            began = time.process_time()
            report = check_gradients(gradients, parameters, *data, loss=model.loss)
            seconds = time.process_time() - began
        except Exception as error:
            return Answer(question, "raised", f"{type(error).__name__}: {error}")
    result, text = judged(model, question, report)
    return Answer(question, result, text, round(seconds, 3))


def wrong(model: Model, question: Question) -> Callable[..., Any]:
    """Return the gradients that a question is about."""
    if question.kind == NOBODY:
        return spoilt(model, question.titles[0], question.seed)
    titles = question.titles
    return model.gradients(titles[0] if len(titles) == 1 else Both(*titles))


def differs(model: Model, question: Question, gradients: Callable[..., Any]) -> bool:
    """Return whether a gradient is wrong, and in no fewer ways than was asked for."""
    titles = question.titles if question.kind == PAIR else ()
    parameters, data = model.point(question.seed)
    here = gradients(parameters, *data)
    fewer = (model.gradients(title)(parameters, *data) for title in (None, *titles))
    return all(not equal(here, other) for other in fewer)


def equal(one: Any, two: Any) -> bool:
    """Return whether two gradients are the same, to rounding."""
    return all(
        float(np.abs(one[key] - two[key]).max(initial=0.0))
        <= EQUAL * float(np.abs(two[key]).max(initial=0.0))
        for key in two
    )


def judged(model: Model, question: Question, report: Report) -> tuple[str, str]:
    """Return the result, and the cause that it is about."""
    if report.verdict != "mismatch":
        return report.verdict, ""
    wrong_blocks = {block.name for block in report.blocks if block.verdict == "mismatch"}
    causes = [cause for cause in report.causes if wrong_blocks <= set(cause.blocks)]
    if not causes:
        return "unknown", " | ".join(cause.explanation for cause in report.causes)
    if question.kind != NOBODY:
        places = [model.mistakes[title][0] for title in question.titles]
        for cause in causes:
            if all(place in quoted(model, cause) for place in places):
                return "here", words(cause)
    first = causes[0]
    return "elsewhere" if quoted(model, first) else "without a place", words(first)


def words(cause: Cause) -> str:
    """Return what a report says of a cause."""
    return f"{cause.explanation} Fix: {cause.fix}."


def quoted(model: Model, cause: Cause) -> str:
    """Return the lines of the model that a cause speaks of."""
    numbers = [n for found in LINES.findall(cause.explanation) for n in re.findall(r"\d+", found)]
    return "\n".join(model.lines(int(number)) for number in numbers)
