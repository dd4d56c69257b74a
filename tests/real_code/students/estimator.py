import numpy as np


class HiddenLayerEstimator:
    """One ReLU layer and a softmax, with fit, predict and score.

    What fit() learns ends in an underscore. coefs_ and intercepts_ have two arrays each,
    costs_ has the cost before every step, classes_ the labels in their order.

    The cost is the mean cross-entropy plus alpha / (2 n) times the squares of the coefs_,
    n being the number of samples.
    """

    def __init__(self, hidden=100, alpha=0.0001, rate=0.1, max_iter=200, random_state=None):
        self.random_state = random_state
        self.max_iter = max_iter
        self.rate = rate
        self.alpha = alpha
        self.hidden = hidden

    def _start(self, n_features, n_classes):
        gen = np.random.default_rng(self.random_state)
        widths = [n_features, self.hidden, n_classes]
        self.coefs_ = [gen.normal(0, np.sqrt(2 / a), (a, b)) for a, b in zip(widths, widths[1:])]
        self.intercepts_ = [gen.normal(0, 0.05, b) for b in widths[1:]]

    def _both_layers(self, X):
        first = X @ self.coefs_[0] + self.intercepts_[0]
        first[first < 0] = 0.0
        second = first @ self.coefs_[1] + self.intercepts_[1]
        second = np.exp(second - second.max(axis=1, keepdims=True))
        return first, second / second.sum(axis=1, keepdims=True)

    def _cost_and_slopes(self, X, Y):
        n = len(X)
        first, share = self._both_layers(X)
        squares = sum((c * c).sum() for c in self.coefs_)
        cost = (self.alpha / 2 * squares - np.log((share * Y).sum(axis=1)).sum()) / n

        err = [None, (share - Y) / n]
        err[0] = (err[1] @ self.coefs_[1].T) * np.sign(first)
        coef_slopes, intercept_slopes = [], []
        for values, e, c in zip((X, first), err, self.coefs_):
            coef_slopes.append(values.T @ e + self.alpha / n * c)
            intercept_slopes.append(e.sum(axis=0))
        return cost, coef_slopes, intercept_slopes

    def fit(self, X, y):
        self.classes_, index = np.unique(y, return_inverse=True)
        Y = np.eye(len(self.classes_))[index]
        self._start(X.shape[1], Y.shape[1])
        self.costs_ = []
        while len(self.costs_) < self.max_iter:
            cost, coef_slopes, intercept_slopes = self._cost_and_slopes(X, Y)
            self.coefs_ = [c - self.rate * s for c, s in zip(self.coefs_, coef_slopes)]
            self.intercepts_ = [c - self.rate * s for c, s in zip(self.intercepts_, intercept_slopes)]
            self.costs_.append(cost)
        return self

    def predict(self, X):
        share = self._both_layers(X)[1]
        return self.classes_[np.argmax(share, axis=1)]

    def score(self, X, y):
        return float((self.predict(X) == y).mean())


if __name__ == "__main__":
    # three birds, told by four lengths
    gen = np.random.default_rng(23)
    birds = gen.choice(["finch", "robin", "wren"], size=75)
    usual = {"finch": (1, 0, -1, 0), "robin": (-1, 1, 0, 1), "wren": (0, -2, 1, 0)}
    lengths = np.array([usual[name] for name in birds]) + gen.normal(0, 0.7, (75, 4))
    est = HiddenLayerEstimator(hidden=15, alpha=0.01, random_state=4).fit(lengths, birds)
    print("cost", est.costs_[0], "to", est.costs_[-1], "score", est.score(lengths, birds))
