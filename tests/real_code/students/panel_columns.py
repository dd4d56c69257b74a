import numpy as np

# Four faults of a machine, told from the 16 lamps of its panel. Each column is one reading.
gen = np.random.default_rng(40)
fault = gen.integers(4, size=120)
lamps = (gen.random((16, 4)) > 0.5).astype(float)
X_panel = lamps[:, fault] + gen.normal(0, 0.2, (16, 120))

def start():
    return (gen.normal(0, 0.25, (10, 16)), np.zeros((10, 1)),
            gen.normal(0, 0.3, (4, 10)), np.zeros((4, 1)))

def indicator(Y):
    """labels -> matrix with a column a label"""
    return (np.arange(4).reshape(4, 1) == Y).astype(float)

def forward(X, W1, b1, W2, b2):
    Z1 = W1 @ X + b1
    A1 = Z1 * (Z1 > 0)
    Z2 = W2 @ A1 + b2
    A2 = np.exp(Z2 - Z2.max(axis=0))
    return Z1, A1, Z2, A2 / A2.sum(axis=0)

def gradients(X, Y, W1, W2, Z1, A1, Z2, A2):
    n = len(Y)
    err_out = (A2 - indicator(Y)) / n
    err_hid = (Z1 > 0) * (W2.T @ err_out)
    dW1, db1 = err_hid @ X.T, np.sum(err_hid)
    dW2, db2 = err_out @ A1.T, np.sum(err_out)
    return dW1, db1, dW2, db2

def move(params, grads, rate):
    return tuple(p - rate * g for p, g in zip(params, grads))

def hits(A2, Y):
    return (A2.argmax(axis=0) == Y).mean()

params = start()
for sweep in range(1, 151):
    state = forward(X_panel, *params)
    params = move(params, gradients(X_panel, fault, params[0], params[2], *state), 0.2)
    if sweep % 50 == 0:
        print(sweep, 'sweeps, hits', hits(state[-1], fault))
