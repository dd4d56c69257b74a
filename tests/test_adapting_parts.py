"""A gradient that several functions compute, a block each, and the sign with which it is used."""

import ast
from collections.abc import Generator
from types import ModuleType

import pytest

from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.building.blocks import fed_by
from autograd_ref.adapting.by_name.block_families import families
from autograd_ref.adapting.by_use.ascending import added_in, are_added
from autograd_ref.adapting.calling.entries_in_code import entries
from autograd_ref.adapting.holding.given.containers import sizes_of_arguments
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import found_in_words
from autograd_ref.adapting.way_search import SearchOutcome, Wanted, search
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, module_of

SSE = architecture((5, 7, 2), activation="tanh", output="linear", loss="sse")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """Each text is another module of the same name."""
    yield
    forget()


def found(text: str, meant: str = "", sizes: tuple[int, ...] = (5, 7, 2)) -> SearchOutcome:
    """The result of a search in a text for a network of these sizes."""
    return search(module_of(text), problems(SSE), Wanted(meant, (sizes,)))


@pytest.mark.parametrize(
    ("names", "arrays"),
    [
        ("d_W d_b W", ["W b"]),
        ("W1_slope b1_slope W2_slope", ["W1 b1 W2"]),
        ("gradU gradc", ["U c"]),
        ("up_b1 up_b2 up_c", []),
        ("up_W", []),
        ("init_W init_b make_W make_b", []),
        ("forward predict", []),
        ("save_W save_b show_W show_b", []),
        ("up_W up_b up_V go_W go_b", ["W b V", "W b"]),
        ("go_W go_b up_W up_b up_V", ["W b V", "W b"]),
        ("colour size", []),
    ],
)
def test_functions_of_one_name_but_for_that_of_an_array_go_together(
    names: str, arrays: list[str]
) -> None:
    """The most first; not what makes, keeps or shows, and not biases alone."""
    got = families(names.split())
    assert [" ".join(one) for one in got] == arrays
    assert all(array in name for one in got for array, name in one.items())


@pytest.mark.parametrize(
    ("code", "added"),
    [
        ("W += 0.1 * slope(X)", True),
        ("W -= 0.1 * slope(X)", False),
        ("W -= -0.1 * slope(X)", True),
        ("W += -0.1 * slope(X)", False),
        ("W += slope(X) * -rate", False),
        ("W = W + slope(X)", True),
        ("W = slope(X) + W", True),
        ("W = W - slope(X)", False),
        ("W = W + rate / m * -slope(X)", False),
        ("net.W[0] += net.slope(X)[0]", True),
        ("g = [slope(X)]\nW += g[0]\nb -= g[1]", False),
        ("dW, db = slope(X)\nW, b = W + dW, b + db", True),
        ("dW, db = slope(X)\nW, b = W - dW, b - db", False),
        ("g = np.clip(slope(X), -1, 1)\nW += g", True),
        ("(W, b), n = step(W + slope(X), b), 3", False),
        ("W, b = map(step, *slope(X))", True),
        ("g, h = (slope(X), *rest), 1\nW += g", True),
        ("dW = slope(X)\nprint(dW)", False),
        ("W += rate * other(X)", False),
        ("g = slope(X)\nv = 0.9 * v + g\nW -= 0.1 * v", False),
        ("v = mu * v + slope(X)\nW += v", True),
        ("self.v = self.mu * self.v - slope(X)\nself.W = self.W + self.v", False),
        ("W = (1 - rate * l2) * W + rate * slope(X)", True),
        ("W = W - rate * (slope(X) + l2 * W)", False),
        ("grad_W += slope(X)", False),
        ("g = slope(X)\nv[k] = 0.9 * v[k] + g\nparams[k] -= 0.1 * v[k]", False),
        ("g = slope(X)\nparams[k] += 0.1 * g", True),
        ("def slope(X): return X\ng = slope(X)\nW += g", True),
        ("def step(W, d):\n    W = W - d\n    return W\ng = slope(X)\nW = step(W, g)", False),
        ("def step(W, d):\n    W = W + d\n    return W\ng = slope(X)\nW = step(W, d=g)", True),
        ("def step(self, d):\n    W = W + d\n    return W\ng = slope(X)\nW = n.step(g)", True),
        ("def step(W, d):\n    return other(W, d)\ng = slope(X)\nW, b = step(W, g)", False),
        ("W += grow(lambda: 1)\nW += {}[slope]", False),
    ],
)
def test_what_code_does_with_a_gradient_tells_its_sign(code: str, added: bool) -> None:
    """It is added to parameters, in whatever form, or subtracted somewhere."""
    assert added_in(ast.parse(code), ["slope"]) is added


