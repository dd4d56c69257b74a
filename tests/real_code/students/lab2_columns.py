# Lab 2: soil types from eight sensor readings.
# A column is a sample. W is a list of two matrices, b a list of two columns.
import numpy as np


def RandomWeights(nIn, nHid, nOut, seed=77):
    gen = np.random.default_rng(seed)
    W, b = [], []
    for rows, cols in ((nHid, nIn), (nOut, nHid)):
        W.append(gen.standard_normal((rows, cols)) * cols ** -0.5)
        b.append(np.zeros((rows, 1)))
    return W, b


def Forward(X, W, b):
    # hidden layer with rectifier, then class probabilities
    hid = (W[0] @ X + b[0]).clip(min=0)
    logits = W[1] @ hid + b[1]
    top = logits.max(axis=0, keepdims=True)
    lse = top + np.log(np.exp(logits - top).sum(axis=0, keepdims=True))
    return hid, np.exp(logits - lse)


def Objective(X, Y, W, b, decay):
    prob = Forward(X, W, b)[1]
    fit = -np.log(prob[Y == 1]).mean()
    size = sum((M ** 2).sum() for M in W)
    return fit + decay * size


def Gradients(X, Y, W, b, decay):
    """Two lists, for W and for b, with the first layer first."""
    hid, prob = Forward(X, W, b)
    err2 = (prob - Y) / X.shape[1]
    err1 = np.where(hid > 0, W[1].T @ err2, 0.0)
    forW, forB = [], []
    for err, below, M in ((err1, X, W[0]), (err2, hid, W[1])):
        forW.append(err @ below.T + 2 * decay * M)
        forB.append(err.sum(axis=1).reshape(-1, 1))
    return forW, forB


def Descend(X, Y, W, b, decay, rate=0.1, rounds=15, size=25):
    gen = np.random.default_rng(4)
    for _ in range(rounds):
        for some in np.array_split(gen.permutation(X.shape[1]), X.shape[1] // size):
            forW, forB = Gradients(X[:, some], Y[:, some], W, b, decay)
            W = [M - rate * g for M, g in zip(W, forW)]
            b = [c - rate * g for c, g in zip(b, forB)]
    return W, b


if __name__ == "__main__":
    gen = np.random.default_rng(5)
    soil = gen.integers(5, size=250)
    typical = gen.uniform(-2, 2, (8, 5))
    X = typical[:, soil] + gen.normal(size=(8, 250))
    Y = (np.arange(5)[:, None] == soil).astype(float)
    W, b = RandomWeights(8, 20, 5)
    print("untrained:", Objective(X, Y, W, b, 0.001))
    W, b = Descend(X, Y, W, b, 0.001)
    hits = Forward(X, W, b)[1].argmax(axis=0) == soil
    print("trained:", Objective(X, Y, W, b, 0.001), "hits:", hits.mean())
