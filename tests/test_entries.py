"""The gradient of a NumPy loss entry by entry: bounds, kinks, scales, and right answers that round.

Each with a wrong gradient of the same kind.
"""

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import hilbert

from autograd_ref import check_gradients
from autograd_ref.reference.differences.stencil import sides
from autograd_ref.report.report import Report

A = NDArray[Any]
Loss = Callable[[A], Any]
Gradient = Callable[[A], A]
RANDOM = np.random.default_rng(0)


def checked(gradients: Gradient, at: A, loss: Loss) -> Report:
    """With a loss that takes arrays only."""

    def in_numpy(w: A) -> Any:
        if isinstance(w, torch.Tensor):
            raise TypeError("arrays only")
        return loss(w)

    return check_gradients(gradients, at, loss=in_numpy)


def off(gradients: Gradient, place: tuple[int, ...], by: float) -> Gradient:
    """The gradient with one entry off by a relative error."""

    def wrong(w: A) -> A:
        found = np.array(gradients(w))
        found[place] *= 1 + by
        return found

    return wrong


class Bounded(NamedTuple):
    """A loss that ends at a bound, and its gradient on the bound."""

    loss: Loss
    gradients: Gradient
    at: A


def in_the_box(w: A) -> Any:
    return (w**3).sum() + w[0] * w[1]


def gradients_in_the_box(w: A) -> A:
    return 3 * w**2 + np.array([w[1], w[0], 0.0, 0.0])


def raising(w: A) -> Any:
    if (w < 0).any() or (w > 1).any():
        raise ValueError("outside the box")
    return in_the_box(w)


def infinite(w: A) -> Any:
    return in_the_box(w) if (w >= 0).all() and (w <= 1).all() else math.inf


def log_of_the_rest(w: A) -> float:
    return math.log1p(-w[0]) + float(w[1] ** 2) if w[0] >= 0 else 1 / 0


CORNER = np.array([0.0, 0.5, 1.0, 0.3])
BOUNDED = {
    "raises outside": Bounded(raising, gradients_in_the_box, CORNER),
    "infinite outside": Bounded(infinite, gradients_in_the_box, CORNER),
    "raises below, by Python's numbers": Bounded(
        log_of_the_rest, lambda w: np.array([-1 / (1 - w[0]), 2 * w[1]]), np.array([0.0, 2.0])
    ),
    "one number, nan below": Bounded(
        lambda p: 5 * np.log1p(-p[0]) if p[0] >= 0 else np.nan,
        lambda p: -5 / (1 - p),
        np.zeros(1),
    ),
    "a root of what is left": Bounded(
        lambda w: np.sqrt(1 - w[0]) ** 4 + w[1] ** 2,
        lambda w: np.array([-2 * (1 - w[0]), 2 * w[1]]),
        np.array([0.25, 2.0]),
    ),
}


@pytest.mark.traced("raises outside", "raises below, by Python's numbers")
@pytest.mark.parametrize("name", BOUNDED)
def test_at_a_bound_the_derivative_is_that_of_the_inner_side(name: str) -> None:
    loss, gradients, at = BOUNDED[name]
    right = checked(gradients, at, loss)
    assert right.verdict == "match", right
    assert (right.blocks[0].resolution or 1) < 1e-9
    for place in range(at.size):
        wrong = checked(off(gradients, (place,), 1e-6), at, loss)
        assert wrong.verdict == "mismatch", (place, wrong)


def test_where_the_derivative_is_infinite_nothing_is_said_of_it_and_others_are_judged() -> None:
    at = np.array([0.0, 2.0])
    for of_the_other, verdict in ((2.0, "inconclusive"), (3.0, "mismatch")):
        report = checked(
            lambda w, by=of_the_other: np.array([np.inf, by * w[1]]),
            at,
            lambda w: np.sqrt(w[0]) + w[1] ** 2,
        )
        assert report.verdict == verdict, report


def total_variation(image: A) -> Any:
    return np.abs(np.diff(image, axis=0)).sum() + np.abs(np.diff(image, axis=1)).sum()


def gradient_of_total_variation(image: A) -> A:
    found = np.zeros_like(image)
    down, right = np.sign(np.diff(image, axis=0)), np.sign(np.diff(image, axis=1))
    found[1:] += down
    found[:-1] -= down
    found[:, 1:] += right
    found[:, :-1] -= right
    return found


