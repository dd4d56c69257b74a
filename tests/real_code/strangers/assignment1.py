"""Assignment 1 - Multilayer perceptron.

Name: ______________     Student no.: ______________

Fill in the parts marked TODO. Do not change the names of the methods.
"""
import numpy as np


class MLP:
    def __init__(self, n_input, n_hidden, n_output, seed=0):
        rng = np.random.RandomState(seed)
        self.theta = {
            "W0": rng.normal(0, 0.5, (n_input, n_hidden)),
            "b0": np.zeros(n_hidden),
            "W1": rng.normal(0, 0.5, (n_hidden, n_output)),
            "b1": np.zeros(n_output),
        }
        self.grads = {}

    def forward(self, X):
        """X: (S, n_input). Returns class probabilities (S, n_output)."""
        # TODO 1
        self.X = X
        self.Z0 = X @ self.theta["W0"] + self.theta["b0"]
        self.A0 = np.maximum(self.Z0, 0)
        self.Z1 = self.A0 @ self.theta["W1"] + self.theta["b1"]
        expz = np.exp(self.Z1 - self.Z1.max(axis=1, keepdims=True))
        self.Y_hat = expz / expz.sum(axis=1, keepdims=True)
        return self.Y_hat

    def loss(self, Y):
        """Mean cross-entropy of the last forward pass, Y one-hot (S, n_output)."""
        return -np.mean(np.sum(Y * np.log(self.Y_hat + 1e-12), axis=1))

    def backward(self, Y):
        """Store the gradients of the loss in self.grads (same keys as theta)."""
        # TODO 2
        S = Y.shape[0]
        # derivative of the loss * derivative of the softmax
        delta1 = (self.Y_hat - Y) * self.Y_hat * (1 - self.Y_hat) / S
        self.grads["W1"] = self.A0.T @ delta1
        self.grads["b1"] = delta1.sum(axis=0)
        delta0 = (delta1 @ self.theta["W1"].T) * (self.Z0 > 0)
        self.grads["W0"] = self.X.T @ delta0
        self.grads["b0"] = delta0.sum(axis=0)

    def step(self, lr):
        for k in self.theta:
            self.theta[k] -= lr * self.grads[k]


def make_data(S=120, seed=1):
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, 3, S)
    X = rng.randn(3, 4)[labels] * 2 + rng.randn(S, 4) * 0.7
    return X, np.eye(3)[labels]


if __name__ == "__main__":
    X, Y = make_data()
    net = MLP(4, 10, 3)
    for epoch in range(301):
        net.forward(X)
        if epoch % 100 == 0:
            print("epoch", epoch, "loss", net.loss(Y))
        net.backward(Y)
        net.step(0.5)
