"""Where rules of wrong steps do not apply they make nothing, and what is taken apart is itself."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.otherwise.every import changes
from autograd_ref.recording.slips.rules.by_operation import overlaps
from autograd_ref.recording.slips.rules.by_operation.along_rows.normalised import normalised
from autograd_ref.recording.slips.rules.by_operation.penalties import penalised
from autograd_ref.recording.slips.rules.of_operation import of_operation
from autograd_ref.recording.slips.rules.regions import of_value
from autograd_ref.recording.slips.rules.values import TIMES
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.tree.point import Point
from tests.test_wrong_stretches import PARAMETERS, X

Loss = Callable[[Mapping[str, Tensor]], Tensor]
GAIN = torch.linspace(0.5, 2, 4, dtype=torch.float64)


def record(loss: Loss, *, apart: bool = False) -> Tape:
    return recorded(loss, Point(PARAMETERS, ()), apart=apart)


def index_of(tape: Tape, operation: str) -> int:
    return next(i for i, node in enumerate(tape.nodes) if node.site.operation == operation)


def made(tape: Tape, rule: Rule, ref: Ref, known: Mapping[Ref, Tensor]) -> Tensor | None:
    x = tape.value(ref)
    right = torch.ones_like(x)
    return rule.made(
        At(None, 0, x, x, right, right, {}, Steps(tape), ref, known.get, {}), None, None
    )


WHOLE: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("mish", functional.mish),
    ("glu", lambda x: functional.glu(x, 1)),
    ("logcumsumexp", lambda x: torch.logcumsumexp(x, 1)),
    ("_cdist_forward", lambda x: torch.cdist(x, 2 * x + 1)),
    ("norm", lambda x: functional.pairwise_distance(x, x.flip(0))),
    ("native_group_norm", lambda x: functional.group_norm(x, 2, GAIN, GAIN.sin())),
    ("native_group_norm", lambda x: functional.group_norm(x, 2)),
]


@pytest.mark.parametrize(("operation", "step"), WHOLE)
def test_what_is_taken_apart_has_the_same_gradient(
    operation: str, step: Callable[[Tensor], Tensor]
) -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        return step(X @ p["W"]).sin().sum()

    whole, apart = record(loss), record(loss, apart=True)
    assert operation in [node.site.operation for node in whole.nodes]
    assert operation not in [node.site.operation for node in apart.nodes]
    one, two = swept(Steps(whole)).gradients, swept(Steps(apart)).gradients
    assert torch.allclose(one["W",], two["W",], rtol=1e-9)


def test_other_distances_stay_whole() -> None:
    tape = record(lambda p: torch.cdist(X @ p["W"], X @ p["V"], p=1.0).sum(), apart=True)
    assert index_of(tape, "_cdist_forward")


def test_columns_have_no_groups_side_by_side() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        z = X @ p["W"]
        return (z / z.norm(dim=0, keepdim=True)).sin().sum()

    tape = record(loss)
    rules = [*normalised(tape, Ref(index_of(tape, "mm")))]
    assert rules
    assert "other groups" not in [rule.name for rule in rules]


def test_a_value_that_is_divided_by_another_is_not_normalised() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        z = X @ p["W"]
        by_most = z / z.abs().amax(1, keepdim=True)
        by_itself = z / (1 + z**2)
        return (by_most + by_itself + z / z.norm(dim=1, keepdim=True).detach()).sin().sum()

    tape = record(loss)
    assert not [*normalised(tape, Ref(index_of(tape, "mm")))]


def test_a_formula_is_not_made_where_nothing_is_normalised_or_nothing_comes_back() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        z = X @ p["W"]
        return (z / z.norm(dim=1, keepdim=True)).sin().sum()

    tape = record(loss)
    rules, mm = [*normalised(tape, Ref(index_of(tape, "mm")))], Ref(index_of(tape, "mm"))
    for rule in rules:
        assert made(tape, rule, Ref(index_of(tape, "sin")), {}) is None
        assert made(tape, rule, mm, {}) is None
    late = next(rule for rule in rules if rule.name == "a factor too late")
    quotient = Ref(index_of(tape, "div"))
    sine = Ref(index_of(tape, "sin"))
    known = {ref: torch.ones_like(tape.value(ref)) for ref in (quotient, sine)}
    assert made(tape, late, mm, known) is None  # it is not scaled


def test_a_scale_of_every_entry_is_no_gain() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        z = X @ p["W"]
        return (z / z.norm(dim=1, keepdim=True) * (X @ p["V"])).sin().sum()

    tape = record(loss)
    mm = Ref(index_of(tape, "mm"))
    late = next(rule for rule in normalised(tape, mm) if rule.name == "a factor too late")
    known = {Ref(i): torch.ones_like(n.values[0]) for i, n in enumerate(tape.nodes) if n.values}
    assert made(tape, late, mm, known) is None


def test_a_penalty_by_which_nothing_comes_back_is_none() -> None:
    tape = record(lambda p: (p["W"] ** 2).sum() + p["V"].sum())
    (rule,) = penalised(tape, tape.parameters["V",])
    assert made(tape, rule, tape.parameters["V",], {}) is None


def test_a_factor_of_another_shape_is_none() -> None:
    x = torch.ones(5, 4)
    at: Any = None
    at = At(None, 0, x, x, x, x, {}, at, Ref(0), lambda _ref: None, {})
    assert TIMES.made(at, torch.ones(3), None) is None
    rows = TIMES.made(at, torch.arange(5.0), None)
    assert rows is not None
    assert torch.equal(rows, torch.arange(5.0)[:, None].expand(5, 4))


def test_a_stretch_with_a_result_that_does_not_move_is_taken_forwards() -> None:
    tape = record(lambda p: torch.sort(p["W"], 1).values.sin().exp().sum() + p["V"].sum())
    first = tape.parameters["W",]
    rule = next(rule for rule in of_value(tape, first) if rule.name == "forwards for back")
    known = {Ref(i): torch.ones_like(n.values[0]) for i, n in enumerate(tape.nodes) if n.values}
    assert made(tape, rule, first, known) is not None


def test_no_root_has_a_constant_outside_that_has_none_under_it() -> None:
    tape = record(lambda p: torch.sqrt(p["W"] ** 2).sum() + torch.sqrt(p["V"] ** 2 + 1).sum())
    outside = [c for c in changes(tape) if "is added to the root" in c.said]
    assert {tape.turns[c.site][-1] for c in outside} != {index_of(tape, "sqrt")}
    assert outside


def test_too_many_windows_and_other_divisors_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlaps, "MOST", 3)
    images = torch.ones(1, 1, 3, 4)

    def loss(p: Mapping[str, Tensor]) -> Tensor:
        maps = images * p["W"].reshape(1, 1, 3, 4)
        means = functional.avg_pool2d(maps, 2, 1).sum()
        return means + functional.avg_pool2d(maps, 2, 1, divisor_override=3).sum()

    tape = record(loss)
    both = [i for i, n in enumerate(tape.nodes) if n.site.operation == "avg_pool2d"]
    found = [
        [
            rule
            for rule in of_operation(node, 0, tape.value(node.operands[0]), node.values[0])
            if rule.name == "overwritten"
        ]
        for node in (tape.nodes[i] for i in both)
    ]
    ((rule,), nothing) = found
    assert not nothing
    node = tape.nodes[both[0]]
    c = torch.ones_like(node.values[0])
    x = tape.value(node.operands[0])
    at = At(Steps(tape)[both[0]], 0, x, node.values[0], c, x, {}, Steps(tape), Ref(0), {}.get, {})
    assert rule.made(at, None, None) is None


def test_a_stretch_through_which_nothing_moves_is_not_taken_forwards() -> None:
    tape = record(lambda p: torch.nn.functional.dropout(p["V"].relu()).sum() + p["W"].sum())
    first = Ref(index_of(tape, "relu"))
    rule = next(rule for rule in of_value(tape, first) if rule.name == "forwards for back")
    known = {Ref(i): torch.ones_like(n.values[0]) for i, n in enumerate(tape.nodes) if n.values}
    assert made(tape, rule, first, known) is None
