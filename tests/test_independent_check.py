"""Who is wrong: numerical slopes of the losses tell the cases apart."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import check_gradients
from autograd_ref.check import trial_of
from autograd_ref.independent.along_difference import BLURRED, Along, along_difference
from autograd_ref.observe.observation import Observation
from autograd_ref.report.data import IndependentCheck, Slope
from autograd_ref.report.report import Report
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(9, 3)), RANDOM.normal(size=9)
PARAMETERS = {"w": RANDOM.normal(size=3), "b": np.array(0.3)}


def loss(p: Any, X: Tensor, y: Tensor) -> Tensor:
    return ((torch.tanh(X @ p["w"] + p["b"]) - y) ** 2).mean()


def by_hand(p: Any, X: A, y: A) -> tuple[float, dict[str, A]]:
    a = np.tanh(X @ p["w"] + p["b"])
    delta = 2 * (a - y) * (1 - a * a) / len(y)
    return float(((a - y) ** 2).mean()), {"w": X.T @ delta, "b": np.asarray(delta.sum())}


def check(gradients: Any, loss: Any = loss, parameters: Any = PARAMETERS) -> Report:
    return check_gradients(gradients, parameters, X, Y, loss=loss)


def asked(gradients: Any, loss: Any = loss, parameters: Any = PARAMETERS) -> IndependentCheck:
    witness = check(gradients, loss, parameters).witness
    assert witness is not None
    return witness


def scaled(factor: float, *, loss_too: bool) -> Any:
    def gradients(p: Any, X: A, y: A) -> Any:
        value, found = by_hand(p, X, y)
        wrong = {name: factor * block for name, block in found.items()}
        return value * (factor if loss_too else 1), wrong

    return gradients


def test_where_nothing_differs_nobody_is_asked() -> None:
    report = check(by_hand)
    assert report.verdict == "match"
    assert report.witness is None


@pytest.mark.untraced
def test_a_wrong_gradient_contradicts_both_losses() -> None:
    witness = asked(scaled(1 + 1e-6, loss_too=False))
    assert witness.side == "hand"
    assert witness.hand_loss is not None
    assert witness.reference_loss is not None
    for slope in (witness.hand_loss, witness.reference_loss):
        assert abs(slope.value - witness.reference) <= slope.accuracy < 1e-10
    assert abs(witness.hand - witness.reference) > 1e-7


def test_without_a_loss_of_its_own_it_may_belong_to_another() -> None:
    witness = asked(lambda *arguments: scaled(2, loss_too=False)(*arguments)[1])
    assert witness.side == "hand"
    assert witness.hand_loss is None
    assert "another loss" in witness.explanation


@pytest.mark.untraced
def test_a_gradient_that_agrees_with_neither_loss_is_wrong() -> None:
    def gradients(p: Any, X: A, y: A) -> Any:
        value, found = by_hand(p, X, y)
        return 3 * value, {name: 2 * block for name, block in found.items()}

    witness = asked(gradients)
    assert witness.side == "hand"
    assert "neither with its own loss" in witness.explanation


@pytest.mark.parametrize(
    ("factor", "named"),
    [(len(Y), "9 (S: a sum"), (1 / len(Y), "0.111111 (1/S: a sum"), (0.5, "0.5 times")],
)
def test_two_losses_that_differ_by_a_factor(factor: float, named: str) -> None:
    witness = asked(scaled(factor, loss_too=True))
    assert witness.side == "losses"
    assert named in witness.explanation


@pytest.mark.untraced
def test_two_losses_that_differ_by_weight_decay() -> None:
    def gradients(p: Any, X: A, y: A) -> Any:
        value, found = by_hand(p, X, y)
        return value + 0.01 * (p["w"] ** 2).sum(), {**found, "w": found["w"] + 0.02 * p["w"]}

    witness = asked(gradients)
    assert witness.side == "losses"
    assert "+0.01 |w|^2" in witness.explanation
    assert "|b|" not in witness.explanation


@pytest.mark.untraced
def test_two_losses_that_differ_in_some_other_way() -> None:
    def gradients(p: Any, X: A, y: A) -> Any:
        value, found = by_hand(p, X, y)
        more = np.cos(p["w"])
        return value + np.sin(p["w"]).sum(), {**found, "w": found["w"] + more}

    witness = asked(gradients)
    assert witness.side == "losses"
    assert "neither by a constant, nor by a factor" in witness.explanation


def test_a_constant_between_the_losses_leaves_the_gradients_alone() -> None:
    report = check(lambda *arguments: (by_hand(*arguments)[0] + 2.5, by_hand(*arguments)[1]))
    assert report.verdict == "mismatch"
    assert [block.verdict for block in report.blocks] == ["match", "match"]
    assert report.witness is not None
    assert report.witness.side == "losses"
    assert "plus the constant 2.5" in report.witness.explanation


def test_a_reference_that_is_at_fault_accuses_nobody() -> None:
    def detached(p: Any, X: Tensor, y: Tensor) -> Tensor:
        return ((torch.tanh(X @ p["w"].detach() + p["b"]) - y) ** 2).mean()

    report = check(by_hand, detached)
    assert report.witness is not None
    assert report.witness.side == "reference"
    assert {block.name: block.verdict for block in report.blocks} == {
        "w": "inconclusive",
        "b": "match",
    }
    assert "reference" in report.blocks[0].reason


@pytest.mark.untraced
def test_an_error_below_what_numerical_derivatives_see_is_a_mismatch_all_the_same() -> None:
    report = check(scaled(1 + 1e-13, loss_too=False))
    assert report.verdict == "mismatch"
    assert report.witness is not None
    assert report.witness.side == "undecided"
    assert "cannot decide" in report.witness.explanation


def test_a_custom_backward_that_is_wrong_while_the_gradient_is_wrong_too() -> None:
    class Halved(torch.autograd.Function):
        @staticmethod
        def forward(_ctx: Any, z: Tensor) -> Tensor:
            return torch.tanh(z)

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004 - torch names it
            return gradients[0] / 2

    def wrong(p: Any, X: Tensor, y: Tensor) -> Tensor:
        return ((torch.as_tensor(Halved.apply(X @ p["w"] + p["b"])) - y) ** 2).mean()

    witness = asked(scaled(3, loss_too=False), wrong)
    assert witness.side == "undecided"
    assert "agrees with neither" in witness.explanation


def test_a_loss_that_fails_nearby_ends_no_check() -> None:
    calls = 0

    def fails_later(p: Any, X: A, y: A) -> Any:
        nonlocal calls
        calls += 1
        if calls > 8:
            raise RuntimeError("enough")
        return scaled(2, loss_too=False)(p, X, y)

    report = check(fails_later)
    assert report.verdict == "mismatch"
    assert report.witness is not None
    assert "RuntimeError: enough" in report.witness.explanation


def relu_loss(p: Any, X: Tensor, y: Tensor) -> Tensor:
    return ((torch.relu(X @ p["w"] + p["b"]) - y) ** 2).sum()


def relu_gradients(at_zero: float) -> Any:
    def gradients(p: Any, X: A, y: A) -> Any:
        z = X @ p["w"] + p["b"]
        slope = np.where(z > 0, 1.0, np.where(z == 0, at_zero, 0.0))
        delta = 2 * (np.maximum(z, 0) - y) * slope
        return {"w": X.T @ delta, "b": np.asarray(delta.sum())}

    return gradients


AT_THE_KINK = {"w": np.zeros(3), "b": np.array(0.0)}


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("at_zero", "verdict"), [(0.0, "inconclusive"), (1.0, "inconclusive"), (3.0, "mismatch")]
)
def test_at_a_kink_either_side_is_right_and_the_report_says_so(
    at_zero: float, verdict: str
) -> None:
    X_with_zeros = X * (RANDOM.random(9) < 2)[:, np.newaxis]
    parameters = {"w": PARAMETERS["w"], "b": np.array(0.0)}
    X_with_zeros[4] = 0
    report = check_gradients(relu_gradients(at_zero), parameters, X_with_zeros, Y, loss=relu_loss)
    assert "kink" in [warning.kind for warning in report.warnings]
    (b,) = [block for block in report.blocks if block.name == "b"]
    assert b.verdict == ("match" if at_zero == 0 else verdict)
    if verdict == "inconclusive" and at_zero:
        assert report.witness is not None
        assert report.witness.side == "kink"
        assert "kink" in b.reason


def test_at_a_kink_a_wrong_loss_is_wrong_all_the_same() -> None:
    X_with_zeros = X.copy()
    X_with_zeros[4] = 0
    parameters = {"w": PARAMETERS["w"], "b": np.array(0.0)}

    def gradients(p: Any, X: A, y: A) -> Any:
        return 7.0, relu_gradients(0.0)(p, X, y)

    report = check_gradients(gradients, parameters, X_with_zeros, Y, loss=relu_loss)
    assert report.loss is not None
    assert report.loss.verdict == "mismatch"
    assert {block.verdict for block in report.blocks} == {"match"}


def test_away_from_a_kink_there_is_no_word_of_it() -> None:
    report = check_gradients(relu_gradients(0.0), PARAMETERS, X, Y, loss=relu_loss)
    assert report.verdict == "match"
    assert not report.warnings


def test_a_loss_that_vanishes_somewhere_has_no_factor() -> None:
    """Two losses whose difference is no multiple of either, one of them zero at the point."""
    zero = {"w": np.zeros(3), "b": np.array(0.0)}

    def product(p: Any, X: Tensor, y: Tensor) -> Tensor:
        return (p["w"] @ (y @ X)) * p["b"] + p["b"]

    def gradients(p: Any, X: A, y: A) -> Any:
        s = y @ X
        value = (p["w"] @ s) * p["b"] + p["b"] + np.sin(p["b"])
        return float(value), {"w": s * p["b"], "b": np.asarray(p["w"] @ s + 1 + np.cos(p["b"]))}

    witness = asked(gradients, product, zero)
    assert witness.side == "losses"
    assert "neither by a constant" in witness.explanation


@pytest.mark.untraced
def test_along_a_line_an_arithmetic_error_is_no_number() -> None:
    """A hand side that divides Python's own numbers."""

    def divides(p: Any, X: A, y: A) -> Any:
        value, found = scaled(2, loss_too=False)(p, X, y)
        return value + 0 / (float(p["b"]) - 0.3 == 0), found

    witness = asked(divides)
    assert witness.side == "hand"
    assert witness.hand_loss is not None
    assert not np.isfinite(witness.hand_loss.value)


