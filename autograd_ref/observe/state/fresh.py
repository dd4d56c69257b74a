"""The function under test as it was before its first call, with whatever it keeps still empty.

The containers that it can reach are copied: in its closure, among its globals and defaults, on its
object. Arrays are not, nor is anything of an installed library.
"""

import sys
import sysconfig
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any, TypeVar, cast

MOST = 1000
"""A container of more items is taken for data, and shared. Chosen."""

DEEPEST = 40
"""How many steps away from the function something may lie; what lies further is shared. Chosen."""

CACHED = type(lru_cache(len))
"""The class of what functools.lru_cache returns."""

CONTAINERS = {dict, list, set, deque, defaultdict, OrderedDict}

LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


Function = TypeVar("Function", bound=Callable[..., object])


def as_new(function: Function) -> Function:
    """A function that does what this one does, and shares none of the containers it writes to.

    >>> def count(x, kept=[]):
    ...     kept.append(x)
    ...     return len(kept)
    >>> other = as_new(count)
    >>> count(1), count(1), other(1), count(1)
    (1, 2, 1, 3)
    """
    return cast("Function", _Copies().of(function))


class _Copies:
    """Copies of values, one for each."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}
        self._originals: list[object] = []  # kept, so that nothing else gets their identity
        self._depth = 0

    def of(self, value: Any) -> Any:
        """The copy of a value; the value itself where it cannot keep anything."""
        if id(value) in self._made:
            return self._made[id(value)]
        way = next((way for fits, way in WAYS if fits(value)), None)
        if way is None or self._depth == DEEPEST:
            return value
        self._depth += 1
        try:
            return self._enter(value, way(self, value))
        finally:
            self._depth -= 1

    def _enter(self, value: object, copied: Any) -> Any:
        """Note a copy; before what is in it is copied, where that may lead back to it."""
        self._made[id(value)] = copied
        self._originals.append(value)
        return copied

    def function(self, value: FunctionType) -> FunctionType:
        """A function with closure, defaults, attributes and globals of its own."""
        old = value.__closure__ or ()
        missing = [cell for cell in old if id(cell) not in self._made]
        for cell in missing:
            self._enter(cell, CellType())
        new = tuple(self._made[id(cell)] for cell in old)
        world = self._made.get(id(value.__globals__))
        if world is None:
            world = self._enter(value.__globals__, dict(value.__globals__))
        found = FunctionType(value.__code__, world, value.__name__, None, new)
        self._enter(value, found)
        for cell in missing:
            if cell != CellType():  # nothing is in it yet
                self._made[id(cell)].cell_contents = self.of(cell.cell_contents)
        found.__defaults__ = self.of(value.__defaults__)
        found.__kwdefaults__ = self.of(value.__kwdefaults__)
        found.__dict__.update(self.of(vars(value)))
        for name in _names(value.__code__):
            if name in world:
                world[name] = self.of(value.__globals__[name])
        return found

    def container(self, value: Any) -> Any:
        """A dict, list, set or queue with copies of its items."""
        found = self._enter(value, value.copy())
        if isinstance(value, dict):
            found.update({key: self.of(one) for key, one in cast("dict[Any, Any]", value).items()})
        elif not isinstance(value, set):
            for i, one in enumerate(value):
                found[i] = self.of(one)
        return found

    def fixed(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        """A tuple of copies."""
        return tuple(map(self.of, value))

    def instance(self, value: Any) -> Any:
        """An object with copies of its attributes."""
        found = self._enter(value, object.__new__(cast("type[Any]", type(value))))
        kept = cast("dict[str, Any]", vars(value))
        vars(found).update({key: self.of(one) for key, one in kept.items()})
        return found

    def method(self, value: MethodType) -> MethodType:
        """A method of a copy of its object."""
        return MethodType(self.of(value.__func__), self.of(value.__self__))

    def bound(self, value: "partial[Any]") -> "partial[Any]":
        """A function with copies of the arguments that it has."""
        keywords = {key: self.of(one) for key, one in value.keywords.items()}
        return partial(self.of(value.func), *map(self.of, value.args), **keywords)

    def cached(self, value: Any) -> Any:
        """A function that forgets what lru_cache kept."""
        return lru_cache(**value.cache_parameters())(self.of(value.__wrapped__))


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function, and those inside it, look up among its globals."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_installed(file: str | None) -> bool:
    return file is not None and file.startswith(LIBRARIES)


def _is_function(value: object) -> bool:
    return isinstance(value, FunctionType) and not _is_installed(value.__code__.co_filename)


def _is_container(value: Any) -> bool:
    return type(value) in CONTAINERS and len(value) <= MOST


def _is_instance(value: object) -> bool:
    """True for an object of a class written in Python, and by none that is installed."""
    kind = type(value)
    plain = kind.__reduce_ex__ is object.__reduce_ex__ and kind.__new__ is object.__new__
    if isinstance(value, type) or not hasattr(value, "__dict__") or not plain:
        return False
    module = sys.modules.get(kind.__module__)
    return kind.__module__ != "builtins" and not _is_installed(getattr(module, "__file__", None))


Fits = Callable[[Any], bool]

WAYS: tuple[tuple[Fits, Callable[[_Copies, Any], Any]], ...] = (
    (_is_function, _Copies.function),
    (_is_container, _Copies.container),
    (lambda value: type(value) is tuple, _Copies.fixed),
    (lambda value: isinstance(value, MethodType), _Copies.method),
    (lambda value: isinstance(value, partial), _Copies.bound),
    (lambda value: isinstance(value, CACHED), _Copies.cached),
    (_is_instance, _Copies.instance),
)
"""The kinds of values that may keep something, and how each is copied."""
