"""Slips that are made in every turn of a loop, where one turn depends on another: swept."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from autograd_ref.recording.slips.finding.candidates import rules_at
from autograd_ref.recording.slips.finding.effects import Scored
from autograd_ref.recording.slips.finding.ranks import NUMBERS
from autograd_ref.recording.slips.finding.seen import Seen
from autograd_ref.recording.slips.rules.amounts import amounts, factor
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.slips.spots import is_chained, spots
from autograd_ref.recording.sweep import swept
from autograd_ref.reference.effort.budget import AT_ONCE

ROWS = 256
"""Slips that are swept together at most. Chosen: more gain little, and take memory."""

COMMON, SELDOM = 1.5, 0.5
"""The rank up to which a number is a sign, a 2 or a half, and how much later others are tried than
what is as natural. Chosen."""

NATURAL = 2.0
"""The rank up to which factors are tried in loops, where each costs a sweep. Chosen."""

LEAST_NATURAL = 4.5
"""The rank up to which other slips are. Chosen: beyond are factors that belong to no step."""


def in_every_turn(seen: Seen) -> Iterator[Scored]:
    """Yield what such slips change, some of them at a time, the most natural first."""
    tape = seen.steps.tape
    slips: list[Slip] = []
    factors = [factor(a) for a in amounts(tape) if a.rank <= NATURAL]
    for spot in spots(tape, seen.wrong):
        if is_chained(tape, spot):
            if spot.only is None:
                slips += [Slip(rule, spot.at(), None, spot.turns) for rule in factors]
            slips += rules_at(seen.others, spot)
    slips = [slip for slip in slips if slip.rule.rank <= LEAST_NATURAL]
    slips.sort(key=_order)
    rows = min(ROWS, max(1, AT_ONCE // (2 * tape.numbers)))
    for start in seen.budget.each(f"times {rows} steps", range(0, len(slips), rows)):
        yield _swept(seen, slips[start : start + rows])


def _order(slip: Slip) -> float:
    """When a slip is tried: numbers are many, and seldom wrong in every turn."""
    is_number = slip.rule.name in NUMBERS and slip.other is None
    return slip.rule.rank + SELDOM * (is_number and slip.rule.rank > COMMON)


def _swept(seen: Seen, slips: Sequence[Slip]) -> Scored:
    found = swept(seen.steps, [(slip,) for slip in slips], seen.right.cotangents)
    effects: list[torch.Tensor] = []
    for path, u in zip(seen.blocks, seen.along, strict=True):
        change = found.gradients[path] - seen.right.gradients[path]
        effects.append((change * u).reshape(len(slips), -1).sum(1))
    numbers = torch.stack(effects, 1).numpy()
    return Scored(list(slips), numbers, np.abs(numbers))
