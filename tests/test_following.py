"""A loss that cannot be followed, or only in part, stops nothing, and the report says so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref import check_gradients
from autograd_ref.recording.following import followed, gradients_of, unfollowed
from autograd_ref.recording.linear import Linear, Steps
from autograd_ref.recording.recorder import OUTSIDE, recorded
from autograd_ref.recording.slips.finding.claims import Search
from autograd_ref.recording.slips.finding.effects import all_scored, scored
from autograd_ref.recording.slips.finding.seen import seen
from autograd_ref.recording.slips.finding.two_slips import pairs
from autograd_ref.recording.slips.sites import Other, found_on
from autograd_ref.recording.steps.beside import Given
from autograd_ref.recording.steps.causes import place_of
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Node, Ref, Site, Tape
from autograd_ref.recording.through import tangents
from autograd_ref.reference.model import WrongGradient
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.tree.point import Point, Results

Loss = Callable[..., Any]
RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(4, 4))
HERE, THERE = (Point({"a": RANDOM.uniform(0.5, 1, size=4)}, (X,)) for _ in range(2))


def gradient(loss: Loss, at: Point) -> Results:
    return {path: np.asarray(g) for path, g in differentiate(loss, *at)[1].items()}


WITHOUT_SECOND_DERIVATIVES: dict[str, Loss] = {
    "distances": lambda p, x: (functional.pdist(x * p["a"]) ** 3).sum(),
    "no distances": lambda p, x: functional.pdist((x * p["a"])[:1]).sum() + p["a"].sum(),
    "a margin": lambda p, x: functional.multi_margin_loss(x * p["a"], torch.arange(4)),
    "bags": lambda p, x: (
        functional.embedding_bag(torch.tensor([[0, 1], [1, 3]]), x * p["a"]).exp().sum()
    ),
    "segments": lambda p, x: (
        torch.segment_reduce(x * p["a"], "max", lengths=torch.tensor([1, 3])).exp().sum()
    ),
}


@pytest.mark.parametrize("name", WITHOUT_SECOND_DERIVATIVES)
def test_a_derivative_that_has_none_is_found_entry_by_entry(name: str) -> None:
    loss = WITHOUT_SECOND_DERIVATIVES[name]
    tape = recorded(loss, HERE)
    u = torch.linspace(-1, 2, 4, dtype=torch.float64)
    [moved] = tangents(Steps(tape), {tape.parameters["a",]: u[None]})[tape.result]
    expected = float(gradient(loss, HERE)["a",] @ u.numpy())
    assert float(moved) == pytest.approx(expected, rel=1e-12)


def test_a_wrong_gradient_of_such_a_loss_has_its_step_named() -> None:
    """Its check failed: PyTorch has neither the one derivative nor the other."""

    def loss(p: Any, x: Any) -> Any:
        return (functional.pdist(torch.tanh(x * p["a"])) ** 3).sum()

    def gradients(p: Any, x: Any) -> Any:
        z = torch.from_numpy(x * p["a"])
        h = torch.tanh(z).requires_grad_()
        (dh,) = torch.autograd.grad((functional.pdist(h) ** 3).sum(), h)
        return {"a": (dh.numpy() * (1 - z.numpy() ** 2) * x).sum(0)}

    report = check_gradients(gradients, dict(HERE.parameters), X, loss=loss)
    assert report.verdict == "mismatch"
    assert "torch.tanh" in report.causes[0].explanation


def test_outputs_are_put_where_they_are_kept_and_never_into_an_operand() -> None:
    def compute(x: Tensor) -> tuple[Tensor, Tensor]:
        return x.view(-1), x.exp()

    x = torch.ones(3, dtype=torch.float64)
    node = Node(Site((), "two", 0), 0, OUTSIDE, (Ref(0),), compute, (x, x), followed=True)
    step = Linear(node, [x], [0])
    others = torch.tensor([2.0, 3.0, 5.0], dtype=torch.float64)
    step.take_outputs({0: others, 1: others})
    assert torch.equal(x, torch.ones(3, dtype=torch.float64))
    assert torch.equal(step.back({1: torch.ones(1, 3, dtype=torch.float64)})[0][0], others)


class OneWay(torch.autograd.Function):
    """An operation without a derivative by this operand; the derivative is made up."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any, **_: Any) -> Any:
        ctx.save_for_backward(*inputs)
        return torch.igamma(inputs[0], torch.ones(inputs[0].shape, dtype=torch.float64))

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0] * ctx.saved_tensors[0]


class Cut(OneWay):
    @staticmethod
    def forward(ctx: Any, *inputs: Any, **_: Any) -> Any:
        ctx.save_for_backward(*inputs)
        return inputs[0] ** 2 * inputs[0].detach()


