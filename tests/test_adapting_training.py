"""Code that trains is no update: its loop is taken, with the parameters where it keeps them."""

from collections.abc import Generator

import pytest

from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.holding.uneven_penalties import LEFT_OUT, uneven_penalties
from autograd_ref.adapting.passes.several_updates import repeats
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import found_in_words
from autograd_ref.adapting.way_search import Wanted, search
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, found, module_of

RELU = architecture((2, 4, 3), activation="relu")
TANH = architecture((5, 7, 2), activation="tanh", output="linear", loss="half-mse")
LINE = architecture((5, 1), output="linear", loss="half-mse")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """Each text is another module of the same name."""
    yield
    forget()


LAYERS = """
class Dense:
    def __init__(self, n_in, n_out, weight_reg=0):
        self.weights, self.biases = 0.1 * rng.normal(size=(n_in, n_out)), np.zeros((1, n_out))
        self.weight_reg = weight_reg
    def forward(self, inputs):
        self.inputs, self.output = inputs, inputs @ self.weights + self.biases
    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues + 2 * self.weight_reg * self.weights
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T
class ReLU:
    def forward(self, inputs):
        self.output = np.maximum(0, inputs)
    def backward(self, dvalues):
        self.dinputs = dvalues * (self.output SIGN 0)
class Loss:
    def forward(self, inputs, y_true):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.output[range(len(inputs)), y_true]).mean()
    def backward(self, dvalues, y_true):
        self.dinputs = dvalues.copy()
        self.dinputs[range(len(dvalues)), y_true] -= 1
        self.dinputs /= len(dvalues)
class SGD:
    def __init__(self, learning_rate=1.0): self.learning_rate = learning_rate
    def update_params(self, layer):
        layer.weights -= self.learning_rate * layer.dweights
        layer.biases -= self.learning_rate * layer.dbiases
rng = np.random.default_rng(0)
X, y = rng.normal(size=(9, 2)), np.arange(9) % 3
first, bend, last = Dense(2, 4, weight_reg=0.01), ReLU(), Dense(4, 3)
loss, optimizer = Loss(), SGD(learning_rate=0.05)
for epoch in range(3):
    first.forward(X)
    bend.forward(first.output)
    last.forward(bend.output)
    value = loss.forward(last.output, y)
    print(epoch, value)
    loss.backward(loss.output, y)
    last.backward(loss.dinputs)
    bend.backward(last.dinputs)
    first.backward(bend.dinputs)
    optimizer.update_params(first)
    optimizer.update_params(last)
"""


@pytest.mark.untraced
def test_an_instance_that_is_named_as_parameters_are_is_none() -> None:
    """It has them: its methods change it."""
    best = found(LAYERS.replace("first", "net").replace("SIGN", ">"), RELU).best
    assert best is not None
    assert best.is_right


@pytest.mark.parametrize(
    ("sign", "right"), [(">", True), pytest.param("<", False, marks=pytest.mark.untraced)]
)
def test_layers_that_a_loop_calls_one_by_one_are_a_network(sign: str, *, right: bool) -> None:
    """A penalty that only one layer has is left out, which is told; a rate is set."""
    best = found(LAYERS.replace("SIGN", sign), RELU).best
    assert best is not None
    assert best.is_right == right
    assert best.program.setup.where.startswith("in code.first.weights, code.first.biases")
    assert "code.optimizer.learning_rate = rate" in best.program.before
    kept = "kept in code.first.dweights, code.first.dbiases"
    assert best.reading.where.startswith(kept if right else "updated in place")
    said = found_in_words(adapted(best, RELU, "theirs"))
    assert "Penalties that only some of its layers have are set to 0: not judged." in said


