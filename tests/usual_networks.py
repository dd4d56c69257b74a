"""The gradients of the usual networks, derived by hand in NumPy."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

from autograd_ref.networks.architecture import Architecture

A = NDArray[np.float64]
Blocks = dict[str, A]


class OneArgument(NamedTuple):
    """A function and its derivative."""

    value: Callable[[A], A]
    derivative: Callable[[A], A]


def leaky(slope: float) -> OneArgument:
    return OneArgument(lambda z: np.where(z > 0, z, slope * z), lambda z: np.where(z > 0, 1, slope))


def bell(z: A) -> A:
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def phi(z: A) -> A:
    return (1 + erf(z / np.sqrt(2))) / 2


C = np.sqrt(2 / np.pi)


def approximated(z: A) -> A:
    return np.tanh(C * (z + 0.044715 * z**3))


ACTIVATION = {
    "softplus": OneArgument(lambda z: np.logaddexp(0, z), expit),
    "sigmoid": OneArgument(expit, lambda z: expit(z) * expit(-z)),
    "tanh": OneArgument(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": leaky(0.0),
    "leaky-relu": leaky(0.01),
    "leaky-relu-0.1": leaky(0.1),
    "leaky-relu-0.2": leaky(0.2),
    "gelu": OneArgument(lambda z: z * phi(z), lambda z: phi(z) + z * bell(z)),
    "gelu-tanh": OneArgument(
        lambda z: z * (1 + approximated(z)) / 2,
        lambda z: (
            (1 + approximated(z)) / 2
            + z * (1 - approximated(z) ** 2) * C * (1 + 3 * 0.044715 * z**2) / 2
        ),
    ),
    "silu": OneArgument(lambda z: z * expit(z), lambda z: expit(z) * (1 + z * expit(-z))),
}


def softmax(z: A) -> A:
    shifted = np.exp(z - z.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


OUTPUT: dict[str, Callable[[A], A]] = {
    "softmax": softmax,
    "sigmoid": expit,
    "linear": lambda z: z,
    "tanh": np.tanh,
}


def through_output(output: str, y_hat: A, back: A) -> A:
    """The derivative by the scores, of that by y_hat."""
    if output == "softmax":
        return y_hat * (back - (back * y_hat).sum(axis=1, keepdims=True))
    return back * {"sigmoid": y_hat * (1 - y_hat), "linear": 1.0, "tanh": 1 - y_hat**2}[output]


def by_hand(one: Architecture) -> Callable[..., tuple[float, Blocks]]:
    """The function (parameters, X, Y) -> (loss, gradients) of a network."""

    def loss_and_gradients(parameters: Blocks, X: A, Y: NDArray[Any]) -> tuple[float, Blocks]:
        last = len(one.layers) - 1
        h = ACTIVATION[one.activation]
        values, scores = [X], list[A]()
        for layer in one.layers:
            scores.append(values[-1] @ parameters[f"W{layer}"].T + parameters.get(f"b{layer}", 0.0))
            values.append(h.value(scores[-1]) if layer < last else scores[-1])
        y_hat = OUTPUT[one.output](scores[-1])
        loss, back = at_the_end(one, y_hat, Y)
        found: Blocks = {}
        for layer in reversed(one.layers):
            found[f"W{layer}"] = back.T @ values[layer]
            if one.bias:
                found[f"b{layer}"] = back.sum(axis=0)
            if layer:
                back = (back @ parameters[f"W{layer}"]) * h.derivative(scores[layer - 1])
        l2 = one.l2 / len(X) if one.l2_over_samples else one.l2
        for name, block in parameters.items():
            if name[0] == "W" or one.l2_of == "all":
                loss += l2 / 2 * float((block**2).sum())
                found[name] = found[name] + l2 * block
        return loss, found

    return loss_and_gradients


def at_the_end(one: Architecture, y_hat: A, Y: NDArray[Any]) -> tuple[float, A]:
    """The loss without a penalty, and its derivative by the scores."""
    samples, n_out = y_hat.shape
    rows: A = np.eye(n_out)[Y] if Y.ndim == 1 and n_out > 1 else Y.reshape(y_hat.shape)
    over = {"sum": 1, "mean-over-samples": samples, "mean-over-entries": samples * n_out}[one.mean]
    if one.loss == "cross-entropy":
        back = y_hat * rows.sum(axis=1, keepdims=True) - rows
        return -float((rows * np.log(y_hat)).sum()) / over, back / over
    if one.loss == "binary-cross-entropy":
        value = -(rows * np.log(y_hat) + (1 - rows) * np.log(1 - y_hat)).sum()
        return float(value) / over, (y_hat - rows) / over
    half = 1 if one.loss == "mse" else 2
    value = float(((y_hat - rows) ** 2).sum()) / over / half
    return value, through_output(one.output, y_hat, 2 * (y_hat - rows) / over / half)
