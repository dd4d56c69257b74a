"""The report names the first intermediate quantity that goes wrong, if a function returns them."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.assignment.autograd_reference import ORDER
from autograd_ref.assignment.mistakes.derivation import RIGHT, Run
from autograd_ref.assignment.mistakes.mistake import Shows, step
from autograd_ref.assignment.mistakes.planted import problem_for
from autograd_ref.report.report import Report
from manual_backprop import Parameters

A = NDArray[Any]
DTYPES = [np.float64, np.float32]


def report_of(
    *, dtype: Any = np.float64, wrong: str = "", change: Callable[[A], A] = lambda a: a * 1.001
) -> Report:
    """The report on the right derivation, or on one in which a step is wrong."""
    derivation = RIGHT
    if wrong:
        right = getattr(RIGHT, wrong)
        derivation = step(wrong, lambda r: change(right(r)).astype(dtype))(RIGHT)

    def gradients(p: Parameters, X: A, Y: A) -> tuple[float, Parameters, dict[str, A]]:
        run = Run(derivation, p, X, Y)
        value = -float((Y * np.log(run.y_hat)).sum() / len(X))
        quantities = {name: getattr(run, name) for name in reversed(ORDER)}
        return value, run.gradients, {**quantities, "mine": X}

    return check_gradients(gradients, *problem_for(Shows.ANY, 1, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_right_ones_agree_in_their_order(dtype: Any) -> None:
    report = report_of(dtype=dtype)
    assert report.verdict == "match"
    assert [block.name for block in report.intermediates] == list(ORDER)
    assert {block.verdict for block in report.intermediates} == {"match"}
    assert "Intermediate quantities: z1, a1, z2, y_hat, e2 and delta1 are right." in " ".join(
        str(report).split()
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ORDER)
def test_the_first_that_goes_wrong_is_named(name: str, dtype: Any) -> None:
    report = report_of(dtype=dtype, wrong=name)
    wrong = [block.name for block in report.intermediates if block.verdict == "mismatch"]
    assert wrong[0] == name
    text = " ".join(str(report).split())
    assert f"Intermediate quantities: the first that is wrong is {name}, which differs by" in text
    before = "; z1 and a1 are right." in text
    assert before == (name == "z2")
    found = json.loads(report.to_json())["intermediates"]
    assert [block["name"] for block in found] == list(ORDER)


def with_quantities(quantities: Callable[[Run], Any]) -> Report:
    def gradients(p: Parameters, X: A, Y: A) -> Any:
        run = Run(RIGHT, p, X, Y)
        return -float((Y * np.log(run.y_hat)).sum() / len(X)), run.gradients, quantities(run)

    return check_gradients(gradients, *problem_for(Shows.ANY, 1, np.float64))


def test_columns_for_rows_and_sums_for_means_are_no_mistakes() -> None:
    report = with_quantities(lambda r: {"z1": r.z1.T, "e2": r.e2 * r.S, "delta1": r.delta1.T * r.S})
    assert [block.verdict for block in report.intermediates] == ["match"] * 3


def test_another_shape_is_one() -> None:
    report = with_quantities(lambda r: {"e2": r.e2[0]})
    (block,) = report.intermediates
    assert block.reason.startswith("has shape")


@pytest.mark.parametrize("third", [None, [1.0], {"mine": 1.0}, {"z1": "text"}])
def test_what_has_no_name_of_the_derivation_is_left_alone(third: Any) -> None:
    report = with_quantities(lambda _run: third)
    assert report.verdict == "match"
    assert report.intermediates == ()


def test_integers_are_compared_as_numbers() -> None:
    report = with_quantities(lambda r: {"z1": np.zeros(r.z1.shape, int)})
    assert report.intermediates[0].verdict == "mismatch"
