"""Arrays found in an object, with the expression for each."""

from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

DEEPEST = 4
"""Levels of lists, dicts and objects that are looked into. Chosen."""

NO_OBJECTS = type | ModuleType | FunctionType | MethodType
"""Things with attributes that are not looked into."""


class Found(NamedTuple):
    """An array somewhere in an object."""

    path: str
    """The expression that leads to it."""
    name: str
    """The last name on the way, with the place in a list: W1, weights0."""
    value: NDArray[Any]


def arrays_in(value: object, path: str, name: str = "", depth: int = 0) -> Iterator[Found]:
    """Yield all arrays in an object, in the order in which they were put there.

    Args:
        value: the object: an array, a list, a dict, an instance.
        path: the expression for it.
        name: the name of the thing itself, without the way that leads there.
        depth: how far inside of something else it is.
    """
    if isinstance(value, np.ndarray):
        array = cast("NDArray[Any]", value)
        if array.dtype.kind in "fiu" and array.ndim <= 2:
            yield Found(path, name, array)
        elif array.dtype.kind == "O" and array.ndim == 1:
            yield from arrays_in(list(array), path, name, depth)
    elif depth < DEEPEST:
        for step, own, inner in _inside(value, name):
            yield from arrays_in(inner, f"{path}{step}", own, depth + 1)


def _inside(value: object, name: str) -> Iterator[tuple[str, str, object]]:
    """The things in an object: the step that leads to each, its name, itself."""
    if isinstance(value, Mapping):
        for key, inner in list(cast("Mapping[object, object]", value).items()):
            yield f"[{key!r}]", str(key), inner
    elif isinstance(value, list | tuple):
        fields: Sequence[str] | None = getattr(cast("object", value), "_fields", None)
        for i, inner in enumerate(cast("Sequence[object]", value)):
            yield f"[{i}]", fields[i] if fields else f"{name}{i}", inner
    elif hasattr(value, "__dict__") and not isinstance(value, NO_OBJECTS):
        for attribute, inner in list(vars(value).items()):
            yield f".{attribute}", attribute, inner


def arrays_of_module(name: str, module: ModuleType) -> Iterator[Found]:
    """Yield the arrays in global variables, alone or in lists and dicts.

    Args:
        name: the expression for the module.
        module: the module.
    """
    for attribute, value in list(vars(module).items()):
        if not attribute.startswith("__") and isinstance(value, list | dict | tuple | np.ndarray):
            yield from arrays_in(cast("object", value), f"{name}.{attribute}", attribute)


def arrays_under(root: object, path: str) -> Iterator[Found]:
    """Yield the arrays in what holds parameters: a module, an instance, a container.

    Args:
        root: the thing.
        path: the expression for it.
    """
    if isinstance(root, ModuleType):
        yield from arrays_of_module(path, root)
    else:
        yield from arrays_in(root, path)
