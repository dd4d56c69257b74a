"""A regressor in the manner of scikit-learn: no weights before fit."""
import numpy as np


class TinyRegressor:
    def __init__(self, units=6, rate=0.05, epochs=100, seed=0):
        self.units = units
        self.rate = rate
        self.epochs = epochs
        self.seed = seed
        self.W1 = None
        self.b1 = None
        self.W2 = None
        self.b2 = None

    def _hidden(self, X):
        return np.tanh(np.dot(X, self.W1) + self.b1)

    def predict(self, X):
        return np.dot(self._hidden(X), self.W2) + self.b2

    def grad_output(self, X, y):
        h = self._hidden(X)
        d = (self.predict(X) - y) / len(X)
        return np.dot(h.T, d), np.sum(d, axis=0)

    def grads(self, X, y):
        h = self._hidden(X)
        d = (self.predict(X) - y) / len(X)
        d1 = np.dot(d, self.W2.T) * (1 - h)
        dW2, db2 = self.grad_output(X, y)
        return np.dot(X.T, d1), np.sum(d1, axis=0), dW2, db2

    def fit(self, X, y):
        rng = np.random.default_rng(self.seed)
        self.W1 = rng.normal(size=(X.shape[1], self.units)) / np.sqrt(X.shape[1])
        self.b1 = np.zeros(self.units)
        self.W2 = rng.normal(size=(self.units, y.shape[1])) / np.sqrt(self.units)
        self.b2 = np.zeros(y.shape[1])
        for _ in range(self.epochs):
            dW1, db1, dW2, db2 = self.grads(X, y)
            self.W1 -= self.rate * dW1
            self.b1 -= self.rate * db1
            self.W2 -= self.rate * dW2
            self.b2 -= self.rate * db2
        return self
