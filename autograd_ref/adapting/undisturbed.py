"""Somebody's code run without a trace: what it prints is left out, what it changes is put back."""

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Collection, Generator
from functools import partial
from types import ModuleType
from typing import Any, TypeVar, cast

import numpy as np

from autograd_ref.adapting.holding.arrays_found import DEEPEST
from autograd_ref.calls import random_state
from autograd_ref.user_code import Raised, attempt, user_code

LARGEST = 10**7
"""Entries of an array that is copied to be put back; larger ones are data. Chosen."""

Result = TypeVar("Result")

Saved = list[Callable[[], None]]


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Leave out what somebody's code prints and warns of."""
    sink = io.StringIO()
    with (
        contextlib.redirect_stdout(sink),
        contextlib.redirect_stderr(sink),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def attempted(run: Callable[[], Result]) -> Result | None:
    """Return what a call of somebody's code gives, quietly; None where it raises.

    Args:
        run: the call.
    """

    def quietly() -> Result:
        with quiet(), user_code():
            return run()

    found = attempt(quietly)
    return None if isinstance(found, Raised) else found


@contextlib.contextmanager
def left_as_it_was(*things: object) -> Generator[None]:
    """Put back what their code changes: global variables, attributes, arrays, random generators.

    Args:
        things: functions, methods, classes, instances or modules; with each goes its module.
    """
    saved: Saved = []
    seen: set[int] = set()
    modules = {id(m): m for thing in things if (m := inspect.getmodule(thing)) is not None}
    own = {module.__name__ for module in modules.values()}
    for value in (*modules.values(), *things):
        _save(value, saved, seen, own)
    with random_state.kept():
        try:
            yield
        finally:
            for put_back in saved:
                put_back()


def _save(
    value: object, saved: Saved, seen: set[int], own: Collection[str], depth: int = 0
) -> None:
    """Note how a value, and what is in it, is put back."""
    if id(value) in seen or depth > DEEPEST:
        return
    seen.add(id(value))
    inner: list[Any] = []
    if isinstance(value, np.ndarray):
        array = cast("np.ndarray[Any, Any]", value)
        inner = [*array.flat] if array.dtype == object else []
        if array.size <= LARGEST and array.flags.writeable:
            saved.append(partial(np.copyto, array, array.copy()))
    elif isinstance(value, np.random.Generator):
        bits = value.bit_generator
        saved.append(partial(setattr, bits, "state", bits.state))
    elif isinstance(value, tuple):
        inner = [*cast("tuple[Any, ...]", value)]
    elif isinstance(value, list):
        row = cast("list[Any]", value)
        inner = [*row]
        saved.append(partial(row.__setitem__, slice(None), inner))
    elif isinstance(value, dict):
        there = cast("dict[Any, Any]", value)
        inner = _names(there.copy, there.__setitem__, there.__delitem__, saved)
    elif inspect.ismethod(value):
        inner = [value.__self__]
    elif _is_theirs(value, own):
        put, drop = partial(setattr, value), partial(delattr, value)
        inner = _names(partial(_without_dunders, value), put, drop, saved)
    for one in inner:
        _save(one, saved, seen, own, depth + 1)


def _is_theirs(value: object, own: Collection[str]) -> bool:
    """Return whether something with attributes is a module of theirs, or of a class in one."""
    if isinstance(value, ModuleType):
        return value.__name__ in own
    kind = value if isinstance(value, type) else type(value)
    return kind.__module__ in own and hasattr(value, "__dict__")


def _names(
    read: Callable[[], dict[Any, Any]],
    put: Callable[[Any, Any], None],
    drop: Callable[[Any], None],
    saved: Saved,
) -> list[Any]:
    """Note how keys or attributes are put back, and return their values."""
    before = read()

    def put_back() -> None:
        now = read()
        for name in now.keys() - before.keys():
            drop(name)
        for name, value in before.items():
            if name not in now or now[name] is not value:
                put(name, value)

    saved.append(put_back)
    return [*before.values()]


def _without_dunders(owner: object) -> dict[str, Any]:
    return {name: value for name, value in vars(owner).items() if not name.startswith("__")}
