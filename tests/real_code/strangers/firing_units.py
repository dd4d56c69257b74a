from random import uniform
from math import exp
class Unit(object):
    def __init__(self, n_in):
        self.weights = [uniform(-.1, .1) for _ in range(n_in + 1)]   # w0 is the bias
    def fire(self, xs):
        self.xs = [1.0] + list(xs)
        self.y = 1.0 / (1.0 + exp(-sum(w * x for w, x in zip(self.weights, self.xs))))
        return self.y
class Net(object):
    def __init__(self, *sizes):
        self.layers = [[Unit(a) for _ in range(b)] for a, b in zip(sizes, sizes[1:])]
    def forward(self, xs):
        for layer in self.layers:
            xs = [u.fire(xs) for u in layer]
        return xs
    def learn(self, xs, ts, eta=0.1):
        ys = self.forward(xs)
        ds = [(y - t) * y * (1 - y) for y, t in zip(ys, ts)]
        for k in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[k]
            below = [sum(u.weights[i + 1] * d for u, d in zip(layer, ds)) for i in range(len(layer[0].xs) - 1)]
            for u, d in zip(layer, ds):
                u.weights = [w - eta * d * x for w, x in zip(u.weights, u.xs)]
            if k:
                ds = [b * (1 - u.y) for b, u in zip(below, self.layers[k - 1])]
