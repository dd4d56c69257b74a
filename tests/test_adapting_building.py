"""Code that is put together first is called: by statements, by functions that return functions."""

import json
import linecache
import re
from collections.abc import Generator
from types import ModuleType

import pytest

from autograd_ref.adapting.building.blocks import calls_in
from autograd_ref.adapting.building.own_statements import instances_built
from autograd_ref.adapting.calling.candidates_in_code import CODE
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.way_search import SearchOutcome, Wanted, search
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, module_of

SSE = problems(architecture((5, 7, 2), activation="tanh", output="linear", loss="sse"))

MATH = """
def slopes(W1, b1, W2, b2, X, Y):
    h = np.tanh(X @ W1 + b1)
    d = h @ W2 + b2 - Y
    e = d @ W2.T * (1 - h * h)
    return X.T @ e, e.sum(0), h.T @ d, d.sum(0)
"""
LAYERS = """
class Dense:
    def __init__(self, n, m, wide=1):
        self.W, self.b = np.ones((n, m)), np.zeros(m)
    def forward(self, X):
        self.X = X
        return X @ self.W + self.b
    def pull(self, d):
        self.dW, self.db = self.X.T @ d, d.sum(0)
        return d @ self.W.T
class Bend:
    def __init__(self, f, slope):
        self.f, self.slope = f, slope
    def forward(self, X):
        self.X = X
        return self.f(X)
    def pull(self, d):
        return d * self.slope(self.X)
class Net:
    def __init__(self, first=None):
        self.layers = [first] if first else []
    def add(self, layer):
        self.layers.append(layer)
        return self
    def gradient(self, X, Y):
        for layer in self.layers:
            X = layer.forward(X)
        d = X - Y
        for layer in self.layers[::-1]:
            d = layer.pull(d)
def slope(z):
    return 1 / np.cosh(z) ** 2
SIZES = 5, 7, 2
WIDTH = 7
"""
ADDED = """
def main():
    net = Net()
    net.add(Dense(2, 4))
    net.add(Bend(np.tanh, slope))
    net.add(Dense(4, 1))
    net.save("weights.npz")
    net.gradient(X, Y)
    net = Net()
"""
CHAIN = """
def main(inputs=3, verbose=True):
    from math import tau
    hidden, outputs = 4, 1
    last: Dense = Dense(hidden, outputs)
    net = Net(Dense(inputs, hidden)).add(Bend(np.tanh, slope)).add(last)
"""
GUARD = """
if __name__ == "__main__":
    X = SIZES
    net = Net()
    layers = [Dense(X[0], WIDTH), Bend(np.tanh, slope), Dense(WIDTH, X[-1])]
    for one in layers:
        net.add(one)
"""
INSIDE = """
def report(unknown):
    other = Net(unknown)
def run():
    first, bend = Dense(2, 3), Bend(np.tanh, slope)
    return Net(first).add(bend).add(Dense(3, 1))
def demo():
    first, bend = Dense(2, 3), Bend(np.tanh, slope)
    print(Net(first).add(bend).add(Dense(3, 1)))
    net = Net(first)
    net.add(bend)
    net.add(Dense(3, 1))
"""
BUILT = """
def build_net(n_in, n_hidden, n_out):
    return Net(Dense(n_in, n_hidden)).add(Bend(np.tanh, slope)).add(Dense(n_hidden, n_out))
def build_other(unheard, of):
    return Net(unheard)
def make_none():
    return 3
"""
FUNCTION = """
def gradient(network, cost_slope, X, Y, wide):
    A = X
    for one in network:
        A = one.forward(A)
    d = cost_slope(A, Y)
    for one in network[::-1]:
        d = one.pull(d)
    return {"%s%d" % (n, i): getattr(one, n) for i, one in enumerate(network)
            if hasattr(one, "dW") for n in ("dW", "db")}
def error(A, Y):
    return A - Y
def main():
    network = [Dense(2, 3), Bend(np.tanh, slope), Dense(3, 1)]
    gradient(network, error, None, None, wide=False)
def other(unknown):
    gradient(unknown, error, None, None, wide=False)
    gradient({"W": 1}, error, None, None, wide=False)
    gradient({}[0], error, None, None, wide=False)
"""
CLOSURES = {
    "a function": "return f",
    "a lambda": "return lambda parameters: f(parameters)",
    "a given lambda": "g = lambda parameters: f(parameters)\n    return g",
    "a partial": "return partial(partial_of, X=X, Y=Y)",
    "a tuple": "return f, 3",
    "a list of lambdas": "return [lambda parameters: f(parameters)]",
    "a dict": "return {'gradient': f, 'X': X}",
    "a namespace": "return Namespace(loss=None, gradient=f)",
    "a named tuple": "return Pair(f, X)",
}
CLOSURE = """
from collections import namedtuple
from functools import partial
from types import SimpleNamespace as Namespace
Pair = namedtuple("Pair", "gradient data")
def partial_of(parameters, X, Y):
    return slopes(*parameters, X, Y)
def make_loss(X, Y):
    def f(parameters):
        W1, b1, W2, b2 = parameters
        return slopes(W1, b1, W2, b2, X, Y)
    {}
"""
OTHERS = {
    "parameters given to the maker": """
def gradient_at(params):
    W1, b1, W2, b2 = params
    def of(X, Y):
        return slopes(W1, b1, W2, b2, X, Y)
    return of
""",
    "parameters given to the maker with more": """
def gradient_at(X, Y, W1, b1, W2, b2):
    return lambda: slopes(W1, b1, W2, b2, X, Y)
""",
    "parameters inside": """
def network(n_in, n_hidden, n_out):
    W1, b1 = np.ones((n_in, n_hidden)), np.zeros(n_hidden)
    W2, b2 = np.ones((n_hidden, n_out)), np.zeros(n_out)
    def forward(X):
        return np.tanh(X @ W1 + b1) @ W2 + b2
    def backward(X, Y):
        return slopes(W1, b1, W2, b2, X, Y)
    if n_in < 0:
        later = lambda: later
    return forward, backward
""",
    "an instance that is called": """
class Objective:
    def __init__(self, X, Y):
        self.X, self.Y = X, Y
    def __call__(self, w):
        W1, b1, W2, b2 = w
        return slopes(W1, b1, W2, b2, self.X, self.Y)
""",
    "fields of an instance": """
class Net:
    def __init__(self, W1, b1, W2, b2):
        self.W1, self.b1, self.W2, self.b2 = W1, b1, W2, b2
    def gradient(self, X, Y):
        return slopes(self.W1, self.b1, self.W2, self.b2, X, Y)
""",
    "fields of an instance by another name": """
class Net:
    def __init__(self, params, unused=None):
        W1, b1, W2, b2 = params
        self.W1, self.b1, self.W2, self.b2 = W1 + 0, b1 + 0, W2 + 0, b2 + 0
    def gradient(self, X, Y):
        return slopes(self.W1, self.b1, self.W2, self.b2, X, Y)
""",
    "fields that are given with more": """
class Net:
    def __init__(self, W1, b1, W2, b2, unheard, of):
        pass
    def gradient(self, X, Y):
        pass
    @staticmethod
    def forward_gradient(W1, b1, W2, b2, X, Y):
        return slopes(W1, b1, W2, b2, X, Y)
""",
    "a method of the class": """
class Net:
    def __init__(self, unheard_of):
        raise TypeError
    @classmethod
    def gradient(cls, W1, b1, W2, b2, X, Y):
        return slopes(W1, b1, W2, b2, X, Y)
""",
    "arguments of a method": """
class Base:
    def gradient(self, params, X, Y):
        W1, b1, W2, b2 = params
        return slopes(W1, b1, W2, b2, X, Y)
class Net(Base):
    pass
""",
    "a decorator that does not wrap": """
def logged(f):
    def inner(*args, **keywords):
        return f(*args, **keywords)
    return inner
@logged
@logged
def gradient(W1, b1, W2, b2, X, Y):
    return slopes(W1, b1, W2, b2, X, Y)
""",
    "a partial function": """
from functools import partial
def of_any(how, W1, b1, W2, b2, X, Y):
    return slopes(W1, b1, W2, b2, X, Y) if how == 3 else None
gradient = partial(of_any, 3)
""",
}


