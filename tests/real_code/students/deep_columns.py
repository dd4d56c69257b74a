"""Any number of ReLU layers, then one sigmoid layer. Samples are columns.

The weights are in one dictionary: W1, b1, W2, b2, ... The derivatives come in one too,
with a d in front, and with dA0, dA1, ... for the values between the layers.
"""
import numpy as np

UNITS = {
    "relu": lambda z: np.where(z > 0, z, 0.0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}


def unit_backward(dA, Z, kind):
    if kind == "relu":
        return np.where(Z > 0, dA, 0.0)
    a = UNITS["sigmoid"](Z)
    return dA * (a - a * a)


def fresh_parameters(widths, seed=9):
    gen = np.random.default_rng(seed)
    parameters = {}
    for i, (below, here) in enumerate(zip(widths, widths[1:]), start=1):
        parameters[f"W{i}"] = gen.normal(0, below ** -0.5, size=(here, below))
        parameters[f"b{i}"] = np.zeros((here, 1))
    return parameters


def deep_forward(X, parameters):
    depth = len(parameters) // 2
    caches, A = [], X
    for i in range(1, depth + 1):
        kind = "sigmoid" if i == depth else "relu"
        W = parameters[f"W{i}"]
        Z = W @ A + parameters[f"b{i}"]
        caches.append((A, W, Z, kind))
        A = UNITS[kind](Z)
    return A, caches


def deep_cost(AL, Y):
    wrong = np.where(Y == 1, 1 - AL, AL)
    return -np.log1p(-wrong).sum() / Y.shape[1]


def deep_backward(AL, Y, caches):
    """
    AL      what deep_forward says, a row of probabilities
    Y       what is true, a row of 0 and 1
    caches  the second thing that deep_forward returns
    """
    m = AL.shape[1]
    grads = {}
    dA = (AL - Y) / (AL * (1 - AL))
    for i in range(len(caches), 0, -1):
        below, W, Z, kind = caches[i - 1]
        dZ = unit_backward(dA, Z, kind)
        grads[f"db{i}"] = dZ.mean(axis=1, keepdims=True)
        grads[f"dW{i}"] = dZ @ below.T / m
        dA = W.T @ dZ
        grads[f"dA{i - 1}"] = dA
    return grads


def descend(X, Y, widths, rate=0.2, rounds=400, talk=False):
    parameters, history = fresh_parameters(widths), []
    for r in range(rounds):
        AL, caches = deep_forward(X, parameters)
        history.append(deep_cost(AL, Y))
        grads = deep_backward(AL, Y, caches)
        parameters = {name: value - rate * grads["d" + name] for name, value in parameters.items()}
        if talk and r % 80 == 0:
            print(f"round {r}: {history[-1]:.4f}")
    return parameters, history


if __name__ == '__main__':
    # does a melody of 12 notes end higher than it began?
    notes = np.random.default_rng(2).integers(-4, 5, size=(12, 80)) / 4.0
    rises = (notes[-3:].sum(axis=0) > notes[:3].sum(axis=0)).astype(int)[None, :]
    descend(notes, rises, [12, 8, 5, 1], talk=True)
