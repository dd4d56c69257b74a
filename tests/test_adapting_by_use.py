"""Parts whose names tell nothing are told by use: rates, steps, makers, keys, targets, slopes."""

from collections.abc import Generator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd_ref.adapting import way_search
from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.by_name.layers_by_name import Named, layers_in_order
from autograd_ref.adapting.by_name.roles import RATE
from autograd_ref.adapting.by_use.roles_by_use import rates_of, role_by_use
from autograd_ref.adapting.calling.entries_in_code import entries
from autograd_ref.adapting.own_numbers.own_rate import with_own_rate
from autograd_ref.adapting.sizes_in_code import stated_sizes
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import found_in_words
from autograd_ref.adapting.way_search import SearchOutcome, Wanted, search
from autograd_ref.commands.as_written.find_adapter import AskedFor, find_adapter
from autograd_ref.commands.as_written.whole_files import Opened
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, module_of

SSE = architecture((5, 7, 2), activation="tanh", output="linear", loss="sse")

PASS = """
    h = np.tanh(X @ {A} + {a})
    d = h @ {B} + {b} - T
    e = d @ {B}.T * (1 - h * h)
"""
OF_THETA = PASS.format(A="w['P1']", a="w['Q1']", B="w['P2']", b="w['Q2']")
KEYS = f"""
def pente(w, X, T):{OF_THETA}    return {{
        'P2': h.T @ d, 'Q2': d.sum(0), 'P1': X.T @ e, 'Q1': e.sum(0),
    }}
"""
UNNUMBERED = KEYS
for old, new in (("P1", "U"), ("Q1", "u"), ("P2", "V"), ("Q2", "v")):
    UNNUMBERED = UNNUMBERED.replace(f"'{old}'", f"'{new}'")

PAIRS = (
    """
def parametri(quanti, d=1):
    return [(np.ones((d, quanti)), np.zeros(quanti)), (np.ones((quanti, 2)), np.zeros(2))]
def pendenza(theta, X, T):
    (A, a), (B, b) = theta
"""
    + PASS.format(A="A", a="a", B="B", b="b").lstrip("\n")
    + """\
    return [(X.T @ e, e.sum(0)), (h.T @ d, d.sum(0))]
"""
)
MOVED = (
    """
RATE = 0.125
class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.w1, self.b1 = np.ones((n_in, n_hidden)), np.zeros(n_hidden)
        self.w2, self.b2 = np.ones((n_hidden, n_out)), np.zeros(n_out)
    def learn(self, X, T, {arguments}):
        {before}
"""
    + "".join(
        f"    {line}\n"
        for line in PASS.format(A="self.w1", a="self.b1", B="self.w2", b="self.b2").split("\n")
    )
    + """
        self.w1 -= {rate} * (X.T @ e)
        self.b1 -= {rate} * e.sum(0)
        self.w2 -= {rate} * (h.T @ d)
        self.b2 -= {other} * d.sum(0)
"""
)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """Each text is another module of the same name."""
    yield
    forget()


def found(text: str, meant: Architecture = SSE) -> SearchOutcome:
    """The result of a search in a text."""
    return search(module_of(text), problems(meant), Wanted())


def moved(rate: str, *, arguments: str = "seed=0", before: str = "pass", other: str = "") -> str:
    """A class that moves its parameters."""
    return MOVED.format(rate=rate, arguments=arguments, before=before, other=other or rate)


@pytest.mark.untraced
@pytest.mark.parametrize("text", [KEYS, UNNUMBERED, PAIRS], ids=["numbered", "order", "pairs"])
def test_parameters_without_known_names_are_found(text: str) -> None:
    best = found(text).best
    assert best is not None
    assert (best.is_right, best.factor) == (True, pytest.approx(1))


