"""The ways in which an entry may be called, as lines of code."""

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd_ref.adapting.building.blocks import calls_in
from autograd_ref.adapting.building.criteria import criteria, usual_criteria
from autograd_ref.adapting.by_name.code_of import (
    Function,
    last_name,
    needed_by,
    parameters_of,
    returned_names,
)
from autograd_ref.adapting.by_name.own_variables import own_variable
from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.calling.candidates_in_code import Candidate, takes
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.call_arguments import filled
from autograd_ref.adapting.calling.filling.data_forms import DataForm
from autograd_ref.adapting.holding.setups import Placed

NET = "net"
"""The variable for an instance."""

Lines = tuple[str, ...]


class CallProgram(NamedTuple):
    """Lines that call somebody's code."""

    entry: Candidate
    setup: Placed
    data: DataForm
    before: tuple[str, ...]
    """That make what is called, and put the parameters there."""
    calls: tuple[str, ...]


def calls_of(entry: Candidate, known: Known, firsts: Sequence[str]) -> Iterator[Lines]:
    """Yield the calls of an entry, after those that it needs.

    Args:
        entry: the function or method.
        known: what there is to be given.
        firsts: the names of what is called before it: a forward pass, perhaps a backward one.
    """
    owner = "" if entry.owner is None else f"{NET}."
    if not firsts:
        line = _last_call(entry, known, owner)
        yield from ((f"result = {line}",),) if line else ()
        return
    ways = [*_forward(entry, known, owner, firsts[0])]
    ways += [way for after, line in ways[:1] for way in _with_criteria(entry, after, line)]
    for known_after, first in ways:
        between = [_call(name, entry.beside[name], known_after, owner) for name in firsts[1:]]
        last = _last_call(entry, known_after, owner)
        if last and all(between):
            yield *first, *between, f"result = {last}"


def _last_call(entry: Candidate, known: Known, owner: str) -> str:
    """The call for a gradient, or a dict of those for its blocks; empty where something lacks."""
    if entry.source:
        call = _call(entry.last, entry.function, known, "")
        return call.replace("(", f"({NET}, ", 1) if owner else call
    if not entry.family:
        return _call(entry.last, entry.function, known, owner)
    calls = {array: _call(n, entry.beside[n], known, owner) for array, n in entry.family.items()}
    items = ", ".join(f"{array!r}: {call}" for array, call in calls.items())
    return f"{{{items}}}" if all(calls.values()) else ""


def _call(name: str, function: Function, known: Known, owner: str) -> str:
    """A call, empty where it needs what nobody knows."""
    if known.cache and not takes(function, "X"):
        known = known._replace(X="")  # it was given to the forward pass
    found = filled(function, known)
    return "" if found.missing else f"{_callee(owner, name)}({found.text})"


def _with_criteria(entry: Candidate, known: Known, lines: Lines) -> Iterator[tuple[Known, Lines]]:
    """A forward pass and the derivative of a loss, where that is all that a method is given."""
    if len(needed_by(entry.function)) != 1 or known.cache != "cache" or entry.is_of_one_layer:
        return
    theirs = [*criteria(entry.module, known.cache, known.Y)]
    for one in theirs or usual_criteria(known.cache, known.Y):
        after = known._replace(X="", Y="", cache="", upstream=one.derivative)
        yield after, (*lines, *one.lines)
    yield known._replace(X="", Y="", cache="", upstream=known.Y), lines  # `out` that is wanted


def _forward(
    entry: Candidate, known: Known, owner: str, name: str
) -> Iterator[tuple[Known, Lines]]:
    """The line of a forward pass, with what there is to be given after it."""
    first = entry.beside[name]
    before = filled(first, known if takes(first, "Y") else known._replace(Y=""))
    if before.missing:
        return
    names = _names_of_outputs(entry, name)
    line = f"{_callee(owner, name)}({before.text})"
    outputs = [own_variable(n or f"part{i}") for i, n in enumerate(names)] if names[1:] else []
    likely = [n for n in outputs if "cache" in roles_of(n) or n.startswith("part")]
    caches = [*likely[-1:], f"({', '.join(outputs)})"] if outputs else ["cache"]
    line = f"{', '.join(outputs) if outputs else 'cache'} = {line}"
    fed = _fed(entry, name, outputs)
    if fed:
        there = known._replace(arrays={**known.arrays, **fed})
        yield there._replace(cache=caches[0]), (line,)
    for cache in caches:
        yield known._replace(cache=cache, outputs=tuple(outputs)), (line,)


def _fed(entry: Candidate, name: str, outputs: Sequence[str]) -> dict[str, str]:
    """The arguments that get a result of a forward pass where the code itself calls both."""
    arguments = [one.name for one in parameters_of(entry.function)]
    whole = f"({', '.join(outputs)})" if outputs else "cache"
    parts = dict[int | None, str](enumerate(outputs)) | {None: whole}
    given = entry.fed_by.get(name, {})
    return {n: parts.get(i, f"{whole}[{i}]") for n, i in given.items() if n in arguments}


def _names_of_outputs(entry: Candidate, name: str) -> tuple[str, ...]:
    """The names of what a function returns, in it or where the code calls it."""
    names = returned_names(entry.beside[name])
    if len(names) < 2 or all(names) or entry.module is None:
        return names
    for call in calls_in(entry.module, name):
        given = [n for n in ast.walk(call.block[call.place]) if isinstance(n, ast.Assign)]
        targets = [one.targets[0] for one in given if one.value is call.node]
        theirs = [last_name(one) for target in targets for one in getattr(target, "elts", [])]
        if len(theirs) == len(names):
            return tuple(own or other for own, other in zip(names, theirs, strict=True))
    return names


def _callee(owner: str, name: str) -> str:
    """The expression for a function or method."""
    return NET if owner and name == "__call__" else f"{owner}{name}"
