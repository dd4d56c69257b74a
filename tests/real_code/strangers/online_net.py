"""Online (one sample at a time) backprop, for my notes.

Every layer is a dict with a weight matrix (to, from) and a bias column.
E = 1/2 sum_k (y_k - t_k)^2
"""
import numpy as np


def g(a):
    return 1. / (1. + np.exp(-a))


class Net:
    def __init__(self, *units, scale=0.5, rng=np.random.default_rng(0)):
        self.layers = []
        for n_from, n_to in zip(units[:-1], units[1:]):
            self.layers.append({'W': scale * rng.normal(size=(n_to, n_from)),
                                'b': scale * rng.normal(size=(n_to, 1))})

    def run(self, x):
        z = [x.reshape(-1, 1)]
        for lay in self.layers:
            z.append(g(lay['W'] @ z[-1] + lay['b']))
        return z

    def E(self, x, t):
        d = self.run(x)[-1] - t.reshape(-1, 1)
        return 0.5 * (d.T @ d).item()

    def derivs(self, x, t):
        """dE/dW and dE/db for one pattern, as a list of dicts like self.layers"""
        z = self.run(x)
        res = []
        # output layer
        delta = (z[-1] - t.reshape(-1, 1)) * z[-1] * (1 - z[-1])
        for j in reversed(range(len(self.layers))):
            res.insert(0, {'W': delta @ z[j].T, 'b': delta})
            # layer below
            delta = z[j] * (1 - z[j]) * (self.layers[j]['W'].T @ delta)
        return res

    def learn(self, patterns, eta=0.5, sweeps=10):
        for s in range(sweeps):
            total = 0
            for x, t in patterns:
                total += self.E(x, t)
                for lay, d in zip(self.layers, self.derivs(x, t)):
                    lay['W'] -= eta * d['W']
                    lay['b'] -= eta * d['b']
            if s % 50 == 0:
                print('sweep %3d   E = %.4f' % (s, total))


if __name__ == '__main__':
    # 8-3-8 encoder
    eye = np.eye(8)
    net = Net(8, 3, 8)
    net.learn([(r, r) for r in eye], eta=2.0, sweeps=301)
    for r in eye:
        print(np.round(net.run(r)[1].ravel(), 1), np.argmax(net.run(r)[-1]))
