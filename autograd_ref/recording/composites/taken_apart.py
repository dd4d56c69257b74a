"""Which operations are taken apart, and when."""

from collections.abc import Callable
from typing import Any

from autograd_ref.recording.composites import (
    cost_parts,
    derivative_parts,
    function_parts,
    norm_parts,
)
from autograd_ref.torch_internals import name_of

Parts = Callable[..., object]


def composite(operation: Any, apart: bool) -> Parts | None:
    """Return how to take an operation apart, None where it stays whole.

    Args:
        operation: as it is dispatched.
        apart: True to take apart also what has a derivative of its own in a book.
    """
    name = name_of(operation)
    found = ALWAYS.get(name)
    return found or (APART.get(name) if apart else None)


ALWAYS: dict[str, Parts] = {
    "addmm": function_parts.addmm,
    "baddbmm": function_parts.addmm,
    "addmv": function_parts.addmm,
    "native_dropout": function_parts.native_dropout,
    "_log_softmax_backward_data": derivative_parts.log_softmax,
    "_softmax_backward_data": derivative_parts.softmax,
    "nll_loss_backward": derivative_parts.nll_loss,
    "softplus_backward": derivative_parts.softplus,
    "log_sigmoid_backward": derivative_parts.log_sigmoid,
    "_scaled_dot_product_flash_attention_for_cpu": function_parts.attention,
}
APART: dict[str, Parts] = {
    "native_group_norm": norm_parts.group_norm,
    "_cdist_forward": norm_parts.distances,
    "norm": norm_parts.norm,
    "logcumsumexp": function_parts.logcumsumexp,
    "_linalg_solve_ex": function_parts.solution,
    "cholesky_solve": function_parts.solution_by_cholesky,
    "mish": function_parts.mish,
    "glu": function_parts.glu,
    "_softmax": function_parts.softmax,
    "_log_softmax": function_parts.log_softmax,
    "logsumexp": function_parts.logsumexp,
    "nll_loss_forward": cost_parts.nll_loss,
    "mse_loss": cost_parts.mse_loss,
    "smooth_l1_loss": cost_parts.smooth_l1,
    "huber_loss": cost_parts.huber,
    "binary_cross_entropy_with_logits": cost_parts.bce_with_logits,
    "binary_cross_entropy": cost_parts.binary_cross_entropy,
    "gelu": function_parts.gelu,
    "silu": function_parts.silu,
    "softplus": function_parts.softplus,
    "log_sigmoid_forward": function_parts.log_sigmoid,
    "mean": norm_parts.mean,
    "var": norm_parts.variance,
    "std": norm_parts.deviation,
    "linalg_vector_norm": norm_parts.norm,
    "native_layer_norm": norm_parts.layer_norm,
    "native_batch_norm": norm_parts.batch_norm,
    "_native_batch_norm_legit": norm_parts.batch_norm,
}
