"""The benchmark of scaling: sizes that do not fit are told from those that fail."""

import numpy as np
import pytest

from benchmarks import scaling, scaling_point
from benchmarks.__main__ import main
from benchmarks.scaling_point import ScalingPoint
from manual_backprop import NetworkShape

Captured = pytest.CaptureFixture[str]


def test_a_slope_is_that_of_the_largest_sizes() -> None:
    sizes = [1.0, 10.0, 100.0, 1000.0]
    assert scaling.slope(sizes, [7.0, 10.0, 100.0, 1000.0]) == pytest.approx(1)
    assert scaling.slope(sizes, [7.0, 3.0, 300.0, 30_000.0]) == pytest.approx(2)


def test_a_point_is_measured_in_a_process_of_its_own() -> None:
    found = scaling.point((4, 16, 3, 50), "NumPy")
    assert found is not None
    assert found.seconds > 0
    assert found.peak < 50e6


@pytest.mark.untraced
def test_what_does_not_fit_is_told_from_what_fails() -> None:
    assert scaling.point((100_000, 10_000_000, 3, 50), "NumPy") is None
    with pytest.raises(RuntimeError, match="KeyError: 'nobody'"):
        _ = scaling.point((4, 16, 3, 50), "nobody")


@pytest.mark.untraced
def test_the_peak_is_what_a_contestant_takes_beyond_its_data() -> None:
    chunks, whole = (
        scaling_point.measured(who, NetworkShape(4, 64, 3), 100_000).peak
        for who in ("NumPy", "NumPy, whole batch")
    )
    if whole:  # only Linux says so
        assert whole > 2 * 8 * 64 * 100_000
        assert chunks < whole / 4


def test_both_tables_are_printed(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(size: tuple[int, int, int, int], who: str) -> ScalingPoint | None:
        return (
            None
            if who == "torch eager" and size[3] > 100_000
            else ScalingPoint(1e-3 * size[3], 2e6)
        )

    monkeypatch.setattr(scaling, "point", found)
    assert main(["scaling"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (row,) = [line for line in lines if line.startswith("| 10,000,000 ")]
    cells = {who: ["1e+04 s", "2"] for who in scaling.WHO} | {"torch eager": ["does not fit", ""]}
    found_cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
    assert found_cells == [cell for who in scaling.WHO for cell in cells[who]]
    growths = [line for line in lines if line.startswith("| grows with the power")]
    assert len(growths) == 2
    assert "1.00" in growths[0]
    assert np.isfinite(float(growths[1].split("|")[2]))
