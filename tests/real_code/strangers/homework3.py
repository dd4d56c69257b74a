"""
Homework 3, problem 2: gradients of a two layer network.
W1: (H, D)   b1: (H,)   W2: (K, H)   b2: (K,)
X: (N, D)    T: (N, K) one-hot
"""
import numpy as np


def softmax(A):
    A = A - A.max(1)[:, None]
    E = np.exp(A)
    return E / E.sum(1)[:, None]


def dtanh(h):
    # derivative of tanh in terms of its output
    return 1.0 - h


def network(X, W1, b1, W2, b2):
    H = np.tanh(X @ W1.T + b1)
    P = softmax(H @ W2.T + b2)
    return H, P


def nll(X, T, W1, b1, W2, b2):
    _, P = network(X, W1, b1, W2, b2)
    return -(T * np.log(P)).sum() / len(X)


def gradients(X, T, W1, b1, W2, b2):
    N = len(X)
    H, P = network(X, W1, b1, W2, b2)
    D2 = (P - T) / N
    dW2 = D2.T @ H
    db2 = D2.sum(0)
    D1 = D2 @ W2 * dtanh(H)
    dW1 = D1.T @ X
    db1 = D1.sum(0)
    return dW1, db1, dW2, db2


def run(seed=0, steps=500, eta=0.5):
    rng = np.random.RandomState(seed)
    N, D, H, K = 150, 2, 8, 3
    lab = rng.randint(K, size=N)
    ang = 2 * np.pi * lab / K
    X = np.stack([np.cos(ang), np.sin(ang)], 1) * 2 + rng.randn(N, D) * .6
    T = np.eye(K)[lab]
    W1 = rng.randn(H, D) * .3
    b1 = np.zeros(H)
    W2 = rng.randn(K, H) * .3
    b2 = np.zeros(K)
    for s in range(steps):
        g = gradients(X, T, W1, b1, W2, b2)
        W1, b1, W2, b2 = [p - eta * d for p, d in zip((W1, b1, W2, b2), g)]
        if s % 100 == 0:
            print(s, nll(X, T, W1, b1, W2, b2))
    print('acc', (network(X, W1, b1, W2, b2)[1].argmax(1) == lab).mean())


if __name__ == '__main__':
    run()
