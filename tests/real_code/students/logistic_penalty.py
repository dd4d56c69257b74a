import numpy as np


def polynomialTerms(u, v, upTo=3):
    """1, then all products of powers of u and v up to the total degree."""
    powers = [(p, q) for p in range(upTo + 1) for q in range(upTo + 1 - p)]
    return np.stack([u ** p * v ** q for p, q in powers], axis=1)


def logistic(s):
    return 0.5 + 0.5 * np.tanh(s / 2)


def penalisedCost(theta, X, y, lambda_):
    """
    Value and slope of the penalised cost of a logistic regression.

    theta is a vector, one entry a column of X. Column 0 of X is constant, and theta[0]
    is free of the penalty. y is a vector of 0 and 1.
    """
    n = len(y)
    p = logistic(X @ theta)
    free = np.concatenate(([0.0], theta[1:]))

    grad = ((p - y) @ X + lambda_ * free) / n
    value = -np.log(np.where(y == 1, p, 1 - p)).sum() / n
    value = value + lambda_ * (free @ free) / (2 * n)
    return value, grad


if __name__ == '__main__':
    # will the seed sprout? temperature and moisture, both from -1 to 1
    gen = np.random.default_rng(64)
    warm, wet = gen.uniform(-1, 1, (2, 140))
    sprouts = (wet > warm ** 2 - 0.4).astype(float)
    X = polynomialTerms(warm, wet)
    theta = np.zeros(X.shape[1])
    for turn in range(800):
        value, grad = penalisedCost(theta, X, sprouts, 0.1)
        theta = theta - 1.5 * grad
    said = logistic(X @ theta) > 0.5
    print('value %.4f, %d of %d right' % (value, (said == sprouts).sum(), len(sprouts)))
