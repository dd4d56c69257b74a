"""Where no step can be named because PyTorch cannot run the loss, the report says what would help.

Nothing is said where a cause is found, and where PyTorch would not help either.
"""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.diagnosis import explain
from autograd_ref.report.html.fragment import as_html
from autograd_ref.report.report import Report
from autograd_ref.user_code import UserCodeRaised

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(6, 4))
HELPS = "if it is given in PyTorch"


def loss(p: dict[str, A], x: A) -> Any:
    z = x @ p["W"] + p["b"]
    return np.mean([np.tanh(float(one)) ** 2 for one in z.ravel()])  # numbers have no history


def wrong(p: dict[str, A], x: A) -> dict[str, A]:
    h = np.tanh(x @ p["W"] + p["b"])
    d = 2 * h / h.size * (1 - h)
    return {"W": x.T @ d, "b": d.sum(0)}


def checked(gradients: Any, width: int = 3) -> Report:
    point = {"W": RANDOM.normal(size=(4, width)), "b": RANDOM.normal(size=width)}
    return check_gradients(gradients, point, X, loss=loss)


@pytest.mark.parametrize("width", [3, 90], ids=["by entries", "along directions"])
def test_of_a_numpy_loss_it_is_said_that_pytorch_would_help(width: int) -> None:
    report = checked(wrong, width)
    (note,) = [note for note in report.pattern if note.kind == "steps not named"]
    assert HELPS in note.text
    assert HELPS in " ".join(str(report).split())
    assert note.text in [one["text"] for one in json.loads(report.to_json())["pattern"]]
    assert HELPS in as_html(report)


def test_where_a_cause_is_found_nothing_is_said() -> None:
    report = check_gradients(lambda x: -2 * x, 0.7, loss=lambda x: x**2)
    assert report.causes
    assert HELPS not in str(report)


def test_complex_numbers_are_not_followed_in_pytorch_either() -> None:
    def of_complex(z: A) -> float:
        return float((np.abs(np.asarray(z)) ** 4).sum())

    z = RANDOM.normal(size=3) + 1j * RANDOM.normal(size=3)
    report = check_gradients(lambda z: z * np.abs(z) + z.real**3, z, loss=of_complex)
    assert report.verdict == "mismatch"
    assert not report.causes
    assert HELPS not in str(report)


def test_an_error_in_the_search_costs_the_cause_and_not_the_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(*_arguments: object, **_named: object) -> None:
        raise KeyError("of ours")

    monkeypatch.setattr(explain, "diagnosed", stopped)
    with pytest.warns(RuntimeWarning, match="The search for the mistake stopped: KeyError"):
        report = checked(wrong)
    assert report.verdict == "mismatch"
    assert [note.kind for note in report.pattern] == ["search stopped"]
    assert "The search for the mistake stopped: KeyError: 'of ours'." in str(report)


def test_what_the_users_code_raises_in_the_search_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def raised(*_arguments: object, **_named: object) -> None:
        raise UserCodeRaised(ZeroDivisionError("theirs"))

    monkeypatch.setattr(explain, "diagnosed", raised)
    with pytest.raises(ZeroDivisionError, match="theirs"):
        _ = checked(wrong)
