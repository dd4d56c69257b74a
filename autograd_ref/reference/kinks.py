"""The functions that a PyTorch loss calls: softplus made exact, kinks taken note of."""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.report.data import Note

SOFTPLUS_THRESHOLD = 700.0
"""PyTorch's softplus is z itself above 20, which is wrong by 2e-9; above 700 it is right."""

DEFAULT = 20

WRONG_SOFTPLUS = float(DEFAULT), 37.0
"""Where that can be seen in float64."""

KINKS_AT: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("relu", "relu_", "leaky_relu", "leaky_relu_", "prelu", "selu"), (0.0,)),
    **dict.fromkeys(("abs", "absolute"), (0.0,)),
    "relu6": (0.0, 6.0),
    "hardtanh": (-1.0, 1.0),
    "hardsigmoid": (-3.0, 3.0),
}
KINK_WHERE_ZERO_RESULTS = {"norm", "vector_norm", "linalg_norm", "linalg_vector_norm"}
KINK_WHERE_EQUAL = {"maximum", "minimum", "fmax", "fmin", "clamp", "clamp_min", "clamp_max"}

HAIR = 4e-16, 1e-290
"""How far to step aside from a kink, relative and absolutely."""


class Watch(TorchFunctionMode):
    """While it is active, softplus is exact, and `kinks` collects what met its kink.

    Args:
        side: 1 or -1 to evaluate such functions on that side of their kinks, a hair away.

    Attributes:
        kinks: the names of functions that were called exactly where they have no derivative.
        exact_softplus: whether it was evaluated where PyTorch's own is seen to be another.
    """

    def __init__(self, side: int = 0) -> None:
        super().__init__()
        self.side = side
        self.kinks: set[str] = set()
        self.exact_softplus = False

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        threshold = [*args[2:], kwargs.get("threshold", DEFAULT)][0]
        if name == "softplus" and threshold == DEFAULT:
            value = args[0] if args else kwargs.pop("input")
            beta = float(args[1] if len(args) > 1 else kwargs.pop("beta", 1))
            low, high = WRONG_SOFTPLUS
            scaled = beta * value.detach()
            self.exact_softplus |= bool(((scaled > low) & (scaled < high)).any())
            return func(value, beta, SOFTPLUS_THRESHOLD)
        met = _met(name, args, kwargs)
        if met is not None:
            self.kinks.add(name.rstrip("_"))
            if self.side and not name.endswith("_"):  # what works in place has no other place
                by = self.side * (HAIR[0] * args[0].detach().abs() + HAIR[1])
                args = (args[0] + by * met, *args[1:])
        result: object = func(*args, **kwargs)
        if name in KINK_WHERE_ZERO_RESULTS and _has(result, 0.0):
            self.kinks.add(name)
        return result

    def notes(self) -> tuple[Note, ...]:
        """The notes about the kinks that were met."""
        found: list[Note] = []
        if self.kinks:
            names = ", ".join(sorted(self.kinks))
            text = (
                f"The loss is evaluated exactly at a kink ({names}), where any slope between those"
                " of the two sides is right; PyTorch returns one. Check at another point as well."
            )
            found.append(Note("kink", text))
        if self.exact_softplus:
            text = (
                "The reference's softplus is exact; PyTorch's own is z itself above its threshold"
                " of 20, and off by up to 2e-9 there."
            )
            found.append(Note("exact softplus", text))
        return tuple(found)


def _met(name: str, args: Any, kwargs: Any) -> Tensor | None:
    """Where the first argument lies exactly at a kink of the function; None if nowhere."""
    value = args[0] if args else None
    if not isinstance(value, Tensor):
        return None
    others = [*args[1:], *(kwargs[k] for k in ("min", "max", "other") if k in kwargs)]
    if name in KINK_WHERE_EQUAL:
        positions = [other for other in others if isinstance(other, Tensor | float | int)]
        history = [value, *(other for other in others if isinstance(other, Tensor))]
    else:
        positions, history = list(KINKS_AT.get(name, ())), [value]
    if not positions or not any(tensor.requires_grad for tensor in history):
        return None
    met = torch.zeros_like(value, dtype=torch.bool)
    for position in positions:
        met = met | (value.detach() == position)
    return met if bool(met.any()) else None


def _has(value: object, number: float) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and bool((value == number).any())
