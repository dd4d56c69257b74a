"""The name a file is imported by, and where its own package lies."""

import ast
from collections.abc import Generator, Sequence
from importlib.machinery import PathFinder
from itertools import takewhile
from pathlib import Path
from sys import builtin_module_names
from typing import NamedTuple

LEVELS = 5
"""Folders above a file in which its own modules are looked for. Chosen: deeper than a course's
repository, and short of somebody's home."""
SOURCE_FOLDER = "src"


class ImportedAs(NamedTuple):
    """How a file is imported."""

    name: str
    package: str
    """The package that is imported before it; empty where it is in none."""
    folders: tuple[str, ...]
    """Folders to import from, beside its own and those of every import."""


class BadPackage(Exception):
    """A file that says it is part of a package, in a folder that cannot be one."""


def place_of(file: Path, tree: Sequence[ast.stmt], start: Path, path: list[str]) -> ImportedAs:
    """The place of a file by what it imports.

    Raises:
        BadPackage: its relative imports lead to no package.
    """
    level, tops = _imports(tree)
    level = min(level, len(file.parents) - 1)
    own = _package_of(file)
    depth = len(own)
    if level > depth:  # packages need no __init__.py, but then only the imports say how deep
        own, depth = [p.name for p in reversed(file.parents[:level])], level
    root = file.parents[depth]
    folders = tuple(dict.fromkeys(_folders_of(tops, file, start, path)))
    if not depth or not (level or own[0] in tops):
        return ImportedAs(file.stem, "", folders)
    if odd := [name for name in own if "." in name or not name]:
        raise BadPackage(
            f"it is part of a package (from .x import y), and a package cannot be called"
            f" {odd[0] or '/'}: rename the folder, without a dot"
        )
    package = ".".join(own)
    name = package if file.stem == "__init__" else f"{package}.{file.stem}"
    return ImportedAs(name, package, (str(root), *folders))


def _imports(tree: Sequence[ast.stmt]) -> tuple[int, set[str]]:
    """The most dots of a relative import, and the modules that the others begin with."""
    level, tops = 0, set[str]()
    for node in (inside for one in tree for inside in ast.walk(one)):
        if isinstance(node, ast.Import):
            tops |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            level = max(level, node.level)
            tops |= {(node.module or "").partition(".")[0]} if not node.level else set[str]()
    return level, tops


def _package_of(file: Path) -> list[str]:
    """The names of the folders with an __init__.py that a file lies in, from the outermost."""
    inside = takewhile(lambda folder: (folder / "__init__.py").is_file(), file.parents)
    return [folder.name for folder in inside][::-1]


def _folders_of(tops: set[str], file: Path, start: Path, path: list[str]) -> Generator[str]:
    """The folders above a file, or the one to start from, that hold what is not found elsewhere."""
    for top in sorted(tops):
        spec = None if top in builtin_module_names else PathFinder.find_spec(top, path)
        if top in builtin_module_names or (spec is not None and spec.origin is not None):
            continue  # a mere folder has no origin: theirs may be another one of its name
        above = [*file.parents[:LEVELS], start]
        for folder in (inside for up in above for inside in (up, up / SOURCE_FOLDER)):
            if (folder / f"{top}.py").is_file() or any((folder / top).glob("*.py")):
                yield str(folder)
                break
