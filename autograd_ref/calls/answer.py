"""The answer of the function under test as data: its gradients by path, and its loss."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.names import by_parameter
from autograd_ref.tree.leaf import as_array, as_numbers, is_array_like, is_numeric
from autograd_ref.tree.nest import ROOT, Path, leaves, name_of, with_vectors
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
    intermediates: dict[Path, NDArray[Any]]
    """Intermediate quantities, by where they are in what was returned."""
    returned: str
    """The result in a few words, for the report of a gradient that is missing."""
    renamed: dict[str, str]
    """Names of parameters, by the names that their gradients were returned under."""
    in_list: bool = False
    """True for a list of a number and an array, taken for the loss and the only gradient."""


class _Named(NamedTuple):
    """The leaves of a result, by the parameters that they are of."""

    leaves: dict[Path, object]
    names: Mapping[Path, Path] = MappingProxyType({})
    """The parameters of those that were returned under other names."""
    complete: bool = True
    """True where every parameter has one."""


def understood(result: object, parameters: dict[Path, object]) -> Answer:
    """Read what the function returned.

    Tried in this order: a structure with the leaves of the parameters; (loss, gradients), also
    with a dict of intermediate quantities. Names decide for dicts, NamedTuples and dataclasses,
    whatever their order and whichever of them they are, also with something before or after them
    (dW for W); places for lists and tuples.

    Args:
        result: what the function under test returned.
        parameters: the leaves of the parameters, by path.
    """
    loss, named, others = None, _named(result, parameters), dict[Path, object]()
    if set(named.leaves) == set(parameters):
        pass
    elif _is_loss_second(result, parameters):
        named = _Named({})
    elif _is_loss_first(result):
        first, second = cast("tuple[object, ...]", result)[:2]
        first, second = as_array(as_numbers(first)), _named(second, parameters)
        # where not even the names are right, only a single number is taken for a loss
        if set(second.leaves) == set(parameters) or first.size == 1:
            loss, named, others = first, second, _third_of(result)
    found = {path: leaf for path, leaf in named.leaves.items() if path in parameters}
    arrays = {path: leaf for path, leaf in found.items() if is_array_like(leaf)}
    return Answer(
        {path: as_array(value) for path, value in arrays.items()},
        {path: dtype_name(value) for path, value in arrays.items()},
        loss,
        tuple(name_of(path) for path in named.leaves if path not in parameters and path != ROOT),
        {path: as_array(value) for path, value in others.items() if is_numeric(value)},
        _described(result, named.leaves, parameters),
        {name_of(path): name_of(of, "parameters") for path, of in named.names.items()},
        loss is not None and isinstance(result, list) and list(parameters) == [ROOT],
    )


def _third_of(result: object) -> dict[Path, object]:
    """The intermediate quantities of (loss, gradients, intermediates), by their names."""
    items = cast("tuple[object, ...]", result)
    third = items[2] if len(items) == 3 else None
    return leaves(with_vectors(cast("object", third))) if isinstance(third, Mapping) else {}


def _named(result: object, parameters: dict[Path, object]) -> _Named:
    """The leaves of a result by the parameters; lists of numbers are arrays where they fit as such.

    Where the names are those of no parameter, they may say of which they are.
    """
    shapes = {path: as_array(leaf).shape for path, leaf in parameters.items()}
    if list(parameters) == [ROOT] and _is_list_of_numbers(result, shapes[ROOT]):
        numbers = [as_array(item).reshape(()) for item in cast("list[object]", result)]
        return _Named({ROOT: np.asarray(numbers)})
    found = _renamed(leaves(result), parameters)
    if found.complete:
        return found
    vectors = _renamed(leaves(with_vectors(result)), parameters)
    if vectors.complete and all(as_array(vectors.leaves[p]).shape == s for p, s in shapes.items()):
        return vectors
    if isinstance(result, Mapping):
        items = cast("Mapping[object, object]", result).items()
        result = {k: as_numbers(v) if (k,) in parameters else v for k, v in items}
    return _renamed(leaves(result), parameters)


def _renamed(found: dict[Path, object], parameters: dict[Path, object]) -> _Named:
    complete = set(parameters) <= set(found)
    if complete and not all(_equal(found[path], leaf) for path, leaf in parameters.items()):
        return _Named(found)
    # also where the parameters came back as well
    names = by_parameter(found, parameters, surely=complete)
    renamed = {of: found[path] for path, of in names.items()}
    others = {path: leaf for path, leaf in found.items() if path not in names}
    changed = {path: of for path, of in names.items() if path != of}
    return _Named({**others, **renamed}, changed, complete or bool(names))


def _equal(found: object, parameter: object) -> bool:
    return is_array_like(found) and np.array_equal(as_array(found), as_array(parameter))


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
    return len(items) in (2, 3) and is_array_like(as_numbers(items[0]))


def _is_loss_second(result: object, parameters: dict[Path, object]) -> bool:
    """True for (gradients, loss): by the names, or where these do not tell by the shapes."""
    if not isinstance(result, tuple | list):
        return False
    items = cast("list[object]", result)
    if len(items) != 2:
        return False
    first, second = (_named(item, parameters).leaves for item in items)
    if first.keys() != parameters.keys():
        return False
    return second.keys() != parameters.keys() or (
        _have_shapes_of(parameters, first) and not _have_shapes_of(parameters, second)
    )


def _have_shapes_of(parameters: dict[Path, object], found: dict[Path, object]) -> bool:
    return all(
        is_array_like(found[path]) and as_array(found[path]).shape == as_array(leaf).shape
        for path, leaf in parameters.items()
    )


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
        plural = "" if list(parameters) == [ROOT] else "s"
        return f"(gradient{plural}, loss); it needs to be (loss, gradient{plural})"
    names = [name_of(path) for path in gradients]
    if _is_loss_first_and_flat(result, parameters):
        return "the loss and the gradients in one row; it needs to be (loss, gradients)"
    if list(gradients) == [ROOT]:
        return f"one {type(result).__name__}"
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"a {type(result).__name__} with {shown or 'nothing in it'}"
