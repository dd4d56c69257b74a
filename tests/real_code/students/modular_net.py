"""A network from interchangeable parts: a part is a pair of functions, there and back.

there(...) gives the value and a note of what back(...) will want.
"""
import numpy as np


def linear(v, weight, bias):
    flat = v.reshape(len(v), -1)
    return flat @ weight + bias, (flat, weight, v.shape)


def linear_back(dvalue, note):
    flat, weight, shape = note
    return (dvalue @ weight.T).reshape(shape), flat.T @ dvalue, dvalue.sum(0)


def rectify(v):
    keep = v > 0
    return v * keep, keep


def rectify_back(dvalue, keep):
    return dvalue * keep


def cross_entropy(scores, y):
    """mean over the samples, and the derivative for the scores; y are class numbers"""
    n, k = scores.shape
    top = scores.max(axis=1, keepdims=True)
    logp = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    chosen = np.eye(k)[y]
    return -(chosen * logp).sum() / n, (np.exp(logp) - chosen) / n


class PartsNet:

    def __init__(self, n_hidden=20, n_inputs=48, n_classes=5, spread=0.1, reg=0.01):
        self.reg = reg
        self.params = {
            'W1': spread * np.random.standard_normal((n_inputs, n_hidden)),
            'W2': spread * np.random.standard_normal((n_hidden, n_classes)),
            'b1': np.zeros(n_hidden),
            'b2': np.zeros(n_classes),
        }

    def loss(self, X, y=None):
        p = self.params
        pre, note1 = linear(X, p['W1'], p['b1'])
        hid, keep = rectify(pre)
        scores, note2 = linear(hid, p['W2'], p['b2'])
        if y is None:
            return scores          # somebody only wants to predict

        value, back = cross_entropy(scores, y)
        for name in ('W1', 'W2'):
            value += self.reg / 2 * np.sum(p[name] ** 2)

        back, dW2, db2 = linear_back(back, note2)
        dW2 = dW2 + self.reg * p['W2']
        dW1, db1 = linear_back(rectify_back(back, keep), note1)[1:]
        return value, {'W1': dW1, 'W2': dW2, 'b1': db1, 'b2': db2}

    def descend(self, X, y, rate):
        value, slopes = self.loss(X, y)
        for name in self.params:
            self.params[name] = self.params[name] - rate * slopes[name]
        return value


if __name__ == '__main__':
    # weaving patterns, 6 threads by 8, five sorts
    np.random.seed(52)
    sort = np.random.choice(5, 50)
    cloth = np.random.standard_normal((5, 6, 8))[sort] + 0.5 * np.random.standard_normal((50, 6, 8))
    net = PartsNet()
    for turn in range(121):
        value = net.descend(cloth, sort, 0.2)
        if turn % 40 == 0:
            print('turn %3d  %.4f' % (turn, value))
