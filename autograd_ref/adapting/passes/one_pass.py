"""One pass of a loop, forward and backward, as a function of data and parameters."""

import ast
import inspect
from collections.abc import Collection, Iterator, Sequence
from types import ModuleType
from typing import NamedTuple

from autograd_ref.adapting.building.slices import Renamed, Scope
from autograd_ref.adapting.by_name.array_names import GRADIENT
from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.by_use.names_in_order import read_first
from autograd_ref.adapting.calling.matched_arrays import DERIVATIVE
from autograd_ref.adapting.passes.kept_statements import (
    WholeData,
    effects_of,
    reaches_out,
    sliced,
    within_a_turn,
)
from autograd_ref.adapting.passes.loops_in_code import OwnLoop
from autograd_ref.adapting.passes.pass_names import (
    ROLES,
    PassNames,
    arguments_of,
    is_fixed,
    is_instance,
    pass_names,
    stored_in,
)


class OnePass(NamedTuple):
    """A function that does what one pass of a loop does."""

    name: str
    source: str
    objects: tuple[str, ...]
    """The names of the instances that it uses, global variables, in order."""


def one_pass(loop: OwnLoop, module: ModuleType) -> Iterator[OnePass]:
    """Yield one pass of a loop; none where it has no data, or needs what is not known.

    Where it gives a derivative to each parameter by name, it is yielded without its update, too: an
    optimiser needs more than is known.

    Args:
        loop: the loop.
        module: that it stands in.
    """
    local = {*arguments_of(loop), *stored_in(loop.function.body if loop.function else ())}
    scope = {name: value for name, value in vars(module).items() if name not in local}
    body = within_a_turn(loop.node.body)
    whole = WholeData(loop.turning, {*stored_in(body)})
    block = [whole.visit(one) for one in body]
    changed = {name for one in block for name in effects_of(one)}
    gradients = {name for name in stored_in(block) if GRADIENT.fullmatch(name)}
    persistent = {n for n in read_first(block) if n in changed and not is_fixed(n, scope)}
    instances = {name: True for name, value in scope.items() if is_instance(value)}
    doing = instances | {name: False for name, v in scope.items() if inspect.isfunction(v)}
    for needed in (persistent | gradients, gradients):
        kept = sliced(block, needed | {"self"}, doing)
        names = pass_names(kept, loop, scope)
        if names is None or any(map(reaches_out, (*names.above, *kept))):
            continue
        if needed is gradients and not _are_of_all(gradients, names.parameters):
            continue
        objects = [n for n in read_first(kept) if n in instances and n not in names.arguments]
        yield OnePass(name_of(loop), _source(loop, kept, names, scope), tuple(objects))


def _are_of_all(gradients: Collection[str], parameters: Sequence[str]) -> bool:
    """Return whether each parameter has a derivative that is named after it."""
    of = {DERIVATIVE.sub("", name).lower() for name in gradients}
    return bool(parameters) and {name.lower() for name in parameters} <= of


def name_of(loop: OwnLoop) -> str:
    """Return the name of the function that is made of a loop.

    Args:
        loop: the loop.
    """
    return f"pass_of_line_{loop.node.lineno}"


def _source(loop: OwnLoop, kept: Sequence[ast.stmt], names: PassNames, scope: Scope) -> str:
    """The text of the function; global variables are read from the module `code`."""
    says = [roles_of(name)[:1] == [role] for name, role in zip(names.data, ROLES, strict=True)]
    data = [n if named else role for n, role, named in zip(names.data, ROLES, says, strict=True)]
    whole = [*names.above, *kept]
    local = {*stored_in(whole), *names.arguments, "self"}
    renamed = Renamed({name: name for name in local}, (), scope)
    copies = [ast.parse(ast.unparse(ast.fix_missing_locations(one))) for one in whole]
    lines = [ast.unparse(ast.fix_missing_locations(renamed.visit(one))) for one in copies]
    if not all(says):
        lines.insert(0, f"{', '.join(names.data)} = {', '.join(data)}")
    values = _returned(names.parameters, [*dict.fromkeys(stored_in(kept))])
    items = ", ".join(f'"{name}": {name}' for name in values)
    lines += [f"return {{{items}}}"] if values else []
    own = ["self"] if loop.kind else []
    head = ", ".join([*own, *data, *names.parameters, *names.others])
    inside = "\n".join(lines).replace("\n", "\n    ")
    return f"def {name_of(loop)}({head}):\n    {inside}\n"


def _returned(parameters: Sequence[str], stored: Sequence[str]) -> list[str]:
    """The gradients, where each parameter has one by name or none is given a value; and these.

    Where one is given a value, all are returned: others are moved in place.
    """
    gradients = [name for name in stored if GRADIENT.fullmatch(name)]
    moved = [name for name in parameters if name in stored]
    whole = not moved or _are_of_all(gradients, parameters)
    return [*gradients * whole, *(parameters if moved else ())]
