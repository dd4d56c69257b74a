"""Recurrent networks, backwards through time by hand."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import expit

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size, weights


@family()
def rnn_50_steps(rng: Generator, dtype: str) -> Problem:
    """A tanh network over 50 steps, the error at the last one."""
    h, d, T = size(rng, 1, 4), size(rng, 1, 3), 50

    def loss(p: A, X: A, y: A) -> A:
        s = torch.zeros(h, dtype=X.dtype)
        for x in X:
            s = torch.tanh(p["W"] @ s + p["U"] @ x + p["b"])
        return ((s - y) ** 2).sum()

    def numpy_loss(p: A, X: A, y: A) -> A:
        s = np.zeros(h)
        for x in X:
            s = np.tanh(p["W"] @ s + p["U"] @ x + p["b"])
        return ((s - y) ** 2).sum()

    def bptt(p: A, X: A, y: A) -> A:
        s = np.zeros((T + 1, h), X.dtype)
        for t in range(T):
            s[t + 1] = np.tanh(p["W"] @ s[t] + p["U"] @ X[t] + p["b"])
        found = {k: np.zeros_like(v) for k, v in p.items()}
        up = 2 * (s[T] - y)
        for t in reversed(range(T)):
            dz = up * (1 - s[t + 1] ** 2)
            found["W"] += np.outer(dz, s[t])
            found["U"] += np.outer(dz, X[t])
            found["b"] += dz
            up = p["W"].T @ dz
        return found

    parameters = {"W": weights(rng, h, h), "U": weights(rng, h, d), "b": rng.normal(size=h) / 4}
    data = rng.normal(size=(T, d)), rng.normal(size=h)
    return Problem(bptt, parameters, data, loss, numpy_loss).of(dtype)


@family()
def rnn_every_step(rng: Generator, dtype: str) -> Problem:
    """A network over batches of 50 steps, an error at every one, the parameters in a list."""
    n, h, d, T = size(rng, 1, 4), size(rng, 1, 4), size(rng, 1, 3), 50

    def loss(p: A, X: A, Y: A) -> A:
        W, U, v = p
        s = torch.zeros(X.shape[1], h, dtype=X.dtype)
        total = 0.0
        for x, y in zip(X, Y, strict=True):
            s = torch.tanh(s @ W + x @ U)
            total = total + ((s @ v - y) ** 2).mean()
        return total / T

    def gradients(p: A, X: A, Y: A) -> A:
        W, U, v = p
        states = [np.zeros((X.shape[1], h), X.dtype)]
        for x in X:
            states.append(np.tanh(states[-1] @ W + x @ U))
        dW, dU, dv = np.zeros_like(W), np.zeros_like(U), np.zeros_like(v)
        carried = np.zeros_like(states[0])
        for t in range(T, 0, -1):
            e = 2 * (states[t] @ v - Y[t - 1]) / (T * X.shape[1])
            dv += states[t].T @ e
            dz = (np.outer(e, v) + carried) * (1 - states[t] ** 2)
            dW += states[t - 1].T @ dz
            dU += X[t - 1].T @ dz
            carried = dz @ W.T
        return [dW, dU, dv]

    parameters = [weights(rng, h, h), weights(rng, d, h), rng.normal(size=h)]
    return Problem(
        gradients, parameters, (rng.normal(size=(T, n, d)), rng.normal(size=(T, n))), loss
    ).of(dtype)


@family()
def linear_recurrence(rng: Generator, dtype: str) -> Problem:
    """A stable linear system over 50 steps."""
    h, T = size(rng, 1, 3), 50
    Q, _ = np.linalg.qr(rng.normal(size=(h, h)))

    def loss(M: A, x: A) -> A:
        for _ in range(T):
            x = M @ x
        return 0.5 * x @ x

    def gradients(M: A, x: A) -> A:
        xs = [x]
        for _ in range(T):
            xs.append(M @ xs[-1])
        adjoint, found = xs[-1], np.zeros_like(M)
        for t in range(T - 1, -1, -1):
            found += np.outer(adjoint, xs[t])
            adjoint = M.T @ adjoint
        return found

    return Problem(gradients, 0.98 * Q, (rng.normal(size=h),), loss, loss).of(dtype)


@family()
def gru(rng: Generator, dtype: str) -> Problem:
    """One GRU cell over a short sequence, in Cho's form."""
    h, d, T = size(rng, 1, 3), size(rng, 1, 3), size(rng, 1, 12)

    def loss(p: A, X: A) -> A:
        s = torch.zeros(h, dtype=X.dtype)
        for x in X:
            v = torch.cat([s, x])
            z, r = torch.sigmoid(p["Wz"] @ v), torch.sigmoid(p["Wr"] @ v)
            s = (1 - z) * s + z * torch.tanh(p["Wh"] @ torch.cat([r * s, x]))
        return s.sum()

    def numpy_loss(p: A, X: A) -> A:
        s = np.zeros(h)
        for x in X:
            v = np.concatenate([s, x])
            z, r = 1 / (1 + np.exp(-p["Wz"] @ v)), 1 / (1 + np.exp(-p["Wr"] @ v))
            s = (1 - z) * s + z * np.tanh(p["Wh"] @ np.concatenate([r * s, x]))
        return s.sum()

    def gradients(p: A, X: A) -> A:
        s, kept = np.zeros(h, X.dtype), []
        for x in X:
            v = np.concatenate([s, x])
            z, r = expit(p["Wz"] @ v), expit(p["Wr"] @ v)
            inner = np.concatenate([r * s, x])
            c = np.tanh(p["Wh"] @ inner)
            kept.append((s, v, z, r, inner, c))
            s = (1 - z) * s + z * c
        by = {name: np.zeros_like(matrix) for name, matrix in p.items()}
        ds = np.ones_like(s)
        for s, v, z, r, inner, c in reversed(kept):
            dc = ds * z * (1 - c**2)
            dz = ds * (c - s) * z * (1 - z)
            d_inner = p["Wh"].T @ dc
            dr = d_inner[:h] * s * r * (1 - r)
            by["Wh"] += np.outer(dc, inner)
            by["Wz"] += np.outer(dz, v)
            by["Wr"] += np.outer(dr, v)
            ds = ds * (1 - z) + d_inner[:h] * r + (p["Wz"].T @ dz + p["Wr"].T @ dr)[:h]
        return by

    parameters = {name: weights(rng, h, h + d) for name in ("Wz", "Wr", "Wh")}
    return Problem(gradients, parameters, (rng.normal(size=(T, d)),), loss, numpy_loss).of(dtype)


