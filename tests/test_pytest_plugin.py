"""The fixture: a right gradient passes, a wrong one fails with the report, and nobody else pays."""

import subprocess
import sys
from pathlib import Path

from autograd_ref import assert_backward_matches, assert_gradients_match
from autograd_ref.backward import BackwardCheck
from autograd_ref.check import Check

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


def test_the_plugin_costs_other_tests_nothing(tmp_path: Path) -> None:
    status, output = run_pytest(tmp_path, BYSTANDER)
    assert status == 0, output
