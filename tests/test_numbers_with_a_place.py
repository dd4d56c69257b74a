"""A gradient off by a number that stands in the loss: the report says where it stands."""

from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import Report, check_gradients
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients

RANDOM = np.random.default_rng(3)
X, Y = RANDOM.normal(size=(5, 2)), RANDOM.normal(size=5)
POINT = {"w": RANDOM.normal(size=2), "b": np.array(0.3)}


def squares(p: Any, x: Any, y: Any) -> Any:
    residual = y - x @ p["w"] - p["b"]
    return (residual**2).mean()


def by_hand(p: Any, x: Any, y: Any) -> Any:
    residual = y - x @ p["w"] - p["b"]
    return {"w": -2 * x.T @ residual / len(x), "b": np.array(-2 * residual.mean())}


def off_by(factor: float, blocks: str, loss: Any = squares) -> Report:
    def gradients(*arguments: Any) -> Any:
        found = by_hand(*arguments)
        return {name: g * factor if name in blocks else g for name, g in found.items()}

    return check_gradients(gradients, POINT, X, Y, loss=loss)


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("factor", "blocks", "kind", "said"),
    [
        (0.5, "wb", "half", "the 2 of the derivative of the square, 2 * residual, is left out."),
        (5.0, "wb", "1/S missing", "; in `(residual**2).mean()` (line "),
        (-1.0, "w", "sign flipped", "the sign; in `y - x @ p["),
        (-1.0, "wb", "sign flipped", 'the minus in front of `x @ p["w"]` and b is left out.'),
        (-1.0, "b", "sign flipped", "the minus in front of b is left out."),
    ],
)
def test_the_place_of_a_number_is_said(factor: float, blocks: str, kind: str, said: str) -> None:
    report = off_by(factor, blocks)
    assert [cause.kind for cause in report.causes] == [kind], report
    assert said in report.causes[0].explanation


def test_a_number_that_stands_nowhere_has_no_place() -> None:
    said = "Your b is too large by a factor 2."
    assert [cause.explanation for cause in off_by(2.0, "b").causes] == [said]


def test_without_a_record_of_the_loss_there_is_no_place() -> None:
    def in_numpy(p: Any, x: Any, y: Any) -> Any:
        w = np.array([float(one) for one in p["w"]])
        return ((y - x @ w - float(p["b"])) ** 2).mean()

    report = off_by(0.5, "wb", in_numpy)
    assert [cause.explanation for cause in report.causes] == [
        "Your w and b are too small by a factor 2."
    ]


def test_a_sum_that_is_taken_for_a_mean_is_said_to_be_averaged() -> None:
    def of_pairs(p: Any, x: Any, _y: Any) -> Any:
        each = torch.sin(x * p["w"])
        return (each.sum(dim=1) ** 3).sum()

    def gradients(p: Any, x: Any, _y: Any) -> Any:
        total = np.sin(x * p["w"]).sum(1, keepdims=True)
        return {"w": (3 * total**2 * np.cos(x * p["w"]) * x).sum(0) / 2}

    report = check_gradients(gradients, {"w": POINT["w"]}, X, Y, loss=of_pairs)
    (cause,) = report.causes
    assert "what reaches each is divided by 2: averaged, where it is summed" in cause.explanation


@pytest.mark.parametrize(
    ("factor", "kind", "said"),
    [
        (-1, "sign flipped", "right except for the sign."),
        (5, "1/S missing", "summed over the batch, not averaged."),
    ],
)
def test_the_built_in_network_has_words_of_its_own_for_numbers(
    factor: int, kind: str, said: str
) -> None:
    shape = NetworkShape(3, 4, 2)
    parameters = initialize(shape, 0)
    x, labels = RANDOM.normal(size=(5, 3)), RANDOM.integers(0, 2, size=5)

    def gradients(*arguments: Any) -> Any:
        return Parameters(*(factor * block for block in loss_and_gradients(*arguments)[1]))

    report = check_gradients(gradients, parameters, x, labels)
    (cause,) = report.causes
    assert cause.kind == kind
    assert cause.explanation.endswith(said)


@pytest.mark.untraced
def test_two_places_of_one_number_are_none() -> None:
    def of_two(p: Any, x: Any, y: Any) -> Any:
        lower = -p["b"]
        return ((y - x @ p["w"]) ** 2).sum() * torch.exp(-lower)

    def gradients(p: Any, x: Any, y: Any) -> Any:
        residual, scale = y - x @ p["w"], np.exp(p["b"])
        return {"w": -2 * scale * x.T @ residual, "b": np.array(-scale * (residual**2).sum())}

    report = check_gradients(gradients, POINT, X, Y, loss=of_two)
    assert [cause.explanation for cause in report.causes] == [
        "Your b is right except for the sign."
    ]
