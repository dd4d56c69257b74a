import numpy as np

class ParityNet():
    """Odd or even number of ones. Sigmoid units, sigmoid output."""

    def __init__(self, bits=2, units=4, outputs=1, seed=30):
        gen = np.random.default_rng(seed)
        self.b1, self.b2 = gen.normal(size=units), gen.normal(size=outputs)
        self.W1 = gen.normal(size=(bits, units))
        self.W2 = gen.normal(size=(units, outputs))

    def squash(self, v):
        return np.exp(v) / (np.exp(v) + 1)

    def squash_slope(self, s):
        # given the squashed value
        return s * (1 - s)

    def forward(self, X):
        self.mid = self.squash(X @ self.W1 + self.b1)
        self.out = self.squash(self.mid @ self.W2 + self.b2)
        return self.out

    def loss(self, y):
        return 0.5 * ((self.out - y) ** 2).sum() / y.shape[0]

    def backward(self, X, y, lr=0.5):
        """Call forward before. Moves the parameters, gives nothing back."""
        share = lr / X.shape[0]
        up_out = (y - self.out) * self.squash_slope(self.out)
        up_mid = self.squash_slope(self.mid) * (up_out @ self.W2.T)
        for weights, bias, below, up in (
            (self.W1, self.b1, X, up_mid),
            (self.W2, self.b2, self.mid, up_out),
        ):
            weights += share * below.T @ up
            bias += share * up.sum(axis=0)

    def train(self, X, y, rounds, lr):
        for r in range(1, rounds + 1):
            self.forward(X)
            self.backward(X, y, lr)
            if r % 1500 == 0:
                print('round', r, 'loss', self.loss(y))


if __name__ == '__main__':
    bits = np.array([[n >> k & 1 for k in range(3)] for n in range(8)], dtype=float)
    odd = bits.sum(axis=1, keepdims=True) % 2
    net = ParityNet(bits=3, units=6)
    net.train(bits, odd, 4500, 3.0)
    for row, said in zip(bits.astype(int), net.forward(bits)):
        print(*row, '->', said.round(2))
