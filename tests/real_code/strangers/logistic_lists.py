import math
class Logistic:
    def __init__(self, n):
        self.w = [0.0] * n
        self.b = 0.0
    def predict(self, x):
        return 1 / (1 + math.exp(-(sum(w * v for w, v in zip(self.w, x)) + self.b)))
    def train_step(self, x, y, lr=0.1):
        e = self.predict(x) - y
        for j in range(len(self.w)):
            self.w[j] -= lr * e * x[j]
        self.b -= lr * e
