"""The benchmark of speed runs, and nobody who is wrong comes out as fast."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import contestants, measuring, speed
from benchmarks.__main__ import main
from benchmarks.environment import AVX2, environment
from benchmarks.problem import problem
from manual_backprop import NetworkShape, loss_and_gradients
from manual_backprop.chunks import planned

Captured = pytest.CaptureFixture[str]
SMALL = NetworkShape(4, 8, 3)
QUICK = ["NumPy", "compiled", "NumPy, whole batch", "torch by hand", "torch eager", "torch.func"]
SLOW = ["torch.compile"]
"""It needs a C++ compiler, and half a minute."""


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [name for name in contestants.CONTESTANTS if name not in SLOW])
def test_every_contestant_computes_the_same(
    name: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in contestants.NEEDS:
        _ = pytest.importorskip(contestants.NEEDS[name])
    monkeypatch.setattr(measuring, "PAUSE", 0.0)
    monkeypatch.setattr(measuring, "SAMPLE", 1e-3)
    row = measuring.measured((SMALL, 20, dtype), [name], seconds=0.0)
    assert not row.wrong
    assert len(row.times[name]) == len(row.canary) == measuring.LEAST
    assert min(row.times[name]) > 0


@pytest.mark.untraced
def test_a_contestant_that_is_wrong_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(given: Any, _device: str) -> contestants.Run:
        value, gradients = loss_and_gradients(*given)
        return lambda: (value, gradients._replace(b0=gradients.b0 * 1.01))

    monkeypatch.setitem(contestants.CONTESTANTS, "wrong", wrong)
    row = measuring.measured((SMALL, 20, "float64"), ["NumPy", "wrong"], seconds=0.0)
    assert row.wrong == ["wrong"]


def test_the_products_are_those_of_one_chunk_for_all_samples_and_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def second(contestant: Any, _loops: int = 1) -> float:
        contestant()
        return 1.0

    monkeypatch.setattr(measuring, "_seconds", second)
    monkeypatch.setattr(measuring, "cores", lambda: 2)
    given = problem(NetworkShape(4, 64, 3), 100_000)
    lanes = planned(64, 4, 3, 100_000, 8).lanes
    assert len(lanes) > 1
    assert measuring.products(given) == pytest.approx(100_000 / lanes[0].step / 2)


@pytest.mark.untraced
def test_a_table_is_printed_and_raw_samples_are_appended(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "GRID", speed.GRID[:1])
    monkeypatch.setattr(speed, "QUICK_SECONDS", 0.0)
    monkeypatch.setattr(contestants, "MISSING", ["HIPS autograd", "jax jit"])
    file = tmp_path / "speed.jsonl"
    options = ["speed", "--quick", "--dtype", "float64", "--json", str(file)]
    options += ["--plots", str(tmp_path / "plots")]
    for name in QUICK[:4]:
        options += ["--only", name]
    for _run in range(2):
        assert main(options) == 0
    out = capsys.readouterr().out
    assert "HIPS autograd is not installed, and left out." in out
    assert "| 4, 8, 3, 1 " in out
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 2
    assert lines[0]["shape"] == {"inputs": 4, "hidden": 8, "outputs": 3}
    assert list(lines[0]["times"]) == QUICK[:4]
    assert lines[0]["on"]["packages"]["numpy"] == np.__version__
    assert "| geometric mean " in out
    (plot,) = (tmp_path / "plots").iterdir()
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert sorted(child.name for child in tmp_path.iterdir()) == ["plots", "speed.jsonl"]


@pytest.mark.parametrize(("options", "vectors"), [(["--processes", "2"], {}), (["--avx2"], AVX2)])
def test_processes_measure_one_after_the_other(
    options: list[str],
    vectors: dict[str, str],
    capsys: Captured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each in an environment that holds the libraries to AVX2, if that is asked for."""
    kept: list[int] = []
    real = subprocess.run

    def process(command: list[str], **options: Any) -> Any:
        if command[1:4] != ["-m", "benchmarks", "speed"]:
            return real(command, **options)
        assert vectors.items() <= options["env"].items()
        assert main(command[3:]) == 0
        return None

    monkeypatch.setattr(speed.subprocess, "run", process)
    monkeypatch.setattr(speed, "keep_to", kept.append)
    monkeypatch.setattr(speed, "GRID", speed.GRID[:2])
    monkeypatch.setattr(speed, "QUICK_SECONDS", 0.0)
    file = tmp_path / "speed.jsonl"
    more = ["--quick", "--dtype", "float32", "--only", "NumPy", "--threads", "1"]
    assert main(["speed", *options, "--json", str(file), *more]) == 0
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    count = len(kept)
    assert count == (1 if vectors else 2)
    assert [row["samples"] for row in rows] == count * [1, 280]
    assert capsys.readouterr().out.count("| 4, 16, 3, 280 ") == 3 * (count + 1)


