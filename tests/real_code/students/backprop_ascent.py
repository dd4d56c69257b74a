# Three kinds of stars from colour and brightness.
# We climb: the likelihood of the data has to go UP, so the slopes are those of sum(T log Y).
#   X  measurements     H  hidden units, tanh
#   Y  what the net says (softmax)     T  what is true (rows of zeros with a single 1)
import numpy as np


def say(X, W1, b1, W2, b2):
    H = np.tanh(X @ W1 + b1)
    raw = H @ W2 + b2
    raw = np.exp(raw - raw.max(axis=1)[:, None])
    return H, raw / raw.sum(axis=1)[:, None]


def log_likelihood(T, Y):
    return np.log((T * Y).sum(axis=1)).sum()


def slope_w1(X, H, T, Y, W2):
    back = (T - Y) @ W2.T
    back = back * (H * (1 - H))
    return X.T @ back


def slope_b1(T, Y, W2, H):
    back = (T - Y) @ W2.T
    back = back * (1 - H ** 2)
    return np.sum(back, axis=0)


def slope_w2(H, T, Y):
    return H.T @ (T - Y)


def slope_b2(T, Y):
    return np.sum(T - Y, axis=0)


if __name__ == '__main__':
    gen = np.random.default_rng(31)
    kind = gen.choice(3, size=90)
    X = np.array([[0.4, 1.1], [1.6, -0.9], [-0.8, -0.2]])[kind]
    X = X + gen.normal(scale=0.45, size=X.shape)
    T = (kind[:, None] == [0, 1, 2]) * 1.0

    W1, b1 = gen.normal(size=(2, 4)), np.zeros(4)
    W2, b2 = gen.normal(size=(4, 3)), np.zeros(3)
    up = 2e-3
    for n in range(601):
        H, Y = say(X, W1, b1, W2, b2)
        if n % 150 == 0:
            print(n, 'log likelihood', log_likelihood(T, Y), 'right', (Y.argmax(1) == kind).mean())
        s = slope_w1(X, H, T, Y, W2), slope_b1(T, Y, W2, H), slope_w2(H, T, Y), slope_b2(T, Y)
        W1, b1, W2, b2 = W1 + up * s[0], b1 + up * s[1], W2 + up * s[2], b2 + up * s[3]
