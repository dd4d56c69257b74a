"""Rounding noise of an answer by itself, and agreement along one direction."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.calls.trial import Options, Trial
from autograd_ref.independent.answer_noise import AnswerNoise
from autograd_ref.independent.one_direction import agrees_along
from autograd_ref.reference.numpy_loss import numpy_loss
from autograd_ref.tree.nest import ROOT
from autograd_ref.tree.point import Point

A = NDArray[Any]
AT = np.random.default_rng(0).uniform(0.5, 1.5, 5)
REFERENCE = numpy_loss(lambda w, *_data: (w**2).sum())


def trial_at(gradients: Any, at: A = AT, *data: Any, seed: int = 0) -> Trial:
    point = Point(at, data)
    return Trial(gradients, REFERENCE, point, REFERENCE.evaluate(point), Options(seed))


def scatter(gradients: Any, at: A = AT, *data: Any) -> A | None:
    """The scatter of the gradient, along lines through a point."""
    return AnswerNoise(trial_at(gradients, at, *data)).scatter(ROOT)


def test_smooth_mistakes_do_not_scatter_and_rounding_does() -> None:
    exact = scatter(lambda w: 2 * w)
    wrong = scatter(lambda w: 3 * w**3 + np.exp(w) + 1e-9)
    rounded = scatter(lambda w: (2 * w + 1e6) - 1e6)
    assert exact is not None
    assert wrong is not None
    assert rounded is not None
    assert (exact < 1e-20).all()  # the places are whole numbers of units away
    assert (wrong < 1e-14).all()
    assert (rounded > 1e-11).all()
    assert (rounded < 2e-10).all()


def test_rounding_to_units_of_one_shows_on_the_longer_line() -> None:
    far_out = np.full(3, -20.0)
    found = scatter(lambda z: 1 - 1 / (1 + np.exp(z)), far_out)
    assert found is not None
    assert (found > 1e-18).all()


def test_data_move_as_well_unless_they_are_refused() -> None:
    X = np.random.default_rng(1).uniform(1, 2, 5)

    def picky(w: A, given: A, _name: str) -> A:
        if not np.array_equal(given, X):
            raise ValueError("other data")
        return 2 * w + ((given + 1e6) - 1e6)

    moving = scatter(lambda w, given, _name: 2 * w + ((given + 1e6) - 1e6), AT, X, "a name")
    still = scatter(picky, AT, X, "a name")
    assert moving is not None
    assert still is not None
    assert (moving > 1e-11).all()
    assert (still < 1e-14).all()


def test_where_nothing_comes_back_nothing_is_said() -> None:
    def only_here(w: A) -> A:
        if not np.array_equal(w, AT):
            raise ValueError("elsewhere")
        return 2 * w

    assert scatter(only_here) is None
    assert scatter(lambda w: 2j * w) is None
    assert scatter(lambda w: np.where(w == AT, 2 * w, np.nan)) is None


def test_equal_entries_do_not_cancel_along_a_direction() -> None:
    for at in (np.ones(2), np.ones((2, 2))):
        for factor in (1.0, 2.0):
            for seed in range(4):
                trial = trial_at(lambda w, by=factor: 2 * by * w, at, seed=seed)
                assert agrees_along(trial, trial.call().answer, [ROOT]) == (factor == 1)


@pytest.mark.parametrize("factor", [1.0, 1 + 1e-8, 2.0])
def test_one_direction_tells_right_from_wrong(factor: float) -> None:
    trial = trial_at(lambda w: 2 * factor * w)
    answer = trial.call().answer
    assert agrees_along(trial, answer, [ROOT]) == (factor == 1)
    assert agrees_along(trial, answer, [])


def test_another_shape_elsewhere_does_not_agree() -> None:
    def sometimes(w: A) -> A:
        return 2 * w if np.array_equal(w, AT) else 2 * w[:-1]

    report = check_gradients(sometimes, AT, loss=lambda w: float((np.asarray(w) ** 2).sum()))
    assert report.verdict == "mismatch"


def test_a_loss_that_is_wrong_elsewhere_is_found_beside_a_gradient_that_agrees() -> None:
    def both(w: A) -> tuple[float, A]:
        return float((AT**2).sum()), 2 * w  # the loss of one point for all

    report = check_gradients(both, AT, loss=lambda w: np.float64((w**2).sum()))
    assert report.loss is not None
    assert report.loss.verdict == "mismatch"
    assert "with other parameters" in report.loss.reason
    assert report.blocks[0].verdict == "match"
