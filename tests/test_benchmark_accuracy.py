"""The benchmark of accuracy: its unit is the roundoff of the exact result, its points are exact."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy, contestants
from benchmarks.__main__ import main
from benchmarks.oracle import exact_results
from manual_backprop import loss_and_gradients
from manual_backprop.network import forward

Captured = pytest.CaptureFixture[str]


def test_by_hand_is_within_a_few_units_everywhere_and_autograd_is_not() -> None:
    points = np.array([-1e3, -30.0, 0.0, 20.01, 30.0, 700.0])
    for axis in accuracy.AXES:
        for dtype in ("float64", "float32"):
            found = accuracy.measured(axis, dtype, points, ["NumPy", "torch eager"])
            assert max(found.errors["NumPy"]) < 8
    pre_activation = accuracy.measured("pre-activation", "float64", points, ["torch eager"])
    assert pre_activation.errors["torch eager"][3] > 1e6, "PyTorch's softplus is z beyond 20"
    margin = accuracy.measured("margin", "float64", points, ["autograd_ref"])
    assert margin.errors["autograd_ref"][4] > 1e9, "y_hat - y cancels"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_points_are_where_they_are_said_to_be(dtype: str) -> None:
    for point in (-1000.0, -0.5, 0.0, 3.0, 1000.0):
        parameters, X, _Y = accuracy.at_pre_activation(point, dtype)
        assert forward(parameters, X).z1.item() == point
        z2 = forward(*accuracy.at_margin(point, dtype)[:2]).z2[0]
        assert z2[0] - z2[1] == pytest.approx(point, abs=1e-20)


def test_a_unit_is_the_roundoff_of_each_exact_entry() -> None:
    problem = accuracy.at_margin(2.0, "float64")
    exact = exact_results(problem.parameters, problem.X, np.eye(2)[problem.Y])
    value, gradients = loss_and_gradients(*problem)
    right = {"loss": np.asarray(value), **gradients._asdict()}
    assert accuracy.units(right, exact, "float64") < 4
    wrong = {**right, "b1": right["b1"] * (1 + 100 * 2.0**-53)}
    assert accuracy.units(wrong, exact, "float64") == pytest.approx(100, abs=4)


@pytest.mark.untraced
def test_a_table_a_plot_and_lines_are_left(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "POINTS", np.array([-1.0, 0, 0, 0, 0, 30.0]))
    monkeypatch.setattr(contestants, "MISSING", ["jax jit"])
    lines, plots = tmp_path / "lines", tmp_path / "plots"
    assert main(["accuracy", "--quick", "--json", str(lines), "--plots", str(plots)]) == 0
    out = capsys.readouterr().out
    assert "jax jit is not installed, and left out." in out
    assert "| margin, up to 30, float64 " in out
    assert len(lines.read_text(encoding="utf-8").splitlines()) == 4
    assert json.loads(lines.read_text(encoding="utf-8").splitlines()[0])["points"] == [-1, 30]
    (plot,) = plots.iterdir()
    assert plot.read_bytes().startswith(b"\x89PNG")
