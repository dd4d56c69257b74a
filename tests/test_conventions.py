"""What a report says of samples in rows is said of samples in columns, where they are columns."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from autograd_ref import check_gradients
from autograd_ref.assignment.conventions import FORMULAS, Convention, Layout, said_in
from autograd_ref.assignment.mistakes.catalogue import DERIVATIONS, RELATIONS
from autograd_ref.assignment.mistakes.mistake import Shows
from autograd_ref.assignment.mistakes.where import problem_for
from autograd_ref.report.data import Note
from manual_backprop import forward
from tests.planted import wrong

COLUMNS = Convention(layout="columns")


def quantities() -> dict[str, Any]:
    """Names as they stand in the catalogue, with samples in rows."""
    p, X, Y = problem_for(Shows.ANY, 1, np.float64)
    z1, _a1, _z2, y_hat = activations = forward(p, X)
    e2 = (y_hat - Y) / len(X)
    delta1 = (e2 @ p.W1) / (1 + np.exp(-z1))
    of_samples = {**activations._asdict(), "X": X, "e2": e2, "delta1": delta1}
    others = {"np": np, "labels": Y.argmax(axis=1), "S": len(X), "N_O": len(p.b1)}
    return {**p._asdict(), **of_samples, **others}


ROWS = quantities()
SAMPLES = {"X", "z1", "a1", "z2", "y_hat", "e2", "delta1"}
TURNED = {name: value.T if name in SAMPLES else value for name, value in ROWS.items()}


def completed(part: str) -> str:
    """Part of an expression as a whole one."""
    start = {".": "e2", "[": "y_hat"}.get(part[0], "")
    return start + part.rpartition(" = ")[2]


@pytest.mark.parametrize("rows", FORMULAS)
def test_what_is_said_in_columns_computes_the_same(rows: str) -> None:
    one = eval(completed(rows), {}, ROWS)
    two = eval(completed(FORMULAS[rows]), {}, TURNED)
    of_samples = one.ndim == 2 and len(one) == ROWS["S"]
    assert np.allclose(one.T if of_samples else one, two)


FIXES = sorted({mistake.fix for mistake in (*DERIVATIONS, *RELATIONS)})


@pytest.mark.parametrize(
    "fix", [fix for fix in FIXES if re.search(r"@|axis=|\[|\w\.T\b|one-hot", fix)]
)
def test_no_formula_of_the_catalogue_stays_in_rows(fix: str) -> None:
    report = check_gradients(wrong("twice"), *problem_for(Shows.ANY, 0, np.float64))
    report = replace(report, causes=(report.causes[0]._replace(fix=fix),))
    assert said_in(Convention(), report).causes == report.causes
    assert said_in(COLUMNS, report).causes[0].fix != fix


def test_rows_of_samples_are_columns_in_an_explanation() -> None:
    report = check_gradients(wrong("y_hat[:, labels] -= 1"), *problem_for(Shows.ANY, 0, np.float64))
    said = said_in(COLUMNS, report).causes[0]
    assert "from whole rows" in said.explanation
    assert "with Y as one-hot" not in said.fix
    report = check_gradients(wrong("target not subtracted"), *problem_for(Shows.ANY, 0, np.float64))
    assert said_in(COLUMNS, report).causes[0].fix.endswith("with Y as one-hot columns")


def test_everything_that_is_said_is_in_columns() -> None:
    report = check_gradients(wrong("twice"), *problem_for(Shows.ANY, 0, np.float64))
    (cause,) = report.causes
    both = cause._replace(fix="multiply: delta1.T @ X and e2.T @ a1")
    look = Note("ruled out", "Where to look: e2 @ W1")
    report = said_in(COLUMNS, replace(report, causes=(both, both), pattern=(look,)))
    assert [c.fix for c in report.causes] == ["multiply: delta1 @ X.T and e2 @ a1.T"] * 2
    assert report.pattern[0].text == "Where to look: W1.T @ e2"


@pytest.mark.parametrize(("layout", "axis"), [("rows", 0), ("columns", 1)])
def test_sums_that_are_matrices_keep_their_axes(layout: Layout, axis: int) -> None:
    report = check_gradients(
        wrong("b0 summed over the units"), *problem_for(Shows.ANY, 0, np.float64)
    )
    found = said_in(Convention(layout=layout, biases="matrices"), report).causes[0].fix
    assert found == f"the gradient of b0 is delta1.sum(axis={axis}, keepdims=True)"


def test_biases_that_are_columns_are_added_as_they_are() -> None:
    report = check_gradients(wrong("b0 not added"), *problem_for(Shows.ANY, 0, np.float64))
    assert said_in(COLUMNS, report).causes[0].fix == "z1 = W0 @ X + b0[:, None]"
    matrices = Convention(layout="columns", biases="matrices")
    assert said_in(matrices, report).causes[0].fix == "z1 = W0 @ X + b0"
