"""A notebook of Jupyter as its code cells; only JSON is needed for it, not Jupyter."""

import json
from typing import Any, NamedTuple, cast

from autograd_ref.commands.functions.files.magics import without_magics

FORMATS = (3, 4)


class NotANotebook(Exception):
    """The text is none; the exception's says why."""


class Cell(NamedTuple):
    """A code cell; numbered as `In [1]` after all cells have been run in order."""

    number: int
    source: str
    """As the user wrote it."""

    @property
    def python(self) -> str:
        """The source without the magics, line by line the same."""
        return without_magics(self.source)


def cells_of(content: bytes) -> list[Cell]:
    """The code cells of a notebook that are not empty.

    Raises:
        NotANotebook: it is none, or none of format 3 or 4.
    """
    try:
        tree: Any = json.loads(content)
    except ValueError as error:
        raise NotANotebook(_unreadable(content, error)) from None
    try:
        version = int(tree.get("nbformat", 4))
        if version not in FORMATS:
            raise NotANotebook(
                f"it is a notebook of format {version}, and 3 and 4 are read; open it in Jupyter"
                " and save it again"
            )
        sheets: Any = tree["worksheets"] if version == 3 else [tree]
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        sources = [_source(cell) for cell in cells if cell["cell_type"] == "code"]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise NotANotebook(
            "it is JSON, but no notebook: a list of cells is missing; open it in Jupyter and save"
            " it again"
        ) from None
    if not (filled := [source for source in sources if source.strip()]):
        raise NotANotebook("it has no code cells; save it in Jupyter before it is checked")
    return [Cell(number, source) for number, source in enumerate(filled, 1)]


def chosen(cells: list[Cell], text: str) -> list[Cell]:
    """The cells of a choice such as 1,3-5, in the order of the notebook.

    Raises:
        NotANotebook: it names one that is not there.
    """
    numbers = numbers_in(text)
    if missing := sorted(numbers - {cell.number for cell in cells}):
        raise NotANotebook(
            f"--cells {text}: it has code cells 1 to {len(cells)}, and no {missing[0]}; empty ones"
            " do not count"
        )
    return [cell for cell in cells if cell.number in numbers]


def numbers_in(text: str) -> set[int]:
    """The numbers of a choice such as 1,3-5.

    >>> sorted(numbers_in("1,3-5"))
    [1, 3, 4, 5]

    Raises:
        ValueError: it is none.
    """
    numbers = set[int]()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        one, other = int(first), int(last if dash else first)
        if not 1 <= one <= other <= LARGEST:
            raise ValueError(part)
        numbers.update(range(one, other + 1))
    return numbers


LARGEST = 100_000
"""Number of a cell that can be asked for. Chosen: no notebook has as many."""


def _source(cell: Any) -> str:
    """Format 4 says source, and 3 said input; either is a text or a list of lines."""
    source: object = cell["source"] if "source" in cell else cell["input"]
    if isinstance(source, list):
        return "".join(cast("list[str]", source))
    if not isinstance(source, str):
        raise TypeError
    return source


def _unreadable(content: bytes, error: ValueError) -> str:
    if not content.strip():
        return "it is empty; save it in Jupyter before it is checked"
    if b"<<<<<<<" in content:
        return "it holds the marks of a merge conflict (<<<<<<<); resolve it in Git first"
    if content.lstrip().startswith(b"<"):
        return "it is a web page, not a notebook; download the raw file"
    return f"it is no JSON ({error}); open it in Jupyter and save it again"