def test_code_without_a_source_adds_nothing() -> None:
    """As of a module that was made by hand, or that holds a text that is no code."""
    assert not are_added(ModuleType("nowhere"), frozenset(["slope"]))
    assert are_added(module_of("def f(W):\n    W += slope(W)\n"), frozenset(["slope"]))
    assert not are_added(module_of("def f(W):\n    W = slope(W)\n"), frozenset(["slope"]))


FEEDS = """
def look(X, W): ...
def cost(P, T, *, Z): return look(P, T)
class Net:
    def run(self, X, h=look(1, 2)):
        P, self.Z = self.look(X, 3)
        cost(P, X, Z=h, **X)
if __name__ == "__main__":
    p = q = look(4, 5)
    net.h = look(0)
    with open(p) as file:
        more = look(6, 7)
    run(more)
    if more:
        _, (a, b) = look(8, 9)
        cost(_, a, Z=b)
"""


def test_what_the_code_gives_to_a_function_is_told() -> None:
    """By place and by name, of a whole result or a part; below the main guard, and in methods."""
    module = module_of(FEEDS)
    assert fed_by(module, "cost") == {"look": {0: 0, "Z": None}}
    assert fed_by(module, "look") == {}
    assert fed_by(module, "run") == {"look": {0: None}}
    assert fed_by(ModuleType("nowhere"), "cost") == {}


UP = """
def look(X, W1, b1, W2, b2):
    h = np.tanh(X @ W1 + b1)
    return h @ W2 + b2, h
def up_W1(X, h, P, T, W2): return X.T @ ((T - P) @ W2.T * (SLOPE))
def up_b1(h, P, T, W2): return ((T - P) @ W2.T * (SLOPE)).sum(0)
def up_W2(h, P, T): return h.T @ (T - P)
def up_b2(P, T): return (T - P).sum(0)
def train(X, T, W1, b1, W2, b2, rate):
    P, hid = look(X, W1, b1, W2, b2)
    W1 SIGN rate * up_W1(X, hid, P, T, W2)
    b1 SIGN rate * up_b1(hid, P, T, W2)
    W2 SIGN rate * up_W2(hid, P, T)
    b2 SIGN rate * up_b2(P, T)
"""
TOLD = {
    "+=": "The gradient is returned, with the opposite sign: the code adds it to the parameters.",
    "-=": "The gradient is returned.",
}


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("slope", "sign", "factor", "right"),
    [("1 - h * h", "+=", 1, True), ("1 - h * h", "-=", -1, True), ("h * (1 - h)", "-=", 0, False)],
)
def test_several_functions_are_called_and_read_with_the_sign_of_their_use(
    slope: str, sign: str, factor: int, *, right: bool
) -> None:
    """Minus the gradient, subtracted, is a mistake of the code."""
    outcome = found(UP.replace("SLOPE", slope).replace("SIGN", sign), "up_b1")
    best = outcome.best
    assert best is not None
    assert best.program.entry.name == "up_W1, up_b1, up_W2, up_b2"
    assert (
        best.program.calls[0]
        == "P, h = look(X, theirs['W1'], theirs['b1'], theirs['W2'], theirs['b2'])"
    )
    assert best.is_right == right
    assert not right or best.factor == pytest.approx(factor)
    said = found_in_words(adapted(best, SSE, "theirs"))
    assert TOLD[sign] in said
    assert not any("climbs" in sentence for sentence in said)


