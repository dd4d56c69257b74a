import numpy as np


def gradients(theta, X, Y):
    S = X.shape[1]
    z1 = theta["W0"] @ X + theta["b0"][:, None]
    a1 = np.log(1 + np.exp(z1))
    z2 = theta["W1"] @ a1 + theta["b1"][:, None]
    y_hat = np.exp(z2) / np.exp(z2).sum(axis=0)
    e2 = y_hat - Y
    delta1 = (theta["W1"].T @ e2) * (1 - np.exp(-a1))
    return {
        "W0": delta1 @ X.T / S,
        "b0": delta1.sum(axis=1) / S,
        "W1": e2 @ a1.T / S,
        "b1": e2.sum(axis=1),
    }
