"""The outputs of a function, as a nest of arrays or tensors, and their weighted sum."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.choice.callers_loss import described
from autograd_ref.reference.protocol import NotALoss
from autograd_ref.tree.complex_parts import is_complex, parted
from autograd_ref.tree.leaf import as_array, in_float64, is_numeric, is_of_numbers, is_tensor
from autograd_ref.tree.nest import leaves, rebuilt, with_vectors

Function = Callable[..., Any]
"""A function of several outputs: function(x, *data), in PyTorch or in NumPy."""


def outputs_of(result: Any) -> Any:
    """The outputs as a nest of real arrays: a list of single numbers is a vector.

    The real and the imaginary part stand in the place of a complex array.

    Raises:
        NotALoss: something among them is no number, or there is none.
    """
    numbers = _numbers(result)
    found = _joined(numbers) if numbers else with_vectors(result)
    found = rebuilt(found, lambda _path, leaf: parted(leaf) if is_complex(leaf) else leaf)
    arrays = leaves(found).values()
    if not all(map(is_of_numbers, arrays)) or not sum(as_array(leaf).size for leaf in arrays):
        raise NotALoss(f"it returned {described(result)}")
    return found


def _numbers(result: object) -> list[Any]:
    """The items of a list or tuple of single numbers; empty where it is none."""
    if not isinstance(result, list | tuple) or hasattr(cast("object", result), "_fields"):
        return []
    items = cast("list[Any]", result)
    return items if all(_is_number(item) for item in items) else []


def _is_number(item: Any) -> bool:
    return (is_numeric(item) or is_complex(item)) and as_array(item).ndim == 0


def _joined(items: list[Any]) -> Any:
    if not any(map(is_tensor, items)):
        return np.array(items)
    import torch  # loaded already, or there would be no tensor

    return torch.stack([torch.as_tensor(item) for item in items])


def weight(number: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Random numbers of either sign, by which the array of this number among outputs is weighted.

    No mistake hides from their sum but by accident.
    """
    random = np.random.default_rng(number)
    return random.uniform(0.5, 1.5, shape) * random.choice([-1.0, 1.0], shape)


def weighted(function: Function) -> Function:
    """One number of all outputs: their sum, each times a random weight.

    Its gradient is the sum of the rows of the Jacobian, with these weights.
    """

    def total(x: Any, *data: Any) -> Any:
        found = leaves(outputs_of(function(x, *data))).values()
        weights = (
            in_float64(leaf, weight(number, tuple(np.shape(leaf))))
            for number, leaf in enumerate(found)
        )
        return sum((leaf * by).sum() for leaf, by in zip(found, weights, strict=True))

    total.__name__ = str(getattr(function, "__name__", type(function).__name__))
    return total
