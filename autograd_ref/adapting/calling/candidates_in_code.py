"""The functions and methods in somebody's code that may compute a gradient, the likeliest first."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from autograd_ref.adapting.by_name.roles import (
    BACKWARD,
    FORWARD,
    GRADIENT_IN,
    LOSS,
    MAKER,
    PART,
    UPDATE,
    Role,
    roles_of,
)
from autograd_ref.adapting.calling.call_arguments import parameters_of

Function = Callable[..., Any]

CODE, THEIR_NET = "code", "their_net"
"""The variables for the module, and for an instance that is there already."""

ORDER = BACKWARD, LOSS, UPDATE
"""The kinds of names, in the order in which they are tried."""


class Candidate(NamedTuple):
    """A function or a method, with what lies beside it."""

    function: Function
    name: str
    """As it is called: backward, TwoLayerNet.backward."""
    owner: object
    """The class or the instance of a method; None for a function."""
    beside: Mapping[str, Function]
    """The functions of its module, or the methods of its class."""
    module: ModuleType | None

    @property
    def last(self) -> str:
        """The name without the class."""
        return self.name.rpartition(".")[2]

    @property
    def rank(self) -> int:
        """How likely it computes a gradient, by its name: the less, the likelier."""
        if PART.fullmatch(self.last):
            return len(ORDER)
        kinds = (i for i, pattern in enumerate(ORDER) if pattern.fullmatch(self.last))
        return next(kinds, 0 if GRADIENT_IN.search(self.last) else len(ORDER))

    @property
    def forwards(self) -> list[str]:
        """The names of what may have to be called before it."""
        others = [name for name in self.beside if name != self.last and not PART.fullmatch(name)]
        found = [name for name in others if FORWARD.fullmatch(name)]
        found += [name for name in others if LOSS.fullmatch(name)]
        found = sorted(found, key=lambda name: "predict" in name)
        if not takes(self.function, "X"):  # then another has to be given it before
            found += [n for n in others if n not in found and self._is_given_data_alone(n)]
        return found

    def _is_given_data_alone(self, name: str) -> bool:
        """True for what takes one argument, and no targets."""
        needed = [p for p in parameters_of(self.beside[name]) if p.default is p.empty]
        return len(needed) == 1 and not takes(self.beside[name], "Y")

    @property
    def makers(self) -> list[Function]:
        """The functions or methods beside it that make initial parameters."""
        return [one for name, one in self.beside.items() if MAKER.match(name)]


def takes(function: Function, role: Role) -> bool:
    """Return whether an argument of a function plays a part, by its name.

    Args:
        function: the function.
        role: the part.
    """
    return any(role in roles_of(one.name) for one in parameters_of(function))


def entries(thing: object) -> Iterator[Candidate]:
    """Yield what may be called for a gradient.

    Args:
        thing: a function, a method, a class, an instance or a module.
    """
    if isinstance(thing, ModuleType):
        yield from sorted(_in_module(thing), key=lambda one: one.rank)
    elif isinstance(thing, type):
        yield from sorted(_in_class(thing, thing), key=lambda one: one.rank)
    elif inspect.ismethod(thing):
        owner = thing.__self__
        kind = owner if isinstance(owner, type) else type(owner)
        yield _method(kind, owner, thing.__name__, thing.__func__)
    elif inspect.isfunction(thing):
        module = inspect.getmodule(thing)
        beside = {} if module is None else _functions(module)
        yield Candidate(thing, thing.__name__, None, beside, module)
    else:
        yield from sorted(_in_class(type(thing), thing), key=lambda one: one.rank)


def _in_module(module: ModuleType) -> Iterator[Candidate]:
    functions = _functions(module)
    for name, function in functions.items():
        if not MAKER.match(name) and not FORWARD.fullmatch(name):
            yield Candidate(function, name, None, functions, module)
    values = list(vars(module).values())
    for kind in [v for v in values if isinstance(v, type) and v.__module__ == module.__name__]:
        for owner in (kind, *[v for v in values if type(v) is kind][:1]):
            yield from _in_class(kind, owner)


def _functions(module: ModuleType) -> dict[str, Function]:
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    }


def _in_class(kind: type, owner: object) -> Iterator[Candidate]:
    for name, method in _methods(kind).items():
        if not MAKER.match(name) and not FORWARD.fullmatch(name):
            yield _method(kind, owner, name, method)


def _method(kind: type, owner: object, name: str, method: Function) -> Candidate:
    module = inspect.getmodule(kind)
    return Candidate(method, f"{kind.__name__}.{name}", owner, _methods(kind), module)


def _methods(kind: type) -> dict[str, Function]:
    return {
        name: value
        for name, value in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("__")
    }


def names_of(entry: Candidate) -> dict[str, Any]:
    """Return the names that an adapter uses, beside its arguments.

    Args:
        entry: what it calls.
    """
    names: dict[str, Any] = {"np": np, "SimpleNamespace": SimpleNamespace, "copy": copy}
    if entry.module is not None:
        scope: Mapping[str, Any] = vars(entry.module)
        names |= {name: value for name, value in scope.items() if callable(value)}
        names[CODE] = entry.module
    if isinstance(entry.owner, type):
        names[entry.owner.__name__] = entry.owner
    elif entry.owner is not None:
        names[THEIR_NET] = entry.owner
    else:
        names[entry.name] = entry.function
    return names
