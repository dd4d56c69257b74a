"""Any nest of arrays as leaves with paths: dicts, lists, tuples, NamedTuples, dataclasses.

A path is the tuple of keys, places and field names that leads to a leaf; a nest that is itself one
array has the single path (). None holds no leaf, as an absent bias does.
"""

import copy
import dataclasses
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Path = tuple[Hashable, ...]
"""From the outermost container inwards; it identifies a leaf, whatever the leaf is called."""

ROOT: Path = ()
"""The path of the only leaf, where the nest is an array itself."""

Children = list[tuple[Hashable, object]]
Pairs = Mapping[Hashable, object]


def leaves(nest: object) -> dict[Path, Any]:
    """The arrays, tensors and numbers in a nest, by their paths, in its own order.

    Raises:
        RecursionError: it contains itself, or is nested too deeply.
    """
    return dict(_walk(nest, ROOT))


def require_end(named: Mapping[str, object]) -> None:
    """Refuse nests that have no end, by their names.

    Raises:
        ValueError: one contains itself, or is nested too deeply.
    """
    for name, nest in named.items():
        try:
            _ = leaves(nest)
        except RecursionError:
            raise ValueError(
                f"{name} contains itself, or is nested too deeply; it needs an end"
            ) from None


def rebuilt(nest: object, change: Callable[[Path, Any], object]) -> Any:
    """Equal containers with other leaves: change(path, leaf) in the place of every leaf."""
    return _rebuilt(nest, ROOT, change)


def with_vectors(nest: object) -> Any:
    """Equal containers with an array in the place of every list, or tuple, of numbers or of rows.

    >>> with_vectors({"W": [[1, 2], [3, 4]], "b": (0.5, 1.0)})["W"].shape
    (2, 2)
    """
    vector = _as_vector(nest)
    if vector is not None:
        return vector
    children = _children(nest)
    return nest if children is None else _refilled(nest, [with_vectors(c) for _, c in children])


def is_leaf(value: object) -> bool:
    """True where a value counts as one array."""
    return _children(value) is None


def nested(by_path: Mapping[Path, Any]) -> Any:
    """Dicts in dicts that hold something under every one of these paths."""
    if ROOT in by_path:
        return by_path[ROOT]
    found: dict[Any, Any] = {}
    for path, leaf in by_path.items():
        inside = found
        for key in path[:-1]:
            inside = inside.setdefault(key, {})
        inside[path[-1]] = leaf
    return found


def name_of(path: Path, root: str = "gradient") -> str:
    """A leaf as a user would type it: `W0`, `layers[1].bias`, `theta['b.0']`.

    Args:
        path: of the leaf.
        root: how a nest that is itself one array is called.
    """
    name = ""
    for key in path:
        if isinstance(key, str) and key.isidentifier():
            name += f".{key}" if name else key
        else:
            name += f"[{key!r}]"
    return name or root


def _walk(nest: object, path: Path) -> Iterator[tuple[Path, object]]:
    children = _children(nest)
    if children is None:
        yield path, nest
        return
    for key, child in children:
        yield from _walk(child, (*path, key))


def _children(nest: object) -> Children | None:
    """The items of a container with their keys; None for a leaf."""
    if isinstance(nest, np.ndarray | float):  # a fast path: most leaves are arrays
        return None
    if nest is None:
        return []
    if isinstance(nest, Mapping):
        return list(cast("Pairs", nest).items())
    if _is_named_tuple(nest):
        return list(cast("Pairs", cast("Any", nest)._asdict()).items())
    if isinstance(nest, list | tuple):
        return list(enumerate(cast("list[object]", nest)))
    if _is_dataclass(nest):
        fields = dataclasses.fields(cast("Any", nest))
        return [(field.name, getattr(nest, field.name)) for field in fields]
    return None


def _rebuilt(nest: object, path: Path, change: Callable[[Path, Any], object]) -> Any:
    children = _children(nest)
    if children is None:
        return change(path, nest)
    return _refilled(nest, [_rebuilt(child, (*path, key), change) for key, child in children])


def _refilled(nest: object, found: list[Any]) -> Any:
    """An equal container with other items, in their order."""
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
    if _is_named_tuple(nest):  # not through __new__, nor __init__: they may convert, check or count
        return cast("Any", type(nest))._make(found)
    if isinstance(nest, list | tuple):
        return type(cast("list[object]", nest))(found)
    result = copy.copy(nest)
    for field, value in zip(dataclasses.fields(cast("Any", nest)), found, strict=True):
        object.__setattr__(result, field.name, value)
    return result


def _as_vector(nest: object) -> NDArray[Any] | None:
    """A list or tuple of numbers, or of rows of them, as an array of floats; None where it is none.

    Arrays in a list are blocks of their own, and so are the fields of a NamedTuple.
    """
    items = cast("list[object]", nest)
    if not isinstance(nest, list | tuple) or not items or not _holds_numbers(items):
        return None
    try:
        found = np.array(items)
    except ValueError:  # rows of different lengths
        return None
    return found if found.dtype.kind == "f" else found.astype(np.float64)


def _holds_numbers(item: object) -> bool:
    if _is_named_tuple(item):
        return False
    if isinstance(item, list | tuple):
        return all(map(_holds_numbers, cast("list[object]", item)))
    return isinstance(item, int | float | np.integer | np.floating) and not isinstance(item, bool)


def _is_named_tuple(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(cast("object", value), "_fields")


def _is_dataclass(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)