def test_what_is_right_for_minimising_and_is_added_climbs() -> None:
    """The gradient itself is a match; that the code climbs is told."""
    text = UP.replace("SLOPE", "1 - h * h").replace("SIGN", "+=").replace("(T - P)", "(P - T)")
    best = found(text).best
    assert best is not None
    assert best.factor == pytest.approx(1)
    said = found_in_words(adapted(best, SSE, "theirs"))
    assert "The code adds it to the parameters: that climbs, away from a minimum." in said


@pytest.mark.untraced
def test_a_wrong_gradient_that_is_added_is_read_with_the_sign_of_its_use() -> None:
    """Also where the other sign would be nearer in the hidden layer."""
    text = UP.replace("SLOPE", "h - 2").replace("SIGN", "+=").replace("h.T @ (T - P)", "h.T @ -P")
    best = found(text.replace("(T - P).sum(0)", "-P.sum(0)"), "up_W1").best
    assert best is not None
    assert not best.is_right
    assert best.reading.is_minus


@pytest.mark.parametrize(
    ("named", "names"),
    [
        ("", ["up_W1, up_b1, up_W2, up_b2", "train", "look"]),
        ("up_b1", ["up_W1, up_b1, up_W2, up_b2"]),
        ("up_W1, up_b1, up_W2, up_b2", ["up_W1, up_b1, up_W2, up_b2"]),
        ("train", ["train"]),
        ("up", []),
    ],
)
def test_one_of_several_functions_names_them_all(named: str, names: list[str]) -> None:
    """Each of them is called for its block, and none by itself."""
    module = module_of(UP.replace("SLOPE", "h").replace("SIGN", "-="))
    assert [one.name for one in entries(module) if one.is_meant(named)] == names


def test_what_some_of_several_functions_are_not_given_another_makes() -> None:
    """The outputs, of which the first function alone would need none."""
    (whole, _other) = entries(module_of(UP.partition("def train")[0].replace("SLOPE", "h")))
    assert whole.fed_by == {}
    assert whole.forwards == ["look"]


OF_A_CLASS = """
class Net:
    def __init__(self, epochs=3, hidden=4):
        self.W1 = self.b1 = self.W2 = self.b2 = None
        self.losses = None
    def fit(self, X, T):
        self.W1, self.b1 = np.ones((X.shape[1], 4)), np.zeros(4)
        self.W2, self.b2 = np.ones((4, T.shape[1])), np.zeros(T.shape[1])
    def outputs(self, X):
        self.h = np.tanh(X @ self.W1 + self.b1)
        return self.h @ self.W2 + self.b2
    def hidden(self, X, T):
        return (self.outputs(X) - T) @ self.W2.T * (SLOPE)
    def grad_W1(self, X, T): return X.T @ self.hidden(X, T)
    def grad_b1(self, X, T): return self.hidden(X, T).sum(0)
    def grad_W2(self, X, T):
        d = self.outputs(X) - T
        return self.h.T @ d
    def grad_b2(self, X, T): return (self.outputs(X) - T).sum(0)
"""


@pytest.mark.parametrize(("slope", "right"), [("1 - self.h ** 2", True), ("1 - self.h", False)])
def test_methods_of_an_instance_whose_arrays_are_none_before_it_is_trained(
    slope: str, *, right: bool
) -> None:
    """The parameters are put into its empty attributes; one that is no array stays empty."""
    best = found(OF_A_CLASS.replace("SLOPE", slope), "Net.grad_W1").best
    assert best is not None
    assert best.is_right == right
    assert "net.W1 = np.array(W0.T)" in best.program.before
    assert not any("losses" in line for line in best.program.before)
    assert best.program.entry.is_meant("Net.grad_b1")
    assert best.program.entry.is_meant("Net")
    assert not best.program.entry.is_meant("Net.fit")
    assert not best.program.entry.is_meant("grad_b1")


def test_other_sizes_than_those_of_the_empty_attributes_are_not_put_there() -> None:
    """Three layers do not go into two."""
    assert found(OF_A_CLASS.replace("SLOPE", "1"), "Net.grad_W1", (5, 7, 3, 2)).best is None