class Straight(OneWay):
    """Rounding, as one trains through it."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any, **_: Any) -> Any:
        ctx.save_for_backward(*inputs)
        return torch.round(inputs[0])


NOT_ITS_OWN = "its recorded operations, one by one, do not give autograd's gradient"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (OneWay, NOT_ITS_OWN),
        (Straight, NOT_ITS_OWN),
        (Cut, "autograd does not follow `inputs[0].detach()` (line "),
    ],
)
def test_why_a_function_is_not_followed(function: Any, reason: str) -> None:
    def loss(p: Any, x: Any) -> Any:
        return (x.detach() * function.apply(p["a"])).sum()  # data are no parameters

    right = gradient(loss, HERE)
    assert followed(loss, HERE, right, apart=False) is None
    assert unfollowed(loss, HERE, right).startswith(reason)


def test_an_operation_without_a_derivative_gives_no_gradient() -> None:
    def loss(p: Any, x: Any) -> Any:
        return (x * OneWay.apply(p["a"])).sum()

    assert gradients_of(Steps(recorded(loss, HERE, everything=True))) is None


def test_what_is_complex_is_followed_and_what_raises_is_said() -> None:
    def partly(p: Any, x: Any) -> Any:
        return p["a"].sum() + torch.fft.rfft(x * p["a"]).abs().sum()

    assert not unfollowed(partly, HERE, gradient(partly, HERE))

    def sparse(p: Any, _x: Any) -> Any:
        return p["a"].to_sparse().to_dense().pow(2).sum()

    said = unfollowed(sparse, HERE, gradient(sparse, HERE))
    assert said.startswith('sparse tensors are not followed, as in `p["a"].to_sparse()` (line ')
    calls = iter(range(100))

    def once(p: Any, x: Any) -> Any:
        if next(calls):
            raise LookupError("no more rows")
        return (x * p["a"]).sum()

    right = gradient(once, HERE)
    assert "no more rows" in unfollowed(once, HERE, right)


def test_parts_that_do_not_fit_leave_an_operation_whole() -> None:
    """Heads that share keys are no plain product; a mean in another format is another number."""

    def heads(p: Any, x: Any) -> Any:
        q = (x * p["a"]).reshape(1, 4, 2, 2)
        k = q[:, :2]
        return functional.scaled_dot_product_attention(q, k, k, enable_gqa=True).pow(2).sum()

    def wider(p: Any, x: Any) -> Any:
        return torch.tanh(x * p["a"]).float().mean(dtype=torch.float64) ** 2

    for loss, whole in ((heads, "_scaled_dot_product_flash_attention_for_cpu"), (wider, "mean")):
        tape = recorded(loss, HERE, apart=True)
        assert whole in {node.site.operation for node in tape.nodes}
        right = gradient(loss, HERE)["a",]
        np.testing.assert_allclose(swept(Steps(tape)).gradients["a",][0], right, rtol=1e-6)


def test_code_without_columns_is_quoted_by_its_line() -> None:
    """As after `python -X no_debug_ranges`."""
    names: dict[str, Any] = {"torch": torch}
    exec("def loss(p, x):\n    return torch.tanh(p['a']).sum()", names)
    code = names["loss"].__code__
    units = len(code.co_code) // 2
    # entries of at most eight instructions, without columns; the first is a line further down
    entries = [min(8, units - start) for start in range(0, units, 8)]
    table = b"".join(
        bytes([0x80 | 13 << 3 | size - 1, 0 if i else 2]) for i, size in enumerate(entries)
    )
    names["loss"].__code__ = code.replace(co_linetable=table)
    nodes = recorded(names["loss"], HERE).nodes
    assert {str(n.place) for n in nodes if n.place != OUTSIDE} == {"line 2 of loss"}


def hyperbolic(p: Any, x: Any) -> Any:
    return torch.tanh(x * p["a"]).sum()


def asked(loss: Loss, change: Callable[[Results], Results], *blocks: Any) -> WrongGradient:
    here, there = gradient(loss, HERE), gradient(loss, THERE)
    allowed = dict.fromkeys(here, 1e-13)
    again = (THERE, change(there), there)
    return WrongGradient(HERE, change(here), here, allowed, blocks, lambda: again)


def twice(right: Results) -> Results:
    return {path: 2 * g for path, g in right.items()}


def test_a_claim_needs_a_record_at_the_second_point() -> None:
    def only_here(loss: Loss, at: Point, _right: Results, *, apart: bool) -> Steps | None:
        return Steps(recorded(loss, at, apart=apart)) if at is HERE else None

    wrong = asked(hyperbolic, twice, ("a",))
    assert list(Search(hyperbolic, wrong).claims())
    assert not list(Search(hyperbolic, wrong, only_here).claims())


def test_two_slips_are_looked_for_in_one_record_if_they_are_in_it() -> None:
    def loss(p: Any, x: Any) -> Any:
        return (torch.tanh(x * p["a"]).mean(0) * torch.exp(p["a"])).sum()

    def hand(at: Point) -> Results:
        a, x = at.parameters["a"], at.data[0]
        z = x * a
        return {("a",): ((1 - z**2) * x).mean(0) * np.exp(a) - np.tanh(z).mean(0) * np.exp(a)}

    right = gradient(loss, HERE)
    second = (THERE, hand(THERE), gradient(loss, THERE))
    wrong = WrongGradient(HERE, hand(HERE), right, {("a",): 1e-13}, (("a",),), lambda: second)
    found = list(Search(loss, wrong).pairs())
    assert found
    assert {claim.guess.apart for claim in found} == {False}
    other = (THERE, {("a",): hand(THERE)["a",] + 1}, gradient(loss, THERE))
    assert not list(Search(loss, wrong._replace(again=lambda: other)).pairs())


def test_no_step_is_at_fault_in_what_the_loss_does_not_depend_on() -> None:
    def loss(p: Any, x: Any) -> Any:
        return (x * p["a"]).sum()

    at = Point({**HERE.parameters, "unused": np.ones(3)}, (X,))
    steps = Steps(recorded(loss, at))
    hand = {
        path: g[0].numpy() + (path == ("unused",)) for path, g in swept(steps).gradients.items()
    }
    state = seen(steps, hand, dict.fromkeys(hand, 1e-13))
    found = scored(state)
    assert found.slips == []
    assert found.effects.shape == found.scales.shape == (0, len(state.target))
    assert not list(pairs(state, found, hand, dict.fromkeys(hand, 1e-13)))


def two_loops(p: Any, x: Any) -> Any:
    h = p["a"]
    for row in x:
        h = torch.tanh(h + row)
    for row in x[:2]:
        h = torch.exp(h * row)
    return h.sum()


def test_a_turn_has_no_partner_in_a_loop_of_another_length() -> None:
    tape = recorded(two_loops, HERE)
    sites = {node.site.operation: node.site for node in tape.nodes}
    long, short, last = (sites[name] for name in ("tanh", "exp", "sum"))
    turns = tape.turns[long]
    assert len(turns) == 4
    assert found_on(tape, Other(short, 0), turns[1]) is None
    assert found_on(tape, Other(last, 0), turns[1]) == Ref(tape.turns[last][0])
    assert found_on(tape, Other(long, 0, turns_before=1), turns[1]) == Ref(turns[0])


def growing(p: Any, x: Any) -> Any:
    """As in a network in which every layer sees all before it: one more operand each turn."""
    found = [torch.tanh(x * p["a"])]
    for _ in range(2):
        found.append(torch.tanh(torch.cat(found, 1)[:, ::2][:, :4]))
    return (torch.cat(found, 1) ** 2).mean()


def test_a_slip_at_an_operand_that_only_later_turns_have_is_foretold() -> None:
    steps = Steps(recorded(growing, HERE))
    right = swept(steps)
    hand = {path: g[0].numpy() + 1 for path, g in right.gradients.items()}
    state = seen(steps, hand, dict.fromkeys(hand, 1e-13))
    found = all_scored(state, scored(state))
    later = [
        (i, slip)
        for i, slip in enumerate(found.slips)
        if slip.sites[0].site.operation == "cat" and slip.turns == "all" and slip.other is None
    ]
    assert {slip.sites[0].operand for _i, slip in later} >= {0, 1}
    made = swept(steps, [(slip,) for _i, slip in later], right.cotangents).gradients["a",]
    for row, (i, slip) in enumerate(later):
        changed = made[row] - right.gradients["a",][0]
        changes = np.array([float((changed * u).sum()) for u in state.along])
        if np.isfinite(changes).all():
            assert (np.abs(changes - found.effects[i]) <= 1e-9 * (1 + found.scales[i])).all(), slip


def test_the_derivative_by_the_loss_itself_is_where_the_loss_is() -> None:
    """Nothing uses it."""
    tape: Tape = recorded(hyperbolic, HERE)
    [last] = [node for node in tape.nodes if node.site.operation == "sum"]
    node = tape.nodes[tape.result.node]
    place = place_of(Given("dL", True, (tape.result,), ()), tape)
    assert place == node.place
    assert str(last.place).startswith('`torch.tanh(x * p["a"]).sum()`')


def test_a_step_is_named_where_the_function_cannot_be_asked_at_a_second_point() -> None:
    """One that raises there, and one whose gradient has another shape there."""
    x = np.array([0.3, 0.8, 1.1])

    def loss(x: Tensor) -> Tensor:
        y = torch.sin(x)
        return (y**2).sum()

    def wrong(x: Any) -> Any:
        return 2 * np.sin(x) * np.sin(x)

    def raises(at: Any) -> Any:
        if not np.array_equal(at, x):
            raise ZeroDivisionError
        return wrong(at)

    def shorter(at: Any) -> Any:
        return wrong(at) if np.array_equal(at, x) else wrong(at)[:2]

    for function in (raises, shorter):
        report = check_gradients(function, x, loss=loss)
        assert report.verdict == "mismatch"
        assert "torch.sin(x)" in report.causes[0].explanation
