# inside / outside of a ring, samples are the COLUMNS of x (like in the lecture)
import numpy as np

def data(n, rng):
    x = rng.uniform(-1, 1, size=(2, n))
    r = np.sqrt((x ** 2).sum(axis=0, keepdims=True))
    y = ((r > 0.4) & (r < 0.8)).astype(float)       # 1 x n
    return x, y

def new_params(n_x, n_h, rng):
    p = {}
    p['w_hid'] = rng.standard_normal((n_h, n_x))
    p['b_hid'] = np.zeros((n_h, 1))
    p['w_out'] = rng.standard_normal((1, n_h)) * 0.1
    p['b_out'] = np.zeros((1, 1))
    return p

def forward(x, p):
    a_hid = np.tanh(p['w_hid'] @ x + p['b_hid'])
    y_hat = 1 / (1 + np.exp(-(p['w_out'] @ a_hid + p['b_out'])))
    cache = (x, a_hid, y_hat)
    return y_hat, cache

def cost(y_hat, y):
    m = y.shape[1]
    return float(-np.sum(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)) / m)

def backward(y, cache, p):
    x, a_hid, y_hat = cache
    m = y.shape[1]
    g = {}

    # d cost / d y_hat, then through the sigmoid
    d_y_hat = (-y / y_hat + (1 - y) / (1 - y_hat)) / m
    d_z_out = d_y_hat * y_hat * (1 - y_hat)
    g['w_out'] = d_z_out @ a_hid.T
    g['b_out'] = d_z_out.sum(axis=1, keepdims=True)

    # hidden
    d_a_hid = p['w_out'].T @ d_z_out
    d_z_hid = d_a_hid * (1 - a_hid * a_hid)
    g['w_hid'] = d_z_hid @ x.T
    g['b_hid'] = d_z_hid.sum(axis=1, keepdims=True)
    return g

rng = np.random.default_rng(33)
x_train, y_train = data(300, rng)
x_test, y_test = data(300, rng)
params = new_params(2, 10, rng)

for epoch in range(2001):
    y_hat, cache = forward(x_train, params)
    grads = backward(y_train, cache, params)
    for name in params:
        params[name] -= 1.0 * grads[name]
    if epoch % 500 == 0:
        print('epoch', epoch, 'cost', cost(y_hat, y_train))

y_hat, _ = forward(x_test, params)
print('test accuracy', np.mean((y_hat > 0.5) == (y_test > 0.5)))
