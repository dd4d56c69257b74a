"""Energies of particles, spins and heat."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.linalg import solve_banded

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def lennard_jones(rng: Generator, dtype: str) -> Problem:
    """The energy of a cluster; the forces pair by pair."""
    n = size(rng, 2, 5)

    def loss(x: A) -> A:
        i, j = torch.triu_indices(n, n, 1)
        s6 = ((x[i] - x[j]) ** 2).sum(1) ** -3
        return 4 * (s6**2 - s6).sum()

    def numpy_loss(x: A) -> A:
        energy = 0.0
        for i in range(n):
            for j in range(i):
                s6 = 1 / np.sum((x[i] - x[j]) ** 2) ** 3
                energy += 4 * (s6 * s6 - s6)
        return energy

    def gradients(x: A) -> A:
        force = np.zeros_like(x)
        for i in range(n):
            for j in range(i):
                r = x[i] - x[j]
                r2 = r @ r
                pull = 24 * (2 * r2**-6 - r2**-3) / r2 * r
                force[i] += pull
                force[j] -= pull
        return -force

    x = 1.2 * np.stack(np.unravel_index(np.arange(n), (2, 2, 2)), axis=1)
    return Problem(gradients, x + rng.normal(size=(n, 3)) / 20, (), loss, numpy_loss).of(dtype)


@family()
def heat(rng: Generator, dtype: str) -> Problem:
    """The heat equation by implicit steps, the adjoint by the same banded solver."""
    n, steps, r = size(rng, 3, 8), size(rng, 1, 8), 0.7
    M = (1 + 2 * r) * np.eye(n) - r * np.eye(n, k=1) - r * np.eye(n, k=-1)

    def loss(u: A, M: A, goal: A) -> A:
        for _ in range(steps):
            u = torch.linalg.solve(M, u)
        return ((u - goal) ** 2).sum()

    def numpy_loss(u: A, M: A, goal: A) -> A:
        return np.sum((np.linalg.matrix_power(np.linalg.inv(M), steps) @ u - goal) ** 2)

    def gradients(u: A, M: A, goal: A) -> A:
        ab = np.zeros((3, n), u.dtype)
        ab[0, 1:], ab[1], ab[2, :-1] = M.diagonal(1), M.diagonal(), M.diagonal(-1)
        for _ in range(steps):
            u = solve_banded((1, 1), ab, u)
        up = 2 * (u - goal)
        for _ in range(steps):
            up = solve_banded((1, 1), ab, up)
        return up

    data = M, rng.normal(size=n)
    return Problem(gradients, rng.normal(size=n), data, loss, numpy_loss).of(dtype)


@family()
def mean_field(rng: Generator, dtype: str) -> Problem:
    """The free energy of Ising spins in mean field."""
    n = size(rng, 2, 6)

    def loss(m: A, J: A, field: A) -> A:
        up, down = (1 + m) / 2, (1 - m) / 2
        return -0.5 * m @ J @ m - field @ m + (torch.xlogy(up, up) + torch.xlogy(down, down)).sum()

    def numpy_loss(m: A, J: A, field: A) -> A:
        up, down = (1 + m) / 2, (1 - m) / 2
        return -0.5 * m @ J @ m - field @ m + np.sum(up * np.log(up) + down * np.log(down))

    def gradients(m: A, J: A, field: A) -> A:
        return -J @ m - field + np.arctanh(m)

    J = rng.normal(size=(n, n))
    data = J + J.T, rng.normal(size=n)
    return Problem(gradients, rng.uniform(-0.9, 0.9, n), data, loss, numpy_loss).of(dtype)
