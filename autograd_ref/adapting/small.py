"""Small problems on which the way to call somebody's code is found."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.calling.problem_to_try import References, RightFor, SmallProblem
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.compiled import loss_of
from autograd_ref.networks.detection.families import families
from autograd_ref.networks.random_point import NetworkPoint, random_point
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.rounding.monte_carlo import as_float64

SAMPLES = 11
"""The number of samples of a small problem: like no other dimension."""


def problems(meant: Architecture | None = None) -> Callable[[tuple[int, ...]], SmallProblem]:
    """Return what makes the small problem of some sizes, each once.

    Args:
        meant: the network that the code is for; None where that is not known.
    """

    @cache
    def problem(sizes: tuple[int, ...]) -> SmallProblem:
        usual = architecture(sizes, output="sigmoid" if sizes[-1] == 1 else "softmax")
        point = random_point(usual, SAMPLES, seed=0)

        def reference(one: Architecture) -> RightFor:
            return RightFor(one, gradient_of(one, point))

        @cache
        def of_meant(bias: bool) -> list[RightFor]:
            fits = meant is not None and (meant.output, sizes[-1]) != ("softmax", 1)
            return [reference(meant._replace(sizes=sizes, bias=bias))] if meant and fits else []

        @cache
        def of_usual(bias: bool) -> list[RightFor]:
            return [reference(one) for one in families(usual._replace(bias=bias))]

        references = References(of_meant, of_usual)
        return SmallProblem(sizes, point.parameters, point.X, point.Y, references, meant)

    return problem


def gradient_of(one: Architecture, point: NetworkPoint) -> dict[str, NDArray[Any]]:
    """Return the gradient of a network, by the parameters that it has.

    Args:
        one: the network.
        point: its parameters, and data.
    """
    return loss_and_gradient_of(one, point)[1]


def loss_and_gradient_of(
    one: Architecture, point: NetworkPoint
) -> tuple[float, dict[str, NDArray[Any]]]:
    """Return the loss of a network, and its gradient by the parameters that it has.

    Args:
        one: the network.
        point: its parameters, and data.
    """
    classes = point.Y.ndim == 1 and one.loss != "cross-entropy"
    rows = np.eye(one.sizes[-1])[point.Y] if classes else point.Y
    own = {name: point.parameters[name] for name in one.shapes}
    value, found = differentiate(loss_of(one), own, (point.X, rows))
    gradient = {str(path[-1]): as_float64(block) for path, block in found.items()}
    return float(as_float64(value)), gradient
