# Exercise 4, handed in by group 12. Rewritten line by line from our own Matlab script.
import numpy as np


def logistic(s):
    return 1. / (1. + np.exp(-s))


def withBias(M):
    # a column of ones on the left
    return np.insert(M, 0, 1.0, axis=1)


def splitTheta(vec, nIn, nHid, nLab):
    first = nHid * (nIn + 1)
    return vec[:first].reshape(nHid, -1), vec[first:].reshape(nLab, -1)


def costAndGradient(vec, nIn, nHid, nLab, X, y, lambda_):
    """
    vec holds both matrices row by row, y the labels 1, 2, ..., nLab.
    The penalty leaves out column 0 of the matrices (the bias).
    """
    Theta1, Theta2 = splitTheta(vec, nIn, nHid, nLab)
    n = len(X)
    grad1 = lambda_ * Theta1
    grad2 = lambda_ * Theta2
    grad1[:, 0] = 0
    grad2[:, 0] = 0
    total = 0.0

    inputs = withBias(X)
    for k in range(n):
        x = inputs[k]
        hidden = np.append(1.0, logistic(Theta1 @ x))
        out = logistic(Theta2 @ hidden)
        wanted = (np.arange(1, nLab + 1) == y[k]) * 1.0
        total -= wanted @ np.log(out) + (1 - wanted) @ np.log(1 - out)

        errOut = out - wanted
        errHid = (errOut @ Theta2) * hidden * (1 - hidden)   # entry 0 belongs to the bias
        grad2 += errOut[:, None] * hidden
        grad1 += errHid[1:, None] * x

    weights = np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2)
    J = (total + lambda_ * weights / 2) / n
    return J, np.hstack((grad1.flatten(), grad2.flatten())) / n


def startingPoint(nIn, nHid, nLab, spread=0.4, seed=3):
    gen = np.random.RandomState(seed)
    return gen.uniform(-spread, spread, nHid * (nIn + 1) + nLab * (nHid + 1))


if __name__ == "__main__":
    # heights of three plants, watered differently
    gen = np.random.RandomState(12)
    y = gen.randint(1, 4, 12)
    X = np.column_stack([y + gen.randn(12) * .3, -y + gen.randn(12) * .3, gen.randn(12)])
    vec = startingPoint(3, 5, 3)
    for turn in range(150):
        J, grad = costAndGradient(vec, 3, 5, 3, X, y, 0.01)
        vec = vec - 0.9 * grad
        if turn % 50 == 0:
            print('turn', turn, 'J', J)
    print('end', J)
