"""The forms in which somebody's code may want the data: a batch, or one sample at a time."""

import re
from collections.abc import Iterator
from typing import NamedTuple

ONES = {"X": "np.ones((len(X), 1))", "X.T": "np.ones((1, len(X)))", "X[0]": "np.ones(1)"}
"""The ones beside the data, where biases are in the weights, by the form of X."""


class DataForm(NamedTuple):
    """Expressions for the data, as somebody's code has them."""

    X: str
    Y: str
    said: str
    one_at_a_time: bool = False

    def with_ones(self, place: str) -> Iterator["DataForm"]:
        """Yield the same with the ones beside X that biases in weights are multiplied by.

        Args:
            place: of the biases in the weights, first or last; another is none.
        """
        if place in ("first", "last") and self.X in ONES:
            both = (ONES[self.X], self.X) if place == "first" else (self.X, ONES[self.X])
            stack = "np.vstack" if self.X == "X.T" else "np.hstack"
            said = re.sub(r"([Xx]) \(", r"\1 with ones (", self.said)
            yield self._replace(X=f"{stack}([{', '.join(both)}])", said=said)

    def as_lists(self) -> "DataForm":
        """Return the same with lists in the place of arrays."""
        texts = [f"({text})" if " + " in text else text for text in (self.X, self.Y)]
        X, Y = [t if t[0] in "[if" else f"{t}.tolist()" for t in texts]
        return self._replace(X=X, Y=Y)


def data_forms(*, labels: bool) -> Iterator[DataForm]:
    """Yield the ways in which a batch may be wanted, the usual first.

    Args:
        labels: True where Y has integer labels, False where it has numbers, (S, 1).
    """
    hot, one_hot = ("np.eye(N_O)[Y]", "one-hot ") if labels else ("Y", "")
    rows, columns = "X (S, N_I)", "X (N_I, S)"
    yield DataForm("X", hot, f"{rows}, {one_hot}Y (S, N_O)")
    yield DataForm("X.T", f"{hot}.T", f"{columns}, {one_hot}Y (N_O, S)")
    if labels:
        for X, said, column in (
            ("X", rows, ("Y.reshape(-1, 1)", "(S, 1)")),
            ("X.T", columns, ("Y.reshape(1, -1)", "(1, S)")),
        ):
            yield DataForm(X, "Y", f"{said}, labels Y (S,)")
            yield DataForm(X, column[0], f"{said}, labels Y {column[1]}")
            yield DataForm(X, "Y + 1", f"{said}, labels Y from 1, (S,)")
    else:
        yield DataForm("X", "Y[:, 0]", f"{rows}, Y (S,)")
        yield DataForm("X.T", "Y[:, 0]", f"{columns}, Y (S,)")
        yield DataForm("X", "Y[:, 0].astype(int)", f"{rows}, integers Y (S,)")


def sample_forms(*, labels: bool, inputs: int) -> Iterator[DataForm]:
    """Yield the ways in which one sample may be wanted; X and Y have one row.

    Args:
        labels: True where Y has integer labels, False where it has numbers, (1, 1).
        inputs: the number of inputs: one may be a number.
    """
    hot = "np.eye(N_O)[Y]" if labels else "Y"
    shapes = (
        ("X[0]", "(N_I,)", f"{hot}[0]"),
        ("X", "(1, N_I)", hot),
        ("X.T", "(N_I, 1)", f"{hot}.T"),
        ("X[None]", "(1, 1, N_I)", f"({hot})[None]"),
        ("X[:, :, None]", "(1, N_I, 1)", f"{hot}[:, :, None]"),
    )
    y = "int(Y[0])" if labels else "float(Y[0, 0])"
    if inputs == 1:
        yield DataForm("float(X[0, 0])", y, "one sample at a time, x and y numbers", True)
    for X, shape, like_X in shapes:
        said = f"one sample at a time, x {shape}"
        yield DataForm(X, like_X, f"{said}, y likewise", True)
        if X != "X[0]":
            yield DataForm(X, f"{hot}[0]", f"{said}, y (N_O,)", True)
        yield DataForm(X, y, f"{said}, a {'label' if labels else 'number'} y", True)
    row, said = f"[*X[0], {y}]", "one sample at a time, the class at the end of its row"
    yield DataForm(row, f"{hot}[0]", said, True)
    yield DataForm(f"[{row}]", y, f"{said}, in a list", True)
