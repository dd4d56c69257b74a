"""Mistakes in what is returned: blocks missing, in another order, under each other's names."""

from manual_backprop import Parameters
from tests.mistakes import problems
from tests.mistakes.case import MISMATCH, Function, Mistake, Outcome
from tests.mistakes.steps import A, correct

Theta = dict[str, A]


def by_names(chosen: dict[str, str]) -> Function:
    """Keys of the result, each with the block that it gets."""

    def function() -> Function:
        def gradient(theta: Theta, X: A, Y: A) -> Theta:
            found = correct(Parameters(**theta), X, Y)._asdict()
            return {name: found[block] for name, block in chosen.items()}

        return gradient

    return function


def nothing_returned() -> Function:
    def gradient(theta: Theta, X: A, Y: A) -> None:
        _ = correct(Parameters(**theta), X, Y)

    return gradient


RIGHT = by_names({name: name for name in Parameters._fields})
ALL = dict(zip(Parameters._fields, Parameters._fields, strict=True))


def _named(wrong: Function, outcome: Outcome) -> Mistake:
    return Mistake(wrong, problems.as_dict(problems.distinct), outcome, RIGHT)


NAMES: dict[str, Mistake] = {
    "under each other's names": _named(by_names({**ALL, "b0": "b1", "b1": "b0"}), MISMATCH),
    "one block missing": _named(
        by_names({"W0": "W0", "W1": "W1", "b1": "b1"}), Outcome(("mismatch",), reason="is missing")
    ),
    "under a name of its own": _named(
        by_names({"W0": "W0", "dense_bias": "b0", "W1": "W1", "b1": "b1"}),
        Outcome(("mismatch",), warning="unknown names", reason="is missing"),
    ),
    "nothing returned": _named(nothing_returned, Outcome(("mismatch",), reason="is missing")),
}
