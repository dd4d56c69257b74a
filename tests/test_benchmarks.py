"""The benchmarks run, and the check finds what it promises on the problem of their table."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import checkers, other_derivatives, parallel, peers
from benchmarks.__main__ import main
from benchmarks.parallel_point import ParallelPoint
from benchmarks.problem import problem
from manual_backprop import NetworkShape
from tests.undiagnosed import undiagnosed

Captured = pytest.CaptureFixture[str]
README = (Path(checkers.__file__).parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.untraced
def test_the_check_finds_what_it_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkers, "ERRORS", [1.0, 1e-2, 5e-4, 1e-7, 1e-11, 1e-12])
    monkeypatch.setattr(peers, "check_gradients", undiagnosed)
    found = checkers.sensitivity("check_gradients")
    assert found.block == 1e-12
    assert found.entry is not None
    assert found.entry <= 1e-11
    assert found.block_in_float32 == 5e-4
    assert found.accepts_right_float32


@pytest.mark.untraced
@pytest.mark.parametrize("name", peers.available())
def test_every_checker_accepts_the_right_gradient_and_not_its_opposite(name: str) -> None:
    given = problem(*checkers.TABLE)
    assert peers.CHECKERS[name](given, lambda block: block)
    assert not peers.CHECKERS[name](given, lambda block: -block)


@pytest.mark.untraced
@pytest.mark.parametrize(
    "name", [name for name in other_derivatives.CHECKERS if name not in peers.MISSING]
)
def test_every_checker_accepts_the_other_right_derivatives_and_not_their_opposite(
    name: str,
) -> None:
    for accepts in other_derivatives.CHECKERS[name]():
        if accepts is not None:
            assert accepts(lambda values: values)
            assert not accepts(lambda values: -values)


@pytest.mark.untraced
@pytest.mark.parametrize("name", ["this package, PyTorch", "this package, NumPy"])
def test_the_checks_of_other_derivatives_find_what_they_promise(name: str) -> None:
    for accepts in other_derivatives.CHECKERS[name]():
        if accepts is not None:
            assert not accepts(lambda values: other_derivatives.one_entry(values, 1e-10))


def test_what_a_checker_does_not_check_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = other_derivatives.Capabilities(lambda _change: True, lambda _change: False, None)
    monkeypatch.setitem(other_derivatives.CHECKERS, "any", lambda: asked)
    found = other_derivatives.sharpness("any", checkers.smallest)
    assert found.jacobian is None
    assert all(error is not None and np.isnan(error) for error in (found.hessian, found.second))


def test_a_checker_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "MISSING", ["jax check_grads"])
    assert list(peers.available()) == [n for n in peers.CHECKERS if n != "jax check_grads"]


def test_the_smallest_error_is_the_last_before_one_is_accepted() -> None:
    assert checkers.ERRORS[:4] == pytest.approx([1, 0.5, 0.2, 0.1])
    assert sorted(checkers.ERRORS, reverse=True) == checkers.ERRORS
    tables = checkers.smallest(lambda error: error < 0.3), checkers.smallest(lambda _error: True)
    assert tables == (0.5, None)
    assert checkers.smallest(lambda error: 0.01 < error < 0.3 or error < 1e-9) == 0.5


def test_the_million_is_a_million() -> None:
    counts = [shape.parameter_count for shape, _samples in checkers.SIZES]
    assert counts[0] == 131
    assert counts[-1] >= 1_000_000
    assert counts == sorted(counts)


@pytest.mark.untraced
def test_both_tables_are_printed(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkers, "SIZES", checkers.SIZES[:1])
    monkeypatch.setattr(checkers, "ERRORS", [1.0, 1e-9])
    monkeypatch.setattr(peers, "MISSING", list(peers.NEEDS))
    monkeypatch.setattr(peers, "check_gradients", undiagnosed)
    plots, lines = tmp_path / "plots", tmp_path / "lines"
    assert main(["checkers", "--quick", "--plots", str(plots), "--json", str(lines)]) == 0
    assert [child.name for child in plots.iterdir()] == ["checkers.png"]
    others = len(other_derivatives.CHECKERS) - 1  # without JAX
    written = lines.read_text(encoding="utf-8").splitlines()
    assert len(written) == len(peers.available()) + others + 1
    lines = capsys.readouterr().out.splitlines()
    assert all(line == line.rstrip() for line in lines)
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines if "|" in line]
    names = [row[0] for row in rows]
    assert [row for row in rows if row[0] in ("checker", "parameters")] == [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in README.splitlines()
        if line.startswith(("| checker ", "| parameters "))
    ]
    known = list(peers.available())
    assert [name for name in names if name in peers.CHECKERS][: len(known)] == known
    (cost,) = [row for row in rows if row[0] == "131"]
    assert float(cost[3].split()[0]) > 0
    assert "jax check_grads is not installed, and left out." in lines


def test_an_interrupt_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkers, "sensitivity", interrupted)
    assert main(["checkers", "--quick"]) == 130


def test_the_largest_entry_alone_is_made_wrong() -> None:
    block = np.array([[1.0, -3.0], [2.0, 0.5]])
    wrong = checkers.largest_wrong(block, 0.5)
    assert np.array_equal(wrong, [[1.0, -4.5], [2.0, 0.5]])
    assert block[0, 1] == -3.0


def test_the_readme_has_every_command_and_only_options_that_there_are(capsys: Captured) -> None:
    commands = ["checkers", "speed", "products", "scaling", "parallel", "accuracy"]
    assert re.findall(r"^\| `python -m benchmarks (\w+)`", README, re.MULTILINE) == commands
    offered: set[str] = set()
    for command in commands:
        with pytest.raises(SystemExit):
            _ = main([command, "--help"])
        offered |= set(re.findall(r"--[a-z]+", capsys.readouterr().out))
    assert set(re.findall(r"--[a-z]{2,}", README)) <= offered
    for figure in re.findall(r"\((figures/\S+)\)", README):
        assert (Path(checkers.__file__).parent / figure).exists()


def test_an_all_reduce_costs_what_a_ring_sends() -> None:
    link = parallel.Link(1e-5, 1e-9)
    assert parallel.all_reduce_seconds(link, 1_000, 1) == 0
    assert parallel.all_reduce_seconds(link, 1_000, 2) == pytest.approx(2 * (1e-5 + 4e-6))
    assert parallel.all_reduce_seconds(link, 1e9, 1024) == pytest.approx(16.0, rel=0.01)
    assert parallel.efficiency(link, 14e-6 * 2, 1_000, 2) == pytest.approx(0.5)


def test_the_link_is_found_from_what_it_costs() -> None:
    link = parallel.Link(3e-5, 2e-9)
    points = [
        ParallelPoint(
            count, 1.0, 1.0, [(n, parallel.all_reduce_seconds(link, n, count)) for n in (1, 10**6)]
        )
        for count in (2, 4)
    ]
    assert parallel.fitted(points) == pytest.approx(link)


def test_processes_are_measured_and_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(parallel, "SHAPE", NetworkShape(2, 3, 2))
    monkeypatch.setattr(parallel, "SAMPLES", 40)
    monkeypatch.setattr(parallel, "NUMBERS", [1, 10])
    assert main(["parallel", "--quick"]) == 0
    text = capsys.readouterr().out
    assert "all_reduce of n numbers in P processes: 2 (P - 1) (" in text
    rows = re.findall(r"^\| (\d[\d,]*) ", text, re.MULTILINE)
    assert rows == ["1", "2", "1", "10", "8", "64", "1,024"]
