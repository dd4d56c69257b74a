import argparse
import numpy as np


class BinaryClassifier():
    def __init__(self, n_in, n_hidden=8, learning_rate=0.01, random_state=None):
        rs = np.random.RandomState(random_state)
        self.lr = learning_rate
        self.w_hidden = rs.randn(n_hidden, n_in) * 0.5
        self.b_hidden = np.zeros(n_hidden)
        self.w_out = rs.randn(1, n_hidden) * 0.5
        self.b_out = np.zeros(1)

    @staticmethod
    def _sigmoid(z):
        return .5 + .5 * np.tanh(.5 * z)

    def _feed(self, xi):
        h = self._sigmoid(self.w_hidden.dot(xi) + self.b_hidden)
        o = self._sigmoid(self.w_out.dot(h) + self.b_out)
        return h, o

    def predict_proba(self, X):
        return np.array([self._feed(xi)[1] for xi in X])     # (S, 1)

    def loss(self, X, y):
        p = self.predict_proba(X)
        return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))

    def gradient(self, X, y):
        """Sum of the per-sample gradients, y is (S, 1) with zeros and ones."""
        grad_w_hidden = np.zeros_like(self.w_hidden)
        grad_b_hidden = np.zeros_like(self.b_hidden)
        grad_w_out = np.zeros_like(self.w_out)
        grad_b_out = np.zeros_like(self.b_out)
        for i in range(X.shape[0]):
            xi = X[i]
            h, o = self._feed(xi)
            delta_out = o - y[i]
            delta_hidden = self.w_out.T.dot(delta_out) * h * (1 - h)
            grad_w_out += np.outer(delta_out, h)
            grad_b_out += delta_out
            grad_w_hidden += np.outer(delta_hidden, xi)
            grad_b_hidden += delta_hidden
        return {'w_hidden': grad_w_hidden, 'b_hidden': grad_b_hidden,
                'w_out': grad_w_out, 'b_out': grad_b_out}

    def fit(self, X, y, n_iter=100):
        self.cost_ = []
        for _ in range(n_iter):
            g = self.gradient(X, y)
            for name, value in g.items():
                setattr(self, name, getattr(self, name) - self.lr * value)
            self.cost_.append(self.loss(X, y))
        return self


def main():
    ap = argparse.ArgumentParser(description='rings, inside or outside')
    ap.add_argument('--hidden', type=int, default=8)
    ap.add_argument('--iters', type=int, default=100)
    ap.add_argument('--lr', type=float, default=0.05)
    args = ap.parse_args()

    rs = np.random.RandomState(0)
    X = rs.uniform(-2, 2, (100, 2))
    y = (np.hypot(X[:, 0], X[:, 1]) < 1.3).astype(float).reshape(-1, 1)
    clf = BinaryClassifier(2, args.hidden, args.lr, random_state=1).fit(X, y, args.iters)
    print('cost %.3f -> %.3f' % (clf.cost_[0], clf.cost_[-1]))
    print('accuracy', np.mean((clf.predict_proba(X) > .5) == y))


if __name__ == '__main__':
    main()
