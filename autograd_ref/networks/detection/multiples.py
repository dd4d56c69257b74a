"""How much of another gradient, and of a penalty, a gradient consists of: least squares."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.networks.choices import Penalised

Blocks = Mapping[str, NDArray[Any]]

ALIKE = 1e-3
"""The part of a gradient, at most, that is left where it is taken for another: above rounding in
float32, below what is between two activations. Chosen; a check to rounding follows."""


class Fitted(NamedTuple):
    """factor * gradient + l2 * parameters, which is a gradient but for what is left."""

    factor: float
    l2: float
    l2_of: Penalised


def fitted(found: Blocks, base: Blocks, parameters: Blocks) -> list[Fitted]:
    """Return the ways in which a gradient is a multiple of another one, also with a penalty.

    Args:
        found: the gradient.
        base: the other one.
        parameters: the parameters, of which a penalty has a multiple as its gradient.
    """
    g, b = _vector(found).astype(np.float64), _vector(base)
    size = float(np.linalg.norm(g))
    ways: list[Fitted] = []
    if not size or not np.isfinite(g).all() or not np.isfinite(b).all() or not b.any():
        return ways
    alone = float(b @ g / (b @ b))
    if np.linalg.norm(g - alone * b) <= ALIKE * size:
        ways.append(Fitted(alone, 0.0, "weights"))
    for l2_of in ("weights", "all") if _has_biases(parameters) else ("weights",):
        w = _vector(_penalised(parameters, l2_of))
        columns = np.stack([b, w], axis=1)
        (factor, l2), *_others = np.linalg.lstsq(columns, g)
        left = np.linalg.norm(g - columns @ (factor, l2))
        if left <= ALIKE * size and l2 > 0:
            ways.append(Fitted(float(factor), float(l2), l2_of))
    return ways


def is_close(found: Blocks, right: Blocks) -> bool:
    """Return whether a gradient may be another one in its number format; to rounding is for later.

    The square root of a unit of rounding is far above rounding, and far below another number.
    """
    g, r = _vector(found), _vector(right)
    unit = np.finfo(g.dtype).eps if g.dtype.kind == "f" else np.finfo(np.float64).eps
    return bool(np.linalg.norm(g - r) <= math.sqrt(unit) * np.linalg.norm(r))


def _vector(blocks: Blocks) -> NDArray[Any]:
    return np.concatenate([blocks[name].ravel() for name in sorted(blocks)])


def _penalised(parameters: Blocks, l2_of: Penalised) -> Blocks:
    return {
        name: block if name[0] == "W" or l2_of == "all" else np.zeros_like(block)
        for name, block in parameters.items()
    }


def _has_biases(parameters: Blocks) -> bool:
    return any(name[0] == "b" for name in parameters)


def usual_numbers(value: float) -> list[float]:
    """Return the numbers that a person may have written for one that was found, short ones first.

    >>> usual_numbers(0.0099999)
    [0.01, 0.0099999]
    """
    rounded = dict.fromkeys(float(f"{value:.{digits}g}") for digits in (1, 2, 3, 6, 12))
    return [number for number in rounded if abs(number - value) <= ALIKE * value]
