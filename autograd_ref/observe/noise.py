"""Whether an error is reproducible: a mistake is, rounding is not.

The function under test and the reference are called again at points a few units of roundoff away.
A mistake is the same at all of them; what rounding did at one of them, it does not do at the next.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.call import Gradients, called, own_copy
from autograd_ref.reference.protocol import LOSS, Evaluation, Point, Reference, Results
from autograd_ref.tree import number_format
from autograd_ref.tree.nest import as_array, is_numeric, like, rebuilt

REPETITIONS = 15

FIRST_REPETITIONS, CLEARLY = 3, 1_000.0
"""After so few of them, an error so many times as large as its scatter is clearly a mistake."""

SMOOTH = 10.0
"""So many times its scatter the gradient itself has to be there, or its errors tell nothing."""

STEADY = 2.5
"""An error whose mean is beyond so many of its standard deviations stays what it is from point to
point: a mistake. Long sums drift, so that rounding may have a mean as well, of up to one or two."""

NUDGE = 512
"""By how many units of roundoff, at most, the arguments are moved for it: enough to round long sums
anew, and too little to round anew what was put through a format of half as many digits."""

FURTHER = 16.0
"""By how many times the root of a unit of roundoff, where nothing is known of formulas: enough to
round anew what is rounded to units of one, as 1 - 1/(1 + exp(z)) is."""


def scatter_of_errors(
    gradients: Gradients, reference: Reference, point: Point, doubtful: set[str]
) -> Results:
    """The standard deviation of each error over nearby points, where the mean error is only noise.

    A mistake is the same a few units of roundoff further on; what rounding did there is not.

    Args:
        gradients: the function under test.
        reference: what it is held against.
        point: where they differ.
        doubtful: the blocks in question, and "loss".
    """
    found: Results = {}
    for further in (False, True) if reference.blind else (False,):
        left = {name for name in doubtful if (LOSS if name == "loss" else name) not in found}
        if left:
            found |= _scatters(gradients, reference, point, left, further=further)
    return found


def _scatters(
    gradients: Gradients, reference: Reference, point: Point, doubtful: set[str], *, further: bool
) -> Results:
    errors: dict[str, list[NDArray[np.float64]]] = {name: [] for name in sorted(doubtful)}
    values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in errors}
    for seed in range(REPETITIONS):
        try:
            near, exact = _evaluated_nearby(reference, point, seed, further=further)
            answer = called(gradients, near).answer
        except Exception:  # not asked for by the user, so not theirs to see
            return {}
        for name, found in errors.items():
            theirs = answer.loss if name == "loss" else answer.gradients.get(name)
            ours = np.asarray(exact.loss) if name == "loss" else exact.gradients[name]
            if theirs is None or theirs.shape != ours.shape:
                return {}
            found.append(theirs.astype(np.float64) - ours)
            values[name].append(ours)
        if seed + 1 == FIRST_REPETITIONS:
            errors = {name: e for name, e in errors.items() if _is_noise(np.stack(e), CLEARLY)}
            if not errors:
                return {}
    return {
        LOSS if name == "loss" else name: np.std(found, axis=0, ddof=1)
        for name, found in errors.items()
        if _is_noise(np.stack(found), STEADY)
        and not (further and _is_noise(np.stack(values[name]), SMOOTH))
    }


def _is_noise(errors: NDArray[np.float64], most: float) -> bool:
    """Whether their mean is at most so many times as large as their scatter, in Euclidean norms."""
    if not np.isfinite(errors).all():
        return False
    errors = errors / (np.abs(errors).max() or 1.0)  # squares of large ones would overflow
    mean, deviation = errors.mean(axis=0), errors.std(axis=0, ddof=1)
    return float(np.linalg.norm(mean)) <= most * float(np.linalg.norm(deviation))


def _evaluated_nearby(
    reference: Reference, point: Point, seed: int, *, further: bool
) -> tuple[Point, Evaluation]:
    """Parameters and data moved a little; the parameters alone, where those data are refused."""
    random = np.random.default_rng(seed)
    copy = own_copy(point)
    near = Point(*(_nudged(nest, random, further=further) for nest in copy))
    try:
        return near, reference.evaluate(near)
    except ValueError:  # targets that have to sum to one, say
        near = near._replace(data=copy.data)
        return near, reference.evaluate(near)


def _nudged(nest: object, random: np.random.Generator, *, further: bool) -> Any:
    """Every float moved by some units of roundoff of its own format, or by half of its digits."""

    def nudge(_name: str, leaf: Any) -> object:
        array = as_array(leaf) if is_numeric(leaf) else None
        if array is None or array.dtype.kind != "f":
            return leaf
        unit = number_format.of_leaf(leaf).unit
        most = FURTHER * unit**0.5 if further else min(NUDGE * unit, unit**0.5)
        shape: tuple[int, ...] = array.shape
        by = most * (2 * random.random(shape) - 1)
        return like(leaf, np.asarray(array * (1 + by)).astype(array.dtype))

    return rebuilt(nest, nudge)
