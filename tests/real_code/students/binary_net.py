import numpy as np


class BinaryNet:
    def __init__(self, hidden=5, features=2):
        self.W1 = np.random.randn(features, hidden) * 0.5
        self.b1 = np.zeros((1, hidden))
        self.W2 = np.random.randn(hidden, 1) * 0.5
        self.b2 = np.zeros((1, 1))

    @staticmethod
    def sigma(z):
        return 1.0 / (1.0 + np.exp(-z))

    def forward(self, X):
        self.X = X
        self.a1 = self.sigma(X @ self.W1 + self.b1)
        self.y_hat = self.sigma(self.a1 @ self.W2 + self.b2)
        return self.y_hat

    def bce(self, y):
        eps = 1e-12
        return -np.mean(y * np.log(self.y_hat + eps) + (1 - y) * np.log(1 - self.y_hat + eps))

    def backward(self, y):
        m = y.shape[0]
        dz2 = (self.y_hat - y) / m
        self.dW2 = self.a1.T @ dz2
        self.db2 = np.mean(dz2, axis=0, keepdims=True)
        dz1 = (dz2 @ self.W2.T) * self.a1 * (1 - self.a1)
        self.dW1 = self.X.T @ dz1
        self.db1 = np.mean(dz1, axis=0, keepdims=True)

    def step(self, lr):
        self.W1 -= lr * self.dW1
        self.b1 -= lr * self.db1
        self.W2 -= lr * self.dW2
        self.b2 -= lr * self.db2


np.random.seed(0)
X = np.random.randn(100, 2)
y = (X[:, 0] + X[:, 1] > 0.3).astype(float).reshape(-1, 1)
model = BinaryNet()
for epoch in range(300):
    model.forward(X)
    model.backward(y)
    model.step(1.0)
    if epoch % 100 == 0:
        print(f"Epoch {epoch}: loss = {model.bce(y):.4f}")
