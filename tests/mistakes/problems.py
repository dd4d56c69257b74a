"""Random problems of the classes on which mistakes show: X ~ N(0, 1), parameters ~ N(0, 0.5)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from manual_backprop import NetworkShape, initialize
from tests.mistakes.case import Arguments, DType, Problem

Sizes = tuple[int, int, int, int]
"""N_I, N_H, N_O and S."""


def made(sizes: Sizes, random: np.random.Generator, dtype: DType) -> Arguments:
    """One-hot rows of all classes that there is room for."""
    inputs, hidden, outputs, samples = sizes
    shape = NetworkShape(inputs, hidden, outputs)
    X = random.normal(size=(samples, inputs)).astype(dtype)
    labels = random.permutation(np.arange(samples) % outputs)
    parameters = initialize(shape, int(random.integers(1 << 30)), std=0.5, dtype=dtype)
    return Arguments(parameters, (X, np.eye(outputs, dtype=dtype)[labels]))


def problem(sizes: Callable[[np.random.Generator], Sizes]) -> Problem:
    def from_seed(seed: int, dtype: DType) -> Arguments:
        random = np.random.default_rng(seed)
        return made(sizes(random), random, dtype)

    return from_seed


def _distinct(random: np.random.Generator, fewest: int = 3) -> Sizes:
    inputs, hidden, outputs = (int(n) for n in random.permutation(np.arange(2, 8))[:3])
    counts = [n for n in range(fewest, 13) if n not in (inputs, hidden, outputs)]
    return inputs, hidden, outputs, int(random.choice(counts))


def _of_size(random: np.random.Generator) -> int:
    return int(random.integers(3, 7))


distinct = problem(_distinct)
"""Nothing equals anything else."""


def _square(random: np.random.Generator) -> Sizes:
    n = _of_size(random)
    return n, n, n, n + int(random.integers(1, 6))


square = problem(_square)


def _all_equal(random: np.random.Generator) -> Sizes:
    n = _of_size(random)
    return n, n, n, n


all_equal = problem(_all_equal)
one_sample = problem(lambda random: (*_distinct(random)[:3], 1))
one_output = problem(lambda random: (2, int(random.integers(3, 6)), 1, int(random.integers(6, 12))))


def _as_many_samples_as_units(random: np.random.Generator) -> Sizes:
    inputs, hidden, outputs = (int(n) for n in random.permutation(np.arange(3, 8))[:3])
    return inputs, hidden, outputs, hidden


as_many_samples_as_units = problem(_as_many_samples_as_units)


def with_labels(seed: int, dtype: DType) -> Arguments:
    """Y as integer labels, more samples than classes."""
    random = np.random.default_rng(seed)
    found = made(_distinct(random, fewest=8), random, dtype)
    return changed(found, Y=found.data[1].argmax(axis=1))


def changed(arguments: Arguments, **blocks: Any) -> Arguments:
    """A problem with some of its parameters, or X or Y, replaced."""
    X, Y = arguments.data
    data = (blocks.pop("X", X), blocks.pop("Y", Y))
    return Arguments(arguments.parameters._replace(**blocks), data, arguments.loss)


def shifted_bias(name: str, by: dict[DType, float]) -> Problem:
    """Distinct dimensions; one bias far from zero, by how far depends on the dtype."""

    def from_seed(seed: int, dtype: DType) -> Arguments:
        found = distinct(seed, dtype)
        block = getattr(found.parameters, name)
        return changed(found, **{name: block + dtype(by[dtype])})

    return from_seed


def one_confident_output(by: dict[DType, float]) -> Problem:
    """The first class is predicted with certainty; it is right for some samples, not for all."""

    def from_seed(seed: int, dtype: DType) -> Arguments:
        found = distinct(seed, dtype)
        b1 = found.parameters.b1.copy()
        b1[0] += dtype(by[dtype])
        return changed(found, b1=b1)

    return from_seed


def as_dict(given: Problem) -> Problem:
    """Parameters in a dict, as the course has them."""

    def from_seed(seed: int, dtype: DType) -> Arguments:
        found = given(seed, dtype)
        return Arguments(found.parameters._asdict(), found.data, found.loss)

    return from_seed


def with_loss(given: Problem, loss: Callable[..., Any]) -> Problem:
    def from_seed(seed: int, dtype: DType) -> Arguments:
        found = given(seed, dtype)
        return Arguments(found.parameters, found.data, loss)

    return from_seed
