"""Linear algebra, well conditioned and badly."""

import numpy as np
import scipy.linalg
import torch
from numpy.random import Generator

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size, weights


def regular(rng: Generator, n: int) -> A:
    """A matrix that is not symmetric and far from singular."""
    return weights(rng, n, n) + 2 * np.eye(n)


@family()
def solve(rng: Generator, dtype: str) -> Problem:
    """The solution of a linear system, by the adjoint system."""
    n = size(rng, 1, 6)

    def loss(p: A, target: A) -> A:
        return ((torch.linalg.solve(p["M"], p["b"]) - target) ** 2).sum()

    def numpy_loss(p: A, target: A) -> A:
        return np.sum((np.linalg.solve(p["M"], p["b"]) - target) ** 2)

    def gradients(p: A, target: A) -> A:
        x = np.linalg.solve(p["M"], p["b"])
        adjoint = np.linalg.solve(p["M"].T, 2 * (x - target))
        return {"M": -np.outer(adjoint, x), "b": adjoint}

    parameters = {"M": regular(rng, n), "b": rng.normal(size=n)}
    return Problem(gradients, parameters, (rng.normal(size=n),), loss, numpy_loss).of(dtype)


@family()
def solve_badly(rng: Generator, dtype: str) -> Problem:
    """A linear system with singular values over four decades (two in float32)."""
    n, decades = size(rng, 2, 5), 4 if dtype == "float64" else 2
    U, V = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))

    def loss(M: A, b: A) -> A:
        return torch.linalg.solve(M, b).sum()

    def numpy_loss(M: A, b: A) -> A:
        return np.linalg.solve(M, b).sum()

    def gradients(M: A, b: A) -> A:
        return -np.outer(np.linalg.solve(M.T, np.ones_like(b)), np.linalg.solve(M, b))

    M = U @ np.diag(np.logspace(0, -decades, n)) @ V
    return Problem(gradients, M, (rng.normal(size=n),), loss, numpy_loss).of(dtype)


@family()
def inverse(rng: Generator, dtype: str) -> Problem:
    """A trace of an inverse, as the matrix cookbook has it."""
    n = size(rng, 1, 5)

    def loss(M: A, B: A) -> A:
        return torch.trace(B @ torch.linalg.inv(M))

    def numpy_loss(M: A, B: A) -> A:
        return np.trace(B @ np.linalg.inv(M))

    def gradients(M: A, B: A) -> A:
        inv = np.linalg.inv(M)
        return -(inv @ B @ inv).T

    return Problem(gradients, regular(rng, n), (rng.normal(size=(n, n)),), loss, numpy_loss).of(
        dtype
    )


@family()
def cholesky(rng: Generator, dtype: str) -> Problem:
    """A linear function of a Cholesky factor, backwards by Murray's formula."""
    n = size(rng, 1, 5)

    def loss(B: A, G: A) -> A:
        return (torch.linalg.cholesky(B @ B.T + torch.eye(n, dtype=B.dtype)) * G).sum()

    def numpy_loss(B: A, G: A) -> A:
        return (np.linalg.cholesky(B @ B.T + np.eye(n)) * G).sum()

    def gradients(B: A, G: A) -> A:
        L = np.linalg.cholesky(B @ B.T + np.eye(n, dtype=B.dtype))
        P = np.tril(L.T @ np.tril(G))
        P[np.diag_indices(n)] /= 2
        S = scipy.linalg.solve_triangular(L, P, lower=True, trans=1)
        S = scipy.linalg.solve_triangular(L, S.T, lower=True, trans=1).T
        return (S + S.T) @ B

    return Problem(
        gradients, rng.normal(size=(n, n)), (rng.normal(size=(n, n)),), loss, numpy_loss
    ).of(dtype)


@family()
def quadratic_chain(rng: Generator, dtype: str) -> Problem:
    """A product of matrices around a vector, by np.linalg.multi_dot."""
    n = size(rng, 1, 4)

    def loss(p: A, u: A, v: A) -> A:
        return u @ p["M"] @ p["N"] @ p["M"] @ v

    def gradients(p: A, u: A, v: A) -> A:
        M, N = p["M"], p["N"]
        left = np.outer(u, np.linalg.multi_dot([N, M, v]))
        right = np.outer(np.linalg.multi_dot([N.T, M.T, u]), v)
        return {"M": left + right, "N": np.outer(M.T @ u, M @ v)}

    parameters = {"M": rng.normal(size=(n, n)), "N": rng.normal(size=(n, n))}
    data = rng.normal(size=n), rng.normal(size=n)
    return Problem(gradients, parameters, data, loss, loss).of(dtype)
