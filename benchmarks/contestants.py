"""Implementations of the network's loss and gradient, as one operation, without the gradient by X.

Each is made for one problem and a device (used by PyTorch only), with its data where and how it
wants them, and then called many times. Its result stays in its own arrays; `as_numpy` converts it.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from autograd_ref.assignment.problems import Problem
from benchmarks.plain import plain_loss_and_gradients
from manual_backprop import loss_and_gradients

Run = Callable[[], tuple[Any, Any]]
"""A call that returns the loss and four gradients."""
Made = Callable[[Problem, str], Run]


def by_numpy(problem: Problem, _device: str) -> Run:
    """`manual_backprop.loss_and_gradients`, by NumPy alone."""
    return lambda: loss_and_gradients(*problem, backend="numpy")


def by_numba(problem: Problem, _device: str) -> Run:
    """`manual_backprop.loss_and_gradients`, compiled by Numba."""
    return lambda: loss_and_gradients(*problem, backend="compiled")


def plain(problem: Problem, _device: str) -> Run:
    """Stable formulas in NumPy, on the whole batch at once."""
    return lambda: plain_loss_and_gradients(*problem)


def torch_by_hand(problem: Problem, device: str) -> Run:
    """The derivation by hand in PyTorch's functions: separates the library from autograd."""
    (W0, b0, W1, b1), X, labels = _tensors(problem, device)
    one_hot = functional.one_hot(labels, len(b1)).to(X)

    def run() -> tuple[Any, Any]:
        with torch.no_grad():
            z1 = torch.addmm(b0, X, W0.T)
            a1 = functional.softplus(z1)
            z2 = torch.addmm(b1, a1, W1.T)
            log_y_hat = torch.log_softmax(z2, 1)
            value = functional.nll_loss(log_y_hat, labels)
            e2 = (log_y_hat.exp() - one_hot) / len(X)
            delta1 = (e2 @ W1) * torch.sigmoid(z1)
            return value, (delta1.T @ X, delta1.sum(0), e2.T @ a1, e2.sum(0))

    return run


def torch_eager(problem: Problem, device: str) -> Run:
    """`torch.autograd.grad`."""
    parameters, X, labels = _tensors(problem, device)
    for block in parameters:
        _ = block.requires_grad_()

    def run() -> tuple[Any, Any]:
        value = _torch_loss(parameters, X, labels)
        return value, torch.autograd.grad(value, parameters)

    return run


def torch_func(problem: Problem, device: str) -> Run:
    """`torch.func.grad_and_value`."""
    parameters, X, labels = _tensors(problem, device)
    both = torch.func.grad_and_value(_torch_loss)

    def run() -> tuple[Any, Any]:
        gradients, value = both(parameters, X, labels)
        return value, gradients

    return run


def torch_compiled(problem: Problem, device: str) -> Run:
    """`torch.compile` of the loss, for this very shape, and `torch.autograd.grad`."""
    torch.compiler.reset()  # or it would remember, and compile for shapes of all sizes
    parameters, X, labels = _tensors(problem, device)
    for block in parameters:
        _ = block.requires_grad_()
    compiled: Any = torch.compile(_torch_loss, dynamic=False)

    def run() -> tuple[Any, Any]:
        value = compiled(parameters, X, labels)
        return value, torch.autograd.grad(value, parameters)

    return run


def jax_jit(problem: Problem, _device: str) -> Run:
    """`jax.jit(jax.value_and_grad(...))`."""
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    X, labels = (jax.numpy.asarray(array) for array in problem[1:])
    parameters = tuple(jax.numpy.asarray(block) for block in problem.parameters)
    both = jax.jit(jax.value_and_grad(jax_loss))
    return lambda: jax.block_until_ready(both(parameters, X, labels))


def jax_loss(parameters: Any, X: Any, labels: Any) -> Any:
    """Return the loss of the built-in network, in JAX."""
    jax: Any = import_module("jax")
    W0, b0, W1, b1 = parameters
    z2 = jax.nn.softplus(X @ W0.T + b0) @ W1.T + b1
    return -jax.nn.log_softmax(z2)[np.arange(len(labels)), labels].mean()


