"""The results of functions, in the form that SciPy gives them."""

from collections import deque
from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any, cast
from weakref import ref

import numpy as np

from autograd_ref.reference.choice.callers_loss import described
from autograd_ref.tree.leaf import (
    as_array,
    as_numbers,
    is_numeric,
    is_of_numbers,
    is_sparse,
    is_tensor,
)

Shape = tuple[int, ...]

KEPT = 64
"""The last results in which one that a function returns again is looked for. Chosen: a check calls
a derivative some ten times."""


def item_of(function: Callable[..., Any], place: int) -> Callable[..., Any]:
    """The function, of whose result one item is taken."""

    @wraps(function)
    def one(x: Any, *data: Any) -> Any:
        return function(x, *data)[place]

    return one


def copied_if_kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, of which an array that it returns again unchanged is a copy.

    Solvers ask once at every x and change nothing in what they get: a function may keep results, or
    return a constant. One that writes its next result into the last array may not.
    """
    kept = deque[tuple[object, int]](maxlen=KEPT)  # without the memory of what was returned

    @wraps(function)
    def apart(x: Any, *data: Any) -> Any:
        found = function(x, *data)
        if not isinstance(found, np.ndarray):
            return found
        array = cast("Any", found)
        values = hash(array.tobytes())
        before = next((old for one, old in reversed(kept) if cast("Any", one)() is array), None)
        kept.append((ref(array), values))
        return array.copy() if values == before else array

    return apart


def in_shape(
    name: str,
    function: Callable[..., Any],
    shape: Shape,
    *,
    ravelled: bool = False,
    transposed: bool = False,
) -> Callable[..., Any]:
    """The function, whose result has a shape, and is in float64, where SciPy makes it so.

    Axes of length one are put before those that there are, as np.atleast_1d and np.atleast_2d do.
    Anything else stays as it is.

    Args:
        name: of the function.
        function: of x and data.
        shape: the one wanted.
        ravelled: True where a matrix of one row or column will do for a vector.
        transposed: True where a matrix has its axes exchanged.
    """

    @wraps(function)
    def shaped(x: Any, *data: Any) -> Any:
        found = function(x, *data)
        if _is_pair(found, np.shape(x)):
            raise TypeError(
                f"{name} returned {described(found)}: a value and its derivative; it needs to"
                " return the derivative alone"
            )
        found = _in_float64(as_numbers(found))
        if transposed and np.ndim(found) == 2:
            found = found.T
        if not is_numeric(found):
            return found
        has = tuple(np.shape(found))
        padded = (1,) * (len(shape) - len(has)) + has
        fits = padded == shape or (ravelled and has in ((1, *shape), (*shape, 1)))
        return found.reshape(shape) if fits and has != shape else found

    return shaped


def _in_float64(found: Any) -> Any:
    """Real numbers in float64 or wider: whole ones, narrow ones and those of other libraries."""
    if is_tensor(found) or not (is_sparse(found) or is_of_numbers(found)):
        return found
    array = found if is_sparse(found) else as_array(found)
    return array.astype(np.result_type(array.dtype, np.float64), copy=False)


def require_value(name: str, value: Any, shape: Shape, *, number: bool, derivatives: int) -> Any:
    """The value of a function, the first of (value, derivative) where it returns both.

    Args:
        name: of the function.
        value: what it returned at the start.
        shape: of x.
        number: True where a number is needed.
        derivatives: how many derivatives it has to return as well.

    Raises:
        TypeError: it returned something else.
    """
    kind = "number" if number else "vector"
    if derivatives:
        if not isinstance(value, tuple | list) or len(cast("list[Any]", value)) <= derivatives:
            second = ", second derivative" * (derivatives > 1)
            raise TypeError(
                f"{name} returned {described(cast('object', value))}; where a derivative is given"
                f" as True, it needs to return ({kind}, derivative{second})"
            )
        value = cast("list[Any]", value)[0]
    elif _is_pair(value, shape):
        raise TypeError(
            f"{name} returned {described(value)}: its value and its derivative. It needs to return"
            f" the {kind} alone; or jac needs to be True, where the solver takes that"
        )
    found = as_numbers(value)
    if not is_of_numbers(found) or (number and as_array(found).size != 1):
        raise TypeError(f"{name} returned {described(value)}; it needs to return a {kind}")
    return found


def _is_pair(value: Any, shape: Shape) -> bool:
    """True for a number with its gradient, and for a vector with its Jacobian."""
    items = cast("tuple[Any, ...]", value)
    if not isinstance(value, tuple) or len(items) != 2:
        return False
    first, second = (np.shape(as_numbers(item)) for item in items)
    if prod(first) == 1 and second != ():
        return prod(second) == prod(shape)
    return second == (*first, *shape) and first != ()