@pytest.mark.untraced
def test_penalties_that_all_layers_have_stay() -> None:
    text = LAYERS.replace("SIGN", ">").replace("Dense(4, 3)", "Dense(4, 3, weight_reg=0.01)")
    best = found(text, RELU).best
    assert best is not None
    assert not any(line.endswith(LEFT_OUT) for line in best.program.before)
    assert not best.is_right


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ({"a": {"l2": 0.1}, "b": {"l2": 0.0}}, ["net['a']['l2']"]),
        ({"a": {"l2": 0.1}, "b": {"l2": 0.2}}, []),
        ({"a": {"reg_l1": 0.1}, "b": {"reg_l2": 0}}, []),
        ({"a": {"rate": 0.1}, "b": {"rate": 0.0}}, []),
        ([[[[[{"l2": 0.1}, {"l2": 0}]]]]], []),
    ],
)
def test_a_penalty_is_uneven_where_another_of_its_name_is_zero(
    value: object, places: list[str]
) -> None:
    assert uneven_penalties(value, "net") == [f"{place} = 0.0{LEFT_OUT}" for place in places]


FIT = """
class Line:
    def __init__(self, learning_rate=0.01, n_iterations=1000):
        self.learning_rate, self.n_iterations = learning_rate, n_iterations
        self.weights, self.bias, self.costs = None, None, []
    def fit(self, X, y):
        n_samples, n_features = X.shape
        self.weights, self.bias = np.zeros(n_features), 0
        for _ in range(self.n_iterations):
            error = X @ self.weights + self.bias - y
            dw, db = SLOPE / n_samples, error.mean()
            self.weights = self.weights - self.learning_rate * dw
            self.bias = self.bias - self.learning_rate * db
            self.costs.append((error**2).mean())
"""


@pytest.mark.untraced
@pytest.mark.parametrize(("slope", "right"), [("X.T @ error", True), ("X.sum(0)", False)])
def test_a_method_that_starts_anew_is_judged_by_one_pass_of_its_loop(
    slope: str, *, right: bool
) -> None:
    """Whatever parameters it is given, it begins with zeros: what it leaves tells no gradient."""
    best = found(FIT.replace("SLOPE", slope), LINE).best
    assert best is not None
    assert best.is_right == right
    assert best.program.entry.name == "Line.fit.pass_of_line_9"
    assert best.program.calls == ("result = pass_of_line_9(net, X, Y)",)
    assert "self.costs" not in best.program.entry.source


@pytest.mark.untraced
def test_a_method_that_says_its_number_of_turns_is_no_update() -> None:
    """It goes on from the parameters that it is given, fifty times."""
    text = FIT.replace("SLOPE", "X.T @ error").replace("self.n_iterations)", "50)")
    text = text.replace("        self.weights, self.bias = np.zeros(n_features), 0\n", "")
    best = found(text, LINE).best
    assert best is not None
    assert best.is_right
    assert best.program.entry.name == "Line.fit.pass_of_line_8"


@pytest.mark.untraced
def test_what_a_method_does_to_itself_is_in_its_pass() -> None:
    """No variable of it has the name of a gradient: the parameters tell that."""
    text = FIT.replace("SLOPE", "X.T @ error").replace("dw", "one").replace("db", "two")
    best = found(text, LINE).best
    assert best is not None
    assert best.is_right
    assert best.reading.where == "updated in place"


LEARNED = """
def predict(X, weights, bias): return X @ weights + bias
def learned(X, y, lr=0.1, num_iter=1000):
    weights, bias, costs = np.zeros(X.shape[1]), 0.0, []
    for i in range(num_iter):
        error = predict(X, weights, bias) - y
        dw, db = SLOPE / len(X), error.mean()
        weights, bias = weights - lr * dw, bias - lr * db
        costs.append((error**2).mean() / 2)
    return weights, bias, costs
w, b, costs = learned(np.ones((4, 5)), np.ones(4))
"""


