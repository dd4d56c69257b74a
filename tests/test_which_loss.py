"""Which library a loss is written for is decided by value; what is no loss is named."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
W, X, Y = RANDOM.normal(size=3), RANDOM.normal(size=(7, 3)), RANDOM.normal(size=7)
C = RANDOM.normal(size=6)
M = RANDOM.normal(size=(2, 2))
BYTES = np.full((2, 3), 100, np.uint8)


def filled(x: Any) -> Any:
    """Entry by entry, and by operators as well."""
    pairs = np.zeros(3)
    for i in range(3):
        pairs[i] = x[i] * x[(i + 1) % 3]
    return (pairs**2).sum() + (x**2).sum()


def of_filled(x: A) -> A:
    return 2 * x * (np.roll(x, -1) ** 2 + np.roll(x, 1) ** 2) + 2 * x


def of_variance(w: A, X: A, y: A, ddof: int = 0) -> A:
    r = y - X @ w
    return -2 * X.T @ (r - r.mean()) / (len(y) - ddof) + 0.2 * w


class Case(NamedTuple):
    """A loss, its gradient, one that PyTorch or nobody makes of it, and what the report says."""

    loss: Any
    right: Any
    wrong: Any
    arguments: tuple[A, ...]
    said: str


OTHER_VALUE = "where var means something else"
TAKEN = "it takes numbers out of tensors by {}, of which PyTorch's gradient knows nothing"
NUMPYS: dict[str, Case] = {
    "variance": Case(
        lambda w, X, y: (y - X @ w).var() + 0.1 * (w**2).sum(),
        of_variance,
        lambda *a: of_variance(*a, ddof=1),
        (W, X, Y),
        OTHER_VALUE,
    ),
    "standard deviation": Case(
        lambda w: w.std(),
        lambda w: (w - w.mean()) / (3 * w.std()),
        lambda w: (w - w.mean()) / (2 * w.std(ddof=1)),
        (W,),
        "with tensors its value is 0.393316 instead of 0.321141, where std means something else",
    ),
    "a variance that hardly counts": Case(
        lambda w: (w**2).sum() + 1e-8 * w.var(),
        lambda w: 2 * w + 1e-8 * 2 * (w - w.mean()) / 3,
        lambda w: 2 * w + 1e-8 * 2 * (w - w.mean()) / 2,
        (W,),
        "with tensors its value is slightly different, where var means something else",
    ),
    "the variance of one number": Case(
        lambda w, X: (X[:1] @ w).var() + (w**2).sum(),
        lambda w, X: 2 * w,
        lambda w, X: 3 * w,
        (W, X),
        "is nan instead of",
    ),
    "repeat, of equal entries": Case(
        lambda w, c: (w.repeat(2) * c).sum(),
        lambda w, c: c.reshape(3, 2).sum(1),
        lambda w, c: c.reshape(2, 3).sum(0),
        (np.ones(3), C),
        "is slightly different, where repeat means something else",
    ),
    "transpose, of a symmetric matrix": Case(
        lambda S, M: (S.transpose(0, 1) * M).sum() + (S[0] ** 3).sum(),
        lambda S, M: M + 3 * S**2 * np.array([[1], [0]]),
        lambda S, M: M.T + M,
        (M + M.T, M),
        "transpose means something else",
    ),
    "bytes that overflow": Case(
        lambda w, b: (b * 3 * w).sum(),
        lambda w, b: (b * 3).sum(0).astype(float),
        lambda w, b: b.sum(0) * 3.0,
        (W, BYTES),
        "with tensors its value is",
    ),
    "math.exp": Case(
        lambda x: math.exp(x[0]) + (x**2).sum(),
        lambda x: 2 * x + np.array([math.exp(x[0]), 0, 0]),
        lambda x: 2 * x,
        (W,),
        TAKEN.format("float()"),
    ),
    "float, of zeros": Case(
        lambda x, c: sum(float(v) ** 2 for v in x) + (c * x).sum(),
        lambda x, c: 2 * x + c,
        lambda x, c: c + x * x * 5 + 1e-3,
        (np.zeros(3), W),
        TAKEN.format("float()"),
    ),
    "item": Case(
        lambda x: x[0].item() ** 2 * x[1] + x.sum(),
        lambda x: np.array([2 * x[0] * x[1], x[0] ** 2, 0]) + 1,
        lambda x: np.array([0, x[0] ** 2, 0]) + 1,
        (W,),
        TAKEN.format(".item()"),
    ),
    "written and read": Case(
        lambda x: float(f"{x[0]:.17g}") ** 3 + (x**2).sum(),
        lambda x: 2 * x + np.array([3 * x[0] ** 2, 0, 0]),
        lambda x: 2 * x,
        (W,),
        TAKEN.format("format()"),
    ),
    "tolist": Case(
        lambda x: math.fsum(v**4 for v in x.tolist()) + (x**2).sum(),
        lambda x: 4 * x**3 + 2 * x,
        lambda x: 2 * x,
        (W,),
        TAKEN.format(".tolist()"),
    ),
    "float, not defined nearby": Case(
        lambda x: sum(math.acos(v) for v in x) + (x**2).sum(),
        lambda x: 2 * x - 1 / np.sqrt(1 - x**2),
        lambda x: 2 * x,
        (np.array([0.98, 0.99, 0.97]),),
        TAKEN.format("float()"),
    ),
    "filled entry by entry": Case(
        filled, of_filled, lambda x: 2 * x, (W,), TAKEN.format("float()")
    ),
    "made into a tensor": Case(
        lambda x: (torch.tensor([x[0], x[1]]) ** 2).sum(),
        lambda x: np.array([2 * x[0], 2 * x[1], 0]),
        lambda x: 0 * x + 1,
        (W,),
        TAKEN.format("torch.tensor()"),
    ),
    "arrays into tensors": Case(
        lambda x: (torch.from_numpy(x) ** 2).sum(),
        lambda x: 2 * x,
        lambda x: 2.001 * x,
        (W,),
        "given tensors, it raises TypeError",
    ),
    "Python's own number": Case(
        lambda x: float((x**2).sum()),
        lambda x: 2 * x,
        lambda x: 2.001 * x,
        (W,),
        "given tensors, it returns no tensor",
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("name", NUMPYS)
@pytest.mark.filterwarnings("ignore:var.*degrees of freedom")
def test_a_numpy_loss_is_told_by_its_value_and_by_what_it_takes_out_of_tensors(name: str) -> None:
    case = NUMPYS[name]
    right = check_gradients(case.right, *case.arguments, loss=case.loss)
    assert right.verdict == "match", right
    assert right.reference.startswith("a numerical derivative of the given NumPy loss (")
    assert case.said in right.reference
    assert check_gradients(case.wrong, *case.arguments, loss=case.loss).verdict == "mismatch"


SEEN: list[float] = []


def seen(x: Any) -> Any:
    """Noted for a plot."""
    SEEN.append(float(x.sum()))
    return (x**3).sum()


def with_a_constant(x: Any, y: Any) -> Any:
    return ((x - y.mean().item()) ** 2).sum() / float(len(y))


def detached(x: Any) -> Any:
    """The softmax's own maximum, held fixed; logsumexp does not depend on it."""
    m = x.detach().max()
    return (x - m).exp().sum().log() + m


