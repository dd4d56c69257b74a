"""Two exchanged cotangents are named: bilinear weights of an image that is sampled."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import Report, check_gradients
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.rules.confusions.exchanged_derivatives import (
    exchanged_derivatives,
)
from autograd_ref.tree.point import Point

A = NDArray[Any]
RANDOM = np.random.default_rng(5)
POINT = {"image": RANDOM.normal(size=(5, 4)), "shift": RANDOM.uniform(0.2, 0.4, size=2)}
AT = np.array([[0.1, 0.3], [1.2, 2.1], [3.3, 0.4], [2.4, 1.5]])
TARGET = RANDOM.normal(size=4)


def sampled(p: Any, at: Any, target: Any) -> Any:
    image, where = p["image"], at + p["shift"]
    i, j = where[:, 0].long(), where[:, 1].long()
    wy, wx = where[:, 0] - i, where[:, 1] - j
    v00, v01 = image[i, j], image[i, j + 1]
    v10, v11 = image[i + 1, j], image[i + 1, j + 1]
    top = (1 - wx) * v00 + wx * v01
    bottom = (1 - wx) * v10 + wx * v11
    value = (1 - wy) * top + wy * bottom
    return ((value - target) ** 2).sum()


def by_hand(p: Any, at: A, target: A, how: str = "") -> Any:
    image, where = p["image"], at + p["shift"]
    i, j = where.astype(int).T
    wy, wx = (where - where.astype(int)).T
    corners = [(i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1)]
    v00, v01, v10, v11 = (image[corner] for corner in corners)
    value = (1 - wy) * ((1 - wx) * v00 + wx * v01) + wy * ((1 - wx) * v10 + wx * v11)
    d = 2 * (value - target)
    weights = [(1 - wx) * (1 - wy), wx * (1 - wy), (1 - wx) * wy, wx * wy]
    order = {"corners": [0, 2, 1, 3], "sides": [1, 0, 3, 2]}.get(how, [0, 1, 2, 3])
    dimage = np.zeros_like(image)
    for corner, number in zip(corners, order, strict=True):
        factor = wy if how == "none of them" and number == 3 else 1
        np.add.at(dimage, corner, d * weights[number] * factor)
    dy = d * ((1 - wx) * (v10 - v00) + wx * (v11 - v01))
    dx = d * ((1 - wy) * (v01 - v00) + wy * (v11 - v10))
    return {"image": dimage, "shift": np.array([dy.sum(), dx.sum()])}


def checked(how: str) -> Report:
    return check_gradients(
        lambda p, at, target: by_hand(p, at, target, how), POINT, AT, TARGET, loss=sampled
    )


def test_the_right_gradient_is_not_accused() -> None:
    assert checked("").verdict == "match"


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("corners", "derivatives exchanged", "what comes back to v01 and v10 is exchanged"),
        ("sides", "factors exchanged", "`1 - wx` and wx are exchanged on the way back to what"),
    ],
)
def test_what_is_exchanged_is_named(how: str, kind: str, said: str) -> None:
    report = checked(how)
    assert kind in [cause.kind for cause in report.causes], report
    assert any(said in cause.explanation for cause in report.causes)


@pytest.mark.untraced
def test_another_wrong_weight_is_no_exchange() -> None:
    report = checked("none of them")
    assert report.verdict == "mismatch"
    assert all("exchanged" not in cause.kind for cause in report.causes)


def test_a_value_that_depends_on_another_is_not_exchanged_with_it() -> None:
    def chained(p: Any, at: Any, target: Any) -> Any:
        one = torch.tanh(p["shift"] * at)
        two = torch.tanh(one + target[:, None])
        return (two * p["shift"]).sum()

    tape = recorded(chained, Point({"shift": POINT["shift"]}, (AT, TARGET)))
    assert not list(exchanged_derivatives(tape))
    whole = recorded(sampled, Point(POINT, (AT, TARGET)))
    assert len({places for places, _turns, _rule in exchanged_derivatives(whole)}) > 6