@pytest.mark.untraced
def test_what_excuses_one_block_excuses_no_other() -> None:
    """At a kink of b, with w wrong."""
    X_with_zeros = X.copy()
    X_with_zeros[4] = 0
    parameters = {"w": PARAMETERS["w"], "b": np.array(0.0)}

    def gradients(p: Any, X: A, y: A) -> Any:
        found = relu_gradients(1.0)(p, X, y)
        return {**found, "w": 2 * found["w"]}

    report = check_gradients(gradients, parameters, X_with_zeros, Y, loss=relu_loss)
    assert {block.name: block.verdict for block in report.blocks} == {
        "w": "mismatch",
        "b": "inconclusive",
    }


def test_a_loss_that_is_no_number_nearby_has_no_relation_to_another() -> None:
    def only_here(p: Any, X: A, y: A) -> Any:
        value, found = by_hand(p, X, y)
        here = all(np.array_equal(p[name], PARAMETERS[name]) for name in p)
        return (value + 1 if here else float("inf")), found

    witness = asked(only_here)
    assert witness.side == "losses"
    assert witness.explanation == "One of the two losses is not finite there, or nearby."


def test_what_is_excused_at_first_and_wrong_elsewhere_is_blamed() -> None:
    """At its kink either slope is right; elsewhere this one is not."""
    report = check_gradients(
        lambda p: {"a": 1.0}, {"a": 0.0}, loss=lambda p: p["a"].abs() + p["a"] * 0, seed=0
    )
    assert report.verdict == "mismatch", report
    assert "agrees here, but with other parameters it differs" in report.blocks[0].reason
    assert report.witness is not None
    assert report.witness.side == "hand"