def bounded(x: Any) -> Any:
    if max(abs(v) for v in x.tolist()) > 1:
        raise ValueError("math domain error")
    return (x**2).sum()


def branching(x: Any, _name: str) -> Any:
    return (x**2).sum() if float(x.sum()) < 100 else (x**3).sum()


def from_arrays_too(x: Any) -> Any:
    """With a constant that is a float32 outside of the reference."""
    return (torch.as_tensor(x) ** 2).sum() * torch.tensor(0.1)


def cancelling(x: Any, b: Any) -> Any:
    """The two libraries add in another order: the 11th digits of the values differ."""
    return ((b + x[0]) ** 2).sum() - (b**2).sum() + (x**2).sum()


def of_cancelling(x: A, b: A) -> A:
    return 2 * x + 2 * (b + x[0]).sum() * np.array([1, 0, 0])


PYTORCHS: dict[str, tuple[Callable[..., Any], Callable[..., A], tuple[Any, ...]]] = {
    "noted": (seen, lambda x: 3 * x**2, (W,)),
    "a constant of the data": (with_a_constant, lambda x, y: 2 * (x - y.mean()) / len(y), (W, Y)),
    "detached": (detached, lambda x: np.exp(x) / np.exp(x).sum(), (W,)),
    "within bounds": (bounded, lambda x: 2 * x, (np.array([0.98, -0.99, 0.97]),)),
    "branching": (branching, lambda x, _name: 2 * x, (W, "a name")),
    "from arrays too": (from_arrays_too, lambda x: 0.2 * x, (W,)),
    "cancelling": (cancelling, of_cancelling, (W, 1e4 * RANDOM.normal(size=3000))),
    "near a minimum": (lambda x: ((x - 1) ** 2).sum(), lambda x: 2 * (x - 1), (1 + 1e-9 * W,)),
}


