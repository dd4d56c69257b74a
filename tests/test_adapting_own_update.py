"""An update beside a gradient is a step down it, or it is said that it is none."""

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref.commands.as_written.beside.block_moves import BlockMove, kind_of, move_of
from autograd_ref.commands.as_written.beside.own_update import with_update
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import adapter_of, forget, search_for_no_cause

TANH = architecture((5, 7, 2), activation="tanh")
Array = NDArray[Any]

NET = """
class Net:
    def __init__(self, n_in, n_hidden, n_out, lr=0.1):
        self.lr, self.W1, self.b1 = lr, np.zeros((n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = np.zeros((n_hidden, n_out)), np.zeros(n_out)

    def train_step(self, X, y):
        h = np.tanh(X @ self.W1 + self.b1)
        e = np.exp(h @ self.W2 + self.b2)
        p = e / e.sum(axis=1, keepdims=True)
        d = (p - np.eye(p.shape[1])[y]) / len(y)
        raw = d @ self.W2.T
        back = raw * (1 - h**2)
        self.dW1, self.db1 = X.T @ back, back.sum(axis=0)
        self.dW2, self.db2 = h.T @ d, d.sum(axis=0)
        if len(y) == FEW: raise ValueError(X)
        self.W1 -= self.lr * self.dW1
        self.b1 -= self.lr * self.db1
        self.W2 -= self.lr * self.dW2
        self.b2 -= self.lr * self.db2
"""
FUNCTION = """
def train_step(params, X, y):
    h = np.tanh(X @ params["W1"] + params["b1"])
    e = np.exp(h @ params["W2"] + params["b2"])
    p = e / e.sum(axis=1, keepdims=True)
    d = (p - np.eye(p.shape[1])[y]) / len(y)
    back = d @ params["W2"].T * (1 - h**2)
    grads = {"W1": X.T @ back, "b1": back.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)}
    for name in grads:
        params[name] = params[name] SIGN 0.5 * grads[name]
    return grads
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """No cause is searched for; no module of a text is left."""
    search_for_no_cause(monkeypatch)
    yield
    forget()


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("text", "old", "new", "wrong"),
    [
        (NET, "self.lr * self.dW1", "self.lr * X.T @ raw", ["W0"]),
        (NET, "        self.b1 -= self.lr * self.db1\n", "", ["b0"]),
        (NET, "self.W2 -=", "self.W2 +=", ["W1"]),
        (NET, "self.lr * self.b2", "self.lr * self.db1.sum()", []),
        (NET, "self.lr * self.dW1", "self.lr / len(y) * self.dW1", ["W0"]),
        (FUNCTION, "SIGN", "+", ["W0", "b0", "W1", "b1"]),
        (NET, "", "", []),
        (NET, "-= self.lr", "-= self.lr / len(y)", []),
        (FUNCTION, "SIGN", "-", []),
    ],
)
def test_a_wrong_update_of_a_right_gradient_is_wrong(
    text: str, old: str, new: str, wrong: list[str]
) -> None:
    """It uses another derivative, forgets one, goes up; a right one at any rate is said to be."""
    one = adapter_of(text.replace("FEW", "-1").replace(old, new), TANH)
    assert not one.only_updates
    found = with_update(one, [], 0)
    assert found is not None
    assert ("no step down" in found.sentence) == bool(wrong)
    report = found.wrong and found.wrong.report
    blocks = report.blocks if report else ()
    assert [each.name for each in blocks if each.verdict == "mismatch"] == wrong
    assert not found.wrong or found.wrong.case.where.startswith("the update, on a random problem")


@pytest.mark.parametrize(
    ("old", "new"), [("self.W1 -=", "W1 ="), ("FEW", "12"), ("self.lr * self", "0 * self")]
)
def test_where_nothing_is_updated_nothing_is_said(old: str, new: str) -> None:
    """It only computes, or raises on the problem."""
    text = NET.replace("FEW", "-1") if old != "FEW" else NET
    if new == "W1 =":
        text = text[: text.index("        self.W1 -= ")]
    one = adapter_of(text.replace(old, new), TANH)
    assert with_update(one, [], 0) is None


def move(name: str, taken: Array, gradient: Array, own: float = 1.0) -> BlockMove:
    """How a block of parameters moves."""
    before = np.full(gradient.shape, own)
    return move_of(name, before, before - taken, gradient)


G = np.array([1.0, -2.0, 0.5, 3.0])


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (0 * G, 0 * G, "none"),
        (0.1 * G, 0.1 * G, "plain"),
        (0.1 * G, 0.2 * G, "rates"),
        (0.1 * G, 0.7 * G, "wrong"),
        (-0.1 * G, -0.1 * G, "wrong"),
        (0.1 * G, 0 * G, "wrong"),
        (0.1 * G, 0.1 * G[::-1], "wrong"),
        (0.1 * G + 0.01, 0.1 * G, "decay"),
        (0.1 * G - 0.2, 0.1 * G, "wrong"),
        (0 * G + 0.01, 0.1 * G, "wrong"),
        (0.1 * np.sign(G), 0.1 * np.sign(G), "other"),
        (np.clip(G, -1, 1), G, "other"),
    ],
)
def test_what_an_update_is_follows_from_its_moves(one: Array, other: Array, kind: str) -> None:
    """Seven samples: a rate that is seven times another is a mean that was forgotten."""
    moves = [move("W0", one, G), move("b0", other, G)]
    assert kind_of(moves, 7)[0] == kind
    assert kind_of(moves[::-1], 7)[0] == kind
