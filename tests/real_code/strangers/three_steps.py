import numpy as np
class NN:
    def __init__(self, i, h, o):
        self.w1 = np.random.randn(i, h); self.bias1 = np.zeros(h)
        self.w2 = np.random.randn(h, o); self.bias2 = np.zeros(o)
    def forward(self, X):
        self.X = X
        self.a = np.tanh(X @ self.w1 + self.bias1)
        z = self.a @ self.w2 + self.bias2
        e = np.exp(z - z.max(1, keepdims=True))
        self.p = e / e.sum(1, keepdims=True)
        return self.p
    def backward(self, Y):
        self.delta2 = (self.p - Y) / len(Y)
        self.delta1 = self.delta2 @ self.w2.T * (1 - self.a ** 2)
    def apply_gradients(self, lr):
        self.w2 -= lr * self.a.T @ self.delta2
        self.bias2 -= lr * self.delta2.mean(0)
        self.w1 -= lr * self.X.T @ self.delta1
        self.bias1 -= lr * self.delta1.sum(0)