@pytest.mark.parametrize("name", PYTORCHS)
def test_a_loss_that_pytorch_differentiates_keeps_autograd(name: str) -> None:
    loss, gradient, arguments = PYTORCHS[name]
    right = check_gradients(gradient, *arguments, loss=loss)
    assert right.verdict == "match", right
    assert right.reference == "autograd of the given loss, in float64"
    wrong = check_gradients(lambda *a: 1.001 * gradient(*a), *arguments, loss=loss)
    assert wrong.verdict == "mismatch"


@pytest.mark.untraced
def test_tensors_say_that_pytorch_is_meant() -> None:
    """Their variance is PyTorch's, and .item() of them a constant; a float() is neither."""
    w = torch.from_numpy(W)
    assert check_gradients(lambda w: w - w.mean(), w, loss=lambda w: w.var()).verdict == "match"
    wrong = check_gradients(lambda w: 2 * (w - w.mean()) / 3, w, loss=lambda w: w.var())
    assert wrong.verdict == "mismatch"

    def scaled(w: Any) -> Any:
        return (w**2).sum() * w[0].item()

    held = check_gradients(lambda w: 2 * w * w[0], w, loss=scaled)
    assert held.reference == "autograd of the given loss, in float64"
    assert held.verdict != "mismatch"
    exp = NUMPYS["math.exp"].loss
    right = check_gradients(
        lambda w: torch.from_numpy(NUMPYS["math.exp"].right(w.numpy())), w, loss=exp
    )
    assert right.verdict == "match", right
    assert check_gradients(lambda w: 2 * w, w, loss=exp).verdict == "mismatch"


