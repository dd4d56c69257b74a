"""Slips that are made in every turn of a loop, where one turn depends on another: swept."""

from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

import numpy as np
import torch

from autograd_ref.recording.slips.finding.candidates import rules_at
from autograd_ref.recording.slips.finding.effects import Scored
from autograd_ref.recording.slips.finding.seen import Seen
from autograd_ref.recording.slips.rules.amounts import amounts, factor
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.slips.spots import is_chained, spots
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Site
from autograd_ref.reference.effort.budget import AT_ONCE

MOST = 2000
"""Slips that are swept together at most. Chosen: more of them gain little."""

NATURAL = 2.0
"""The rank up to which factors are tried in loops, where each costs a sweep. Chosen."""

TOGETHER = (1.4, 2.2, 3.0)
"""The ranks up to which slips are tried before all others. Chosen."""

MOST_TURNS = 120_000
"""Slips that are made in all turns together. Chosen: a few seconds."""

LEAST_NATURAL = 4.5
"""The rank up to which other slips are. Chosen: beyond are factors that belong to no step."""


def in_every_turn(seen: Seen, without: Collection[Site] = ()) -> Iterator[Scored]:
    """Yield what such slips change, some of them at a time, the natural ones first.

    Args:
        seen: what is to be explained.
        without: places whose slips are none of it, unless the value of another is used.
    """
    tape = seen.steps.tape
    slips: list[Slip] = []
    factors = [factor(a) for a in amounts(tape) if a.rank <= NATURAL]
    for spot in spots(tape, seen.wrong):
        if is_chained(tape, spot):
            if spot.only is None:
                slips += [Slip(rule, spot.at(), None, spot.turns) for rule in factors]
            slips += rules_at(seen.others, spot)
    slips = [
        slip
        for slip in slips
        if slip.rule.rank <= LEAST_NATURAL and not _is_known(slip, frozenset(without))
    ]
    # those of one place stay together, the natural ones first
    slips.sort(key=lambda slip: sum(slip.rule.rank > rank for rank in TOGETHER))
    slips = _within_reason(seen, slips)
    values = (value for node in tape.needed for value in tape.nodes[node].values)
    rows = min(MOST, max(1, AT_ONCE // (2 * sum(value.nbytes for value in values))))
    for start in seen.budget.each(f"times {rows} steps", range(0, len(slips), rows)):
        yield _swept(seen, slips[start : start + rows])


def _within_reason(seen: Seen, slips: Sequence[Slip]) -> list[Slip]:
    """The first slips; where there are more, the search is cut off."""
    tape = seen.steps.tape
    turns = accumulate(len(tape.turns[slip.sites[0].site]) for slip in slips)
    found = [slip for slip, so_far in zip(slips, turns, strict=True) if so_far <= MOST_TURNS]
    if len(found) < len(slips):
        seen.budget.leave_out(f"{len(slips) - len(found)} of {len(slips)} steps in every turn")
    return found


def _is_known(slip: Slip, known: Collection[Site]) -> bool:
    """Return whether a slip is made at known places only, with no value of another."""
    return all(place.site in known for place in slip.sites) and (
        slip.other is None or slip.other.site in known
    )


def _swept(seen: Seen, slips: Sequence[Slip]) -> Scored:
    found = swept(seen.steps, [(slip,) for slip in slips], seen.right.cotangents)
    effects: list[torch.Tensor] = []
    for path, u in zip(seen.blocks, seen.along, strict=True):
        change = found.gradients[path] - seen.right.gradients[path]
        effects.append((change * u).reshape(len(slips), -1).sum(1))
    numbers = torch.stack(effects, 1).numpy()
    return Scored(list(slips), numbers, np.abs(numbers))
