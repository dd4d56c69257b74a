"""
Ein kleines Netz mit austauschbarer Aktivierungsfunktion.
params: {"W1", "b1", "W2", "b2"}, Gradienten: {"W1_grad", ...}
"""
import numpy as np

ACTIVATIONS = {
    # name: (f, f' als Funktion der Ausgabe)
    "tanh": (np.tanh, lambda a: 1 - a ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(float)),
}


def make_params(n_in, n_hidden, n_out, rng):
    return {
        "W1": rng.normal(scale=n_in ** -0.5, size=(n_in, n_hidden)),
        "b1": np.zeros((1, n_hidden)),
        "W2": rng.normal(scale=n_hidden ** -0.5, size=(n_hidden, n_out)),
        "b2": np.zeros((1, n_out)),
    }


def forward(params, X, activation="tanh"):
    f, _ = ACTIVATIONS[activation]
    hidden = f(X @ params["W1"] + params["b1"])
    logits = hidden @ params["W2"] + params["b2"]
    logits = logits - logits.max(axis=1, keepdims=True)
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probs, (X, hidden, probs)


def loss(params, X, Y, activation="tanh", l2=0.01):
    probs, _ = forward(params, X, activation)
    ce = -(Y * np.log(probs)).sum(axis=1).mean()
    return ce + l2 / 2 * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))


def backward(params, cache, Y, activation="tanh", l2=0.01):
    X, hidden, probs = cache
    _, df = ACTIVATIONS[activation]
    d_logits = (probs - Y) / X.shape[0]
    d_hidden = d_logits @ params["W2"].T * df(hidden)
    return {
        "W1_grad": X.T @ d_hidden + l2 * params["W1"],
        "b1_grad": d_hidden.sum(axis=0, keepdims=True),
        "W2_grad": hidden.T @ d_logits + l2 * params["W2"],
        "b2_grad": d_logits.sum(axis=0, keepdims=True),
    }


def update(params, grads, lr):
    return {k: v - lr * grads[k + "_grad"] for k, v in params.items()}


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    labels = (X[:, 0] * X[:, 1] > 0).astype(int)
    Y = np.eye(2)[labels]
    params = make_params(2, 10, 2, rng)
    for step in range(400):
        probs, cache = forward(params, X)
        params = update(params, backward(params, cache, Y), lr=1.0)
    print("Verlust:", loss(params, X, Y), "Trefferquote:", (probs.argmax(axis=1) == labels).mean())