@pytest.mark.parametrize(
    ("canary", "label"),
    [([1.0, 1.1, 1.2, 1.2], "4, 8, 3, 20"), ([1.0, 1.1, 1.5, 2.0], "4, 8, 3, 20 ~")],
)
def test_a_noisy_cell_is_marked(canary: list[float], label: str) -> None:
    times = {"NumPy": [1.0], "peer": [2.0]}
    first = dict.fromkeys(times, 1.0)
    row = measuring.TimedRow(SMALL, 20, "float64", times, first, [], 1.0, canary, {})
    table = speed._ratios("", "NumPy", [*times], [row])  # pyright: ignore[reportPrivateUsage]
    assert list(table.columns[0].cells) == [label, "geometric mean"]


def test_a_noisy_cell_is_measured_again_and_the_quietest_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    canaries = [[1.0, 2.0, 3.0], [1.0, 1.5, 2.0], [1.0, 2.0, 4.0], [1.0, 1.0, 1.0]]
    found = iter(canaries)

    def interleaved(runs: Any, _seconds: float) -> dict[str, list[float]]:
        return {**{name: [1.0] for name in runs}, measuring.CANARY: next(found)}

    monkeypatch.setattr(measuring, "interleaved", interleaved)
    row = measuring.measured((SMALL, 20, "float64"), ["NumPy"], seconds=0.0)
    assert row.canary == canaries[1]
    assert next(found) == canaries[3], "not more often than that"


def test_a_ratio_is_the_median_over_processes_and_a_wrong_one_is_marked() -> None:
    def row(own: float, other: float, wrong: list[str]) -> measuring.TimedRow:
        times = {"NumPy": [own, own, 9.0], "peer": [other, other, 9.0]}
        first = dict.fromkeys(times, 1.0)
        return measuring.TimedRow(SMALL, 20, "float64", times, first, wrong, 1.0, [1.0], {})

    rows = [row(1.0, 2.0, []), row(1.0, 5.0, ["peer"]), row(2.0, 6.0, [])]
    table = speed._ratios("", "NumPy", ["NumPy", "peer"], rows)  # pyright: ignore[reportPrivateUsage]
    assert list(table.columns[1].cells) == ["3.00 (1.00 to 3.00)!", "-"]


@pytest.mark.parametrize(
    ("names", "to"),
    [
        (["NumPy", "compiled", "peer"], "compiled"),
        (["NumPy", "peer"], "NumPy"),
        (["peer", "other"], "peer"),
    ],
)
def test_the_figure_divides_by_the_faster_of_ours(names: list[str], to: str) -> None:
    times = {name: [1.0] for name in names}
    row = measuring.TimedRow(SMALL, 20, "float64", times, {}, [], 1.0, [1.0], {})
    figure = speed._figure([row])  # pyright: ignore[reportPrivateUsage]
    assert figure.axes[0].get_xlabel() == f"time / {to}"


def test_the_record_is_plain_data() -> None:
    record = environment()  # once: the load of the machine changes between two
    assert json.loads(json.dumps(record)) == record
