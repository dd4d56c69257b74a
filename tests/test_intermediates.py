"""Quantities beside the network's gradients are judged step by step."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.assignment.mistakes.derivation import RIGHT, Run, softmax
from autograd_ref.assignment.mistakes.mistake import Shows, step
from autograd_ref.assignment.mistakes.planted import problem_for
from autograd_ref.report.html.fragment import as_html
from autograd_ref.report.report import Report
from manual_backprop import Parameters
from tests.thorough import one_in

A = NDArray[Any]
DTYPES = [np.float64, np.float32]
ORDER = ("z1", "a1", "z2", "y_hat", "e2", "delta1")
BLOCKS = ("W0", "b0", "W1", "b1")
FOLLOW = {"delta1": ("W0", "b0"), "e2": ("delta1", *BLOCKS)}
"""Quantities that follow from a derivative; from a value, all that come after it."""


def report_of(
    *wrong: str, dtype: Any = np.float64, change: Callable[[A], A] = lambda a: a * 1.001
) -> Report:
    """The report on the right derivation, or on one in which some steps are wrong."""
    derivation = RIGHT
    for name in wrong:
        right = getattr(RIGHT, name)
        derivation = step(name, lambda r, right=right: change(right(r)).astype(dtype))(derivation)

    def gradients(p: Parameters, X: A, Y: A) -> tuple[float, Parameters, dict[str, A]]:
        run = Run(derivation, p, X, Y)
        value = -float((Y * np.log(run.y_hat)).sum() / len(X))
        return value, run.gradients, {name: getattr(run, name) for name in reversed(ORDER)}

    return check_gradients(gradients, *problem_for(Shows.ANY, 1, dtype))


def verdicts(report: Report) -> dict[str, str]:
    return {step.name: step.verdict for step in report.steps}


@pytest.mark.parametrize("dtype", DTYPES)
def test_right_ones_agree_in_their_order(dtype: Any) -> None:
    report = report_of(dtype=dtype)
    assert report.verdict == "match"
    assert verdicts(report) == dict.fromkeys((*ORDER, *BLOCKS), "match")
    assert "Step by step: all 10 quantities are right." in str(report)
    assert report.intermediates == report.steps[: len(ORDER)]
    found = json.loads(report.to_json())
    assert found["intermediates"] == found["steps"][: len(ORDER)]
    assert report.not_checked == ()


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "dtype"), one_in(2, [*((name, np.float64) for name in ORDER), ("z2", np.float32)])
)
def test_only_the_step_that_is_wrong_is_accused(name: str, dtype: Any) -> None:
    report = report_of(name, dtype=dtype)
    after = FOLLOW.get(name, (*ORDER[ORDER.index(name) + 1 :], *BLOCKS))
    right = dict.fromkeys((*ORDER, *BLOCKS), "match")
    assert verdicts(report) == {**right, name: "mismatch", **dict.fromkeys(after, "inherited")}
    text = " ".join(str(report).split())
    assert f"the step at fault is {name}. {name}, at `" in text
    assert "` (the built-in network): not what follows" in text
    assert "(the built-in network): not what follows" in as_html(report)


@pytest.mark.untraced
def test_several_wrong_steps_are_found_at_once() -> None:
    found = verdicts(report_of("a1", "y_hat", "delta1", dtype=np.float32))
    assert [n for n, said in found.items() if said == "mismatch"] == ["a1", "y_hat", "delta1"]
    assert found["z1"] == "match"
    assert found["e2"] == found["W1"] == "inherited"


def test_mistakes_in_two_steps_are_both_named_where_they_are_made() -> None:
    derivation = step("delta1", lambda r: r.e2 @ r.back)(RIGHT)
    derivation = step("W1", lambda r: r.e2.T @ r.z1)(derivation)

    def gradients(p: Parameters, X: A, Y: A) -> Any:
        run = Run(derivation, p, X, Y)
        value = -float((Y * np.log(run.y_hat)).sum() / len(X))
        return value, run.gradients, {name: getattr(run, name) for name in ORDER}

    report = check_gradients(gradients, *problem_for(Shows.ANY, 2, np.float64))
    causes = {step.name: step.cause for step in report.steps if step.cause}
    assert list(causes) == ["delta1", "W1"]
    assert "in `softplus(z1)` (the built-in network), the derivative of softplus" in (
        causes["delta1"].explanation
    )
    assert "with z1 in the place of a1" in causes["W1"].explanation


def with_quantities(quantities: Callable[[Run], Any], problem: Any = None) -> Report:
    def gradients(p: Parameters, X: A, Y: A) -> Any:
        run = Run(RIGHT, p, X, Y)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = -float(np.nansum(Y * np.log(run.y_hat)) / len(X))
        return value, run.gradients, quantities(run)

    return check_gradients(gradients, *(problem or problem_for(Shows.ANY, 1, np.float64)))


def test_columns_for_rows_and_sums_for_means_are_no_mistakes() -> None:
    report = with_quantities(lambda r: {"z1": r.z1.T, "e2": r.e2 * r.S, "delta1": r.delta1.T * r.S})
    assert [step.verdict for step in report.intermediates] == ["match"] * 3
    assert {step.verdict for step in report.steps} == {"match"}


def test_what_was_summed_and_is_divided_later_is_right_and_the_report_says_so() -> None:
    report = with_quantities(lambda r: {"e2": r.e2 * r.S, "delta1": r.delta1})
    e2, delta1 = report.intermediates
    assert (e2.verdict, delta1.verdict) == ("match", "match")
    assert "times the derivative, which what is computed from it makes up for" in e2.remark


@pytest.mark.untraced
def test_derivatives_may_have_the_names_that_they_have_in_any_model() -> None:
    report = with_quantities(
        lambda r: {"dz2": r.e2, "grad_z1": r.delta1, "da1": r.e2 @ r.p.W1 * r.a1}
    )
    assert {s.name: s.verdict for s in report.intermediates} == {
        "dz2": "match",
        "da1": "mismatch",
        "grad_z1": "match",
    }


def test_another_shape_is_not_compared_and_the_report_says_so() -> None:
    report = with_quantities(lambda r: {"e2": r.e2[0], "z1": r.z1})
    assert [step.name for step in report.intermediates] == ["z1"]
    (note,) = report.not_checked
    assert note.text.startswith("e2, returned beside the gradients: it has shape")


@pytest.mark.parametrize("third", [None, [1.0], {"z1": "text"}])
def test_what_is_no_quantity_is_left_alone(third: Any) -> None:
    report = with_quantities(lambda _run: third)
    assert report.verdict == "match"
    assert report.steps == report.intermediates == ()


def test_a_quantity_with_another_name_is_not_checked() -> None:
    report = with_quantities(lambda _run: {"mine": 1.0})
    assert report.verdict == "match"
    assert report.steps == ()
    (note,) = report.not_checked
    assert note.text == "mine, returned beside the gradients: no value of the loss by this name"


def test_integers_are_compared_as_numbers() -> None:
    report = with_quantities(lambda r: {"z1": np.zeros(r.z1.shape, int)})
    assert report.intermediates[0].verdict == "mismatch"


@pytest.mark.untraced
@pytest.mark.parametrize("targets", ["labels", "one-hot integers", "soft"])
def test_targets_may_be_of_any_kind(targets: str) -> None:
    p, X, Y = problem_for(Shows.ANY, 1, np.float64)
    given = {"labels": Y.argmax(axis=1).astype("i4"), "one-hot integers": Y.astype("u1")}
    soft = 0.9 * Y + 0.1 / Y.shape[1]

    def gradients(p: Parameters, X: A, Y: A) -> Any:
        rows = np.eye(len(p.b1))[Y] if Y.ndim == 1 else Y.astype("f8")
        run = Run(RIGHT, p, X, rows)
        value = -float((rows * np.log(run.y_hat)).sum() / len(X))
        return value, run.gradients, {"e2": run.e2, "z1": 2 * run.z1}

    report = check_gradients(gradients, p, X, given.get(targets, soft))
    assert {s.name: s.verdict for s in report.intermediates} == {"z1": "mismatch", "e2": "match"}


def test_a_probability_that_has_underflowed_hinders_nothing() -> None:
    p, X, Y = problem_for(Shows.ANY, 1, np.float64)
    p = p._replace(b1=p.b1 + 1e3 * (np.arange(len(p.b1)) == 0))
    assert (softmax(Run(RIGHT, p, X, Y).z2) == 0).any()
    report = with_quantities(lambda r: {"e2": r.e2, "z1": r.z1, "a1": r.z1}, (p, X, Y))
    assert {s.name: s.verdict for s in report.intermediates} == {
        "z1": "match",
        "a1": "mismatch",
        "e2": "match",
    }