@pytest.mark.traced("X.T @ error-True")
@pytest.mark.parametrize(("slope", "right"), [("X.T @ error", True), ("X.sum(0)", False)])
def test_what_does_not_depend_on_the_parameters_is_no_gradient(slope: str, *, right: bool) -> None:
    """A function that returns what it learned, whose names are those of parameters."""
    best = found(LEARNED.replace("SLOPE", slope), LINE).best
    assert best is not None
    assert best.is_right == right
    assert best.program.entry.name == "learned.pass_of_line_5"


@pytest.mark.parametrize(
    ("code", "several"),
    [
        ("def f(W, g):\n    for i in range(100):\n        W -= 0.1 * g", True),
        ("def f(W, g):\n    turns = 50\n    for i in range(turns):\n        W -= 0.1 * g", True),
        ("def f(W, g):\n    for i in range(1):\n        W -= 0.1 * g", False),
        ("def f(W, g, turns):\n    for i in range(turns):\n        W -= 0.1 * g", False),
        ("def f(W, g):\n    for i in range(len(W)):\n        W[i] -= 0.1 * g[i]", False),
        ("def f(W, g):\n    for i in range(2, 5):\n        W[i] -= 0.1 * g[i]", False),
        ("def f(W, g):\n    for i in range(9):\n        print(i)\n    W -= 0.1 * g", False),
    ],
)
def test_updates_are_several_where_the_code_says_so_itself(code: str, *, several: bool) -> None:
    assert repeats(module_of(code).f) == several


ROWS = """
rng = np.random.default_rng(0)
m, rate, n_samples = 9, 0.1, 500
X, T = rng.normal(size=(3, m)), rng.normal(size=(1, m))
U, c = rng.normal(size=(4, 3)), np.zeros((4, 1))
V, d = rng.normal(size=(1, 4)), np.zeros((1, 1))
count, half, many = X.shape[1], X.shape[1] / 2, 9
low = X.shape[1]
top = low
low = low - top
for turn in range(3):
    h = np.tanh(U @ X + c)
    r = (V @ h + d - T) / COUNT
    s = (V.T @ r) * (1 - h**2)
    V, d = V - rate * r @ h.T, d - rate * r.sum(axis=1, keepdims=True)
    U, c = U - rate * s @ X.T, c - rate * s.sum(axis=1, keepdims=True)
"""


COUNTS = ["m", "count", "X.shape[1]", "len(T[0])", "n_samples", "(2 * half)", "(low + top)", "many"]


@pytest.mark.untraced
@pytest.mark.parametrize("count", COUNTS)
def test_the_number_of_samples_is_that_of_the_data_given(count: str) -> None:
    """A number that counts the rows of their data counts those of ours; c and d are biases."""
    best = found(ROWS.replace("COUNT", count), TANH).best
    assert best is not None
    assert best.is_right
    assert best.program.setup.where == "in the arguments U, c, V, d"
    assert abs(best.factor - 1) < 1e-9


def test_a_rate_that_is_an_attribute_or_in_a_tuple_is_told() -> None:
    text = ROWS.replace("COUNT", "m").replace("rate *", "Config.pace *").replace("rate", "_")
    best = found(f"class Config:\n    pace = 0.25\n{text}", TANH).best
    assert best is not None
    assert adapted(best, TANH, "theirs").found.reading.rate == 0.25


