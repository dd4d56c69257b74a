import numpy as np

# rain (cm) and sunny days in a month -> harvest in tons
weather = np.array([[6.0, 12], [9.5, 20], [3.0, 25], [8.0, 9], [7.0, 18]])
tons = np.array([[41.0], [73], [35], [44]])

top = weather.max(axis=0)
known = weather[:4] / top  # the last year has no harvest yet
open_year = weather[4:] / top
harvest = tons / 100

class HarvestNet(object):
  def __init__(self):
    # 2 inputs, 3 units, 1 output, nothing is added (no bias)
    self.W2 = np.random.uniform(-1, 1, (3, 1))
    self.W1 = np.random.uniform(-1, 1, (2, 3))

  def squeeze(self, v):
    return 1 / (1 + np.exp(-v))

  def steep(self, s):
    # s was squeezed before
    return s - s * s

  def forward(self, X):
    self.hid = self.squeeze(X @ self.W1) # kept for backward
    return self.squeeze(self.hid @ self.W2)

  def backward(self, X, y, o):
    self.push_o = self.steep(o) * (y - o) # pushes the output
    self.W2 = self.W2 + self.hid.T @ self.push_o # unit -> output links

    self.push_h = (self.push_o @ self.W2.T) * self.steep(self.hid) # pushes the units
    self.W1 = self.W1 + X.T @ self.push_h # input -> unit links

  def train(self, X, y):
    self.backward(X, y, self.forward(X))

  def off(self, X, y):
    return 0.5 * ((y - self.forward(X)) ** 2).sum()

np.random.seed(73)
farm = HarvestNet()
before = farm.off(known, harvest)
for year in range(800):
  farm.train(known, harvest)

print("off by", before, "at first,", farm.off(known, harvest), "now")
print("harvest to expect, in tons:", 100 * farm.forward(open_year).item())
