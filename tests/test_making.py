"""Slips that are made in many rows at once are what they are one by one."""

from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.finding.candidates import rules_at
from autograd_ref.recording.slips.rules.others import Others
from autograd_ref.recording.slips.rules.values import DIVIDED, TIMES, operand
from autograd_ref.recording.slips.slip import AtRows, Slip
from autograd_ref.recording.slips.spots import spots
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Tape
from autograd_ref.tree.point import Point

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(4, 3, 2))


def loss(p: Any, x: Any) -> Any:
    h, total = x.new_zeros(3, 2), 0
    for row in x:
        h = torch.tanh(row @ p["W"] * p["s"] + h @ p["U"])
        total = total + (h**2 / (1 + torch.exp(h))).sum()
    return total


def record() -> Tape:
    at = {"W": RANDOM.normal(size=(2, 2)), "U": RANDOM.normal(size=(2, 2)), "s": np.array(1.5)}
    return recorded(loss, Point(at, (X,)))


@pytest.mark.untraced
def test_slips_at_once_are_those_one_by_one() -> None:
    tape = record()
    steps, others = Steps(tape), Others(tape)
    right = swept(steps)
    every = [s for spot in spots(tape, tape.parameters) for s in rules_at(others, spot)]
    together = [slip for slip in every if slip.rule.many is not None]
    kinds = {slip.rule.many: slip.rule.name for slip in together}
    assert len(set(kinds.values())) >= 7
    some = [slip for many in kinds for slip in _spread(together, many)]
    wrong = [(slip,) for slip in some]
    made = swept(steps, wrong, right.cotangents).gradients
    for row, slips in enumerate(wrong):
        alone = swept(steps, [slips], right.cotangents).gradients
        for path in tape.parameters:
            torch.testing.assert_close(
                made[path][row],
                alone[path][0],
                rtol=1e-9,
                atol=1e-9,
                equal_nan=True,
                msg=str(slips),
            )


def _spread(slips: list[Slip], many: object) -> list[Slip]:
    """A few of one kind, from everywhere."""
    alike = [slip for slip in slips if slip.rule.many is many]
    return alike[:: 1 + len(alike) // 8]


def test_many_values_of_another_shape_stand_for_no_operand_and_are_no_factors() -> None:
    tape = record()
    steps = Steps(tape)
    index = next(i for i, node in enumerate(tape.nodes) if node.site.operation == "tanh")
    step, y = steps[index], tape.nodes[index].values[0]
    rows = torch.ones(2, *y.shape, dtype=y.dtype)
    others = torch.ones(2, 5, dtype=y.dtype)
    at = AtRows(step, 0, y, y, rows, rows, others, lambda: None, ())
    for rule in (operand(0), operand(1), TIMES, DIVIDED):
        assert rule.many is not None
        assert rule.many(at) is None
