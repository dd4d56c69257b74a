"""How far rounding can move what any PyTorch code computes: measured, by rounding at random.

Every operation of the forward and of the backward pass is repeated in float64 with its result
moved, up or down at random, by as much as rounding could have moved it in the number format in
question (Parker's Monte Carlo arithmetic, UCLA 1997; the amounts are in `operations`). Nothing
about the loss has to be known, only about operations. What cancels later, cancels in the reference
too and is seen.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from random import Random
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.rounding.arithmetic import (
    ALLOWED_UNITS,
    FUNCTION_FACTOR,
    OF_ITSELF,
    Arithmetic,
    Level,
    arithmetic_at,
)
from autograd_ref.rounding.operations import (
    BOUNDED,
    SPOILS,
    Dispatched,
    dispatched,
    is_choice,
    is_known,
    products_in_a_row,
    reach,
)
from autograd_ref.torch_internals import (
    EveryOperation,
    has_no_memory,
    tensors_within,
    with_tensors_replaced,
)
from autograd_ref.tree.number_format import NumberFormat, of_dtype
from autograd_ref.user_code import Raised, attempt

Array = NDArray[np.float64]
Compute = Callable[[], Sequence[Tensor]]

DOUBLE = of_dtype(np.float64)

FEW, GROSS, MANY = 1, 2, 8
"""Samples at first, before what is far off, and before anybody else is accused."""

SAFETY = 2.0
"""A few samples see about one standard deviation of the movement. The movements put in are bounds,
which real rounding uses a quarter of at most (section 5); the factor covers small samples."""

NEIGHBOURS = 0.25
"""How much of its row's and column's movement an entry is allowed even if it seems not to move."""

SCALES = 1.0, 2.0**-8, 2.0**-16, 2.0**-24
"""Movements that the loss refuses (probabilities that do not sum to one any more) are made smaller,
and what they do is enlarged; never smaller than roundoff in float64, which does the computing."""

SIGNS = 65_521
"""Directions are taken from one list of so many, from a random place on; a prime number, so that
rows of a table do not repeat each other's."""

MOST_KEPT = 32
"""The longest list that is kept has it so many times, in 17 MB."""


def tolerances(
    compute: Compute, exact: Sequence[Array], number: NumberFormat, *, level: Level, seed: int
) -> list[Array]:
    """How far from exact an honest computation in the number format may be, entry by entry.

    Args:
        compute: evaluates everything in float64, from the same values every time.
        exact: what it returns without disturbance, as arrays.
        number: the format in which the side under test computes.
        level: which formulas that side is held to, and how many disturbed evaluations to make.
        seed: for the directions of rounding.
    """
    arithmetic = arithmetic_at(level, number)
    samples = {Level.ACCUMULATED: FEW, Level.STRICT: FEW, Level.GROSS: GROSS}.get(level, MANY)
    for scale in (s for s in SCALES if s == 1 or s * number.unit >= DOUBLE.unit):
        mode = _Rounding(arithmetic, seed, scale)
        moved = attempt(partial(_movements, compute, exact, mode, samples))
        if isinstance(moved, Raised):  # a matrix that rounding makes singular, say
            continue
        return [_tolerance(*each, arithmetic) for each in zip(moved, exact, strict=True)]
    return [np.full(values.shape, np.inf) for values in exact]


def as_float64(tensor: Tensor) -> Array:
    """A copy as a NumPy array."""
    return np.array(tensor.numpy(force=True), dtype=np.float64)


class _Movement(NamedTuple):
    """How far each entry of one array moves, over several disturbed evaluations."""

    largest: Array
    mean_square: Array
    """In units of `_size`, so that no square overflows or vanishes."""


def _movements(
    compute: Compute, exact: Sequence[Array], mode: "_Rounding", samples: int
) -> list[_Movement]:
    """How far each entry of each array moves."""
    found = [_Movement(np.zeros_like(values), np.zeros_like(values)) for values in exact]
    for _sample in range(samples):
        with mode:
            disturbed = compute()
        for tensor, values, (largest, mean_square) in zip(disturbed, exact, found, strict=True):
            # what overflows under disturbance is beyond the format anyway
            off = np.abs(as_float64(tensor) - values) / mode.scale
            off = np.nan_to_num(off, nan=np.inf, posinf=np.inf)
            np.maximum(largest, off, out=largest)
            with np.errstate(over="ignore", under="ignore"):
                np.add(mean_square, (off / _size(values)) ** 2 / samples, out=mean_square)
    return found


