"""Wrong uses of an upstream gradient: left out, applied twice, that of another output.

The loss of an operation is the sum of its outputs, each times its upstream gradient: its gradient
with another upstream gradient is what such a backward pass returns.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.complex_parts import IMAG
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, name_of
from autograd_ref.tree.point import Results

NEAR = 0.1
"""How near a block is, in parts of its size, to what a mistake makes of it. Chosen: beyond the
rounding of any format, and below any factor that people forget."""

TYPED = 1e-5
"""How near a factor has to be to one of few digits: float32 keeps more. Chosen."""

A = NDArray[np.float64]
Outputs = tuple[Path, ...]
Change = Callable[[Path, Any], Any]
"""A function of a path and an upstream gradient, to what is wrongly used in its place."""


class Use(NamedTuple):
    """A wrong use of the upstream gradient of some outputs."""

    name: str
    said: str
    """The wrong use: the end of a sentence, with {} for the upstream gradient."""
    change: Change


def _left_out(path: Path, upstream: Any, factor: float = 1.0) -> Any:
    return upstream * 0 + (0 if path[-1] == IMAG else factor)


def _twice(_path: Path, upstream: Any) -> Any:
    return upstream * upstream


def _first(_path: Path, upstream: Any) -> Any:
    return upstream * 0 + upstream.reshape(-1)[:1].sum()


def _averaged(_path: Path, upstream: Any) -> Any:
    return upstream * 0 + upstream.sum() / max(1, upstream.numel())


def _summed(_path: Path, upstream: Any) -> Any:
    return upstream * 0 + upstream.sum()


def _not_passed_on(_path: Path, upstream: Any) -> Any:
    return upstream * 0


def _turned(_path: Path, upstream: Any) -> Any:
    return -upstream


def _counted_twice(_path: Path, upstream: Any) -> Any:
    return upstream * 2


def _halved(_path: Path, upstream: Any) -> Any:
    return upstream / 2


LEFT_OUT = Use("upstream gradient left out", "{} is left out", _left_out)
IN_ALL = (
    LEFT_OUT,
    Use("upstream gradient applied twice", "{} is applied twice", _twice),
    Use(
        "first entry of the upstream gradient",
        "the first entry of {} is used for all of them",
        _first,
    ),
    Use("mean of the upstream gradient", "the mean of {} is used for every entry", _averaged),
    Use("sum of the upstream gradient", "the sum of {} is used for every entry", _summed),
)
"""Wrong uses of the upstream gradients of all outputs alike."""

IN_ONE = (
    LEFT_OUT,
    Use("one output's share missing", "{} is not used", _not_passed_on),
)
"""Wrong uses of that of one output among several."""


COUNTED = (
    Use("one share with the wrong sign", "{} is used with the wrong sign", _turned),
    Use("one share counted twice", "{} is counted twice", _counted_twice),
    Use("one share halved", "{} is halved", _halved),
)
"""Further ones, of a sum that people write down term by term."""


class Words(NamedTuple):
    """How the factors of a derivative are called."""

    factor: str
    fix: str
    """The remedy for wrong ones."""
    own_keys: int = 0
    """The number of keys in front of the path of what a factor belongs to."""
    in_one: tuple[Use, ...] = IN_ONE
    """Wrong uses of one factor among several."""


UPSTREAM = Words(
    "upstream gradient",
    "apply the chain rule: each gradient is the upstream gradient, summed over the outputs, times"
    " the derivative of the operation; once for every output",
)
"""The factors of a backward pass."""


def uses(outputs: Outputs, in_one: tuple[Use, ...]) -> Iterator[tuple[Use, Outputs]]:
    """Yield the wrong uses, each with the outputs that it is of.

    Args:
        outputs: all of them.
        in_one: the wrong uses of one among several.
    """
    for use in IN_ALL:
        yield use, outputs
    if len(outputs) > 1:
        for use in in_one:
            for output in outputs:
                yield use, (output,)


def multiplied(upstream: Mapping[Path, Any], hand: Results, right: Results) -> Iterator[Use]:
    """Yield a factor of few digits in the place of an upstream gradient that is one number.

    Args:
        upstream: the upstream gradients.
        hand: the gradients under test by the inputs.
        right: the right ones.
    """
    values = [as_array(leaf) for leaf in upstream.values()]
    if len(values) > 1 or values[0].size != 1:
        return
    own = float(values[0].reshape(()))
    wrong = [p for p in right if p in hand and not is_near(hand[p], right[p])]
    typed = {_typed(own * _ratio(hand[p], right[p])) for p in wrong}
    if len(typed) == 1 and not typed & {0.0, 1.0}:
        factor = typed.pop()
        yield Use(
            "upstream gradient left out + a constant factor",
            f"{{}} is left out, and the rest multiplied by {factor:.4g}",
            partial(_left_out, factor=factor),
        )


def named(outputs: Outputs, words: Words, *, of_many: bool) -> str:
    """Return the upstream gradients in words."""
    if len(outputs) == 1 and of_many:
        return f"the {words.factor} of {name_of(outputs[0][words.own_keys :])}"
    return f"the {words.factor}"


def is_near(hand: A, other: A) -> bool:
    """Return whether a block is nearly another."""
    if hand.shape != other.shape:
        return False
    return float(np.linalg.norm(hand - other)) <= NEAR * float(np.linalg.norm(other))


def _ratio(hand: A, right: A) -> float:
    """The factor between the two; 0 where there is none."""
    square = float(np.vdot(right, right))
    return float(np.vdot(right, hand)) / square if hand.shape == right.shape and square else 0.0


def _typed(factor: float) -> float:
    """The factor in two digits, or one over a whole number; 1 where it is neither."""
    divisor = max(1, round(1 / abs(factor))) if factor else 1
    for typed in (float(f"{factor:.2g}"), float(round(factor)), float(np.sign(factor)) / divisor):
        if abs(factor - typed) <= TYPED * abs(factor):
            return typed
    return 1.0
