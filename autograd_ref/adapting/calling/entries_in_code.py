"""The functions and methods in somebody's code that may be called, the likeliest first."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import cast

from autograd_ref.adapting.by_name.block_families import families
from autograd_ref.adapting.by_name.code_of import Function, undecorated
from autograd_ref.adapting.by_name.function_names import FORWARD, MAKER
from autograd_ref.adapting.by_use.functions_given_out import makes_functions
from autograd_ref.adapting.calling.candidates_in_code import Candidate, takes
from autograd_ref.adapting.passes.pass_candidates import passes_in


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
        beside = {} if module is None else functions_in(module)
        makes = makes_functions(thing)
        yield Candidate(thing, thing.__name__, None, beside, module, makes)
    else:
        yield from sorted(_in_class(type(thing), thing), key=lambda one: one.rank)


def _in_module(module: ModuleType) -> Iterator[Candidate]:
    functions = functions_in(module)
    whole = _of_blocks(functions, "", None, module)
    yield from whole
    for name, function in functions.items():
        if _is_in(whole, name):
            continue
        if makes_functions(function):
            yield Candidate(function, name, None, functions, module, makes=True)
        elif _may_be_one(name, function):
            yield Candidate(function, name, None, functions, module)
    values = list(vars(module).values())
    for kind in [v for v in values if isinstance(v, type) and v.__module__ == module.__name__]:
        for owner in (kind, *[v for v in values if type(v) is kind][:1]):
            yield from _in_class(kind, owner)
    yield from passes_in(module, functions, _methods)


def _of_blocks(
    beside: Mapping[str, Function], before: str, owner: object, module: ModuleType | None
) -> list[Candidate]:
    """Functions that compute one block each, together."""
    found: list[Candidate] = []
    for family in families(beside):
        names = [*family.values()]
        name = f"{before}{', '.join(names)}"
        found.append(Candidate(beside[names[0]], name, owner, beside, module, family=family))
    return found


def _may_be_one(name: str, function: Function) -> bool:
    """Return whether something may compute a gradient: a forward pass does that is given Y."""
    forward = FORWARD.fullmatch(name) and not takes(function, "Y")
    return not forward and not MAKER.match(name)


def _is_in(whole: Sequence[Candidate], name: str) -> bool:
    return any(name in one.family.values() for one in whole)


def functions_in(module: ModuleType) -> dict[str, Function]:
    """Return the functions that a module defines, by their names.

    Args:
        module: the module.
    """
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(plain := _whole(value)) and plain.__module__ == module.__name__
    }


def _whole(value: object) -> object:
    """The function that a partial one calls, or the value itself."""
    return undecorated(cast("Function", value)) if isinstance(value, partial) else value


def _in_class(kind: type, owner: object) -> Iterator[Candidate]:
    methods = _methods(kind)
    whole = _of_blocks(methods, f"{kind.__name__}.", owner, inspect.getmodule(kind))
    yield from whole
    for name, method in methods.items():
        if not _is_in(whole, name) and _may_be_one(name, method):
            yield _method(kind, owner, name, method)


def _method(kind: type, owner: object, name: str, method: Function) -> Candidate:
    module = inspect.getmodule(kind)
    return Candidate(method, f"{kind.__name__}.{name}", owner, _methods(kind), module)


def _methods(kind: type) -> dict[str, Function]:
    return {
        name: value
        for name, value in inspect.getmembers(kind)
        if (inspect.isfunction(value) or inspect.ismethod(value))
        and (not name.startswith("__") or name == "__call__")
    }
