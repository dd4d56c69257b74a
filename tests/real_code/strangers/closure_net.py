import numpy as np

sig = lambda z: 1 / (1 + np.exp(-z))


def make_loss(X, Y):
    """Bind the data once; the returned f takes (A, a, B, b) -> mse, (dA, da, dB, db)."""
    X = np.asarray(X, dtype=float)
    Y = np.asarray(Y, dtype=float)

    def f(weights):
        A, a, B, b = weights
        h = sig(X.dot(A) + a)
        o = sig(h.dot(B) + b)
        r = o - Y
        loss = (r ** 2).mean()

        do = 2 * r / r.size * o * (1 - o)
        dB, db = h.T.dot(do), do.sum(0)
        dh = do.dot(B.T) * h * (1 - h)
        dA, da = X.T.dot(dh), dh.sum(0)
        return loss, (dA, da, dB, db)

    return f


def descend(f, weights, rate=2.0, n=3000, report=1000):
    for i in range(n):
        loss, grads = f(weights)
        weights = tuple(w - rate * g for w, g in zip(weights, grads))
        if i % report == 0:
            print(i, loss)
    return weights


if __name__ == "__main__":
    # full adder: a, b, carry -> sum, carry
    X = [[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)]
    Y = [[sum(r) % 2, sum(r) // 2] for r in X]
    rng = np.random.default_rng(5)
    w0 = (rng.normal(size=(3, 6)), np.zeros(6), rng.normal(size=(6, 2)), np.zeros(2))
    descend(make_loss(X, Y), w0)
