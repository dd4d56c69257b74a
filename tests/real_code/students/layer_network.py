import numpy as np

# Everything in the network is a Stage: it sends a row forward, takes the derivative of
# the cost for its result, and gives the one for its argument. Stages with weights learn on the way.

class Stage:
    def forward(self, row):
        raise NotImplementedError("forward")

    def backward(self, slope, rate):
        raise NotImplementedError("backward")

class Weighted(Stage):
    def __init__(self, n_from, n_to):
        self.bias = np.random.uniform(-0.4, 0.4, (1, n_to))
        self.weights = np.random.uniform(-0.8, 0.8, (n_from, n_to))

    def forward(self, row):
        self.row = row
        return row @ self.weights + self.bias

    def backward(self, slope, rate):
        passed_on = slope @ self.weights.T     # before the weights move
        self.bias = self.bias - rate * slope
        self.weights = self.weights - rate * self.row.T @ slope
        return passed_on

class Bent(Stage):
    # entry by entry: a function and its derivative, the latter of the argument
    def __init__(self, curve, curve_slope):
        self.curve, self.curve_slope = curve, curve_slope

    def forward(self, row):
        self.row = row
        return self.curve(row)

    def backward(self, slope, rate):
        return slope * self.curve_slope(self.row)

class Network:
    def __init__(self):
        self.stages = []

    def add(self, *stages):
        self.stages.extend(stages)

    def measure(self, cost, cost_slope):
        self.cost, self.cost_slope = cost, cost_slope

    def forward(self, row):
        for stage in self.stages:
            row = stage.forward(row)
        return row

    def predict(self, rows):
        return np.array([self.forward(row) for row in rows])

    def fit(self, rows, targets, rounds, rate):
        for r in range(rounds):
            costs = []
            for row, target in zip(rows, targets):
                answer = self.forward(row)
                costs.append(self.cost(answer, target))
                slope = self.cost_slope(answer, target)
                for stage in self.stages[::-1]:
                    slope = stage.backward(slope, rate)
            if r % 60 == 0:
                print('round', r, 'cost', np.mean(costs))

def bend(v):
    return np.tanh(v)

def bend_slope(v):
    return np.cosh(v) ** -2.0

def mse(answer, target):
    return ((answer - target) ** 2).sum() / target.size

def mse_slope(answer, target):
    return (answer - target) * 2 / target.size

# two switches of a staircase: light on (0.8) or off (-0.8)
rows = np.array([[[up, down]] for up in (-1.0, 1.0) for down in (-1.0, 1.0)])
light = -0.8 * rows.prod(axis=2, keepdims=True)

np.random.seed(20)
stairs = Network()
stairs.measure(mse, mse_slope)
stairs.add(Weighted(2, 3), Bent(bend, bend_slope), Weighted(3, 1), Bent(bend, bend_slope))
stairs.fit(rows, light, 300, 0.15)
print(stairs.predict(rows).ravel(), light.ravel())
