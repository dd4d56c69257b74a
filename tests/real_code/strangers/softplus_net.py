"""
Smooth surrogate model for a 2-d test function.

    f(x) = softplus(x W_in + b_in) W_out + b_out

We want smooth second derivatives of the fitted function, hence softplus and
not relu.
"""
import numpy as np


def softplus(z):
    return np.logaddexp(0., z)


def expit(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def init(n_in, n_hidden, n_out, rng):
    return dict(
        W_in=rng.normal(scale=1 / np.sqrt(n_in), size=(n_in, n_hidden)),
        b_in=rng.normal(scale=.1, size=n_hidden),
        W_out=rng.normal(scale=1 / np.sqrt(n_hidden), size=(n_hidden, n_out)),
        b_out=np.zeros(n_out),
    )


def model(params, x):
    return softplus(x @ params['W_in'] + params['b_in']) @ params['W_out'] + params['b_out']


def objective(params, x, y):
    """Half the mean (over points) squared residual norm, and its gradient."""
    n = x.shape[0]
    pre = x @ params['W_in'] + params['b_in']
    hid = softplus(pre)
    res = hid @ params['W_out'] + params['b_out'] - y
    value = 0.5 / n * np.sum(res ** 2)

    g_res = res / n
    g_pre = (g_res @ params['W_out'].T) * expit(pre)
    grad = dict(
        W_in=x.T @ g_pre,
        b_in=g_pre.sum(0),
        W_out=hid.T @ g_res,
        b_out=g_res.sum(0),
    )
    return value, grad


def adam(params, x, y, n_iter=1000, lr=1e-2, b1=.9, b2=.999, eps=1e-8):
    m = {k: np.zeros_like(v) for k, v in params.items()}
    s = {k: np.zeros_like(v) for k, v in params.items()}
    for t in range(1, n_iter + 1):
        value, grad = objective(params, x, y)
        for k in params:
            m[k] = b1 * m[k] + (1 - b1) * grad[k]
            s[k] = b2 * s[k] + (1 - b2) * grad[k] ** 2
            params[k] = params[k] - lr * (m[k] / (1 - b1 ** t)) / (np.sqrt(s[k] / (1 - b2 ** t)) + eps)
        if t % 250 == 0:
            print(f'{t:5d} {value:.3e}')
    return params


if __name__ == '__main__':
    rng = np.random.default_rng(11)
    x = rng.uniform(-2, 2, size=(300, 2))
    y = (np.sin(x[:, :1]) * np.cos(x[:, 1:]))
    params = adam(init(2, 24, 1, rng), x, y)
