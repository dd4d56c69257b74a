"""Hypothesis profiles: `dev` by default, `ci` for the same examples every time, `thorough`."""

import os
import sys
from collections.abc import Generator
from functools import cache
from typing import Any

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

PACKAGES = "autograd_ref", "manual_backprop"
CACHED = type(cache(len))


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
        for function in _cached(len(sys.modules)):
            function.cache_clear()  # or the tests that are traced would not run its lines


@cache
def _cached(_loaded: int) -> list[Any]:
    """The functions of both packages that remember their results."""
    ours = [module for name, module in [*sys.modules.items()] if name.startswith(PACKAGES)]
    found = {id(value): value for module in ours for value in vars(module).values()}
    return [value for value in found.values() if isinstance(value, CACHED)]


collect_ignore_glob = ["real_code/students/*", "real_code/strangers/*"]
"""Code of other people, which nobody here runs for its doctests."""
