"""Red profunda de L capas, según la plantilla del curso: ReLU y, al final, sigmoide."""
import numpy as np


def inicializar_parametros(dimensiones):
    np.random.seed(4)
    parametros = {}
    for l in range(1, len(dimensiones)):
        parametros["W" + str(l)] = np.random.randn(dimensiones[l], dimensiones[l - 1]) * 0.1
        parametros["b" + str(l)] = np.zeros((dimensiones[l], 1))
    return parametros


def propagacion_adelante(X, parametros):
    memorias, A = [], X
    L = len(parametros) // 2
    for l in range(1, L + 1):
        A_previa, W, b = A, parametros["W" + str(l)], parametros["b" + str(l)]
        Z = np.dot(W, A_previa) + b
        A = 1 / (1 + np.exp(-Z)) if l == L else np.maximum(0, Z)
        memorias.append((A_previa, W, Z))
    return A, memorias


def calcular_costo(AL, Y):
    m = Y.shape[1]
    return float(-np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / m)


def propagacion_atras(AL, Y, memorias):
    gradientes, m = {}, Y.shape[1]
    dZ = AL - Y
    for l in reversed(range(1, len(memorias) + 1)):
        A_previa, W, _ = memorias[l - 1]
        gradientes["dW" + str(l)] = np.dot(dZ, A_previa.T) / m
        gradientes["db" + str(l)] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dZ = np.dot(W.T, dZ) * (memorias[l - 2][2] > 0)
    return gradientes


def actualizar_parametros(parametros, gradientes, tasa):
    for clave in parametros:
        parametros[clave] = parametros[clave] - tasa * gradientes["d" + clave]
    return parametros


def modelo(X, Y, dimensiones, tasa=0.01, iteraciones=1000):
    parametros = inicializar_parametros(dimensiones)
    for i in range(iteraciones):
        AL, memorias = propagacion_adelante(X, parametros)
        gradientes = propagacion_atras(AL, Y, memorias)
        parametros = actualizar_parametros(parametros, gradientes, tasa)
    return parametros
