"""Checkers asked whether a Jacobian, a Hessian and a double backward pass are right.

The function is a curve with three parameters at twenty points, least squares its loss, tanh of
twenty numbers the operation. Each checker runs with its defaults.
"""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import check_grad

from autograd_ref import check_backward, check_hessian, check_jacobian

A = NDArray[Any]
Change = Callable[[Any], Any]
"""A change of the derivative under test, an array or a tensor."""

Accepts = Callable[[Change], bool]
"""A call that returns True if the right derivative, changed so, is accepted."""


class Capabilities(NamedTuple):
    """One checker, by what it can check; None for what it cannot."""

    jacobian: Accepts | None
    hessian: Accepts | None
    second: Accepts | None


P = np.array([2.5, 1.3, 0.4])
T = np.linspace(0.1, 2.0, 20)
Y = 1 / T
X = np.linspace(-1.5, 1.4, 20)


def curve(p: A) -> A:
    """The residuals."""
    return p[0] * np.exp(-p[1] * T) + p[2] - Y


def curve_in_torch(p: torch.Tensor) -> torch.Tensor:
    """The residuals in PyTorch."""
    return p[0] * torch.exp(-p[1] * torch.from_numpy(T)) + p[2] - torch.from_numpy(Y)


def loss_in_torch(p: torch.Tensor) -> torch.Tensor:
    """Half the sum of their squares."""
    return 0.5 * (curve_in_torch(p) ** 2).sum()


def jacobian(p: A) -> A:
    """The Jacobian of the residuals, of shape (20, 3)."""
    e = np.exp(-p[1] * T)
    return np.stack([e, -p[0] * T * e, np.ones_like(T)], axis=1)


def slope(p: A) -> A:
    """The gradient of the loss."""
    return jacobian(p).T @ curve(p)


def hessian(p: A) -> A:
    """The Hessian of the loss."""
    e, r, J = np.exp(-p[1] * T), curve(p), jacobian(p)
    second = np.zeros((3, 3))
    second[0, 1] = second[1, 0] = r @ (-T * e)
    second[1, 1] = r @ (p[0] * T**2 * e)
    return J.T @ J + second


def of_autograd() -> Capabilities:
    """The checks of this package, against PyTorch."""

    def of_tanh(change: Change) -> bool:
        under_test, x = tanh_with(change).apply, torch.from_numpy(X)
        return check_backward(under_test, torch.tanh, x, derivatives=("second",)).passed

    return Capabilities(
        _passes(check_jacobian, jacobian, function=curve_in_torch),
        _passes(check_hessian, hessian, loss=loss_in_torch),
        of_tanh,
    )


def of_numpy() -> Capabilities:
    """The checks of this package, against functions in NumPy."""
    return Capabilities(
        _passes(check_jacobian, jacobian, function=curve),
        _passes(check_hessian, hessian, gradients=slope),
        None,
    )


def _passes(check: Callable[..., Any], derivative: Callable[[A], A], **given: Any) -> Accepts:
    def accepts(change: Change) -> bool:
        def under_test(p: A) -> A:
            return change(derivative(p))

        return check(under_test, P, **given).passed

    return accepts


def scipy_check_grad() -> Capabilities:
    """`scipy.optimize.check_grad`; it accepts if its result is at most double the right one's."""

    def accepts(function: Callable[[A], Any], derivative: Callable[[A], A]) -> Accepts:
        def error_of(change: Change) -> float:
            return float(check_grad(function, lambda p: change(derivative(p)), P))

        return lambda change: error_of(change) <= 2 * error_of(lambda values: values)

    return Capabilities(accepts(curve, jacobian), accepts(slope, hessian), None)


def torch_gradcheck() -> Capabilities:
    """`torch.autograd.gradcheck`, and `gradgradcheck` of the double backward pass."""

    def accepts(function: Callable[[A], A], derivative: Callable[[A], A]) -> Accepts:
        def accepted(change: Change) -> bool:
            under_test = _with_backward(function, derivative, change)
            return _gradcheck(torch.autograd.gradcheck, under_test, P)

        return accepted

    def of_tanh(change: Change) -> bool:
        return _gradcheck(torch.autograd.gradgradcheck, tanh_with(change).apply, X)

    return Capabilities(accepts(curve, jacobian), accepts(slope, hessian), of_tanh)


