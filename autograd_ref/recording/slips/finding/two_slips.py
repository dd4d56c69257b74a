"""Two slips at once: their effects add up, or one is made on what the other has left."""

from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np

from autograd_ref.recording.slips.finding.effects import (
    CLOSE,
    Array,
    Scored,
    all_scored,
    close,
    scored,
)
from autograd_ref.recording.slips.finding.seen import Seen, seen
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.sweep import swept
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Results

Pair = tuple[Slip, Slip]

MOST_FIRST = 8
"""Slips that explain some blocks, after each of which another is looked for. Chosen: each costs a
search."""

LEAST_NATURAL = 3.6
"""The rank up to which slips are paired. Chosen: what is less natural is not made twice."""


def pairs(
    state: Seen, single: Scored, hand: Results, allowed: Mapping[Path, float]
) -> Iterator[list[Pair]]:
    """Yield the pairs whose effect is the difference, to within rounding.

    Args:
        state: what is to be explained.
        single: the slips that may explain all of it.
        hand: the gradient under test.
        allowed: how far rounding may move an entry of each block.
    """
    found = _natural(all_scored(state, single))
    after_another = _after_another(found, state, hand, allowed)
    added = [list(_added(found, state))]
    yield from filter(None, chain(added, _behind_a_factor(found, state), after_another))


def _natural(found: Scored) -> Scored:
    """The slips that are natural enough to be paired; of one effect the most natural only."""
    order = sorted(
        (i for i, slip in enumerate(found.slips) if slip.rule.rank <= LEAST_NATURAL),
        key=lambda i: found.slips[i].rule.rank,
    )
    seen: set[bytes] = set()
    kept: list[int] = []
    for i in order:
        effect: Array = found.effects[i]
        size = float(np.abs(effect).max(initial=0.0))
        if not np.isfinite(size) or size <= 1e-12 * float(found.scales[i].max(initial=0.0)):
            continue
        key = (effect / size).round(7).tobytes() + f"{size:.6e}".encode()
        if key not in seen:
            seen.add(key)
            kept.append(i)
    return Scored([found.slips[i] for i in kept], found.effects[kept], found.scales[kept])


def _added(found: Scored, state: Seen) -> Iterator[Pair]:
    """Yield the pairs whose effects add up to the difference."""
    effects, target = found.effects, state.target
    weights = np.random.default_rng(0).normal(size=len(target)) / (np.abs(target) + 1e-300)
    weights[target == 0] = 1.0
    sums = effects @ weights
    order = np.argsort(sums)
    wanted = float(target @ weights) - sums
    spread = CLOSE * (np.abs(effects) @ np.abs(weights) + np.abs(wanted) + 1)
    low = np.searchsorted(sums[order], wanted - spread)
    high = np.searchsorted(sums[order], wanted + spread)
    good: list[tuple[float, int, int]] = []
    for one in map(int, np.flatnonzero(high > low)):
        for two in map(int, order[low[one] : high[one]]):
            if two <= one:
                continue
            off = np.abs(effects[one] + effects[two] - target)
            room = state.room + CLOSE * (np.abs(target) + found.scales[one] + found.scales[two])
            if (off <= room).all():
                rank = found.slips[one].rule.rank + found.slips[two].rule.rank
                good.append((rank, one, two))
    for _rank, one, two in sorted(good):
        yield found.slips[one], found.slips[two]


def _behind_a_factor(found: Scored, state: Seen) -> Iterator[list[Pair]]:
    """Yield the pairs of which one multiplies all blocks by a number.

    Two numbers are not told by a gradient that is off by one.
    """
    blocks = {path: block[0] for path, block in state.right.gradients.items()}
    pairs = zip(state.blocks, state.along, strict=True)
    right = np.array([float((blocks[path] * u).sum()) for path, u in pairs])
    if np.allclose(state.target, _slope(state.target, right) * right, CLOSE, state.room):
        return
    for one, effect in enumerate(found.effects):
        factor, room = 1 + _slope(effect, right), CLOSE * found.scales[one]
        if factor != 0 and np.allclose(effect, (factor - 1) * right, CLOSE, room):
            target = (right + state.target) / factor - right
            left = state._replace(target=target, room=state.room * max(1.0, 1 / abs(factor)))
            yield [(found.slips[one], found.slips[two]) for two in close(found, left)]


def _slope(effect: Array, right: Array) -> float:
    """How many times what is right an effect is, where it is a multiple."""
    return float(effect @ right) / (float(right @ right) or 1.0)


def _after_another(
    found: Scored, state: Seen, hand: Results, allowed: Mapping[Path, float]
) -> Iterator[list[Pair]]:
    """Yield the pairs of which the first explains some blocks, and the second all that is left."""
    for first in state.budget.each("pairs", _explain_some(found, state)[:MOST_FIRST]):
        one = found.slips[first]
        right = swept(state.steps, [(one,)], state.right.cotangents)
        left = seen(state.steps, hand, allowed, state.budget, (state, right))
        more = scored(left)
        yield [(one, more.slips[two]) for two in close(more, left)]


def _explain_some(found: Scored, state: Seen) -> list[int]:
    """The slips whose effect is the difference in some wrong block."""
    off = np.abs(found.effects - state.target)
    near = off <= state.room + CLOSE * (np.abs(state.target) + found.scales)
    blocks = np.array([hash(path) for path in state.blocks])
    some = np.zeros(len(found.slips), dtype=bool)
    for path in state.wrong:
        some |= near[:, blocks == hash(path)].all(axis=1)
    return sorted(np.flatnonzero(some).tolist(), key=lambda i: found.slips[i].rule.rank)
