"""The updates of parameters that code makes beside a gradient: in the call for it, or after it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from autograd_ref.adapting.adapter import Adapted, compiled
from autograd_ref.adapting.by_name.function_names import APPLIED, OUTSIDE
from autograd_ref.adapting.calling.all_programs import names_read_by
from autograd_ref.adapting.calling.candidates_in_code import CODE
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.call_arguments import filled
from autograd_ref.adapting.calling.programs import NET, CallProgram
from autograd_ref.adapting.calling.readings import RETURNED, WhereRead, in_place
from autograd_ref.adapting.nearness import Near

ALONE = frozenset({"rate", "l2"})
"""Parts that may be given to what applies a gradient that is kept."""


class UpdateMade(NamedTuple):
    """An update, or what may be one."""

    adapter: Adapted
    """The function that returns the updated parameters."""
    name: str = ""
    """The function or method of its own that makes it; empty for the one that has the gradient."""


def updates_made(one: Adapted) -> Iterator[UpdateMade]:
    """Yield the adapters for the updates that code makes beside a gradient.

    Args:
        one: the adapter for the gradient.
    """
    found = one.found
    where = in_place(found.program.setup.holder)
    if where is not None:
        yield UpdateMade(reading_as(one, found._replace(reading=where)))
    for of in found.reading.beside:
        returned = WhereRead("updated", RETURNED, of)
        yield UpdateMade(reading_as(one, found._replace(reading=returned)))
    if where is not None:
        for name, call in _applying(found.program):
            program = found.program._replace(calls=(*found.program.calls, call))
            near = found._replace(reading=where, program=program)
            yield UpdateMade(reading_as(one, near), name)


def reading_as(one: Adapted, near: Near) -> Adapted:
    """Return an adapter for what else is found in code, by the names of the parameters.

    Args:
        one: the adapter for the gradient.
        near: what else is found.
    """
    choices = one.choices._replace(as_dict=True)
    function = compiled(near, choices, fixed=one.takes == "fixed")
    return one._replace(found=near, choices=choices, function=function)


def _applying(program: CallProgram) -> Iterator[tuple[str, str]]:
    """The names, and the calls, of what may apply a gradient that is kept."""
    entry, owner = program.entry, f"{NET}."
    if entry.owner is None:
        owner = ""
        if program.setup.root != CODE:
            return
    calls = "\n".join(program.calls)
    before = {name for name in entry.beside if re.search(rf"\b{name}\(", calls)}
    for name, function in entry.beside.items():
        called = {name, *names_read_by(function, entry.beside)}
        if not APPLIED.search(name) or OUTSIDE.fullmatch(name) or called & before:
            continue  # or it computes the gradient itself
        arguments = filled(function, Known())
        if not arguments.missing and arguments.used <= ALONE:
            prefix = entry.name.rpartition(".")[0]
            yield f"{prefix}.{name}".lstrip("."), f"{owner}{name}({arguments.text})"
