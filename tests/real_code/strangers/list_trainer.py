import numpy as np

# For a game: a creature sees two walls and decides whether to jump. Plain lists in, plain lists out.

def squash(v):
    return 1 / (1 + np.exp(-v))

def column(values):
    return np.array([values], dtype=float).T


class JumpBrain:
    def __init__(self, n_see, n_think, n_do, rate=0.1):
        self.rate = rate

        # rows: to, columns: from
        def draw(*shape):
            return np.random.normal(0, 0.7, shape)

        self.w_think = draw(n_think, n_see)
        self.b_think = draw(n_think, 1)
        self.w_do = draw(n_do, n_think)
        self.b_do = draw(n_do, 1)

    def decide(self, see):
        return self._run(column(see))[1].ravel().tolist()

    def _run(self, see):
        think = squash(self.w_think @ see + self.b_think)
        return think, squash(self.w_do @ think + self.b_do)

    def train(self, see, want):
        see = column(see)
        think, do = self._run(see)

        # how much more of everything we want
        more_do = column(want) - do
        more_think = self.w_do.T @ more_do

        # a neuron in the middle of its squash moves most
        for more, out, before, w, b in (
            (more_think, think, see, self.w_think, self.b_think),
            (more_do, do, think, self.w_do, self.b_do),
        ):
            push = self.rate * more * (out - out * out)
            w += push @ before.T
            b += push


if __name__ == '__main__':
    np.random.seed(55)
    brain = JumpBrain(2, 4, 1)
    brain.rate = 0.5
    # jump if a wall is near and low
    for turn in range(6000):
        near, high = np.random.rand(2)
        brain.train([near, high], [1 if near > 0.5 and high < 0.6 else 0])
    for see in ([0.9, 0.2], [0.9, 0.9], [0.1, 0.2], [0.2, 0.9]):
        print(see, brain.decide(see))
