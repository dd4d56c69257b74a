"""The parts that the free names of a loop's statements play: data, parameters, numbers, objects."""

import ast
import builtins
import inspect
from collections.abc import Collection, Iterator, Sequence
from types import FunctionType, ModuleType
from typing import NamedTuple

import numpy as np

from autograd_ref.adapting.building.blocks import called
from autograd_ref.adapting.building.slices import Scope, calls_under, given_anew, statements_for
from autograd_ref.adapting.by_name.array_names import ARRAY, BIAS, is_parameter
from autograd_ref.adapting.by_name.function_names import DRAWN, MAKER
from autograd_ref.adapting.by_name.roles import Role, roles_of
from autograd_ref.adapting.by_use.names_in_order import read_first
from autograd_ref.adapting.passes.kept_statements import effects_of
from autograd_ref.adapting.passes.loops_in_code import OwnLoop

ROLES: Sequence[Role] = ("X", "Y")

KNOWN: Sequence[list[Role]] = (["rate"], ["l2"])
"""The parts of numbers that are given."""


class PassNames(NamedTuple):
    """The free names of some statements, by their parts."""

    data: tuple[str, ...]
    """The inputs and the targets."""
    parameters: tuple[str, ...]
    """Arrays, or what holds all of them."""
    others: tuple[str, ...]
    """Learning rates, penalties, numbers of samples, and arguments of the function around it."""
    above: tuple[ast.stmt, ...]
    """The statements above the loop that give the rest their values."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments of a function of these statements."""
        return (*self.data, *self.parameters, *self.others)


def pass_names(block: Sequence[ast.stmt], loop: OwnLoop, scope: Scope) -> PassNames | None:
    """Return the parts of the names that some statements of a loop read first.

    Args:
        block: the statements.
        loop: around them.
        scope: the global variables, without those that are hidden by local ones.

    Returns:
        None where there are no data, or where one of the names is not known.
    """
    free = [name for name in read_first(block) if not is_fixed(name, scope)]
    given = {*stored_in(block)}
    changed = {name for one in block for name in effects_of(one)}
    parameters = [n for n in free if _is_parameter(n, loop, scope, changes=n in changed)]
    rest = [n for n in free if n not in parameters]
    data = _data([n for n in rest if n not in given], loop, scope)
    if data is None:
        return None
    rates = [n for n in rest if _is_known(n, scope) and n not in data]
    arguments = [*data, *parameters, *rates]
    left = [n for n in rest if n not in arguments]
    above: list[ast.stmt] = []
    for name in left:
        rows = _number_of_rows(name, data, scope)
        is_constant = name in scope and name not in given
        if is_constant and not rows and not _depends_on(name, data, loop):
            continue
        found = rows or _given_above(name, loop, scope, arguments)
        if found is None:
            return None
        above += [one for one in found if one not in above]
    needed = [n for n in read_first(above) if not is_fixed(n, scope) and n not in scope]
    made = {name for one in above for name in given_anew(one)}
    own = [n for n in (*left, *needed) if n in arguments_of(loop) and n not in (*arguments, *made)]
    unknown = {*needed} - {*arguments, *own}
    if unknown:
        return None
    order = {id(one): i for i, one in enumerate(loop.above)}
    above.sort(key=lambda one: order.get(id(one), -1))
    raw = [n for n in own if "X" in roles_of(n)[:1]]  # the inputs that the data are made of
    own = [n for n in own if n not in raw]
    above = [*(ast.parse(f"{n} = {data[0]}").body[0] for n in raw), *above]
    others = dict.fromkeys((*rates, *own))
    return PassNames((*data,), (*parameters,), (*others,), (*above,))


def arguments_of(loop: OwnLoop) -> list[str]:
    """Return the arguments of the function around a loop.

    Args:
        loop: the loop.
    """
    return [] if loop.function is None else [one.arg for one in loop.function.args.args]


def stored_in(block: Sequence[ast.stmt]) -> Iterator[str]:
    """Yield the names that statements give values.

    Args:
        block: the statements.
    """
    for one in block:
        for node in ast.walk(one):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def is_instance(value: object) -> bool:
    """Return whether something is an instance of a class of somebody's own.

    Args:
        value: the thing.
    """
    return hasattr(value, "__dict__") and not isinstance(value, type | ModuleType | FunctionType)


