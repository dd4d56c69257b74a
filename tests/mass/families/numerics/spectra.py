"""Determinants, eigenvalues and singular values."""

import numpy as np
import scipy.linalg
import torch
from numpy.random import Generator

from tests.mass.families.numerics.algebra import regular
from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def slogdet(rng: Generator, dtype: str) -> Problem:
    """A log-determinant of a general matrix."""
    n = size(rng, 1, 6)

    def loss(M: A) -> A:
        return torch.linalg.slogdet(M).logabsdet

    def numpy_loss(M: A) -> A:
        return np.linalg.slogdet(M)[1]

    return Problem(lambda M: np.linalg.inv(M).T, regular(rng, n), (), loss, numpy_loss).of(dtype)


@family("float64")
def hilbert(rng: Generator, dtype: str) -> Problem:
    """A log-determinant of Hilbert matrices, which lose a digit and a half for every row."""
    n = size(rng, 2, 8)

    def loss(M: A) -> A:
        return torch.linalg.slogdet(M)[1]

    def numpy_loss(M: A) -> A:
        return np.linalg.slogdet(M)[1]

    return Problem(lambda M: np.linalg.inv(M).T, scipy.linalg.hilbert(n), (), loss, numpy_loss).of(
        dtype
    )


@family()
def eigenvalues(rng: Generator, dtype: str) -> Problem:
    """A function of the eigenvalues of a symmetric matrix made of the parameters."""
    n = size(rng, 2, 5)

    def loss(B: A) -> A:
        return torch.tanh(torch.linalg.eigvalsh((B + B.T) / 2)).sum()

    def numpy_loss(B: A) -> A:
        return np.tanh(np.linalg.eigvalsh((B + B.T) / 2)).sum()

    def gradients(B: A) -> A:
        values, vectors = np.linalg.eigh((B + B.T) / 2)
        return vectors @ np.diag(1 - np.tanh(values) ** 2) @ vectors.T

    return Problem(gradients, rng.normal(size=(n, n)), (), loss, numpy_loss).of(dtype)


@family()
def largest_eigenvalue(rng: Generator, dtype: str) -> Problem:
    """The Rayleigh quotient at the top of a Gram matrix."""
    n, d = size(rng, 2, 6), size(rng, 2, 4)

    def loss(X: A) -> A:
        return torch.linalg.eigvalsh(X.T @ X)[-1]

    def numpy_loss(X: A) -> A:
        return np.linalg.eigvalsh(X.T @ X)[-1]

    def gradients(X: A) -> A:
        v = np.linalg.eigh(X.T @ X)[1][:, -1]
        return 2 * np.outer(X @ v, v)

    return Problem(gradients, rng.normal(size=(n, d)), (), loss, numpy_loss).of(dtype)


@family()
def nuclear_norm(rng: Generator, dtype: str) -> Problem:
    """The sum of singular values, and a data term."""
    m, n = size(rng, 2, 5), size(rng, 2, 4)

    def loss(M: A, Y: A) -> A:
        return torch.linalg.matrix_norm(M, "nuc") + (M - Y).pow(2).sum() / 2

    def numpy_loss(M: A, Y: A) -> A:
        return np.linalg.norm(M, "nuc") + np.sum((M - Y) ** 2) / 2

    def gradients(M: A, Y: A) -> A:
        U, _, Vt = np.linalg.svd(M, full_matrices=False)
        return U @ Vt + M - Y

    return Problem(
        gradients, rng.normal(size=(m, n)), (rng.normal(size=(m, n)),), loss, numpy_loss
    ).of(dtype)


@family("float64")
def matrix_exponential(rng: Generator, dtype: str) -> Problem:
    """A matrix exponential, by its Frechet derivative."""
    n = size(rng, 1, 4)

    def loss(M: A, G: A) -> A:
        return (torch.linalg.matrix_exp(M) * G).sum()

    def numpy_loss(M: A, G: A) -> A:
        return np.sum(scipy.linalg.expm(M) * G)

    def gradients(M: A, G: A) -> A:
        return scipy.linalg.expm_frechet(M.T, G, compute_expm=False)

    return Problem(
        gradients, rng.normal(size=(n, n)), (rng.normal(size=(n, n)),), loss, numpy_loss
    ).of(dtype)