@pytest.mark.untraced
def test_two_losses_that_differ_by_rounding_only_have_no_factor() -> None:
    """As PyTorch's softplus and the exact one do."""

    def nearly(p: Any, X: A, y: A) -> tuple[float, Any]:
        value, found = by_hand(p, X, y)
        return value * (1 + 1e-9), {name: g * (1 + 1e-9) for name, g in found.items()}

    explanation = asked(nearly).explanation
    assert "difference of the two losses is below 1e-06" in explanation


def test_a_reference_at_fault_for_one_block_is_not_for_another() -> None:
    def detached(p: Any, X: Tensor, y: Tensor) -> Tensor:
        return ((torch.tanh(X @ p["w"].detach() + p["b"]) - y) ** 2).mean()

    def gradients(p: Any, X: A, y: A) -> Any:
        found = by_hand(p, X, y)[1]
        return {"w": found["w"], "b": found["b"] * (1 + 1e-6)}

    report = check(gradients, detached)
    assert {block.name: block.verdict for block in report.blocks} == {
        "w": "inconclusive",
        "b": "mismatch",
    }


@pytest.mark.untraced
def test_weight_decay_has_a_sign() -> None:
    def rewarded(p: Any, X: A, y: A) -> Any:
        value, found = by_hand(p, X, y)
        size = float((p["w"] ** 2).sum())
        return value - 0.01 * size, {**found, "w": found["w"] - 0.02 * p["w"]}

    assert "the reference's plus weight decay: -0.01 |w|^2" in asked(rewarded).explanation


def test_rounding_accounts_for_no_more_than_a_part_of_a_difference() -> None:
    """Another entry may be allowed more than the whole difference; it is no confirmation."""
    exact = Slope(0.0, 1e-12)
    between = Along(hand=1.0, reference=0.0, slack=5.0, of_reference=exact, of_hand=None)
    assert between.confirms(exact, 0.0)
    assert between.confirms(exact, BLURRED)
    assert not between.confirms(exact, 1.0)
    tight = between._replace(slack=1e-3)
    assert tight.confirms(exact, 1e-3)
    assert not tight.confirms(exact, BLURRED)


