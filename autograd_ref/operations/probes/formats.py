"""The formats that an operation goes through, by which its reference is judged."""

from functools import cache, partial

import torch

from autograd_ref.calls.trial import Options
from autograd_ref.operations.prepared import Prepared
from autograd_ref.reference.by_format import judged_by_block
from autograd_ref.reference.protocol import Reference
from autograd_ref.reference.torch_loss import torch_loss, value_of
from autograd_ref.rounding.tf32 import is_single_on_gpu, products_in
from autograd_ref.tree.nest import leaves
from autograd_ref.tree.number_format import TF32, NumberFormat, dtype_name
from autograd_ref.tree.point import Point


def reference_of(ready: Prepared, point: Point, options: Options) -> Reference:
    """Return the reference, with the tolerances of the formats that the computation goes through.

    Args:
        ready: the operation.
        point: where it is called.
        options: the wishes of the caller.
    """

    def by_format(number: NumberFormat | None) -> Reference:
        return torch_loss(partial(ready.composed.loss, judged_as=number), options.seed, number)

    formats = _formats(ready)
    if len(formats) < 2 and not _in_single_on_gpu(ready):
        return by_format(None)

    @cache
    def inside() -> set[str]:
        seen = None if ready.autocast else ready.subject.formats(point.parameters)
        if seen is None:
            return formats | _inside_of_kernels(ready, point)
        return seen if len(formats) > 1 else seen & {*formats, TF32.name}

    def through(there: Point) -> set[str]:
        return inside() if _dtypes(there) == _dtypes(point) else set()  # called in float64

    return judged_by_block(by_format(None), by_format, through)


def _dtypes(point: Point) -> list[str]:
    return [dtype_name(leaf) for leaf in leaves(point.parameters).values()]


def _formats(ready: Prepared) -> set[str]:
    """The formats of all arguments and outputs, and that of autocast."""
    given = [*leaves(ready.nest).values(), *leaves(ready.subject.signature.arguments).values()]
    tensors = [leaf for leaf in given if isinstance(leaf, torch.Tensor)]
    names = {dtype_name(tensor) for tensor in tensors if tensor.is_floating_point()}
    return names | ({str(ready.autocast).removeprefix("torch.")} if ready.autocast else set())


def _in_single_on_gpu(ready: Prepared) -> bool:
    """True where products in float32 may be rounded as TF32."""
    return any(map(is_single_on_gpu, leaves(ready.subject.signature.arguments).values()))


def _inside_of_kernels(ready: Prepared, point: Point) -> set[str]:
    """TF32, which a kernel's products may use whatever PyTorch is told, where there are any."""
    products = products_in(lambda: value_of(ready.composed.loss, *point))
    return {TF32.name} if products and _in_single_on_gpu(ready) else set()
