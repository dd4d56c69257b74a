"""A file or notebook as the statements that it consists of, and the cells that are no Python."""

import linecache
import re
from pathlib import Path

from autograd_ref.commands.functions.files import notebook
from autograd_ref.commands.functions.files.running import Failure, Program
from autograd_ref.commands.functions.files.statements import Piece, statements_of
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.world import IN_CELL, NOTEBOOK

DEFINED = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)|^(\w+)\s*=(?!=)", re.MULTILINE)
"""Names that a cell would bind, if it were Python."""


def program_of(where: Path, file: str, cells: str | None) -> Program:
    """The program that a file holds, of which nothing has run.

    Args:
        where: the file itself.
        file: its name, as the user gave it.
        cells: the cells of a notebook that count; None is all.

    Raises:
        UserCodeError: it cannot be read, or is no notebook where it should be one.
        SyntaxError: it is none of this Python.
    """
    try:
        content = where.read_bytes()
    except OSError as error:
        raise UserCodeError(f"cannot read {file}: {error.strerror}") from None
    if file.endswith(NOTEBOOK):
        return _of_notebook(content, where, file, cells)
    if cells:
        raise UserCodeError(f"--cells {cells}: {file} has no cells, as it is no notebook")
    if content.lstrip()[:1] == b"{" and b'"nbformat"' in content:
        raise UserCodeError(f"{file} is a notebook: give it a name that ends in {NOTEBOOK}")
    return Program(statements_of(content, str(where)))


def _of_notebook(content: bytes, where: Path, file: str, cells: str | None) -> Program:
    try:
        found = notebook.cells_of(content)
        chosen = notebook.chosen(found, cells) if cells else found
    except notebook.NotANotebook as error:
        raise UserCodeError(f"cannot read {file}; {error}") from None
    statements: list[Piece] = []
    failures: list[Failure] = []
    whole: list[str] = []
    for cell in chosen:
        name = str(where).removesuffix(NOTEBOOK) + f"{IN_CELL}{cell.number}"
        lines = [f"{line}\n" for line in cell.source.split("\n")]
        linecache.cache[name] = len(cell.source), None, lines, name  # for tracebacks
        try:
            statements += statements_of(cell.python, name, cell.number)
            whole += [f"{line}\n" for line in cell.python.split("\n")]
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            names = frozenset(match[1] or match[2] for match in DEFINED.finditer(cell.source))
            failures.append(Failure(f"cell {cell.number}, line {line}", error, names))
    linecache.cache[str(where)] = len(whole), None, whole, str(where)  # the source of its module
    return Program(statements, failures)