def test_what_is_wrong_elsewhere_is_asked_about_there() -> None:
    def kept(w: A, X: A) -> A:
        return 2 * X.T @ (X @ W3) + 0 * w

    def squares(w: Tensor, X: Tensor) -> Tensor:
        return ((X @ w) ** 2).sum()

    report = check_gradients(kept, W3, np.eye(3), loss=squares)
    assert report.verdict == "mismatch"
    assert report.witness is not None
    assert report.witness.side == "hand"


def test_a_kink_here_is_told_of_where_another_call_has_no_values_to_compare() -> None:
    def gradients(w: A) -> A:
        return np.array([0.5]) if w[0] == 0 else np.array([1])  # an integer is no gradient

    report = check_gradients(gradients, np.array([0.0]), loss=lambda w: w.abs().sum())
    assert report.verdict == "mismatch"
    assert report.witness is not None
    assert report.witness.side == "kink"


W3 = np.array([0.5, -1.0, 2.0])


def test_soft_rows_that_sum_to_one_in_float32_only_are_no_error_of_the_check() -> None:
    random = np.random.default_rng(0)
    p = initialize(NetworkShape(inputs=2, hidden=3, outputs=3), 0, std=0.5, dtype="float32")
    rows = random.random((4, 3)).astype(np.float32)
    X, Y = random.normal(size=(4, 2)).astype(np.float32), rows / rows.sum(axis=1, keepdims=True)
    assert (Y.astype(np.float64).sum(axis=1) != 1).any()

    def doubled(p: Parameters, X: A, Y: A) -> Parameters:
        found = loss_and_gradients(p, X, Y)[1]
        return found._replace(W0=2 * found.W0)

    report = check_gradients(doubled, p, X, Y)
    assert [block.verdict for block in report.blocks] == ["mismatch", "match", "match", "match"]


def test_without_rounding_a_gradient_is_confirmed_by_what_is_a_thousandth_off() -> None:
    exact = Slope(0.0, 1e-12)
    along = Along(hand=1.0, reference=0.0, slack=0.0, of_reference=exact, of_hand=None)
    assert along.confirms(exact._replace(value=0.9e-3), 0.0)
    assert not along.confirms(exact._replace(value=2e-3), 0.0)


def test_the_smallest_parameter_that_moves_decides_the_step() -> None:
    """A loss that varies over 1e-9 in one parameter and over 1 in the other."""
    scale = np.array([1e-9, 1.0])

    def loss(p: Tensor) -> Tensor:
        s = torch.as_tensor(scale)
        return (s * torch.exp(p / s)).sum()

    report = check_gradients(lambda p: 2 * np.exp(p / scale), scale, loss=loss)
    assert report.witness is not None
    assert report.witness.side == "hand"


def test_where_nothing_finite_differs_there_is_nothing_to_ask() -> None:
    trial = trial_of(lambda w: 2 * w * np.inf, W3, (), lambda w: (w**2).sum())
    answer = trial.call().answer
    assert along_difference(trial, answer, [()], loss=False) is None
    assert along_difference(trial, answer, [()], loss=True) is None, "it returns none"


def test_what_is_asked_with_the_loss_is_not_what_is_asked_without() -> None:
    def squares(w: Tensor) -> Tensor:
        return (w**2).sum()

    trial = trial_of(lambda w: (float((w**2).sum()) + 1, 2 * w), W3, (), squares)
    call = Observation(trial, trial.call(), repeatable=True)
    assert call.contradicted_side([], loss=True) == "losses"
    assert call.contradicted_side([], loss=False) is None


def test_losses_that_are_defined_at_one_point_only_decide_nothing() -> None:
    here = torch.tensor([1.0, 2.0], dtype=torch.float64)

    def loss(x: Tensor) -> Tensor:
        if not torch.equal(x.detach(), here):
            raise RuntimeError("not there")
        return (x**2).sum()

    report = check_gradients(lambda x: (5.0, 3 * x), here.numpy(), loss=loss)
    assert report.verdict == "mismatch"
    assert report.witness is not None
    assert report.witness.side == "undecided"
    assert "RuntimeError: not there" in report.witness.explanation


def test_a_wrong_loss_that_cannot_be_evaluated_nearby_decides_nothing() -> None:
    """The gradients agree, so that there is no direction for the other loss alone."""

    def only_here(w: A) -> tuple[float, A]:
        if not np.array_equal(w, W3):
            raise ValueError("w needs to be what it was")
        return float((w**2).sum()) + 1, 2 * w

    report = check_gradients(only_here, W3, loss=lambda w: (w**2).sum())
    assert report.loss is not None
    assert report.loss.verdict == "mismatch"
    assert report.witness is not None
    assert report.witness.side == "undecided"
    assert "w needs to be what it was" in report.witness.explanation
