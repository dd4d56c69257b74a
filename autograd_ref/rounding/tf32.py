"""Products of matrices in float32 on a GPU, whose factors it may round to TF32.

PyTorch allows it in convolutions unless told otherwise, and in other products where told so.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from autograd_ref.torch_internals import EveryOperation, allows_tf32, name_of
from autograd_ref.tree.number_format import TF32

MATRICES, CONVOLUTIONS = torch.backends.cuda.matmul, torch.backends.cudnn
PRODUCTS = {
    **dict.fromkeys(("mm", "bmm", "addmm", "baddbmm", "_addmm_activation"), MATRICES),
    **dict.fromkeys(("convolution", "convolution_backward"), CONVOLUTIONS),
    **dict.fromkeys(("_cudnn_rnn", "_cudnn_rnn_backward"), CONVOLUTIONS),
}
"""Such operations, and where PyTorch is told whether they may."""


class SeesProducts(EveryOperation):
    """While it is active, it takes note of products.

    Attributes:
        names: of the operations.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        self.names |= {name_of(func)} & PRODUCTS.keys()
        return func(*args, **(kwargs or {}))


def products_in(compute: Callable[[], object]) -> set[str]:
    """The names of the products in a computation."""
    with SeesProducts() as seen:
        _ = compute()
    return seen.names


def may_be_rounded(products: Iterable[str]) -> bool:
    """True where a GPU may round the factors of one of these, in float32."""
    return any(allows_tf32(PRODUCTS[name]) for name in products)


def factors_format(name: str, given: Iterable[Tensor]) -> set[str]:
    """The format to which a GPU rounds the factors of a product, where that is not their own.

    Args:
        name: of the operation.
        given: the tensors that it gets.
    """
    rounded = name in PRODUCTS and any(map(is_single_on_gpu, given))
    return {TF32.name} if rounded and may_be_rounded([name]) else set()


def is_single_on_gpu(leaf: Any) -> bool:
    """True for a tensor in float32 on a GPU."""
    return getattr(leaf, "is_cuda", False) and leaf.dtype == torch.float32
