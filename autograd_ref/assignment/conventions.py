"""How a user's function for the network may want to be called, and calling it so."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.assignment.mistakes.catalogue import DERIVATIONS, FIXES
from autograd_ref.assignment.mistakes.notation import Biases, Layout, written
from autograd_ref.assignment.network_model import ADVICE
from autograd_ref.report.report import Report
from autograd_ref.tree.leaf import as_numbers
from manual_backprop.parameters import Parameters

Targets = Literal["labels", "one-hot"]
Gradients = Callable[..., Any]


class Convention(NamedTuple):
    """How a user's function for the built-in network is called.

    Examples:
        >>> print(Convention(theta=True, layout="columns", targets="one-hot"))
        a dict theta, X (N_I, S), one-hot Y (N_O, S)
    """

    theta: bool = False
    """Parameters in a dict with the keys W0, b0, W1, b1, not in a NamedTuple."""
    layout: Layout = "rows"
    """The axis of X and of one-hot targets that samples are along: rows or columns."""
    targets: Targets = "labels"
    biases: Biases = "vectors"
    """Biases with one axis, or with two, as they are added to rows or columns."""

    def __str__(self) -> str:
        """In words."""
        parameters = "a dict theta" if self.theta else "Parameters"
        axes = ("(S, N_I)", "(S, N_O)") if self.layout == "rows" else ("(N_I, S)", "(N_O, S)")
        n, one_axis = ("(1, n)", "rows") if self.layout == "rows" else ("(n, 1)", "columns")
        biases = f" with biases {n} as {one_axis}" if self.biases == "matrices" else ""
        return f"{parameters}{biases}, X {axes[0]}, {self.targets} Y " + (
            "(S,)" if self.targets == "labels" else axes[1]
        )

    @property
    def options(self) -> str:
        """The options that choose it."""
        theta = "--theta " if self.theta else ""
        biases = f" --biases {self.biases}" if self.biases == "matrices" else ""
        return f"{theta}--targets {self.targets} --layout {self.layout}{biases}"

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """For NumPy's reshape."""
        if self.biases == "vectors":
            return (-1,)
        return (1, -1) if self.layout == "rows" else (-1, 1)


def choices(
    *,
    theta: bool = False,
    layout: Layout | None = None,
    targets: Targets | None = None,
    biases: Biases | None = None,
) -> list[Convention]:
    """Return all conventions that agree with what is given, the plainest first."""
    all_biases: tuple[Biases, ...] = ("vectors", "matrices") if biases is None else (biases,)
    all_layouts: tuple[Layout, ...] = ("rows", "columns") if layout is None else (layout,)
    all_targets: tuple[Targets, ...] = ("labels", "one-hot") if targets is None else (targets,)
    return [
        Convention(*one)
        for one in itertools.product(
            (True,) if theta else (False, True), all_layouts, all_targets, all_biases
        )
    ]


def adapter(function: Gradients, convention: Convention) -> Gradients:
    """Return the function as gradients(parameters, X, Y), in the convention of `check_gradients`.

    It gets the arrays themselves or views of them, so that what it changes in place is changed.
    Four arrays in a row are taken for W0, b0, W1, b1, also after the loss, and so are the names
    dW0, db0, dW1, db1.

    Args:
        function: gradients(parameters, X, Y) as its author calls it.
        convention: how that is: parameters as a dict or not, samples as rows or columns, biases as
            vectors or matrices, and Y as what `targets` makes of labels.

    Returns:
        A function of Parameters, X (S, N_I), and Y (S,) or (S, N_O).

    Examples:
        >>> import numpy as np
        >>> from autograd_ref import check_gradients
        >>> from manual_backprop import NetworkShape, initialize
        >>> def gradients(theta, X, Y):  # samples are columns
        ...     a1 = np.log1p(np.exp(theta["W0"] @ X + theta["b0"][:, None]))
        ...     e = np.exp(theta["W1"] @ a1 + theta["b1"][:, None])
        ...     e2 = (e / e.sum(axis=0) - Y) / X.shape[1]
        ...     delta1 = (theta["W1"].T @ e2) * (1 - np.exp(-a1))
        ...     return delta1 @ X.T, delta1.sum(axis=1), e2 @ a1.T, e2.sum(axis=1)
        >>> columns = Convention(theta=True, layout="columns", targets="one-hot")
        >>> X, Y = np.array([[0.5, -1.0], [2.0, 0.25]]), np.eye(3)[[2, 0]]
        >>> parameters = initialize(NetworkShape(inputs=2, hidden=5, outputs=3), seed=0)
        >>> check_gradients(adapter(gradients, columns), parameters, X, Y).verdict
        'match'
    """

    def gradients(parameters: Parameters, X: NDArray[Any], Y: NDArray[Any]) -> object:
        shape = convention.bias_shape
        b0, b1 = parameters.b0.reshape(shape), parameters.b1.reshape(shape)  # views
        arranged = parameters._replace(b0=b0, b1=b1)
        theirs = arranged._asdict() if convention.theta else arranged
        rows = X
        if convention.layout == "columns":
            X, Y = X.T, Y.T  # labels stay as they are
        result = function(theirs, X, Y)
        if _is_plain(result, 5):
            return result[0], _flat(Parameters(*result[1:]), arranged)
        if _is_plain(result, 2) or _is_plain(result, 3):
            beside = (_in_rows(item, X) if X is not rows else item for item in result[2:])
            return type(result)([result[0], _flat(_named(result[1]), arranged), *beside])
        return _flat(_named(result), arranged)

    return gradients


