"""Small networks as other people write them: a class, global variables, a label at a time."""

NET = """
class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1, self.b1 = np.zeros((n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = np.zeros((n_hidden, n_out)), np.zeros(n_out)
    def backward(self, X, Y):
        print("backward")
        h = np.tanh(X @ self.W1 + self.b1)
        d = h @ self.W2 + self.b2 - Y
        back = d @ self.W2.T * (1 - h * h)
        self.dW1, self.db1, self.dW2, self.db2 = X.T @ back, back.sum(0), h.T @ d, d.sum(0)
net = Net(4, 6, 3)
"""
GLOBALS = """
W1, W2 = np.full((4, 6), 0.5), np.full((6, 3), 0.25)
calls, table, rng = [], {"calls": 0}, np.random.default_rng(0)
def train(X, Y, lr=0.1):
    global W1, W2, last
    calls.append(rng.normal() + np.random.rand())
    table["calls"] += 1
    h = np.tanh(X @ W1)
    d = h @ W2 - Y
    W1, W2, last = W1 - lr * X.T @ (d @ W2.T * (1 - h * h)), W2 - lr * h.T @ d, d
"""
LABEL = """
def backward(params, x, label):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    h = np.tanh(W1 @ x + b1)
    p = np.exp(W2 @ h + b2)
    p /= p.sum()
    d = p.copy()
    if not isinstance(label, int):
        raise TypeError(label)
    d[label] -= 1
    d = p * (d - (p * d).sum())
    back = W2.T @ d * (1 - h * h)
    return {"dW1": np.outer(back, x), "db1": back, "dW2": np.outer(d, h), "db2": d}
"""
SOFTPLUS = """
def gradients(params, X, Y):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    h = np.logaddexp(0, X @ W1 + b1)
    e = np.exp(h @ W2 + b2)
    d = (e / e.sum(1, keepdims=True) - Y) / len(X)
    back = d @ W2.T * (1 - np.exp(-h))
    return {"dW1": X.T @ back, "db1": back.sum(0), "dW2": h.T @ d, "db2": d.sum(0)}
"""
STEP = """
def step(params, X, Y, lr):
    for name, g in _derivatives(params, X, Y).items():
        params[name[1:]] -= lr * g
"""
