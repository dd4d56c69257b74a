"""Any nest of arrays as leaves with paths: dicts, lists, tuples, NamedTuples, dataclasses.

A path is the tuple of keys, places and field names that leads to a leaf; a nest that is itself one
array has the single path (). None holds no leaf, as an absent bias does.
"""

import copy
import dataclasses
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping
from typing import Any, cast

import numpy as np

Path = tuple[Hashable, ...]
"""From the outermost container inwards; it identifies a leaf, whatever the leaf is called."""

ROOT: Path = ()
"""The path of the only leaf, where the nest is an array itself."""

Children = list[tuple[Hashable, object]]
Pairs = Mapping[Hashable, object]


def leaves(nest: object) -> dict[Path, Any]:
    """The arrays, tensors and numbers in a nest, by their paths, in its own order."""
    return dict(_walk(nest, ROOT))


def rebuilt(nest: object, change: Callable[[Path, Any], object]) -> Any:
    """Equal containers with other leaves: change(path, leaf) in the place of every leaf."""
    return _rebuilt(nest, ROOT, change)


def is_leaf(value: object) -> bool:
    """True where a value counts as one array."""
    return _children(value) is None


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
    found = [_rebuilt(child, (*path, key), change) for key, child in children]
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


def _is_named_tuple(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(cast("object", value), "_fields")


def _is_dataclass(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)
