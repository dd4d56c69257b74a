"""How a user's function for the assignment's network may want to be called, and calling it so."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from manual_backprop.parameters import Parameters

Layout = Literal["rows", "columns"]
Targets = Literal["labels", "one-hot"]
Gradients = Callable[..., Any]


class Convention(NamedTuple):
    """One way to call the function."""

    theta: bool = False
    """Parameters in a dict with the keys W0, b0, W1, b1, not in a NamedTuple."""
    layout: Layout = "rows"
    """Whether samples are the rows of X and of one-hot targets, or their columns."""
    targets: Targets = "labels"

    def __str__(self) -> str:
        """In words."""
        parameters = "a dict theta" if self.theta else "Parameters"
        axes = ("(S, N_I)", "(S, N_O)") if self.layout == "rows" else ("(N_I, S)", "(N_O, S)")
        return f"{parameters}, X {axes[0]}, {self.targets} Y " + (
            "(S,)" if self.targets == "labels" else axes[1]
        )

    @property
    def options(self) -> str:
        """What to type in order to choose it."""
        theta = "--theta " if self.theta else ""
        return f"{theta}--targets {self.targets} --layout {self.layout}"


def choices(
    *, theta: bool = False, layout: Layout | None = None, targets: Targets | None = None
) -> list[Convention]:
    """All conventions that agree with what is given, the plainest first."""
    return [
        Convention(*one)
        for one in itertools.product(
            (True,) if theta else (False, True),
            cast("tuple[Layout, ...]", ("rows", "columns") if layout is None else (layout,)),
            cast("tuple[Targets, ...]", ("labels", "one-hot") if targets is None else (targets,)),
        )
    ]


def adapter(function: Gradients, convention: Convention) -> Gradients:
    """The function as gradients(parameters, X, Y), in the project's own convention.

    It gets the very arrays or views of them, so that what it changes in place is changed. Y needs
    to be what `targets` makes of labels. Four arrays in a row are understood as W0, b0, W1, b1,
    also after the loss, and so are the names dW0, db0, dW1, db1.
    """

    def gradients(parameters: Parameters, X: NDArray[Any], Y: NDArray[Any]) -> object:
        theirs = parameters._asdict() if convention.theta else parameters
        if convention.layout == "columns":
            X, Y = X.T, Y.T  # labels stay as they are
        result = function(theirs, X, Y)
        if _is_plain(result, 5):
            return result[0], Parameters(*result[1:])
        if _is_plain(result, 2) or _is_plain(result, 3):
            return type(result)([result[0], _named(result[1]), *result[2:]])
        return _named(result)

    return gradients


def targets(convention: Convention, labels: NDArray[Any], like: Parameters) -> NDArray[Any]:
    """Labels as the targets of this convention, with samples as rows."""
    if convention.targets == "labels":
        return labels
    return np.eye(len(like.b1), dtype=like.b1.dtype)[labels]


def _is_plain(result: Any, length: int) -> bool:
    """Whether it is a tuple or list without names, and so long."""
    plain = isinstance(result, tuple | list) and not hasattr(cast("object", result), "_fields")
    return plain and len(cast("Sequence[object]", result)) == length


def _named(gradients: Any) -> object:
    """By the names of the parameters, where they are only in order, or named as derivatives."""
    if _is_plain(gradients, 4):
        return Parameters(*gradients)
    if isinstance(gradients, Mapping):
        found = cast("Mapping[object, object]", gradients)
        if set(found) == {f"d{name}" for name in Parameters._fields}:
            return {str(name)[1:]: values for name, values in found.items()}
    return cast("object", gradients)