NUMBERS = """
def grad_w(x, t, w, b): return np.sum((w * x + b - t) * FACTOR) / x.shape[0]
def grad_b(x, t, w, b): return np.mean(w * x + b - t)
"""
LESSON = """
def gradient(x, t, w, b):
    slope_w = slope_b = 0
    for i in range(x.shape[0]):
        slope_w += (w * x[i] + b - t[i]) * x[i]
        slope_b += w * x[i] + b - t[i]
    return slope_w, slope_b
"""


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("text", "right"),
    [
        (NUMBERS.replace("FACTOR", "x"), True),
        (NUMBERS.replace("FACTOR", "1"), False),
        (LESSON, True),
    ],
)
def test_one_weight_and_one_bias_are_numbers_where_no_inputs_are_multiplied_as_arrays_are(
    text: str, *, right: bool
) -> None:
    """These sizes are tried first, without being asked for."""
    outcome = search(module_of(text), problems(SSE), Wanted())
    best = outcome.best
    assert best is not None
    assert outcome.tries < 50 or not right
    assert best.sizes == (1, 1)
    assert best.is_right == right


@pytest.mark.parametrize(
    "product",
    [
        *(
            "x @ w",
            "x.dot(w)",
            "np.matmul(x, w)",
            "x.T * w",
            "np.sum(w * x)",
            "np.sum(x*w, axis=1)",
        ),
        *("(x * w).sum()", "sum(theta1 * x)", "np.einsum('i,i', x, w)"),
    ],
)
def test_weights_that_are_multiplied_by_inputs_as_arrays_are_no_numbers(product: str) -> None:
    module = module_of(f"def gradient(x, t, w, b): return {product} + b")
    assert sizes_of_arguments(vars(module)["gradient"]) == []


GLOBALS = """
W1, b1 = np.ones((5, 7)), np.ones(7)
W2, b2 = np.ones((7, 2)), np.ones(2)
count = 3
def look(X):
    h = np.tanh(X @ W1 + b1)
    return h @ W2 + b2, h
def pull(X, T{given}):
    P, h = look(X)
    e = (P - T) @ W2.T * (SLOPE)
    return X.T @ e, e.sum(0), h.T @ (P - T), (P - T).sum(0)
"""


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("given", "slope", "right"),
    [("", "1 - h * h", True), ("", "1 - h", False), (", W2, b2", "1 - h * h", True)],
)
def test_global_variables_are_the_parameters_of_what_reads_them(
    given: str, slope: str, *, right: bool
) -> None:
    """Itself, by what it calls, or in arguments of their names."""
    text = GLOBALS.format(given=given)
    if given:
        text = text.replace("return h @ W2 + b2, h", "return h").replace(
            "P, h = look(X)", "h = look(X); P = h @ W2 + b2"
        )
    best = found(text.replace("SLOPE", slope), "pull").best
    assert best is not None
    assert best.is_right == right
    assert best.program.setup.root == "code"


def test_global_variables_that_are_not_all_read_are_no_parameters_of_a_function() -> None:
    """One that has the parameters in its arguments."""
    text = """
W1, W2 = np.ones((5, 7)), np.ones((7, 2))
def pull(X, T, w1, w2):
    h = np.tanh(X @ w1)
    d = (h @ w2 - T) * W1[0, 0]
    return X.T @ (d @ w2.T * (1 - h * h)), h.T @ d
"""
    best = found(text).best
    assert best is not None
    assert best.is_right
    assert best.program.setup.root == "theirs"


HALVES = """
def look(X, W1, b1, W2, b2):
    h = np.tanh(X @ W1 + b1)
    return h @ W2 + b2, h
def middle(P, T): return P - T
def rest(X, P, T, W2{more}):
    h, e = np.tanh(X @ W1 + b1), (P - T)
    return X.T @ e
def main(X, T, W1, b1, W2, b2):
    P, h = look(X, W1, b1, W2, b2)
    e = middle(P, T)
    return rest(X, e, T=T, W2=W2, nothing=h)
"""