def hips_autograd(problem: Problem, _device: str) -> Run:
    """`autograd.value_and_grad`."""
    autograd: Any = import_module("autograd")
    anp: Any = import_module("autograd.numpy")
    parameters, X, labels = problem
    samples = np.arange(len(X))

    def loss(parameters: Any) -> Any:
        W0, b0, W1, b1 = parameters
        z2 = anp.dot(anp.logaddexp(anp.dot(X, W0.T) + b0, 0), W1.T) + b1
        shifted = z2 - anp.max(z2, axis=1, keepdims=True)
        log_y_hat = shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
        return -anp.mean(log_y_hat[samples, labels])

    both = autograd.value_and_grad(loss)
    return lambda: both(list(parameters))


def sklearn_mlp(problem: Problem, _device: str) -> Run:
    """scikit-learn's own backward pass, with the logistic function instead of softplus.

    It computes another loss at the same or a lower price: the logistic function takes one
    exponential, and its derivative none.
    """
    neural: Any = import_module("sklearn.neural_network")
    (W0, b0, W1, b1), X, labels = problem
    model = neural.MLPClassifier((len(b0),), activation="logistic", alpha=0.0)
    model.n_layers_, model.out_activation_ = 3, "softmax"
    model.coefs_, model.intercepts_ = [W0.T.copy(), W1.T.copy()], [b0.copy(), b1.copy()]
    one_hot = np.eye(len(b1), dtype=X.dtype)[labels]

    def run() -> tuple[Any, Any]:
        space: list[list[Any]] = [[X, None, None], [None, None], [None, None], [None, None]]
        value, (by_W0, by_W1), (by_b0, by_b1) = model._backprop(X, one_hot, None, *space)
        return value, (by_W0.T, by_b0, by_W1.T, by_b1)

    return run


CONTESTANTS: dict[str, Made] = {
    "NumPy": by_numpy,
    "compiled": by_numba,
    "NumPy, whole batch": plain,
    "torch by hand": torch_by_hand,
    "torch eager": torch_eager,
    "torch.func": torch_func,
    "torch.compile": torch_compiled,
    "jax jit": jax_jit,
    "HIPS autograd": hips_autograd,
    "scikit-learn": sklearn_mlp,
}

OURS = ["NumPy", "compiled"]
"""The contestants that are this project's; the others' times are divided by theirs."""

NEEDS = {
    "compiled": "numba",
    "jax jit": "jax",
    "HIPS autograd": "autograd",
    "scikit-learn": "sklearn",
}
"""The module that a contestant needs, if it is not one of this project's dependencies."""

OF_ANOTHER_LOSS = ["scikit-learn"]
"""Contestants that compute another loss: comparable in cost only."""

MISSING = [name for name, module in NEEDS.items() if find_spec(module) is None]


def made(name: str, problem: Problem, device: str = "cpu") -> Run:
    """Return the contestant of that name; its calls end when the result is there, on a GPU too."""
    run = CONTESTANTS[name](problem, device)
    if not device.startswith("cuda"):
        return run

    def finished() -> tuple[Any, Any]:
        found = run()
        torch.cuda.synchronize()
        return found

    return finished


def as_numpy(found: tuple[Any, Any]) -> tuple[float, list[NDArray[Any]]]:
    """Return a contestant's loss and gradients as NumPy arrays."""
    value, gradients = found
    return float(_detached(value)), [np.asarray(_detached(block)) for block in gradients]


def _detached(block: Any) -> Any:
    return block.detach().cpu().numpy() if isinstance(block, Tensor) else block


def _tensors(problem: Problem, device: str) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
    blocks = tuple(torch.tensor(block, device=device) for block in problem.parameters)
    X, labels = (torch.as_tensor(array, device=device) for array in problem[1:])
    return blocks, X, labels


def _torch_loss(parameters: tuple[Tensor, ...], X: Tensor, labels: Tensor) -> Tensor:
    W0, b0, W1, b1 = parameters
    hidden = functional.softplus(functional.linear(X, W0, b0))
    return functional.cross_entropy(functional.linear(hidden, W1, b1), labels)
