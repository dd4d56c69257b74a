"""Hypothesis profiles: `dev` by default, `ci` for the same examples every time, `thorough`."""

from collections.abc import Generator

import pytest
import torch
from hypothesis import HealthCheck, Phase, settings

from manual_backprop.backends import BACKENDS, VARIABLE
from tests.thorough import RECORD, Record, Thorough, commit_of
from tests.tracing import is_traced, untraced

# Problems this small take longer on several threads, and many times as long on a busy machine.
torch.set_num_threads(1)

# A first call may load a library; a slow machine is no failure.
COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Climbing towards a target can take minutes, depending on constants that Hypothesis finds in the
# tests: where the size of a problem changes, it tries every part of it again.
QUICK = settings(COMMON, phases=set(Phase) - {Phase.target})

settings.register_profile("dev", QUICK, max_examples=60)
settings.register_profile("ci", QUICK, max_examples=75, derandomize=True)
settings.register_profile("thorough", COMMON, max_examples=1_500)
settings.load_profile("dev")


@pytest.hookimpl(trylast=True)  # after Hypothesis has loaded the profile that was asked for
def pytest_configure(config: pytest.Config) -> None:
    if settings.get_current_profile_name() == "thorough":
        record = Record(config.rootpath / RECORD, commit_of(config.rootpath))
        plugin = Thorough(record, writes=not hasattr(config, "workerinput"))
        _ = config.pluginmanager.register(plugin)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run what is long or untraced without coverage's tracing."""
    if is_traced(item):
        return (yield)
    with untraced():
        return (yield)


@pytest.fixture(scope="module", params=BACKENDS)
def each_backend(request: pytest.FixtureRequest) -> Generator[None]:
    """Run the tests of a module with NumPy alone, and with what Numba compiles."""
    if request.param == "compiled":
        _ = pytest.importorskip("numba")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, request.param)
        yield


collect_ignore_glob = ["real_code/students/*", "real_code/strangers/*"]
"""Code of other people, which nobody here runs for its doctests."""
