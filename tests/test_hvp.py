"""check_hvp: right products pass, wrong ones are found to the last digits, and named."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import rosen, rosen_der, rosen_hess_prod
from torch.nn import functional

from autograd_ref import check_hessian, check_hvp, hessian_product
from manual_backprop import (
    NetworkShape,
    hessian_vector_product,
    initialize,
    loss_and_gradients,
)
from tests.undiagnosed import without_causes

Product = Callable[..., Any]

random = np.random.default_rng(1)
X = random.normal(size=(30, 4))
y = (X @ [1.0, -1.0, 0.5, 0.2] > 0).astype(float)
w = np.random.default_rng(4).normal(size=4)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def logistic(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    return functional.binary_cross_entropy_with_logits(z, y) + 0.1 * (w**2).sum()


def logistic_in_numpy(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z) + 0.1 * (w**2).sum()


def logistic_gradient(w: Any, X: Any, y: Any) -> Any:
    return X.T @ (sigmoid(X @ w) - y) / len(X) + 0.2 * w


def product(w: Any, v: Any, X: Any, _y: Any) -> Any:
    p = sigmoid(X @ w)
    return X.T @ (p * (1 - p) * (X @ v)) / len(X) + 0.2 * v


def rosenbrock(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def poisson(theta: Any, X: Any, counts: Any) -> Any:
    """A generalised linear model with an intercept."""
    eta = X @ theta["beta"] + theta["alpha"]
    return (torch.exp(eta) - counts * eta).sum()


def poisson_product(theta: Any, v: Any, X: Any, _counts: Any) -> Any:
    mu = np.exp(X @ theta["beta"] + theta["alpha"])
    moved = mu * (X @ v["beta"] + v["alpha"])
    return {"beta": X.T @ moved, "alpha": moved.sum()}


def softmax_loss(W: Any, X: Any, labels: Any) -> Any:
    return functional.cross_entropy(X @ W.T, labels)


def softmax_product(W: Any, V: Any, X: Any, _labels: Any) -> Any:
    z = X @ W.T
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    d = X @ V.T
    return (p * (d - (p * d).sum(1, keepdims=True))).T @ X / len(X)


def quadratic(A: Any) -> Any:
    return lambda x: 0.5 * x @ torch.as_tensor(A) @ x


A = random.normal(size=(5, 5))
A = A + A.T
labels = random.integers(3, size=30)
theta = {"beta": 0.3 * w, "alpha": 0.2}
counts = random.integers(6, size=30)

RIGHT: dict[str, tuple[Product, Any, tuple[Any, ...], dict[str, Any]]] = {
    "logistic": (product, w, (X, y), {"loss": logistic}),
    "by its gradient": (product, w, (X, y), {"gradients": logistic_gradient}),
    "by its values": (product, w, (X, y), {"loss": logistic_in_numpy}),
    "as SciPy has it": (rosen_hess_prod, w, (), {"gradients": rosen_der}),
    "SciPy's against PyTorch": (rosen_hess_prod, w, (), {"loss": rosenbrock}),
    "SciPy's by its values": (rosen_hess_prod, w, (), {"loss": rosen}),
    "a dict with a number": (poisson_product, theta, (X, counts), {"loss": poisson}),
    "a matrix": (softmax_product, random.normal(size=(3, 4)), (X, labels), {"loss": softmax_loss}),
    "float32": (
        lambda x, v: (A @ v).astype(np.float32),
        w[:1].repeat(5).astype(np.float32),
        (),
        {"loss": quadratic(A)},
    ),
    "tensors": (
        lambda x, v: torch.as_tensor(A) @ v,
        torch.as_tensor(A[0]),
        (),
        {"loss": quadratic(A)},
    ),
    "a list": (lambda x, v: A @ v, A[0].tolist(), (), {"loss": quadratic(A)}),
    "a gradient with its loss before it": (
        lambda x, v: A @ v,
        A[0],
        (),
        {"gradients": lambda x: (0.5 * x @ A @ x, A @ x)},
    ),
    "a gradient in PyTorch": (
        lambda x, v: A @ v,
        A[0],
        (),
        {"gradients": lambda x: torch.as_tensor(A) @ x},
    ),
    "a constant": (lambda x, v: 0 * v, A[0], (), {"loss": lambda x: x.detach().sum()}),
    "no curvature": (lambda x, v: 0 * v, A[0], (), {"loss": lambda x: x.sum() * 2.0}),
}


@pytest.mark.untraced
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_product_is_accused_of_nothing(name: str) -> None:
    hvp, x, data, reference = RIGHT[name]
    report = check_hvp(hvp, x, *data, **reference)
    assert report.passed == (name not in ("no curvature", "a constant")), str(report)
    assert report.verdict != "mismatch"
    assert not report.causes


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ({"loss": logistic}, 1e-10),
        ({"gradients": logistic_gradient}, 1e-8),
        ({"loss": logistic_in_numpy}, 1e-6),
    ],
)
def test_an_error_in_one_entry_is_found(reference: dict[str, Any], error: float) -> None:
    def wrong(w: Any, v: Any, X: Any, y: Any) -> Any:
        return product(w, v, X, y) * np.array([1, 1 + error, 1, 1])

    with without_causes(hessian_product):
        report = check_hvp(wrong, w, X, y, **reference)
    assert report.verdict == "mismatch"
    assert "derivative along a random direction v" in report.reference


def with_curvature(change: Callable[[Any], Any]) -> Product:
    def changed(w: Any, v: Any, X: Any, _y: Any) -> Any:
        p = sigmoid(X @ w)
        return X.T @ (change(p) * (X @ v)) / len(X) + 0.2 * v

    return changed


WRONG: dict[str, tuple[Product, str, str]] = {
    "twice": (lambda *a: 2 * product(*a), "twice", "too large by a factor 2"),
    "minus": (lambda *a: -product(*a), "sign flipped", "except for the sign"),
    "1/S": (lambda *a: 30 * product(*a), "1/S missing", "not averaged"),
    "the penalty forgotten": (
        lambda w, v, X, y: product(w, v, X, y) - 0.2 * v,
        "a second derivative left out",
        "the second derivatives of `w**2`",
    ),
    "p for p (1 - p)": (
        with_curvature(lambda p: p),
        "another derivative",
        "the derivative of the sigmoid is taken to be sigmoid(z)",
    ),
    "p (1 - p) squared": (
        with_curvature(lambda p: (p * (1 - p)) ** 2),
        "a derivative twice",
        "at `sigmoid(z)`",
    ),
    "less a constant": (
        lambda w, v, X, y: product(w, v, X, y) - 1e-3 * w,
        "not linear in v",
        "a sum of two directions",
    ),
    "a direction of length one": (
        lambda w, v, X, y: product(w, v / np.linalg.norm(v), X, y),
        "not linear in v",
        "a sum of two directions",
    ),
}


@pytest.mark.traced("less a constant", "twice")
@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named(name: str) -> None:
    hvp, kind, said = WRONG[name]
    report = check_hvp(hvp, w, X, y, loss=logistic)
    assert report.verdict == "mismatch"
    assert report.causes[0].kind == kind, report.causes
    assert said in report.causes[0].explanation


def residuals(q: Any, t: Any, d: Any, exp: Any) -> Any:
    return q[0] * exp(-q[1] * t) - d


def squared(q: Any, t: Any, d: Any) -> Any:
    unused = torch.exp(q).sum()
    r = residuals(q, t, d, torch.exp)
    assert unused > 0
    return 0.5 * (r**2).sum()


def multiplied(q: Any, t: Any, d: Any) -> Any:
    r = residuals(q, t, d, torch.exp)
    return (r * r).sum() / 2


def outputs_and_labels(W: Any, X: Any, labels: Any) -> Any:
    return functional.cross_entropy(torch.tanh(X @ W.T), labels)


def without_curvature_of_the_model(q: Any, v: Any, t: Any, _d: Any) -> Any:
    e = np.exp(-q[1] * t)
    J = np.stack([e, -q[0] * t * e], axis=1)
    return J.T @ (J @ v)


def without_curvature_of_the_outputs(W: Any, V: Any, X: Any, _labels: Any) -> Any:
    a = np.tanh(X @ W.T)
    p = np.exp(a) / np.exp(a).sum(1, keepdims=True)
    d = (1 - a**2) * (X @ V.T)
    return ((1 - a**2) * p * (d - (p * d).sum(1, keepdims=True))).T @ X / len(X)


t = np.linspace(0, 2, 20)
fit = np.array([1.5, 0.7]), t, np.exp(-t) + 0.1 + 0.2 * np.sin(9 * t)
GAUSS_NEWTON: dict[str, tuple[Product, tuple[Any, ...], Any]] = {
    "half the square": (without_curvature_of_the_model, fit, squared),
    "a product": (without_curvature_of_the_model, fit, multiplied),
    "outputs": (
        without_curvature_of_the_outputs,
        (RIGHT["a matrix"][1], X, labels),
        outputs_and_labels,
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("name", GAUSS_NEWTON)
def test_the_gauss_newton_product_is_told_from_that_of_the_hessian(name: str) -> None:
    hvp, arguments, loss = GAUSS_NEWTON[name]
    report = check_hvp(hvp, *arguments, loss=loss)
    assert report.verdict == "mismatch"
    assert [cause.kind for cause in report.causes] == ["Gauss-Newton"]


class OfItsKind(torch.autograd.Function):
    """A square whose backward pass refuses an upstream gradient without a history."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> Any:
        if torch.is_grad_enabled() and not upstream[0].requires_grad:
            raise ValueError("no history")
        return 2 * ctx.saved_tensors[0] * upstream[0]


