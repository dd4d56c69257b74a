"""Code as other people write it, in a few lines: a text becomes a module whose source is found."""

import linecache
import sys
from types import ModuleType

import numpy as np
import pytest

from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.way_search import SearchOutcome, Wanted, search
from autograd_ref.diagnosis.explain import explained
from autograd_ref.networks.architecture import Architecture
from autograd_ref.observe.observed import Observed
from autograd_ref.report.report import Report
from autograd_ref.verdict.decide import Decision


def softmax_net(argument: str, slope: str = "") -> str:
    """A class with one hidden layer of tanh and the softmax of its outputs, right but for slopes.

    Args:
        argument: the name of one more number that it is given, and keeps.
        slope: is added to the gradients of the weights, with WEIGHTS for the weights.
    """
    W1, W2 = slope.replace("WEIGHTS", "self.W1"), slope.replace("WEIGHTS", "self.W2")
    return f"""
class Net:
    def __init__(self, n_in, n_hidden, n_out, {argument}=0.0):
        self.{argument} = {argument}
        self.W1, self.b1 = np.zeros((n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = np.zeros((n_hidden, n_out)), np.zeros(n_out)

    def forward(self, X):
        self.X, self.h = X, np.tanh(X @ self.W1 + self.b1)
        e = np.exp(self.h @ self.W2 + self.b2)
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, y):
        d = (self.p - np.eye(self.p.shape[1])[y]) / len(y)
        back = d @ self.W2.T * (1 - self.h**2)
        self.dW1, self.db1 = self.X.T @ back{W1}, back.sum(axis=0)
        self.dW2, self.db2 = self.h.T @ d{W2}, d.sum(axis=0)
"""


def module_of(text: str) -> ModuleType:
    """The module `theirs` of a text, with NumPy as np."""
    module = ModuleType("theirs")
    module.__file__ = "<theirs>"
    linecache.cache["<theirs>"] = len(text), None, text.splitlines(keepends=True), "<theirs>"
    sys.modules["theirs"] = module
    vars(module)["np"] = np
    exec(compile(text, "<theirs>", "exec"), vars(module))
    return module


def found(text: str, meant: Architecture, name: str = "") -> SearchOutcome:
    """Return the result of a search in a text.

    Args:
        text: the code.
        meant: the network that it is for.
        name: of the function or class that is meant; empty for any.
    """
    return search(module_of(text), problems(meant), Wanted(name))


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
