"""Tiny layer library: Dense / ReLU / softmax loss, glued by Sequential."""
import numpy as np


class Layer:
    def forward(self, x):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError

    def params(self):
        return []


class Dense(Layer):
    def __init__(self, n_in, n_out, rng=None):
        rng = rng or np.random.default_rng()
        self.W = rng.normal(0, np.sqrt(2 / n_in), size=(n_in, n_out))
        self.b = np.zeros(n_out)
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T

    def params(self):
        return [(self.W, self.dW), (self.b, self.db)]


class ReLU(Layer):
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


class SoftmaxCrossEntropy:
    def forward(self, logits, labels):
        z = logits - logits.max(axis=1, keepdims=True)
        self.log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.labels = labels
        return -self.log_p[np.arange(len(labels)), labels].mean()

    def backward(self):
        g = np.exp(self.log_p)
        g[np.arange(len(self.labels)), self.labels] -= 1
        return g / len(self.labels)


class Sequential:
    def __init__(self, *layers):
        self.layers = layers
        self.criterion = SoftmaxCrossEntropy()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, labels):
        return self.criterion.forward(self.forward(x), labels)

    def backward(self):
        grad = self.criterion.backward()
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def step(self, lr):
        for layer in self.layers:
            for p, g in layer.params():
                p -= lr * g


def main():
    rng = np.random.default_rng(0)
    centers = rng.normal(scale=3, size=(4, 2))
    labels = rng.integers(0, 4, size=200)
    x = centers[labels] + rng.normal(size=(200, 2))

    net = Sequential(Dense(2, 16, rng), ReLU(), Dense(16, 12, rng), ReLU(), Dense(12, 4, rng))
    for epoch in range(200):
        loss = net.loss(x, labels)
        net.backward()
        net.step(0.1)
        if epoch % 40 == 0:
            print(f"epoch {epoch:3d}  loss {loss:.4f}")
    acc = (net.forward(x).argmax(axis=1) == labels).mean()
    print("train acc", acc)


if __name__ == "__main__":
    main()
