"""Hypothesis profiles: `dev` by default, `ci` for the same examples every time, `thorough`."""

import os
import sys
from collections.abc import Generator

import pytest
import torch
from hypothesis import HealthCheck, Phase, settings

from tests.thorough import RECORD, Record, Thorough, commit_of

# Problems this small take longer on several threads, and many times as long on a busy machine.
torch.set_num_threads(1)

# A first call may load a library; a slow machine is no failure.
COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Climbing towards a target can take minutes, depending on constants that Hypothesis finds in the
# tests: where the size of a problem changes, it tries every part of it again.
QUICK = settings(COMMON, phases=set(Phase) - {Phase.target})

settings.register_profile("dev", QUICK, max_examples=60)
settings.register_profile("ci", QUICK, max_examples=75, derandomize=True)
settings.register_profile("thorough", COMMON, max_examples=4_000)
settings.load_profile("dev")

TRACE_PROCESSES = "COVERAGE_PROCESS_CONFIG"
"""Where coverage tells the processes that a test starts to trace themselves."""


@pytest.hookimpl(trylast=True)  # after Hypothesis has loaded the profile that was asked for
def pytest_configure(config: pytest.Config) -> None:
    if settings.get_current_profile_name() == "thorough":
        record = Record(config.rootpath / RECORD, commit_of(config.rootpath))
        plugin = Thorough(record, writes=not hasattr(config, "workerinput"))
        _ = config.pluginmanager.register(plugin)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run what is long or untraced without coverage's tracing, which doubles its time."""
    if not any(item.get_closest_marker(name) for name in ("long", "untraced")):
        return (yield)
    tracer, in_processes = sys.gettrace(), os.environ.pop(TRACE_PROCESSES, None)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
        if in_processes is not None:
            os.environ[TRACE_PROCESSES] = in_processes


collect_ignore_glob = ["real_code/students/*", "real_code/strangers/*"]
"""Code of other people, which nobody here runs for its doctests."""
