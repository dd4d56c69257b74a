# curve fitting with a net that lives in module variables. quick and dirty.
import numpy as np

rng = np.random.default_rng(2718)

N_HID = 9
W_h = rng.normal(size=(1, N_HID))
b_h = rng.normal(size=N_HID)
W_o = rng.normal(size=(N_HID, 1)) * 0.3
b_o = np.zeros(1)


def softplus(z):
    return np.logaddexp(0, z)


def forward(x):
    hid = softplus(x @ W_h + b_h)
    return hid @ W_o + b_o


def loss(x, y):
    return ((forward(x) - y) ** 2).mean()


def gradients(x, y):
    """grad_Wh, grad_bh, grad_Wo, grad_bo"""
    z = x @ W_h + b_h
    hid = softplus(z)
    err = hid @ W_o + b_o - y
    g_out = 2 * err / len(x)
    g_hid = (g_out @ W_o.T) / (1 + np.exp(-z))   # softplus' = logistic
    return x.T @ g_hid, g_hid.sum(0), hid.T @ g_out, g_out.sum(0)


def train(x, y, steps, rate):
    global W_h, b_h, W_o, b_o
    for _ in range(steps):
        g = gradients(x, y)
        W_h = W_h - rate * g[0]
        b_h = b_h - rate * g[1]
        W_o = W_o - rate * g[2]
        b_o = b_o - rate * g[3]


x = np.linspace(-2, 2, 40)[:, None]
y = x ** 2 - 1
print("before", loss(x, y))
train(x, y, 800, 0.02)
print("after ", loss(x, y))
