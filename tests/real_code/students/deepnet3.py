import numpy as np

class DeepNet:
    """in -> width -> width -> out, ReLU ReLU softmax"""
    def __init__(self, n_features, width, n_classes, lr=0.1, seed=1):
        r = np.random.RandomState(seed)
        he = lambda i, o: r.randn(i, o) * np.sqrt(2 / i)
        self.W1, self.b1 = he(n_features, width), np.zeros(width)
        self.W2, self.b2 = he(width, width), np.zeros(width)
        self.W3, self.b3 = he(width, n_classes), np.zeros(n_classes)
        self.lr = lr

    def predict(self, X):
        self.H1 = np.maximum(0, X @ self.W1 + self.b1)
        self.H2 = np.maximum(0, self.H1 @ self.W2 + self.b2)
        S = self.H2 @ self.W3 + self.b3
        S = np.exp(S - S.max(1)[:, None])
        return S / S.sum(1)[:, None]

    def train_step(self, X, Y):
        P = self.predict(X)
        loss = -(Y * np.log(P + 1e-15)).sum() / len(X)

        d3 = (P - Y) / len(X)
        dW3, db3 = self.H2.T @ d3, d3.sum(0)
        d2 = (d3 @ self.W3.T) * (self.H2 > 0)
        dW2, db2 = self.H1.T @ d2, d2.sum(0)
        d1 = (d2 @ self.W2) * (self.H1 > 0)
        dW1, db1 = X.T @ d1, d1.sum(0)

        for p, g in [(self.W1, dW1), (self.b1, db1), (self.W2, dW2), (self.b2, db2), (self.W3, dW3), (self.b3, db3)]:
            p -= self.lr * g
        return loss

if __name__ == "__main__":
    r = np.random.RandomState(0)
    lab = r.randint(0, 4, 120)
    X = r.randn(120, 6) + 1.5 * np.eye(4, 6)[lab]
    Y = np.eye(4)[lab]
    net = DeepNet(6, 16, 4)
    for i in range(200):
        l = net.train_step(X, Y)
        if i % 50 == 0: print(i, l)
