#!/usr/bin/env python3
# MLP with all weights in one vector, so it can be given to any optimizer
import numpy as np

D = 5      # inputs
H = 7      # hidden units
C = 3      # classes
P = D*H + H + H*C + C   # number of parameters

def unpack(theta):
    i = 0
    W1 = theta[i:i+D*H].reshape(D, H); i += D*H
    b1 = theta[i:i+H];                 i += H
    W2 = theta[i:i+H*C].reshape(H, C); i += H*C
    b2 = theta[i:i+C]
    return W1, b1, W2, b2

def pack(*arrs):
    return np.concatenate([a.ravel() for a in arrs])

def f(theta, X):
    W1, b1, W2, b2 = unpack(theta)
    a = np.tanh(X @ W1 + b1)
    s = a @ W2 + b2
    s -= s.max(axis=1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(axis=1, keepdims=True)
    return a, p

def cost(theta, X, Y, lam=0.1):
    """cross entropy + lam/2 |W|^2 ; Y one-hot. returns J, dJ/dtheta"""
    W1, b1, W2, b2 = unpack(theta)
    N = X.shape[0]
    a, p = f(theta, X)
    J = -np.sum(Y * np.log(p))/N + 0.5*lam*(np.sum(W1**2) + np.sum(W2**2))

    ds = (p - Y)/N
    gW2 = a.T @ ds + lam*W2
    gb2 = ds.sum(0)
    da = ds @ W2.T
    dz = da*(1 - a**2)
    gW1 = X.T @ dz + lam*W1
    gb1 = dz.sum(0)
    return J, pack(gW1, gb1, gW2, gb2)

def check(theta, X, Y, eps=1e-5):
    J, g = cost(theta, X, Y)
    num = np.zeros_like(theta)
    for k in range(theta.size):
        e = np.zeros_like(theta); e[k] = eps
        num[k] = (cost(theta+e, X, Y)[0] - cost(theta-e, X, Y)[0])/(2*eps)
    return np.linalg.norm(num-g)/np.linalg.norm(num+g)

if __name__ == "__main__":
    np.random.seed(3)
    lab = np.random.randint(0, C, 60)
    X = np.random.randn(C, D)[lab]*2 + np.random.randn(60, D)
    Y = np.eye(C)[lab]
    th = 0.1*np.random.randn(P)
    print("gradient check:", check(th, X, Y))
    for it in range(300):
        J, g = cost(th, X, Y, 0.001)
        th -= 0.5*g
    print("J =", J, " acc =", np.mean(f(th, X)[1].argmax(1) == lab))
