"""The gradients of shards, and what wrong steps make of them.

They have other weights, other parameters, or other targets.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.trial import Trial
from autograd_ref.distributed.asking import Asking
from autograd_ref.distributed.wrong.wrong_weights import Weights, by_weights
from autograd_ref.reference.model import Hypothesis
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt

SAME = 1e-6
"""Relative difference up to which shards add up to the batch. Chosen: far above rounding."""

MOST_CHOICES = 6**4
"""Ways in which single processes may take wrong targets; where there are more, all do alike."""

OUT_OF_STEP = (
    "parameters out of step",
    "broadcast the parameters before the first step, and the same update in every process",
)
"""The name of the mistake, and its fix."""

OTHER_TARGETS = "targets of another shard", "take inputs and targets by the same rows"

TO_SMALLEST, TO_LARGEST = (
    (
        "shards made equal",
        f"each process takes as many samples as the {which} shard has{how}",
        "take every sample once, and weight each shard's mean by its share of the samples",
    )
    for which, how in (("smallest", ""), ("largest", ", its first ones again"))
)
"""The names of the mistake, what it does, and its fix."""


class Shards(NamedTuple):
    """The gradients of all shards, and how they make up the right one."""

    each: dict[Path, NDArray[np.float64]]
    """(R, *shape): zero for an empty shard."""
    counts: Weights
    weights: Weights
    """The factor of each in the gradient of the whole batch."""
    is_mean: bool
    """True where the loss is a mean over samples, False where it is a sum."""

    def summed(self, weights: Weights) -> Results:
        """Return the sum with these weights."""
        return {path: np.tensordot(weights, each, 1) for path, each in self.each.items()}


def hypotheses(trial: Trial, asking: Asking, rank: int, *, alike: bool) -> Iterator[Hypothesis]:
    """Yield the gradients that wrong steps give.

    Args:
        trial: of the whole batch.
        asking: the function in all processes.
        rank: the process whose gradient is judged.
        alike: True where all processes returned the same.
    """
    point, batch = trial.point, asking.batch
    ends = batch.ends(sum(batch.counts))
    points = [Point(point.parameters, batch.part(point.data, *end)) for end in ends]
    shards = _shards(trial, asking, points)
    if shards is None:
        return
    n, w, is_mean = shards.counts, shards.weights, shards.is_mean
    for step in by_weights(n, w, rank, is_mean=is_mean):
        if step.alike in (None, alike):
            gradients = shards.summed(step.weights)
            yield Hypothesis(step.kind, step.what, step.fix, gradients, _unknown)
    apart = [r for r in range(len(ends)) if asking.are_apart(r)]
    if apart:
        what = (
            "each process takes its own parameters, and those of process"
            f" {', '.join(map(str, apart))} are not those of process 0"
        )
        own = [asking.moved(point.parameters, r) for r in range(len(ends))]
        moved = [Point(p, one.data) for p, one in zip(own, points, strict=True)]
        name, fix = OUT_OF_STEP
        yield from _averaged(_shards(trial, asking, moved), shards, (name, what, fix))
    yield from _made_equal(trial, asking, shards)
    yield from _other_targets(trial, asking, shards)


def _averaged(
    others: Shards | None, right: Shards, words: tuple[str, str, str]
) -> Iterator[Hypothesis]:
    """Yield what comes of other gradients of the shards, averaged in either way."""
    R = len(right.counts)
    shards = [] if others is None else [others] * 2
    for one, weights in zip(shards, (right.weights, np.full(R, 1 / R)), strict=False):
        yield Hypothesis(*words, one.summed(weights), _unknown)


def _unknown() -> None:
    """Gradients in float32 are not known: the tolerances have to do."""


def _shards(trial: Trial, asking: Asking, points: Sequence[Point]) -> Shards | None:
    """Return the gradients at these points; None where the loss takes no shard alone."""
    counts, right = np.array(asking.batch.counts, np.float64), trial.exact.gradients
    pairs = zip(points, counts, strict=True)
    found = [_gradients(trial, one, has_samples=n > 0) for one, n in pairs]
    known = [one for one in found if one is not None]
    if len(known) < len(points):
        return None
    each = {path: np.stack([one[path] for one in known]) for path in right}
    mean = Shards(each, counts, counts / counts.sum(), is_mean=True)
    total = Shards(each, counts, np.ones_like(counts), is_mean=False)
    return total if _adds_up(total, right) and not _adds_up(mean, right) else mean


def _gradients(trial: Trial, point: Point, *, has_samples: bool) -> Results | None:
    if not has_samples:
        return {path: np.zeros_like(values) for path, values in trial.exact.gradients.items()}
    found = attempt(lambda: trial.reference.evaluate(point).gradients)
    return None if isinstance(found, Raised) else found


def _adds_up(shards: Shards, right: Results) -> bool:
    total = shards.summed(shards.weights)
    return all(
        np.abs(total[path] - one).max(initial=0.0) <= SAME * np.abs(one).max(initial=0.0)
        for path, one in right.items()
    )


def _made_equal(trial: Trial, asking: Asking, right: Shards) -> Iterator[Hypothesis]:
    """Yield what comes out where all processes take as many samples, as of a sampler."""
    point, batch = trial.point, asking.batch
    ends, filled = batch.ends(sum(batch.counts)), [n for n in batch.counts if n]
    if min(filled) == max(filled):
        return
    for size, words in ((min(filled), TO_SMALLEST), (max(filled), TO_LARGEST)):
        own = [np.resize(np.arange(*end), size) for end in ends]  # 0, for an empty shard
        points = [Point(point.parameters, batch.rows(point.data, one, one)) for one in own]
        yield from _averaged(_shards(trial, asking, points), right, words)


def _other_targets(trial: Trial, asking: Asking, right: Shards) -> Iterator[Hypothesis]:
    """Yield what comes out where processes take targets that begin elsewhere in the batch."""
    point, batch = trial.point, asking.batch
    ends = batch.ends(sum(batch.counts))
    if len(batch.divided) < 2:
        return
    starts = [_starts(ends, rank) for rank in range(len(ends))]
    known: dict[tuple[int, int], Results | None] = {}
    for rank, end in enumerate(ends):
        for start in starts[rank]:
            rows = np.arange(*end)
            targets = (rows - end[0] + start) % ends[-1][1]
            there = Point(point.parameters, batch.rows(point.data, rows, targets))
            known[rank, start] = _gradients(trial, there, has_samples=end[1] > end[0])
    different = [list(dict.fromkeys(one)) for one in starts]
    few = prod(map(len, different)) <= MOST_CHOICES
    for chosen in product(*different) if few else zip(*starts, strict=True):
        found = [one for key in enumerate(chosen) if (one := known[key]) is not None]
        if len(found) == len(ends) and list(chosen) != [start for start, _end in ends]:
            others = {path: np.stack([one[path] for one in found]) for path in right.each}
            wrong = [r for r, start in enumerate(chosen) if start != ends[r][0]]
            what = (
                f"process {', '.join(map(str, wrong))} takes the targets of another shard than that"
                " of its inputs"
            )
            name, fix = OTHER_TARGETS
            yield from _averaged(right._replace(each=others), right, (name, what, fix))


def _starts(ends: Sequence[tuple[int, int]], rank: int) -> list[int]:
    """Return where the targets of a process may begin, its own first.

    At the start of the next shard or of the one before, of all, where they would begin if all
    shards were like this one, or as late as can be. After the last of all comes the first.
    """
    (start, end), total = ends[rank], ends[-1][1]
    size, R = end - start, len(ends)
    others = [ends[(rank + 1) % R][0], ends[rank - 1][0], 0, rank * size % total, total - size]
    return [start, *others]
