"""The mass run counts what is found, what is accused and what passes, and would show a failure."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import Generator

from tests.mass import examine as examining
from tests.mass.__main__ import main
from tests.mass.agreement import distance
from tests.mass.examine import Check, Outcome, examine
from tests.mass.inject import Error, made
from tests.mass.problem import FAMILIES, NOTHING_SHOWS, REFUSED, Kernel, Problem, family, tensor_of
from tests.mass.record import Findings
from tests.mass.table import RIGHT, WRONG, noted, row


def problem(rng: Generator, dtype: str, factor: float = 1) -> Problem:
    def loss(w: Any, X: Any) -> Any:
        return ((X @ w) ** 2).sum()

    def gradients(w: Any, X: Any) -> Any:
        return factor * 2 * X.T @ (X @ w)

    data = (rng.normal(size=(5, 3)),)
    return Problem(gradients, rng.normal(size=3), data, loss, batch="sum", batched=1).of(dtype)


def squares(rng: Generator, dtype: str) -> Problem:
    return problem(rng, dtype)


def slips(rng: Generator, dtype: str) -> Problem:
    return problem(rng, dtype, 1.001)


def hidden(rng: Generator, dtype: str) -> Problem:
    return replace(problem(rng, dtype), expected=NOTHING_SHOWS)


def refused(rng: Generator, dtype: str) -> Problem:
    return replace(problem(rng, dtype), parameters=np.empty((0, 3)), expected=REFUSED)


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Any, **_: Any) -> Any:
        ctx.factor = 2
        return inputs[0] * ctx.factor

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0] * ctx.factor


def kernel(rng: Generator, dtype: str) -> Kernel:
    return Kernel(Twice.apply, lambda x: 2 * x, (tensor_of(rng.normal(size=(2, 3)), dtype),))


def breaks(rng: Generator, dtype: str) -> Problem:
    return replace(problem(rng, dtype), loss=lambda w, X: w.missing)


@pytest.fixture(autouse=True)
def _families_of_this_file() -> Iterator[None]:
    before = dict(FAMILIES)
    FAMILIES.clear()
    for make in (squares, slips, hidden, breaks, refused, kernel):
        _ = family()(make)
    yield
    FAMILIES.clear()
    FAMILIES.update(before)


def result(name: str, *, injected: bool = False, seed: int = 0) -> Outcome:
    return examine(Check(name, seed, "torch", "float64", injected=injected))


def test_a_right_gradient_is_a_match_and_a_wrong_one_counts_as_an_accusation() -> None:
    assert result("squares").result == "match"
    accused = result("slips")
    assert accused.result == "accused"
    assert accused.distance == pytest.approx(1e-3), "the family is at fault, and that is seen"
    assert "gradient mismatch" in accused.reason


def test_a_match_where_nothing_could_show_is_counted() -> None:
    assert result("hidden").result == "unearned"


def test_a_refusal_that_was_said_beforehand_is_none_of_them() -> None:
    assert result("refused").result == "stated"


def test_an_exception_is_counted() -> None:
    raised = result("breaks")
    assert raised.result == "raised"
    assert "missing" in raised.reason


@pytest.mark.untraced
def test_injected_errors_are_found() -> None:
    outcomes = [result("squares", injected=True, seed=seed) for seed in range(12)]
    assert {outcome.result for outcome in outcomes} == {"found"}
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    assert min(errors) < 1e-8
    assert max(errors) > 1e-5
    assert {outcome.reason.split("place=")[1][:4] for outcome in outcomes} >= {"'ent", "'blo"}


@pytest.mark.untraced
def test_errors_are_injected_in_kernels_too() -> None:
    assert examine(Check("kernel", 0, "kernel", "float16")).result == "match"
    checks = [Check("kernel", seed, "kernel", "float64", injected=True) for seed in range(8)]
    outcomes = [examine(check) for check in checks]
    assert {outcome.result for outcome in outcomes} == {"found"}
    assert len({outcome.error for outcome in outcomes}) > 3


def blind(claim: float) -> Callable[..., Any]:
    """A checker that accepts everything and states this resolution."""
    block = SimpleNamespace(name="gradient", verdict="match", resolution=claim)
    report = SimpleNamespace(verdict="match", blocks=[block], loss=None, causes=[])
    return lambda *_, **__: report


@pytest.mark.parametrize(("claim", "expected"), [(1e-12, "passed"), (1.0, "below")])
def test_an_error_that_passes_is_counted_by_the_resolution_that_the_report_states(
    claim: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "check_gradients", blind(claim))
    outcome = result("squares", injected=True)
    assert outcome.result == expected, outcome.reason


@pytest.mark.parametrize("place", ["entry", "block", "sample"])
def test_the_error_made_is_what_was_asked_for(place: str) -> None:
    p = problem(np.random.default_rng(0), "float64")
    (error,) = made(p, Error(1e-3, place))
    assert (error == pytest.approx(1e-3)) == (place == "block")
    assert 1e-6 < error < 1e-2
    assert distance(p) < 1e-14


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    findings = Findings(tmp_path / "run.jsonl", resume=False)
    outcomes = [result("squares"), result("slips")]
    for outcome in outcomes:
        findings.add(outcome)
    assert [*Findings(findings.file, resume=True).outcomes.values()] == outcomes
    (line,) = findings.to_look_at.read_text(encoding="utf-8").splitlines()
    assert "python -m tests.mass --only slips --seed 0 --problems 1" in line
    assert Findings(findings.file, resume=False).outcomes == {}


def test_the_table_counts() -> None:
    check = Check("squares", 0, "torch", "float64")
    outcomes = [Outcome(check, name, seconds=1) for name in ("match", "match", "accused")]
    assert row("squares", outcomes, RIGHT) == ["squares", "3", "2", "1", "", "", "", "", "3.0"]
    outcomes = [Outcome(check, name, seconds=1) for name in ("found", "passed")]
    assert noted([replace(outcomes[0], result="match", notes="one, two")]).endswith("two (1).")
    assert row("squares", outcomes, WRONG) == ["squares", "2", "1", "1", "", "", "", "", "2.0"]


@pytest.mark.untraced
def test_the_command_runs_and_its_status_is_1_where_something_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "run.jsonl"
    words = ["mass", "--problems", "2", "--record", str(record)]
    monkeypatch.setattr(sys, "argv", [*words, "--only", "squares"])
    assert main() == 0
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()][1] == [
        *("squares", "4", "4")
    ]
    assert len(record.read_text(encoding="utf-8").splitlines()) == 4
    monkeypatch.setattr(sys, "argv", [*words, "--only", "slips", "--resume", "--seconds", "60"])
    assert main() == 1
    assert len(record.read_text(encoding="utf-8").splitlines()) == 8


def test_a_family_whose_package_is_missing_is_left_out_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    FAMILIES["squares"] = replace(FAMILIES["squares"], needs="no_such_package")
    record = str(tmp_path / "run.jsonl")
    monkeypatch.setattr(sys, "argv", ["mass", "--only", "squares", "--record", record])
    assert main() == 0
    assert "squares is left out: no_such_package is not installed." in capsys.readouterr().out
