"""Mistakes of a data-parallel step in which every process goes through its shard in batches."""

from collections.abc import Iterator, Sequence

import numpy as np

from autograd_ref.diagnosis.evidence import Evidence
from autograd_ref.diagnosis.relations.samples import CHANCE, SIZES_FIX, of_means
from autograd_ref.reference.model import Hypothesis

WAYS = 3
"""In which the means of batches of one size are put together."""


def in_batches(evidence: Evidence, counts: Sequence[int]) -> Iterator[Hypothesis]:
    """Yield what comes of the means of batches, where a process has a smaller one at its end.

    Args:
        evidence: of the whole batch, whose loss is a mean.
        counts: the number of samples of each process.
    """
    each = evidence.each()
    if each is None or WAYS * max(counts) * evidence.unit > CHANCE:
        return
    n, N, R = np.array(counts), sum(counts), len(counts)
    for size in range(2, max(counts)):
        if not any(count > size and count % size for count in counts):
            continue
        batches = np.maximum(1, -(-n // size))
        of = np.concatenate([of_means(np.arange(count) // size) for count in counts])
        for shares, how in (
            (n / N, "weighted by the number of its samples"),
            (np.full(R, 1 / R), "averaged over the processes"),
            (batches * (n > 0) / batches[n > 0].sum(), "weighted by the number of its batches"),
        ):
            weights = of * np.repeat(N * shares / (batches * np.maximum(1, n)), n)
            gradients = {path: np.tensordot(weights, one, 1) for path, one in each.items()}
            what = (
                f"each process takes the mean of the means of its batches of {size} samples, {how},"
                " and the last ones are smaller"
            )
            yield Hypothesis("unequal batches", what, SIZES_FIX, gradients, lambda: None)
