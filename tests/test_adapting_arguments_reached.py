"""A value that is given for an argument is used where a call gives that argument."""

from collections.abc import Generator

import pytest

from autograd_ref.adapting.calling.filling.arguments_reached import arguments_reached
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.way_search import Wanted, search
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, module_of

MEANT = architecture((5, 7, 2), activation="tanh", loss="sse", bias=False)

PASS = """
    h = np.tanh(X @ {W})
    d = h @ {V} - Y
    return X.T @ (d @ {V}.T * (1 - h**2)), h.T @ d
"""
FUNCTION = "def grads(W1, W2, X, Y, colour=1, *, form=2, **rest):" + PASS.format(W="W1", V="W2")
PAIR = "def forward(X, W1, W2, colour=1):\n    return np.tanh(X @ W1), W2\n"
PAIR += "def grads(X, Y, forward_pass, size=0):\n    h, W2 = forward_pass\n    d = h @ W2 - Y\n"
PAIR += "    return X.T @ (d @ W2.T * (1 - h**2)), h.T @ d\n"
CLASS = """
class Net:
    def __init__(self, n_in, n_hidden, n_out, colour=3):
        self.W1, self.W2 = np.zeros((n_in, n_hidden)), np.zeros((n_hidden, n_out))
    def grads(self, X, Y, form="1"):
""" + PASS.format(W="self.W1", V="self.W2").replace("\n    ", "\n        ")
CALLED = CLASS.replace("def grads", "def __call__")
MADE = "def make_grads(X, Y, colour=1):\n    def grads(W1, W2, form=0):"
MADE += PASS.format(W="W1", V="W2").replace("\n    ", "\n        ") + "\n    return grads\n"


@pytest.fixture(autouse=True)
def forgotten() -> Generator[None]:
    """No module of a text is left."""
    yield
    forget()


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("text", "used", "unused"),
    [
        (FUNCTION, {"colour", "form"}, {"rest", "size", "h"}),
        (PAIR, {"colour", "size"}, {"form", "W"}),
        (CLASS, {"colour", "form", "n_in"}, {"W1", "self"}),
        (CALLED, {"colour", "form"}, {"call"}),
        (MADE, {"colour", "form"}, {"size"}),
    ],
)
def test_a_value_is_used_where_it_reaches_a_call(
    text: str, used: set[str], unused: set[str]
) -> None:
    """The call may be that of a function, a forward pass, a class, a method or a made function."""
    given = dict.fromkeys([*used, *unused], "1") | ({"n_in": "N_I"} if "n_in" in used else {})
    best = search(module_of(text), problems(MEANT), Wanted(given=given)).best
    assert best is not None
    assert arguments_reached(best.program) & {*given} == used
