"""What a PyTorch loss calls while it is evaluated: softplus made exact, kinks taken note of."""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.report import Note

SOFTPLUS_THRESHOLD = 700.0
"""PyTorch's softplus is z itself above 20, which is wrong by 2e-9; above 700 it is right."""

KINK_AT_ZERO = {"relu", "relu_", "leaky_relu", "leaky_relu_", "abs", "absolute"}
KINK_WHERE_ZERO_RESULTS = {"norm", "vector_norm", "linalg_norm", "linalg_vector_norm"}
KINK_WHERE_EQUAL = {"maximum", "minimum", "fmax", "fmin", "clamp", "clamp_min", "clamp_max"}


class Watch(TorchFunctionMode):
    """While it is active, softplus is softplus up to 700, and `kinks` collects what met its kink.

    Attributes:
        kinks: the names of functions that were called exactly where they have no derivative.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kinks: set[str] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name == "softplus":
            beta = float(args[1] if len(args) > 1 else kwargs.pop("beta", 1))
            return func(args[0] if args else kwargs.pop("input"), beta, SOFTPLUS_THRESHOLD)
        if name in KINK_AT_ZERO and args and _any_zero(args[0]):
            self.kinks.add(name.rstrip("_"))
        others = [*args[1:], *(kwargs[k] for k in ("min", "max", "other") if k in kwargs)]
        if name in KINK_WHERE_EQUAL and any(_any_equal(args[0], other) for other in others):
            self.kinks.add(name)
        result: object = func(*args, **kwargs)
        if name in KINK_WHERE_ZERO_RESULTS and _any_zero(result):
            self.kinks.add(name)
        return result

    def notes(self) -> tuple[Note, ...]:
        """What to say about the kinks that were met."""
        if not self.kinks:
            return ()
        names = ", ".join(sorted(self.kinks))
        text = (
            f"The loss is evaluated exactly at a kink ({names}), where any slope between those of"
            " the two sides is right; PyTorch chooses one. Check at another point as well."
        )
        return (Note("kink", text),)


def _any_zero(value: object) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and bool((value == 0).any())


def _any_equal(value: object, other: object) -> bool:
    if not isinstance(value, Tensor) or not isinstance(other, Tensor | float | int):
        return False
    differentiable = value.requires_grad or (isinstance(other, Tensor) and other.requires_grad)
    return differentiable and bool(torch.eq(value, other).any())
