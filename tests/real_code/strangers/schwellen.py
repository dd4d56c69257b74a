"""Mehrschichtiges Netz mit Schwellwerten: ein Neuron feuert, wenn w*x größer als theta ist."""
import numpy as np


class Schicht:
    def __init__(self, n_ein, n_aus, zufall):
        self.w = zufall.normal(0.0, 0.7, (n_aus, n_ein))
        self.theta = zufall.normal(0.0, 0.7, n_aus)

    def vorwaerts(self, x):
        self.x = x
        self.y = 1.0 / (1.0 + np.exp(-(self.w @ x - self.theta)))
        return self.y

    def rueckwaerts(self, fehler):
        delta = fehler * self.y * (1.0 - self.y)
        self.grad_w = np.outer(delta, self.x)
        self.grad_theta = -delta
        return self.w.T @ delta


class Netz:
    def __init__(self, n_ein, n_verdeckt, n_aus, keim=0):
        zufall = np.random.default_rng(keim)
        self.schichten = [Schicht(n_ein, n_verdeckt, zufall), Schicht(n_verdeckt, n_aus, zufall)]

    def ausgabe(self, x):
        for schicht in self.schichten:
            x = schicht.vorwaerts(x)
        return x

    def rueckwaerts(self, x, ziel):
        fehler = self.ausgabe(x) - ziel
        for schicht in reversed(self.schichten):
            fehler = schicht.rueckwaerts(fehler)

    def lerne(self, x, ziel, rate=0.2):
        self.rueckwaerts(x, ziel)
        for schicht in self.schichten:
            schicht.w -= rate * schicht.grad_w
            schicht.theta -= rate * schicht.grad_theta


if __name__ == "__main__":
    netz = Netz(2, 3, 1)
    for runde in range(200):
        for x, ziel in (([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)):
            netz.lerne(np.array(x, dtype=float), np.array([ziel], dtype=float))
    print([netz.ausgabe(np.array(x, dtype=float)) for x in ([0, 0], [0, 1])])