VECTOR = """
def parts(x, sizes):
    out, i = [], 0
    for a, b in zip(sizes[:-1], sizes[1:]):
        out.append((x[i : i + a * b].reshape(a, b), x[i + a * b : i + a * b + b]))
        i += a * b + b
    return out
def objective(x, sizes, inputs, targets):
    (W, c), (V, d) = parts(x, sizes)
    h = np.tanh(inputs @ W + c)
    r = (h @ V + d - targets) / len(inputs)
    s = (r @ V.T) * (1 - h**2)
    g = [inputs.T @ s, s.sum(0), h.T @ r, r.sum(0)]
    return 0.5 * (r**2).sum() * len(inputs), np.concatenate([one.ravel() for one in g])
"""
BUILT = """
class Net:
    def __init__(self, layers=()): self.layers = layers
    @classmethod
    def of(cls, dims):
        pairs = zip(dims, dims[1:])
        return cls([dict(W=np.ones((a, b)), b=np.zeros(b)) for a, b in pairs])
    def gradient(self, X, T):
        one, two = self.layers
        h = np.tanh(X @ one["W"] + one["b"])
        r = (h @ two["W"] + two["b"] - T) / len(X)
        s = (r @ two["W"].T) * (1 - h**2)
        return [(X.T @ s, s.sum(0)), (h.T @ r, r.sum(0))]
"""
NUMBERED = """
class Net:
    def __init__(self, num_of_input_features, num_of_outputs=5, hidden_units_1=9, hidden_units_2=8):
        sizes = num_of_input_features, hidden_units_1, hidden_units_2, num_of_outputs
        self.W1, self.W2, self.W3 = [np.ones((b, a)) for a, b in zip(sizes, sizes[1:])]
        self.b1, self.b2, self.b3 = [np.zeros((n, 1)) for n in sizes[1:]]
    def backward(self, X, Y):
        h = np.tanh(self.W1 @ X + self.b1)
        k = np.tanh(self.W2 @ h + self.b2)
        r = (self.W3 @ k + self.b3 - Y) / X.shape[1]
        t = self.W3.T @ r * (1 - k**2)
        s = self.W2.T @ t * (1 - h**2)
        sums = [one.sum(axis=1, keepdims=True) for one in (s, t, r)]
        return s @ X.T, sums[0], t @ h.T, sums[1], r @ k.T, sums[2]
"""


