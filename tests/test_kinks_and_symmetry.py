"""Slopes at a kink and gradients by symmetric matrices may differ, and accuse nobody."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function

from autograd_ref import check_backward, check_gradients
from autograd_ref.check import trial_of
from autograd_ref.independent.across_set import agrees_in_symmetric_part
from autograd_ref.independent.kink import JUMP, Disagreement, Kinks, between_slopes
from autograd_ref.report.report import Report
from autograd_ref.verdict.rows import BETWEEN_SLOPES, SYMMETRIC

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(6, 3)), RANDOM.normal(size=6)
X[2] = X[4] = 0  # with b = 0, every hidden unit is at its kink, for two samples
V = RANDOM.normal(size=8)
AT_KINKS = {"W": RANDOM.normal(size=(8, 3)), "b": np.zeros(8), "v": V}
ALL_ZERO = {"W": np.zeros((8, 3)), "b": np.zeros(8), "v": V}


def loss(p: Any, X: Tensor, y: Tensor) -> Tensor:
    return ((torch.relu(X @ p["W"].T + p["b"]) @ p["v"] - y) ** 2).mean()


def with_slope_at_zero(slope: float, factor: float = 1.0, only: str = "") -> Any:
    """A ReLU network's gradient by hand; factor makes a mistake in one block, or in W and b."""

    def gradients(p: Any, X: A, y: A) -> Any:
        z = X @ p["W"].T + p["b"]
        a = np.maximum(z, 0)
        e = 2 * (a @ p["v"] - y) / len(y)
        delta = np.outer(e, p["v"]) * np.where(z == 0, slope, z > 0)
        found = {"W": delta.T @ X, "b": delta.sum(0), "v": a.T @ e}
        wrong = [only] if only else ["W", "b"]
        return {name: g * (factor if name in wrong else 1) for name, g in found.items()}

    return gradients


def verdicts(report: Report) -> dict[str, str]:
    return {block.name: block.verdict for block in report.blocks}


def reasons(report: Report) -> dict[str, str]:
    return {block.name: block.reason for block in report.blocks if block.reason}


@pytest.mark.untraced
@pytest.mark.parametrize("slope", [0.25, 0.5, 1.0])
def test_many_kinks_at_once_accuse_nobody(slope: float) -> None:
    report = check_gradients(with_slope_at_zero(slope), AT_KINKS, X, Y, loss=loss)
    assert verdicts(report) == {"W": "match", "b": "inconclusive", "v": "match"}, report
    assert reasons(report) == {"b": BETWEEN_SLOPES}
    assert report.witness is not None
    assert report.witness.side == "kink"


def test_the_slope_that_pytorch_takes_is_a_match() -> None:
    report = check_gradients(with_slope_at_zero(0.0), AT_KINKS, X, Y, loss=loss)
    assert report.verdict == "match", report
    assert "kink" in [note.kind for note in report.warnings]


def test_where_all_units_are_at_their_kinks_for_all_samples_nobody_is_accused() -> None:
    report = check_gradients(with_slope_at_zero(1.0), ALL_ZERO, X, Y, loss=loss)
    assert report.verdict == "inconclusive", report
    assert reasons(report)["W"] == reasons(report)["b"] == BETWEEN_SLOPES


@pytest.mark.untraced
@pytest.mark.parametrize("parameters", [AT_KINKS, ALL_ZERO])
def test_what_lies_beyond_the_slopes_of_a_kink_is_wrong(parameters: Any) -> None:
    report = check_gradients(with_slope_at_zero(3.0), parameters, X, Y, loss=loss)
    assert verdicts(report)["b"] == "mismatch", report


@pytest.mark.untraced
@pytest.mark.parametrize("name", ["W", "v"])
def test_what_no_kink_reaches_is_not_excused_by_one(name: str) -> None:
    """Rows of X that are zero put no kink into W; v has none at all."""
    mistaken = with_slope_at_zero(1.0, factor=1 + 1e-9, only=name)
    found = verdicts(check_gradients(mistaken, AT_KINKS, X, Y, loss=loss))
    assert found[name] == "mismatch"
    assert found["b"] == "inconclusive"


