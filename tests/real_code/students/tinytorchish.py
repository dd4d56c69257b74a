"""A tiny layer library. Every layer remembers what it needs in forward()
and fills its own gradients in backward()."""
from __future__ import annotations

import numpy as np


class Layer:
    params: tuple[str, ...] = ()

    def forward(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def backward(self, dout: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class Dense(Layer):
    params = ("W", "b")

    def __init__(self, fan_in: int, fan_out: int, rng: np.random.Generator):
        limit = np.sqrt(6 / (fan_in + fan_out))
        self.W = rng.uniform(-limit, limit, (fan_in, fan_out))
        self.b = np.zeros(fan_out)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(0)
        return dout @ self.W.T


class ReLU(Layer):
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SoftmaxCrossEntropy:
    def __call__(self, logits, labels):
        z = logits - logits.max(1, keepdims=True)
        e = np.exp(z)
        self.p = e / e.sum(1, keepdims=True)
        self.labels = labels
        return -np.log(self.p[np.arange(len(labels)), labels]).mean()

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(self.labels)), self.labels] -= 1
        return d / len(self.labels)


class Sequential:
    def __init__(self, *layers: Layer):
        self.layers = list(layers)
        self.criterion = SoftmaxCrossEntropy()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, labels):
        return self.criterion(self.forward(x), labels)

    def backward(self) -> None:
        d = self.criterion.backward()
        for layer in reversed(self.layers):
            d = layer.backward(d)

    def sgd(self, lr: float) -> None:
        for layer in self.layers:
            for name in layer.params:
                getattr(layer, name)[...] -= lr * getattr(layer, "d" + name)


def build(n_in=2, n_hidden=12, n_out=3, seed=0) -> Sequential:
    rng = np.random.default_rng(seed)
    return Sequential(Dense(n_in, n_hidden, rng), ReLU(), Dense(n_hidden, n_out, rng))


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    centers = np.array([[0, 2], [2, -1], [-2, -1]])
    y = rng.integers(0, 3, 120)
    x = centers[y] + rng.normal(size=(120, 2))
    net = build()
    for epoch in range(100):
        l = net.loss(x, y)
        net.backward()
        net.sgd(0.3)
    print("final loss", round(float(l), 4))
