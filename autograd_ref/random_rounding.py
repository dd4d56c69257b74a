"""How far rounding can move what any PyTorch code computes: measured, by rounding at random.

Every operation of the forward and of the backward pass is repeated in float64 with its result
moved, up or down at random, by as much as rounding could have moved it in the number format in
question (Parker's Monte Carlo arithmetic, UCLA 1997). Nothing about the loss has to be known, only
about operations: a product of matrices moves by what any order of its additions can do,
(4 + n) u |A| |B|, as in section 5 of `manual_backprop/derivation.md`; a function by 16 u of its
result, as there; a difference by 4 u of its parts. What cancels later, cancels in the reference
too and is seen; an operation that is not known here counts as a function.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from autograd_ref.evaluation import Look, Results
from autograd_ref.number_format import NumberFormat
from autograd_ref.tolerance import ALLOWED_UNITS, FUNCTION_FACTOR, Arithmetic, Forms

FEW, MANY = 1, 8
"""Samples at first, and before anybody is accused."""

SAFETY = 2.0
"""A few samples see about one standard deviation of the movement. The movements put in are bounds,
which real rounding uses a quarter of at most (section 5); the factor covers small samples."""

NEIGHBOURS = 0.25
"""How much of its row's and column's movement an entry is allowed even if it seems not to move."""

SIGNS = 65_521
"""Directions are taken from one list of so many, from a random place on; a prime number, so that
rows of a table do not repeat each other's."""

MOST_KEPT = 32
"""The longest list that is kept has it so many times, in 17 MB."""

SUMS_OF_PRODUCTS = frozenset("mm bmm mv dot vdot addmm baddbmm addmv".split())
SUMS_OF_TERMS = frozenset("sum mean cumsum add sub rsub".split())
PRODUCTS = frozenset("mul div".split())
NOT_ROUNDED = frozenset(
    "detach clone copy_ fill_ zero_ ones_like zeros_like full_like empty_like ones zeros full empty"
    " arange eye scalar_tensor new_zeros new_ones new_full _to_copy _unsafe_view lift_fresh alias"
    " index gather cat stack neg relu threshold_backward".split()
)
RIGHT_TO_A_UNIT_OF_ONE = frozenset(
    "softplus sigmoid tanh silu gelu mish elu log1p expm1 erf erfc logaddexp logsumexp"
    " log_sigmoid_forward _log_softmax cos sin log".split()
)
"""Functions whose textbook formulas subtract from 1, or add to it."""


def tolerances(
    compute: Callable[[], Mapping[str, Tensor]],
    exact: Mapping[str, NDArray[np.float64]],
    number: NumberFormat,
    *,
    look: Look,
    seed: int,
) -> Results:
    """How far from exact an honest computation in the number format may be, entry by entry.

    Args:
        compute: evaluates everything in float64, from the same values every time.
        exact: what it returns without disturbance, as arrays.
        number: the format in which the side under test computes.
        look: which formulas that side is held to, and how many disturbed evaluations to make.
        seed: for the directions of rounding.
    """
    samples = FEW if look is Look.FIRST else MANY
    forms = Forms.TEXTBOOK if look is Look.TEXTBOOK else Forms.STABLE
    unit, smallest = number.unit, number.smallest_normal
    drifting = look is not Look.FIRST
    mode = _Rounding(Arithmetic(ALLOWED_UNITS * unit, smallest, forms, drifting), seed)
    moved = {name: np.zeros_like(values) for name, values in exact.items()}
    squares = {name: np.zeros_like(values) for name, values in exact.items()}
    for _sample in range(samples):
        with mode:
            disturbed = compute()
        for name, values in exact.items():
            # what overflows under disturbance is beyond the format anyway: anything may result
            off = np.abs(as_float64(disturbed[name]) - values)
            off = np.nan_to_num(off, nan=np.inf, posinf=np.inf)
            np.maximum(moved[name], off, out=moved[name])
            with np.errstate(over="ignore"):
                squares[name] += off**2 / samples
    return {
        name: SAFETY * np.maximum(moved[name], NEIGHBOURS * _typical(squares[name]))
        + ALLOWED_UNITS * unit * np.abs(values)
        + ALLOWED_UNITS * smallest
        for name, values in exact.items()
    }


def as_float64(tensor: Tensor) -> NDArray[np.float64]:
    """A copy as a NumPy array."""
    return np.array(tensor.detach().cpu().numpy(), dtype=np.float64)


