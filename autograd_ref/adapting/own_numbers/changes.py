"""How a number in somebody's code changes with the parameters, along a few directions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.undisturbed import left_as_it_was, quiet
from autograd_ref.networks.random_point import NetworkPoint
from autograd_ref.user_code import user_code

Array = NDArray[Any]
Blocks = Mapping[str, Array]

STEP = 1e-3
"""How far parameters are moved to see how a number depends on them. Chosen: float32 sees it."""


def ways_from(parameters: Blocks, count: int) -> list[dict[str, Array]]:
    """Return random directions in which parameters may be moved.

    Args:
        parameters: by their names.
        count: how many.
    """
    random = np.random.default_rng(0)
    shapes = {name: np.shape(value) for name, value in parameters.items()}
    return [{n: random.normal(size=shape) for n, shape in shapes.items()} for _ in range(count)]


def called(one: Adapted, point: NetworkPoint, parameters: Blocks) -> tuple[float, Blocks]:
    """Return the number that an adapter returns before a gradient, and the gradient.

    Args:
        one: the adapter.
        point: the data.
        parameters: by their names.

    Raises:
        UserCodeRaised: by their code, or what it returns is no number.
    """
    with left_as_it_was(one.found.program.entry.function), quiet(), user_code():
        inside = parameters if one.choices.as_dict else (*parameters.values(),)
        value, gradient = one(inside, point.X, point.Y)
        return float(value), gradient


def changes_of(one: Adapted, point: NetworkPoint, ways: list[dict[str, Array]]) -> list[float]:
    """Return how fast the number that an adapter returns changes along each way.

    Args:
        one: the adapter.
        point: the parameters and data.
        ways: the directions.

    Raises:
        UserCodeRaised: as `called`.
    """

    def at(way: Blocks, by: float) -> float:
        moved = {name: value + by * way[name] for name, value in point.parameters.items()}
        return called(one, point, moved)[0]

    return [(at(way, STEP) - at(way, -STEP)) / (2 * STEP) for way in ways]


def along(gradient: Blocks, way: Blocks) -> float:
    """Return the change along a way that a gradient tells, by its blocks of the right shape.

    Args:
        gradient: by the names of the parameters.
        way: the direction.
    """
    right = [name for name in way if np.shape(gradient[name]) == way[name].shape]
    return sum(float(np.sum(gradient[name] * way[name])) for name in right)
