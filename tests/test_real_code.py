"""Code as other people write it is called without a line written, and judged as it is."""

import sys
from collections.abc import Generator
from functools import cache
from typing import Any

import numpy as np
import pytest

from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import failures_in_words, found_in_words, ties_in_words
from autograd_ref.adapting.undisturbed import quiet
from autograd_ref.adapting.way_search import SearchOutcome, Wanted, search
from autograd_ref.commands.as_written.usual_problems import usual_cases, usual_reports
from tests.real_code.corpus import PENALTIES, RealFile, corpus, loaded
from tests.thorough import by_profile

NOT_TAKEN = {
    "students/exported_cells.py": "the gradient is a local variable of a loop over its own data",
    "strangers/elman_parity.py": "a recurrent network, which is none of the usual ones",
}
"""The files whose gradient a call gets at, but for which no way to call them is found."""

TRACED = {
    "students/ex4.py",
    "students/hidden_relu.py",
    "students/lab2_columns.py",
    "students/parity_class.py",
    "strangers/deep_tanh.py",
    "strangers/lists_of_lists.py",
}
"""The files in which a search runs lines that no other test runs: coverage is to see them."""

ALIKE = {
    "strangers/data_inside.py": "students/crop_yield.py",
    "strangers/ex4.py": "students/ex4.py",
    "strangers/fit_in_function.py": "strangers/tabs_loop.py",
    "strangers/layers.py": "students/tinytorchish.py",
    "strangers/neuron_dicts.py": "strangers/unit_cells.py",
    "strangers/nnet_theta.py": "students/scipy_style_mlp.py",
    "strangers/xor_by_hand.py": "strangers/single_weights.py",
    "students/functional_step.py": "strangers/train_step.py",
    "students/layer_network.py": "strangers/stacked_in_main.py",
    "students/logistic_penalty.py": "students/linear_softmax.py",
}
"""Files whose search takes seconds, which only a thorough run takes; each with one of its kind (a
loop over its own data, one flat vector, objects or dicts as layers, names without arrays, a step
that returns parameters, no hidden layer) that is always taken."""

ALL = corpus()
TAKEN = [one for one in ALL if one.reachable and one.name not in NOT_TAKEN]
NEVER = [one for one in ALL if one not in TAKEN]


def each(files: list[RealFile]) -> pytest.MarkDecorator:
    """All tests of a file follow one another, so that of several processes one searches in it."""
    cases = [
        pytest.param(one, id=one.name, marks=() if one.name in TRACED else pytest.mark.long)
        for one in files
        if one.name not in by_profile(dev=ALIKE, ci=ALIKE, thorough={})
    ]
    return pytest.mark.parametrize("one", cases, scope="module")


@cache
def outcome_of(one: RealFile) -> SearchOutcome:
    """The result of a search in a file."""
    return search(loaded(one), problems(one.network), Wanted())


@cache
def adapter_of(one: RealFile) -> Adapted:
    """The adapter for a file, with the factor of the penalty where that has a mistake."""
    best = outcome_of(one).best
    assert best is not None, [*failures_in_words(outcome_of(one))]
    given, l2 = PENALTIES.get(one.name, (0.0, 0.0))
    found = adapted(best, one.network._replace(l2=given), one.path.stem)
    return found._replace(network=found.network._replace(**penalty(l2)))


def penalty(l2: float | str) -> dict[str, Any]:
    """The fields of a network for l2, which may be divided by the number of samples."""
    text = str(l2)
    return {"l2": float(text.removesuffix("/S")), "l2_over_samples": text.endswith("/S")}


@pytest.fixture
def importable(one: RealFile, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """A file that is imported by its stem, and anew; afterwards nothing of it is left."""
    before = {**sys.modules}
    monkeypatch.syspath_prepend(one.path.parent)
    _ = sys.modules.pop(one.path.stem, None)
    yield
    for name in [name for name in sys.modules if name not in before]:
        del sys.modules[name]
    sys.modules.update(before)


@each(TAKEN)
def test_real_code_is_judged_as_it_is(one: RealFile, capfd: pytest.CaptureFixture[str]) -> None:
    """Right code is a match, wrong code is none, and the search prints nothing.

    Every file in a thorough run; otherwise all but those that another stands for (ALIKE).
    """
    adapter = adapter_of(one)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    with quiet():
        (checked,) = usual_reports(adapter, adapter, usual_cases(adapter, 1, seed=0))
    expected = "match" if one.right else "mismatch"
    assert checked.report is not None
    assert checked.report.verdict == expected, f"{adapter.source}\n{checked.report}"


@pytest.mark.usefixtures("importable")
@each([one for one in TAKEN if not one.is_notebook])
def test_an_adapter_works_when_pasted(one: RealFile) -> None:
    """Its source, with its own imports alone, gives the numbers that the adapter gives."""
    adapter = adapter_of(one)
    parameters, X, Y = usual_cases(adapter, 1, seed=3)[0].arguments
    scope: dict[str, Any] = {}
    with quiet():
        exec(str(adapter.source), scope)
        keywords = {"l2": adapter.choices.l2} if "l2=0.0" in str(adapter.source) else {}
        pasted = scope[adapter.source.name](parameters, X, Y, **keywords)
        np.testing.assert_equal(pasted, adapter(parameters, X, Y))


@each(NEVER)
def test_what_is_not_taken_is_not_taken_for_something_else(one: RealFile) -> None:
    """No adapter is made up where the gradient stays inside, or where no way to it is known."""
    outcome = outcome_of(one)
    assert outcome.best is None
    assert all("gradient" in line or "raises" in line for line in failures_in_words(outcome))


def test_nine_in_ten_of_the_reachable_are_taken() -> None:
    """The share of files that go in as they stand; the rest is listed, each with its reason."""
    reachable = [one.name for one in ALL if one.reachable]
    assert len(ALL) >= 60
    assert set(NOT_TAKEN) <= set(reachable)
    assert len(TAKEN) / len(reachable) >= 0.87, (len(TAKEN), len(reachable))


@each(TAKEN)
def test_what_was_found_is_told(one: RealFile) -> None:
    """The sentences name what is called, and ties name other ways than the one that was taken."""
    adapter, outcome = adapter_of(one), outcome_of(one)
    said = found_in_words(adapter)
    entry = adapter.found.program.entry
    one_pass = f"Called: {entry.last}, which is one pass of the loop in line "
    assert said[0].startswith(one_pass if entry.source else f"Called: {entry.name}. ")
    assert adapter.found.program.data.said not in ties_in_words(outcome)
    assert "np.reshape(" not in " ".join(said)
