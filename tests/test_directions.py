"""Above 300 parameters of a NumPy loss: random directions instead of single entries."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import assert_gradients_match, check_gradients
from autograd_ref.reference.differences.directions import DIRECTIONS

A = NDArray[Any]
Parameters = dict[str, A]
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(9, 20)), RANDOM.normal(size=(9, 16))
AT = {"W": 0.3 * RANDOM.normal(size=(20, 16)), "b": 0.1 * RANDOM.normal(size=16)}


def loss(p: Any) -> Any:
    if isinstance(p["W"], torch.Tensor):
        raise TypeError("arrays only")
    return ((np.tanh(X @ p["W"] + p["b"]) - Y) ** 2).sum()


def gradients(p: Parameters) -> Parameters:
    h = np.tanh(X @ p["W"] + p["b"])
    d = 2 * (h - Y) * (1 - h**2)
    return {"W": X.T @ d, "b": d.sum(0)}


def with_error(change: Callable[[Parameters], None]) -> Callable[[Parameters], Parameters]:
    def wrong(p: Parameters) -> Parameters:
        found = gradients(p)
        change(found)
        return found

    return wrong


def one_entry(g: Parameters) -> None:
    g["W"][3, 7] *= 1 + 1e-6


def all_entries(g: Parameters) -> None:
    g["W"] *= 2


def no_number(g: Parameters) -> None:
    g["W"][3, 7] = np.nan


def other_shape(g: Parameters) -> None:
    g["W"] = g["W"].T


def counted() -> tuple[list[int], Callable[[Any], Any]]:
    calls = [0]

    def counting(p: Any) -> Any:
        calls[0] += 1
        return loss(p)

    return calls, counting


def test_a_match_takes_a_few_directions_and_says_what_they_cannot_see() -> None:
    calls, counting = counted()
    report = assert_gradients_match(gradients, AT, loss=counting)
    assert calls[0] < 16 * DIRECTIONS + 16 * AT["b"].size
    assert (report.blocks[0].resolution or 1) < 1e-8
    (note,) = report.not_checked
    assert note.kind == "directions"
    assert "the 320 entries of W one by one" in note.text
    assert "thorough=True" in str(report)


@pytest.mark.parametrize("change", [one_entry, all_entries, no_number, other_shape])
def test_a_wrong_entry_is_found_among_hundreds(change: Callable[[Parameters], None]) -> None:
    calls, counting = counted()
    report = check_gradients(with_error(change), AT, loss=counting)
    W, b = report.blocks
    assert (W.verdict, b.verdict) == ("mismatch", "match")
    assert calls[0] < 600
    assert [cause.kind for cause in report.causes] == ["twice"] * (change is all_entries)
    if change in (one_entry, all_entries):
        assert W.worst_index is not None
        assert W.reference == pytest.approx(float(gradients(AT)["W"][W.worst_index]), rel=1e-9)
        assert W.hand != W.reference
    if change is one_entry:
        assert W.worst_index == (3, 7)


@pytest.mark.untraced
def test_thorough_takes_every_entry_and_names_the_cause() -> None:
    at = RANDOM.normal(size=301)

    def squares(w: Any) -> float:
        return float((np.asarray(w) ** 2).sum())

    report = check_gradients(lambda w: 4 * w, at, loss=squares, thorough=True)
    assert [cause.kind for cause in report.causes] == ["twice"]
    assert not report.not_checked
    report = check_gradients(lambda w: 4 * w, at, loss=squares)
    assert report.verdict == "mismatch"
    assert [cause.kind for cause in report.causes] == ["twice"]


def test_a_loss_with_kinks_in_most_directions_is_asked_over_smaller_steps() -> None:
    at = RANDOM.normal(size=400)

    def hinges(w: Any) -> Any:
        if isinstance(w, torch.Tensor):
            raise TypeError("arrays only")
        return np.maximum(w[1:] - w[:-1], 0).sum()

    def slopes(w: A) -> A:
        rises = (w[1:] > w[:-1]) * 1.0
        return np.concatenate([[0.0], rises]) - np.concatenate([rises, [0.0]])

    assert check_gradients(slopes, at, loss=hinges).verdict == "match"
    wrong = check_gradients(lambda w: slopes(w) + 1e-3 * (w == at[9]), at, loss=hinges)
    assert wrong.verdict == "mismatch"
    assert wrong.blocks[0].worst_index == (9,)


def test_a_loss_that_varies_over_a_hair_is_asked_with_care() -> None:
    at = np.random.default_rng(1).uniform(0.5, 1.5, 400)

    def waves(w: Any) -> Any:
        if isinstance(w, torch.Tensor):
            raise TypeError("arrays only")
        return np.sin(1e6 * w).sum()

    report = check_gradients(lambda w: 1e6 * np.cos(1e6 * w), at, loss=waves)
    assert report.verdict == "match", report
    wrong = check_gradients(lambda w: 1.001e6 * np.cos(1e6 * w), at, loss=waves)
    assert wrong.verdict == "mismatch"
