"""The arguments that the calls of a program give, by their names."""

import ast
from collections.abc import Iterator

from autograd_ref.adapting.by_name.code_of import last_name
from autograd_ref.adapting.calling.executed import names_of
from autograd_ref.adapting.calling.filling.call_arguments import parameters_of
from autograd_ref.adapting.calling.programs import NET, CallProgram


def arguments_reached(program: CallProgram) -> set[str]:
    """Return the names of all arguments that the calls of a program give.

    Args:
        program: the program.
    """
    tree = ast.parse("\n".join([*program.before, *program.calls]))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {name for call in calls for name in _given(call, program)}


def _given(call: ast.Call, program: CallProgram) -> Iterator[str]:
    """The names of the arguments that a call gives; none where it is no call of their code."""
    entry = program.entry
    name = last_name(call.func)
    known = {**names_of(entry), **entry.beside, entry.last: entry.function}
    function = known.get("__call__" if name == NET else name)
    if not callable(function):
        return
    named = [one.name for one in parameters_of(function)]
    yield from named[: len(call.args)]
    yield from (one.arg for one in call.keywords if one.arg in named)
