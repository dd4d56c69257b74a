# Lecture notes, week 5: one tanh layer, one sigmoid unit, all samples side by side.
# Problem: is a point of the map land or sea?
import numpy as np


def start_values(n_x, n_h, n_y, seed=6):
    """
    The dictionary of parameters: W1 (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1).
    """
    gen = np.random.default_rng(seed)
    parameters = {
        "b1": np.zeros((n_h, 1)),
        "W1": 0.01 * gen.standard_normal((n_h, n_x)),
        "b2": np.zeros((n_y, 1)),
        "W2": 0.01 * gen.standard_normal((n_y, n_h)),
    }
    assert all(p.ndim == 2 for p in parameters.values())
    return parameters


def forward(X, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = parameters["W2"] @ A1 + parameters["b2"]
    A2 = 1 / (1 + np.exp(-Z2))
    assert A2.shape[1] == X.shape[1]
    return A2, dict(Z1=Z1, A1=A1, Z2=Z2, A2=A2)


def mean_cost(A2, Y):
    assert A2.shape == Y.shape
    right = Y * A2 + (1 - Y) * (1 - A2)        # probability of what is true
    return float(-np.log(right).sum() / Y.shape[1])


def backward(parameters, cache, X, Y):
    """
    parameters: dictionary, see start_values
    cache: dictionary, second value of forward
    X (n_x, m), Y (n_y, m)

    Gives a dictionary with dW1, db1, dW2, db2.
    """
    A1 = cache["A1"]
    m = Y.shape[1]
    dZ2 = (cache["A2"] - Y) / m
    dA1 = parameters["W2"].T @ dZ2
    dZ1 = dA1 - dA1 * A1 ** 2

    grads = {}
    for layer, below, dZ in ((1, X, dZ1), (2, A1, dZ2)):
        grads[f"db{layer}"] = dZ @ np.ones((m, 1))
        grads[f"dW{layer}"] = dZ @ below.T
    assert all(grads["d" + name].shape == p.shape for name, p in parameters.items())
    return grads


def stepped(parameters, grads, rate):
    return {name: p - rate * grads["d" + name] for name, p in parameters.items()}


def train(X, Y, n_h=5, rounds=1500, rate=1.0, every=500):
    parameters = start_values(X.shape[0], n_h, Y.shape[0])
    for r in range(rounds):
        A2, cache = forward(X, parameters)
        if r % every == 0:
            print("round", r, "cost", mean_cost(A2, Y))
        parameters = stepped(parameters, backward(parameters, cache, X, Y), rate)
    return parameters


def coast(m=160):
    """Points of a square; land lies above a wavy line."""
    gen = np.random.default_rng(8)
    X = gen.uniform(-1.5, 1.5, (2, m))
    return X, (X[1:] > 0.6 * np.sin(2.5 * X[:1])).astype(int)


if __name__ == "__main__":
    X, Y = coast()
    parameters = train(X, Y)
    said = forward(X, parameters)[0].round()
    print("right: {:.1%}".format((said == Y).mean()))
