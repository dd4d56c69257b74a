"""One pass of each loop in somebody's file, as something that may be called for a gradient."""

import linecache
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from autograd_ref.adapting.by_name.code_of import Function
from autograd_ref.adapting.calling.candidates_in_code import CODE, Candidate
from autograd_ref.adapting.passes.loops_in_code import OwnLoop, loops_in
from autograd_ref.adapting.passes.one_pass import OnePass, one_pass


def passes_in(
    module: ModuleType,
    functions: Mapping[str, Function],
    methods_of: Callable[[type], Mapping[str, Function]],
) -> Iterator[Candidate]:
    """Yield the passes of all loops that have data, the innermost first.

    Args:
        module: the file.
        functions: that it defines, by name.
        methods_of: gives the methods of a class, by name.
    """
    for loop in loops_in(module):
        kind = getattr(module, loop.kind, None) if loop.kind else None
        is_known = not loop.kind or isinstance(kind, type)
        for found in dict.fromkeys(one_pass(loop, module)) if is_known else ():
            beside = methods_of(kind) if isinstance(kind, type) else functions
            name = ".".join(_around(loop, found))
            objects = {name: getattr(module, name) for name in found.objects}
            function = _compiled(found, module)
            yield Candidate(
                function, name, kind, beside, module, source=found.source, objects=objects
            )


def _around(loop: OwnLoop, found: OnePass) -> list[str]:
    """The names of the class and the function around a loop, and that of the pass."""
    function = loop.function.name if loop.function else ""
    return [one for one in (loop.kind, function, found.name) if one]


def _compiled(found: OnePass, module: ModuleType) -> Function:
    """The function, with a source that can be looked up."""
    file = f"<{module.__name__}, {found.name}>"
    lines = found.source.splitlines(keepends=True)
    linecache.cache[file] = len(found.source), None, lines, file
    scope: dict[str, Any] = {n: v for n, v in vars(module).items() if callable(v)}
    scope |= {"np": np, CODE: module, "__name__": module.__name__}
    exec(compile(found.source, file, "exec"), scope)
    return scope[found.name]
