from math import exp
def sigmoid(z): return 1 / (1 + exp(-z))
def forward(x, W1, b1, W2, b2):
    a1 = [sigmoid(sum(W1[j][k] * x[k] for k in range(len(x))) + b1[j]) for j in range(len(b1))]
    a2 = [sigmoid(sum(W2[j][k] * a1[k] for k in range(len(a1))) + b2[j]) for j in range(len(b2))]
    return a1, a2
def backprop(x, y, W1, b1, W2, b2):
    a1, a2 = forward(x, W1, b1, W2, b2)
    delta2 = [(a2[j] - y[j]) * a2[j] * (1 - a2[j]) for j in range(len(b2))]
    delta1 = [sum(W2[j][k] * delta2[j] for j in range(len(b2))) * a1[k] * (1 - a1[k]) for k in range(len(b1))]
    dW2 = [[d * a for a in a1] for d in delta2]
    dW1 = [[d * v for v in x + []] for d in delta1]
    return dW1, delta1, dW2, delta2
