"""Global variables for the data that somebody's code reads, and for the number of samples."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from autograd_ref.adapting.building.blocks import opened_blocks
from autograd_ref.adapting.building.slices import Renamed, given_anew, loaded
from autograd_ref.adapting.by_name.code_of import (
    CALLS_FOLLOWED,
    Function,
    parameters_of,
    tree_of,
    tree_of_module,
)
from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.by_use.names_in_order import read_first
from autograd_ref.adapting.calling.candidates_in_code import CODE, Candidate
from autograd_ref.adapting.calling.filling.data_forms import DataForm


class GlobalData(NamedTuple):
    """The global variables for the data."""

    names: tuple[tuple[str, bool], ...] = ()
    """The names for X and Y, each with True where the called function reads it itself."""
    numbers: tuple[str, ...] = ()
    """The lines that give numbers of samples their values anew."""


def global_data(entry: Candidate, firsts: Sequence[str]) -> GlobalData:
    """Return the global variables for X and Y, where code reads one.

    Args:
        entry: what is called.
        firsts: the names of what is called before it.
    """
    if entry.module is None:
        return GlobalData()
    scope = vars(entry.module)
    arrays = [name for name, value in scope.items() if isinstance(value, np.ndarray)]
    X = [name for name in arrays if "X" in roles_of(name)]
    Y = [name for name in arrays if "Y" in roles_of(name) and name not in X]
    Y = sorted(Y, key=lambda name: name.lower().startswith("y"))  # beside T, Y is what comes out
    called = [*(entry.beside[one] for one in firsts), entry.function]
    read = {name for one in called for name in _global_names(one, entry.beside)}
    numbers = [*_numbers_of_rows(entry, read, X[:1])]
    if not X or (not {X[0], *Y[:1]} & read and not numbers):
        return GlobalData()
    seen = read if entry.owner is not None else {*_own_globals(entry.function)}
    seen = seen | {*X[:1]} if numbers else seen
    return GlobalData(tuple((name, name in seen) for name in (X[0], *Y[:1])), tuple(numbers))


def put_there(own: GlobalData, form: DataForm, calls: Sequence[str]) -> list[str]:
    """Return the lines that give global variables the data, all the same where a call takes them.

    Args:
        own: the variables.
        form: of the data.
        calls: what is called after that.
    """
    taken = any(form.X in line for line in calls)
    both = zip(own.names, (form.X, form.Y), strict=False)
    lines = [f"{CODE}.{name} = {text}" for (name, seen), text in both if seen or not taken]
    return [*lines, *own.numbers]


def names_read_by(function: Function, beside: Mapping[str, Function], depth: int = 0) -> set[str]:
    """Return the global names and the attributes that a function reads, or what it calls does.

    Args:
        function: the function.
        beside: what it may call.
        depth: calls that have been followed.
    """
    names = {*getattr(getattr(function, "__code__", None), "co_names", ())}
    called = [beside[name] for name in sorted(names & {*beside}) if depth < CALLS_FOLLOWED]
    return names.union(*(names_read_by(one, beside, depth + 1) for one in called))


def _global_names(function: Function, beside: Mapping[str, Function]) -> set[str]:
    """The global names that a function reads, or what it calls does, and no attributes."""
    names = names_read_by(function, beside)
    inside = [function, *(one for name, one in beside.items() if name in names)]
    return names & {name for one in inside for name in _own_globals(one)}


@lru_cache(maxsize=512)
def _own_globals(function: Function) -> frozenset[str]:
    """The names that a function reads first, and that are no arguments."""
    own = {one.name for one in parameters_of(function)}
    return frozenset(read_first([*tree_of(function).body])) - own


def _numbers_of_rows(entry: Candidate, read: set[str], data: Sequence[str]) -> Iterator[str]:
    """The lines at the top of a file that say how many samples there are: n = len(X)."""
    scope = {} if entry.module is None else vars(entry.module)
    for node in opened_blocks(tree_of_module(entry.module).body):
        given = {*given_anew(node)} & read
        if isinstance(node, ast.Assign) and any(type(scope.get(name)) is int for name in given):
            text = ast.unparse(node)
            if loaded(node.value) & {*data} and ("len(" in text or ".shape" in text):
                yield ast.unparse(Renamed({}, (), scope).visit(ast.parse(text).body[0]))