@pytest.mark.parametrize(
    ("names", "layers", "expected"),
    [
        ("U V", 2, [(("U", "V"), ())]),
        ("P2 B2 P1 B1", 2, [(("P1", "P2"), ("B1", "B2")), (("B1", "B2"), ("P1", "P2"))]),
        ("U u V v", 2, [(("U", "V"), ("u", "v")), (("U", "u"), ("V", "v"))]),
        ("U u V", 2, []),
    ],
)
def test_names_are_layers_by_number_and_order(
    names: str, layers: int, expected: list[tuple[tuple[str, ...], tuple[str, ...]]]
) -> None:
    got = [*layers_in_order(names.split(), layers)]
    assert got[: len(expected)] == [Named(*one) for one in expected]
    assert bool(got) == bool(expected)


TWO = "net.learn(X, np.eye(N_O)[Y]"


@pytest.mark.parametrize(
    ("text", "line", "rate", "moves"),
    [
        (moved("speed", arguments="speed=0.5"), f"{TWO}, rate)", 1, 1),
        (moved("0.25"), f"{TWO})", 0.25, 0.25),
        (moved("pace", before="pace = 0.25"), f"{TWO})", 0.25, 0.25),
        (moved("RATE"), f"{TWO})", 0.125, 0.125),
        (moved("0.25", other="0.5"), f"{TWO})", 1, 0.5),
        (moved("1"), f"{TWO})", 1, 1),
        (moved("0.25", before="cost = 1; cost -= 0.125 * 3"), f"{TWO})", 1, 0.25),
        (moved("0.25").replace("Net", "Deliberate"), f"{TWO})", 0.25, 0.25),
        (moved("0.25 / 2"), f"{TWO})", 0.25, 0.125),
        (moved("0.25", before="self.w1 -= 0.0 * self.w1"), f"{TWO})", 0.25, 0.25),
        (moved("0.25", before="self.dw = 0; self.dw += 0.5 * 3"), f"{TWO})", 0.25, 0.25),
        (moved("alpha", arguments="alpha=0.1"), f"{TWO}, rate)", 1, 1),
        (moved("-alpha", arguments="alpha").replace("-= -", "+= -"), f"{TWO}, rate)", 1, 1),
        (
            moved("k", arguments="k, laps=900", before="for _ in range(laps): pass"),
            f"{TWO}, rate, 1)",
            1,
            1,
        ),
        (
            moved("k", arguments="k, n_classes=9", before="for _ in range(n_classes): pass"),
            f"{TWO}, rate, N_O)",
            1,
            1,
        ),
    ],
    ids=(
        "argument number local global two one several name divisor zero sum alpha minus steps"
        " classes"
    ).split(),
)
def test_the_rate_of_an_update_is_told_by_what_it_does(
    text: str, line: str, rate: float, moves: float
) -> None:
    """A number is one where it is the only one; with several a half may be a mistake."""
    best = found(text).best
    assert best is not None
    assert best.program.calls[-1] == f"result = {line}"
    adapter = adapted(best, SSE, "theirs")
    assert adapter.found.reading.rate == rate
    said = "\n".join(found_in_words(adapter))
    assert ("The learning rate in it is" in said) == (rate != 1)
    rng = np.random.default_rng(0)
    shapes = {"W0": (4, 3), "b0": (4,), "W1": (2, 4), "b1": (2,)}
    before = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    d = np.tanh(X @ before["W0"].T + before["b0"]) @ before["W1"].T + before["b1"] - Y
    after = adapter(before, X, Y)
    np.testing.assert_allclose(before["b1"] - after["b1"], moves * d.sum(0), rtol=1e-12)


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("rate", "attributes", "lines"),
    [
        ("self.lr * self.scale", "self.lr, self.scale = 0.1, 3.0", ["net.lr = rate"]),
        ("self.speed", "self.speed, self.other = 0.1, 3.0", ["net.speed = rate"]),
        ("self.lr", "self.lr, self.dropout_rate = 0.1, 0.0", ["net.lr = rate"]),
    ],
)
def test_the_rate_of_an_instance_is_set_and_no_other_number(
    rate: str, attributes: str, lines: list[str]
) -> None:
    text = moved(rate).replace(
        "        self.w1, self.b1 = np", f"        {attributes}\n        self.w1, self.b1 = np", 1
    )
    best = found(text).best
    assert best is not None
    assert [line for line in best.program.before if line.endswith("= rate")] == lines


