"""The benchmark of Hessian-vector products runs, and nobody who is wrong comes out as fast."""

import json
from pathlib import Path
from typing import Any

import pytest

from autograd_ref.assignment.problems import Problem
from benchmarks import measuring, products
from benchmarks.__main__ import main
from manual_backprop import NetworkShape, Parameters, gauss_newton_vector_product

# PyTorch's own, as it makes ready for forward differentiation
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")

CELL = (NetworkShape(4, 8, 3), 20, "float64")


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", products.PRODUCTS)
def test_every_way_computes_the_same_product(
    name: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == products.NEEDS_JAX:
        _ = pytest.importorskip("jax")
    monkeypatch.setattr(measuring, "PAUSE", 0.0)
    row = products.measured((*CELL[:2], dtype), [name], seconds=0.0)
    assert not row.wrong
    assert len(row.times[name]) == measuring.LEAST


def test_another_product_is_marked_as_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(given: Problem, v: Parameters) -> products.Run:
        return lambda: gauss_newton_vector_product(given.parameters, v, given.X)

    monkeypatch.setitem(products.PRODUCTS, "other", other)
    monkeypatch.setattr(measuring, "PAUSE", 0.0)
    assert products.measured(CELL, ["by hand", "other"], seconds=0.0).wrong == ["other"]


@pytest.mark.untraced
def test_a_table_of_ratios_is_printed_for_each_format(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(_name: str) -> None:
        return None

    monkeypatch.setattr(products, "find_spec", without)
    monkeypatch.setattr(products, "GRID", products.GRID[:2])
    monkeypatch.setattr(products, "QUICK_SECONDS", 0.0)
    kept: list[int] = []
    monkeypatch.setattr(products, "keep_to", kept.append)
    file = tmp_path / "products.jsonl"
    assert main(["products", "--quick", "--threads", "1", "--json", str(file)]) == 0
    assert kept == [1]
    out = capsys.readouterr().out
    assert "jax is not installed, and left out." in out
    assert out.count("| 4, 16, 3, 280 ") == out.count("| geometric mean ") == 2
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()
    ]
    assert [row["dtype"] for row in rows] == 2 * ["float64"] + 2 * ["float32"]
    assert products.NEEDS_JAX not in rows[0]["times"]
