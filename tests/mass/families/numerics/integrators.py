"""Integrators, with adjoints by hand."""

import numpy as np
import torch
from numpy.random import Generator

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def runge_kutta(rng: Generator, dtype: str) -> Problem:
    """A damped pendulum by RK4: the adjoint of every stage."""
    steps, h = size(rng, 1, 25), 0.1

    def run(p: A, s: A, sin: A, stack: A) -> A:
        def slope(s: A) -> A:
            return stack([s[1], -p[0] * sin(s[0]) - p[1] * s[1]])

        for _ in range(steps):
            k1 = slope(s)
            k2 = slope(s + h / 2 * k1)
            k3 = slope(s + h / 2 * k2)
            k4 = slope(s + h * k3)
            s = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return (s**2).sum()

    def loss(p: A, s: A) -> A:
        return run(p, s, torch.sin, torch.stack)

    def numpy_loss(p: A, s: A) -> A:
        return run(p, s, np.sin, np.array)

    def gradients(p: A, s: A) -> A:
        def slope(s: A) -> A:
            return np.array([s[1], -p[0] * np.sin(s[0]) - p[1] * s[1]], p.dtype)

        def pulled(s: A, up: A) -> A:
            by_p = up[1] * np.array([-np.sin(s[0]), -s[1]], p.dtype)
            by_s = np.array([-up[1] * p[0] * np.cos(s[0]), up[0] - p[1] * up[1]], p.dtype)
            return by_s, by_p

        tape = []
        for _ in range(steps):
            k1 = slope(s)
            k2 = slope(s + h / 2 * k1)
            k3 = slope(s + h / 2 * k2)
            tape.append((s, s + h / 2 * k1, s + h / 2 * k2, s + h * k3))
            s = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(s + h * k3))
        up, found = 2 * s, np.zeros_like(p)
        for s1, s2, s3, s4 in reversed(tape):
            d4, p4 = pulled(s4, h / 6 * up)
            d3, p3 = pulled(s3, h / 3 * up + h * d4)
            d2, p2 = pulled(s2, h / 3 * up + h / 2 * d3)
            d1, p1 = pulled(s1, h / 6 * up + h / 2 * d2)
            up = up + d1 + d2 + d3 + d4
            found += p1 + p2 + p3 + p4
        return found

    return Problem(gradients, rng.uniform(0.2, 2, 2), (rng.normal(size=2),), loss, numpy_loss).of(
        dtype
    )


@family()
def leapfrog(rng: Generator, dtype: str) -> Problem:
    """An anharmonic oscillator by leapfrog, by its initial state, everything in scalars."""
    steps, h = size(rng, 1, 40), 0.05

    def loss(p: A) -> A:
        q, v = p["q"], p["v"]
        for _ in range(steps):
            v = v - h / 2 * (q + q**3)
            q = q + h * v
            v = v - h / 2 * (q + q**3)
        return q * v

    def gradients(p: A) -> A:
        q, v, path = p["q"], p["v"], [p["q"]]
        for _ in range(steps):
            v = v - h / 2 * (q + q**3)
            q = q + h * v
            v = v - h / 2 * (q + q**3)
            path.append(q)
        dq, dv = v, q
        for t in range(steps, 0, -1):
            dq = dq - h / 2 * dv * (1 + 3 * path[t] ** 2)
            dv = dv + h * dq
            dq = dq - h / 2 * dv * (1 + 3 * path[t - 1] ** 2)
        return {"q": dq, "v": dv}

    parameters = {"q": np.array(rng.normal()), "v": np.array(rng.normal())}
    return Problem(gradients, parameters, (), loss, loss).of(dtype)


@family()
def lorenz(rng: Generator, dtype: str) -> Problem:
    """Euler steps in the Lorenz system: small differences grow."""
    steps, h = size(rng, 5, 60), 0.01

    def end(theta: A, s: A, stack: A) -> A:
        for _ in range(steps):
            x, y, z = s
            s = s + h * stack([theta[0] * (y - x), x * (theta[1] - z) - y, x * y - theta[2] * z])
        return s

    def loss(theta: A, s: A) -> A:
        return end(theta, s, torch.stack).sum()

    def numpy_loss(theta: A, s: A) -> A:
        return end(theta, s, np.array).sum()

    def forward_sensitivities(theta: A, s: A) -> A:
        S = np.zeros((3, 3), theta.dtype)
        for _ in range(steps):
            x, y, z = s
            J = np.array(
                [[-theta[0], theta[0], 0], [theta[1] - z, -1, -x], [y, x, -theta[2]]], theta.dtype
            )
            f = np.array(
                [theta[0] * (y - x), x * (theta[1] - z) - y, x * y - theta[2] * z], theta.dtype
            )
            S = S + h * (J @ S + np.diag([y - x, x, -z]))
            s = s + h * f
        return S.sum(axis=0)

    theta = np.array([10, 28, 8 / 3]) * rng.uniform(0.9, 1.1, 3)
    return Problem(forward_sensitivities, theta, (3 * rng.normal(size=3),), loss, numpy_loss).of(
        dtype
    )