def test_what_stands_between_two_functions_is_tried_before_what_nothing_tells_of() -> None:
    """It gets what one makes of X, and what it makes is given to another."""
    found = {one.name: one for one in entries(module_of(HALVES.format(more="")))}
    assert (found["middle"].rank, found["rest"].rank, found["look"].rank) == (2, 3, 3)
    assert found["middle"].fed_by == {"look": {"P": 0}}
    assert found["rest"].fed_by == {"middle": {"P": None}, "look": {"nothing": 1}}
    assert found["middle"].forwards == ["look"]


KEPT = """
def look(X, W1, b1, W2, b2):
    h = np.tanh(X @ W1 + b1)
    {end}
def pull(X, T, zeug, W1, W2{more}):
    P, h = {zeug}
    e = (P - T) @ W2.T * (SLOPE)
    return X.T @ e, e.sum(0), h.T @ (P - T), (P - T).sum(0)
def pair(P, h): return P, h
def main(X, T, W1, b1, W2, b2):
    {call}
"""
PAIR = "return pair(h @ W2 + b2, h)"
WHOLE = "alles = look(X, W1, b1, W2, b2); pull(X, T, alles, W1, W2, welche='h')"
APART = "P, h = look(X, W1, b1, W2, b2); pull(X, T, P, W1, W2, welche=h)"


@pytest.mark.parametrize(
    ("texts", "given", "slope", "right"),
    [
        (("return h @ W2 + b2, h", "", "zeug", WHOLE), "(part0, h)", "1 - h * h", True),
        ((PAIR, "", "zeug", WHOLE), "cache", "1 - h * h", True),
        (("return h @ W2 + b2, h", ", welche", "zeug, welche", APART), "P", "1 - h * h", True),
        ((PAIR, ", welche", "zeug, welche", APART), "cache[0]", "1 - h * h", True),
        ((PAIR, ", welche", "zeug, welche", APART), "cache[0]", "h", False),
    ],
)
def test_a_forward_pass_gives_what_the_code_takes_of_it(
    texts: tuple[str, str, str, str], given: str, slope: str, *, right: bool
) -> None:
    """The whole or a part, of names in it or of what another function makes."""
    end, more, zeug, call = texts
    text = KEPT.format(end=end, more=more, zeug=zeug, call=call).replace("SLOPE", slope)
    best = found(text, "pull").best
    assert best is not None
    assert best.is_right == right
    assert f"Y], {given}, theirs" in best.program.calls[-1]


DATA_MADE = """
def terms(x): return np.stack([x, x ** 2])
def pull(X, T, W1, W2): return X.T @ T
def main(x, T, W1, W2): return pull(terms(x), T, W1, W2)
def other(x, T, W1, W2):
    X = terms(x)
    h = terms(T)
    return pull(X, h, W1, W2)
"""


def test_what_makes_inputs_is_no_forward_pass() -> None:
    (pull,) = [one for one in entries(module_of(DATA_MADE)) if one.name == "pull"]
    assert pull.fed_by == {"terms": {"X": None, "T": None}}
    assert pull.forwards == []


LAYER = """
class Layer:
    def __init__(self, n_in, n_out): self.W, self.b = np.ones((n_in, n_out)), np.zeros(n_out)
    def forward(self, X):
        self.X = X
        return X @ self.W + self.b
    def backward(self, up):
        self.dW, self.db = self.X.T @ (up + FACTOR), (up + FACTOR).sum(0)
class Other:
    def backward(self, up): return up
"""


def test_a_layer_is_no_network_but_where_it_is_right() -> None:
    """A linear one may be given the targets."""
    for text, is_part in ((LAYER, True), (LAYER.split("class Other")[0], False)):
        best = found(text.replace("FACTOR", "self.W[0, 0]"), sizes=(5, 2)).best
        assert (best is None) == is_part
    best = found(LAYER.replace("up + FACTOR", "self.X @ self.W + self.b - up"), sizes=(5, 2)).best
    assert best is not None
    assert best.is_right


@pytest.mark.parametrize("name", ["linear_backward", "pull_gradient"])
def test_a_part_of_a_network_by_its_name_is_none(name: str) -> None:
    text = f"def {name}(X, T, W, b): return X.T @ (X - X[:, :1] + T[:, :1] * W[0, 0]), b * 2"
    assert (found(text, sizes=(5, 1)).best is None) == (name != "pull_gradient")
