import math, random
w11, w12, w21, w22 = 0.1, 0.4, -0.3, 0.2
v1, v2 = 0.5, -0.6
b1, b2, b3 = 0.0, 0.1, 0.2
lr = 0.5
def sig(z): return 1 / (1 + math.exp(-z))
def forward(x1, x2):
    h1 = sig(w11 * x1 + w12 * x2 + b1)
    h2 = sig(w21 * x1 + w22 * x2 + b2)
    return h1, h2, sig(v1 * h1 + v2 * h2 + b3)
def train_step(x1, x2, y):
    global w11, w12, w21, w22, v1, v2, b1, b2, b3
    h1, h2, o = forward(x1, x2)
    d = (o - y) * o * (1 - o)
    d1 = d * v1 * h1 * (1 - h1)
    d2 = d * v2 * h2 * (1 - h2)
    v1 -= lr * d * h1
    v2 -= lr * d * h2
    b3 -= lr * d
    w11 -= lr * d1 * x1
    w12 -= lr * d1 * x1
    b1 -= lr * d1
    w21 -= lr * d2 * x1
    w22 -= lr * d2 * x2
    b2 -= lr * d2
