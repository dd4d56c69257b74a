import numpy as np


class ScoreNet(object):
    """
    Rows of measurements -> hidden units (rectified) -> a score for each class.

    params has the weights under W1 and W2 and what is added under b1 and b2.
    The loss is the mean softmax loss; weights cost reg times their squares.
    """

    def __init__(self, n_inputs, n_hidden, n_classes, spread=0.2, seed=None):
        gen = np.random.default_rng(seed)
        self.params = {}
        for k, (a, b) in enumerate([(n_inputs, n_hidden), (n_hidden, n_classes)], 1):
            self.params['W%d' % k] = gen.normal(0, spread, (a, b))
            self.params['b%d' % k] = np.zeros(b)

    def loss(self, X, y=None, reg=0.05):
        """
        X: rows of measurements.
        y: class of each row. Leave it out to get the scores only.
        reg: price of the squared weights.

        With y, you get the loss and the slopes (dictionary like params).
        """
        W1, b1, W2, b2 = [self.params[name] for name in ('W1', 'b1', 'W2', 'b2')]
        pre = X @ W1 + b1
        act = np.where(pre > 0, pre, 0)
        scores = act @ W2 + b2
        if y is None:
            return scores

        size = len(y)
        share = np.exp(scores - scores.max(axis=1)[:, None])
        share /= share.sum(axis=1)[:, None]
        target = np.zeros_like(share)
        target[range(size), y] = 1
        price = np.sum(W1 ** 2) + np.sum(W2 ** 2)
        value = -np.sum(np.log(share) * target) / size + reg * price

        back = (share - target) / size
        slopes = {'W2': act.T @ back, 'b2': back.sum(axis=0)}
        back = (back @ W2.T) * (pre > 0)
        slopes.update(W1=X.T @ back, b1=back.sum(axis=0))

        # what the weights cost
        for name in 'W1', 'W2':
            slopes[name] += reg * self.params[name]
        return value, slopes

    def learn(self, X, y, X_test, y_test, rate=0.3, cool=0.998, reg=1e-5, rounds=150,
              size=16, talk=False, seed=0):
        pick = np.random.default_rng(seed)
        log = {'loss': [], 'test': []}
        for r in range(rounds):
            some = pick.integers(len(X), size=size)
            value, slopes = self.loss(X[some], y[some], reg=reg)
            self.params = {name: p - rate * slopes[name] for name, p in self.params.items()}
            rate = rate * cool
            log['loss'].append(value)
            if r % 30 == 0:
                log['test'].append(np.mean(self.choose(X_test) == y_test))
                if talk:
                    print('round', r, 'loss', round(float(value), 4), 'test', log['test'][-1])
        return log

    def choose(self, X):
        return self.loss(X).argmax(axis=1)


def rocks(n, seed):
    # density, hardness, gloss, grain of three rocks
    usual = np.array([[2.6, 6.5, 0.2, 1.1], [2.7, 3.0, 0.8, 0.4], [3.0, 5.0, 0.4, 0.2]])
    gen = np.random.default_rng(seed)
    y = gen.integers(3, size=n)
    return usual[y] + gen.normal(0, 0.3, (n, 4)), y


if __name__ == '__main__':
    net = ScoreNet(4, 10, 3, seed=6)
    log = net.learn(*rocks(90, 1), *rocks(60, 2), talk=True)
    print('at the end', np.mean(log['loss'][-10:]))
