import numpy as np


class OnlineMLP:
    # learns one pattern at a time
    def __init__(self, n_hidden, n_in, n_out, lr=0.02):
        self.lr = lr
        self.w_hid = np.random.uniform(-0.5, 0.5, (n_hidden, n_in))
        self.b_hid = np.random.uniform(-0.5, 0.5, n_hidden)
        self.w_out = np.random.uniform(-0.5, 0.5, (n_out, n_hidden))
        self.b_out = np.random.uniform(-0.5, 0.5, n_out)

    def output(self, x):
        self.h = np.tanh(self.w_hid @ x + self.b_hid)
        return self.w_out @ self.h + self.b_out

    def train_step(self, x, t):
        o = self.output(x)
        e = t - o

        delta_o = e
        delta_h = (1 - self.h ** 2) * (self.w_out.T @ delta_o)

        self.w_out += self.lr * np.outer(delta_o, self.h)
        self.b_out += self.lr * delta_o
        self.w_hid += self.lr * np.outer(delta_h, x)
        self.b_hid -= self.lr * delta_h

        return 0.5 * np.dot(e, e)


def test():
    np.random.seed(3)
    net = OnlineMLP(8, 2, 2)
    for epoch in range(50):
        total = 0.0
        for _ in range(40):
            x = np.random.uniform(-1, 1, 2)
            t = np.array([x[0] * x[1], x[0] - x[1]])
            total += net.train_step(x, t)
        if epoch % 10 == 0:
            print(epoch, total / 40)


if __name__ == '__main__':
    test()
