"""Single-hidden-layer perceptron with explicit, immutable parameters."""
from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Iterator, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Params:
    w_hidden: Array  # (features, hidden)
    b_hidden: Array  # (hidden,)
    w_logits: Array  # (hidden, classes)
    b_logits: Array  # (classes,)

    @classmethod
    def init(cls, rng: np.random.Generator, features: int, hidden: int, classes: int) -> Params:
        return cls(
            w_hidden=rng.normal(0.0, features**-0.5, (features, hidden)),
            b_hidden=np.zeros(hidden),
            w_logits=rng.normal(0.0, hidden**-0.5, (hidden, classes)),
            b_logits=np.zeros(classes),
        )

    def map(self, other: Params, fn) -> Params:
        return Params(*(fn(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)))


class Batch(NamedTuple):
    inputs: Array
    labels: NDArray[np.int64]


def log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def value_and_grad(params: Params, batch: Batch, *, l2: float = 1e-2) -> tuple[float, Params]:
    """Mean cross-entropy plus ``l2 * sum(w**2)`` and its gradient as a ``Params``."""
    x, labels = batch
    size = x.shape[0]
    rows = np.arange(size)

    hidden = np.tanh(x @ params.w_hidden + params.b_hidden)
    log_p = log_softmax(hidden @ params.w_logits + params.b_logits)
    value = -log_p[rows, labels].mean()
    value += l2 * (np.square(params.w_hidden).sum() + np.square(params.w_logits).sum())

    d_logits = np.exp(log_p)
    d_logits[rows, labels] -= 1.0
    d_logits /= size
    d_hidden = (d_logits @ params.w_logits.T) * (1.0 - np.square(hidden))

    grad = Params(
        w_hidden=x.T @ d_hidden + 2.0 * l2 * params.w_hidden,
        b_hidden=d_hidden.sum(axis=0),
        w_logits=hidden.T @ d_logits + 2.0 * l2 * params.w_logits,
        b_logits=d_logits.sum(axis=0),
    )
    return float(value), grad


def batches(data: Batch, size: int, rng: np.random.Generator) -> Iterator[Batch]:
    order = rng.permutation(len(data.labels))
    for start in range(0, len(order), size):
        idx = order[start : start + size]
        yield Batch(data.inputs[idx], data.labels[idx])


def main() -> None:
    rng = np.random.default_rng(2024)
    labels = rng.integers(0, 4, 256)
    inputs = rng.normal(size=(4, 3))[labels] * 2 + rng.normal(size=(256, 3)) * 0.6
    data = Batch(inputs, labels)
    params = Params.init(rng, 3, 16, 4)
    for epoch in range(20):
        for batch in batches(data, 32, rng):
            _, grad = value_and_grad(params, batch)
            params = params.map(grad, lambda p, g: p - 0.2 * g)
        if epoch % 5 == 0:
            print(f"{epoch=} value={value_and_grad(params, data)[0]:.4f}")


if __name__ == "__main__":
    main()
