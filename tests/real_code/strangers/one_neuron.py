# Lesson 1: a single neuron. Will it rain (1) or not (0), from the pressure alone?
import numpy as np


def neuron(x, w, b):
    return 1 / (1 + np.exp(-(w * x + b)))


def surprise(x, t, w, b):
    y = neuron(x, w, b)
    return -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))


def grad_w(x, t, w, b):
    return np.mean((neuron(x, w, b) - t) * x)


def grad_b(x, t, w, b):
    return np.mean(neuron(x, w, b) - t)


def learn(x, t, speed=0.5, turns=200):
    w, b = 0.0, 0.0
    for turn in range(turns):
        dw = grad_w(x, t, w, b)
        db = grad_b(x, t, w, b)
        w -= speed * dw
        b -= speed * db
    return w, b


if __name__ == "__main__":
    rng = np.random.default_rng(5)
    pressure = rng.normal(size=120)
    rain = (pressure + 0.3 * rng.normal(size=120) < 0).astype(float)
    w, b = learn(pressure, rain)
    print(w, b, surprise(pressure, rain, w, b))
