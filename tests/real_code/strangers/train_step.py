import numpy as np

# sine regression with a 1 hidden layer net, trained by hand

def sigm(a):
    return 1 / (1 + np.exp(-a))

def predict(X, W1, b1, W2, b2):
    return np.dot(sigm(np.dot(X, W1) + b1), W2) + b2

def cost(X, y, W1, b1, W2, b2):
    e = predict(X, W1, b1, W2, b2) - y
    return np.sum(e ** 2) / (2 * X.shape[0])

def train_step(X, y, W1, b1, W2, b2, lr=0.1):
    """one step of gradient descent, returns the new parameters"""
    n = X.shape[0]
    # forward
    h = sigm(np.dot(X, W1) + b1)
    out = np.dot(h, W2) + b2
    # output layer
    err = (out - y) / n
    W2 = W2 - lr * np.dot(h.T, err)
    b2 = b2 - lr * np.sum(err, axis=0, keepdims=True)
    # hidden layer
    dh = np.dot(err, W2.T) * h * (1 - h)
    W1 = W1 - lr * np.dot(X.T, dh)
    b1 = b1 - lr * np.sum(dh, axis=0, keepdims=True)
    return W1, b1, W2, b2


if __name__ == "__main__":
    np.random.seed(42)
    X = np.random.uniform(-3, 3, size=(100, 1))
    y = np.sin(X)
    W1 = np.random.randn(1, 10)
    b1 = np.zeros((1, 10))
    W2 = np.random.randn(10, 1)
    b2 = np.zeros((1, 1))
    for i in range(3000):
        W1, b1, W2, b2 = train_step(X, y, W1, b1, W2, b2, lr=0.3)
        if i % 500 == 0:
            print(i, cost(X, y, W1, b1, W2, b2))
