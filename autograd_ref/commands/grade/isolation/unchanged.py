"""Functions of packages that a submission has put others in the place of.

A check that runs in the submission's process calls them: np.abs that returns zeros finds no error.
"""

import sys
from collections.abc import Iterator, Mapping

LOOKED_INTO = ("builtins", "json", "numpy", "autograd_ref", "manual_backprop")
"""The packages whose classes are looked into too: those that a result passes through."""
LEFT_OUT = {"__main__", "sys", "warnings"}
"""Modules that have functions made to be replaced; to silence warnings is an old habit."""

Place = tuple[str, str, str]
"""A module, a class in it or nothing, and a name."""
Functions = Mapping[Place, object]


def functions_loaded(modules: Mapping[str, object]) -> Functions:
    """All functions and classes of the modules, by their places."""
    return dict(_functions(modules))


def replaced_since(before: Functions) -> str:
    """The place of a function that is another one now, in words; empty for none."""
    now = functions_loaded({module: sys.modules.get(module) for module, _class, _name in before})
    for place, function in before.items():
        if now.get(place) is not function:
            return ".".join(filter(None, place))
    return ""


def _functions(modules: Mapping[str, object]) -> Iterator[tuple[Place, object]]:
    for module, content in modules.items():
        if module in LEFT_OUT:
            continue
        inside = module.partition(".")[0] in LOOKED_INTO
        for name, value in _names(content):
            if callable(value):
                yield (module, "", name), value
            if inside and isinstance(value, type) and value.__module__ == module:
                for attribute, method in _names(value):
                    if callable(method):
                        yield (module, name, attribute), method


def _names(owner: object) -> list[tuple[str, object]]:
    return list(getattr(owner, "__dict__", {}).items())