@pytest.mark.untraced
def test_where_their_code_refuses_the_search_the_verdict_stands() -> None:
    def loss(x: Any) -> Any:
        square: Any = OfItsKind.apply(x)
        square = 1.0 * square
        return (square**2).sum()

    report = check_hvp(lambda x, v: 8 * x**2 * v, w, loss=loss, elsewhere=False)
    assert report.verdict == "mismatch"  # 12 is right, and 8 that of Gauss-Newton
    assert "Gauss-Newton" not in [cause.kind for cause in report.causes]


def test_what_raises_along_other_directions_is_not_called_nonlinear() -> None:
    calls: list[int] = []

    def once(w: Any, v: Any, X: Any, y: Any) -> Any:
        calls.append(0)
        if len(calls) > 2:
            raise ValueError("no more")
        return 2 * product(w, v, X, y)

    report = check_hvp(once, w, X, y, loss=logistic, elsewhere=False)
    assert [cause.kind for cause in report.causes] == ["twice"]


def test_the_direction_belongs_to_the_function() -> None:
    def overwrites(w: Any, v: Any, X: Any, y: Any) -> Any:
        result = product(w, v, X, y)
        v *= 0
        return result

    assert check_hvp(overwrites, w, X, y, loss=logistic).passed


@pytest.mark.untraced
def test_the_network_by_hand_agrees_with_its_own_loss_in_numpy() -> None:
    """The gradient by hand is the reference of the Hessian product by hand."""
    parameters = initialize(NetworkShape(4, 5, 3), 0, std=0.5)
    report = check_hvp(
        hessian_vector_product,
        parameters,
        X,
        labels,
        gradients=lambda p, X, Y: loss_and_gradients(p, X, Y)[1],
    )
    assert report.passed, str(report)


