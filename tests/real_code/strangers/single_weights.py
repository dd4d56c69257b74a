import numpy as np

# Every weight is a number of its own. No matrices, so that one can follow it with a pencil.

def squash(v):
  return 1 / (1 + np.exp(-v))

def steep(s):
  # slope of squash where it gives s
  return s * (1 - s)

class PencilNet:
  '''
  x0 --w1--\\                  two inputs
  x1 --w2--- h1 --w5--\\       two units between
  x0 --w3--\\           o      one output
  x1 --w4--- h2 --w6--/       b1, b2 and b3 are added in h1, h2 and o
  '''
  def __init__(self, seed=None):
    gen = np.random.RandomState(seed)
    self.b1, self.b2, self.b3 = 0.0, 0.0, 0.0
    self.w1, self.w2, self.w3 = gen.uniform(-1, 1, 3)
    self.w4, self.w5, self.w6 = gen.uniform(-1, 1, 3)

  def units(self, x):
    h1 = squash(self.b1 + x[0] * self.w1 + x[1] * self.w2)
    h2 = squash(self.b2 + x[0] * self.w3 + x[1] * self.w4)
    return h1, h2, squash(self.b3 + h1 * self.w5 + h2 * self.w6)

  def answer(self, x):
    return self.units(x)[2]

  def mse(self, xs, ys):
    return np.mean([(self.answer(x) - y) ** 2 for x, y in zip(xs, ys)])

  def train(self, xs, ys, rounds=600, rate=0.2):
    for r in range(rounds):
      for x, y in zip(xs, ys):
        h1, h2, o = self.units(x)

        # slope of (o - y)^2 for what goes into o, h1 and h2
        s3 = 2 * (o - y) * steep(o)
        s1 = s3 * self.w5 * steep(h1)
        s2 = s3 * self.w6 * steep(h2)

        # into h1
        self.b1 -= rate * s1
        self.w1 -= rate * s1 * x[0]
        self.w2 -= rate * s1 * x[1]

        # into h2
        self.b2 -= rate * s2
        self.w3 -= rate * s2 * x[0]
        self.w4 -= rate * s2 * x[1]

        # into o
        self.b3 -= rate * s3
        self.w5 -= rate * s3 * h1
        self.w6 -= rate * s3 * h2

      if r % 150 == 0:
        print('round', r, 'mse', self.mse(xs, ys))

# will the cake rise? grams of yeast and minutes of waiting, each minus its mean
doughs = np.array([[-3.0, 1.0], [2.5, 2.0], [1.0, -4.0], [3.0, 3.5], [-1.5, -2.0], [0.5, 3.0]])
rises = np.array([0, 1, 0, 1, 0, 1])

net = PencilNet(seed=35)
net.train(doughs, rises)
for dough in ([2.0, 2.5], [-2.0, -1.0]):
  print(dough, 'rises:', round(float(net.answer(dough)), 3))
