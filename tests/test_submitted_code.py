"""`crosscheck grade` takes code as it stands: classes, notebooks, and other usual networks."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from autograd_ref.commands.grade.asked import submitted
from autograd_ref.commands.grade.checking import check_submission
from autograd_ref.commands.grade.grading import Grading, grading_from
from autograd_ref.commands.grade.isolation.own_time import SearchTimeUp
from autograd_ref.commands.grade.outcome import Outcome
from autograd_ref.commands.grade.scoring import scored

NET = """
import numpy as np

class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1, self.b1 = np.zeros((n_in, n_hidden)), np.zeros((1, n_hidden))
        self.W2, self.b2 = np.zeros((n_hidden, n_out)), np.zeros((1, n_out))
    def forward(self, X):
        self.X, self.h = X, np.log1p(np.exp(X @ self.W1 + self.b1))
        e = np.exp(self.h @ self.W2 + self.b2)
        self.p = e / e.sum(axis=1, keepdims=True)
    def backward(self, Y):
        d = (self.p - Y) / len(Y)
        self.dW2, self.db2 = self.h.T @ d, d.sum(0)
        d = d @ self.W2.T * (1 - np.exp(-self.h))
        self.dW1, self.db1 = self.X.T @ d, d.sum(0)
"""
"""A class for the built-in network that keeps its gradients in attributes."""
TANH = NET.replace(
    "np.log1p(np.exp(X @ self.W1 + self.b1))", "np.tanh(X @ self.W1 + self.b1)"
).replace("(1 - np.exp(-self.h))", "(1 - self.h**2)")
SUMMED = NET.replace("(self.p - Y) / len(Y)", "self.p - Y")
DEEPER = """
import numpy as np

def gradients(params, X, Y):
    h1 = np.tanh(X @ params["W1"] + params["b1"])
    h2 = np.tanh(h1 @ params["W2"] + params["b2"])
    d = (h2 @ params["W3"] + params["b3"] - Y) / len(Y)
    g = {"W3": h2.T @ d, "b3": d.sum(0)}
    d = d @ params["W3"].T * (1 - h2**2)
    g["W2"], g["b2"] = h1.T @ d, d.sum(0)
    d = d @ params["W2"].T * (1 - h1**2)
    g["W1"], g["b1"] = X.T @ d, d.sum(0)
    return g
"""
STEP = """
import numpy as np

class Net:
    def __init__(self):
        self.W1, self.W2 = np.zeros((4, 6)), np.zeros((6, 3))
    def train_step(self, X, Y, lr):
        h = np.tanh(X @ self.W1)
        d = (h @ self.W2 - Y) / len(Y)
        W1 = X.T @ (d @ self.W2.T * (1 - h**2))
        self.W2 -= lr * (h.T @ d)
        self.W1 -= lr * W1
