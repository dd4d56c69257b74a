"""Problem set: digits with one hidden layer. The passes are arguments, so that both can be swapped."""
import numpy as np


def softmax(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def get_initial_params(input_size, num_hidden, num_output):
    return {
        "W1": np.random.normal(size=(input_size, num_hidden)),
        "b1": np.zeros(num_hidden),
        "W2": np.random.normal(size=(num_hidden, num_output)),
        "b2": np.zeros(num_output),
    }


def forward_prop(data, labels, params):
    a1 = 1 / (1 + np.exp(-(data @ params["W1"] + params["b1"])))
    y = softmax(a1 @ params["W2"] + params["b2"])
    cost = -np.sum(labels * np.log(y)) / data.shape[0]
    return a1, y, cost


def backward_prop(data, labels, params, forward_prop_func):
    a1, y, cost = forward_prop_func(data, labels, params)
    n = data.shape[0]
    d2 = (y - labels) / n
    d1 = (d2 @ params["W2"].T) * a1
    return {
        "W1": data.T @ d1,
        "b1": d1.sum(axis=0),
        "W2": a1.T @ d2,
        "b2": d2.sum(axis=0),
    }


def gradient_descent_epoch(train_data, train_labels, rate, params, forward_prop_func, backward_prop_func):
    grads = backward_prop_func(train_data, train_labels, params, forward_prop_func)
    for key in params:
        params[key] -= rate * grads[key]
    return params


def run(data, labels, hidden=30, rate=5.0, epochs=10):
    params = get_initial_params(data.shape[1], hidden, labels.shape[1])
    for _ in range(epochs):
        gradient_descent_epoch(data, labels, rate, params, forward_prop, backward_prop)
    return params
