"""Gradients that are right for a slightly different loss are found, and told as that loss."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref import check_gradients
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.otherwise import every, other_numbers
from autograd_ref.recording.slips.otherwise.again import ChangedSlopes, altered
from autograd_ref.recording.slips.otherwise.change import Change, value_only
from autograd_ref.recording.slips.otherwise.every import changes, likely
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Node, Tape
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.tree.point import Point, Results

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")

Parameters = Mapping[str, Tensor]
Loss = Callable[[Parameters], Tensor]
random = np.random.default_rng(5)
A, B, E = (random.normal(size=(4, 4)) for _ in range(3))
v = random.normal(size=4)
PARAMETERS = {"A": A, "B": B, "v": v}
POINT = Point(PARAMETERS, ())
TARGET = torch.tensor([1, 0, 3, 2])
GIVEN = torch.as_tensor(E)
EARLY, SHARES = GIVEN[2], torch.sigmoid(GIVEN[3])
COUNT = (GIVEN > 0).sum()
LATER = torch.ones(4, 4).triu(1).bool()


def attention(p: Parameters) -> Tensor:
    scores = p["A"] @ p["B"].T / math.sqrt(3)
    return ((torch.softmax(scores.masked_fill(LATER, -math.inf), -1) @ p["v"]) ** 2).sum()


def gates(p: Parameters) -> Tensor:
    h = p["v"]
    for x in GIVEN:
        first, second = (torch.cat([p["A"] @ x, p["B"] @ h])).chunk(2)
        z = torch.sigmoid(first)
        h = (1 - z) * torch.tanh(second) + z * h
    return (h[1:] * h[:-1]).sum() + torch.clamp(h, min=-0.5).sum()


def risks(p: Parameters) -> Tensor:
    order = torch.argsort(GIVEN[0], descending=True)
    risk = (GIVEN @ p["v"])[order]
    kept = (GIVEN >= -0.3).double()
    spread = (p["A"] * kept).var(1).log().sum() / COUNT
    return (risk - torch.logcumsumexp(risk, 0)).mean() + spread + torch.exp(p["B"].cumsum(0)).sum()


def layers(p: Parameters) -> Tensor:
    h = functional.layer_norm(p["A"], (4,), p["v"])
    maps = functional.conv2d(h.reshape(1, 1, 4, 4), p["B"][:3, :3].reshape(1, 1, 3, 3))
    scores = h.reshape(2, 2, 4).transpose(0, 1).reshape(4, 4)
    lost = functional.binary_cross_entropy_with_logits(maps, torch.ones_like(maps))
    cost = functional.cross_entropy(scores, TARGET)
    return lost + cost + torch.sqrt((p["A"] ** 2).mean(1) + 0.01).sum()


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("loss", "apart", "each"),
    [(attention, False, 3), (gates, False, 31), (risks, True, 9), (layers, True, 19)],
)
def test_a_change_has_the_slope_of_its_gradient(loss: Loss, apart: bool, each: int) -> None:
    steps = Steps(recorded(loss, POINT, apart=apart))
    right = gradients_of(steps)
    checked = 0
    for change in list(changes(steps.tape))[::each]:
        new = None if change.by_formula else altered(steps, change)
        if new is None:
            continue
        hand = gradients_of(new)
        size = float(np.abs(np.concatenate([g.ravel() for g in hand.values()])).max())
        differs = any(not np.allclose(hand[path], right[path], rtol=1e-6) for path in right)
        value = float(new.tape.value(new.tape.result))
        if np.isfinite(value) and 1e-2 < size < 1e2 and differs:
            assert ChangedSlopes(steps.tape, hand, 1000).fits(change), (change.name, change.said)
            checked += 1
    assert checked >= 10


def test_a_change_has_no_other_slope() -> None:
    steps = Steps(recorded(attention, POINT))
    other = {path: g + 1e-3 for path, g in gradients_of(steps).items()}
    assert not list(likely(steps.tape, other)) or all(
        c.by_formula for c in likely(steps.tape, other)
    )


def test_the_search_ends_where_its_budget_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(every, "MOST", 0)
    steps = Steps(recorded(attention, POINT))
    assert not list(likely(steps.tape, gradients_of(steps)))


def test_what_does_not_fit_is_no_change() -> None:
    steps = Steps(recorded(attention, POINT))

    def raises(*_given: object) -> None:
        raise ValueError

    site = steps.tape.nodes[steps.tape.result.node].site
    change = Change("two steps exchanged", "", 0, ((site, raises),))
    slopes = ChangedSlopes(steps.tape, gradients_of(steps), 1000)

    def fails(tape: Tape, index: int) -> Node:
        return tape.nodes[index]._replace(compute=raises)

    elsewhere = change._replace(made=((site._replace(operation="none"), raises),))
    inside = change._replace(made=((site, fails),))
    for one in (change, elsewhere, inside):
        assert altered(steps, one) is None
        assert not slopes.fits(one)


def test_what_has_other_shapes_or_flags_is_no_change() -> None:
    tape = recorded(attention, POINT)
    node = next(node for node in tape.nodes if node.site.operation == "_softmax")
    with pytest.raises(ValueError):
        other_numbers.typed(True, abs)
    narrower = node._replace(compute=lambda x: x[:1])
    compute = value_only(node, narrower).compute
    assert compute is not None
    with pytest.raises(ValueError):
        _ = compute(tape.value(node.operands[0]), tape.value(node.operands[0]))


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("loss", "wrong", "said"),
    [
        (
            lambda p: (
                (torch.softmax((p["A"] @ p["B"]).masked_fill(LATER, -math.inf), 1) @ p["v"])
                .square()
                .sum()
            ),
            lambda p: (torch.softmax(p["A"] @ p["B"], 1) @ p["v"]).square().sum(),
            "the mask is left out",
        ),
        (
            lambda p: (
                (torch.softmax((p["A"] @ p["B"]).masked_fill(LATER, -math.inf), 1) @ p["v"])
                .square()
                .sum()
            ),
            lambda p: (
                (torch.softmax(p["A"] @ p["B"], 1).masked_fill(LATER, 0) @ p["v"]).square().sum()
            ),
            "the mask is applied after the softmax: its rows are not normalised over what is kept",
        ),
        (
            lambda p: torch.exp(p["A"] @ p["v"] / math.sqrt(3)).sum(),
            lambda p: torch.exp(p["A"] @ p["v"] / 3).sum(),
            "3 stands for its root 1.73205",
        ),
        (
            lambda p: (torch.sqrt(p["A"].var(1) + 0.5) * p["v"]).sum(),
            lambda p: (torch.sqrt(p["A"].var(1, correction=0) + 0.5) * p["v"]).sum(),
            "1 is left out",
        ),
        (
            lambda p: (torch.softmax(p["A"], 1) @ p["v"]).exp().sum(),
            lambda p: (torch.softmax(p["A"], 0) @ p["v"]).exp().sum(),
            "the softmax is along axis 0, not along axis 1",
        ),
        (
            lambda p: ((GIVEN @ p["v"]) - torch.logcumsumexp(GIVEN @ p["v"], 0)).square().sum(),
            lambda p: ((GIVEN @ p["v"]) - torch.logsumexp(GIVEN @ p["v"], 0)).square().sum(),
            "the sum goes over all places, not up to each",
        ),
        (
            lambda p: torch.tanh(p["A"] * (GIVEN >= 0)).exp().sum(),
            lambda p: torch.tanh(p["A"]).exp().sum(),
            "the factor `GIVEN >= 0` is left out",
        ),
        (
            lambda p: torch.exp(
                p["A"].reshape(2, 2, 4).flatten(1) @ torch.cat([p["v"], p["v"] ** 2])
            ).sum(),
            lambda p: torch.exp(
                p["A"].reshape(2, 2, 4).transpose(1, 2).flatten(1)
                @ torch.cat([p["v"], p["v"] ** 2])
            ).sum(),
            'the axes of `p["A"].reshape(2, 2, 4)` are laid out in the order 0, 2, 1',
        ),
        (
            lambda p: (p["v"].chunk(2)[0].exp() * p["v"].chunk(2)[1].sin()).exp().sum(),
            lambda p: (p["v"].chunk(2)[1].exp() * p["v"].chunk(2)[0].sin()).exp().sum(),
            None,
        ),
        (
            lambda p: (
                torch.logcumsumexp((GIVEN @ p["v"])[EARLY.argsort(descending=True)], 0)
            ).sum(),
            lambda p: (torch.logcumsumexp((GIVEN @ p["v"])[EARLY.argsort()], 0)).sum(),
            "the order is reversed",
        ),
        (
            lambda p: functional.binary_cross_entropy_with_logits(GIVEN @ p["v"], SHARES),
            lambda p: functional.binary_cross_entropy_with_logits(GIVEN @ p["v"], 0 * SHARES),
            "is taken to be p",
        ),
        (
            lambda p: (p["v"][:2].exp() * p["v"][2:].sin()).exp().sum(),
            lambda p: (p["v"][2:].exp() * p["v"][:2].sin()).exp().sum(),
            "are taken for each other",
        ),
        (
            lambda p: torch.softmax(p["A"] + p["B"], 1).square().sum(),
            lambda p: torch.softmax(p["A"] * p["B"], 1).square().sum(),
            "a product stands for the sum",
        ),
        (
            lambda p: mixed(p, exchanged=False),
            lambda p: mixed(p, exchanged=True),
            "are exchanged",
        ),
    ],
)
def test_a_change_is_named(loss: Loss, wrong: Loss, said: str | None) -> None:
    def gradients(p: Mapping[str, Tensor]) -> object:
        return {path[0]: g.numpy() for path, g in differentiate(wrong, p, ())[1].items()}

    report = check_gradients(gradients, PARAMETERS, loss=loss)
    assert said is None or said in report.causes[0].explanation, report.causes


def mixed(p: Parameters, *, exchanged: bool) -> Tensor:
    z = torch.sigmoid(p["v"])
    one, two = (z, 1 - z) if exchanged else (1 - z, z)
    return (one * torch.tanh(p["A"]) + two * torch.exp(p["B"])).square().sum()


@pytest.mark.untraced
def test_a_value_that_is_computed_wrongly_for_the_way_back_is_named() -> None:
    def loss(p: Parameters) -> Tensor:
        r = p["v"] - p["A"] @ GIVEN[0]
        return torch.exp(r).sum() + (r**3).sum()

    def gradients(p: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        e = (
            np.exp(p["v"]) + 3 * p["v"] ** 2
        )  # the trend is not subtracted, but its gradient is there
        return {"v": e, "A": -np.outer(e, E[0]), "B": np.zeros((4, 4))}

    found = check_gradients(gradients, PARAMETERS, loss=loss).causes[0]
    assert found.kind == "an operation left out of the loss"
    assert "is left out, in the forward pass alone" in found.explanation


def gradients_of(steps: Steps) -> Results:
    return {path: g[0].numpy() for path, g in swept(steps).gradients.items()}


@pytest.mark.untraced
def test_a_mean_over_the_entries_that_a_hinge_keeps_is_named() -> None:
    def hinge(p: Mapping[str, Any]) -> Any:
        return torch.relu(GIVEN @ p["v"] + 1.8).mean() + (p["v"] ** 3).sum()

    def gradients(p: Mapping[str, Any]) -> dict[str, Any]:
        on = E @ p["v"] + 1.8 > 0
        return {"v": E.T @ (on / on.sum()) + 3 * p["v"] ** 2}

    def of_all_but_one(p: Mapping[str, Any]) -> dict[str, Any]:
        return {"v": E.T @ ((E @ p["v"] + 1.8 > 0) / 3) + 3 * p["v"] ** 2}

    for wrong, said in ((gradients, "the entries that are not 0"), (of_all_but_one, "4 - 1 = 3")):
        causes = check_gradients(wrong, {"v": np.array([0.5, 1.0, -0.4, 0.3])}, loss=hinge).causes
        assert any(said in cause.explanation for cause in causes), causes
