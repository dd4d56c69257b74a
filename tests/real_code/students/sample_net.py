"""
A sigmoid network of any depth that learns with batches.

Inputs and targets are columns. The slopes are worked out for a single
pair and averaged afterwards.
"""
import numpy as np


def squash(v):
    """Logistic curve, entry by entry."""
    return 0.5 * (1.0 + np.tanh(0.5*v))


def squash_slope(s):
    """Its slope where its value is ``s``."""
    return s - s*s


class SampleNet(object):

    def __init__(self, widths, seed=None):
        """``widths``: how many units, from the inputs to the outputs."""
        draw = np.random.default_rng(seed).standard_normal
        self.widths = tuple(widths)
        self.weights, self.biases = [], []
        for fan_in, fan_out in zip(widths, widths[1:]):
            self.weights.append(draw((fan_out, fan_in)))
            self.biases.append(draw((fan_out, 1)))

    def forward(self, x):
        """The columns of all layers, the input first."""
        columns = [x]
        for layer in range(len(self.weights)):
            net_input = self.weights[layer] @ columns[layer] + self.biases[layer]
            columns.append(squash(net_input))
        return columns

    def miss(self, out, y):
        """How the cost of one pair rises with the outputs."""
        return out-y

    def backprop(self, x, y):
        """Slopes for the pair ``x``, ``y``: a list for the biases, then a
        list for the weights, both from the first layer on."""
        columns = self.forward(x)
        for_biases, for_weights = [], []
        error = self.miss(columns[-1], y)
        for layer in reversed(range(len(self.weights))):
            error = error * squash_slope(columns[layer+1])
            for_biases.insert(0, error)
            for_weights.insert(0, np.outer(error, columns[layer]))
            error = self.weights[layer].T @ error
        return for_biases, for_weights

    def learn_batch(self, pairs, rate):
        share = rate/len(pairs)
        slopes = [self.backprop(x, y) for x, y in pairs]
        for for_biases, for_weights in slopes:
            for layer in range(len(self.weights)):
                self.biases[layer] = self.biases[layer] - share*for_biases[layer]
                self.weights[layer] = self.weights[layer] - share*for_weights[layer]

    def learn(self, pairs, rate, rounds, batch_size, seed=0):
        order = np.random.default_rng(seed)
        for _ in range(rounds):
            shuffled = [pairs[i] for i in order.permutation(len(pairs))]
            while shuffled:
                self.learn_batch(shuffled[:batch_size], rate)
                del shuffled[:batch_size]

    def count_right(self, pairs):
        return sum(int(self.forward(x)[-1].argmax() == y.argmax()) for x, y in pairs)