@pytest.mark.parametrize(
    ("name", "is_rate"),
    [("lr", True), ("learning_rate", True), ("dropout_rate", False), ("leak_rate", False)],
)
def test_a_rate_of_something_else_is_no_learning_rate(name: str, is_rate: bool) -> None:
    assert bool(RATE.fullmatch(name)) == is_rate


MAKERS = """
import os
def net_of(a, b, c): return [np.ones((b, a)), np.ones((c, b))]
def usual(hidden=7): return np.zeros((hidden, hidden))
def clean(folder="precious"): os.remove(folder)
def tidy(folder): os.unlink(folder)
def plain(x=1): return x
def gradient(weights, X, T): return weights
"""


def test_what_reaches_out_of_the_program_makes_no_parameters() -> None:
    """It is not called, and neither is what only has defaults, unless it makes arrays."""
    (entry,) = [one for one in entries(module_of(MAKERS)) if one.name == "gradient"]
    assert [*entry.makers] == ["net_of", "usual"]


UNNAMED = """
class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.U, self.c = np.ones((n_in, n_hidden)), {c}
        self.V, self.{name} = np.ones((n_hidden, n_out)), {d}
    def gradient(self, X, T):
        h = np.tanh(X @ self.U + self.c)
        d = h @ self.V + self.{name} - T
        e = d @ self.V.T * (1 - h * h)
        return {{'U': X.T @ e, 'c': e.sum(0) * 2, 'V': h.T @ d, '{name}': d.sum({axis})}}
"""


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("c", "name", "d", "axis"),
    [
        ("np.zeros(n_hidden)", "d", "np.zeros(n_out)", "0"),
        ("np.zeros((1, n_hidden))", "d", "np.zeros((1, n_out))", "0"),
        ("0.0", "b", "0.0", ""),
    ],
)
def test_wrong_biases_are_not_left_out(c: str, name: str, d: str, axis: str) -> None:
    """Whatever they are called, and where they are numbers."""
    best = found(UNNAMED.format(c=c, name=name, d=d, axis=axis)).best
    assert best is None or not best.is_right


def test_a_numerical_gradient_is_not_taken_for_the_one_by_hand() -> None:
    text = UNNAMED.format(c="np.zeros(n_hidden)", name="d", d="np.zeros(n_out)", axis="0")
    text = text.replace("gradient", "num_grad").replace("e.sum(0) * 2", "e.sum(0)")
    (entry,) = [one for one in entries(module_of(text)) if one.last == "num_grad"]
    assert entry.rank == 3


def test_a_part_by_use_needs_the_source() -> None:
    """A built-in function has none, and its arguments play no part."""
    assert role_by_use(len, "obj") is None
    assert rates_of(int) == frozenset()


LEAKY = """
class Net:
    def __init__(self, n_in, n_hidden, n_out, alpha=0.2):
        self.alpha = alpha
        self.w1, self.b1 = np.ones((n_in, n_hidden)), np.zeros(n_hidden)
        self.w2, self.b2 = np.ones((n_hidden, n_out)), np.zeros(n_out)
    def gradient(self, X, T):
        z = X @ self.w1 + self.b1
        h = np.where(z > 0, z, self.alpha * z)
        d = h @ self.w2 + self.b2 - T
        e = d @ self.w2.T * np.where(z > 0, 1, self.alpha)
        return X.T @ e, e.sum(0), h.T @ d, d.sum(0)
"""
GELU = LEAKY.replace("alpha=0.2", "note='none'").replace("self.alpha = alpha", "self.note = note")
GELU = GELU.replace(
    "h = np.where(z > 0, z, self.alpha * z)", "t = np.tanh(u(z)); h = z * (1 + t) / 2"
)
GELU = GELU.replace(
    "np.where(z > 0, 1, self.alpha)",
    "((1 + t) / 2 + z / 2 * (1 - t * t) * c * (1 + 0.134145 * z * z))",
)
GELU += "c = (2 / np.pi) ** 0.5\ndef u(z): return c * (z + 0.044715 * z ** 3)\n"


