"""The largest effect of rounding on the result of one PyTorch operation, in a number format.

The amounts are those of section 5 of `derivation.md`: a product of matrices moves
by what any order of its additions can do, (4 + n) u |A| |B|; a function by 16 u of its result; a
difference by what its parts may round. What goes on inside an operation that is not known here,
its result does not tell: then its arguments are moved as well, by 16 u each, which is what a stable
algorithm amounts to.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from autograd_ref.rounding.arithmetic import FUNCTION_FACTOR, Arithmetic, Forms
from autograd_ref.torch_internals import name_of, works_in_place

SUMS_OF_PRODUCTS = frozenset("mm bmm mv dot vdot addmm baddbmm addmv".split())
SUMS_OF_TERMS = frozenset("sum mean cumsum add sub rsub".split())
PRODUCTS = frozenset("mul div".split())
NOT_ROUNDED = frozenset(
    "detach clone copy fill zero ones_like zeros_like full_like empty_like ones zeros full empty"
    " arange eye scalar_tensor new_zeros new_ones new_full new_empty_strided _to_copy _unsafe_view"
    " lift_fresh alias index index_select index_fill gather cat stack scatter embedding flip roll"
    " tril triu diag_embed select_backward slice_backward where masked_fill neg abs sgn sign relu"
    " threshold_backward clamp clamp_min clamp_max max min amax amin maximum minimum median sort"
    " topk floor ceil round trunc heaviside"
    " rand rand_like randn randn_like bernoulli uniform normal exponential".split()
)
"""Copies, constants, choices and random numbers, which are what they are."""
CHOICES_BY_ARGUMENT = {
    "scatter_reduce": {"amax", "amin"},
    "index_reduce": {"amax", "amin"},
    "linalg_vector_norm": {float("inf"), float("-inf")},
}
"""Choices if one of these is among the arguments."""
BOUNDED = {
    **dict.fromkeys(("sigmoid", "_softmax"), (0.0, 1.0)),
    **dict.fromkeys(("tanh", "erf", "sin", "cos"), (-1.0, 1.0)),
}
"""Functions whose results rounding does not take beyond their range."""
FUNCTIONS = frozenset(
    "_softmax _log_softmax _softmax_backward_data _log_softmax_backward_data logsumexp"
    " log_sigmoid_forward log_sigmoid_backward elu_backward leaky_relu_backward softplus_backward"
    " glu glu_backward prod cumprod logcumsumexp _cdist_forward _cdist_backward norm"
    " linalg_vector_norm nll_loss_forward nll_loss_backward"
    " nll_loss2d_forward nll_loss2d_backward mse_loss mse_loss_backward smooth_l1_loss"
    " smooth_l1_loss_backward huber_loss huber_loss_backward binary_cross_entropy"
    " binary_cross_entropy_backward binary_cross_entropy_with_logits".split()
)
"""Beside all that PyTorch calls pointwise."""
NOT_EVERY_POINT = frozenset("addcmul addcdiv lerp".split())
"""Pointwise, but sums of several terms."""
RIGHT_TO_A_UNIT_OF_ONE = frozenset(
    "softplus sigmoid tanh silu gelu mish elu log1p expm1 erf erfc logaddexp logsumexp sinh asinh"
    " atanh acosh log_sigmoid_forward _log_softmax cos sin log".split()
)
"""Functions whose textbook formulas subtract from 1, or add to it."""


SPOILS = frozenset(("_cudnn_rnn_backward",))
"""Operations that write into what the forward pass has kept for them, and do not say so: a second
call would find something else there."""


RECURRENT = frozenset(("_cudnn_rnn", "_cudnn_rnn_backward"))
"""Operations that multiply what they have multiplied before, once for every item of a sequence."""


class Dispatched(NamedTuple):
    """One operation as PyTorch carries it out, and what it is given."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    name: str
    """Without the underscore of an operation that works in place."""


