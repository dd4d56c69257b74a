"""What rounding may do to the result of one PyTorch operation, in some number format.

The amounts are those of section 5 of `derivation.md`: a product of matrices moves
by what any order of its additions can do, (4 + n) u |A| |B|; a function by 16 u of its result; a
difference by what its parts may round. What goes on inside an operation that is not known here,
its result does not tell: then its arguments are moved as well, by 16 u each, which is what a stable
algorithm amounts to.
"""

from typing import Any

import torch
from torch import Tensor

from autograd_ref.rounding.arithmetic import FUNCTION_FACTOR, Arithmetic, Forms

SUMS_OF_PRODUCTS = frozenset("mm bmm mv dot vdot addmm baddbmm addmv".split())
SUMS_OF_TERMS = frozenset("sum mean cumsum add sub rsub".split())
PRODUCTS = frozenset("mul div".split())
NOT_ROUNDED = frozenset(
    "detach clone copy_ fill_ zero_ ones_like zeros_like full_like empty_like ones zeros full empty"
    " arange eye scalar_tensor new_zeros new_ones new_full new_empty_strided _to_copy _unsafe_view"
    " lift_fresh alias index index_select index_fill gather cat stack scatter embedding flip roll"
    " tril triu diag_embed select_backward slice_backward where masked_fill neg abs sgn sign relu"
    " threshold_backward clamp clamp_min clamp_max max min amax amin maximum minimum median sort"
    " topk floor ceil round trunc heaviside".split()
)
"""Copies, constants and choices."""
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


def is_choice(name: str, args: Any) -> bool:
    """Whether the result of an operation is nothing but some of its arguments, not rounded."""
    if name in NOT_ROUNDED or name.removesuffix("_") in NOT_ROUNDED:
        return True
    chosen = CHOICES_BY_ARGUMENT.get(name.removesuffix("_"), set[object]())
    return any(isinstance(given, str | float) and given in chosen for given in args)


def is_known(func: Any, name: str) -> bool:
    """Whether what rounding does can be seen from the result of an operation.

    Args:
        func: the operation, as PyTorch dispatches it.
        name: its name, without the underscore of one that works in place.
    """
    if name in SUMS_OF_PRODUCTS | SUMS_OF_TERMS | PRODUCTS | FUNCTIONS:
        return True
    if func._schema.is_mutable or torch.Tag.nondeterministic_seeded in func.tags:
        return True  # it cannot be repeated
    return torch.Tag.pointwise in func.tags and name not in NOT_EVERY_POINT


def reach(
    arithmetic: Arithmetic, func: Any, name: str, args: Any, kwargs: Any, result: Tensor
) -> Tensor:
    """How far rounding may move a result, entry by entry; func, name as in `is_known`."""
    unit, smallest, forms = arithmetic[:3]
    if name in SUMS_OF_PRODUCTS:
        first = args[-2]
        absolute = func(*map(_absolute, args), **{k: _absolute(v) for k, v in kwargs.items()})
        return _with_underflow(absolute, unit * arithmetic.growth(first.shape[-1] + 1), smallest)
    if name in SUMS_OF_TERMS:
        absolute = _sum_of_absolutes(func, name, args, kwargs, result)
        count = args[0].numel() // max(result.numel(), 1) if isinstance(args[0], Tensor) else 2
        return _with_underflow(absolute, unit * arithmetic.growth(max(count, 2)), smallest)
    scale = result.abs()
    if name in PRODUCTS:
        return _with_underflow(scale, unit, smallest)
    if name.endswith(("_backward", "_backward_data")):
        scale = _of_backward(name, args, result, scale, forms)
    elif forms is Forms.TEXTBOOK and name in RIGHT_TO_A_UNIT_OF_ONE:
        scale = scale.clamp_(min=1.0)
    factor = FUNCTION_FACTOR
    if args and isinstance(args[0], Tensor) and args[0].numel() > result.numel() > 0:
        factor *= arithmetic.growth(args[0].numel() // result.numel())
    return scale.mul_(factor * unit).add_(smallest)


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


def _sum_of_absolutes(func: Any, name: str, args: Any, kwargs: Any, result: Tensor) -> Tensor:
    """The same sum, of the absolute values of its terms."""
    if name not in ("add", "sub", "rsub"):
        return func(*map(_absolute, args), **kwargs)
    alpha = abs(kwargs.get("alpha", 1))
    if func._schema.is_mutable:  # the first term is the result by now, less the second
        return result.abs() + 2 * alpha * _absolute(args[1])
    first, second = (_absolute(term) for term in args[:2])
    return first * alpha + second if name == "rsub" else first + second * alpha


def _absolute(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.abs() if value.is_floating_point() else value
    return abs(value) if isinstance(value, float) else value
