"""Slips that are made in every turn of a loop, where one turn depends on another: swept."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from autograd_ref.recording.slips.finding.candidates import rules_at
from autograd_ref.recording.slips.finding.effects import Scored, Seen
from autograd_ref.recording.slips.rules.amounts import amounts, factor
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.slips.spots import is_chained, spots
from autograd_ref.recording.sweep import swept

BYTES = 1 << 26
"""Memory for the slips that are swept together. Chosen: more of them gain little."""

FEWEST, MOST = 32, 2000
"""Slips that are swept together. Chosen."""

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
    slips.sort(key=lambda slip: slip.rule.rank)
    values = (value for node in tape.needed for value in tape.nodes[node].values)
    rows = min(MOST, max(FEWEST, BYTES // sum(value.nbytes for value in values)))
    for start in range(0, len(slips), rows):
        yield _swept(seen, slips[start : start + rows])


def _swept(seen: Seen, slips: Sequence[Slip]) -> Scored:
    found = swept(seen.steps, [(slip,) for slip in slips], seen.right.cotangents)
    effects: list[torch.Tensor] = []
    for path, u in zip(seen.blocks, seen.along, strict=True):
        change = found.gradients[path] - seen.right.gradients[path]
        effects.append((change * u).reshape(len(slips), -1).sum(1))
    numbers = torch.stack(effects, 1).numpy()
    return Scored(list(slips), numbers, np.abs(numbers))
