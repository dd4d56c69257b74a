"""Mistakes of a data-parallel step that are other weights of the shards.

The gradient over all samples is the sum over processes of w_r g_r, with g_r the gradient of the
loss of shard r, and w_r = n_r / N for a loss that is a mean over n_r samples, 1 for a sum.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]


NOT_REDUCED = "not reduced"


class WrongStep(NamedTuple):
    """One mistake, with the weights that it gives to the shards."""

    kind: str
    what: str
    fix: str
    weights: Weights
    alike: bool | None = None
    """True where all processes get the same by it, False where they do not; None for either."""


def by_weights(n: Weights, w: Weights, rank: int, *, is_mean: bool) -> Iterator[WrongStep]:
    """Yield the mistakes that are other weights, the usual ones first.

    Args:
        n: the number of samples of each process.
        w: the right weights.
        rank: the process whose gradient is judged.
        is_mean: True where the loss is a mean over samples, and not a sum.
    """
    R = len(n)
    own, each = np.eye(R)[rank], np.eye(R)
    mean, filled = np.full(R, 1 / R), n > 0
    if is_mean:
        for weights in (mean, filled / filled.sum()):
            yield WrongStep(
                "mean of shards' means",
                "the means of the shards are averaged, whatever their sizes are",
                "sum over the samples of all processes, and divide by their number: all_reduce of"
                " the sums, and of the counts",
                weights,
            )
        yield WrongStep(
            "sum over processes",
            "the means of the shards are summed over the processes, where their mean is needed",
            "weight each shard's mean by its share of the samples, or divide by the number of"
            " processes where all shards are of one size",
            np.ones(R),
        )
    yield WrongStep(
        "sum over processes",
        "what is a mean already is summed over the processes",
        "divide by the number of processes, or take all_reduce's mean",
        R * w,
    )
    for weights in (R * w, np.ones(R), R * R * w, np.full(R, R)):
        yield WrongStep(
            "reduced twice",
            "gradients that are reduced already are reduced once more",
            "call all_reduce once: DistributedDataParallel does it in backward",
            weights,
        )
    yield WrongStep(
        "divided by the processes",
        "a sum over all processes is divided by their number",
        "divide by the number of samples in all processes, and by nothing else",
        w / R,
    )
    for weights in (own, w * own, n * own, own / R):
        yield WrongStep(
            NOT_REDUCED,
            f"process {rank} keeps the gradient of its own shard",
            "sum over the processes: torch.distributed.all_reduce",
            weights,
            alike=False,
        )
    counts: list[tuple[str, float, bool | None]] = [("one", max(n[rank], 1), False)]
    if n.max() > n[filled].min():  # or it is a sum over processes
        counts += [("the largest", n.max(), None), ("the smallest", n[filled].min(), None)]
    for which, count, alike in counts:
        for factor, times in ((1, ""), (R, f", times {R} processes")):
            yield WrongStep(
                "divided by the shard's count",
                f"the sum over all samples is divided by the number in {which} shard{times}",
                "sum the counts over the processes, too",
                n / (factor * count),
                alike,
            )
    yield from _other_shards(n, w, each, is_mean=is_mean)


def _other_shards(
    n: Weights, w: Weights, each: NDArray[np.float64], *, is_mean: bool
) -> Iterator[WrongStep]:
    """Yield the mistakes of which shards are summed, normalised in the ways that people do."""
    R, N = len(n), n.sum()
    for k in range(R):
        ways = [w - w * each[k]]
        if is_mean and n[k] < N:
            rest = 1 - each[k]
            ways += [n * rest / (N - n[k]), rest / (R - 1), rest / R]
        for weights in ways:
            yield WrongStep(
                "shard left out",
                f"the shard of process {k} is left out",
                "sum over all processes",
                weights,
                alike=True,
            )
    for k in range(R):
        ways = [w + w * each[k]]
        if is_mean:
            more = 1 + each[k]
            ways += [n * more / (N + n[k]), more / (R + 1), more / R]
        for j in range(R):
            if j != k:
                instead = n - n * each[j] + n * each[k]
                ways += [instead / N, instead / instead.sum()] if is_mean and instead.any() else []
                ways += [(1 - each[j] + each[k]) / (R if is_mean else 1)]
        for weights in ways:
            yield WrongStep(
                "shard counted twice",
                f"the shard of process {k} is counted twice",
                "give every process rows of its own",
                weights,
                alike=True,
            )
