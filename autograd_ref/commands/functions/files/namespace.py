"""The namespace of a user's file or notebook, as far as it can be run."""

import importlib
import inspect
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from weakref import WeakKeyDictionary

from autograd_ref.commands.functions.files.harmless import alone, furnish
from autograd_ref.commands.functions.files.needs import end_in_file, end_in_notebook
from autograd_ref.commands.functions.files.places import BadPackage, ImportedAs, place_of
from autograd_ref.commands.functions.files.reading import program_of
from autograd_ref.commands.functions.files.running import Failure, Program
from autograd_ref.commands.functions.importing import UserCodeError, explained
from autograd_ref.commands.functions.world import NOTEBOOK, entered

PROGRAMS = WeakKeyDictionary[ModuleType, Program]()
"""How far the file of each module has run: several functions of one file share it."""


class Namespace(NamedTuple):
    """The names that a file or notebook has defined, and the statements that could not be run."""

    file: str
    """As the user named it."""
    module: ModuleType
    names: tuple[str, ...]
    """All that it defines itself, and not what it imports, in the order of definition."""
    failures: tuple[Failure, ...]
    """The statements that raised, in order."""
    path: list[str]
    """The path that its code imports from."""
    program: Program
    """Its statements, how far they have run, and the names that are missing."""

    @property
    def is_notebook(self) -> bool:
        """True for a notebook."""
        return self.file.endswith(NOTEBOOK)


def definitions_in(file: str, start: Path, cells: str | None = None) -> tuple[str, ...]:
    """The functions and classes that a file or notebook defines, in order; nothing of it is run.

    Raises:
        UserCodeError: it cannot be read, or is none of this Python.
    """
    with explained(file):
        program = program_of(Path(os.path.realpath(start / file)), file, cells)
    making = (one for one in program.statements if one.makes_functions)
    return tuple(dict.fromkeys(name for one in making for name in sorted(one.binds)))


def load_namespace(
    file: str, start: Path, names: Iterable[str] = (), cells: str | None = None
) -> Namespace:
    """Run a file or notebook as its import would, as far as it can be run.

    A statement that raises is noted, and with it is left out what reads a name that it would have
    bound; the rest is run. Nothing runs twice, whatever names of the file are asked for.

    Args:
        file: its name, which ends in .py or .ipynb.
        start: the folder in which it is looked for.
        names: the names that are wanted, with or without members: what cannot change them is not
            run. Empty is all of them.
        cells: the code cells of a notebook that are run, as in 1,3-5; None is all.

    Raises:
        UserCodeError: it cannot be read, is none of this Python, or is in no package where it
            needs to be in one.
    """
    where = Path(os.path.realpath(start / file))
    with explained(file):
        program = program_of(where, file, cells)
        path = [str(where.parent), *sys.path]
        tree = [one.node for one in program.statements]
        try:
            place = place_of(where, tree, start, path)
            if cells:
                place = place._replace(name=f"{place.name} cells {cells}")
            path += place.folders
            module = entered(lambda: _run(place, where, program, names), path)
        except BadPackage as error:
            raise UserCodeError(f"cannot import {file}; {error}") from None
    known = PROGRAMS[module]
    return Namespace(file, module, _names(module, known), tuple(known.failures), path, known)


def forget(namespace: Namespace) -> None:
    """Let the file be run anew when it is loaded again."""
    _ = sys.modules.pop(namespace.module.__name__, None)


def _run(place: ImportedAs, where: Path, program: Program, names: Iterable[str]) -> ModuleType:
    """The module of a file, after it has run as far as the names need it."""
    module = _module_of(place, where)
    if module is None:
        module = _new_module(place, where)
    elif module not in PROGRAMS:  # another file of theirs has imported it
        program.done = len(program.statements)
    known = PROGRAMS.setdefault(module, program)
    end_of = end_in_notebook if where.suffix == NOTEBOOK else end_in_file
    ends = [end_of(known.statements, name.partition(".")[0]) for name in names]
    end = max(ends, default=len(known.statements))
    try:
        with alone(str(where)):
            known.run(module, end)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _module_of(place: ImportedAs, where: Path) -> ModuleType | None:
    """The module of a file, after its package has been imported; None where it is not there yet."""
    if place.package:
        package = importlib.import_module(place.package)
        folders = [os.path.realpath(folder) for folder in getattr(package, "__path__", ())]
        if str(where.parent) not in folders:
            raise BadPackage(
                f"its folder is called {place.package}, as another module is: rename the folder"
            )
    there = (sys.modules.get(name) for name in (place.name, str(where)))
    return next((module for module in there if _is_of(module, where)), None)


def _new_module(place: ImportedAs, where: Path) -> ModuleType:
    """A module for a file, of which nothing has run."""
    name = place.name if place.name not in sys.modules else str(where)  # a name is taken once
    module = ModuleType(name)
    module.__file__, module.__package__ = str(where), place.package
    if where.suffix == NOTEBOOK:
        furnish(module)
    sys.modules[name] = module  # dataclasses and pickle look for their module there
    return module


def _is_of(module: ModuleType | None, where: Path) -> bool:
    return getattr(module, "__file__", None) == str(where)


def _names(module: ModuleType, program: Program) -> tuple[str, ...]:
    """The names that the statements have bound, in order, without what comes from elsewhere."""
    bound = [name for one in program.statements if not one.imports for name in sorted(one.binds)]
    there = vars(module)
    return tuple(
        name
        for name in dict.fromkeys(bound)
        if name in there
        and not name.startswith("__")
        and not _is_from_elsewhere(there[name], module)
    )


def _is_from_elsewhere(value: object, module: ModuleType) -> bool:
    """True for a module, and for a function or class that another one defines."""
    if isinstance(value, ModuleType):
        return True
    named = inspect.isroutine(value) or inspect.isclass(value)
    return named and getattr(value, "__module__", None) != module.__name__
