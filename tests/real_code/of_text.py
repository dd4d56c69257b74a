"""Code as other people write it, in a few lines: a text becomes a module whose source is found."""

import linecache
import sys
from types import ModuleType

import numpy as np
import pytest

from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.way_search import Wanted, search
from autograd_ref.diagnosis.explain import explained
from autograd_ref.networks.architecture import Architecture
from autograd_ref.observe.observed import Observed
from autograd_ref.report.report import Report
from autograd_ref.verdict.decide import Decision


def module_of(text: str) -> ModuleType:
    """The module `theirs` of a text, with NumPy as np."""
    module = ModuleType("theirs")
    module.__file__ = "<theirs>"
    linecache.cache["<theirs>"] = len(text), None, text.splitlines(keepends=True), "<theirs>"
    sys.modules["theirs"] = module
    vars(module)["np"] = np
    exec(compile(text, "<theirs>", "exec"), vars(module))
    return module


def adapter_of(text: str, meant: Architecture) -> Adapted:
    """The adapter that is found for a text."""
    best = search(module_of(text), problems(meant), Wanted()).best
    assert best is not None
    return adapted(best, meant, "theirs")


def search_for_no_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reports be without the cause, which takes the longest, where no test asks for it."""

    def plain(facts: Observed, decided: Decision, **_diagnose: bool) -> Report:
        return explained(facts, decided, diagnose=False)

    monkeypatch.setattr("autograd_ref.check.explained", plain)


def forget() -> None:
    """Let the module be none any more."""
    _ = sys.modules.pop("theirs", None)
    _ = linecache.cache.pop("<theirs>", None)
