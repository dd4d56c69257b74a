"""Wrong steps back through the inverse of a matrix, and the logarithm of its determinant.

With Y the inverse of X, -Y.T c Y.T comes back to X from Y, and c Y.T from log |det X|.
"""

from collections.abc import Callable, Iterator

from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

Form = Callable[[Tensor, Tensor, Tensor], Tensor]
"""The wrong cotangent of x, from that of the result, x, and the inverse of x."""

OF_INVERSE: tuple[tuple[str, Form, float], ...] = (
    ("the inverse on both sides is left out", lambda c, _x, _y: -c, 1.9),
    ("the inverse on the left is left out", lambda c, _x, y: -c @ y.mT, 2.0),
    ("the inverse on the right is left out", lambda c, _x, y: -y.mT @ c, 2.0),
    ("the inverse is not transposed", lambda c, _x, y: -y @ c @ y, 2.1),
    ("{x} stands for its inverse", lambda c, x, _y: -x.mT @ c @ x.mT, 2.2),
    ("both inverses stand on the left", lambda c, _x, y: -y.mT @ y.mT @ c, 2.3),
    ("both inverses stand on the right", lambda c, _x, y: -c @ y.mT @ y.mT, 2.3),
    (
        "a product of traces stands for the trace of the product",
        lambda c, _x, y: _traces(c, y),
        2.3,
    ),
)

OF_LOG_DETERMINANT: tuple[tuple[str, Form, float], ...] = (
    ("{x} stands for its inverse", lambda c, x, _y: c[..., None, None] * x.mT, 2.0),
    ("the inverse is not transposed", lambda c, _x, y: c[..., None, None] * y, 2.1),
)


def _traces(c: Tensor, y: Tensor) -> Tensor:
    return -y.mT * (y * c).sum((-2, -1), keepdim=True)


def inverse(_node: Node, _place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield the wrong steps of an inverse."""
    for said, form, rank in OF_INVERSE:
        yield _rule(said, form, rank, "take -Y.T @ c @ Y.T, with Y the inverse")


def log_determinant(_node: Node, _place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield the wrong steps of the logarithm of a determinant."""
    for said, form, rank in OF_LOG_DETERMINANT:
        yield _rule(said, form, rank, "take c * Y.T, with Y the inverse")


def _rule(said: str, form: Form, rank: float, fix: str) -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor:
        return form(at.c, at.x, at.x.inverse())

    text = f"on the way back to {{x}}, {said}"
    return Rule("the inverse of a matrix", made, text, rank, fix)