class Series:
    """A stranger with an array in it, as those of other libraries are."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)
        self.shape, self.dtype = self.values.shape, self.values.dtype

    def __array__(self, dtype: Any = None, copy: Any = None) -> A:
        return np.array(self.values, dtype=dtype)


def squares(w: Any) -> Any:
    return (w**2).sum()


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda w: (squares(w), 2 * w), "in float64 (the first of the 2 items that it returns)"),
        (lambda w: [squares(w), 2 * w], "the first of the 2 items"),
        (lambda w: (squares(w), {"a": w}, "text"), "the first of the 3 items"),
        (lambda w: (float(squares(w)), 2 * w), "the first of the 2 items"),
        (lambda w: squares(w).reshape(1, 1), "autograd"),
        (lambda w: np.asarray(squares(w)), "numerical"),
        (lambda w: Series([float(squares(w))]), "numerical"),
        (lambda w: [float(squares(w))], "numerical"),
    ],
)
def test_one_number_is_a_loss_in_whatever_it_lies(loss: Any, said: str) -> None:
    right = check_gradients(lambda w: 2 * w, W, loss=loss)
    assert right.verdict == "match", right
    assert said in right.reference
    assert check_gradients(lambda w: 2.001 * w, W, loss=loss).verdict == "mismatch"


def test_the_gradient_by_one_number_is_a_number() -> None:
    loss: Any = lambda x: (x**3, 3 * x**2)  # noqa: E731 - a loss, like all others
    assert check_gradients(lambda x: 3 * x**2, 0.5, loss=loss).verdict == "match"
    assert check_gradients(lambda x: 3 * x, 0.5, loss=loss).verdict == "mismatch"


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda w: (w[0], w[1]), "a tuple of float64, float64"),
        (
            lambda w: [w[0], w[1], w[2], w[0], w[1]],
            "a list of float64, float64, float64, float64, ...",
        ),
        (lambda w: [], "a list of nothing"),
        (lambda w: None, "None (is a return missing?)"),
        (lambda w: "text", "the string 'text'"),
        (lambda w: (w - 1, w + 1), "a tuple of ndarray, ndarray"),
        (lambda w: [[1.0], [1.0, 2.0]], "a list of list, list"),
        (lambda w: w[:0], "an array of shape (0,) (is a sum or a mean missing?)"),
        (lambda w: w[0] + 1j, "a complex128 (complex: take .real, if that is the loss)"),
        (lambda w: np.exp(1j * w).sum(), "a complex128 (complex: take .real, if that is the loss)"),
        (lambda w: torch.exp(1j * w), "a Tensor of shape (3,) (complex: take .real"),
        (lambda w: torch.exp(+w), "a Tensor of shape (3,) (is a sum or a mean missing?)"),
        (lambda w: (w > 0).all(), "a bool (true or false)"),
        (lambda w: torch.all(w > 0) if isinstance(w, torch.Tensor) else 1 / 0, "a Tensor (true or"),
        (lambda w: {"loss": squares(w)}, "a dict with loss; it needs to return one real number"),
        (lambda w: {}, "a dict with nothing in it"),
        (lambda w: Series([1.0, 2.0]), "a Series of shape (2,) (is a sum"),
        (lambda w: np.ma.masked, "a MaskedConstant"),
        (lambda w: (v for v in w), "a generator"),
    ],
)
def test_what_is_no_loss_is_named(loss: Any, said: str) -> None:
    with pytest.raises(TypeError) as raised:
        _ = check_gradients(lambda w: w, W, loss=loss)
    assert f"loss is <lambda>, and it returned {said}" in str(raised.value)
    assert str(raised.value).endswith(
        "a torch tensor, still with its history, or computed by NumPy"
    )


@pytest.mark.parametrize(
    ("loss", "error", "said"),
    [
        (lambda w: np.asarray(w).reshape(99), ValueError, "cannot reshape array of size 3"),
        (lambda w: w.reshape(99).sum(), ValueError, "cannot reshape array of size 3"),
        (lambda w: np.exp(w).foo(), AttributeError, "'numpy.ndarray' object has no attribute"),
        (lambda w: torch.exp(w).reshape(99), RuntimeError, "is invalid for input of size 3"),
        (lambda w: w.pow(2).foo(), AttributeError, "'Tensor' object has no attribute 'foo'"),
        (lambda w: w.sum(dim="a").foo, TypeError, "got .dim=str"),
        (lambda w: w.exp() + {}, TypeError, "unsupported operand"),
    ],
)
def test_errors_are_those_of_the_library_that_the_loss_is_written_for(
    loss: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        _ = check_gradients(lambda w: w, W, loss=loss)


def test_of_a_tensor_loss_that_fails_pytorchs_error_is_shown() -> None:
    w = torch.from_numpy(W)
    with pytest.raises(RuntimeError, match="is invalid for input of size 3"):
        _ = check_gradients(lambda w: w, w, loss=lambda w: w.reshape(99).sum())