class AnotherRelu(Function):
    """Its slope at zero is 1, PyTorch's is 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        return upstream[0] * (ctx.saved_tensors[0] >= 0)


@pytest.mark.untraced
def test_an_operation_may_take_the_other_slope_of_a_kink() -> None:
    at_zero = torch.tensor([-1.0, 0.0, 2.0, 0.0])
    report = check_backward(AnotherRelu, torch.relu, at_zero)
    assert verdicts(report) == {"output": "match", "input_0": "inconclusive"}
    elsewhere = check_backward(AnotherRelu, torch.relu, torch.tensor([-1.0, 0.5, 2.0, 0.1]))
    assert elsewhere.verdict == "match"


SQUARE = RANDOM.normal(size=(4, 4))
DEFINITE = SQUARE @ SQUARE.T + np.eye(4)
SAMPLES = RANDOM.normal(size=(30, 4))


def likelihood(S: Tensor, X: Tensor) -> Tensor:
    """The negative log-likelihood of normal samples; only the lower triangle of S is read."""
    L = torch.linalg.cholesky(S)
    z = torch.linalg.solve_triangular(L, X.T, upper=False)
    return 0.5 * (z**2).sum() / len(X) + L.diagonal().log().sum()


def numpy_likelihood(S: A, X: A) -> float:
    L = np.linalg.cholesky(S)
    z = np.linalg.solve(L, X.T)
    return float(0.5 * (z**2).sum() / len(X) + np.log(np.diag(L)).sum())


def by_matrix_calculus(S: A, X: A) -> A:
    P = np.linalg.inv(S)
    return 0.5 * (P - P @ (X.T @ X / len(X)) @ P)


def lower_triangle(S: A, X: A) -> A:
    """The gradient of the likelihood by the entries of S that are read."""
    symmetric = by_matrix_calculus(S, X)
    return np.tril(symmetric) + np.tril(symmetric, -1)


@pytest.mark.untraced
@pytest.mark.parametrize("S", [DEFINITE, np.eye(4)])
@pytest.mark.parametrize("gradients", [by_matrix_calculus, lower_triangle])
@pytest.mark.parametrize("by", [likelihood, numpy_likelihood])
def test_either_gradient_by_a_symmetric_matrix_is_right(S: A, gradients: Any, by: Any) -> None:
    report = check_gradients(gradients, S, SAMPLES, loss=by)
    assert report.verdict != "mismatch", report
    if report.verdict == "inconclusive":
        assert reasons(report) == {"gradient": SYMMETRIC}


@pytest.mark.untraced
def test_a_wrong_gradient_by_a_symmetric_matrix_is_wrong() -> None:
    for wrong in (1 + 1e-9, -1, 2):
        report = check_gradients(
            lambda S, X, by=wrong: by * by_matrix_calculus(S, X), DEFINITE, SAMPLES, loss=likelihood
        )
        assert report.verdict == "mismatch"


def test_a_transposed_gradient_by_a_symmetric_matrix_cannot_be_told() -> None:
    """Along all directions that keep the matrix symmetric the two are the same."""

    def twisted(M: Tensor) -> Tensor:
        return (M * torch.as_tensor(SQUARE)).sum()

    def transposed(M: A) -> A:
        return SQUARE.T + 0 * M

    assert check_gradients(transposed, DEFINITE, loss=twisted).verdict == "inconclusive"
    assert check_gradients(transposed, SQUARE, loss=twisted).verdict == "mismatch"


def test_a_loss_that_checks_its_domain_has_no_kinks_to_look_for() -> None:
    """An exception that it raises at points nearby does not reach the caller."""

    def loss(p: Tensor, X: Tensor) -> Tensor:
        if abs(float(p.detach().sum()) - 1) > 1e-12:
            raise ValueError("weights need to sum to one")
        return (X @ p).pow(2).mean()

    def gradients(p: A, X: A, by: float = 1.0) -> A:
        return by * 2 * X.T @ (X @ p) / len(X)

    p = np.array([0.5, 0.3, 0.2])
    assert check_gradients(gradients, p, X, loss=loss).verdict == "match"
    report = check_gradients(lambda p, X: gradients(p, X, 1.1), p, X, loss=loss)
    assert report.verdict == "mismatch"


@pytest.mark.untraced
def test_within_rounding_of_a_kink_a_row_is_not_judged_by_the_others() -> None:
    """One unit at 5.6e-17: rounding alone decides its slope; its row may be either, or between."""
    x, W = np.array([[0.1, 0.2, 0.3]]), np.array([[1.0, 1, -1], [2, 1, 1], [1, 3, 1]])
    v = np.array([3.0, 1.0, 2.0])

    def loss(W: Tensor, X: Tensor) -> Tensor:
        return torch.relu(X @ W.T) @ torch.as_tensor(v)

    def gradients(W: A, X: A, by: float) -> A:
        found = ((X @ W.T > 0) * v).T @ X
        found[0] *= by
        return found

    for by, verdict in (
        (0.0, "inconclusive"),
        (1.0, "match"),
        (-0.5, "mismatch"),
        (1.5, "mismatch"),
    ):
        report = check_gradients(lambda W, X, by=by: gradients(W, X, by), W, x, loss=loss)
        assert report.verdict == verdict, by


@pytest.mark.untraced
def test_at_a_tie_another_choice_is_not_blamed_on_anybody() -> None:
    def largest_two(p: Tensor) -> Tensor:
        return (torch.topk(p, 2).values ** 2).sum()

    at = np.array([1.0, 1.0, 1.0, 0.5])
    for chosen in ([2.0, 2, 0, 0], [0.0, 2, 2, 0], [2.0, 0, 2, 0]):
        report = check_gradients(lambda p, g=chosen: np.array(g) * p, at, loss=largest_two)
        assert report.verdict != "mismatch", report
    report = check_gradients(lambda _p: np.array([2.0, 2, 0, 0]), at, loss=largest_two)
    assert report.verdict == "mismatch", "it is the same with other parameters"


BENT = np.array([0.0, 1.0])


def bent(b: Tensor) -> Tensor:
    return torch.relu(b).sum() + (b**2).sum()


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("slope", "verdict"),
    [(-2.0, "mismatch"), (-0.05, "mismatch"), (0.5, "inconclusive"), (1.05, "mismatch")],
)
def test_beyond_the_slopes_of_a_kink_begins_right_there(slope: float, verdict: str) -> None:
    report = check_gradients(lambda b: np.where(b == 0, slope, b > 0) + 2 * b, BENT, loss=bent)
    assert report.verdict == verdict


def test_one_entry_at_a_kink_does_not_excuse_the_next() -> None:
    report = check_gradients(
        lambda b: np.array([1.0, 2.2 * b[1]]), BENT, loss=lambda b: torch.relu(b[0]) + b[1] ** 2
    )
    assert report.verdict == "mismatch"


def test_symmetric_parts_that_differ_are_wrong_in_any_entry_and_by_little() -> None:
    def squares(S: Tensor) -> Tensor:
        return (S**2).sum()

    one_entry = np.zeros((4, 4))
    one_entry[0, 1] = 0.3
    for wrong in (lambda S: 2 * S + one_entry, lambda S: 2 * S * (1 + 1e-13)):
        assert check_gradients(wrong, DEFINITE, loss=squares).verdict == "mismatch"


def test_the_side_of_a_kink_that_pytorch_does_not_take_is_looked_at() -> None:
    """All samples meet the kink of abs, and the slope under test is that of the left side."""
    report = check_gradients(
        lambda w, X: X.T @ np.where(X @ w == 0, -1.0, np.sign(X @ w)),
        np.zeros(3),
        RANDOM.normal(size=(6, 3)),
        loss=lambda w, X: (X @ w).abs().sum(),
    )
    assert reasons(report) == {"gradient": BETWEEN_SLOPES}


def lies_between(hand: float, near: float, far: float, reference: float = 0.0) -> bool:
    """One entry whose slopes are those of the reference and another, with a tolerance of 1e-6."""
    entry = [np.array([value]) for value in (hand, reference, far, near)]
    block = Disagreement(entry[0], entry[1], np.array([1e-6]), np.array([True]))
    return bool(between_slopes(block, ([entry[2]], [entry[3]])).all())


def test_the_reference_is_one_of_the_slopes_of_a_kink() -> None:
    assert lies_between(0.5, near=1.0, far=1.0)
    assert not lies_between(1.5, near=1.0, far=1.0)
    assert not lies_between(-0.5, near=1.0, far=1.0)


def test_a_gradient_jumps_where_most_of_its_change_is_over_the_smaller_distance() -> None:
    assert lies_between(0.1, near=0.9 * JUMP + 0.1, far=1.0)
    assert not lies_between(0.1, near=0.9 * JUMP, far=1.0)
    assert not lies_between(0.1, near=0.3, far=1.0)


def test_a_jump_is_larger_than_rounding_makes() -> None:
    assert lies_between(0.0, near=1.2e-5, far=1.2e-5)
    assert not lies_between(0.0, near=5e-6, far=5e-6)


def test_beyond_a_jump_there_is_room_for_rounding_alone() -> None:
    assert lies_between(1 + 0.9e-3, near=1.0, far=1.0)
    assert not lies_between(1 + 1e-2, near=1.0, far=1.0)


def test_zeros_are_symmetric_by_accident() -> None:
    error, tolerance = np.array([[0.0, 1.0], [-1.0, 0.0]]), np.full((2, 2), 1e-9)
    assert agrees_in_symmetric_part(np.eye(2), error, tolerance)
    assert not agrees_in_symmetric_part(np.zeros((2, 2)), error, tolerance)


# ties


def largest(x: Tensor) -> Tensor:
    return torch.amax(x, 0)


def one_of(n: int, *places: int, value: float = 1.0) -> A:
    found = np.zeros(n)
    found[list(places)] = value
    return found


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gradient", [[1.0, 0, 0], [0, 1.0, 0], [0.3, 0.7, 0]])
@pytest.mark.parametrize("loss", [largest, Tensor.max])
def test_at_a_tie_of_two_any_choice_is_right(seed: int, gradient: Any, loss: Any) -> None:
    at = np.array([1.5, 1.5, -3.0])
    report = check_gradients(lambda _x: np.array(gradient), at, loss=loss, seed=seed)
    assert report.verdict != "mismatch", report


@pytest.mark.untraced
@pytest.mark.parametrize("wrong", [[2.0, 0, 0], [0, 0, 1.0], [-1.0, 0, 0], [0.5, 0.5, 1e-8]])
@pytest.mark.parametrize("loss", [largest, Tensor.max])
def test_at_a_tie_of_two_what_no_choice_gives_is_wrong(wrong: Any, loss: Any) -> None:
    at = np.array([1.5, 1.5, -3.0])
    report = check_gradients(lambda _x: np.array(wrong), at, loss=loss)
    assert report.verdict == "mismatch", report


def by_rank(x: Tensor) -> Tensor:
    return (torch.sort(x).values * torch.arange(len(x))).sum()


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        (largest, one_of(64, 40)),
        (lambda x: x.max(0).values, np.full(64, 1 / 64)),
        (lambda x: x.topk(2).values.sum(), one_of(64, 0, 63)),
        (by_rank, np.arange(64.0)[::-1]),
        (by_rank, np.full(64, 31.5)),
        (lambda x: torch.median(x, 0).values, one_of(64, 0)),
    ],
    ids=["one", "even", "two", "sorted", "mean rank", "median"],
)
def test_of_sixty_four_that_are_equal_any_is_right_and_twice_it_is_wrong(
    loss: Any, gradient: A
) -> None:
    at = np.full(64, 0.7)
    for seed in range(2):
        report = check_gradients(lambda _x: gradient, at, loss=loss, seed=seed)
        assert report.verdict == "inconclusive", report
        assert reasons(report) == {"gradient": BETWEEN_SLOPES}
    report = check_gradients(lambda _x: -gradient, at, loss=loss)
    assert report.verdict == "mismatch"


@pytest.mark.untraced
@pytest.mark.parametrize("error", [0.0, 1e-9])
def test_a_tie_does_not_excuse_a_mistake_beside_it(error: float) -> None:
    def loss(x: Tensor) -> Tensor:
        return torch.amax(x[:5], 0) + (x[5:] ** 2).sum()

    at = np.array([1.0, 1, 1, 1, 0.2, 0.3, 0.7])
    report = check_gradients(
        lambda x: np.r_[one_of(5, 2), 2 * x[5:] * np.array([1 + error, 1])], at, loss=loss
    )
    assert report.verdict == ("mismatch" if error else "inconclusive"), report


IMAGE = np.maximum(RANDOM.normal(size=(8, 8)), 0)
IMAGE[:4, :4] = 0
WEIGHTS = RANDOM.normal(size=(4, 4))


def pooled(x: Tensor, weights: Tensor) -> Tensor:
    return (torch.nn.functional.max_pool2d(x[None], 2)[0] * weights).sum()


def through_the_last(x: A, weights: A) -> A:
    return through_maxima(x, weights, lambda is_largest: np.cumsum(is_largest) == is_largest.sum())


def evenly(x: A, weights: A) -> A:
    return through_maxima(x, weights, lambda is_largest: 1 / is_largest.sum())


def through_maxima(x: A, weights: A, part: Any) -> A:
    windows = x.reshape(4, 2, 4, 2).transpose(0, 2, 1, 3).reshape(4, 4, 4)
    found = np.zeros_like(windows)
    for i, j in np.ndindex(4, 4):
        is_largest = windows[i, j] == windows[i, j].max()
        found[i, j] = weights[i, j] * is_largest * part(is_largest)
    return found.reshape(4, 4, 2, 2).transpose(0, 2, 1, 3).reshape(8, 8)


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("gradients", [through_the_last, evenly])
def test_max_pooling_may_choose_any_of_equal_entries(gradients: Any, dtype: str) -> None:
    image, weights = IMAGE.astype(dtype), WEIGHTS.astype(dtype)
    report = check_gradients(
        lambda x, w: gradients(x, w).astype(dtype), image, weights, loss=pooled
    )
    assert reasons(report) == {"gradient": BETWEEN_SLOPES}, report


def test_max_pooling_that_is_wrong_in_one_window_is_wrong() -> None:
    def gradients(x: A, weights: A) -> A:
        found = through_the_last(x, weights)
        found[6:, 6:] *= 1 + 1e-6
        return found

    assert check_gradients(gradients, IMAGE, WEIGHTS, loss=pooled).verdict == "mismatch"


@pytest.mark.untraced
def test_differences_of_equal_entries_have_any_slope_between() -> None:
    """So have those of several arrays at once, and of two convex functions."""

    def apart(p: Any) -> Tensor:
        return (p["x"] - p["y"]).abs().sum() - p["y"].abs().sum()

    def gradients(p: Any, at_zero: float = 0.75, factor: float = 1.0) -> Any:
        sign, of_y = np.sign(p["x"] - p["y"]), np.sign(p["y"])
        sign[sign == 0] = at_zero
        of_y[of_y == 0] = -at_zero
        return {"x": factor * sign, "y": -sign - of_y}

    at = {"x": np.array([1.0, 2.0, 0.0, -3.0]), "y": np.array([1.0, 2.5, 0.0, -3.0])}
    report = check_gradients(gradients, at, loss=apart)
    assert set(verdicts(report).values()) == {"inconclusive"}, report
    report = check_gradients(lambda p: gradients(p, factor=1.01), at, loss=apart)
    assert verdicts(report)["x"] == "mismatch"
    report = check_gradients(lambda p: {"x": gradients(p)["x"]}, at, loss=apart)
    assert verdicts(report) == {"x": "inconclusive", "y": "mismatch"}


def test_what_is_smooth_is_moved_a_few_times_only() -> None:
    moves: list[int] = []

    class Counted(Kinks):
        def _evaluated(self, move: Any, distance: float) -> Any:
            moves.append(1)
            return super()._evaluated(move, distance)

    trial = trial_of(lambda x: 2.1 * x, np.arange(1.0, 5.0), (), lambda x: (x**2).sum())
    hand, right = 2.1 * np.arange(1.0, 5.0), 2 * np.arange(1.0, 5.0)
    block = Disagreement(hand, right, 1e-15 * right, right > 0)
    assert not Counted(trial, trial.call().answer).between((), block)
    assert len(moves) == 2