def _flat(gradients: Any, arranged: Parameters) -> Any:
    """Return gradients of biases in the shapes of those biases as vectors, others as they are."""

    def flat(name: str, values: Any) -> Any:
        values = as_numbers(values)
        shape = getattr(values, "shape", None)  # of an array or a tensor
        bias = name in ("b0", "b1") and shape == getattr(arranged, name).shape
        return values.reshape(-1) if bias else values

    if isinstance(gradients, Parameters):
        return Parameters(**{name: flat(name, v) for name, v in gradients._asdict().items()})
    if isinstance(gradients, Mapping):
        found = cast("Mapping[object, object]", gradients)
        return {name: flat(str(name), values) for name, values in found.items()}
    return gradients


def _in_rows(beside: Any, X: NDArray[Any]) -> object:
    """Return quantities that have a column for each of X, by name, with rows for them."""
    if not isinstance(beside, Mapping):
        return cast("object", beside)
    found = cast("Mapping[object, Any]", beside)
    return {
        name: values.T if getattr(values, "shape", ())[1:] == X.shape[1:] else values
        for name, values in found.items()
    }


@cache
def _texts(layout: Layout, biases: Biases) -> dict[str, str]:
    """Return every text that depends on the notation, by how it reads with samples in rows."""
    catalogue = [text for mistake in DERIVATIONS for text in (mistake.what, mistake.fix)]
    templates = [text for text in (*catalogue, *FIXES.values(), *ADVICE.values()) if "{" in text]
    return {written(text): written(text, layout, biases) for text in templates}


def said_in(convention: Convention, report: Report) -> Report:
    """Return the same report, with its formulas written as in this convention."""
    texts = _texts(convention.layout, convention.biases)

    def said(text: str) -> str:
        for in_rows, theirs in texts.items():
            text = text.replace(in_rows, theirs)
        return text

    causes = (c._replace(explanation=said(c.explanation), fix=said(c.fix)) for c in report.causes)
    pattern = (note._replace(text=said(note.text)) for note in report.pattern)
    return replace(report, causes=tuple(causes), pattern=tuple(pattern))


def targets(convention: Convention, labels: NDArray[Any], like: Parameters) -> NDArray[Any]:
    """Return labels as the targets of this convention, with samples as rows."""
    if convention.targets == "labels":
        return labels
    return np.eye(len(like.b1), dtype=like.b1.dtype)[labels]


def _is_plain(result: Any, length: int) -> bool:
    """Return whether it is a tuple or list without names, of this length."""
    plain = isinstance(result, tuple | list) and not hasattr(cast("object", result), "_fields")
    return plain and len(cast("Sequence[object]", result)) == length


def _named(gradients: Any) -> object:
    """Return gradients by name, where they are only in order, or named as derivatives."""
    if _is_plain(gradients, 4):
        return Parameters(*gradients)
    if isinstance(gradients, Mapping):
        found = cast("Mapping[object, object]", gradients)
        if set(found) == {f"d{name}" for name in Parameters._fields}:
            return {str(name)[1:]: values for name, values in found.items()}
    return cast("object", gradients)
