"""A check says which mistakes it could not have seen, and it is so."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import manual_backprop
from autograd_ref import check_gradients
from autograd_ref.assignment.detectable import together
from autograd_ref.assignment.mistakes.planted import PLANTED
from autograd_ref.commands import main
from autograd_ref.report.data import Hidden, Power
from manual_backprop import NetworkShape, initialize
from tests.planted import BY_TITLE, wrong
from tests.thorough import by_profile
from tests.undiagnosed import undiagnosed

TITLES = [p.title for p in PLANTED if not p.loses_digits]
SIZES = [(4, 5, 3, 1), (2, 3, 2, 2), (3, 3, 3, 5), (1, 1, 2, 2)]


def power_at(
    inputs: int, hidden: int, outputs: int, samples: int, dtype: type = np.float64
) -> tuple[Power, tuple[manual_backprop.Parameters, np.ndarray, np.ndarray]]:
    random = np.random.default_rng(0)
    p = initialize(NetworkShape(inputs, hidden, outputs), 0, std=0.5, dtype=dtype)
    X = random.normal(size=(samples, inputs)).astype(dtype)
    Y = np.eye(outputs, dtype=dtype)[random.integers(outputs, size=samples)]
    power = check_gradients(manual_backprop.loss_and_gradients, p, X, Y).power
    assert power is not None
    return power, (p, X, Y)


@pytest.mark.untraced
def test_an_ordinary_problem_hides_nothing() -> None:
    for dtype in (np.float64, np.float32):
        power, _problem = power_at(4, 5, 3, 20, dtype)
        assert power.hidden == ()
        count = len(power.visible)
        assert str(power) == f"All {count} known mistakes that can be made here would have shown."
        digits = {p.title for p in PLANTED if p.loses_digits} & set(power.visible)
        assert bool(digits) == (dtype is np.float64)


@pytest.mark.long
@pytest.mark.parametrize("part", range(len(SIZES)))
def test_what_is_hidden_passes_and_what_is_not_does_not(part: int) -> None:
    """Between them, the four try everything that is visible; all of them, in a thorough run."""
    power, problem = power_at(*SIZES[part])
    hidden = {h.title for h in power.hidden}
    every = by_profile(dev=len(SIZES), ci=len(SIZES), thorough=1)
    tried = set(TITLES[part % every :: every]) & set(power.visible)
    assert len(tried) >= 20
    for title in TITLES:
        if title in hidden or title in tried:
            # at this point alone: a check also looks at others
            report = undiagnosed(wrong(title), *problem)
            here = [b for b in report.blocks if "agrees here" not in b.reason]
            mismatch = any(block.verdict == "mismatch" for block in here)
            assert mismatch == (title not in hidden), title


def test_one_sample_hides_the_mean_and_the_power_says_why() -> None:
    power, _problem = power_at(4, 5, 3, 1)
    assert Hidden("1/S missing", "S = 1") in power.hidden
    assert "would have shown; not: 1/S missing (hidden where S = 1), " in str(power)
    assert BY_TITLE["1/S missing"].of.hides == "S = 1"


def test_what_one_problem_shows_is_hidden_by_no_other() -> None:
    one, two = Power(("a", "b"), (Hidden("c", "S = 1"),)), Power(("a", "c"), (Hidden("b", ""),))
    assert together([one, two]) == Power(("a", "b", "c"), ())
    assert together([one, one]) == one


def test_another_model_has_no_list_of_mistakes() -> None:
    report = check_gradients(lambda w: 2 * w, np.ones(3), loss=lambda w: (w**2).sum())
    assert report.power is None


def test_a_report_can_be_sent_elsewhere_and_asked_there() -> None:
    random = np.random.default_rng(0)
    p = initialize(NetworkShape(2, 3, 4), 0)
    X, labels = random.normal(size=(5, 2)), random.integers(4, size=5)
    report = check_gradients(manual_backprop.loss_and_gradients, p, X, labels)
    assert pickle.loads(pickle.dumps(report)).power == report.power


@pytest.mark.untraced
def test_the_command_says_what_its_problems_could_have_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    spec = "manual_backprop:loss_and_gradients"
    assert main(["check", spec, "--problems", "2", "--json", str(file)]) == 0
    assert "known mistakes that can be made here would have shown." in " ".join(
        capsys.readouterr().out.split()
    )
    power = json.loads(file.read_text())["power"]
    assert "1/S missing" in power["visible"]
    assert power["hidden"] == []
