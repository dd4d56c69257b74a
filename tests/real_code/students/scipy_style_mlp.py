'''
MLP trained on a flat parameter vector, so the cost and the gradient
can be handed to scipy.optimize.minimize(cost_function, theta, jac=gradient, args=(...)).
I use a dumb gradient descent below so that this runs without scipy.
'''
from numpy import *

n_input = 4
n_hidden = 6
n_output = 3


def unroll(theta_vec):
    k = (n_input + 1) * n_hidden
    T1 = theta_vec[:k].reshape(n_input + 1, n_hidden)
    T2 = theta_vec[k:].reshape(n_hidden + 1, n_output)
    return T1, T2


def add_ones(M):
    return column_stack([ones(len(M)), M])


def feed(theta_vec, X):
    T1, T2 = unroll(theta_vec)
    H = tanh(add_ones(X) @ T1)
    O = add_ones(H) @ T2
    return H, O


def cost_function(theta_vec, X, Y, lam):
    T1, T2 = unroll(theta_vec)
    H, O = feed(theta_vec, X)
    n = len(X)
    J = ((O - Y) ** 2).sum() / (2 * n)
    return J + lam / (2 * n) * ((T1[1:] ** 2).sum() + (T2[1:] ** 2).sum())


def gradient(theta_vec, X, Y, lam):
    T1, T2 = unroll(theta_vec)
    H, O = feed(theta_vec, X)
    n = len(X)
    d_out = (O - Y) / n
    d_hid = (d_out @ T2[1:].T) * (1 - H * H)
    G2 = add_ones(H).T @ d_out
    G1 = add_ones(X).T @ d_hid
    # row 0 is the bias -> not penalized
    G1[1:] += lam / n * T1[1:]
    G2[1:] += lam / n * T2[1:]
    return concatenate([G1.ravel(), G2.ravel()])


def init():
    return random.uniform(-.3, .3, (n_input + 1) * n_hidden + (n_hidden + 1) * n_output)


if __name__ == '__main__':
    random.seed(7)
    X = random.randn(50, n_input)
    Y = column_stack([sin(X[:, 0]), X[:, 1] * X[:, 2], X[:, 3]])
    th = init()
    for i in range(501):
        th -= 0.2 * gradient(th, X, Y, 0.1)
        if i % 100 == 0:
            print(i, cost_function(th, X, Y, 0.1))
