"""Wrong code is read as what it is: right blocks and inputs of zero tell more than directions."""

from collections.abc import Generator
from types import ModuleType

import pytest

from autograd_ref.adapting.small import problems
from autograd_ref.adapting.way_search import Wanted, search
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, module_of

CODE = """
import numpy as np

def backward(params, X, Y):
    h = np.tanh(X @ params["W1"] + params["b1"])
    p = np.exp(h @ params["W2"] + params["b2"])
    p /= p.sum(axis=1, keepdims=True)
    d = {out}
    c, e = h.T @ d, d.sum(axis=0)
    d = {hidden}
    a, b = X.T @ d, d.sum(axis=0)
    {end}
"""
BACK = 'd @ params["W2"].T'
IN_PLACE = "; ".join(
    f'params["{name}"] = params["{name}"] - 0.1 * {by}'
    for name, by in {"W1": "a", "b1": "b", "W2": "c", "b2": "e"}.items()
)
NEW = 'return {n: params[n] - g for n, g in zip(["W1", "b1", "W2", "b2"], [a, b, c, e])}'
AS_DICT = 'return {"dW1": a, "db1": b, "dW2": c, "db2": e}'
CASES = [
    (f"{BACK} * h * (1 - h)", AS_DICT, "gradient"),
    (f"{BACK} * h", 'return {"W1": a, "b1": b, "W2": c, "b2": e}', "gradient"),
    (f"-({BACK}) * (1 - h**2)", "return a, b, c, e", "gradient"),
    (f"{BACK} * h * (1 - h)", NEW, "updated"),
    (f"{BACK} * (2 * h - 1)", f"{IN_PLACE}; return params", "updated"),
    (f"-({BACK}) * (1 - h**2)", IN_PLACE, "updated"),
    (f"({BACK})[::-1] * (1 - h**2)", f"{IN_PLACE}; return params", "updated"),
]
"""Wrong derivatives by the hidden layer, what is done with the gradient, and how that is read."""

NETWORK = architecture((4, 6, 3), activation="tanh")


OUTPUTS = [
    ("-Y / len(Y)", AS_DICT, "gradient"),
    ("np.log(p) * Y", AS_DICT, "gradient"),
    ("-Y / len(Y)", NEW, "updated"),
    ("np.log(p) * Y / X.any()", NEW, "gradient"),
    ("np.log(p) * Y / bool(X.any() or exec('raise ValueError'))", AS_DICT, "updated"),
]
"""Wrong derivatives by the output: the last two, which fail where X is zero, are read wrongly."""


@pytest.fixture
def module(out: str, hidden: str, end: str) -> Generator[ModuleType]:
    yield module_of(CODE.format(out=out, hidden=hidden, end=end))
    forget()


@pytest.mark.untraced
@pytest.mark.parametrize("out", ["(p - Y) / len(Y)"])
@pytest.mark.parametrize(("hidden", "end", "kind"), CASES)
def test_a_wrong_hidden_layer_changes_neither_what_is_read_nor_the_network(
    module: ModuleType, kind: str
) -> None:
    best = search(module, problems(NETWORK), Wanted()).best
    assert best is not None
    assert best.reading.kind == kind
    assert str(best.network) == str(NETWORK)
    assert not best.is_right
    assert not best.program.data.one_at_a_time


@pytest.mark.untraced
@pytest.mark.parametrize("hidden", [f"{BACK} * h"])
@pytest.mark.parametrize(("out", "end", "kind"), OUTPUTS)
def test_where_no_block_is_right_inputs_of_zero_tell_gradients_from_parameters(
    module: ModuleType, kind: str
) -> None:
    best = search(module, problems(NETWORK), Wanted()).best
    assert best is not None
    assert best.reading.kind == kind
    assert best.blocks == 0
