"""A relative accuracy that the caller states for the loss or the gradient."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from autograd_ref.reference.protocol import Evaluation, Level, Reference, Tolerances
from autograd_ref.tree.point import Point, Results

Allowance = Callable[[Point, Evaluation], Tolerances]
"""The errors that are allowed beside rounding, at a point."""


def require_accuracy(accuracy: object) -> None:
    """Refuse an accuracy that no derivative can have.

    Raises:
        TypeError, ValueError: it is no number, or not between 0 and 1.
    """
    if accuracy is not None and not 0 < number(accuracy, "accuracy") < 1:
        raise ValueError(
            f"accuracy is {accuracy}; it needs to be between 0 and 1: the relative error that the"
            " loss or the gradient may have"
        )


def number(value: object, name: str) -> float:
    """An argument that is a real number, as one.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} is of type {type(value).__name__}; it needs to be a number")
    return float(cast("float", value))


def to_accuracy(accuracy: float) -> Allowance:
    """Errors of that part of the loss, and of the largest entry of each gradient.

    Not of every entry by itself: the error of a solver is spread over all of them, and an entry
    in which terms cancel has more of it than its share.
    """

    def allowance(_point: Point, exact: Evaluation) -> Tolerances:
        return Tolerances(
            np.asarray(accuracy * abs(exact.loss)),
            {
                path: np.full(values.shape, accuracy * _largest(values))
                for path, values in exact.gradients.items()
            },
        )

    return allowance


def allowing(
    reference: Reference, exact: Evaluation, point: Point, allowance: Allowance
) -> tuple[Reference, Evaluation]:
    """The reference and its evaluation at a point, with wider tolerances there and everywhere."""

    def widened(where: Point, found: Evaluation) -> Evaluation:
        more = allowance(where, found)

        def tolerances(level: Level) -> Tolerances:
            loss, gradients = found.tolerances(level)
            wide = {path: values + more.gradients[path] for path, values in gradients.items()}
            return Tolerances(loss + more.loss, wide)

        wide = found._replace(tolerances=tolerances, by_rounding=found.tolerances)
        nearer = found.beside
        if nearer is None:
            return wide

        def beside(answer: Results) -> Evaluation:
            return widened(where, nearer(answer))

        return wide._replace(beside=beside)

    def evaluate(where: Point) -> Evaluation:
        return widened(where, reference.evaluate(where))

    return reference._replace(evaluate=evaluate), widened(point, exact)


def _largest(values: np.ndarray[Any, Any]) -> float:
    sizes = np.abs(values)
    return float(sizes[np.isfinite(sizes)].max(initial=0.0))