@pytest.mark.parametrize(
    ("text", "asked", "activation"),
    [
        (LEAKY, "leaky-relu", "leaky-relu-0.2"),
        (LEAKY.replace("0.2", "0.01"), "leaky-relu", "leaky-relu"),
        (LEAKY.replace("alpha=0.2", "alpha=0.2, other=0.05"), "leaky-relu", "leaky-relu-0.2"),
        (
            LEAKY.replace("alpha=0.2", "alpha=0.3, other=0.31").replace("d.sum(0)", "d.sum(0) * 2"),
            "leaky-relu",
            "leaky-relu-0.3",
        ),
        (LEAKY, "relu", "relu"),
        (GELU, "gelu", "gelu-tanh"),
    ],
)
def test_what_an_option_leaves_open_is_read_off_the_code(
    text: str, asked: str, activation: str
) -> None:
    """The slope of a leaky ReLU, the approximation of gelu; a wrong option stays."""
    meant = architecture((5, 7, 2), activation=asked, output="linear", loss="sse")
    opened: Any = Opened(module_of(text), "", [], ())
    got = find_adapter(opened, "theirs.py", AskedFor(meant, (), {}))
    assert got.adapter.network.activation == activation


def test_the_slopes_of_code_without_source_are_not_known() -> None:
    """The usual one is meant."""
    module = module_of(LEAKY)
    module.__file__ = None
    meant = architecture((5, 7, 2), activation="leaky-relu", output="linear", loss="sse")
    opened: Any = Opened(module, "", [], ())
    assert find_adapter(opened, "x", AskedFor(meant, (), {})).adapter.network.activation == (
        "leaky-relu"
    )


BATCH = (
    """
def gradient(w1, b1, w2, b2, batch):
    X, T = {X}, {T}
"""
    + PASS.format(A="w1", a="b1", B="w2", b="b2")
    + """
    return X.T @ e, e.sum(0), h.T @ d, d.sum(0)
"""
)


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        (BATCH.format(X="batch.x", T="batch.t"), "SimpleNamespace(x=X, t=np.eye(N_O)[Y])"),
        (BATCH.format(X="batch['x']", T="batch['t']"), "dict(x=X, t=np.eye(N_O)[Y])"),
        (BATCH.format(X="batch[0]", T="batch[1]"), "(X, np.eye(N_O)[Y])"),
    ],
)
def test_data_in_one_argument_are_given_as_they_are_read(text: str, argument: str) -> None:
    best = found(text).best
    assert best is not None
    assert best.is_right
    assert argument in best.program.calls[-1]


def test_arrays_of_another_format_are_replaced() -> None:
    """Parameters written into float32 arrays would be rounded."""
    text = moved("rate", arguments="rate").replace("np.zeros(n_out)", "np.zeros(n_out, np.float32)")
    best = found(text).best
    assert best is not None
    assert best.is_right
    assert "net.b2 = np.array(b1)" in best.program.before[1:]
    assert "net.w1[...] = W0.T" in best.program.before[1:]


def test_a_module_is_no_function() -> None:
    """A module without functions has no way to be called."""
    module = ModuleType("nothing")
    assert search(module, problems(SSE), Wanted()).best is None


OBJECTIVE = (
    """
def make_layout(n_in, n_hidden, n_out):
    return n_in, n_hidden, n_out
def slopes(w1, b1, w2, b2, X, T, layout, alpha=0.5):
    assert layout == (w1.shape[0], *w2.shape)
"""
    + PASS.format(A="w1", a="b1", B="w2", b="b2").lstrip("\n")
    + """\
    return X.T @ e + alpha * w1, e.sum(0), h.T @ d + alpha * w2, d.sum(0)
"""
)


def test_what_no_update_has_is_a_penalty_and_what_is_made_for_an_argument_is_given() -> None:
    """The alpha of a gradient is no rate; make_layout makes the layout."""
    best = found(OBJECTIVE).best
    assert best is not None
    assert best.is_right
    assert best.program.calls[-1].endswith("make_layout(N_I, N_H, N_O), l2)")