@pytest.mark.untraced
@pytest.mark.parametrize("seed", [0, 3])
def test_a_loss_that_is_constant_nearby_is_not_one_of_few_digits(seed: int) -> None:
    image = np.random.default_rng(seed).random((6, 6))
    right = checked(gradient_of_total_variation, image, total_variation)
    assert right.verdict == "match", right
    wrong = checked(
        lambda x: gradient_of_total_variation(x) + (x == image[2, 3]), image, total_variation
    )
    assert wrong.verdict == "mismatch"
    hinge = checked(
        lambda w: (w > 0) * 1.0, RANDOM.normal(size=9), lambda w: np.maximum(w, 0).sum()
    )
    assert hinge.verdict == "match"


def test_a_smooth_minimum_is_no_kink() -> None:
    centre = np.array([1.0, -2.0, 3.0])
    report = checked(lambda w: 2 * (w - centre), centre, lambda w: ((w - centre) ** 2).sum())
    assert "kink" not in {note.kind for note in report.warnings}
    assert report.verdict != "mismatch"
    bent = checked(lambda w: np.sign(w - centre), centre, lambda w: np.abs(w - centre).sum())
    assert "kink" in {note.kind for note in bent.warnings}


SCALES = 10.0 ** np.arange(-8, 9)
SCALED: dict[str, tuple[Loss, Gradient]] = {
    "squares": (lambda w: ((w / SCALES) ** 2).sum(), lambda w: 2 * w / SCALES**2),
    "cosines": (lambda w: np.cos(w / SCALES).sum(), lambda w: -np.sin(w / SCALES) / SCALES),
    "logarithms": (lambda w: (np.log(w) ** 2).sum(), lambda w: 2 * np.log(w) / w),
    "coupled": (
        lambda w: np.exp((w / SCALES).mean()) + ((w / SCALES) ** 3).sum(),
        lambda w: (np.exp((w / SCALES).mean()) / 17 + 3 * (w / SCALES) ** 2) / SCALES,
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("name", SCALED)
def test_every_entry_is_resolved_in_units_of_its_own(name: str) -> None:
    loss, gradients = SCALED[name]
    at = np.random.default_rng(3).uniform(0.5, 1.5, 17) * SCALES
    assert checked(gradients, at, loss).verdict == "match"
    for place in (0, 8, 16):
        assert checked(off(gradients, (place,), 1e-6), at, loss).verdict == "mismatch", place


def test_an_entry_that_cannot_be_resolved_is_named() -> None:
    """Its square is 1e-16 in a loss of 1e16."""
    at = np.random.default_rng(3).uniform(0.5, 1.5, 17) * SCALES
    report = checked(lambda w: 2 * w, at, lambda w: (w**2).sum())
    assert report.verdict == "match"
    (note,) = [note for note in report.warnings if note.kind == "small entries"]
    assert re.search(r"that of parameters\[\d\] is known to 0\.\d+ of itself only", note.text)


FAR_APART = np.array([1e8, 1e-8, 1.0, 1e-9])


@pytest.mark.parametrize("factor", [1.0, 1 + 1e-6, 2.0, -1.0])
def test_an_entry_that_cannot_be_told_from_zero_is_named(factor: float) -> None:
    """Beside a loss of 1e8 the last entries change no digit of it, whatever their derivatives."""
    at = np.array([1.3, 0.7, -0.4, 0.2])
    factors = np.array([1.0, factor, 1.0, factor])
    report = checked(
        lambda w: 2 * FAR_APART * w * factors, at, lambda w: float((FAR_APART * w**2).sum())
    )
    assert report.verdict == "match"
    (note,) = [note for note in report.warnings if note.kind == "small entries"]
    assert "that of parameters[2] is known to" in note.text
    named = (
        r"Beside a loss of 1\.69e\+08, that by parameters\[1\] \(up to \d.* passes, and 1 more of"
    )
    assert re.search(named, note.text), note.text


def test_entries_of_two_blocks_that_cannot_be_told_from_zero_are_named() -> None:
    at = {"a": np.array([1.3, 0.7]), "b": np.array([0.4, 0.5])}

    def gradients(p: Any) -> Any:
        return {key: 2 * FAR_APART[:2] * value for key, value in p.items()}

    report = check_gradients(
        gradients, at, loss=lambda p: sum(float((FAR_APART[:2] * v**2).sum()) for v in p.values())
    )
    (note,) = [note for note in report.warnings if note.kind == "small entries"]
    assert re.search(r"those by a\[1\] .* and b\[1\] .* cannot be told from zero", note.text)


def test_an_entry_that_is_said_to_be_zero_is_not_named() -> None:
    at = np.array([1.3, 0.7, -0.4])
    report = checked(lambda w: np.maximum(2 * w, 0), at, lambda w: float(np.maximum(w, 0) @ w))
    assert report.passed
    assert not report.warnings


LOGITS = np.array([-18.7, 9.1, 12.6, 0.8, -10.8, 22.7])


def softmax(z: A) -> A:
    e = np.exp(z - z.max())
    return e / e.sum()


def entropy(z: A) -> Any:
    p = softmax(z)
    return -(p * np.log(p)).sum()


def gradient_of_entropy(z: A) -> A:
    p = softmax(z)
    return -p * (np.log(p) + -(p * np.log(p)).sum())


@pytest.mark.untraced
def test_a_right_gradient_that_loses_digits_is_never_a_mismatch() -> None:
    points = [LOGITS, *(12 * np.random.default_rng(seed).normal(size=6) for seed in range(4))]
    found = 0
    for z in points:
        right = checked(gradient_of_entropy, z, entropy)
        assert right.verdict != "mismatch", right
        largest = (int(np.argmax(np.abs(gradient_of_entropy(z)))),)
        for by in (1e-9, 1e-3):
            if 10 * (right.blocks[0].resolution or 1) < by:
                wrong = checked(off(gradient_of_entropy, largest, by), z, entropy)
                assert wrong.verdict == "mismatch", (z, by)
                found += 1
    assert found >= 5


@pytest.mark.untraced
@pytest.mark.parametrize("size", [5, 8, 10])
def test_a_matrix_near_a_singular_one_is_no_fault_of_the_gradient(size: int) -> None:
    """From 7 rows on, how a machine factorises tells whether the slopes are known."""
    report = checked(lambda m: np.linalg.inv(m).T, hilbert(size), lambda m: np.linalg.slogdet(m)[1])
    verdicts = {5: {"match"}, 8: {"match", "inconclusive"}, 10: {"inconclusive"}}
    assert report.verdict in verdicts[size], report
    if size < 8:
        wrong = checked(
            lambda m: np.linalg.inv(m).T * (1 + 1e-5),
            hilbert(size),
            lambda m: np.linalg.slogdet(m)[1],
        )
        assert wrong.verdict == "mismatch"


def test_a_small_kink_is_looked_for_before_anybody_is_accused() -> None:
    """A penalty of 1e-9: few steps do not see it, and the gradient is one of the two slopes."""
    at = np.array([0.0, 1.0, 2.0])

    def loss(w: A) -> Any:
        return ((w - 1) ** 4).sum() + 1e-9 * np.abs(w).sum()

    def gradients(w: A, at_zero: float) -> A:
        return 4 * (w - 1) ** 3 + 1e-9 * np.where(w == 0, at_zero, np.sign(w))

    for at_zero, wrong in ((1.0, False), (-1.0, False), (0.0, False), (5.0, True)):
        report = checked(lambda w, by=at_zero: gradients(w, by), at, loss)
        assert (report.verdict == "mismatch") == wrong, report
    alone = checked(lambda w: 4 * (w - 1) ** 3 + 1e-9, at[:1], loss)
    assert alone.verdict != "mismatch"


@pytest.mark.parametrize("digits", [5, 8])
def test_values_of_few_digits_accuse_nobody_and_let_nothing_gross_pass(digits: int) -> None:
    at = np.array([1.3, -0.7, 0.4])

    def loss(w: A) -> float:
        return round(float((w**2).sum()), digits)

    assert checked(lambda w: 2 * w, at, loss).verdict != "mismatch"
    assert checked(lambda w: 3 * w, at, loss).verdict == "mismatch"


def test_few_steps_see_all_sides_of_a_function_at_once() -> None:
    def bent(t: float) -> float:
        return 3 * abs(t) + t + t**2

    found = sides(bent, 0.1, 0.0)
    assert found.before.value == pytest.approx(-2)
    assert found.after.value == pytest.approx(4)
    assert found.jump == pytest.approx(6)
    assert abs(found.slope.value - 1) <= found.slope.accuracy == pytest.approx(3)
    smooth = sides(math.exp, 0.1, 1e-16)
    assert smooth.jump == 0
    assert abs(smooth.slope.value - 1) <= smooth.slope.accuracy < 1e-12
    assert smooth.curvature == pytest.approx(1, rel=1e-3)


def test_where_a_function_is_defined_at_one_point_only_nothing_is_claimed() -> None:
    alone = sides(lambda t: 1.0 if t == 0 else math.nan, 0.1, 0.0)
    assert alone.slope.accuracy == alone.curvature == math.inf