"""
SQUARES = "seeds = [4, 5]\n[network]\nactivation = 'tanh'\nloss = 'half-mse'\n"


def grading_with(text: str, folder: Path = Path()) -> Grading:
    found: dict[str, object] = tomllib.loads(text)
    return grading_from(found, folder, text)


def outcome_of(folder: Path, code: str, text: str, name: str = "mine.py") -> Outcome:
    assert (folder / name).write_text(code, encoding="utf-8")
    return check_submission(folder / name, grading_with(text, folder))


def points(outcome: Outcome, text: str) -> dict[str, float]:
    return {part.name: part.points for part in scored(outcome, grading_with(text)).parts}


@pytest.mark.untraced
def test_a_class_as_it_stands_gets_its_points(tmp_path: Path) -> None:
    found = outcome_of(tmp_path, NET, "")
    assert found.function == "mine.py:Net.backward"
    assert set(points(found, "").values()) == {2}
    assert found.where.startswith("a random problem, shape ")
    assert any("net.W1" in line for line in found.called)
    wrong = outcome_of(tmp_path, SUMMED, "seeds = [3]", "summed.py")
    named = "[credit]\n'1/S missing' = 0.5"
    assert points(wrong, named) == dict.fromkeys(("W0", "b0", "W1", "b1"), 1) | {"behaviour": 2}


@pytest.mark.untraced
def test_a_notebook_as_it_stands_gets_its_points(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": NET, "metadata": {}, "outputs": []}
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    found = outcome_of(tmp_path, json.dumps(book), "seeds = [3]", "mine.ipynb")
    assert set(found.verdicts.values()) == {"match"}


@pytest.mark.untraced
def test_another_network_is_right_only_where_it_is_meant(tmp_path: Path) -> None:
    wrong = outcome_of(tmp_path, TANH, "seeds = [3]")
    assert "mismatch" in wrong.verdicts.values()
    assert "if tanh is meant" in wrong.called[0]
    hidden = outcome_of(tmp_path, TANH, "seeds = [3]\npage = 'where'")
    assert "tanh" not in " ".join(hidden.called)
    right = outcome_of(tmp_path, TANH, "seeds = [3]\n[network]\nactivation = 'tanh'")
    assert set(right.verdicts.values()) == {"match"}


def test_every_layer_of_a_deeper_network_has_points(tmp_path: Path) -> None:
    text = f"{SQUARES}shape = [4, 6, 5, 3]\n[points]\nb2 = 1\n"
    found = outcome_of(tmp_path, DEEPER, text)
    assert points(found, text) == {
        "W0": 2,
        "b0": 2,
        "W1": 2,
        "b1": 2,
        "W2": 2,
        "b2": 1,
        "behaviour": 2,
    }
    other = outcome_of(tmp_path, DEEPER, SQUARES)
    assert other.error == "has 3 layers of parameters, where 2 are asked for"


@pytest.mark.untraced
def test_what_only_updates_is_graded_and_layers_may_lack_biases(tmp_path: Path) -> None:
    text = f"{SQUARES}bias = false\n"
    found = outcome_of(tmp_path, STEP, text)
    assert points(found, text) == {"W0": 2, "W1": 2, "behaviour": 2}


def test_an_adapter_serves_another_network(tmp_path: Path) -> None:
    adapter = "def adapt(module): return module.gradients"
    assert (tmp_path / "adapter.py").write_text(adapter, encoding="utf-8")
    text = f"adapter = 'adapter.py:adapt'\n{SQUARES}shape = [4, 6, 5, 3]"
    found = outcome_of(tmp_path, DEEPER, text)
    assert set(found.verdicts.values()) == {"match"}


def test_what_cannot_be_called_is_said_as_by_check(tmp_path: Path) -> None:
    for text in ("", "[convention]\nlayout = 'rows'"):
        found = outcome_of(tmp_path, "def add(a, b): return a + b", text)
        assert "no function that takes (parameters, X, Y), but add" in found.error
    found = outcome_of(tmp_path, "def add(a, b): return a + b", SQUARES)
    assert "returns, keeps or updates a gradient" in found.error


def test_a_search_that_takes_too_long_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_adapter(*_arguments: object) -> None:
        raise SearchTimeUp(0.05)

    monkeypatch.setattr(submitted, "find_adapter", find_adapter)
    found = outcome_of(tmp_path, NET, "")
    assert found.error.startswith("no way to call mine.py was found in 20 s")


@pytest.mark.untraced  # what ends it may be raised in coverage, which would hold its lock for ever
def test_the_search_for_the_way_to_call_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitted, "LOOKED_FOR", 0.05)
    endless = NET.replace("self.X, self.h = X,", "while True: pass\n        self.X, self.h = X,")
    found = outcome_of(tmp_path, endless, "")
    assert found.error.startswith("no way to call mine.py was found in 0.05 s")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("network = 3", "network is 3; it needs to be a table [network]"),
        ("[network]\nactivatoin = 'tanh'", "[network] has 'activatoin'; did you mean 'activation'"),
        ("[network]\nactivation = 'step'", "[network]: activation is 'step'; it needs to be one"),
        ("[network]\nbias = 1", "[network]: bias is of type int"),
        ("[network]\nshape = [4]", "network.shape is [4]; it needs to be a list of the sizes"),
        ("[network]\nl2 = 1\n[convention]\ntheta = true", "[convention] has theta and there is a"),
        ("[network]\nbias = false\n[points]\nb0 = 1", "[points] has 'b0', and the [network] has"),
    ],
)
def test_a_network_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        _ = grading_with(text)
