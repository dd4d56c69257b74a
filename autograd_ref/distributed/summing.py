"""Means over the samples of all processes: one all_reduce of sums and counts.

The mean over unequal shards is no mean of their means. So each process multiplies its means by its
number of samples, all of them are summed with these numbers, and then divided: exact for shards of
any sizes, and for empty ones.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed

from autograd_ref.distributed.group import ProcessLost, in_a_group
from autograd_ref.distributed.joining import why_lost
from autograd_ref.tree.leaf import as_array, like
from autograd_ref.tree.nest import Path, leaves, rebuilt

OfSamples = Callable[..., Any]
"""A function of (parameters, X, Y) that returns means over samples: a number, or a nest of them."""

PART = 1 << 22
"""Bytes of the features, or of the activations of a layer, of samples that are taken at once."""


def over_shards(function: OfSamples) -> OfSamples:
    """Return the mean over the samples of all processes, as a function of (parameters, X, Y).

    X and Y are this process's own: anything with a length and slices that are arrays. They may be
    empty. Sums are in float64; the results are equal to the last bit in all processes.

    Examples:
        >>> import numpy as np
        >>> mean = over_shards(lambda w, X, Y: ((X @ w - Y) ** 2).mean())
        >>> round(float(mean(np.ones(2), np.eye(3, 2), np.zeros(3))), 6)
        0.666667
    """

    def mean(parameters: Any, X: Any, Y: Any) -> Any:
        found: Any = None
        sums = np.zeros(0)
        for part_of_X, part_of_Y, samples in _parts(parameters, X, Y):
            found = function(parameters, part_of_X, part_of_Y)
            values = [np.ravel(as_array(leaf)) for leaf in leaves(found).values()]
            weighted = samples * np.concatenate([np.asarray(v, np.float64) for v in values])
            sums = sums + weighted if sums.size else weighted
        total = all_summed(np.concatenate([[len(X)], sums]))
        if not total[0]:
            raise ValueError("there are no samples in any process")
        return _in_form_of(found, total[1:] / total[0])

    return mean


def all_summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum over all processes; the values themselves where there is only one.

    Raises:
        ProcessLost: another process has ended, or has not answered within the group's timeout.
    """
    return _reduced(values, distributed.ReduceOp.SUM)


def largest_of_all(value: float) -> float:
    """Return the largest value of all processes, as `all_summed` returns their sum."""
    return float(_reduced(np.array([value]), distributed.ReduceOp.MAX)[0])


def _reduced(values: NDArray[np.float64], how: Any) -> NDArray[np.float64]:
    if not in_a_group():
        return values
    nccl = distributed.get_backend() == "nccl"
    tensor = torch.from_numpy(values.copy()).to("cuda" if nccl else "cpu")
    try:
        distributed.all_reduce(tensor, how)
    except RuntimeError as error:
        raise ProcessLost(why_lost(error)) from error
    return tensor.cpu().numpy()


def _parts(parameters: Any, X: Any, Y: Any) -> Iterator[tuple[Any, Any, int]]:
    """Yield some rows at a time, with their number; one that counts nothing where there is none."""
    sizes = [as_array(leaf) for leaf in leaves(parameters).values()]
    width = max(max(block.shape, default=1) for block in sizes)
    rows = max(1, PART // (8 * width))
    for start in range(0, len(X), rows):
        part = X[start : start + rows]
        yield part, Y[start : start + rows], len(part)
    if not len(X):
        yield _row_like(X[:0]), _row_like(Y[:0]), 0


def _row_like(empty: Any) -> NDArray[Any]:
    row = np.zeros((1, *empty.shape[1:]), empty.dtype)
    with suppress(IndexError):
        row[0, 0] = 1  # so that a row of targets sums to one
    return row


def _in_form_of(nest: Any, values: NDArray[np.float64]) -> Any:
    """Return values in the containers, shapes and dtypes of a nest."""
    sizes = {path: as_array(leaf).size for path, leaf in leaves(nest).items()}
    ends = np.cumsum([*sizes.values()])[:-1]
    blocks = dict(zip(sizes, np.split(values, ends), strict=True))

    def taken(path: Path, leaf: Any) -> Any:
        array = as_array(leaf)
        return like(leaf, blocks[path].reshape(array.shape).astype(array.dtype))

    return rebuilt(nest, taken)
