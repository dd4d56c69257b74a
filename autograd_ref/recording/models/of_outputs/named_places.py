"""Places in a matrix that have a name: an entry, rows, columns, diagonals."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.recording.models.of_outputs.entry_names import Matrix
from autograd_ref.report.words import listed

FEW = 4
"""Entries that are named one by one. Chosen."""

MOST = 6
"""Rows or columns that are listed. Chosen."""

OFF = "off the diagonal"

BETWEEN = "off the diagonal blocks"

Where = NDArray[np.bool_]


class Region(NamedTuple):
    """Entries of a matrix that have a name together."""

    kind: str
    said: str
    several: bool = False
    whole: bool = True
    """False where others in that place are right."""


def region_of(matrix: Matrix, wrong: Where, right: NDArray[np.float64]) -> Region | None:
    """The smallest place with a name that holds all that is wrong; None where it is everywhere.

    Args:
        matrix: the names of rows and columns.
        wrong: the entries that are wrong, at least one.
        right: the right entries; where they are zero, nothing shows.
    """
    rows, columns = np.flatnonzero(wrong.any(axis=1)), np.flatnonzero(wrong.any(axis=0))
    row, column = [matrix.row(i) for i in rows], [matrix.column(j) for j in columns]
    all_rows, all_columns = len(rows) == wrong.shape[0], len(columns) == wrong.shape[1]
    places = np.argwhere(wrong)
    if len(places) == 1 < wrong.size:
        return Region("one entry", f"the derivative of {row[0]} by {column[0]}")
    shows = wrong | (right == 0)
    several = min(len(rows), len(columns)) > 1
    found = _diagonal(places, wrong) or _between(matrix, wrong, shows) if several else None
    if found is not None:
        return found
    if len(places) <= FEW and several:
        each = [f"{matrix.row(i)} by {matrix.column(j)}" for i, j in places]
        return Region("entries", f"the derivatives of {listed(each)}", several=True)
    if not all_columns and (all_rows or len(columns) == 1):
        whole = bool(shows[:, columns].all())
        return _lines("column", column, whole=whole)
    if not all_rows and (all_columns or len(rows) == 1):
        return _lines("row", row, whole=bool(shows[rows].all()))
    if all_rows or all_columns:
        return None
    whole = bool(shows[np.ix_(rows, columns)].all())
    said = f"derivatives of {listed(row, MOST)} by {listed(column, MOST)}"
    kind = "rows and columns"
    return Region(kind, f"{'the' if whole else 'some'} {said}", several=True, whole=whole)


def _lines(word: str, names: list[str], *, whole: bool) -> Region:
    """Some rows or columns, or entries in them."""
    several = len(names) > 1
    said = f"the {word}{'s' if several else ''} of {listed(names, MOST)}"
    kind = f"{word}s" if several else f"one {word}"
    if whole:
        return Region(kind, said, several)
    return Region(kind, f"entries in {said}", several=True, whole=False)


def _diagonal(places: NDArray[np.intp], wrong: Where) -> Region | None:
    """The diagonal, or one or two beside it, or all but it; None where it is none of these."""
    beside = {int(j - i) for i, j in places}
    length = min(wrong.shape)
    if beside == {0}:
        said = "the diagonal" if len(places) == length else "entries on the diagonal"
        return Region("diagonal", said, several=len(places) < length)
    square = wrong.shape[0] == wrong.shape[1]
    if square and 0 not in beside and len(places) == wrong.size - len(wrong) > 2:
        return Region(OFF, "all that is not on the diagonal")
    sizes = {abs(k) for k in beside}
    if len(sizes) != 1 or len(places) < 2 * len(beside):
        return None
    (k,) = sizes
    if len(beside) == 2:
        said = f"the diagonals {k} above and below the main one"
        return Region("diagonal", said, several=True)
    way = "above" if k in beside else "below"
    return Region("diagonal", f"the diagonal {k} {way} the main one")


def _between(matrix: Matrix, wrong: Where, shows: Where) -> Region | None:
    """All that is between different parts of one array, as atoms or classes; None where it is not.

    A part is what has one index along an axis; of a vector, so many entries in a row, or every so
    many. It may be half of that: the derivatives of each part by those before it, or after.
    """
    shape, columns = matrix.shapes()
    for form, axis, part in _divided(shape, matrix.column_name) if shape == columns else ():
        index = np.indices(form)[axis].ravel()
        row, column = index[:, None], index
        for sign, apart in (("!=", row != column), (">", row > column), ("<", row < column)):
            if not (wrong & ~apart).any() and bool(shows[apart].all()):
                said = f"{part.format('i')} by {part.format('j')} with i {sign} j"
                return Region(BETWEEN, f"the derivatives of {said}", several=True)
    return None


def _divided(shape: tuple[int, ...], name: str) -> Iterator[tuple[tuple[int, ...], int, str]]:
    """The ways to take an array apart: a form for its entries, an axis of it, and a part's name."""
    if len(shape) > 1:
        for axis in range(len(shape)):
            index = ", ".join("{0}" if k == axis else ":" for k in range(len(shape)))
            yield shape, axis, f"{name}[{index}]"
        return
    (length,) = shape or (0,)
    for size in range(2, length // 2 + 1):
        if length % size == 0:
            form = length // size, size
            yield form, 0, f"{name}[{size}*{{0}}:{size}*{{0}}+{size}]"
            yield form, 1, f"{name}[{{0}}::{size}]"
