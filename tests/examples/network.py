import numpy as np


class Network:
    """Samples are columns, biases too; theta is a dict."""

    def forward(self, theta, X):
        self.X = X
        self.z1 = theta["W0"] @ X + theta["b0"]
        self.a1 = np.log(1 + np.exp(self.z1))
        self.z2 = theta["W1"] @ self.a1 + theta["b1"]
        self.y_hat = np.exp(self.z2) / np.exp(self.z2).sum(axis=0)

    def backward(self, theta, Y):
        S = Y.shape[1]
        sigma = 1 / (1 + np.exp(-self.z1))
        e2 = (self.y_hat - Y) / S
        e1 = theta["W1"].T @ e2 * sigma * (1 - sigma)
        return {
            "W0": e1 @ self.X.T,
            "b0": e1.sum(axis=1, keepdims=True),
            "W1": e2 @ self.a1.T,
            "b1": e2.sum(axis=1, keepdims=True),
        }

    def gradients(self, theta, X, Y):
        self.forward(theta, X)
        return self.backward(theta, Y)


network = Network()