def dispatched(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Dispatched:
    """The operation with its name."""
    return Dispatched(function, args, kwargs, name_of(function).removesuffix("_"))


def is_choice(operation: Dispatched) -> bool:
    """Return whether the result is nothing but some of the arguments, not rounded."""
    if operation.name in NOT_ROUNDED:
        return True
    chosen = CHOICES_BY_ARGUMENT.get(operation.name, set[object]())
    return any(isinstance(given, str | float) and given in chosen for given in operation.args)


def is_known(operation: Dispatched) -> bool:
    """Return whether the result of an operation shows what rounding does to it."""
    function, name = operation.function, operation.name
    if name in SUMS_OF_PRODUCTS | SUMS_OF_TERMS | PRODUCTS | FUNCTIONS:
        return True
    if works_in_place(function) or torch.Tag.nondeterministic_seeded in function.tags:
        return True  # it cannot be repeated
    return torch.Tag.pointwise in function.tags and name not in NOT_EVERY_POINT


def products_in_a_row(operation: Dispatched) -> int:
    """How many products of matrices follow each other inside an operation, where it has any.

    >>> products_in_a_row(Dispatched(None, (torch.zeros(7, 2, 4),), {}, "_cudnn_rnn"))
    7
    """
    if operation.name not in RECURRENT:
        return 1
    return max(operation.args[0].shape[:2])  # items and samples, in either order


def reach(arithmetic: Arithmetic, operation: Dispatched, result: Tensor) -> Tensor:
    """How far rounding may move a result of an operation, entry by entry."""
    unit, smallest, forms = arithmetic[:3]
    name, args = operation.name, operation.args
    first = args[0] if args and isinstance(args[0], Tensor) else None
    if name in SUMS_OF_PRODUCTS:
        growth = arithmetic.growth(args[-2].shape[-1] + 1)
        terms = _of_absolutes(operation)
        by = _of_sum(terms, result, arithmetic, growth)
        return by.add_(terms, alpha=arithmetic.factors) if arithmetic.factors else by
    if name in SUMS_OF_TERMS:
        count = 2 if first is None else max(first.numel() // max(result.numel(), 1), 2)
        terms = _sum_of_absolutes(operation, result)
        return _of_sum(terms, result, arithmetic, arithmetic.growth(count))
    if name in PRODUCTS:
        return _with_underflow(result.abs(), unit, smallest)
    factor = FUNCTION_FACTOR * unit
    if first is not None and first.numel() > result.numel() > 0:
        factor *= arithmetic.growth(first.numel() // result.numel())
    return _scale_of_function(operation, result, forms).mul_(factor).add_(smallest)


def _of_sum(terms: Tensor, result: Tensor, arithmetic: Arithmetic, growth: float) -> Tensor:
    """The rounding of a sum while it is added up, and of its result where that has fewer digits."""
    by = _with_underflow(terms, arithmetic.unit_of_sums * growth, arithmetic.smallest)
    narrower = arithmetic.unit > arithmetic.unit_of_sums
    return by.add_(result.abs(), alpha=arithmetic.unit) if narrower else by


def _with_underflow(absolute: Tensor, factor: float, smallest: float) -> Tensor:
    """A sum or product may underflow, but zeros only add up to zero: no kink is passed by it."""
    return absolute.sign().mul_(smallest).add_(absolute, alpha=factor)


def _scale_of_function(operation: Dispatched, result: Tensor, forms: Forms) -> Tensor:
    """The quantity that a function rounds to units of: its result, or 1 in textbook formulas."""
    scale = result.abs()
    if operation.name.endswith(("_backward", "_backward_data")):
        return _scale_of_derivative(operation, scale, forms)
    if forms is Forms.TEXTBOOK and operation.name in RIGHT_TO_A_UNIT_OF_ONE:
        return scale.clamp_(min=1.0)
    return scale


def _scale_of_derivative(operation: Dispatched, scale: Tensor, forms: Forms) -> Tensor:
    """Derivatives of fused functions: softmax's subtract, textbook slopes err by a unit of one."""
    name, args = operation.name, operation.args
    incoming = args[0]
    if name in ("_log_softmax_backward_data", "_softmax_backward_data"):
        probabilities = args[1].exp() if "log" in name else args[1]
        arrived = incoming.abs()
        if "log" in name:
            return probabilities * arrived.sum(args[2], keepdim=True) + arrived
        return probabilities * (arrived + (arrived * probabilities).sum(args[2], keepdim=True))
    if forms is Forms.TEXTBOOK and isinstance(incoming, Tensor) and incoming.shape == scale.shape:
        return torch.maximum(scale, incoming.abs())
    return scale


def _sum_of_absolutes(operation: Dispatched, result: Tensor) -> Tensor:
    """The sum of the absolute values of the terms."""
    if operation.name not in ("add", "sub", "rsub"):
        return _of_absolutes(operation)
    alpha = abs(operation.kwargs.get("alpha", 1))
    first, second = (_absolute(term) for term in operation.args[:2])
    if works_in_place(operation.function):  # by now the first is the result, less the second
        return result.abs() + 2 * alpha * second
    return first * alpha + second if operation.name == "rsub" else first + second * alpha


def _of_absolutes(operation: Dispatched) -> Any:
    """The result for the absolute values of all arguments."""
    kwargs = {name: _absolute(value) for name, value in operation.kwargs.items()}
    return operation.function(*map(_absolute, operation.args), **kwargs)


def _absolute(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.abs() if value.is_floating_point() else value
    return abs(value) if isinstance(value, float) else value
