"""Functions of somebody's code that may be called, and networks put together from layers."""

import sys
from types import ModuleType
from typing import Any

import pytest

from autograd_ref.adapting.building.layers import composed
from autograd_ref.adapting.calling.entries_in_code import entries
from autograd_ref.adapting.calling.executed import names_of
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.sizes_in_code import stated_sizes


class Theirs:
    """A class with what may be called, and what may not."""

    kind = "theirs"

    def __init__(self) -> None:
        self.calls = 0

    def init_weights(self) -> None:
        """Makes parameters."""

    def forward(self, X: Any) -> Any:
        """No gradient."""
        return X

    def train(self, X: Any) -> Any:
        """An update."""
        return X

    def backward(self, Y: Any) -> Any:
        """A gradient."""
        return Y

    def relu_backward(self, Y: Any) -> Any:
        """A part of it."""
        return Y


def gradients_of_theirs(X: Any) -> Any:
    """A function beside."""
    return X


NET = Theirs()
METHODS = ["Theirs.backward", "Theirs.train", "Theirs.relu_backward"]


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (Theirs, METHODS),
        (NET, METHODS),
        (NET.backward, ["Theirs.backward"]),
        (gradients_of_theirs, ["gradients_of_theirs"]),
    ],
)
def test_what_may_be_called_comes_the_likeliest_first(thing: object, expected: list[str]) -> None:
    """Gradients, updates, anything else; nothing that makes parameters or outputs."""
    found = [*entries(thing)]
    assert [one.name for one in found] == expected
    names = names_of(found[0])
    assert {"np", "code", "copy"} <= set(names)
    assert names.get("their_net") is (NET if found[0].owner is NET else None)


def test_a_class_method_is_called_on_its_class() -> None:
    """As a function that somebody has put into a class."""

    class Own:
        @classmethod
        def backward(cls, X: Any) -> Any:
            return X

    (entry,) = entries(Own.backward)
    assert entry.owner is Own


def test_a_function_of_no_module_goes_alone() -> None:
    """A function that was executed from a text has no module."""
    scope: dict[str, Any] = {"__name__": "nowhere"}
    exec("def gradient(X):\n    return X", scope)
    (entry,) = entries(scope["gradient"])
    assert entry.module is None
    assert "code" not in names_of(entry)
    assert stated_sizes(entry.function) == ()


LAYERS = """
class Dense:
    def __init__(self, n_in, n_out): ...
    def forward(self, X): ...
class Tanh:
    def forward(self, X): ...
class Scale:
    def __init__(self, factor): ...
    def forward(self, X): ...
class Loss: ...
class Net:
    def __init__(self, {}): ...
"""


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("*layers", "net = Net(Dense(N_I, N_H), Tanh(), Dense(N_H, N_O))"),
        ("layers", "net = Net([Dense(N_I, N_H), Tanh(), Dense(N_H, N_O)])"),
        ("layers=None", ""),
        ("n_in", ""),
    ],
)
def test_a_network_is_put_together_from_layers(
    argument: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other or in a list, with what has no arguments between."""
    assert [*composed(_net_of(LAYERS.format(argument), monkeypatch), Known(sizes=(5, 7, 2)))] == [
        line
    ] * bool(line)


def _net_of(text: str, monkeypatch: pytest.MonkeyPatch) -> type:
    """The class Net of a module."""
    module = ModuleType("of_layers")
    monkeypatch.setitem(sys.modules, "of_layers", module)
    exec(text, vars(module))
    return vars(module)["Net"]


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ("ein, aus", "Dense(N_I, N_H)"),
        ("ein, aus, keim=3", "Dense(N_I, N_H)"),
        ("nodes, n_in", ""),
        ("n_out, n_in", "Dense(N_H, N_I)"),
        ("ein, mitte, aus", ""),
        ("ein", ""),
        ("rate, ein, aus", ""),
    ],
)
def test_a_layer_of_two_sizes_may_call_them_as_it_likes(
    arguments: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inputs first, where no name says otherwise, and where it needs nothing else."""
    text = LAYERS.replace("n_in, n_out", arguments).format("layers")
    found = [*composed(_net_of(text, monkeypatch), Known(sizes=(5, 7, 2)))]
    assert [line.startswith(f"net = Net([{call}, Tanh(), ") for line in found] == [True] * bool(
        call
    )


def test_a_forward_pass_that_is_given_targets_may_compute_a_gradient() -> None:
    """It comes before what nothing tells of; without targets it is none."""
    module = ModuleType("theirs")
    text = "def other(X, Y): ...\ndef forward(X, Y): ...\ndef predict(X): ...\ndef backward(Y): ..."
    exec(text, vars(module))
    assert [one.name for one in entries(module)] == ["backward", "forward", "other"]
