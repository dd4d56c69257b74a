"""The submissions in a folder: a file or a folder each, known by its content."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from autograd_ref.commands.grade.grading import Grading
from autograd_ref.commands.options import Unusable
from autograd_ref.report.words import listed

NOTEBOOK = ".ipynb"
SUFFIXES = (".py", NOTEBOOK)
CACHES = shutil.ignore_patterns("__pycache__", ".git", ".ipynb_checkpoints", ".venv")


class Submission(NamedTuple):
    """A person's submission."""

    name: str
    path: Path
    content: str
    """A hash of all its files; the same for the same content."""


def submissions_in(folder: Path) -> list[Submission]:
    """All submissions of a folder, by name: Python files, notebooks, and folders.

    Raises:
        Unusable: there are none, or the folder cannot be read.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise Unusable(f"cannot read {folder}: {error.strerror}") from None
    found = [
        Submission(entry.name, entry.resolve(), content_of(entry))
        for entry in entries
        if not entry.name.startswith((".", "__")) and (entry.is_dir() or entry.suffix in SUFFIXES)
    ]
    if not found:
        raise Unusable(f"{folder} holds no submissions; it needs Python files, or folders with one")
    return found


def content_of(path: Path) -> str:
    """A hash of a file, or of all files of a folder with their names."""
    found = hashlib.sha256()
    for file in _files(path):
        found.update(f"{file.relative_to(path.parent)}\0".encode(errors="surrogateescape"))
        try:
            found.update(file.read_bytes() if file.is_file() else b"")
        except OSError as error:
            found.update(str(error.strerror).encode())
    return found.hexdigest()


def copied(submission: Submission, grading: Grading, folder: Path) -> Path:
    """Copy a submission into a folder; the file of it that is to be checked.

    Raises:
        OSError: it cannot be copied.
        Unusable: it is not clear which file is meant.
    """
    place = folder / "work"
    if submission.path.is_dir():
        _ = shutil.copytree(submission.path, place, symlinks=True, ignore=CACHES)
        return place / _main_file(place, grading)
    place.mkdir()
    return Path(shutil.copy2(submission.path, place))


def _main_file(folder: Path, grading: Grading) -> str:
    """The file of a folder that the grading names, or its only one."""
    if grading.file:
        if (folder / grading.file).is_file():
            return grading.file
        raise Unusable(f"has no file {grading.file}")
    names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in SUFFIXES)
    if len(names) == 1:
        return names[0]
    if not names:
        raise Unusable("has no Python file at the top of its folder")
    raise Unusable(f"has several Python files: {listed(names)}; the grading says which: file =")


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for inside, folders, files in os.walk(path):
        folders.sort()
        yield from (Path(inside) / name for name in sorted(files))
