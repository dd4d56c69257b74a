# -*- coding: utf-8 -*-
"""
Red neuronal desde cero (sin librerías de aprendizaje automático).
Capa oculta ReLU con fuga (leaky), salida sigmoide, entropía cruzada binaria.
"""
import numpy as np

FUGA = 0.01


class RedNeuronal:

    def __init__(self, topologia, semilla=None):
        # topologia = [entradas, ocultas, salidas]
        azar = np.random.RandomState(semilla)
        self.topologia = topologia
        self.pesos = []
        self.sesgos = []
        for i in range(len(topologia) - 1):
            self.pesos.append(azar.randn(topologia[i + 1], topologia[i]) * np.sqrt(2.0 / topologia[i]))
            self.sesgos.append(np.zeros((1, topologia[i + 1])))

    def propagar(self, X):
        z1 = np.dot(X, self.pesos[0].T) + self.sesgos[0]
        a1 = np.maximum(FUGA * z1, z1)
        z2 = np.dot(a1, self.pesos[1].T) + self.sesgos[1]
        a2 = 1 / (1 + np.exp(-z2))
        return z1, a1, z2, a2

    def costo(self, X, Y):
        a2 = self.propagar(X)[-1]
        return -np.sum(Y * np.log(a2) + (1 - Y) * np.log(1 - a2)) / X.shape[0]

    def retropropagar(self, X, Y):
        m = X.shape[0]
        z1, a1, z2, a2 = self.propagar(X)
        error2 = (a2 - Y) / m
        dp2 = np.dot(error2.T, a1)
        ds2 = np.sum(error2, axis=0, keepdims=True)
        error1 = np.dot(error2, self.pesos[1])
        error1[z1 <= 0] *= FUGA
        dp1 = np.dot(error1.T, X)
        ds1 = np.sum(error1, axis=0, keepdims=True)
        return [dp1, dp2], [ds1, ds2]

    def entrenar(self, X, Y, epocas=500, tasa=0.5):
        for e in range(epocas):
            dp, ds = self.retropropagar(X, Y)
            for i in range(2):
                self.pesos[i] = self.pesos[i] - tasa * dp[i]
                self.sesgos[i] = self.sesgos[i] - tasa * ds[i]
            if e % 100 == 0:
                print("época", e, "costo", self.costo(X, Y))


if __name__ == "__main__":
    azar = np.random.RandomState(8)
    X = azar.randn(150, 2)
    Y = ((X[:, 0] * X[:, 1]) > 0).astype(float).reshape(-1, 1)
    red = RedNeuronal([2, 10, 1], semilla=3)
    red.entrenar(X, Y)
    exactitud = np.mean((red.propagar(X)[-1] > 0.5) == Y)
    print("exactitud:", exactitud)