def is_fixed(name: str, scope: Scope) -> bool:
    """Return whether a name is that of a function, a class or a module, or the instance itself.

    Args:
        name: the name.
        scope: the global variables.
    """
    if name not in scope:
        return name == "self" or hasattr(builtins, name)
    value = scope[name]
    return isinstance(value, type | ModuleType | np.ufunc) or inspect.isroutine(value)


def _is_parameter(name: str, loop: OwnLoop, scope: Scope, *, changes: bool) -> bool:
    """Return whether a name is that of weights or biases: its own, or that of drawn arrays."""
    value = scope.get(name)
    if isinstance(value, float) and BIAS.fullmatch(name):
        return changes  # of the only output
    if not is_parameter(name) or isinstance(value, int | str) or is_instance(value):
        return False
    if ARRAY.fullmatch(name):
        return name in scope or changes or _is_drawn(name, loop)
    if not changes:
        return False
    arrays = isinstance(value, np.ndarray | list | dict)
    return arrays or "parameters" in roles_of(name) or _is_drawn(name, loop)


def _is_known(name: str, scope: Scope) -> bool:
    """Return whether a name is that of a rate, a penalty, or a global number of samples."""
    first = roles_of(name)[:1]
    return first in KNOWN or (first == ["samples"] and type(scope.get(name)) is int)


def _is_drawn(name: str, loop: OwnLoop) -> bool:
    """Return whether statements above give a name what initial parameters are."""
    given = [one for one in loop.above if name in given_anew(one)]
    names = [called(call) for one in given for call in calls_under(one)]
    return any(DRAWN.fullmatch(one) or MAKER.match(one) for one in names)


def _data(free: Sequence[str], loop: OwnLoop, scope: Scope) -> tuple[str, str] | None:
    """The names of inputs and targets: by what they say, or the first two that may be data."""
    turning = {*_variables(loop)}
    named = [[n for n in free if roles_of(n)[:1] == [role]] for role in ROLES]
    unnamed = [n for n in free if not {*roles_of(n)} - {"both", "parameters"}]  # as P beside T
    arrays = [n for n in unnamed if isinstance(scope.get(n), np.ndarray | list)]
    given = [n for n in unnamed if n in arguments_of(loop)]
    others = arrays if arrays or any(named) else given
    found: list[str] = []
    for some in named:
        inside = [one for one in some if one in turning]  # a row, beside all of them
        likely = [one for one in (*inside, *some, *others) if one not in found]
        if not likely:
            return None
        found.append(likely[0])
    return found[0], found[1]


def _variables(loop: OwnLoop) -> Iterator[str]:
    """The variables of a loop."""
    target = [loop.node.target] if isinstance(loop.node, ast.For) else []
    yield from (n.id for one in target for n in ast.walk(one) if isinstance(n, ast.Name))


def _number_of_rows(name: str, data: Sequence[str], scope: Scope) -> list[ast.stmt]:
    """The statement that gives an integer its value, where it is the number of samples."""
    value, shapes = scope.get(name), [getattr(scope.get(one), "shape", ()) for one in data]
    if type(value) is not int or not all(value in shape for shape in shapes):
        return []
    return ast.parse(f"{name} = {data[0]}.shape[{shapes[0].index(value)}]").body


def _depends_on(name: str, data: Collection[str], loop: OwnLoop) -> bool:
    """Return whether a variable is given a value above that depends on the data: m = len(X)."""
    given = [one for one in loop.above if name in given_anew(one)]
    return any({*read_first([one])} & {*data} for one in given)


def _given_above(
    name: str, loop: OwnLoop, scope: Scope, arguments: Sequence[str]
) -> list[ast.stmt] | None:
    """The statements that give a variable its value; none for an argument of theirs."""
    if name in loop.turning and not any(name in given_anew(one) for one in loop.above):
        return [ast.parse(f"{name} = 0").body[0]]
    known = {**scope, **dict.fromkeys(arguments, 0)}
    known.pop(name, None)
    found = statements_for(loop.above, len(loop.above), {name}, known)
    return found if found or name in arguments_of(loop) else None
