"""A report speaks of columns where samples are columns, and otherwise says what it says of rows."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from autograd_ref import check_gradients
from autograd_ref.assignment.conventions import Biases, Convention, Layout, adapter, said_in
from autograd_ref.assignment.mistakes.catalogue import DERIVATIONS, FIXES
from autograd_ref.assignment.mistakes.derivation import RIGHT, Run
from autograd_ref.assignment.mistakes.mistake import Shows
from autograd_ref.assignment.mistakes.notation import formulas, written
from autograd_ref.assignment.mistakes.planted import problem_for
from autograd_ref.assignment.network_model import ADVICE
from autograd_ref.report.data import Note
from manual_backprop import Parameters, forward
from tests.planted import wrong

COLUMNS = Convention(layout="columns")
OTHERS: list[tuple[Layout, Biases]] = [
    ("rows", "matrices"),
    ("columns", "vectors"),
    ("columns", "matrices"),
]
TEXTS = sorted(
    {*ADVICE.values(), *FIXES.values()}.union(*((m.what, m.fix) for m in DERIVATIONS)),
)
FORMULAS = [name for name in formulas() if name not in ("row", "column")]


def quantities() -> dict[str, Any]:
    """The names that formulas use, with samples in rows."""
    p, X, Y = problem_for(Shows.ANY, 1, np.float64)
    z1, _a1, _z2, y_hat = activations = forward(p, X)
    e2 = (y_hat - Y) / len(X)
    delta1 = (e2 @ p.W1) / (1 + np.exp(-z1))
    of_samples = {**activations._asdict(), "X": X, "e2": e2, "delta1": delta1}
    others = {"np": np, "exp": np.exp, "labels": Y.argmax(axis=1), "S": len(X), "N_O": len(p.b1)}
    return {**p._asdict(), **of_samples, **others}


ROWS = quantities()
SAMPLES = {"X", "z1", "a1", "z2", "y_hat", "e2", "delta1"}


def arranged(layout: Layout, biases: Biases) -> dict[str, Any]:
    """The quantities of ROWS in the shapes that they have in a convention."""
    found = dict(ROWS)
    if layout == "columns":
        found |= {name: found[name].T for name in SAMPLES}
    if biases == "matrices":
        shape = Convention(layout=layout, biases=biases).bias_shape
        found |= {name: found[name].reshape(shape) for name in ("b0", "b1")}
    return found


@pytest.mark.parametrize(("layout", "biases"), OTHERS)
@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_computes_the_same_in_every_notation(
    name: str, layout: Layout, biases: Biases
) -> None:
    start = "e2" if name == "sum" else ""
    one = eval(start + formulas()[name], {}, ROWS)
    two = eval(start + formulas(layout, biases)[name], {}, arranged(layout, biases))
    if layout == "columns" and one.ndim == 2 and len(one) == ROWS["S"]:
        two = two.T
    if two.ndim > one.ndim:
        assert two.shape == Convention(layout=layout, biases=biases).bias_shape or 1 in two.shape
        two = two.reshape(-1)
    assert np.allclose(one, two, rtol=1e-12)


def test_every_notation_has_all_formulas() -> None:
    assert all(formulas(*notation).keys() == formulas().keys() for notation in OTHERS)


@pytest.mark.parametrize("text", TEXTS)
def test_no_formula_is_written_out_in_a_text(text: str) -> None:
    assert not re.search(r"@|axis=|np\.|\w\.T\b|one-hot rows", text)


@pytest.mark.untraced
@pytest.mark.parametrize(("layout", "biases"), OTHERS)
def test_a_report_is_said_in_the_notation_of_its_texts(layout: Layout, biases: Biases) -> None:
    report = check_gradients(wrong("twice"), *problem_for(Shows.ANY, 0, np.float64))
    (cause,) = report.causes
    pattern = [Note("ruled out", f"Where to look: {written(text)}.") for text in TEXTS]
    causes = [cause._replace(explanation=f"Your {written(t)}.", fix=written(t)) for t in TEXTS]
    report = replace(report, causes=(*causes,), pattern=(*pattern,))
    found = said_in(Convention(layout=layout, biases=biases), report)
    for text, cause, note in zip(TEXTS, found.causes, found.pattern, strict=True):
        theirs = written(text, layout, biases)
        assert cause.fix == theirs
        assert cause.explanation == f"Your {theirs}."
        assert note.text == f"Where to look: {theirs}."
    assert said_in(Convention(), report).causes == report.causes


def test_rows_of_samples_are_columns_in_an_explanation() -> None:
    report = check_gradients(wrong("y_hat[:, labels] -= 1"), *problem_for(Shows.ANY, 0, np.float64))
    assert "from whole columns" in report.causes[0].explanation
    assert "from whole rows" in said_in(COLUMNS, report).causes[0].explanation
    report = check_gradients(wrong("target not subtracted"), *problem_for(Shows.ANY, 0, np.float64))
    assert said_in(COLUMNS, report).causes[0].fix.endswith("with Y as one-hot columns")


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


@pytest.mark.parametrize("named", [True, False])
def test_quantities_beside_the_gradients_have_a_column_for_each_sample_as_well(named: bool) -> None:
    convention = Convention(layout="columns", targets="one-hot")
    p, X, Y = problem_for(Shows.SQUARE, 1, np.float64)
    X, Y = X[: len(p.b0)], Y[: len(p.b0)]  # as many samples as hidden units

    def gradients(p: Parameters, X: Any, Y: Any) -> Any:
        run = Run(RIGHT, p, X.T, Y.T)
        loss = -float((run.Y * np.log(run.y_hat)).sum() / run.S)
        beside = {"z1": run.z1.T, "e2": run.e2.T, "delta1": 2 * run.delta1.T, "S": run.S}
        return loss, run.gradients, beside if named else [run.z1.T]

    report = check_gradients(adapter(gradients, convention), p, X, Y)
    found = {step.name: (step.verdict, step.remark) for step in report.intermediates}
    right = {"z1": ("match", ""), "e2": ("match", "")}
    assert found == ({**right, "delta1": found["delta1"]} if named else {})
    if named:
        assert "2 times the derivative" in found["delta1"][1]
