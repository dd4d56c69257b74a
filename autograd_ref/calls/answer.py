"""The answer of the function under test as data: its gradients by path, and its loss."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.leaf import as_array, as_numbers, is_numeric, is_tensor
from autograd_ref.tree.nest import ROOT, Path, is_leaf, leaves, name_of
from autograd_ref.tree.number_format import dtype_name


class Answer(NamedTuple):
    """The gradient by each parameter, and whatever else was returned."""

    gradients: dict[Path, NDArray[Any]]
    """The arrays themselves, not copies: who shares memory with whom is to be found out."""
    dtypes: dict[Path, str]
    """As the caller's arrays name them; NumPy may not know the name."""
    loss: NDArray[Any] | None
    unknown: tuple[str, ...]
    """Names of what was returned and belongs to no parameter."""
    intermediates: dict[str, NDArray[Any]]
    """Intermediate quantities, by the names they were returned under."""
    returned: str
    """The result in a few words, for the report of a gradient that is missing."""


def understood(result: object, parameters: dict[Path, object]) -> Answer:
    """Read what the function returned.

    Tried in this order: a structure with the leaves of the parameters; (loss, gradients), also
    with a dict of intermediate quantities. Names decide for dicts, NamedTuples and dataclasses,
    whatever their order and whichever of them they are; places for lists and tuples.

    Args:
        result: what the function under test returned.
        parameters: the leaves of the parameters, by path.
    """
    loss, gradients, others = None, _named(result, parameters), dict[Path, object]()
    if set(gradients) != set(parameters) and _is_loss_first(result):
        first, second = cast("tuple[object, ...]", result)[:2]
        named = _named(second, parameters)
        # where not even the names are right, only a single number is taken for a loss
        if set(named) == set(parameters) or as_array(first).size == 1:
            loss, gradients, others = as_array(first), named, _third_of(result)
    return Answer(
        {path: as_array(value) for path, value in gradients.items() if path in parameters},
        {path: dtype_name(value) for path, value in gradients.items() if path in parameters},
        loss,
        tuple(name_of(path) for path in gradients if path not in parameters and path != ROOT),
        {name_of(path): as_array(value) for path, value in others.items() if is_numeric(value)},
        _described(result, gradients, parameters),
    )


def _third_of(result: object) -> dict[Path, object]:
    """The intermediate quantities of (loss, gradients, intermediates), by their names."""
    items = cast("tuple[object, ...]", result)
    third = items[2] if len(items) == 3 else None
    return leaves(cast("object", third)) if isinstance(third, Mapping) else {}


def _named(result: object, parameters: dict[Path, object]) -> dict[Path, object]:
    """The leaves of a result; a list of numbers is an array where a parameter is one, by name."""
    if list(parameters) == [ROOT] and _is_list_of_numbers(result, as_array(parameters[ROOT]).shape):
        numbers = [as_array(item).reshape(()) for item in cast("list[object]", result)]
        return {ROOT: np.asarray(numbers)}
    if isinstance(result, Mapping):
        found = cast("Mapping[object, object]", result)
        result = {k: as_numbers(v) if (k,) in parameters else v for k, v in found.items()}
    return leaves(result)


def _is_list_of_numbers(result: object, shape: tuple[int, ...]) -> bool:
    """True for as many single numbers, in a list or tuple, as the vector of parameters has."""
    if not isinstance(result, list | tuple):
        return False
    items = cast("list[object]", result)
    return (len(items),) == shape and all(
        is_numeric(item) and as_array(item).ndim == 0 for item in items
    )


def _is_loss_first(result: object) -> bool:
    """True for (one number, gradients) and (one number, gradients, intermediates)."""
    if not isinstance(result, tuple | list):
        return False
    items = cast("list[object]", result)
    if len(items) not in (2, 3) or items[0] is None or not is_leaf(items[0]):
        return False
    first = items[0]
    return is_tensor(first) or isinstance(first, int | float | np.number | np.ndarray)


def _is_loss_second(result: object, parameters: dict[Path, object]) -> bool:
    if not isinstance(result, tuple | list):
        return False
    items = cast("list[object]", result)
    return len(items) == 2 and set(_named(items[0], parameters)) == set(parameters)


def _is_loss_first_and_flat(result: object, parameters: dict[Path, object]) -> bool:
    if not isinstance(result, tuple | list):
        return False
    items = cast("list[object]", result)
    shapes = [as_array(item).shape for item in items[1:] if is_numeric(item)]
    wanted = [as_array(leaf).shape for leaf in parameters.values()]
    return len(items) == len(wanted) + 1 and as_array(items[0]).size == 1 and shapes == wanted


def _described(
    result: object, gradients: dict[Path, object], parameters: dict[Path, object]
) -> str:
    if result is None:
        return "None (is a return missing?)"
    if _is_loss_second(result, parameters):
        return "(gradients, loss); it needs to be (loss, gradients)"
    names = [name_of(path) for path in gradients]
    if _is_loss_first_and_flat(result, parameters):
        return "the loss and the gradients in one row; it needs to be (loss, gradients)"
    if list(gradients) == [ROOT]:
        return f"one {type(result).__name__}"
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"a {type(result).__name__} with {shown or 'nothing in it'}"
