# Exercise sheet 4: a network with one hidden layer, weights in a single vector.
# (Data are made up here: apples, pears and quinces.)
import numpy as np

FRUITS = 3


def squash(v):
    return 1 / (1 + np.exp(-v))


def squash_slope(v):
    return squash(v) * squash(-v)


def with_ones(M):
    return np.c_[np.ones(len(M)), M]


def matrices(params, n_in, n_hid, n_lab):
    cut = n_hid * (1 + n_in)
    Theta1, Theta2 = np.split(params, [cut])
    return Theta1.reshape(n_hid, 1 + n_in), Theta2.reshape(n_lab, 1 + n_hid)


def layers(params, n_in, n_hid, n_lab, X):
    Theta1, Theta2 = matrices(params, n_in, n_hid, n_lab)
    into = with_ones(X) @ Theta1.T
    return into, squash(with_ones(squash(into)) @ Theta2.T)


def cost_and_gradient(params, n_in, n_hid, n_lab, X, y, lmbda):
    """Cost and its slope, a vector like params. The labels y start at 0."""
    Theta1, Theta2 = matrices(params, n_in, n_hid, n_lab)
    into, out = layers(params, n_in, n_hid, n_lab, X)
    truth = (y.reshape(-1, 1) == np.arange(n_lab)).astype(float)
    n = len(y)

    # a) cost; the ones have no penalty
    fit = truth * np.log(out) + (1 - truth) * np.log(1 - out)
    penalty = sum(np.square(Theta[:, 1:]).sum() for Theta in (Theta1, Theta2))
    cost = (lmbda * penalty / 2 - fit.sum()) / n

    # b) slopes
    e_out = out - truth
    e_hid = squash_slope(into) * (e_out @ Theta2)[:, 1:]
    slope1 = (e_hid.T @ with_ones(X) + lmbda * Theta1) / n
    slope2 = (e_out.T @ with_ones(squash(into)) + lmbda * Theta2) / n
    return cost, np.append(slope1, slope2)


def basket(n, seed=10):
    gen = np.random.default_rng(seed)
    y = gen.integers(FRUITS, size=n)
    usual = gen.uniform(-2, 2, (FRUITS, 6))
    return usual[y] + gen.normal(0, 0.8, (n, 6)), y


if __name__ == '__main__':
    X, y = basket(80)
    sizes = 6, 5, FRUITS
    params = np.random.default_rng(9).uniform(-0.2, 0.2, 5 * 7 + FRUITS * 6)
    for turn in range(301):
        cost, slope = cost_and_gradient(params, *sizes, X, y, 1)
        params = params - 0.8 * slope
        if turn % 100 == 0:
            print('turn', turn, 'cost', cost)
    said = layers(params, *sizes, X)[1].argmax(axis=1)
    print((said == y).sum(), 'of', len(y), 'fruits')
