"""Gradient checkers in use today, each asked whether a gradient of the built-in network is right.

Each runs with its defaults, as its users have them. The gradient of W0 is under test.
"""

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import check_grad
from torch.nn import functional

import manual_backprop
from autograd_ref import check_gradients
from autograd_ref.assignment.problems import Problem
from benchmarks.problem import gradients

A = NDArray[Any]
Change = Callable[[A], A]
Checker = Callable[[Problem, Change], bool]
"""A call that returns True if the right gradient, with W0's block changed so, is accepted."""


def ours(problem: Problem, change: Change) -> bool:
    """`check_gradients` without loss=; it accepts if the verdict is a match."""

    def under_test(*arguments: Any) -> Any:
        found = gradients(*arguments)
        return found._replace(W0=change(found.W0))

    return check_gradients(under_test, *problem).verdict == "match"


def torch_gradcheck(problem: Problem, change: Change) -> bool:
    """`torch.autograd.gradcheck` of a function whose backward pass is the gradient under test."""
    return _gradcheck(problem, change, fast_mode=False)


def torch_gradcheck_fast(problem: Problem, change: Change) -> bool:
    """`torch.autograd.gradcheck` with fast_mode=True."""
    return _gradcheck(problem, change, fast_mode=True)


def scipy_check_grad(problem: Problem, change: Change) -> bool:
    """`scipy.optimize.check_grad`; it accepts if its result is at most double the right one's."""

    def error_of(change: Change) -> float:
        def at(flat: A) -> Any:
            W0 = flat.reshape(problem.parameters.W0.shape).astype(problem.X.dtype)
            return problem.parameters._replace(W0=W0)

        def loss(flat: A) -> float:
            return manual_backprop.loss(at(flat), problem.X, problem.Y)

        def slope(flat: A) -> A:
            return change(gradients(at(flat), problem.X, problem.Y).W0).ravel()

        return float(check_grad(loss, slope, problem.parameters.W0.ravel()))

    return error_of(change) <= 2 * error_of(lambda block: block)


def jax_check_grads(problem: Problem, change: Change) -> bool:
    """`jax.test_util.check_grads` in reverse mode, with the gradient under test as custom_vjp."""
    jax: Any = import_module("jax")
    check_grads: Any = import_module("jax.test_util").check_grads
    jax.config.update("jax_enable_x64", True)
    X, labels, (W0, b0, W1, b1) = problem.X, problem.Y, problem.parameters

    def loss(W0: Any) -> Any:
        z2 = jax.nn.softplus(X @ W0.T + b0) @ W1.T + b1
        return -jax.nn.log_softmax(z2)[np.arange(len(X)), labels].mean()

    def forward(W0: Any) -> Any:
        return loss(W0), None

    def backward(_kept: Any, upstream: Any) -> Any:
        return (upstream * change(gradients(*problem).W0),)

    under_test = jax.custom_vjp(loss)
    under_test.defvjp(forward, backward)
    try:
        check_grads(under_test, (W0,), order=1, modes=["rev"])
    except AssertionError:
        return False
    return True


def hips_check_grads(problem: Problem, change: Change) -> bool:
    """`autograd.test_util.check_grads` in reverse mode, with the gradient of a primitive."""
    extend: Any = import_module("autograd.extend")
    check_grads: Any = import_module("autograd.test_util").check_grads

    def at(W0: A) -> Any:
        return problem.parameters._replace(W0=W0.astype(problem.X.dtype))

    def loss(W0: A) -> float:
        return manual_backprop.loss(at(W0), problem.X, problem.Y)

    def pulled_back(_value: float, W0: A) -> Callable[[float], A]:
        return lambda upstream: upstream * change(gradients(at(W0), problem.X, problem.Y).W0)

    under_test = extend.primitive(loss)
    extend.defvjp(under_test, pulled_back)
    try:
        check_grads(under_test, modes=["rev"], order=1)(problem.parameters.W0)
    except AssertionError:
        return False
    return True


def _gradcheck(problem: Problem, change: Change, *, fast_mode: bool) -> bool:
    rest = [torch.from_numpy(block) for block in problem.parameters[1:]]
    X, labels = torch.from_numpy(problem.X), torch.from_numpy(problem.Y)

    class Loss(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, W0: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(W0)
            z2 = functional.softplus(X @ W0.T + rest[0]) @ rest[1].T + rest[2]
            return functional.cross_entropy(z2, labels)

        @staticmethod
        def backward(ctx: Any, *upstream: torch.Tensor) -> torch.Tensor:
            W0 = ctx.saved_tensors[0].numpy()
            block = gradients(problem.parameters._replace(W0=W0), problem.X, problem.Y).W0
            return upstream[0] * torch.from_numpy(change(block))

    W0 = torch.from_numpy(problem.parameters.W0.copy()).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # float32 is warned of, and checked all the same
        apply = cast("Any", Loss).apply
        return torch.autograd.gradcheck(apply, W0, fast_mode=fast_mode, raise_exception=False)


CHECKERS: dict[str, Checker] = {
    "check_gradients": ours,
    "torch gradcheck": torch_gradcheck,
    "torch gradcheck, fast_mode": torch_gradcheck_fast,
    "scipy check_grad": scipy_check_grad,
    "jax check_grads": jax_check_grads,
    "HIPS check_grads": hips_check_grads,
}

NEEDS = {"jax check_grads": "jax", "HIPS check_grads": "autograd"}
"""The module that a checker needs, if it is not one of this project's dependencies."""

MISSING = [name for name, module in NEEDS.items() if find_spec(module) is None]


def available() -> dict[str, Checker]:
    """Return the checkers that are installed."""
    return {name: checker for name, checker in CHECKERS.items() if name not in MISSING}
