"""log1p of the hidden layer, by NumPy's own or by its log: as accurate, and chosen by its loops."""

from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np
import pytest

from manual_backprop import softplus

AVX512 = {"log": {"dd": "X86_V4", "ff": "X86_V4"}, "log1p": {"dd": "X86_V4", "ff": "X86_V4"}}
AVX2 = {
    "log": {"dd": "X86_V3", "ff": "X86_V3"},
    "log1p": {"dd": "baseline(X86_V2)", "ff": "baseline(X86_V2)"},
}
HALF = {"log": {"dd": "baseline(X86_V2)", "ff": "X86_V3"}, "log1p": {}}


@pytest.mark.parametrize("by_log", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_is_right_to_three_and_a_half_units_either_way(
    dtype: Any, by_log: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softplus, "BY_LOG", {"d", "f"} if by_log else set[str]())
    random, least = np.random.default_rng(0), np.log10(np.finfo(dtype).smallest_normal)
    t = (10 ** random.uniform(least, 30, 2_000)).astype(dtype)
    t = np.append(t, random.uniform(0, 3, 2_000).astype(dtype))
    found = softplus.log1p(t, t + dtype(1))
    with mpmath.workdps(40):
        exact = [mpmath.log1p(mpmath.mpf(float(one))) for one in t]
        unit = mpmath.mpf(float(np.finfo(dtype).eps)) / 2
        off = (
            abs(mpmath.mpf(float(a)) - b) / (b * unit) for a, b in zip(found, exact, strict=True)
        )
        assert max(off) < 3.5


@pytest.mark.parametrize(
    ("loops", "found"), [(AVX512, set()), (AVX2, {"d", "f"}), (HALF, {"f"}), (None, set())]
)
def test_log_is_taken_where_numpy_says_that_it_alone_takes_several_entries_at_once(
    loops: dict[str, dict[str, str]] | None, found: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def opt_func_info(func_name: str) -> dict[str, dict[str, dict[str, str]]]:
        name = func_name.strip("^$")
        assert loops is not None
        types = {types: {"current": one} for types, one in loops[name].items()}
        return {name: types} if types else {}

    introspect = SimpleNamespace(opt_func_info=opt_func_info) if loops else None
    monkeypatch.setattr(np.lib, "introspect", introspect)
    assert softplus.by_log() == found
