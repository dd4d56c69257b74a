"""Robots, cameras, meshes and graphs."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def planar_arm(rng: Generator, dtype: str) -> Problem:
    """The distance of a hand from its goal, by the geometric Jacobian."""
    n = size(rng, 1, 6)

    def loss(angles: A, lengths: A, goal: A) -> A:
        total = torch.cumsum(angles, 0)
        hand = torch.stack([lengths @ torch.cos(total), lengths @ torch.sin(total)])
        return ((hand - goal) ** 2).sum() / 2

    def numpy_loss(angles: A, lengths: A, goal: A) -> A:
        x = y = heading = 0.0
        for angle, length in zip(angles, lengths, strict=True):
            heading += angle
            x += length * math.cos(heading)
            y += length * math.sin(heading)
        return ((x - goal[0]) ** 2 + (y - goal[1]) ** 2) / 2

    def gradients(angles: A, lengths: A, goal: A) -> A:
        total = np.cumsum(angles)
        x, y = lengths * np.cos(total), lengths * np.sin(total)
        J = np.stack([-np.cumsum(y[::-1])[::-1], np.cumsum(x[::-1])[::-1]])
        return J.T @ (np.stack([x.sum(), y.sum()]) - goal)

    data = rng.uniform(0.5, 1.5, n), rng.normal(size=2)
    return Problem(gradients, rng.normal(size=n), data, loss, numpy_loss).of(dtype)


@family()
def rotation(rng: Generator, dtype: str) -> Problem:
    """Points turned by a quaternion that is normalised first."""
    n = size(rng, 1, 6)

    def turned(q: A, X: A, cross: A) -> A:
        t = 2 * cross(q[None, 1:] + 0 * X, X)
        return X + q[0] * t + cross(q[None, 1:] + 0 * X, t)

    def loss(q: A, X: A, Y: A) -> A:
        return ((turned(q / q.norm(), X, torch.linalg.cross) - Y) ** 2).sum()

    def numpy_loss(q: A, X: A, Y: A) -> A:
        return ((turned(q / np.sqrt(np.sum(q**2)), X, np.cross) - Y) ** 2).sum()

    def gradients(q: A, X: A, Y: A) -> A:
        length = np.linalg.norm(q)
        unit = q / length
        w, v = unit[0], unit[1:]
        up = 2 * (turned(unit, X, np.cross) - Y)
        by = np.zeros_like(q)
        for x, g in zip(X, up, strict=True):
            by[0] += 2 * np.dot(g, np.cross(v, x))
            by[1:] += 2 * w * np.cross(x, g)
            by[1:] += 2 * (g * (v @ x) + x * (v @ g) - 2 * v * (x @ g))
        return (by - unit * (unit @ by)) / length

    data = rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
    return Problem(
        gradients, rng.normal(size=4), data, loss, numpy_loss, batch="sum", batched=2
    ).of(dtype)


@dataclass
class Camera:
    """Focal length and position."""

    focal: A
    position: A


@family()
def projection(rng: Generator, dtype: str) -> Problem:
    """Reprojection errors of a pinhole camera, the parameters in a dataclass."""
    n = size(rng, 2, 8)

    def loss(camera: A, points: A, seen: A) -> A:
        moved = points - camera.position
        return ((camera.focal * moved[:, :2] / moved[:, 2:] - seen) ** 2).sum()

    def gradients(camera: A, points: A, seen: A) -> A:
        moved = points - camera.position
        xy, z = moved[:, :2], moved[:, 2:]
        e = 2 * (camera.focal * xy / z - seen)
        by_depth = (e * xy * camera.focal / z**2).sum()
        flat = -(e * camera.focal / z).sum(axis=0)
        return Camera((e * xy / z).sum(), np.append(flat, by_depth))

    points = rng.normal(size=(n, 3)) + np.array([0, 0, 5])
    camera = Camera(np.array(rng.uniform(1, 2)), rng.normal(size=3) / 4)
    return Problem(
        gradients, camera, (points, rng.normal(size=(n, 2))), loss, loss, batch="sum", batched=2
    ).of(dtype)


@family()
def laplacian(rng: Generator, dtype: str) -> Problem:
    """Smoothing on a random graph, edge by edge."""
    n, edges = size(rng, 3, 8), size(rng, 2, 12)

    def loss(f: A, ends: A, weight: A, y: A) -> A:
        return (weight * (f[ends[0]] - f[ends[1]]) ** 2).sum() + ((f - y) ** 2).sum()

    def gradients(f: A, ends: A, weight: A, y: A) -> A:
        L = np.zeros((n, n), f.dtype)
        for i, j, w in zip(*ends, weight, strict=True):
            L[i, i] += w
            L[j, j] += w
            L[i, j] -= w
            L[j, i] -= w
        return 2 * (L @ f + f - y)

    data = rng.integers(0, n, (2, edges)), rng.uniform(0, 1, edges), rng.normal(size=n)
    return Problem(gradients, rng.normal(size=n), data, loss, loss).of(dtype)


@family()
def graph_network(rng: Generator, dtype: str) -> Problem:
    """Two layers of graph convolution."""
    n, d, h = size(rng, 2, 6), size(rng, 1, 3), size(rng, 2, 4)
    S = (rng.random((n, n)) < 0.5) + np.eye(n)
    S = S / S.sum(axis=1, keepdims=True)

    def loss(p: A, S: A, X: A, y: A) -> A:
        return ((S @ torch.tanh(S @ X @ p[0]) @ p[1] - y) ** 2).mean()

    def numpy_loss(p: A, S: A, X: A, y: A) -> A:
        return np.mean((S @ np.tanh(S @ X @ p[0]) @ p[1] - y) ** 2)

    def gradients(p: A, S: A, X: A, y: A) -> A:
        SX = S @ X
        H = np.tanh(SX @ p[0])
        e = 2 * (S @ H @ p[1] - y) / n
        dH = np.outer(S.T @ e, p[1])
        return SX.T @ (dH * (1 - H**2)), (S @ H).T @ e

    parameters = rng.normal(size=(d, h)), rng.normal(size=h)
    data = S, rng.normal(size=(n, d)), rng.normal(size=n)
    return Problem(gradients, parameters, data, loss, numpy_loss).of(dtype)


@family()
def mesh_area(rng: Generator, dtype: str) -> Problem:
    """The area of a triangulated surface."""
    n, faces = size(rng, 3, 6), size(rng, 1, 6)

    def loss(V: A, F: A) -> A:
        a, b, c = V[F[:, 0]], V[F[:, 1]], V[F[:, 2]]
        return torch.linalg.cross(b - a, c - a).norm(dim=1).sum() / 2

    def numpy_loss(V: A, F: A) -> A:
        a, b, c = V[F[:, 0]], V[F[:, 1]], V[F[:, 2]]
        return np.sqrt((np.cross(b - a, c - a) ** 2).sum(axis=1)).sum() / 2

    def gradients(V: A, F: A) -> A:
        out = np.zeros_like(V)
        for i, j, k in F:
            normal = np.cross(V[j] - V[i], V[k] - V[i])
            normal = normal / np.linalg.norm(normal)
            out[i] += np.cross(normal, V[k] - V[j]) / 2
            out[j] += np.cross(normal, V[i] - V[k]) / 2
            out[k] += np.cross(normal, V[j] - V[i]) / 2
        return out

    F = np.array([rng.permutation(n)[:3] for _ in range(faces)])
    return Problem(
        gradients, rng.normal(size=(n, 3)), (F,), loss, numpy_loss, batch="sum", batched=1
    ).of(dtype)
