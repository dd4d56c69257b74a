"""Which of the numbers that are returned beside a gradient is its loss; an accuracy is none."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograd_ref.adapting.adapter import Adapted, compiled, targets_of
from autograd_ref.adapting.own_numbers.changes import along, called, changes_of, ways_from
from autograd_ref.adapting.small import gradient_of, loss_and_gradient_of
from autograd_ref.networks.random_point import random_point
from autograd_ref.user_code import UserCodeRaised

NAMED = re.compile(
    r"[jl]|.*(loss|cost|objective|entropy|nll|(?<![a-z])([bc]?ce|[ms]se)(?![a-z])).*", re.IGNORECASE
)
"""The names of a number that is a loss, though a wrong one; an error may be a rate of errors."""

DIRECTIONS = 4
"""As many ways are they moved. Chosen: what is no loss follows a gradient in one or two."""

CLOSE = 0.05
"""How close, as a share, the changes of a loss are to those that its gradient tells. Chosen: far
above what the step leaves out."""


ROUNDED, STABILISED = 1e-13, 1e-4
"""Between these shares, a number is the loss but for a constant that keeps a logarithm finite.
Chosen: below is rounding; above is another loss."""


class NumberReturned(NamedTuple):
    """A number that is returned beside a gradient."""

    text: str
    """The expression for it."""
    name: str
    """As the code calls it; empty where it does not."""
    follows: bool
    """True where it changes with the parameters as a gradient tells, but for a factor."""


def loss_among(numbers: Sequence[NumberReturned]) -> str:
    """Return the expression for the one that is the loss; empty where none is.

    Args:
        numbers: the numbers, in the order in which they are returned.

    Examples:
        >>> loss_among([NumberReturned("result[0]", "acc", False)])
        ''
        >>> loss_among([NumberReturned("result[0]", "my_loss", False)])
        'result[0]'
    """
    following = [one for one in numbers if one.follows]
    named = [one for one in numbers if NAMED.fullmatch(one.name)]
    return next((one.text for one in (*following, *named)), "")


def with_its_loss(one: Adapted) -> Adapted:
    """Return an adapter that returns the loss beside the gradient, where their code returns it.

    Args:
        one: the adapter, which returns the gradient alone.
    """
    found = one.found.reading.numbers
    if one.only_updates or one.found.program.data.one_at_a_time or not found:
        return one
    numbers = [NumberReturned(text, name, _follows(one, text)) for text, name in found.items()]
    loss = loss_among(numbers)
    if not loss:
        return one
    off_by = _off_by(one, loss)
    if not ROUNDED < off_by < STABILISED:
        return _returning(one, loss)
    almost = one.found.reading._replace(numbers={loss: found[loss]}, off_by=off_by)
    return one._replace(found=one.found._replace(reading=almost))


def _off_by(one: Adapted, text: str) -> float:
    """How far a number is from the loss of the network, as a share; 0 in narrow formats."""
    point = random_point(one.network, 5, seed=1, targets=targets_of(one))
    try:
        value, theirs = called(_returning(one, text), point, point.parameters)
    except UserCodeRaised:
        return 0.0
    right = loss_and_gradient_of(one.network, point)[0]
    narrow = any(np.asarray(block).dtype != np.float64 for block in theirs.values())
    return 0.0 if narrow else abs(value - right) / (abs(right) or 1.0)


def _returning(one: Adapted, text: str) -> Adapted:
    """The adapter that returns a number beside the gradient."""
    near = one.found._replace(reading=one.found.reading._replace(loss=text))
    function = compiled(near, one.choices, fixed=one.takes == "fixed")
    return one._replace(found=near, function=function)


def _follows(one: Adapted, text: str) -> bool:
    """Return whether a number changes as the gradient beside it tells, or as the right one does."""
    point = random_point(one.network, 5, seed=1, targets=targets_of(one))
    ways, both = ways_from(point.parameters, DIRECTIONS), _returning(one, text)
    try:
        _value, theirs = called(both, point, point.parameters)
        changes = changes_of(both, point, ways)
    except UserCodeRaised:
        return False
    gradients = theirs, gradient_of(one.network, point)
    told = [[along(gradient, way) for way in ways] for gradient in gradients]
    return any(is_multiple(changes, these) for these in told)


def is_multiple(changes: Sequence[float], told: Sequence[float]) -> bool:
    """Return whether numbers are others times some factor that is not 0.

    Args:
        changes: the numbers.
        told: the others.

    Examples:
        >>> is_multiple([1.0, -2.0, 3.0], [2.0, -4.0, 6.0]), is_multiple([0.0, 0.0], [1.0, 2.0])
        (True, False)
    """
    mine, right = np.array(changes), np.array(told)
    factor = float(mine @ right) / (float(right @ right) or 1.0)
    size = float(np.linalg.norm(mine))
    return size > 0 and float(np.linalg.norm(mine - factor * right)) <= CLOSE * size
