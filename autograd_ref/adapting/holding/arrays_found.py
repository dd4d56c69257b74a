"""Arrays found in an object, with the expression for each: lists and numbers of Python too."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.by_name.array_names import ARRAY

DEEPEST = 4
"""Levels of lists, dicts and objects that are looked into, or put back. Chosen."""

OF_A_BOX = ("data", "value", "val", "array", "v")
"""Attributes of an object that is a parameter: the name is that of the object. Chosen."""

NO_OBJECTS = type | ModuleType | FunctionType | MethodType
"""Things with attributes that are not looked into."""


KINDS = (list, dict, tuple, np.ndarray, float, int)
"""Types of global variables that hold parameters."""


class Found(NamedTuple):
    """An array somewhere in an object."""

    path: str
    """The expression that leads to it."""
    name: str
    """The last name on the way, with the place in a list: W1, weights0."""
    value: NDArray[Any]
    put: str = ""
    """The line that writes {given} there; empty where an array is written on as it lies."""
    is_added: bool = False
    """True where the code adds what has this name to products, as it does biases."""
    is_multiplied: bool = False
    """True where it stands in products, as weights do."""


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
    elif depth and is_number(value) and (isinstance(value, float) or ARRAY.fullmatch(name)):
        yield Found(path, name, np.asarray(cast("Any", value)), f"{path} = {{given}}")
    elif depth < DEEPEST:
        rows, units = of_lists(value), [*_of_units(value, path)]
        if rows is not None:
            put = f"{path}[:] = ({{given}}).tolist()"
            yield Found(f"np.array({path})", name, rows, put)
        yield from units
        for step, own, inner in () if units or rows is not None else inside(value, name):
            yield from arrays_in(inner, f"{path}{step}", own, depth + 1)


def is_number(value: object) -> bool:
    """Return whether something is a single number, and no truth value.

    Args:
        value: the thing.
    """
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def of_lists(value: object) -> NDArray[Any] | None:
    """Return a list of numbers, or of lists of as many numbers, as an array; None for others.

    Args:
        value: the thing.
    """
    row = cast("list[object]", value) if isinstance(value, list) else []
    rows = [cast("list[object]", one) for one in row if isinstance(one, list)]
    if rows and (len(rows) < len(row) or len({len(one) for one in rows}) > 1):
        return None
    numbers = [one for inner in rows for one in inner] if rows else row
    if not numbers or not all(map(is_number, numbers)):
        return None
    array = np.array(cast("Any", value))
    return array if array.dtype.kind == "f" else None


def _of_units(value: object, path: str) -> Iterator[Found]:
    """The arrays of a layer that is a list of units, each with a list of weights of its own."""
    units = cast("list[object]", value) if isinstance(value, list) else []
    each = [{step: (own, one) for step, own, one in inside(unit, "")} for unit in units]
    if not each or any(isinstance(unit, list | tuple) for unit in units):
        return
    stacks: list[Found] = []
    for step, (own, _first) in each[0].items():
        parts = [_numbers(one[step][1]) for one in each if step in one]
        shapes = {None if part is None else part.shape for part in parts}
        if len(parts) < len(each) or len(shapes) > 1 or None in shapes:
            continue
        put = f"for one, number in zip({path}, {{given}}): one{step} = float(number)"
        if shapes != {()}:
            put = f"for one, row in zip({path}, {{given}}): one{step}[:] = row"
        read = f"np.array([one{step} for one in {path}])"
        stacks.append(Found(read, own, np.array(cast("Any", parts)), put))
    if not any(one.value.ndim == 3 and ARRAY.fullmatch(one.name) for one in stacks):
        yield from stacks if any(one.value.ndim == 2 for one in stacks) else ()


def _numbers(value: object) -> NDArray[Any] | None:
    """A number, a list of numbers or an array of them; None for anything else."""
    if is_number(value):
        return np.asarray(cast("Any", value))
    if isinstance(value, np.ndarray):
        array = cast("NDArray[Any]", value)
        return array if array.dtype.kind in "fiu" else None
    return of_lists(value)


def inside(value: object, name: str) -> Iterator[tuple[str, str, object]]:
    """Yield the things in an object: the step that leads to each, its name, itself.

    Args:
        value: the object.
        name: its own name.
    """
    if isinstance(value, Mapping):
        for key, inner in list(cast("Mapping[object, object]", value).items()):
            yield f"[{key!r}]", str(key), inner
    elif isinstance(value, list | tuple):
        fields: Sequence[str] | None = getattr(cast("object", value), "_fields", None)
        for i, inner in enumerate(cast("Sequence[object]", value)):
            yield f"[{i}]", fields[i] if fields else f"{name}{i}", inner
    elif isinstance(value, FunctionType):
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        for i, (variable, cell) in enumerate(cells):
            with contextlib.suppress(ValueError):  # an empty cell
                yield f".__closure__[{i}].cell_contents", variable, cell.cell_contents
    elif not isinstance(value, NO_OBJECTS):
        slots = [n for n in getattr(type(value), "__slots__", ()) if hasattr(value, n)]
        there = getattr(value, "__dict__", {}) | {n: getattr(value, n) for n in slots}
        for attribute, inner in list(there.items()):
            yield f".{attribute}", name if name and attribute in OF_A_BOX else attribute, inner


def arrays_of_module(name: str, module: ModuleType) -> Iterator[Found]:
    """Yield the arrays in global variables, alone or in lists and dicts.

    Args:
        name: the expression for the module.
        module: the module.
    """
    for attribute, value in list(vars(module).items()):
        if not attribute.startswith("__") and isinstance(value, KINDS):
            yield from arrays_in(cast("object", value), f"{name}.{attribute}", attribute, 1)


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
