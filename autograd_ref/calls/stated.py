"""Wishes of the caller that change what is allowed: an accuracy, and the set of parameters."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from autograd_ref.reference.protocol import Evaluation, Level, Reference, Tolerances
from autograd_ref.tree.leaf import as_array, is_numeric, like
from autograd_ref.tree.nest import Path, leaves, name_of, rebuilt, require_end
from autograd_ref.tree.point import Point, Results, own_copy
from autograd_ref.user_code import user_code

Project = Callable[[Any], Any]
"""A function that brings parameters back to their set: project(parameters) -> parameters."""

Allowance = Callable[[Point, Evaluation], Tolerances]
"""The errors that are allowed beside rounding, at a point."""


def require_usable(accuracy: object, project: object, elsewhere: object) -> None:
    """Refuse wishes that cannot be fulfilled.

    Raises:
        TypeError, ValueError: one of them cannot be used; the message names it.
    """
    if accuracy is not None and not 0 < number(accuracy, "accuracy") < 1:
        raise ValueError(
            f"accuracy is {accuracy}; it needs to be between 0 and 1: the relative error that the"
            " loss or the gradient may have"
        )
    if project is not None and not callable(project):
        raise TypeError(
            f"project is of type {type(project).__name__}; it needs to be a function of parameters"
            " that returns parameters"
        )
    if not isinstance(elsewhere, bool):
        raise TypeError(
            f"elsewhere is of type {type(elsewhere).__name__}; it needs to be True or False"
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


def projected(project: Project, point: Point) -> Point:
    """The point with its parameters brought back to their set.

    Raises:
        TypeError, ValueError: project returns something else than such parameters.
        UserCodeRaised: project did.
    """
    given = own_copy(point)
    with user_code():
        found = project(given.parameters)
        require_end({"what project returned": found})
    wanted, back = leaves(point.parameters), leaves(found)
    if wanted.keys() != back.keys() or not all(is_numeric(leaf) for leaf in back.values()):
        names = ", ".join(name_of(path, root="one array") for path in back) or "nothing"
        raise TypeError(
            f"project returned {names}; it needs to return a nest like parameters"
            f" ({', '.join(name_of(path, root='one array') for path in wanted)})"
        )

    def as_before(path: Path, leaf: object) -> object:
        before, after = as_array(leaf), as_array(back[path])
        name = name_of(path, root="parameters")
        if before.shape != after.shape:
            raise ValueError(
                f"project returned {name} of shape {after.shape}; it needs to keep {before.shape}"
            )
        if not np.isfinite(after).all():
            raise ValueError(f"project returned values of {name} that are not finite")
        return like(leaf, np.array(after, dtype=before.dtype))

    return Point(rebuilt(point.parameters, as_before), given.data)


def _largest(values: np.ndarray[Any, Any]) -> float:
    sizes = np.abs(values)
    return float(sizes[np.isfinite(sizes)].max(initial=0.0))
