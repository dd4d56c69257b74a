"""Weights that are numbers with names of their own, lists of Python, and units one by one."""

from collections.abc import Callable, Generator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd_ref import adapt
from autograd_ref.adapting.holding.arrays_found import arrays_in
from autograd_ref.adapting.holding.given.containers import in_arguments
from autograd_ref.adapting.holding.given.plain_lists import as_lists
from autograd_ref.adapting.holding.numbers import of_numbers, sizes_of
from tests.real_code.of_text import forget, module_of

Modules = Callable[..., ModuleType]

HEAD = "import math\ndef s(z): return 1 / (1 + math.exp(-z))\n"
ARGUMENTS = """
def gradient(x1, x2, y, w1, w2, w3, w4, w5, w6, b1, b2, b3):
    h1, h2 = s(w1 * x1 + w2 * x2 + b1), s(w3 * x1 + w4 * x2 + b2)
    d = s(w5 * h1 + w6 * h2 + b3) - y
    d1, d2 = d * w5 * h1 * (1 - h1), d * w6 * h2 * (1 - h2)
    return d1 * x1, d1 * x2, d2 * x1, d2 * x2, d * h1, d * h2, d1, d2, d
"""
NODES = """
w13, w14, w23, w24, w35, w45, b3, b4, b5 = [0.1 * i for i in range(9)]
def gradient(x, y):
    h3, h4 = s(w13 * x[0] + w23 * x[1] + b3), s(w14 * x[0] + w24 * x[1] + b4)
    d = s(w35 * h3 + w45 * h4 + b5) - y
    d3, d4 = d * w35 * h3 * (1 - h3), d * w45 * h4 * (1 - h4)
    return [d3 * x[0], d4 * x[0], d3 * x[1], d4 * x[1], d * h3, d * h4, d3, d4, d]
"""
NETWORK: dict[str, Any] = {"activation": "sigmoid", "output": "sigmoid"}
CROSS_ENTROPY: dict[str, Any] = {**NETWORK, "loss": "binary-cross-entropy", "reduction": "sum"}


@pytest.fixture
def of_text() -> Generator[Modules]:
    """Makes a module of a text, which is forgotten afterwards."""
    yield module_of
    forget()


@pytest.mark.traced("True-arguments", "False-nodes")
@pytest.mark.parametrize("text", [ARGUMENTS, NODES], ids=["arguments", "nodes"])
@pytest.mark.parametrize("is_right", [True, False])
def test_numbers_are_weights_by_their_order(text: str, is_right: bool, of_text: Modules) -> None:
    """Unit by unit or input by input; a wrong one of nine is seen."""
    wrong = text.replace("d1 * x2", "d1 * x1").replace("d3 * x[1]", "d3 * x[0]")
    one = adapt(of_text(HEAD + (text if is_right else wrong)), **CROSS_ENTROPY)
    assert one.found.is_right == is_right
    assert one.network.sizes == (2, 2, 1)
    assert "each is a number with a name of its own" in str(one.found.program.setup.holder.form)


@pytest.mark.parametrize(
    ("weights", "biases", "sizes"),
    [(6, 3, [(2, 2, 1), (2, 3)]), (9, 4, [(2, 3, 1)]), (2, 1, [(2, 1)]), (1, 3, [])],
)
def test_sizes_have_as_many_numbers(
    weights: int, biases: int, sizes: list[tuple[int, ...]]
) -> None:
    """With one output first; none where no network has as many."""
    assert [*sizes_of(weights, biases)] == sizes


def test_numbers_of_another_count_are_no_parameters() -> None:
    """Rates, counts and what else there is do not make a network."""
    found = [*arrays_in({"w1": 0.5, "w2": 1, "b": 0.0, "rate": 0.1, "on": True}, "net")]
    assert [one.path for one in found] == ["net['w1']", "net['w2']", "net['b']", "net['rate']"]
    assert [one.sizes for one in of_numbers(found, None)] == [(2, 1)]
    assert [*of_numbers(found, (3, 1))] == []


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ({"w": [0.5, 1.0]}, ["np.array(net['w'])"]),
        ({"w": [[0.5], [1.0]]}, ["np.array(net['w'])"]),
        ({"w": [[0.5], [1.0, 2.0]]}, ["np.array(net['w'][0])", "np.array(net['w'][1])"]),
        ({"w": [[0.5], "a"], "n": [1, 2], "s": ["a"]}, ["np.array(net['w'][0])"]),
        (
            [{"w": [0.5], "b": 0.0, "name": "a"}, {"w": [1.0], "b": 1.0, "name": "b"}],
            ["np.array([one['w'] for one in net])", "np.array([one['b'] for one in net])"],
        ),
        (
            [{"W": np.ones((2, 2)), "b": np.ones(2)}] * 2,
            [f"net[{i}]['{n}']" for i in (0, 1) for n in "Wb"],
        ),
    ],
)
def test_lists_and_units_are_arrays(value: object, paths: list[str]) -> None:
    """Lists of as many numbers, and one list a unit; layers stay what they are."""
    assert [one.path for one in arrays_in(value, "net")] == paths


def test_weights_of_the_only_output_are_a_list_and_a_number() -> None:
    """For code that knows no arrays, beside a list of one list."""
    setups = [*as_lists(in_arguments([lambda w, b, x, y: (w, b, x, y)], (5, 1), {}))]
    lines = {"".join(one.lines) for one in setups}
    assert "theirs = {    'w': np.ravel(W0).tolist(),    'b': float(b0[0]),}" in lines
    assert "theirs = {    'w': W0.tolist(),    'b': b0.tolist(),}" in lines
    assert "as lists" in str(setups[0].holder.form)


STEP = """
class Line:
    def __init__(self, n):
        self.w, self.b = np.zeros(n), 0.0
    def train(self, X, y, lr):
        CHECK
        for x, t in zip(X, y):
            e = x @ self.w + self.b - t
            self.w -= lr * e * x
            self.b -= lr * e
"""


@pytest.mark.parametrize("check", ["pass", "assert len(X) != 2", "X, y = X[:3], y[:3]"])
def test_what_updates_after_each_sample_is_right_for_one(check: str, of_text: Modules) -> None:
    """As far as it is seen to do so with two, in either order."""
    one = adapt(of_text(STEP.replace("CHECK", check)), output="linear", loss="sse")
    assert one.found.is_right == (check != "assert len(X) != 2")