def _typical(squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The root mean square movement of each entry's row times its column's, over that of all."""
    if squares.ndim == 0 or not squares.any():
        return np.sqrt(squares)
    table = squares.reshape(squares.shape[0], -1)
    if 1 in table.shape:
        return np.full(squares.shape, math.sqrt(table.mean()))
    with np.errstate(invalid="ignore", over="ignore"):
        product = table.mean(axis=1, keepdims=True) * (table.mean(axis=0) / table.mean())
    return np.sqrt(np.nan_to_num(product, nan=np.inf)).reshape(squares.shape)


class _Rounding(TorchDispatchMode):
    """While it is active, every floating-point result is moved by what rounding may do to it."""

    def __init__(self, arithmetic: Arithmetic, seed: int) -> None:
        super().__init__()
        self.arithmetic = arithmetic
        self.random = Random(seed)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = kwargs or {}
        result = cast("object", func(*args, **kwargs))
        name = func.overloadpacket.__name__
        if name in NOT_ROUNDED or func.is_view:
            return result
        plain = name.removesuffix("_")  # in place: the arguments have changed by now
        outputs = cast("Any", result if isinstance(result, tuple | list) else (result,))
        for tensor in outputs:
            if isinstance(tensor, Tensor) and tensor.is_floating_point():
                reach = self._reach(func, plain, args, kwargs, tensor)
                _ = tensor.addcmul_(reach, self._signs_for(tensor))
        return cast("object", result)

    def _reach(self, func: Any, name: str, args: Any, kwargs: Any, result: Tensor) -> Tensor:
        """How far rounding may move this result of an operation."""
        unit, smallest, forms = self.arithmetic[:3]
        if name in SUMS_OF_PRODUCTS:
            first = args[-2]
            absolute = func(*map(_absolute, args), **{k: _absolute(v) for k, v in kwargs.items()})
            return _with_underflow(
                absolute, unit * self.arithmetic.growth(first.shape[-1] + 1), smallest
            )
        if name in SUMS_OF_TERMS and not func._schema.is_mutable:
            absolute = _sum_of_absolutes(func, name, args, kwargs)
            count = max(args[0].numel(), 2) // max(result.numel(), 1) if name != "add" else 2
            return _with_underflow(absolute, unit * self.arithmetic.growth(max(count, 2)), smallest)
        scale = result.abs()
        if name in PRODUCTS:
            return _with_underflow(scale, unit, smallest)
        if name.endswith(("_backward", "_backward_data")):
            scale = _of_backward(name, args, result, scale, forms)
        elif forms is Forms.TEXTBOOK and name in RIGHT_TO_A_UNIT_OF_ONE:
            scale = scale.clamp_(min=1.0)
        factor = FUNCTION_FACTOR
        if args and isinstance(args[0], Tensor) and args[0].numel() > result.numel() > 0:
            factor *= self.arithmetic.growth(args[0].numel() // result.numel())
        return scale.mul_(factor * unit).add_(smallest)

    def _signs_for(self, result: Tensor) -> Tensor:
        """Up or down for every entry."""
        start, count = self.random.randrange(SIGNS), result.numel()
        times = 1 << ((start + count) // SIGNS).bit_length()  # at least enough
        table = _signs(times) if times <= MOST_KEPT else _signs.__wrapped__(times)
        signs = table[start : start + count]
        return signs.view(result.shape).to(result.device, result.dtype)


@cache
def _signs(times: int) -> Tensor:
    """The list, so many times."""
    coins = torch.empty(SIGNS, dtype=torch.float64)
    coins = coins.bernoulli_(0.5, generator=torch.Generator().manual_seed(0)).mul_(2).sub_(1)
    return coins.repeat(times)


def _with_underflow(absolute: Tensor, factor: float, smallest: float) -> Tensor:
    """A sum or product may underflow, but zeros only add up to zero: no kink is passed by it."""
    return absolute.sign().mul_(smallest).add_(absolute, alpha=factor)


def _of_backward(name: str, args: Any, result: Tensor, scale: Tensor, forms: Forms) -> Tensor:
    """Derivatives of fused functions: softmax's subtract, textbook slopes err by a unit of one."""
    incoming = args[0]
    if name in ("_log_softmax_backward_data", "_softmax_backward_data"):
        probabilities = args[1].exp() if "log" in name else args[1]
        arrived = incoming.abs()
        if "log" in name:
            return probabilities * arrived.sum(args[2], keepdim=True) + arrived
        return probabilities * (arrived + (arrived * probabilities).sum(args[2], keepdim=True))
    if forms is Forms.TEXTBOOK and isinstance(incoming, Tensor) and incoming.shape == result.shape:
        return torch.maximum(scale, incoming.abs())
    return scale


def _sum_of_absolutes(func: Any, name: str, args: Any, kwargs: Any) -> Tensor:
    """The same sum, of the absolute values of its terms."""
    if name in ("add", "sub", "rsub"):
        alpha = abs(kwargs.get("alpha", 1))
        first, second = (_absolute(term) for term in args[:2])
        return first * alpha + second if name == "rsub" else first + second * alpha
    return func(*map(_absolute, args), **kwargs)


def _absolute(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.abs() if value.is_floating_point() else value
    return abs(value) if isinstance(value, float) else value
