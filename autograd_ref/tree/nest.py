"""Any nest of arrays, named leaf by leaf: dicts, lists, tuples, NamedTuples, dataclasses.

The names are the paths that a user would type: `W0`, `layers[1].bias`, `theta['b.0']`; a nest that
is itself one array has the single name ROOT. None holds no leaf, as an absent bias does.
"""

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, cast

import numpy as np

ROOT = "parameters"
"""The name of the only leaf, where the nest is an array itself."""

Children = list[tuple[str, object]]
Pairs = Mapping[object, object]


def leaves(nest: object) -> dict[str, Any]:
    """The arrays, tensors and numbers in a nest, by their names, in its own order."""
    return dict(_walk(nest, ""))


def rebuilt(nest: object, change: Callable[[str, Any], object]) -> Any:
    """The same containers with other leaves: change(name, leaf) in the place of every leaf."""
    return _rebuilt(nest, "", change)


def is_leaf(value: object) -> bool:
    """Whether a value counts as one array."""
    return _children(value, "") is None


def _walk(nest: object, path: str) -> Iterator[tuple[str, object]]:
    children = _children(nest, path)
    if children is None:
        yield path or ROOT, nest
        return
    for name, child in children:
        yield from _walk(child, name)


def _children(nest: object, path: str) -> Children | None:
    """What a container holds, with the path to each; None where it is a leaf."""
    if nest is None:
        return []
    if isinstance(nest, Mapping):
        items = cast("Pairs", nest).items()
        return [(_named(path, key), child) for key, child in items]
    if _is_named_tuple(nest):
        fields = cast("Any", nest)._asdict()
        return [(_named(path, key), child) for key, child in cast("Pairs", fields).items()]
    if isinstance(nest, list | tuple):
        items = enumerate(cast("list[object]", nest))
        return [(f"{path}[{i}]", child) for i, child in items]
    if _is_dataclass(nest):
        fields = dataclasses.fields(cast("Any", nest))
        return [(_named(path, f.name), getattr(nest, f.name)) for f in fields]
    return None


def _rebuilt(nest: object, path: str, change: Callable[[str, Any], object]) -> Any:
    children = _children(nest, path)
    if children is None:
        return change(path or ROOT, nest)
    found = [_rebuilt(child, name, change) for name, child in children]
    if nest is None:
        return None
    if isinstance(nest, Mapping):
        pairs = dict(zip(cast("Pairs", nest), found, strict=True))
        # a copy, because a defaultdict and others are not made from pairs
        if not isinstance(nest, MutableMapping):
            return pairs
        result = copy.copy(cast("Any", nest))
        result.update(pairs)
        return result
    if _is_named_tuple(nest):
        return type(nest)(*found)
    if isinstance(nest, list | tuple):
        return type(cast("list[object]", nest))(found)
    # not through __init__, which may convert, check or count
    result = copy.copy(nest)
    for field, value in zip(dataclasses.fields(cast("Any", nest)), found, strict=True):
        object.__setattr__(result, field.name, value)
    return result


def _named(path: str, key: object) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{path}.{key}" if path else key
    return f"{path}[{key!r}]"


def _is_named_tuple(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(cast("object", value), "_fields")


def _is_dataclass(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def is_tensor(value: object) -> bool:
    """Whether a value is a torch tensor, found out without loading torch."""
    return any(
        kind.__module__ == "torch" and kind.__name__ == "Tensor" for kind in type(value).__mro__
    )


def is_numeric(value: object) -> bool:
    """Whether a value is a number, an array or a tensor, and not a string or some other object."""
    if isinstance(value, np.ndarray):
        return cast("np.ndarray[Any, Any]", value).dtype.kind in "biuf"
    return is_tensor(value) or isinstance(value, int | float | np.number)


def is_real(array: np.ndarray[Any, Any]) -> bool:
    """Whether its entries are real numbers that can be subtracted."""
    return array.dtype.kind in "iuf"


def as_array(value: object) -> np.ndarray[Any, Any]:
    """A leaf as an array; a tensor's values leave its device and its history."""
    if is_tensor(value):
        tensor = cast("Any", value).detach().cpu()
        tensor = tensor if str(tensor.layout) == "torch.strided" else tensor.to_dense()
        # NumPy has no bfloat16; float32 holds all of its numbers
        return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
    return np.asarray(value)


def as_numbers(value: Any) -> Any:
    """Lists of numbers, or of rows of them, as an array; anything else as it is."""
    if not isinstance(value, list | tuple):
        return value
    try:
        found = np.array(cast("object", value))
    except ValueError:  # rows of different lengths
        return cast("Any", value)
    return found if found.dtype.kind in "iuf" else cast("Any", value)


def copied(value: object) -> object:
    """A leaf with memory of its own, of the same type; numbers and strangers as they are."""
    if isinstance(value, np.ndarray):
        return cast("np.ndarray[Any, Any]", value).copy(order="K")
    if is_tensor(value):
        tensor = cast("Any", value)
        return tensor.detach().clone().requires_grad_(tensor.requires_grad)
    return value


def in_float64(leaf: object, values: np.ndarray[Any, Any]) -> object:
    """float64 values as a tensor, on the same device, where the leaf is one; else as they are."""
    if not is_tensor(leaf):
        return values
    import torch  # loaded already, or there would be no tensor

    return torch.from_numpy(np.array(values, order="C")).to(cast("torch.Tensor", leaf).device)


def like(leaf: object, values: np.ndarray[Any, Any]) -> object:
    """Values as the same kind of leaf: tensor, array, NumPy scalar or Python number."""
    if is_tensor(leaf):
        import torch  # loaded already, or there would be no tensor

        tensor = cast("torch.Tensor", leaf)
        return torch.from_numpy(values).to(tensor).requires_grad_(tensor.requires_grad)
    if isinstance(leaf, np.ndarray):
        return values
    return values.dtype.type(values) if isinstance(leaf, np.generic) else values.item()