def test_the_length_of_a_loop_over_units_is_a_size() -> None:
    """It has no default, and the name of a size."""
    text = OBJECTIVE.replace("layout, alpha=0.5", "n, alpha=0.5").replace(
        "layout ==", "(n, n, n) !="
    )
    best = found(text.replace("    assert", "    for _ in range(n): pass\n    assert")).best
    assert best is not None
    assert "N_I, l2)" in best.program.calls[-1]


SETTINGS = (
    """
class Options:
    def __init__(self): self.alpha, self.rate = 0.5, 0.1
class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.options = Options()
        self.w1, self.b1 = np.ones((n_in, n_hidden)), np.zeros(n_hidden)
        self.w2, self.b2 = np.ones((n_hidden, n_out)), np.zeros(n_out)
    def gradient(self, X, T):
        alpha = self.options.alpha
"""
    + "".join(
        f"    {line}\n"
        for line in PASS.format(A="self.w1", a="self.b1", B="self.w2", b="self.b2").split("\n")
    )
    + """
        return X.T @ e + alpha * self.w1, e.sum(0), h.T @ d + alpha * self.w2, d.sum(0)
"""
)


def test_the_penalty_among_the_settings_of_an_instance_is_set() -> None:
    """Like its learning rate."""
    best = found(SETTINGS).best
    assert best is not None
    assert best.is_right
    assert "net.options.alpha = l2" in best.program.before


FRAMEWORK = """
class Dense:
    def __init__(self, n_in, n_out):
        self.weight, self.bias = np.ones((n_in, n_out)), np.zeros(n_out)
    def forward(self, x):
        self.x = x
        return x @ self.weight + self.bias
    def backward(self, up):
        self.grad_weight, self.grad_bias = self.x.T @ up, up.sum(0)
        return up @ self.weight.T
class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y
    def backward(self, up):
        return up * (1 - self.y ** 2)
class Stack:
    def __init__(self, layers):
        self.layers = layers
    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x
    def backward(self, up):
        for layer in self.layers[::-1]:
            up = layer.backward(up)
class Scaled:
    def __init__(self, by): self.by = by
    def loss(self, pred, actual): return self.by
    def backward(self): return self.by
"""
LOSSES = {
    "def sse_prime(y_true, y_pred): return y_pred - y_true": "sse_prime(np.eye(N_O)[Y], cache)",
    "def sse_grad(out, target): return out - target": "sse_grad(cache, np.eye(N_O)[Y])",
    "class SSE:\n    def grad(self, predicted, actual): return predicted - actual": (
        "SSE().grad(cache, np.eye(N_O)[Y])"
    ),
    "class SSE:\n    def loss(self, out, t):\n        self.d = out - t\n"
    "    def backward(self): return self.d": "crit.backward()",
    "class SSE:\n    def __call__(self, out, t): self.d = out - t\n"
    "    def backward(self): return self.d": "crit.backward()",
    "def sse_prime(y_true, y_pred, more): return y_pred - y_true": "cache - np.eye(N_O)[Y]",
    "class SSE:\n    def backward(self): return 1.0": "cache - np.eye(N_O)[Y]",
}


@pytest.mark.parametrize("text", LOSSES)
def test_a_backward_pass_is_given_the_derivative_of_a_loss(text: str) -> None:
    """By a function, a method, a loss that keeps the outputs, else the usual one; to no layer."""
    outcome = found(FRAMEWORK + text)
    best = outcome.best
    assert best is not None
    assert best.is_right
    assert best.program.calls[-1] == f"result = net.backward({LOSSES[text]})"
    assert best.program.entry.name == "Stack.backward"


def test_the_rate_of_code_without_source_is_not_known() -> None:
    best = found(moved("0.25")).best
    assert best is not None
    entry = best.program.entry._replace(function=len)
    unknown = best._replace(program=best.program._replace(entry=entry))
    assert with_own_rate(unknown).reading.rate == 1


def test_targets_may_have_the_name_of_an_output() -> None:
    """Stack.backward(out) that subtracts the targets itself."""
    text = FRAMEWORK.replace(
        "    def backward(self, up):\n        for",
        "    def backward(self, out):\n        up = self.out - out\n        for",
    )
    text = text.replace(
        "            x = layer.forward(x)\n        return x",
        "            x = layer.forward(x)\n        self.out = x\n        return x",
    )
    best = found(text).best
    assert best is not None
    assert best.is_right
    assert best.program.calls[-1] == "result = net.backward(np.eye(N_O)[Y])"


