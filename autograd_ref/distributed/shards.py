"""A batch in shards: which arrays of the data are divided, and how they make one batch."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.leaf import as_array, in_class_of, is_tensor
from autograd_ref.tree.nest import Path, leaves, name_of, rebuilt, require_end
from autograd_ref.tree.point import Point, is_array, sample_count

Rows = NDArray[np.intp]
"""Numbers of samples, in the whole batch."""


class ShardGiven(NamedTuple):
    """The arguments of one process, as arrays by path, and its number of samples."""

    parameters: dict[Path, NDArray[Any]]
    data: dict[Path, NDArray[Any]]
    samples: int
    error: str = ""
    """The reason why they cannot be used; empty where they can."""


class Division(NamedTuple):
    """The batch that the shards of all processes make."""

    counts: tuple[int, ...]
    """The samples of each process."""
    divided: frozenset[Path]
    """The arrays of the data that are divided along their first axis."""

    def ends(self, samples: int) -> list[tuple[int, int]]:
        """Return where each shard begins and ends; other batches are divided evenly."""
        counts, processes = self.counts, len(self.counts)
        if samples != sum(counts):
            counts = [
                samples * (i + 1) // processes - samples * i // processes for i in range(processes)
            ]
        return list(pairwise(accumulate(counts, initial=0)))

    def part(self, data: tuple[Any, ...], start: int, end: int) -> tuple[Any, ...]:
        """Return these samples of the data, as views."""
        return rebuilt(data, lambda path, leaf: leaf[start:end] if path in self.divided else leaf)

    def rows(self, data: tuple[Any, ...], rows: Rows, targets: Rows) -> tuple[Any, ...]:
        """Return some samples of the first array, and of the others those of the targets."""
        first = min(self.divided, key=list(leaves(data)).index)

        def taken(path: Path, leaf: Any) -> Any:
            if path == first:
                return leaf[rows]
            return leaf[targets] if path in self.divided else leaf

        return rebuilt(data, taken)


def given(point: Point) -> ShardGiven:
    """Return the arguments of this process."""
    try:
        require_end({"parameters": point.parameters, "data": point.data})
    except ValueError as error:  # raised in the process of rank 0, and so in all
        return ShardGiven({}, {}, 0, str(error))
    found = {path: as_array(leaf) for path, leaf in leaves(point.data).items() if is_array(leaf)}
    parameters = {path: as_array(leaf) for path, leaf in leaves(point.parameters).items()}
    return ShardGiven(parameters, found, sample_count(point))


def batch_of(all_given: Sequence[ShardGiven]) -> Division:
    """Return how the batch is divided.

    An array is divided where it is as long as the first one of its process, in every process.

    Raises:
        ValueError: there is no data, or processes have arrays of different kinds in one place.
    """
    for rank, one in enumerate(all_given):
        if one.error:
            raise ValueError(f"the arguments of process {rank} cannot be used: {one.error}")
    first = all_given[0]
    if not any(one.samples for one in all_given):
        raise ValueError("data holds no samples in any process; each needs its shard of a batch")
    for rank, one in enumerate(all_given):
        for name, mine, other in (
            ("parameters", first.parameters, one.parameters),
            ("data", first.data, one.data),
        ):
            if mine.keys() != other.keys():
                raise ValueError(
                    f"{name} of process {rank} holds other arrays than that of process 0; they need"
                    " to be alike but for the samples"
                )
            for path, array in mine.items():
                _require_alike(f"{name}{list(path)}", rank, array, other[path], name == "data")
    divided = frozenset(
        path
        for path in first.data
        if all(one.data[path].shape[:1] == (one.samples,) for one in all_given)
    )
    for rank, one in enumerate(all_given):
        for path in first.data.keys() - divided:
            if not np.array_equal(first.data[path], one.data[path], equal_nan=True):
                raise ValueError(
                    f"{_named(path)} differs between process 0 and process {rank}, and is no array"
                    " of samples: those are as long as the first array, in every process"
                )
    return Division(tuple(one.samples for one in all_given), divided)


def _require_alike(
    name: str, rank: int, mine: NDArray[Any], other: NDArray[Any], of_samples: bool
) -> None:
    shapes = (mine.shape[of_samples:], other.shape[of_samples:])
    if shapes[0] != shapes[1] or mine.dtype != other.dtype:
        raise ValueError(
            f"{name} has shape {other.shape} and dtype {other.dtype} in process {rank}, and shape"
            f" {mine.shape} and dtype {mine.dtype} in process 0"
        )


def joined(
    batch: Division, data: tuple[Any, ...], all_given: Sequence[ShardGiven]
) -> tuple[Any, ...]:
    """Return the data of all processes as one batch, in the form that this process has."""

    def whole(path: Path, leaf: Any) -> Any:
        if path not in batch.divided:
            return leaf
        values = np.concatenate([one.data[path] for one in all_given])
        return _in_form_of(leaf, values)

    return rebuilt(data, whole)


def _in_form_of(leaf: Any, values: NDArray[Any]) -> Any:
    if is_tensor(leaf):
        return leaf.new_tensor(values)
    return in_class_of(leaf, values)


def _named(path: Path) -> str:
    return f"data[{path[0]}]" + (name_of(path[1:], "") if len(path) > 1 else "")