@family()
def lstm(rng: Generator, dtype: str) -> Problem:
    """An LSTM with its four gates in one matrix."""
    n, h, d, T = size(rng, 1, 3), size(rng, 1, 3), size(rng, 1, 3), size(rng, 1, 12)

    def loss(p: A, X: A) -> A:
        a = c = torch.zeros(n, h, dtype=X.dtype)
        for x in X:
            i, f, o, g = (torch.cat([a, x], 1) @ p["W"] + p["b"]).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            a = torch.sigmoid(o) * torch.tanh(c)
        return (a**2).sum()

    def gradients(p: A, X: A) -> A:
        a = c = np.zeros((n, h), X.dtype)
        tape = []
        for x in X:
            v = np.hstack([a, x])
            z = v @ p["W"] + p["b"]
            gates, g = expit(z[:, : 3 * h]), np.tanh(z[:, 3 * h :])
            i, f, o = np.split(gates, 3, axis=1)
            tape.append((v, i, f, o, g, c))
            c = f * c + i * g
            a = o * np.tanh(c)
        dW, db, da, dc = np.zeros_like(p["W"]), np.zeros_like(p["b"]), 2 * a, np.zeros_like(c)
        for v, i, f, o, g, before in reversed(tape):
            tanh = np.tanh(f * before + i * g)
            dc = dc + da * o * (1 - tanh**2)
            parts = dc * g * i * (1 - i), dc * before * f * (1 - f), da * tanh * o * (1 - o)
            dz = np.hstack([*parts, dc * i * (1 - g**2)])
            dW += v.T @ dz
            db += dz.sum(axis=0)
            da, dc = (dz @ p["W"].T)[:, :h], dc * f
        return {"W": dW, "b": db}

    parameters = {"W": weights(rng, h + d, 4 * h), "b": rng.normal(size=4 * h) / 4}
    return Problem(gradients, parameters, (rng.normal(size=(T, n, d)),), loss).of(dtype)