def jax_check_grads() -> Capabilities:
    """`jax.test_util.check_grads` in reverse mode, of order 2 for the double backward pass."""
    jax: Any = import_module("jax")
    check_grads: Any = import_module("jax.test_util").check_grads
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def passes(function: Any, x: A, order: int) -> bool:
        try:
            check_grads(function, (x,), order=order, modes=["rev"])
        except AssertionError:
            return False
        return True

    def with_vjp(function: Any, vjp: Callable[[Any, Any], Any]) -> Any:
        def forward(x: Any) -> Any:
            return function(x), x

        def backward(x: Any, upstream: Any) -> Any:
            return (vjp(x, upstream),)

        under_test = jax.custom_vjp(function)
        under_test.defvjp(forward, backward)
        return under_test

    def residuals(p: Any) -> Any:
        return p[0] * jnp.exp(-p[1] * T) + p[2] - Y

    def half_of_squares(p: Any) -> Any:
        return 0.5 * (residuals(p) ** 2).sum()

    def of_curve(change: Change) -> bool:
        J = change(jacobian(P))
        return passes(with_vjp(residuals, lambda _p, u: u @ J), P, 1)

    def of_slope(change: Change) -> bool:
        H = change(hessian(P))
        return passes(with_vjp(jax.grad(half_of_squares), lambda _p, u: u @ H), P, 1)

    def of_tanh(change: Change) -> bool:
        factors = jnp.asarray(change(np.ones_like(X)))
        of_output = with_vjp(_one_less_square, lambda y, u: -2 * y * u * factors)
        return passes(with_vjp(jnp.tanh, lambda x, u: u * of_output(jnp.tanh(x))), X, 2)

    return Capabilities(of_curve, of_slope, of_tanh)


CHECKERS: dict[str, Callable[[], Capabilities]] = {
    "this package, PyTorch": of_autograd,
    "this package, NumPy": of_numpy,
    "torch gradcheck": torch_gradcheck,
    "scipy check_grad": scipy_check_grad,
    "jax check_grads": jax_check_grads,
}


class Sharpness(NamedTuple):
    """The smallest error in one entry that a checker reports, of each derivative.

    None where it reports none; NaN where it has no such check, or rejects the right derivative.
    """

    checker: str
    jacobian: float | None
    hessian: float | None
    second: float | None
    seconds: float
    """One check of the Jacobian."""


def sharpness(name: str, smallest: Callable[[Callable[[float], bool]], float | None]) -> Sharpness:
    """Return the smallest errors that a checker reports.

    Args:
        name: of the checker.
        smallest: the smallest error that is not accepted.
    """
    asked = CHECKERS[name]()

    def found(accepts: Accepts | None) -> float | None:
        if accepts is None or not accepts(lambda values: values):
            return float("nan")
        return smallest(lambda error: accepts(lambda values: one_entry(values, error)))

    errors = [found(accepts) for accepts in asked]
    assert asked.jacobian is not None, "all have this one"
    start = time.perf_counter()
    _ = asked.jacobian(lambda values: values)
    return Sharpness(name, *errors, seconds=time.perf_counter() - start)


def one_entry(values: Any, error: float) -> Any:
    """The derivative with its largest entry scaled."""
    wrong = values.clone() if torch.is_tensor(values) else np.array(values)
    wrong.reshape(-1)[int(abs(values).argmax())] *= 1 + error
    return wrong


def tanh_with(change: Change) -> Any:
    """Tanh whose backward pass is right, and the derivative of that changed."""

    class Slope(torch.autograd.Function):
        """1 - y^2."""

        @staticmethod
        def forward(ctx: Any, y: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(y)
            return 1 - y**2

        @staticmethod
        def backward(ctx: Any, *upstream: torch.Tensor) -> torch.Tensor:
            (y,) = ctx.saved_tensors
            return change(-2 * y) * upstream[0]

    class Tanh(torch.autograd.Function):
        """A tanh with a backward pass of its own."""

        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            y = torch.tanh(x)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, *upstream: torch.Tensor) -> torch.Tensor:
            (y,) = ctx.saved_tensors
            return upstream[0] * cast("Any", Slope).apply(y)

    return cast("Any", Tanh)


def _one_less_square(y: Any) -> Any:
    return 1 - y**2


def _with_backward(function: Callable[[A], A], derivative: Callable[[A], A], change: Change) -> Any:
    """A function in NumPy as an operation of PyTorch, with its derivative, changed."""

    class Function(torch.autograd.Function):
        """The function, and its product with an upstream gradient."""

        @staticmethod
        def forward(ctx: Any, p: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(p)
            return torch.from_numpy(function(p.numpy()))

        @staticmethod
        def backward(ctx: Any, *upstream: torch.Tensor) -> torch.Tensor:
            (p,) = ctx.saved_tensors
            return upstream[0] @ torch.from_numpy(change(derivative(p.numpy())))

    return cast("Any", Function).apply


def _gradcheck(check: Callable[..., bool], function: Any, x: A) -> bool:
    return check(function, (torch.from_numpy(x.copy()).requires_grad_(),), raise_exception=False)
