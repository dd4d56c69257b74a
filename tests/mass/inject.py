"""One error of known size in a right gradient: in an entry, in a block, or in a sample."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator

from tests.mass.nest import A, leaves, rebuilt
from tests.mass.problem import Kernel, Problem

SIZES = (1e-9, 1e-6, 1e-3)


@dataclass(frozen=True)
class Error:
    """Where an error is, and its size relative to what it is in."""

    size: float
    place: str
    block: int = 0
    entry: int = 0
    """The index of the entry in its block, or of the sample."""


def answer_of(problem: Problem, answer: A) -> tuple[A, A]:
    """The answer of gradients, as the loss (or None) and the gradients."""
    return answer if problem.returns_loss else (None, answer)


def honest(problem: Problem) -> list[A]:
    """The right gradients, as a list of arrays."""
    answer = problem.gradients(problem.parameters, *problem.data)
    return [np.asarray(leaf) for leaf in leaves(answer_of(problem, answer)[1])]


def random_error(rng: Generator, problem: Problem) -> Error | None:
    """An error somewhere in what is not zero; None where all is."""
    size = SIZES[rng.integers(len(SIZES))]
    places = ("entry", "block", "sample") if problem.batch else ("entry", "block")
    place = places[rng.integers(len(places))]
    filled = [(b, np.flatnonzero(leaf)) for b, leaf in enumerate(honest(problem)) if leaf.any()]
    if not filled:
        return None
    block, entries = filled[rng.integers(len(filled))]
    samples = len(problem.data[0]) if place == "sample" else 0
    return Error(size, place, block, int(rng.integers(samples) if samples else rng.choice(entries)))


def share_of(problem: Problem, sample: int, parameters: A, data: tuple[A, ...]) -> list[A]:
    """The part of the gradients that one sample contributes."""
    alone = [d[sample : sample + 1] for d in data[: problem.batched]]
    answer = problem.gradients(parameters, *alone, *data[problem.batched :])
    samples = len(data[0]) if problem.batch == "mean" else 1
    return [np.asarray(leaf) / samples for leaf in leaves(answer_of(problem, answer)[1])]


def wrong(problem: Problem, error: Error) -> Callable[..., A]:
    """The gradients with the error in them."""

    def gradients(parameters: A, *data: A) -> A:
        value, right = answer_of(problem, problem.gradients(parameters, *data))
        blocks = [np.array(leaf) for leaf in leaves(right)]
        if error.place == "sample" and error.entry < len(data[0]):
            shares = share_of(problem, error.entry, parameters, data)
            blocks = [
                (b + error.size * share).astype(b.dtype)
                for b, share in zip(blocks, shares, strict=True)
            ]
        elif error.place == "entry":
            blocks[error.block].reshape(-1)[error.entry] *= 1 + error.size
        elif error.place == "block":
            blocks[error.block] *= 1 + error.size
        answer = rebuilt(right, iter(blocks))
        return (value, answer) if problem.returns_loss else answer

    return gradients


def made(problem: Problem, error: Error) -> list[float]:
    """The relative errors of the blocks, in Euclidean norms, after rounding.

    From the gradient in float64 on the same values: what rounding takes from an error is none.
    """
    answer = wrong(problem, error)(problem.parameters, *problem.data)
    exact = honest(problem.of("float64"))
    pairs = zip(leaves(answer_of(problem, answer)[1]), exact, strict=True)
    found: list[float] = []
    for bad, right in pairs:
        top = float(np.max(np.abs(right), initial=0)) or 1.0
        exact = np.asarray(right, np.longdouble) / top
        difference = np.asarray(bad, np.longdouble) / top - exact
        length = float(np.sqrt((exact**2).sum())) or 1.0
        found.append(float(np.sqrt((difference**2).sum())) / length)
    return found


class Scaled(torch.autograd.Function):
    """The identity, whose gradient is scaled: all of it, or one entry."""

    @staticmethod
    def forward(ctx: A, *inputs: Any, **_: Any) -> A:
        x, ctx.error = inputs
        return x.clone()

    @staticmethod
    def backward(ctx: A, *grads: Any) -> A:
        factor = torch.ones(grads[0].numel(), dtype=grads[0].dtype)
        if ctx.error.place == "block":
            factor *= 1 + ctx.error.size
        else:
            factor[ctx.error.entry : ctx.error.entry + 1] *= 1 + ctx.error.size
        return grads[0] * factor.reshape(grads[0].shape), None


def wrong_kernel(kernel: Kernel, error: Error) -> Callable[..., A]:
    """The operation with the gradient of its first input scaled."""

    def function(x: A, *rest: A) -> A:
        return kernel.function(Scaled.apply(x, error), *rest)

    return function


def random_kernel_error(rng: Generator, kernel: Kernel) -> tuple[Error, float]:
    """An error in the first input's gradient, and its relative size for a typical upstream."""
    size, place = SIZES[rng.integers(len(SIZES))], ("entry", "block")[rng.integers(2)]
    x = kernel.inputs[0].detach().requires_grad_()
    outputs = kernel.function(x, *kernel.inputs[1:])
    first = outputs[0] if isinstance(outputs, tuple) else outputs
    upstream = torch.from_numpy(rng.normal(size=first.shape)).to(first.dtype)
    gradient = np.abs(torch.autograd.grad(first, x, upstream)[0].double().numpy()).ravel()
    entry = int(np.argmax(gradient))
    share = gradient[entry] / float(np.linalg.norm(gradient)) if place == "entry" else 1.0
    return Error(size, place, 0, entry), float(size * share)
