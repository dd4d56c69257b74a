"""The other ways in which an operation is called, in one table.

Each is what PyTorch does to an operation sooner or later, and what one call at one point does not
show. A mismatch in any of them says how the operation was called.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.operations.signature import Name, Signature, Tensors
from autograd_ref.tree.nest import name_of


class How(NamedTuple):
    """How an operation is called, and its backward pass."""

    spread: frozenset[Name] = frozenset()
    """The inputs and the outputs that lie in memory transposed and with gaps; of an output, its
    upstream gradient."""
    upstream_expanded: bool = False
    """True where each upstream gradient is one number in memory."""
    again: bool = False
    """True for a second backward pass on the same graph, which is the one that counts."""
    between: bool = False
    """True where the operation is called on other inputs before the backward pass."""
    unused: Name | None = None
    """An output that nothing depends on, so that no gradient comes back to it."""
    frozen: Name | None = None
    """An input that does not require grad."""

    def upstream(self, name: Name, values: Tensor) -> Tensor:
        """The upstream gradient of an output as it lies in memory."""
        if self.upstream_expanded:
            return expanded(values)
        return spread_out(values) if name in self.spread else values


class Way(NamedTuple):
    """A way to call an operation."""

    said: str
    how: How
    upstream: Tensors
    """The upstream gradients, by outputs."""
    must_run: bool = False
    """True where no operation may refuse."""


def table(signature: Signature, upstream: Tensors, *, draws: bool) -> Iterator[Way]:
    """The ways to call an operation beside the first one.

    Args:
        signature: of the operation.
        upstream: the upstream gradients of the first call.
        draws: True where random numbers are drawn, in the order in which inputs lie in memory.
    """
    ones = {n: u if n in signature.value_only else u.new_ones(u.shape) for n, u in upstream.items()}
    sizes = {n: u.abs().to(u) for n, u in upstream.items()}
    if not draws:
        inputs = frozenset(signature.inputs)
        yield Way("with inputs that are not contiguous", How(inputs), upstream)
    said = "with upstream gradients that are not contiguous"
    yield Way(said, How(frozenset(signature.outputs)), upstream, must_run=True)
    said = "with an upstream gradient of ones, expanded from one number (stride 0)"
    yield Way(said, How(upstream_expanded=True), ones, must_run=True)
    yield Way("with upstream gradients of one sign", How(), sizes)
    yield Way("in a second backward pass on the same graph", How(again=True), upstream)
    said = "with another forward pass, on other inputs, before its backward pass"
    yield Way(said, How(between=True), upstream)
    used = [name for name in signature.outputs if name not in signature.value_only]
    if len(used) > 1:
        for name in used:
            without = {n: u * 0 if n == name else u for n, u in upstream.items()}
            yield Way(f"with {name_of(name)} not used", How(unused=name), without, must_run=True)
    if len(signature.inputs) > 1:
        for name in signature.inputs:
            said = f"with {name_of(name)} frozen (requires_grad=False)"
            yield Way(said, How(frozen=name), upstream, must_run=True)


def laid_out_like(original: Tensor, values: Tensor) -> Tensor:
    """Values with the strides of the original, zero strides included."""
    for dimension, stride in enumerate(original.stride()):
        if stride == 0:
            values = values.narrow(dimension, 0, 1)
    if values.shape != original.shape:
        return values.expand_as(original)
    if values.stride() == original.stride():
        return values
    laid_out = torch.empty_strided(
        original.shape, original.stride(), dtype=values.dtype, device=values.device
    )
    return laid_out.copy_(values)


def spread_out(values: Tensor) -> Tensor:
    """Values with the axes in memory in reverse, and a gap behind every entry."""
    if values.ndim == 0:
        return values
    turned = tuple(reversed(range(values.ndim)))
    reverse = values.permute(turned)
    gaps = torch.zeros((*reverse.shape, 2), dtype=values.dtype, device=values.device)
    gaps[..., 0] = reverse
    return gaps[..., 0].permute(turned)


def expanded(values: Tensor) -> Tensor:
    """Equal values as one number in memory, with strides of zero, as `sum().backward()` sends."""
    if not values.numel():
        return values
    return values.reshape(-1)[0].clone().expand(values.shape)  # with nothing behind it in memory
