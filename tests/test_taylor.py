"""The Taylor test of a report: remainders that fall like h and h^2, or like h where g is wrong."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import check_backward, check_gradients, check_jacobian
from autograd_ref.report.taylor.remainders import Taylor

x = np.array([0.5, -1.0, 2.0])


def loss(x: Any) -> Any:
    return torch.exp(x).sum() if torch.is_tensor(x) else np.exp(x).sum()


def taylor_of(gradient: Callable[[Any], Any], at: Any = x, **options: Any) -> Taylor:
    return check_gradients(gradient, at, loss=options.pop("loss", loss)).taylor(**options)


@pytest.mark.parametrize(
    ("part", "slope"), [(0.0, 2), (1e-2, 1), (1e-4, 1), (-1.0, 1)], ids=["right", "1", "2", "3"]
)
def test_the_slope_is_two_where_the_gradient_is_right_and_one_where_it_is_not(
    part: float, slope: int
) -> None:
    taylor = taylor_of(lambda x: np.exp(x) * (1 + part))
    assert taylor.slope == pytest.approx(slope, abs=0.05)
    assert taylor.first_slope == pytest.approx(1, abs=0.01)
    assert ("gradient is right along d" in str(taylor)) == (slope == 2)


def test_the_remainders_are_those_of_the_exponential() -> None:
    taylor = taylor_of(np.exp, np.array([1.0]))
    d = taylor.derivative / np.e  # of a loss exp(x)
    moved = np.exp(1 + taylor.h * d) - np.e
    assert taylor.loss == pytest.approx(np.e)
    assert taylor.without_value == pytest.approx(np.abs(moved), rel=1e-6)
    assert taylor.without_derivative[:8] == pytest.approx(
        np.abs(moved - taylor.h * d * np.e)[:8], rel=1e-6
    )


def test_another_seed_is_another_direction() -> None:
    report = check_gradients(np.exp, x, loss=loss)
    assert report.taylor(1).derivative != report.taylor(2).derivative
    assert report.taylor(1).derivative == report.taylor(1).derivative


def test_of_a_straight_line_nothing_is_left() -> None:
    taylor = taylor_of(np.ones_like, loss=lambda x: x.sum())
    assert np.isnan(taylor.slope)
    assert "along d, L is a straight" in str(taylor)


@pytest.mark.parametrize("seed", range(4))
def test_steps_to_where_the_loss_has_no_value_are_left_out(seed: int) -> None:
    """At the larger steps down, it is the logarithm of a negative number."""
    taylor = taylor_of(
        lambda x: 1 / (x - 0.99),
        np.array([1.0]),
        loss=lambda x: torch.log(x - 0.99).sum(),
        seed=seed,
    )
    assert taylor.slope == pytest.approx(2, abs=0.05)
    assert np.isnan(taylor.without_value[0]) == (taylor.derivative < 0)


def test_only_blocks_that_have_the_form_of_their_parameter_move() -> None:
    parameters = {"a": x, "b": x[:2]}

    def gradient(p: Any) -> Any:
        return {"a": np.exp(p["a"]), "b": np.exp(p["b"])[:1]}

    report = check_gradients(gradient, parameters, loss=lambda p: loss(p["a"]) + loss(p["b"]))
    assert report.taylor().blocks == ("a",)
    assert report.taylor().slope == pytest.approx(2, abs=0.05)
    nothing = check_gradients(lambda _p: {}, parameters, loss=lambda p: loss(p["a"]))
    with pytest.raises(ValueError, match="no gradient has the form of its parameter"):
        _ = nothing.taylor()


@pytest.mark.untraced
def test_jacobians_and_operations_have_one_too() -> None:
    jacobian = check_jacobian(lambda x: np.diag(3 * x**2), x, function=lambda x: x**3)
    assert jacobian.taylor().slope == pytest.approx(2, abs=0.1)
    wrong = check_jacobian(lambda x: np.diag(2 * x**2), x, function=lambda x: x**3)
    assert wrong.taylor().slope == pytest.approx(1, abs=0.1)
    operation = check_backward(torch.exp, lambda x: torch.exp(x), torch.tensor(x))  # noqa: PLW0108
    assert operation.taylor().slope == pytest.approx(2, abs=0.1)


def test_the_loss_stays_in_its_process() -> None:
    report = pickle.loads(pickle.dumps(check_gradients(np.exp, x, loss=loss)))
    with pytest.raises(ValueError, match="call taylor"):
        report.taylor()


def test_the_picture_shows_both_remainders_beside_their_slopes() -> None:
    taylor = taylor_of(np.exp)
    (panel,) = taylor.figure().axes
    lines = panel.get_lines()
    assert len(lines) == 4
    assert np.array_equal(np.asarray(lines[0].get_ydata()), taylor.without_value)
    slopes = [np.polyfit(np.log(taylor.h), np.log(line.get_ydata()), 1)[0] for line in lines]
    assert slopes == pytest.approx([1, 1, 2, 2], abs=0.05)
    assert vars(Taylor)["_repr_svg_"](taylor).startswith("<?xml")


def test_a_picture_of_rounding_alone_is_drawn() -> None:
    (panel,) = taylor_of(np.zeros_like, loss=lambda x: 0 * x.sum()).figure().axes
    assert not np.isfinite(np.asarray(panel.get_lines()[0].get_ydata())).any()