@pytest.fixture(autouse=True)
def forgotten() -> Generator[None]:
    """Afterwards no module is left."""
    yield
    forget()


def found(text: str, name: str = "") -> SearchOutcome:
    """The result of a search in a text, for the gradient of half the squared error."""
    return search(module_of(text), SSE, Wanted(name))


@pytest.mark.parametrize("text", [ADDED, CHAIN, GUARD, INSIDE, BUILT])
def test_statements_that_build_are_run(text: str) -> None:
    """Wherever they stand; the names of sizes stand for their numbers where these fit."""
    best = found(LAYERS + text, "Net.gradient").best
    assert best is not None
    assert best.is_right
    assert not any("save" in line or "gradient" in line for line in best.program.before)
    assert best.sizes == ((3, 4, 1) if text == CHAIN else (5, 7, 2))


def test_a_wrong_layer_is_a_wrong_gradient() -> None:
    """It is built as the right one, and none the nearer."""
    best = found(LAYERS.replace("** 2", "** 3") + ADDED, "Net.gradient").best
    assert best is not None
    assert not best.is_right


def test_a_list_of_layers_is_taken_from_a_call() -> None:
    """With the other arguments that no name tells."""
    best = found(LAYERS + FUNCTION, "gradient").best
    assert best is not None
    assert best.is_right
    assert best.program.calls == ("result = gradient(theirs, error, X, np.eye(N_O)[Y], False)",)


