"""Levels of tolerance, and whether an error is systematic or rounding noise."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import check_gradients
from autograd_ref.report.report import Report
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients
from tests.undiagnosed import undiagnosed

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 3))
W = np.array([1.0, -2.0, 0.5])
NEARLY = X @ W + 1e-3 * RANDOM.normal(size=50)
"""Targets that w nearly meets: the gradient is small, and its terms are not."""


def loss(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
    return 0.5 * ((X @ w - y) ** 2).sum()


def by_the_residual(w: A, X: A, y: A) -> A:
    return X.T @ (X @ w - y)


def float64_only(w: A) -> None:
    """Refuse wider formats, as LAPACK does: then these cannot tell rounding from a mistake."""
    if w.dtype != np.float64:
        raise TypeError("array type float128 is unsupported in linalg")


def through_something_large(w: A, X: A, y: A) -> A:
    """Rightly derived, but digits are lost on the way."""
    float64_only(w)
    large = 1e5 * w
    return (by_the_residual(w, X, y) + large) - large


def check(gradients: Any, y: A = NEARLY) -> Report:
    return check_gradients(gradients, W, X, y, loss=loss)


class Nearby:
    """Digits are lost, and the result is changed at points that are not W and not far from it."""

    def __init__(self, change: Any) -> None:
        self.change = change

    def __call__(self, w: A, X: A, y: A) -> Any:
        found = through_something_large(w, X, y)
        here = np.array_equal(w, W)
        return found if here or np.abs(w - W).max() > 1e-6 else self.change(found)


def test_an_error_that_scatters_is_rounding_and_said_to_lose_digits() -> None:
    report = check(through_something_large)
    assert report.verdict == "match", report
    assert "digits lost" in [note.kind for note in report.warnings]
    assert 1e-11 < (report.blocks[0].resolution or 0) < 1e-2
    stable = check(by_the_residual)
    assert stable.verdict == "match"
    assert (stable.blocks[0].resolution or 1) < (report.blocks[0].resolution or 0) / 10


@pytest.mark.untraced
def test_an_error_of_the_same_size_that_stays_is_a_mistake() -> None:
    size = np.abs(through_something_large(W, X, NEARLY) - by_the_residual(W, X, NEARLY)).max()
    assert 1e-13 < size < 1e-9
    report = check(lambda w, X, y: by_the_residual(w, X, y) + size * np.array([1.0, 0.5, -1.0]))
    assert report.verdict == "mismatch"
    assert not [note for note in report.warnings if note.kind == "digits lost"]


@pytest.mark.untraced
@pytest.mark.parametrize("large", [1e3, 1e5, 1e7])
def test_what_rounds_to_multiples_of_something_large_is_asked_about_far_enough_away(
    large: float,
) -> None:
    """Nearer, all points round to the same multiple, and the error looks systematic."""

    def gradients(w: A, X: A, y: A) -> A:
        float64_only(w)
        return (by_the_residual(w, X, y) + large * w) - large * w

    for seed in range(3):
        random = np.random.default_rng(seed)
        y = random.normal(size=50)
        at = random.normal(size=3)
        assert check_gradients(gradients, at, X, y, loss=loss).verdict == "match"
        for wrong in (1 + 1e-11, 1 + 1e-8, 1.1):
            report = undiagnosed(
                lambda w, X, y, by=wrong: by * by_the_residual(w, X, y), at, X, y, loss=loss
            )
            assert report.verdict == "mismatch", report


@pytest.mark.untraced
def test_where_a_gradient_is_so_small_that_it_moves_by_more_than_itself_nothing_is_noise() -> None:
    """Near a minimum a factor of two would scatter as the gradient does."""
    y = X @ (W + 1e-13)
    report = check(lambda w, X, y: 2 * by_the_residual(w, X, y) + 1e-12, y)
    assert report.verdict == "mismatch"


def raising(_found: A) -> A:
    raise ZeroDivisionError("mine")


@pytest.mark.untraced
@pytest.mark.parametrize(
    "change", [raising, lambda found: found[:2], lambda _found: None, lambda found: found * np.nan]
)
def test_what_cannot_be_asked_nearby_is_judged_as_it_stands(change: Any) -> None:
    """And nobody sees an exception from a call that they did not ask for."""
    report = check(Nearby(change))
    assert report.verdict == "mismatch"
    assert "times its tolerance" in report.blocks[0].reason


@pytest.mark.untraced
def test_a_gradient_drawn_at_random_is_not_taken_for_rounding() -> None:
    random = np.random.default_rng(0)

    def noisy(w: A, X: A, y: A) -> A:
        return by_the_residual(w, X, y) * random.normal(1, 0.01, 3)

    report = check(noisy, X @ W + RANDOM.normal(size=50))
    assert report.verdict == "mismatch"
    assert [note.kind for note in report.findings] == ["changes from call to call"]


def test_the_loss_may_lose_digits_too() -> None:
    """The square of a difference, multiplied out."""

    def multiplied_out(w: A, X: A, y: A) -> tuple[float, A]:
        p = X @ w
        return float(0.5 * (p @ p - 2 * p @ y + y @ y)), by_the_residual(w, X, y)

    y = X @ W + 1e-2 * RANDOM.normal(size=50)
    report = check_gradients(multiplied_out, W, X, y, loss=loss)
    assert report.loss is not None
    assert report.loss.verdict == "match", report
    assert report.warnings[0].text.startswith("loss is right, but loses digits: loss is")


def test_targets_that_have_to_sum_to_one_are_not_moved() -> None:
    """So that textbook formulas are excused for one-hot rows as they are for labels."""
    from autograd_ref.selftest.correct import by_the_textbook
    from manual_backprop import NetworkShape, initialize

    parameters = initialize(NetworkShape(3, 4, 2), seed=0, std=0.5)
    parameters = parameters._replace(b0=parameters.b0 - 31)
    features, labels = RANDOM.normal(size=(6, 3)), np.array([0, 1, 1, 0, 1, 0])
    for Y in (labels, np.eye(2)[labels]):
        report = check_gradients(by_the_textbook, parameters, features, Y)
        assert report.verdict != "mismatch", report


@pytest.mark.untraced
@pytest.mark.parametrize("step", [1e-9, 1e-11])
def test_a_gradient_that_is_half_noise_is_no_match(step: float) -> None:
    """Differences of losses: right on average, and every time something else."""

    def differences(w: A, X: A, y: A) -> A:
        def value(v: A) -> float:
            return 0.5 * ((X @ v - y) ** 2).sum()

        return np.array([(value(w + step * e) - value(w)) / step for e in np.eye(3)])

    report = check(differences, X @ W + RANDOM.normal(size=50))
    assert report.verdict == "inconclusive", report
    assert "more than half of its digits are lost" in report.blocks[0].reason
    (note,) = report.warnings
    assert note.text.startswith("gradient seems to have lost too many digits: gradient[")


@pytest.mark.untraced
@pytest.mark.parametrize(("spreads", "verdict"), [(0.0, "match"), (3.5, "mismatch")])
def test_an_error_that_is_mostly_the_same_from_point_to_point_is_a_mistake(
    spreads: float, verdict: str
) -> None:
    """Noise of 1e-9 is forgiven; with a mean of 3.5 of its standard deviations it is not noise."""

    def gradients(w: A, X: A, y: A) -> A:
        noise = np.random.default_rng(np.abs(w.view(np.int64)) % 2**31).normal(size=3)
        return by_the_residual(w, X, y) * (1 + 1e-9 * (noise + spreads))

    assert check(gradients, X @ W + RANDOM.normal(size=50)).verdict == verdict


@pytest.mark.untraced
def test_what_is_not_defined_nearby_is_no_noise() -> None:
    """Fewer points than asked for say nothing."""

    def gradients(w: A, X: A, y: A) -> A:
        float64_only(w)
        if not np.array_equal(w, W) and np.abs(w - W).max() < 1e-6:
            raise ValueError("not here")
        return through_something_large(w, X, y)

    assert check(gradients).verdict == "mismatch"


@pytest.mark.untraced
@pytest.mark.parametrize("name", ["w", "loss", "(loss)", "parameters", "gradient", "()"])
def test_a_parameter_may_have_any_name(name: str) -> None:
    """Digits are lost; a value of its own is returned; one array alone is not a dict of one."""

    def of(p: Any, X: Any, y: Any) -> Any:
        return loss(p[name], X, y)

    def by_hand(p: Any, X: A, y: A) -> Any:
        return 0.5 * ((X @ p[name] - y) ** 2).sum(), {name: through_something_large(p[name], X, y)}

    report = check_gradients(by_hand, {name: W}, X, NEARLY, loss=of)
    assert report.verdict == "match", report
    assert [block.verdict for block in report.blocks] == ["match"]
    assert report.loss is not None
    assert "digits lost" in [note.kind for note in report.warnings]

    def alone(p: Any, X: A, y: A) -> A:
        return by_the_residual(p[name], X, y)

    missing = check_gradients(alone, {name: W}, X, NEARLY, loss=of)
    assert missing.blocks[0].reason == "is missing: gradients returned one ndarray"


@pytest.mark.untraced
def test_a_wrong_loss_and_a_parameter_called_loss_are_told_apart() -> None:
    def of(p: Any, X: Any, y: Any) -> Any:
        return loss(p["loss"], X, y)

    def by_hand(p: Any, X: A, y: A) -> Any:
        return ((X @ p["loss"] - y) ** 2).sum(), {"loss": by_the_residual(p["loss"], X, y)}

    report = check_gradients(by_hand, {"loss": W}, X, NEARLY, loss=of)
    assert report.loss is not None
    assert (report.loss.verdict, report.blocks[0].verdict) == ("mismatch", "match")
    wrong = check_gradients(
        lambda p, X, y: {"loss": 2 * by_the_residual(p["loss"], X, y)}, {"loss": W}, X, Y, loss=of
    )
    assert [cause.blocks for cause in wrong.causes] == [("loss",)]


Y = X @ W + 1.0


def test_too_few_points_nearby_are_no_noise() -> None:
    """The first of them look like noise; then the function is not defined."""
    nearby: list[int] = []

    def gradients(w: A, X: A, y: A) -> A:
        float64_only(w)
        if not np.array_equal(w, W) and np.abs(w - W).max() < 1e-6:
            nearby.append(1)
            if len(nearby) > 6:
                raise ValueError("not here")
        return through_something_large(w, X, y)

    assert check(gradients).verdict == "mismatch"
    assert len(nearby) == 7


def is_nearby(w: A) -> bool:
    return not np.array_equal(w, W) and bool(np.abs(w - W).max() < 1e-6)


def test_three_errors_that_are_alike_by_accident_are_noise_among_fifteen() -> None:
    alike = [1.0, 1.05, 1.1]
    asked_how_far = 1.0
    off = iter(
        [
            asked_how_far,
            *alike,
            *[-1.0, 0.6, -1.2, 0.9, -0.8, -1.1, 0.7, -0.9, 1.0, -0.6, 0.5, -1.2],
        ]
    )

    def gradients(w: A, X: A, y: A) -> A:
        by = 1.0 if np.array_equal(w, W) else next(off) if is_nearby(w) else 0.0
        return by_the_residual(w, X, y) * (1 + 1e-9 * by)

    assert check(gradients, Y).verdict == "match"


@pytest.mark.untraced
@pytest.mark.parametrize(("spreads", "verdict"), [(4.0, "match"), (12.0, "mismatch")])
def test_noise_explains_six_of_its_standard_deviations(spreads: float, verdict: str) -> None:
    """At the point itself the error is larger than at all points nearby."""

    def gradients(w: A, X: A, y: A) -> A:
        noise = np.random.default_rng(np.abs(w.view(np.int64)) % 2**31).normal(size=3)
        by = spreads if np.array_equal(w, W) else noise
        return by_the_residual(w, X, y) * (1 + 1e-9 * by)

    assert check(gradients, Y).verdict == verdict


def drawn_for_each_cell(w: A, at: A, size: float) -> A:
    """Normal numbers that are the same all over a cell; `at` is the centre of one."""
    cell = np.round((w / at - 1) / size).astype(np.int64) + 1_000_000
    return np.random.default_rng(cell).normal(size=w.shape)


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("cell", "verdict"), [(3e-14, "match"), (1e-11, "match"), (3e-9, "mismatch")]
)
def test_an_error_that_is_the_same_as_far_as_one_looks_is_a_mistake(
    cell: float, verdict: str
) -> None:
    def gradients(w: A, X: A, y: A) -> A:
        return by_the_residual(w, X, y) * (1 + 1e-9 * drawn_for_each_cell(w, W, cell))

    assert check(gradients, Y).verdict == verdict


@pytest.mark.parametrize("soft", [True, False])
def test_noise_is_asked_about_where_targets_have_to_sum_to_one(*, soft: bool) -> None:
    """Rows that were moved would be refused: they stay, and the parameters move."""
    p = initialize(NetworkShape(3, 4, 2), seed=0, std=0.5)
    features, labels = RANDOM.normal(size=(6, 3)), np.array([0, 1, 1, 0, 1, 0])

    def noisy(p: Parameters, X: A, Y: A) -> Parameters:
        random = np.random.default_rng(np.abs(p.W0.view(np.int64)).ravel() % 2**31)
        found = loss_and_gradients(p, X, Y)[1]
        return Parameters(*(g * (1 + 1e-9 * random.normal(size=g.shape)) for g in found))

    rows = np.eye(2)[labels] * 0.5 + 0.25
    report = check_gradients(noisy, p, features, rows if soft else labels)
    assert report.verdict == "match", report
    assert "digits lost" in [note.kind for note in report.warnings]


def test_at_points_nearby_ties_and_whole_numbers_stay() -> None:
    seen: list[tuple[A, ...]] = []

    def gradients(p: Any, X: A, times: A, labels: A) -> Any:
        seen.append((p["w"], p["v"], times, labels))
        return {"w": through_something_large(p["w"], X, NEARLY), "v": 2 * p["v"]}

    times = np.array([0.5, 1.25, 0.5, -0.5])
    at = {"w": W, "v": np.array([1.25, 0.25, 1.25])}
    report = check_gradients(
        gradients,
        at,
        X,
        times,
        np.array([0.0, 1.0, 3.0]),
        loss=lambda p, X, *_data: (
            0.5 * ((X @ p["w"] - X.new_tensor(NEARLY)) ** 2).sum() + (p["v"] ** 2).sum()
        ),
    )
    assert report.verdict == "match", report
    nearby = [one for one in seen if 0 < np.abs(one[0] - W).max() < 1e-8]
    assert nearby, "the error was not asked to scatter"
    for _w, v, moved, labels in nearby:
        assert moved[0] == moved[2] == -moved[3] != times[0]
        assert v[0] == v[2] == moved[1] != 1.25
        assert labels.tolist() == [0, 1, 3]


ON = np.random.default_rng(3)
PROBABILITIES = ON.dirichlet(np.ones(4), size=6)
DIRECTIONS = ON.normal(size=(6, 3))
DIRECTIONS /= np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
ROTATION = np.linalg.qr(ON.normal(size=(4, 4)))[0]


def softmax_of(z: Any) -> Any:
    shifted = np.exp(z - z.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("data", "loss", "gradient", "at"),
    [
        (
            ROTATION,
            lambda x, Q: ((torch.linalg.inv(Q) @ x) ** 3).sum(),
            lambda x, Q: 3 * Q @ (Q.T @ x) ** 2,
            ON.normal(size=4),
        ),
        (
            PROBABILITIES,
            lambda z, Y: -(Y * torch.log_softmax(z, 1)).sum(),
            lambda z, Y: softmax_of(z) - Y,
            ON.normal(size=(6, 4)),
        ),
        (
            DIRECTIONS,
            lambda x, D: ((D * x).sum(1) ** 2 / (D * D).sum(1)).sum(),
            lambda x, D: 2 * D.T @ (D @ x),
            ON.normal(size=3),
        ),
    ],
)
@pytest.mark.parametrize("wrong", [0, 1e-9, 1e-6])
def test_a_formula_that_rests_on_what_the_data_are_is_no_noise(
    data: Any, loss: Any, gradient: Any, at: Any, wrong: float
) -> None:
    """Off a rotation its transpose is not its inverse, by another amount at every point."""
    factor = np.ones(at.shape)
    factor.flat[1] += wrong
    report = check_gradients(lambda x, D: gradient(x, D) * factor, at, data, loss=loss)
    assert report.verdict == ("mismatch" if wrong else "match"), report
    assert "digits lost" not in [note.kind for note in report.warnings]
