import numpy as np

# Which of three teas? Two measurements, five sigmoid units. One function for everything.


def logistic(v):
    return 1 / (1 + np.exp(-v))


def row_softmax(v):
    v = np.exp(v - np.amax(v, axis=1, keepdims=True))
    v /= np.sum(v, axis=1, keepdims=True)
    return v


def forward(X, W1, b1, W2, b2):
    hid = logistic(X @ W1 + b1)
    prob = row_softmax(hid @ W2 + b2)
    return prob, hid


def loss(Y, prob):
    return -np.log((Y * prob).sum(axis=1)).mean()


def backward(X, Y, W1, b1, W2, b2):
    """In the order of the arguments: gradient for W1, b1, W2, b2. Y has one 1 a row."""
    prob, hid = forward(X, W1, b1, W2, b2)
    top = (prob - Y) / Y.shape[0]
    g_W2, g_b2 = hid.T @ top, top.sum(axis=0)
    low = hid * (1 - hid) * (top @ W2.T)
    g_W1, g_b1 = X.T @ low, low.sum(axis=0)
    return g_W1, g_b1, g_W2, g_b2


def learn(X, Y, rounds=400, rate=0.8, n_hid=5):
    gen = np.random.RandomState(17)
    p = [gen.randn(X.shape[1], n_hid), np.zeros(n_hid), gen.randn(n_hid, Y.shape[1]), np.zeros(Y.shape[1])]
    for r in range(rounds):
        p = [old - rate * g for old, g in zip(p, backward(X, Y, *p))]
        if (r + 1) % 100 == 0:
            print('after', r + 1, 'rounds:', loss(Y, forward(X, *p)[0]))
    return p


if __name__ == '__main__':
    gen = np.random.RandomState(6)
    tea = np.tile([0, 1, 2], 40)
    caffeine = np.array([1.2, 0.3, -0.9])[tea] + 0.4 * gen.randn(120)
    tannin = np.array([0.5, -1.0, 0.2])[tea] + 0.4 * gen.randn(120)
    X = np.stack([caffeine, tannin], axis=1)
    p = learn(X, np.eye(3)[tea])
    print('share right:', (forward(X, *p)[0].argmax(axis=1) == tea).mean())
