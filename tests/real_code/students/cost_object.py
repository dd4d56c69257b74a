"""Second version of my net. New: the cost is an object of its own (a class that is given to the
net), and the first weights are small for wide layers."""
import numpy as np


def sig(v):
    return 1 / (1 + np.exp(-v))


def sig_slope(v):
    s = sig(v)
    return s - s ** 2


class Bernoulli:
    """Each output is the probability of a yes."""

    @staticmethod
    def of(out, y):
        yes, no = np.log(out), np.log1p(-out)
        return -(y * yes + (1 - y) * no).sum()

    @staticmethod
    def error(v, out, y):
        return sig_slope(v) * (out - y)


class CostNet:

    def __init__(self, widths, cost=Bernoulli):
        self.cost = cost
        self.depth = len(widths) - 1
        self.weights = []
        self.biases = []
        for below, here in zip(widths, widths[1:]):
            self.weights.append(np.random.normal(0, below ** -0.5, (here, below)))
            self.biases.append(np.random.normal(0, 1, (here, 1)))

    def layers(self, x):
        """what goes into the units of each layer, and what comes out (out[0] is x)"""
        into, out = [], [x]
        for k in range(self.depth):
            into.append(self.weights[k].dot(out[-1]) + self.biases[k])
            out.append(sig(into[-1]))
        return into, out

    def cost_of(self, pairs):
        costs = [self.cost.of(self.layers(x)[1][-1], y) for x, y in pairs]
        return np.mean(costs)

    def backprop(self, x, y):
        """slopes for one pair of columns: (list for biases, list for weights)"""
        into, out = self.layers(x)
        errors = [self.cost.error(into[-1], out[-1], y)]
        for k in range(self.depth - 1, 0, -1):
            errors.insert(0, sig_slope(into[k - 1]) * self.weights[k].T.dot(errors[0]))
        return errors, [e.dot(o.T) for e, o in zip(errors, out)]

    def step(self, pairs, rate):
        every = [self.backprop(x, y) for x, y in pairs]
        for k in range(self.depth):
            self.biases[k] -= rate * np.mean([b[k] for b, _ in every], axis=0)
            self.weights[k] -= rate * np.mean([w[k] for _, w in every], axis=0)


if __name__ == "__main__":
    # four yes/no answers of a questionnaire -> which of three courses are recommended
    np.random.seed(808)
    answers = np.random.randint(0, 2, (64, 4)).astype(float)
    courses = np.c_[answers[:, 0] * answers[:, 1], answers[:, 2], 1 - answers[:, 3]]
    pairs = [(a[:, None], c[:, None]) for a, c in zip(answers, courses)]
    net = CostNet([4, 6, 3])
    print("at first", net.cost_of(pairs))
    for turn in range(1, 21):
        for first in range(0, 64, 8):
            net.step(pairs[first:first + 8], 1.5)
        if turn % 10 == 0:
            print("turn", turn, "cost", net.cost_of(pairs))
