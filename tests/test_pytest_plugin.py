"""The fixture: a right gradient passes, a wrong one fails with the report, and nobody else pays."""

import subprocess
import sys
from pathlib import Path

import pytest

from autograd_ref import assert_backward_matches, assert_gradients_match
from autograd_ref.backward import BackwardCheck
from autograd_ref.check import Check
from autograd_ref.commands import main
from autograd_ref.commands.as_written import taken_file

pytest_plugins = ("pytester",)

TESTS = """
import numpy as np
import torch

def loss(w, X, y):
    return 0.5 * ((X @ w - y) ** 2).sum()

random = np.random.default_rng(0)
w, X, y = random.normal(size=3), random.normal(size=(7, 3)), random.normal(size=7)

def test_a_right_gradient(check_gradients):
    report = check_gradients(lambda w, X, y: X.T @ (X @ w - y), w, X, y, loss=loss)
    assert report.verdict == "match"

def test_a_wrong_gradient(check_gradients):
    report = check_gradients(lambda w, X, y: X.T @ (X @ w + y), w, X, y, loss=loss)
"""

BYSTANDER = """
import sys

def test_of_something_else():
    assert "autograd_ref.pytest_plugin" in sys.modules
    assert not {"torch", "scipy", "numpy"} & set(sys.modules)
"""


def run_pytest(folder: Path, test: str) -> tuple[int, str]:
    _ = (folder / "test_it.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_fixtures_are_the_assertions(
    check_gradients: Check, check_backward: BackwardCheck
) -> None:
    assert check_gradients is assert_gradients_match
    assert check_backward is assert_backward_matches


@pytest.mark.untraced
def test_the_fixture_fails_on_a_wrong_gradient_alone_with_the_report_and_the_line_of_the_test(
    tmp_path: Path,
) -> None:
    status, output = run_pytest(tmp_path, TESTS)
    assert status == 1
    assert "1 failed, 1 passed" in output
    assert "test_a_wrong_gradient - autograd_ref" in output
    assert "GradientMismatch: Mismatch:" in output
    assert "report = check_gradients(lambda w, X, y: X.T @ (X @ w + y)" in output
    assert "raise GradientMismatch" not in output  # our own frame


@pytest.mark.untraced
def test_the_plugin_costs_other_tests_nothing(tmp_path: Path) -> None:
    status, output = run_pytest(tmp_path, BYSTANDER)
    assert status == 0, output


NET = """
import numpy as np

def forward(params, X):
    hidden = {hidden}
    out = np.exp(hidden @ params["W2"] + params["b2"])
    return hidden, out / out.sum(axis=1, keepdims=True)

def backward(params, X, Y):
    hidden, p = forward(params, X)
    d = (p - Y) / len(Y)
    dW2, db2 = hidden.T @ d, d.sum(axis=0)
    d = d @ params["W2"].T * {slope}
    return {{"dW1": X.T @ d, "db1": d.sum(axis=0), "dW2": dW2, "db2": db2}}
"""
SOFTPLUS = NET.format(
    hidden='np.log1p(np.exp(X @ params["W1"] + params["b1"]))', slope="(1 - np.exp(-hidden))"
)
TANH = NET.format(hidden='np.tanh(X @ params["W1"] + params["b1"])', slope="(1 - hidden**2)")
COURSE = """
import numpy as np
import torch
from manual_backprop import Parameters

random = np.random.default_rng(1)
shapes = {"W0": (5, 4), "b0": (5,), "W1": (3, 5), "b1": (3,)}
parameters = {name: random.normal(size=shape) for name, shape in shapes.items()}
X, Y = random.normal(size=(7, 4)), random.integers(3, size=7)

def test_its_gradient(submission, submission_network, check_gradients):
    if not submission_network:
        check_gradients(submission, Parameters(**parameters), X, Y)
        return

    def loss(parameters, X, Y):
        hidden = torch.tanh(X @ parameters["W0"].T + parameters["b0"])
        scores = hidden @ parameters["W1"].T + parameters["b1"]
        return torch.nn.functional.cross_entropy(scores, Y)

    check_gradients(submission, parameters, X, Y, loss=loss)
"""
CHOSEN = """
import pytest

@pytest.fixture(scope="session")
def submission_network():
    return {"activation": "tanh"}
"""


def course(pytester: pytest.Pytester, *options: str) -> tuple[dict[str, int], str]:
    _ = pytester.makepyfile(test_course=COURSE)
    done = pytester.runpytest_inprocess("-rs", "-p", "no:cacheprovider", *options)
    return done.parseoutcomes(), str(done.stdout)


def test_without_a_submission_its_tests_are_skipped(pytester: pytest.Pytester) -> None:
    outcomes, output = course(pytester)
    assert outcomes == {"skipped": 1}
    assert "no submission is given: --submission FILE[:NAME]" in output


@pytest.mark.untraced
def test_a_submission_is_called_as_it_wants_to_be(pytester: pytest.Pytester) -> None:
    _ = pytester.makepyfile(mine=SOFTPLUS)
    assert course(pytester, "--submission", "mine.py")[0] == {"passed": 1}
    _ = pytester.makepyfile(mine_tanh=TANH)
    outcomes, output = course(pytester, "--submission=mine_tanh.py:backward")
    assert outcomes == {"failed": 1}
    assert "Mismatch:" in output
    _ = pytester.makeconftest(CHOSEN)
    assert course(pytester, "--submission", "mine_tanh.py")[0] == {"passed": 1}


LOST = "def add(a, b): return a + b\nopen('nowhere.csv')"


@pytest.mark.parametrize("code", [LOST.split("\n")[0], LOST, "import nothing_of_mine", None])
def test_what_cannot_be_taken_is_said_as_by_check(
    code: str | None,
    pytester: pytest.Pytester,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if code is not None:
        _ = pytester.makepyfile(mine=code)
    outcomes, output = course(pytester, "--submission", "mine.py")
    _ = capsys.readouterr()
    assert outcomes == {"errors": 1}
    assert main(["check", "mine.py"]) == 2
    said = capsys.readouterr().err
    assert "crosscheck: " in said
    assert "During handling" not in said
    for line in said.splitlines():
        assert line.strip() in output


def test_another_network_has_words_of_its_own(tmp_path: Path) -> None:
    assert (tmp_path / "mine.py").write_text("def add(a, b): return a + b", encoding="utf-8")
    said = taken_file.taken_or_said("mine.py", tmp_path, {"loss": "mse"})
    assert isinstance(said, str)
    assert "returns, keeps or updates a gradient" in said
