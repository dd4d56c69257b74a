"""The rows of this process: of an array in memory, or of a file that is not read as a whole."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def own_rows(samples: int, rank: int, size: int) -> slice:
    """Return which of so many rows a process of this rank has: shards differ by one row at most.

    Examples:
        >>> [own_rows(10, rank, 4) for rank in range(4)]
        [slice(0, 2, None), slice(2, 5, None), slice(5, 7, None), slice(7, 10, None)]
    """
    return slice(samples * rank // size, samples * (rank + 1) // size)


@dataclass(frozen=True)
class RowsOfFile:
    """Rows of an array in a .npy file: a slice of them is read when it is asked for.

    Only that part is mapped into memory, so that a file may be larger than what a process may have.
    """

    path: Path
    offset: int
    """Bytes before the first of the rows."""
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    dtype: np.dtype[Any]
    """The dtype of the rows as they are given."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """Return some rows, in memory of their own."""
        start, stop, _step = rows.indices(self.shape[0])
        shape = (max(stop - start, 0), *self.shape[1:])
        if not shape[0]:
            return np.zeros(shape, self.dtype)
        at = self.offset + start * self._row
        mapped = np.memmap(self.path, self.stored, "r", at, shape)
        return np.array(mapped, dtype=self.dtype)

    @property
    def _row(self) -> int:
        return self.stored.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))

    def taken(self, rows: slice, dtype: Any = None) -> "RowsOfFile":
        """Return these of the rows, in another dtype where one is given; nothing is read."""
        start, stop, _step = rows.indices(self.shape[0])
        return replace(
            self,
            offset=self.offset + start * self._row,
            shape=(stop - start, *self.shape[1:]),
            dtype=self.dtype if dtype is None else np.dtype(dtype),
        )


def rows_of_file(path: str) -> RowsOfFile:
    """Return all rows of an array in a .npy file.

    Raises:
        OSError, ValueError: the file cannot be read, or holds no array in C order.
    """
    with Path(path).open("rb") as file:
        major, _minor = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0
            if major == 1
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, stored = read(file)
        offset = file.tell()
    if stored.hasobject or not shape or (fortran and len(shape) > 1):
        raise ValueError(f"an array of dtype {stored} and shape {shape} that is not in C order")
    return RowsOfFile(Path(path), offset, shape, stored, stored)