def _tolerance(movement: _Movement, exact: Array, arithmetic: Arithmetic) -> Array:
    """The tolerance of an array, from how far it moves."""
    size, whole = np.abs(exact), _size(exact)
    of_itself = min(OF_ITSELF, _typical_part(movement.mean_square, size / whole))
    typical = whole * _typical(movement.mean_square)
    from_neighbours = np.minimum(NEIGHBOURS * typical, of_itself * size)
    least = arithmetic.unit * size + ALLOWED_UNITS * arithmetic.smallest
    return SAFETY * np.maximum(movement.largest, from_neighbours) + least


def _size(exact: Array) -> float:
    """The largest entry of an array; 1 where there is none, or it is not finite."""
    largest = float(np.abs(exact).max(initial=0.0))
    return largest if 0 < largest < math.inf else 1.0


def _typical_part(squares: Array, size: Array) -> float:
    """The part of itself by which the entry in the middle moves: others may be of another size."""
    moving = (squares > 0) & (size > 0)
    return float(np.median(np.sqrt(squares[moving]) / size[moving])) if moving.any() else 0.0


def _typical(squares: Array) -> Array:
    """The movement that an entry's row and column suggest: row times column, over that of all.

    Args:
        squares: mean squares, entry by entry.
    """
    if squares.ndim == 0 or not squares.any():
        return np.sqrt(squares)
    table = squares.reshape(squares.shape[0], -1)
    if 1 in table.shape:
        return np.full(squares.shape, math.sqrt(table.mean()))
    with np.errstate(invalid="ignore", over="ignore"):
        product = table.mean(axis=1, keepdims=True) * (table.mean(axis=0) / table.mean())
    return np.sqrt(np.nan_to_num(product, nan=np.inf)).reshape(squares.shape)


class _Rounding(EveryOperation):
    """While it is active, every floating-point result is moved by what rounding may do to it."""

    def __init__(self, arithmetic: Arithmetic, seed: int, scale: float) -> None:
        super().__init__()
        self.arithmetic = arithmetic
        self.random = Random(seed)
        self.scale = scale

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = kwargs or {}
        operation = dispatched(func, args, kwargs)
        given = with_tensors_replaced(torch.clone, args) if operation.name in SPOILS else args
        result: object = func(*given, **kwargs)
        if func.is_view or is_choice(operation):
            return result
        if not is_known(operation) and _floats(result):
            moved = partial(self._moved, in_a_row=products_in_a_row(operation))
            args, kwargs = with_tensors_replaced(moved, (args, kwargs))
            operation = operation._replace(args=args, kwargs=kwargs)
            result = func(*args, **kwargs)
        for tensor in _floats(result):
            self._move(tensor, operation)
        return result

    def _move(self, result: Tensor, operation: Dispatched) -> None:
        """Move a result of an operation in place."""
        by = reach(self._arithmetic_of(result), operation, result)
        # what is infinite stays so, and does not become a difference of infinities
        by = by.nan_to_num_(0.0, 0.0, 0.0)
        _ = result.addcmul_(by, self._signs_for(result), value=self.scale)
        if operation.name in BOUNDED:
            _ = result.clamp_(*BOUNDED[operation.name])

    def _arithmetic_of(self, result: Tensor) -> Arithmetic:
        """The arithmetic of a result: a loss may itself go through a coarser format."""
        own = ALLOWED_UNITS * torch.finfo(result.dtype).eps / 2
        return self.arithmetic._replace(unit=max(self.arithmetic.unit, own))

    def _moved(self, tensor: Tensor, in_a_row: int) -> Tensor:
        """An argument, moved by as much as a function's result, or the factors of a product."""
        if not _is_moved(tensor):
            return tensor
        own = self._arithmetic_of(tensor)
        by = self.scale * max(FUNCTION_FACTOR * own.unit, own.factors * in_a_row**0.5)
        return tensor * (1 + by * self._signs_for(tensor))

    def _signs_for(self, result: Tensor) -> Tensor:
        """A direction for every entry, 1 or -1."""
        start, count = self.random.randrange(SIGNS), result.numel()
        times = 1 << ((start + count) // SIGNS).bit_length()  # at least enough
        table = _signs(times) if times <= MOST_KEPT else _signs.__wrapped__(times)
        signs = table[start : start + count]
        return signs.view(result.shape).to(result.device, result.dtype)


def _floats(result: object) -> list[Tensor]:
    """The tensors of a floating-point dtype that an operation returned; not single numbers."""
    return [tensor for tensor in tensors_within(result) if _is_moved(tensor)]


def _is_moved(tensor: Tensor) -> bool:
    is_dense = tensor.layout == torch.strided and not has_no_memory(tensor)
    return tensor.is_floating_point() and is_dense


@cache
def _signs(times: int) -> Tensor:
    """The list of directions, repeated."""
    coins = torch.empty(SIGNS, dtype=torch.float64, device="cpu")
    coins = coins.bernoulli_(0.5, generator=torch.Generator().manual_seed(0)).mul_(2).sub_(1)
    return coins.repeat(times)
