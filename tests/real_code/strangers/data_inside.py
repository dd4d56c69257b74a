# A net that carries its own data around. Two matrices of weights, nothing is added to them.

import numpy as np

def squash(v):
    return 1/(1 + np.exp(-v))

def slope_of(s):
    # wants the squashed value
    return s - s**2

class DataNet:
    def __init__(self, x, y):
        gen = np.random.RandomState(61)
        self.x, self.y  = x, y
        self.w_out      = gen.normal(0, 1, (4, 1))
        self.w_in       = gen.normal(0, 1, (x.shape[1], 4))
        self.out        = None

    def forward(self):
        self.mid = squash(self.x @ self.w_in)
        self.out = squash(self.mid @ self.w_out)
        return self.out

    def loss(self):
        miss = self.out - self.y
        return (miss * miss).sum()

    def backward(self):
        # twice what is missing, through the last squash
        pull     = 2*(self.y - self.out)*slope_of(self.out)
        pull_mid = slope_of(self.mid)*(pull @ self.w_out.T)

        # downhill all the way, no learning rate
        self.w_in  += self.x.T @ pull_mid
        self.w_out += self.mid.T @ pull


if __name__ == "__main__":
    # a seesaw with two children on it: does the left side go down?
    kids = np.array([[0.2, 0.9], [0.8, 0.1], [0.5, 0.4], [0.3, 0.6], [0.9, 0.7], [0.1, 0.3]])
    left = (kids[:, :1] > kids[:, 1:]).astype(float)
    net = DataNet(kids, left)

    for turn in range(600):
        net.forward()
        net.backward()
        if turn % 200 == 0:
            print(turn, net.loss())

    print(net.forward().ravel().round(3), left.ravel())
