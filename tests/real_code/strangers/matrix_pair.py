import numpy as np

# Which animal left the tracks? Counts of marks -> animal. Two matrices, nothing added.

class TrackModel:
    def __init__(self, n_marks, n_animals, n_hidden=10, seed=None):
        gen = np.random.default_rng(seed)
        self.shape = n_marks, n_hidden, n_animals
        self.V = gen.normal(0, 1 / np.sqrt(n_hidden), (n_animals, n_hidden))
        self.U = gen.normal(0, 1 / np.sqrt(n_marks), (n_hidden, n_marks))

    def forward(self, x):
        h = np.tanh(self.U @ x)
        score = self.V @ h
        return h, score - np.log(np.exp(score).sum())

    def loss(self, x, y):
        logp = self.forward(x)[1]
        return -logp[y]

    def mean_loss(self, X, Y):
        return np.mean([self.loss(x, y) for x, y in zip(X, Y)])

    def backprop(self, x, y):
        """one vector of counts and the number of its animal; slopes for U and V"""
        h, logp = self.forward(x)
        err = np.exp(logp) - (np.arange(len(logp)) == y)
        err_h = (1 - h * h) * (err @ self.V)
        return err_h[:, None] * x, err[:, None] * h

    def learn(self, X, Y, rate=0.1, rounds=12):
        gen = np.random.default_rng(0)
        for r in range(rounds):
            if r % 3 == 0:
                print("round", r, "loss", self.mean_loss(X, Y))
            for k in gen.permutation(len(Y)):
                for matrix, slope in zip((self.U, self.V), self.backprop(X[k], Y[k])):
                    matrix -= rate * slope
        print("end, loss", self.mean_loss(X, Y))


MARKS = ["claw", "pad", "hoof", "drag", "wing", "tail"]
FOUND = {"fox": ["claw pad claw pad", "pad claw tail", "claw claw pad pad tail"],
         "deer": ["hoof hoof", "hoof hoof hoof tail", "hoof drag hoof"],
         "crow": ["claw wing", "wing claw claw", "wing wing drag claw"]}

if __name__ == "__main__":
    X, Y = [], []
    for number, notes in enumerate(FOUND.values()):
        for note in notes:
            seen = note.split()
            X.append(np.array([seen.count(mark) for mark in MARKS]))
            Y.append(number)
    model = TrackModel(len(MARKS), len(FOUND), seed=4)
    model.learn(X, Y)
    print([list(FOUND)[int(model.forward(x)[1].argmax())] for x in X])
