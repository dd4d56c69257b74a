import numpy as np


class MultiLayerPerceptron:

    def __init__(self, layer_sizes, activation='tanh', seed=None):
        self.rng = np.random.default_rng(seed)
        self.weights = []
        self.biases = []
        for i in range(len(layer_sizes) - 1):
            self.weights.append(self.rng.standard_normal((layer_sizes[i], layer_sizes[i + 1])) / np.sqrt(layer_sizes[i]))
            self.biases.append(np.zeros((1, layer_sizes[i + 1])))
        self.activation = activation

    def _f(self, z):
        if self.activation == 'tanh':
            return np.tanh(z)
        elif self.activation == 'relu':
            return np.maximum(0, z)
        elif self.activation == 'sigmoid':
            return 1 / (1 + np.exp(-z))
        raise ValueError('unknown activation ' + self.activation)

    def _df(self, z):
        if self.activation == 'tanh':
            return 1 - np.tanh(z) ** 2
        elif self.activation == 'relu':
            return (z > 0) * 1.0
        s = 1 / (1 + np.exp(-z))
        return s * (1 - s)

    def forward(self, X):
        self.zs = []
        self.activations = [X]
        for W, b in zip(self.weights[:-1], self.biases[:-1]):
            self.zs.append(self.activations[-1] @ W + b)
            self.activations.append(self._f(self.zs[-1]))
        out = self.activations[-1] @ self.weights[-1] + self.biases[-1]
        self.zs.append(out)
        self.activations.append(out)
        return out

    def mse(self, X, y):
        return np.mean((self.forward(X) - y) ** 2)

    def backward(self, X, y):
        """Gradients of the MSE. The lists go from the last layer to the first!"""
        out = self.forward(X)
        grads_w, grads_b = [], []
        delta = 2 * (out - y) / y.size
        for l in reversed(range(len(self.weights))):
            grads_w.append(self.activations[l].T @ delta)
            grads_b.append(delta.sum(axis=0, keepdims=True))
            if l != 0:
                delta = delta @ self.weights[l].T * self._df(self.zs[l - 1])
        return grads_w, grads_b

    def train(self, X, y, epochs=100, lr=0.01):
        history = []
        for _ in range(epochs):
            gw, gb = self.backward(X, y)
            for l, (dw, db) in enumerate(zip(gw[::-1], gb[::-1])):
                self.weights[l] -= lr * dw
                self.biases[l] -= lr * db
            history.append(self.mse(X, y))
        return history


if __name__ == '__main__':
    X = np.linspace(-3, 3, 50).reshape(-1, 1)
    y = np.hstack([np.sin(X), np.cos(X)])
    net = MultiLayerPerceptron([1, 16, 2], seed=1)
    h = net.train(X, y, epochs=500, lr=0.1)
    print('first', h[0], 'last', h[-1])