# not formatted, so that every case keeps to its two lines
BAD: dict[str, tuple[tuple[Any, ...], dict[str, Any], type[Exception], str]] = {
    "no function": (
        (np.eye(4), w), {"loss": logistic}, TypeError,
        "hvp is of type ndarray; it needs to be a function of (x, v, *data)",
    ),
    "no reference": (
        (product, w), {}, TypeError,
        "neither loss nor gradients are given; one of them is needed",
    ),
    "a loss that is none": (
        (product, w), {"loss": 1.0}, TypeError,
        "loss is of type float; it needs to be a function of (x, *data)",
    ),
    "a gradient of another form": (
        (poisson_product, theta), {"gradients": lambda theta: {"beta": theta["beta"]}}, ValueError,
        "gradients returned no gradient by alpha; it needs to return one of the form of x",
    ),
    "a loss that is a vector": (
        (product, w), {"loss": np.exp}, TypeError,
        "loss is exp, and it returned an array of shape (4,) (is a sum or a mean missing?)",
    ),
    "a loss in PyTorch that is a vector": (
        (product, w), {"loss": torch.exp}, TypeError,
        "loss is exp, and it returned a Tensor of shape (4,) (is a sum or a mean missing?)",
    ),
    "a wish that is none": (
        (product, w), {"loss": logistic, "thorough": 1}, TypeError,
        "thorough is of type int; it needs to be True or False",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_arguments_that_cannot_be_used_are_refused_by_name(case: str) -> None:
    arguments, keywords, error, text = BAD[case]
    with pytest.raises(error, match=re.escape(text)):
        _ = check_hvp(*arguments, **keywords)


def test_a_loss_that_does_not_depend_on_the_parameters_shows_nothing() -> None:
    """Its second derivatives are zero, and no error in them could be told."""

    def constant(_x: torch.Tensor) -> torch.Tensor:
        return torch.ones(())

    x = np.ones(2)
    reports = (
        check_hvp(lambda _x, v: 0 * v, x, loss=constant),
        check_hessian(lambda _x: np.zeros((2, 2)), x, loss=constant),
    )
    assert [report.verdict for report in reports] == ["inconclusive", "inconclusive"]


def test_a_gradient_in_pytorch_is_a_reference_too() -> None:
    def slope(x: torch.Tensor) -> torch.Tensor:
        return 4 * x**3

    x = torch.tensor([0.5, 1.5], dtype=torch.float64)
    assert check_hvp(lambda x, v: 12 * x**2 * v, x, gradients=slope).passed
    assert check_hvp(lambda x, v: 11 * x**2 * v, x, gradients=slope).verdict == "mismatch"


def test_a_check_takes_as_many_evaluations_whatever_the_number_of_parameters() -> None:
    def evaluations(n: int) -> int:
        count = 0

        def loss(x: torch.Tensor) -> torch.Tensor:
            nonlocal count
            count += 1
            return (x**4).sum()

        random = np.random.default_rng(0)
        x = random.normal(size=n)
        assert check_hvp(lambda x, v: 12 * x**2 * v, x, loss=loss).verdict == "match"
        return count

    assert evaluations(10_000) == evaluations(100) <= 20
