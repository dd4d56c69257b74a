import numpy as np


class LeakyRegressor:
    """Fully connected regression network with one leaky-relu hidden layer.

    Gradients are stored on the object by backward(), optimiser is a plain SGD
    with momentum in fit().
    """

    def __init__(self, hidden, inputs, outputs=1, *, slope=0.1, seed=None):
        r = np.random.default_rng(seed)
        self.slope = slope
        self.W1 = r.standard_normal((inputs, hidden)) * np.sqrt(2. / inputs)
        self.b1 = np.zeros((1, hidden))
        self.W2 = r.standard_normal((hidden, outputs)) * np.sqrt(1. / hidden)
        self.b2 = np.zeros((1, outputs))

    def _act(self, z):
        return np.where(z > 0, z, self.slope * z)

    def _act_grad(self, z):
        return (z > 0).astype(float)

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = self._act(self.z1)
        return self.a1 @ self.W2 + self.b2

    def loss(self, X, y):
        return np.mean((self.forward(X) - y) ** 2)

    def backward(self, X, y):
        y_hat = self.forward(X)
        d_out = 2 * (y_hat - y) / y.size
        self.dW2 = self.a1.T @ d_out
        self.db2 = d_out.sum(axis=0, keepdims=True)
        d_hidden = d_out @ self.W2.T * self._act_grad(self.z1)
        self.dW1 = X.T @ d_hidden
        self.db1 = d_hidden.sum(axis=0, keepdims=True)

    def fit(self, X, y, epochs=200, lr=0.02, momentum=0.9):
        names = ["W1", "b1", "W2", "b2"]
        v = {n: np.zeros_like(getattr(self, n)) for n in names}
        for epoch in range(epochs):
            self.backward(X, y)
            for n in names:
                v[n] = momentum * v[n] - lr * getattr(self, "d" + n)
                setattr(self, n, getattr(self, n) + v[n])
            if epoch % 50 == 0:
                print("epoch", epoch, "mse", round(float(self.loss(X, y)), 5))
        return self


if __name__ == "__main__":
    rng = np.random.default_rng(7)
    X = rng.uniform(-1, 1, (200, 3))
    y = np.column_stack([X[:, 0] * X[:, 1], np.abs(X[:, 2])])
    model = LeakyRegressor(20, 3, 2, seed=1).fit(X, y)
    print("final", model.loss(X, y))
