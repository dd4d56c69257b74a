# Sieć neuronowa na zajęcia: jedna warstwa ukryta (sigmoida), wyjście sigmoidalne.
import numpy as np


def sigmoida(z):
    return 1 / (1 + np.exp(-z))


class Siec:
    def __init__(self, wejscia, ukryte, wyjscia):
        los = np.random.RandomState(1)
        self.wagi1 = los.uniform(-1, 1, (wejscia, ukryte))
        self.progi1 = np.zeros((1, ukryte))
        self.wagi2 = los.uniform(-1, 1, (ukryte, wyjscia))
        self.progi2 = np.zeros((1, wyjscia))

    def licz(self, X):
        self.ukryta = sigmoida(X @ self.wagi1 + self.progi1)
        return sigmoida(self.ukryta @ self.wagi2 + self.progi2)

    def ucz(self, X, cel, wsp=0.1):
        wynik = self.licz(X)
        delta2 = (wynik - cel) * wynik * (1 - wynik)
        self.wagi2 -= wsp * (self.ukryta.T @ delta2)
        self.progi2 -= wsp * delta2.sum(axis=0, keepdims=True)
        delta1 = (delta2 @ self.wagi2.T) * self.ukryta * (1 - self.ukryta)
        self.wagi1 -= wsp * (X.T @ delta1)
        self.progi1 -= wsp * delta1.sum(axis=0, keepdims=True)
        return 0.5 * np.sum((wynik - cel) ** 2)


if __name__ == "__main__":
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    cel = np.array([[0.0], [1.0], [1.0], [0.0]])
    siec = Siec(2, 4, 1)
    for epoka in range(5000):
        blad = siec.ucz(X, cel)
    print("błąd:", blad)
