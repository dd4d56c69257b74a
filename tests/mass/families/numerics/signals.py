"""Fourier transforms, filters and wavelets."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.fft import dct, idct
from scipy.signal import fftconvolve

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def power_spectrum(rng: Generator, dtype: str) -> Problem:
    """A spectrum to be matched, by an inverse transform of the error."""
    n = size(rng, 3, 16)

    def loss(x: A, target: A) -> A:
        return ((torch.fft.fft(x).abs() ** 2 - target) ** 2).mean()

    def numpy_loss(x: A, target: A) -> A:
        return np.mean((np.abs(np.fft.fft(x)) ** 2 - target) ** 2)

    def gradients(x: A, target: A) -> A:
        F = np.fft.fft(x)
        error = np.abs(F) ** 2 - target
        return (4 * np.fft.ifft(error * F)).real.astype(x.dtype)

    data = (rng.uniform(0, n, n),)
    return Problem(gradients, rng.normal(size=n), data, loss, numpy_loss).of(dtype)


@family()
def circular_filter(rng: Generator, dtype: str) -> Problem:
    """A circular convolution by real transforms."""
    n = size(rng, 2, 12)

    def loss(w: A, x: A, y: A) -> A:
        return ((torch.fft.irfft(torch.fft.rfft(w) * torch.fft.rfft(x), n) - y) ** 2).sum()

    def numpy_loss(w: A, x: A, y: A) -> A:
        return np.sum((np.fft.irfft(np.fft.rfft(w) * np.fft.rfft(x), n) - y) ** 2)

    def gradients(w: A, x: A, y: A) -> A:
        X = np.fft.rfft(x)
        e = 2 * (np.fft.irfft(np.fft.rfft(w) * X, n) - y)
        return np.fft.irfft(np.fft.rfft(e) * X.conj(), n).astype(w.dtype)

    data = rng.normal(size=n), rng.normal(size=n)
    return Problem(gradients, rng.normal(size=n), data, loss, numpy_loss).of(dtype)


@family()
def deconvolution(rng: Generator, dtype: str) -> Problem:
    """A linear convolution; its adjoint by scipy.signal.fftconvolve with a reversed kernel."""
    n, k = size(rng, 4, 12), size(rng, 1, 4)

    def loss(x: A, h: A, y: A) -> A:
        full = torch.nn.functional.conv1d(x[None, None], h.flip(0)[None, None], padding=k - 1)
        return 0.5 * ((full[0, 0] - y) ** 2).sum()

    def numpy_loss(x: A, h: A, y: A) -> A:
        return 0.5 * np.sum((np.convolve(x, h) - y) ** 2)

    def gradients(x: A, h: A, y: A) -> A:
        return fftconvolve(np.convolve(x, h) - y, h[::-1], mode="valid")

    data = rng.normal(size=k), rng.normal(size=n + k - 1)
    return Problem(gradients, rng.normal(size=n), data, loss, numpy_loss).of(dtype)


@family()
def cosine_transform(rng: Generator, dtype: str) -> Problem:
    """Smoothed sparsity of an orthonormal cosine transform."""
    n = size(rng, 2, 10)
    basis = dct(np.eye(n), axis=0, norm="ortho")

    def loss(x: A, basis: A) -> A:
        return torch.sqrt((basis @ x) ** 2 + 0.01).sum()

    def numpy_loss(x: A, basis: A) -> A:
        return np.sum(np.sqrt((basis @ x) ** 2 + 0.01))

    def gradients(x: A, *_: A) -> A:
        c = dct(x, norm="ortho")
        return idct(c / np.sqrt(c * c + x.dtype.type(0.01)), norm="ortho")

    return Problem(gradients, rng.normal(size=n), (basis,), loss, numpy_loss).of(dtype)


@family()
def recursive_filter(rng: Generator, dtype: str) -> Problem:
    """A recursive filter of second order, backwards in plain Python."""
    n = size(rng, 3, 30)

    def loss(a: A, x: A, y: A) -> A:
        s = [0 * x[0], 0 * x[0]]
        total = 0 * x[0]
        for u, target in zip(x, y, strict=True):
            s.append(u + a[0] * s[-1] + a[1] * s[-2])
            total = total + (s[-1] - target) ** 2
        return total

    def gradients(a: A, x: A, y: A) -> A:
        s = [0 * x[0], 0 * x[0]]
        for u in x:
            s.append(u + a[0] * s[-1] + a[1] * s[-2])
        adjoint = [0 * x[0]] * (n + 4)
        g = np.zeros_like(a)
        for t in range(n + 1, 1, -1):
            adjoint[t] = 2 * (s[t] - y[t - 2]) + a[0] * adjoint[t + 1] + a[1] * adjoint[t + 2]
            g[0] += adjoint[t] * s[t - 1]
            g[1] += adjoint[t] * s[t - 2]
        return g

    data = rng.normal(size=n), rng.normal(size=n)
    a = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.5, 0.1)])
    return Problem(gradients, a, data, loss, loss).of(dtype)


@family()
def haar(rng: Generator, dtype: str) -> Problem:
    """Haar details over all levels, back up the tree."""
    levels = size(rng, 1, 4)

    def details(x: A) -> A:
        out = []
        while len(x) > 1:
            out.append((x[::2] - x[1::2]) / 2)
            x = (x[::2] + x[1::2]) / 2
        return out

    def loss(x: A) -> A:
        return sum((d**2 / (1 + d**2)).sum() for d in details(x))

    def gradients(x: A) -> A:
        up = np.zeros(1, x.dtype)
        for d in reversed(details(x)):
            slope = 2 * d / (1 + d**2) ** 2
            up = np.stack([up + slope, up - slope], axis=1).ravel() / 2
        return up

    return Problem(gradients, rng.normal(size=2**levels), (), loss, loss).of(dtype)