@pytest.mark.parametrize("end", CLOSURES.values(), ids=CLOSURES)
@pytest.mark.parametrize("wrong", [False, True])
def test_a_function_that_is_made_is_called(end: str, *, wrong: bool) -> None:
    """However it is given out; wrong where what it calls is."""
    math = MATH.replace("1 - h * h", "1 - h") if wrong else MATH
    best = found(math + CLOSURE.format(end), "make_loss").best
    assert best is not None
    assert best.is_right != wrong
    assert best.program.before[0] == "made = make_loss(X, np.eye(N_O)[Y])"


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_what_is_made_first_is_called(text: str) -> None:
    """Whatever holds the parameters."""
    name = re.findall(r"^(?:def |class )?(\w+)[ (:].*$", text, re.MULTILINE)[-1]
    best = found(MATH + text, name).best
    assert best is not None
    assert best.is_right


@pytest.mark.untraced
def test_a_maker_that_raises_makes_nothing() -> None:
    """It is no error of ours."""
    text = "def make_loss(X, Y):\n    def f(w):\n        return w\n    {}\n    return f\n"
    assert found(text.format("raise ValueError")).best is None
    assert found(text.format("if len(X): return None")).best is None
    assert found("def make_loss(X, Y):\n    return 3, lambda: 3\n").best is None


@pytest.mark.parametrize("text", ["class", json.dumps({"cells": []})])
def test_what_is_no_file_of_statements_has_no_calls(text: str) -> None:
    """A notebook is none either."""
    module = module_of("")
    linecache.cache["<theirs>"] = len(text), None, [text], "<theirs>"
    assert [*calls_in(module, "Net")] == []
    assert [*calls_in(ModuleType("built_in"), "Net")] == []


@pytest.mark.parametrize(
    ("text", "sizes", "built"),
    [
        ("net = Net([2, 3, 1])", (5, 7, 2), "net = Net([N_I, N_H, N_O])"),
        (
            "net = Net(Dense(3, inputs=2), Dense(1))",
            (5, 7, 2),
            "net = Net(Dense(N_H, inputs=N_I), Dense(N_O))",
        ),
        (
            "net = Net(Dense(3, 2), Dense(1, 3))",
            (5, 7, 2),
            "net = Net(Dense(N_H, N_I), Dense(N_O, N_H))",
        ),
        (
            "net = Net(Dense(2, 3), Dense(3, 1))",
            (5, 7, 3, 2),
            "net = Net(Dense(2, 3), Dense(3, 1))",
        ),
        ("net = Net(Dense(2, 3), Dense(4, 1))", (5, 7, 2), "net = Net(Dense(2, 3), Dense(4, 1))"),
        (
            "rate = WIDE\nnet = Net(rate, table['n'])",
            (5, 7, 2),
            f"table = {{}}\ntheir_rate = {CODE}.WIDE\nnet = Net(their_rate, table['n'])",
        ),
        (
            "net = Net()\nnet.rate += 1\nnet.sizes[0], *rest = (1, 2)",
            (5, 7, 2),
            "net = Net()\nnet.rate += 1\nnet.sizes[0], *rest = (1, 2)",
        ),
        ("import json as j\nnet = Net(j)\nnet = 3", (5, 7, 2), "import json as j\nnet = Net(j)"),
        (
            "net = Net()\nnet.at(0).put(2)\nnet.x = 3\nnet = net.fit(X)",
            (5, 7, 2),
            "net = Net()\nnet.at(0).put(2)\nnet.x = 3",
        ),
        ("self.net = Net()", (5, 7, 2), "net = Net()"),
    ],
)
def test_statements_are_told_as_an_adapter_has_them(
    text: str, sizes: tuple[int, ...], built: str
) -> None:
    """With names of ours for sizes, and others than ours for theirs."""
    inside = "".join(f"    {line}\n" for line in text.split("\n"))
    module = module_of(
        f"class Net: pass\nclass Dense: pass\nWIDE = 1.5\ntable = {{}}\ndef main():\n{inside}"
    )
    assert next(instances_built(module, "Net", sizes)) == built