KEPT = """
class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.hidden_weights, self.hidden_bias = np.ones((n_in, n_hidden)), np.zeros((1, n_hidden))
        self.output_weights, self.output_bias = np.ones((n_hidden, n_out)), np.zeros((1, n_out))
        self.run_hw, self.run_hb = np.zeros((n_in, n_hidden)), np.zeros((1, n_hidden))
        self.run_ow, self.run_ob = np.zeros((n_hidden, n_out)), np.zeros((1, n_out))
    def train_step(self, X, y, learning_rate=0.1):
        h = np.tanh(np.dot(X, self.hidden_weights) + self.hidden_bias)
        r = (np.dot(h, self.output_weights) + self.output_bias - y) / len(X)
        s = np.dot(r, self.output_weights.T) * (1 - h**2)
        self.run_ow = 0.9 * self.run_ow - learning_rate * np.dot(h.T, r)
        self.run_ob = 0.9 * self.run_ob - learning_rate * r.sum(axis=0, keepdims=True)
        self.run_hw = 0.9 * self.run_hw - learning_rate * np.dot(X.T, s)
        self.run_hb = 0.9 * self.run_hb - learning_rate * s.sum(axis=0, keepdims=True)
        self.hidden_weights += self.run_hw
        self.hidden_bias += self.run_hb
        self.output_weights += self.run_ow
        self.output_bias += self.run_ob
"""
STEPS = """
def gradients(X, T, alpha_one, kay, alpha_two, ell):
    z = np.dot(X, alpha_one)
    z += kay
    h = np.tanh(z)
    r = h.dot(alpha_two)
    r += ell
    r = (r - T) / len(X)
    s = r.dot(alpha_two.T) * (1 - h**2)
    return X.T @ s, s.sum(0), h.T @ r, r.sum(0)
"""
ADAM = """
class Net:
    def __init__(self, dims, lr=0.01, beta1=0.9, beta2=0.999, C=0.0):
        self.params = {}
        for l, (a, b) in enumerate(zip(dims, dims[1:]), 1):
            self.params[f"W{l}"], self.params[f"b{l}"] = np.ones((b, a)), np.zeros(b)
        self.m = {k: np.zeros_like(v) for k, v in self.params.items()}
        self.v = {k: np.zeros_like(v) for k, v in self.params.items()}
        self.C = C
        assert C == 0.0
    def gradients(self, X, Y):
        p = self.params
        h = np.tanh(X @ p["W1"].T + p["b1"])
        r = (h @ p["W2"].T + p["b2"] - Y) / len(X)
        s = r @ p["W2"] * (1 - h**2)
        return {"W2": r.T @ h, "b2": r.sum(0), "W1": s.T @ X, "b1": s.sum(0)}
"""
TRANSPOSED = """
def gradients(X, T, U, b, V, c):
    h = np.tanh(X @ U.T + b)
    r = (h @ V.T + c - T) / len(X)
    q = (r @ V) * (1 - h**2)
    return q.T @ X, q.sum(axis=0), r.T @ h, r.sum(axis=0)
"""


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (KEPT, "in net.hidden_weights, net.hidden_bias, net.output_weights, net.output_bias"),
        (TRANSPOSED, "in the arguments U, b, V, c"),
        (STEPS, "in the arguments alpha_one, kay, alpha_two, ell"),
        (
            ADAM,
            "in net.params['W1'], net.params['b1'], net.params['W2'], net.params['b2']",
        ),
    ],
)
def test_arrays_are_weights_and_biases_by_their_use(text: str, where: str) -> None:
    """What an optimiser keeps has the same shapes, and stands in no product."""
    best = found(text, TANH).best
    assert best is not None
    assert best.is_right
    assert best.program.setup.where == where


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (VECTOR, "result = objective(theirs, [N_I, N_H, N_O], X, np.eye(N_O)[Y])"),
        (BUILT, "net = Net.of([N_I, N_H, N_O])"),
        (NUMBERED, "net = Net(N_I, N_O, N_H1, N_H2)"),
    ],
)
def test_sizes_and_vectors_are_given_as_they_are_meant(text: str, line: str) -> None:
    """Vectors called x, sizes of several hidden layers, a class method that builds a network."""
    sizes = (5, 7, 3, 2) if text is NUMBERED else (5, 7, 2)
    best = found(text, TANH._replace(sizes=sizes)).best
    assert best is not None
    assert best.is_right
    assert line in (*best.program.before, *best.program.calls)


GLOBAL_X = """
X, y = np.ones((4, 3)), np.ones((4, 1))
def cost_slopes(W1, b1, W2, b2, x, y):
    h = np.tanh(X @ W1 + b1)
    r = (h @ W2 + b2 - y) / len(y)
    s = (r @ W2.T) * (1 - h**2)
    return X.T @ s, s.sum(0), h.T @ r, r.sum(0)
"""


def test_data_that_are_given_and_read_as_global_variables_are_both() -> None:
    """The argument is x, and what is read is X."""
    best = found(GLOBAL_X, TANH).best
    assert best is not None
    assert best.is_right
    assert "code.X = X" in best.program.before
    assert not any(line.startswith("code.y") for line in best.program.before)


ALL_ENTRIES = """
def backward(W1, b1, W2, b2, X, T):
    h = np.tanh(X @ W1 + b1)
    r = (h @ W2 + b2 - T) / T.size
    s = (r @ W2.T) * (1 - h**2)
    return X.T @ s, s.sum(0), h.T @ r, r.sum(0)
"""


@pytest.mark.parametrize(("sizes", "takes"), [((5, 7, 1), "one output"), ((5, 7, 2), "any")])
def test_a_network_of_one_output_is_checked_with_one(sizes: tuple[int, ...], takes: str) -> None:
    """A mean over all entries is one over samples then, and no mistake."""
    best = search(module_of(ALL_ENTRIES), problems(TANH), Wanted(sizes=(sizes,))).best
    assert best is not None
    assert adapted(best, TANH, "theirs").takes == takes
    assert (abs(best.factor - 1) < 1e-9) == (takes == "one output")
