"""The module of a file or notebook, or the module that a name lies in, whatever it defines."""

from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from autograd_ref.commands.functions.failures.said import is_sound, notes_on, refusal
from autograd_ref.commands.functions.files.namespace import definitions_in, load_namespace
from autograd_ref.commands.functions.files.statements import LOOPS
from autograd_ref.commands.functions.importing import UserCodeError, found_in_module
from autograd_ref.commands.functions.loading import require_sound
from autograd_ref.commands.functions.world import is_file


class Opened(NamedTuple):
    """Code that was loaded, and what of it is meant."""

    module: ModuleType
    name: str
    """The function, the class or Class.method; empty where none is named."""
    path: list[str]
    """The path that it imports from."""
    notes: tuple[str, ...]
    """Sentences on what of its file could not be run."""
    loops: tuple[str, ...] = ()
    """The lines of the loops at the top of its file, in words."""
    refused: UserCodeError | None = None
    """The error for a statement that could not be run, where no definition needs it: it
    is raised where no way to call any is found."""


def opened(spec: str, start: Path, cells: str | None) -> Opened:
    """Load what a file, `FILE:NAME` or `package.module:name` stands for.

    Raises:
        UserCodeError: it cannot be loaded, or has no such name.
    """
    target, name = (spec, "") if is_file(spec) else _parts(spec)
    if not is_file(target):
        module, path = found_in_module(target, start, lambda module: module)
        _require_there(module, target, name)
        return Opened(module, name, path, ())
    names = [name] if name else definitions_in(target, start, cells)
    namespace = load_namespace(target, start, names, cells)
    if not name:  # objects and global variables stand below the definitions
        namespace = load_namespace(target, start, cells=cells)
    refused = None if name else refusal(namespace)
    if refused is None or not names or not all(is_sound(namespace, one) for one in names):
        require_sound(namespace, name)
    _require_there(namespace.module, target, name)
    loops = [one.where for one in namespace.program.statements if isinstance(one.node, LOOPS)]
    notes = notes_on(namespace, name)
    there = () if name else tuple(loops)
    return Opened(namespace.module, name, namespace.path, notes, there, refused)


def _parts(spec: str) -> tuple[str, str]:
    target, _colon, name = spec.rpartition(":")
    if not target:
        raise UserCodeError(f"expected FILE or FILE:NAME, got {spec!r}")
    return target, name


def _require_there(module: ModuleType, target: str, name: str) -> None:
    found: object = module
    for part in name.split(".") if name else ():
        if not hasattr(found, part):
            raise UserCodeError(f"{target} has no {name}; check the name")
        found = getattr(found, part)