SHAPES = (
    """
SHAPES = [(1, 10), (10,), (10, 1), (1,)]
def cost(w, x, t):
    parts, at = [], 0
    for shape in SHAPES:
        n = int(np.prod(shape))
        parts.append(w[at:at + n].reshape(shape))
        at += n
    A, a, B, b = parts
    X, T = x, t
"""
    + PASS.format(A="A", a="a", B="B", b="b").lstrip("\n")
    + """
    return 0.5 * (d * d).sum(), np.concatenate([
        (X.T @ e).ravel(), e.sum(0), (h.T @ d).ravel(), d.sum(0),
    ])
"""
)


@pytest.mark.parametrize("turned", [False, True])
def test_sizes_may_stand_as_shapes_in_a_list(turned: bool) -> None:
    """The weights may lie either way round."""
    text = SHAPES
    if turned:
        text = text.replace("(1, 10), (10,), (10, 1)", "(10, 1), (10,), (1, 10)")
        text = text.replace("A, a, B, b = parts", "A, a, B, b = parts; A, B = A.T, B.T")
        text = text.replace("(X.T @ e)", "(e.T @ X)").replace("(h.T @ d)", "(d.T @ h)")
    best = found(text).best
    assert best is not None
    assert (best.is_right, best.sizes) == (True, (1, 10, 1))


@pytest.mark.parametrize("row", ["[(1, 'a'), (2,)]", "[(1, 2), (3, 4)]", "['a', 'b']"])
def test_a_list_that_is_none_of_shapes_says_no_sizes(row: str) -> None:
    assert stated_sizes(module_of(f"shapes = {row}\n")) == ()


def test_after_many_tries_no_further_function_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_search, "MOST_TRIES", 0)
    text = "def gradient(W1, b1, W2, b2, X, T): raise ValueError\n" + moved(
        "rate", arguments="rate"
    )
    assert found(text).best is None
    monkeypatch.undo()
    assert found(text).best is not None


@pytest.mark.untraced
def test_code_with_the_gradient_of_a_batch_is_called_with_no_single_sample() -> None:
    """Though it is wrong: what is returned for a sample may look like updated parameters."""
    outcome = found(KEYS.replace("'P1': X.T @ e", "'P1': X.T @ (e * e)"))
    assert outcome.best is not None
    assert not outcome.best.is_right
    assert not any(one.program.data.one_at_a_time for one in outcome.failures)


BY_NUMBER = """
def gradient(params, X, T, COUNT):
    a = [X]
    for l in range(1, COUNT):
        a.append(np.tanh(a[-1] @ params[FIRST] + params["b" + str(l)]))
    d = a[-1] @ params["W" + str(COUNT)] + params["b" + str(COUNT)] - T
    found = {}
    for l in reversed(range(1, len(a) + 1)):
        found["W" + str(l)], found["b" + str(l)] = a[l - 1].T @ d, d.sum(0)
        d = d @ params["W" + str(l)].T * SLOPE
    return found
"""


@pytest.mark.untraced
@pytest.mark.parametrize(("count", "first"), [("L", "'W' + str(l)"), ("k", 'f"W{l}"')])
def test_the_number_of_layers_is_neither_a_size_nor_a_number_of_steps(
    count: str, first: str
) -> None:
    """A wrong hidden layer was never run where one step was taken for one layer."""
    text = BY_NUMBER.replace("COUNT", count).replace("FIRST", first)
    right = found(text.replace("SLOPE", "(1 - a[l - 1] ** 2)")).best
    assert right is not None
    assert right.is_right
    assert right.sizes == (5, 7, 2)
    assert right.program.calls == ("result = gradient(theirs, X, np.eye(N_O)[Y], 2)",)
    wrong = found(text.replace("SLOPE", "(1 - a[l - 1])")).best
    assert wrong is not None
    assert not wrong.is_right
