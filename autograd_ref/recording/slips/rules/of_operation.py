"""The wrong steps that belong to one kind of operation."""

from collections.abc import Callable, Iterator

from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.rules.by_operation.along_rows.running import cumsum, logcumsumexp
from autograd_ref.recording.slips.rules.by_operation.along_rows.softmax import (
    log_softmax,
    logsumexp,
    softmax,
)
from autograd_ref.recording.slips.rules.by_operation.along_rows.targets import targets
from autograd_ref.recording.slips.rules.by_operation.collapsed import ignoring, losses, sigmoid
from autograd_ref.recording.slips.rules.by_operation.constants import HAVE_THEM, constants, gelu
from autograd_ref.recording.slips.rules.by_operation.copies import copies
from autograd_ref.recording.slips.rules.by_operation.linear_maps.inverses import (
    inverse,
    log_determinant,
)
from autograd_ref.recording.slips.rules.by_operation.linear_maps.products import products
from autograd_ref.recording.slips.rules.by_operation.linear_maps.spectra import spectra
from autograd_ref.recording.slips.rules.by_operation.order import order
from autograd_ref.recording.slips.rules.by_operation.overlaps import convolved, pooled
from autograd_ref.recording.slips.rules.by_operation.selections import (
    added,
    chosen,
    padded,
    selections,
)
from autograd_ref.recording.slips.rules.by_operation.windows import convolution, extreme, max_pool
from autograd_ref.recording.slips.slip import Rule
from autograd_ref.recording.tape import Node

Rules = Callable[[Node, int, Tensor, Tensor], Iterator[Rule]]

OF: dict[str, Rules] = {
    "_softmax": softmax,
    "_log_softmax": log_softmax,
    "sigmoid": sigmoid,
    "logsumexp": logsumexp,
    "cumsum": cumsum,
    "logcumsumexp": logcumsumexp,
    "nll_loss_forward": ignoring,
    "max_pool2d_with_indices": max_pool,
    **dict.fromkeys(("amax", "amin", "max", "min"), extreme),
    "convolution": convolution,
    **dict.fromkeys(("linalg_inv_ex", "inverse"), inverse),
    "_linalg_slogdet": log_determinant,
    **dict.fromkeys(("index", "gather", "index_select", "take"), selections),
    "embedding": padded,
    "where": chosen,
    **dict.fromkeys(("index_add", "scatter_add"), added),
    "gelu": gelu,
    "avg_pool2d": copies,
    "masked_fill": chosen,
    **dict.fromkeys(("mul", "mm", "bmm"), products),
    **dict.fromkeys(("mse_loss", "binary_cross_entropy_with_logits"), losses),
    **dict.fromkeys(("split", "split_with_sizes", "unbind", "unsafe_split"), order),
    **dict.fromkeys(
        ("t", "transpose", "permute", "view", "reshape", "_unsafe_view", "_reshape_alias"), order
    ),
}
"""By the name of the operation."""

ALSO: dict[str, Rules] = {
    "_log_softmax": targets,
    "convolution": convolved,
    **dict.fromkeys(("avg_pool2d", "max_pool2d_with_indices"), pooled),
    **dict.fromkeys(("repeat", "upsample_nearest1d", "upsample_nearest2d"), copies),
}
"""Further ones."""


def of_operation(node: Node, place: int, x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield the wrong steps from a node to an operand.

    Args:
        node: the operation.
        place: the number of the operand.
        x: the operand.
        y: the output.
    """
    if not isinstance(node.compute, Replay):  # it writes into memory: no function of x
        return
    rules = OF.get(node.site.operation)
    if rules is not None:
        yield from rules(node, place, x, y)
    further = ALSO.get(node.site.operation)
    if further is not None:
        yield from further(node, place, x, y)
    yield from spectra(node, place, x, y)
    if node.site.operation in HAVE_THEM:
        yield from constants(node, place, x, y)
