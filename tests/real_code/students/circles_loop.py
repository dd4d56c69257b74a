# Clasificar dos circulos con una red neuronal (1 capa oculta). Ejemplos en columnas.
import numpy as np

np.random.seed(10)
m = 120
r = np.where(np.arange(m) < m // 2, 0.4, 1.0) + 0.1 * np.random.randn(m)
ang = 2 * np.pi * np.random.rand(m)
X = np.array([r * np.cos(ang), r * np.sin(ang)])          # (2, m)
Y = (np.arange(m) >= m // 2).astype(float).reshape(1, m)  # (1, m)

# parametros
nh = 6
W1 = np.random.randn(nh, 2) * 0.5
b1 = np.zeros((nh, 1))
W2 = np.random.randn(1, nh) * 0.5
b2 = np.zeros((1, 1))
alfa = 0.05  # con 0.5 explota, no se por que

for epoca in range(600):
    # hacia adelante
    z1 = W1 @ X + b1
    a1 = np.tanh(z1)
    z2 = W2 @ a1 + b2
    a2 = 1 / (1 + np.exp(-z2))

    # costo (entropia cruzada)
    costo = -np.mean(Y * np.log(a2) + (1 - Y) * np.log(1 - a2))
    if epoca % 200 == 0:
        print('epoca', epoca, 'costo', costo)

    # hacia atras
    dz2 = (a2 - Y) / m
    dW2 = dz2 @ a1.T
    db2 = np.sum(dz2, axis=1, keepdims=True)
    dz1 = (W2.T @ dz2) * (1 - z1 ** 2)
    dW1 = dz1 @ X.T
    db1 = np.sum(dz1, axis=1, keepdims=True)

    # actualizar
    W1 -= alfa * dW1
    b1 -= alfa * db1
    W2 -= alfa * dW2
    b2 -= alfa * db2

print('precision:', np.mean((a2 > 0.5) == Y))
