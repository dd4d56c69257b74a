"""Names, numbers and global variables as other people have them, each right and with a mistake."""

import ast
from collections.abc import Generator

import pytest

from autograd_ref.adapting import way_search
from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.calling.candidates_in_code import Candidate
from autograd_ref.adapting.calling.filling.global_data import GlobalData, global_data
from autograd_ref.adapting.passes.kept_statements import WholeData
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import found_in_words
from autograd_ref.adapting.way_search import Wanted, search
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, found, module_of

SIGMOID = architecture((5, 7, 1), activation="sigmoid", output="sigmoid", loss="sse")
LINE = architecture((5, 7, 2), activation="tanh", output="linear", loss="half-mse")
SUM = LINE._replace(loss="sse", reduction="sum")
SOFTMAX = architecture((5, 7, 2), activation="sigmoid")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """Each text is another module of the same name."""
    yield
    forget()


def agrees(text: str, meant: Architecture, right: str, wrong: str, name: str = "") -> bool:
    """True where a text is found, right as it stands and wrong with a mistake."""
    assert right in text
    good, bad = found(text, meant, name).best, found(text.replace(right, wrong), meant, name).best
    assert good is not None
    assert good.is_right, (good.program.before, good.program.calls)
    return bad is not None and not bad.is_right


TRASK = """
X, y = np.zeros((4, 3)), np.zeros((4, 1))
alpha = 0.8
syn0, syn1 = np.ones((3, 5)), np.ones((5, 1))
def nonlin(x, deriv=False):
    return x * (1 - x) if deriv else 1 / (1 + np.exp(-x))
for j in range(2):
    l0 = X
    l1 = nonlin(np.dot(l0, syn0))
    l2 = nonlin(np.dot(l1, syn1))
    l2_delta = (y - l2) * nonlin(l2, deriv=True)
    l1_delta = l2_delta.dot(syn1.T) * nonlin(l1, deriv=True)
    syn1 += alpha * l1.T.dot(l2_delta)
    syn0 += alpha * l0.T.dot(l1_delta)
"""


@pytest.mark.untraced
def test_alpha_is_a_rate_where_what_is_multiplied_moves_by_it() -> None:
    """Whatever the weights are called; an update of what is no weight says nothing."""
    assert agrees(TRASK, SIGMOID, "(l1, deriv=True)", "(l2, deriv=True)")


RATE_FIRST = """
X, Y = np.zeros((4, 2)), np.zeros((4, 1))
L = 0.1
Wh, Wz = np.ones((2, 3)), np.ones((3, 1))
for _ in range(2):
    H = 1 / (1 + np.exp(-X.dot(Wh)))
    dZ = (Y - H.dot(Wz)) * L
    dH = dZ.dot(Wz.T) * H * (1 - H)
    Wz += H.T.dot(dZ)
    Wh += X.T.dot(dH)
"""


@pytest.mark.untraced
def test_one_weight_of_a_usual_name_beside_one_of_another() -> None:
    meant = architecture((2, 3, 1), activation="sigmoid", output="linear", loss="sse")
    assert agrees(RATE_FIRST, meant, "H * (1 - H)", "H")


ONE_OUTPUT = """
X, d_targets = np.zeros((2, 2)), np.zeros((2, 1))
V, W = np.ones((2, 3)), np.ones((3, 1))
learning_rate = 0.5
for i in range(2):
    x_sample, target = X[i:i+1, :], d_targets[i:i+1, :]
    a = 1 / (1 + np.exp(-np.dot(x_sample, V)))
    delta = np.dot(a, W) - target
    back = np.dot(delta, W.T) * a * (1 - a)
    W = W - learning_rate * np.dot(a.T, delta)
    V = V - learning_rate * np.dot(x_sample.T, back)
"""


@pytest.mark.untraced
def test_sizes_with_one_output_come_first_where_their_arrays_have_one() -> None:
    """With two, one column of targets would be taken for both."""
    meant = architecture((2, 3, 1), activation="sigmoid", output="linear", loss="sse")
    assert agrees(ONE_OUTPUT, meant, "a * (1 - a)", "a")


COLUMN = """
X, y = np.zeros((4, 5)), np.zeros(4)
W1, W2 = np.ones((5, 7)), np.ones((7, 1))
lr = 0.5
for epoch in range(2):
    h = np.tanh(X @ W1)
    d = h @ W2 - y[:, None]
    back = d @ W2.T * (1 - h**2)
    W2 -= lr * h.T @ d
    W1 -= lr * X.T @ back
"""


@pytest.mark.untraced
def test_one_column_of_targets_is_not_held_against_two_outputs() -> None:
    """There it would be taken for both, and the gradient for a wrong one."""
    assert agrees(COLUMN, SUM._replace(sizes=(5, 7, 1)), "(1 - h**2)", "(1 - h)")


@pytest.mark.untraced
def test_a_result_of_another_kind_than_any_reading_is_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where zero inputs tell of an update, and nothing was read as one."""
    text = "def gradients(X, Y, W1, W2): return X.T @ (Y @ W2.T), np.tanh(X @ W1).T @ Y"
    for kind in ("gradient", "neither"):
        monkeypatch.setattr(way_search, "kind_without_inputs", lambda *_at, kind=kind: kind)
        assert found(text, LINE).best is not None


NUMBERED = """
X, Y = np.zeros((4, 5)), np.zeros((4, 2))
W = {1: np.ones((5, 7)), 2: np.ones((7, 2))}
b = {1: np.zeros(7), 2: np.zeros(2)}
eta = 0.3
for epoch in range(2):
    H = np.tanh(X @ W[1] + b[1])
    d2 = (H @ W[2] + b[2] - Y) / len(X)
    d1 = d2 @ W[2].T * (1 - H**2)
    W[2] -= eta * H.T @ d2
    b[2] -= eta * d2.sum(axis=0)
    W[1] -= eta * X.T @ d1
    b[1] -= eta * d1.sum(axis=0)
"""


@pytest.mark.untraced
def test_layers_that_are_numbered_from_one() -> None:
    """In dicts by numbers."""
    assert agrees(NUMBERED, LINE, "(1 - H**2)", "(1 - H)")


LISTS = """
def backprop(x, y, ws, bs):
    h = np.tanh(x @ ws[0] + bs[0])
    d = (h @ ws[1] + bs[1] - y) / len(x)
    back = d @ ws[1].T * (1 - h**2)
    return [x.T @ back, h.T @ d], [back.sum(axis=0), d.sum(axis=0)]
"""


@pytest.mark.untraced
def test_ws_and_bs_are_lists_of_weights_and_biases() -> None:
    """And bs is no size of a batch."""
    assert agrees(LISTS, LINE, "(1 - h**2)", "(1 - h)")


ADAM = """
def train(X, Y, epochs=3, lr=0.1, beta1=0.9):
    rng = np.random.default_rng(0)
    W1, b1 = rng.normal(size=(5, 7)), np.zeros(7)
    W2, b2 = rng.normal(size=(7, 2)), np.zeros(2)
    params = [W1, b1, W2, b2]
    m = [np.zeros_like(p) for p in params]
    for epoch in range(epochs):
        h = np.tanh(X @ W1 + b1)
        d = (h @ W2 + b2 - Y) / len(X)
        dW2, db2 = h.T @ d, d.sum(axis=0)
        back = d @ W2.T * (1 - h**2)
        dW1, db1 = X.T @ back, back.sum(axis=0)
        for i, g in enumerate([dW1, db1, dW2, db2]):
            m[i] = beta1 * m[i] + (1 - beta1) * g
            params[i] -= lr * m[i]
    return params
"""


@pytest.mark.untraced
def test_a_pass_goes_without_the_optimiser_where_each_parameter_has_a_derivative() -> None:
    assert agrees(ADAM, LINE, "(1 - h**2)", "(1 - h)", "train")


COURSE = """
def linear(x, alpha): return np.dot(alpha, x)
def NNforward(x, y, alpha, beta):
    z = np.append(1, 1 / (1 + np.exp(-linear(x, alpha))))
    e = np.exp(linear(z, beta))
    y_hat = e / e.sum()
    return z, y_hat, -np.sum(y * np.log(y_hat))
def linear_backward(a, weights, g): return np.outer(g, a), np.dot(weights.T, g)
def NN_backward(x, y, alpha, beta, yhat, z):
    gbeta, gz = linear_backward(z, beta[:, 1:], yhat - y)
    galpha, gx = linear_backward(x, alpha[:, 1:], gz * z[1:] * (1 - z[1:]))
    return galpha, gbeta
if __name__ == "__main__":
    x, y = np.array([1, 0, 1, 0, 1, 0]), np.array([0, 1])
    alpha, beta = np.ones((7, 6)), np.ones((2, 8))
    z, yhat, J = NNforward(x, y, alpha, beta)
    print(NN_backward(x, y, alpha, beta, yhat, z))
"""


@pytest.mark.untraced
def test_weights_are_what_is_multiplied_in_what_a_function_calls() -> None:
    """Whole or in part; and y_hat is yhat."""
    assert agrees(COURSE, SOFTMAX, "gz * z[1:] * (1 - z[1:])", "gz * z[1:]")


def test_outputs_for_their_own_inputs_are_not_given_to_a_function() -> None:
    """The gradient would not be that of the data: without a forward pass none is found."""
    inline = (
        "z, yhat = np.append(1, linear(x, alpha)), linear(np.append(1, linear(x, alpha)), beta)"
    )
    text = COURSE.replace("z, yhat, J = NNforward(x, y, alpha, beta)", inline)
    start, end = text.index("def NNforward"), text.index("def linear_backward")
    assert found(text[:start] + text[end:], SOFTMAX, "NN_backward").best is None


GLOBAL = """
X, target_y = np.zeros((4, 5)), np.zeros((4, 2))
n = len(X)
W1, b1, W2, b2 = np.ones((5, 7)), np.zeros((1, 7)), np.ones((7, 2)), np.zeros((1, 2))
class Net:
    def __init__(self, w1, b1, w2, b2, epochs, lr):
        self.w1, self.b1, self.w2, self.b2 = w1, b1, w2, b2
        self.epochs, self.lr = epochs, lr
    def forward(self, X):
        h = np.tanh(X @ self.w1 + self.b1)
        return h, h @ self.w2 + self.b2
    def backward(self, errors, h):
        d = errors / n
        back = d @ self.w2.T * (1 - h**2)
        return X.T @ back, back.sum(axis=0), h.T @ d, d.sum(axis=0)
    def train(self):
        for epoch in range(self.epochs):
            h, p = self.forward(X)
            found = self.backward(p - target_y, h)
            self.w1 -= self.lr * found[0]
            self.b1 -= self.lr * found[1]
            self.w2 -= self.lr * found[2]
            self.b2 -= self.lr * found[3]
Net(W1, b1, W2, b2, epochs=20, lr=0.5).train()
"""


def test_methods_that_read_global_data_are_given_them_and_how_many_they_are() -> None:
    """And an instance that somebody's own line makes trains for one step only."""
    assert agrees(GLOBAL, LINE, "(1 - h**2)", "(1 - h)")
    outcome = found(GLOBAL, LINE)
    assert outcome.best is not None
    assert {"code.n = len(code.X)", "net.epochs = 1"} <= {*outcome.best.program.before}


def test_a_function_without_a_module_reads_no_global_data() -> None:
    one = Candidate(agrees, "agrees", None, {}, None)
    assert global_data(one, ()) == GlobalData()


@pytest.mark.untraced
def test_a_number_of_samples_alone_is_enough() -> None:
    """A function that takes the data as arguments may read it."""
    text = """
X = np.zeros((4, 5))
m, width = X.shape
def gradients(X, Y, W1, W2):
    h = np.tanh(X @ W1)
    d = (h @ W2 - Y) / m
    return X.T @ (d @ W2.T * (1 - h**2)), h.T @ d
"""
    assert agrees(text, LINE, "(1 - h**2)", "(1 - h)")


GIVEN = """
class MLP:
    def __init__(self, inputs, targets, n_hidden, eta=0.25, beta=1, momentum=0.9):
        self.eta, self.beta, self.momentum = eta, beta, momentum
        self.n_in, self.n_out = inputs.shape[1], targets.shape[1]
        self.v = np.random.rand(self.n_in + 1, n_hidden)
        self.w = np.random.rand(n_hidden + 1, self.n_out)
    def train(self, inputs, targets, maxit):
        inputs = np.concatenate((inputs, np.ones((len(inputs), 1))), axis=1)
        for i in range(maxit):
            h = np.tanh(self.beta * inputs @ self.v)
            h = np.concatenate((h, np.ones((len(h), 1))), axis=1)
            d = h @ self.w - targets
            back = self.beta * (1 - h**2) * (d @ self.w.T)
            self.w -= self.eta * h.T @ d
            self.v -= self.eta * inputs.T @ back[:, :-1]
"""


def test_a_constructor_that_takes_targets_takes_inputs() -> None:
    """And beta, which is 1 by itself, is no penalty."""
    assert agrees(GIVEN, SUM, "(1 - h**2)", "(1 - h)")


NORMALISED = """
def relu(x): return np.maximum(0, x)
def curve(x): return np.tanh(x)
def curve_slope(x): return 1 - np.tanh(x)**2
def learn(x, y, epochs=5, rate=0.1, hidden=7, act=curve, act_slope=curve_slope):
    x_norm, y_norm = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    count = len(x)
    w1, b1 = np.random.randn(5, hidden), np.zeros((1, hidden))
    w2, b2 = np.random.randn(hidden, 2), np.zeros((1, 2))
    for epoch in range(epochs):
        z = x_norm @ w1 + b1
        h = act(z)
        d = (h @ w2 + b2 - y_norm) / count
        back = d @ w2.T * act_slope(z)
        w2 -= rate * h.T @ d
        b2 -= rate * d.sum(axis=0, keepdims=True)
        w1 -= rate * x_norm.T @ back
        b1 -= rate * back.sum(axis=0, keepdims=True)
    return w1, b1, w2, b2
"""


@pytest.mark.untraced
def test_data_that_are_scaled_above_a_loop_are_the_data_of_its_pass() -> None:
    """With functions that are defaults of arguments, and the number of the inputs before that."""
    assert agrees(NORMALISED, LINE, "act_slope(z)", "act(z)")


DRAWN = """
class Net:
    def __init__(self, n_in, n_hidden, n_out, lr):
        self.lr, self.sizes = lr, (n_in, n_hidden, n_out)
    def start(self):
        i, h, o = self.sizes
        self.W1, self.b1 = np.random.rand(h, i), np.random.rand(h, 1)
        self.W2, self.b2 = np.random.rand(o, h), np.random.rand(o, 1)
    def iterate(self, data, targets, num_iterations):
        for i in range(num_iterations):
            at = np.random.choice(range(len(data)))
            x, t = data[at].reshape(-1, 1), targets[at].reshape(-1, 1)
            h = np.tanh(self.W1 @ x + self.b1)
            d = self.W2 @ h + self.b2 - t
            back = self.W2.T @ d * (1 - h**2)
            self.W2, self.b2 = self.W2 - self.lr * d @ h.T, self.b2 - self.lr * d
            self.W1, self.b1 = self.W1 - self.lr * back @ x.T, self.b1 - self.lr * back
    def train(self, data, targets, maxit=100):
        self.start()
        self.iterate(data, targets, maxit)
"""


@pytest.mark.untraced
def test_one_sample_that_is_drawn_is_one_of_a_batch() -> None:
    """And what starts anew is no update, whatever it draws."""
    outcome = found(DRAWN, SUM)
    assert outcome.best is not None
    assert outcome.best.is_right
    assert outcome.best.program.entry.name == "Net.iterate"


@pytest.mark.untraced
def test_one_sample_of_a_batch_that_is_not_drawn_is_a_mistake() -> None:
    """As the others are forgotten."""
    text = DRAWN.replace("np.random.choice(range(len(data)))", "0").replace(
        "rand(", "uniform(size=("
    )
    text = text.replace("size=(h, i)", "size=(h, i))").replace("size=(h, 1)", "size=(h, 1))")
    text = text.replace("size=(o, h)", "size=(o, h))").replace("size=(o, 1)", "size=(o, 1))")
    outcome = found(text, SUM, "Net.iterate")
    assert outcome.best is not None
    assert not outcome.best.is_right


THROUGH = """
import math
w1 = w2 = w3 = w4 = 1.0
b1 = b2 = b3 = 0.0
rate = 0.1
def step(x, y):
    global w1, w2, w3, w4, b1, b2, b3
    h1, h2 = math.tanh(w1 * x + b1), math.tanh(w3 * x + b2)
    d = w2 * h1 + w4 * h2 + b3 - y
    back1, back2 = d * w2 * (1 - h1**2), d * w4 * (1 - h2**2)
    w2, w4, b3 = w2 - rate * d * h1, w4 - rate * d * h2, b3 - rate * d
    w1, b1 = w1 - rate * back1 * x, b1 - rate * back1
    w3, b2 = w3 - rate * back2 * x, b2 - rate * back2
"""


@pytest.mark.untraced
def test_numbers_that_go_through_the_network_unit_by_unit() -> None:
    """The weight to a hidden unit and that from it, before those of the next."""
    meant = architecture((1, 2, 1), activation="tanh", output="linear", loss="sse")
    assert agrees(THROUGH, meant, "(1 - h1**2)", "(1 - h1)")


@pytest.mark.parametrize(
    ("code", "whole"),
    [
        ("d_targets[i:i + 1, :]", "d_targets"),
        ("train_x[i]", "train_x"),
        ("Xtrain[i]", "Xtrain"),
        ("layer_inputs[i]", "layer_inputs[i]"),
        ("index[i]", "index[i]"),
    ],
)
def test_rows_of_data_of_longer_names(code: str, whole: str) -> None:
    """An array that is made in the same turn is none."""
    tree = ast.parse(code, mode="eval")
    assert ast.unparse(WholeData({"i"}, {"layer_inputs"}).visit(tree)) == whole


SPELLED = """
import math
NI, NH, RATE = 2, 6, 0.1
patterns = [([0.5, -0.2], 1.0), ([0.1, 0.7], 0.0)]
w, bias = np.ones((NH, NI)), np.zeros(NH)
v, vbias = np.ones(NH), 0.0
for epoch in range(2):
    for x, target in patterns:
        hid = [0.0] * NH
        for j in range(NH):
            net = bias[j]
            for i in range(NI):
                net += w[j, i] * x[i]
            hid[j] = math.tanh(net)
        out = vbias
        for j in range(NH):
            out += v[j] * hid[j]
        delta = out - target
        for j in range(NH):
            back = delta * v[j] * (1 - hid[j]**2)
            v[j] -= RATE * delta * hid[j]
            for i in range(NI):
                w[j, i] -= RATE * back * x[i]
            bias[j] -= RATE * back
        vbias -= RATE * delta
"""


def test_loops_over_units_whose_only_output_has_a_number_for_its_bias() -> None:
    """It is given a value, and the arrays are moved in place; its own numbers of units stay."""
    meant = architecture((2, 6, 1), activation="tanh", output="linear", loss="sse")
    assert agrees(SPELLED, meant, "(1 - hid[j]**2)", "(1 - hid[j])")
    best = found(SPELLED, meant).best
    assert best is not None
    assert adapted(best, meant, "theirs").takes == "fixed"


CLOSURE = """
def make_energy(x, V):
    N = len(x)
    def energy(p):
        A, a, B, b = p
        u = np.tanh(x @ A + a)
        rho = (u @ B + b - V) / N
        back = rho @ B.T * (1 - u*u)
        return 0.5 * N * np.sum(rho**2), (x.T @ back, back.sum(0), u.T @ rho, rho.sum(0))
    return energy
"""


def test_what_a_function_of_given_data_is_made_of_is_targets() -> None:
    """Beside the inputs, whatever they are called; and the names of arrays say nothing."""
    assert agrees(CLOSURE, LINE, "(1 - u*u)", "(1 - u)")


COLUMNS = """
P, T, Q = np.ones((5, 20)), np.ones((2, 20)), 20
W1, B1, W2, B2 = np.ones((7, 5)), np.zeros((7, 1)), np.ones((2, 7)), np.zeros((2, 1))
errors, lr = np.zeros(3), 0.2
for k in range(3):
    A1 = np.tanh(W1 @ P + np.tile(B1, (1, Q)))
    E = T - (W2 @ A1 + np.tile(B2, (1, Q)))
    errors[k] = (E**2).sum()
    D2 = -E / Q
    D1 = (W2.T @ D2) * (1 - A1**2)
    W2, B2 = W2 - lr * D2 @ A1.T, B2 - lr * D2 @ np.ones((Q, 1))
    W1, B1 = W1 - lr * D1 @ P.T, B1 - lr * D1 @ np.ones((Q, 1))
"""


def test_p_beside_t_is_inputs() -> None:
    """As nothing changes it."""
    assert agrees(COLUMNS, LINE, "(1 - A1**2)", "(1 - A1)")


SHORT = """
A, a, B, b = np.ones((7, 5)), np.zeros(7), np.ones((2, 7)), np.zeros(2)
def upd(X, T, lr=.01):
    global A, a, B, b
    gA, ga, gB, gb = (np.zeros_like(w) for w in (A, a, B, b))
    for x, t in zip(X, T):
        v = np.tanh(A @ x + a)
        p = B @ v + b - t
        q = (p @ B) * (1 - v**2)
        gB, gb = gB + np.outer(p, v), gb + p
        gA, ga = gA + np.outer(q, x), ga + q
    A, a, B, b = A - lr * gA, a - lr * ga, B - lr * gB, b - lr * gb
"""


@pytest.mark.untraced
def test_global_matrices_that_are_multiplied_are_weights() -> None:
    assert agrees(SHORT, SUM, "(1 - v**2)", "(1 - v)")


GERMAN = """
import numpy
class Netz:
    def __init__(self, eingang, versteckt, ausgang, lernrate):
        self.wev = numpy.random.normal(0.0, 1.0, (versteckt, eingang))
        self.wva = numpy.random.normal(0.0, 1.0, (ausgang, versteckt))
        self.lr = lernrate
    def trainieren(self, liste, zielliste):
        rein = numpy.array(liste, ndmin=2).T
        h = numpy.tanh(numpy.dot(self.wev, rein))
        fehler = numpy.array(zielliste, ndmin=2).T - numpy.dot(self.wva, h)
        hinten = numpy.dot(self.wva.T, fehler) * (1 - h**2)
        self.wva += self.lr * numpy.dot(fehler, h.T)
        self.wev += self.lr * numpy.dot(hinten, rein.T)
if __name__ == "__main__":
    netz = Netz(3, 5, 2, 0.3)
    beispiele = numpy.random.rand(20, 3)
    for epoche in range(2):
        for beispiel in beispiele:
            netz.trainieren(beispiel, [0.0, 1.0])
"""


@pytest.mark.untraced
def test_an_instance_is_built_without_the_loop_that_trains_it() -> None:
    """Whatever training is called there."""
    assert agrees(GERMAN, SUM, "(1 - h**2)", "(1 - h)")


KERAS = """
class SGD:
    def __init__(self, learning_rate=0.1): self.learning_rate = learning_rate
    def apply(self, pairs):
        for g, v in pairs: v -= self.learning_rate * g
class Dense:
    def __init__(self, units, activation=None, input_dim=None):
        self.units, self.input_dim, self.activation = units, input_dim, activation
    def build(self, n):
        self.kernel, self.bias = np.zeros((n, self.units)), np.zeros(self.units)
    def call(self, x):
        self.x, self.a = x, x @ self.kernel + self.bias
        self.a = np.tanh(self.a) if self.activation == "tanh" else self.a
        return self.a
    def backward(self, g):
        g = g * (1 - self.a**2) if self.activation == "tanh" else g
        self.grad_kernel, self.grad_bias = self.x.T @ g, g.sum(axis=0)
        return g @ self.kernel.T
class Sequential:
    def __init__(self): self.layers = []
    def add(self, layer):
        layer.build(self.layers[-1].units if self.layers else layer.input_dim)
        self.layers.append(layer)
    def compile(self, optimizer): self.optimizer = optimizer
    def train_on_batch(self, x, y):
        out = x
        for one in self.layers: out = one.call(out)
        g = (out - y) / len(x)
        for one in reversed(self.layers): g = one.backward(g)
        self.optimizer.apply([(one.grad_kernel, one.kernel) for one in self.layers])
        self.optimizer.apply([(one.grad_bias, one.bias) for one in self.layers])
model = Sequential()
model.add(Dense(12, activation="tanh", input_dim=4))
model.add(Dense(3))
model.compile(optimizer=SGD(0.3))
"""


@pytest.mark.untraced
def test_an_optimiser_that_is_made_is_no_training() -> None:
    """The statement that sets it belongs to what builds a network."""
    meant = LINE._replace(sizes=(4, 12, 3))
    assert agrees(KERAS, meant, "(1 - self.a**2)", "(1 - self.a)", "Sequential")


TUPLES = """
class Capa:
    def __init__(self, n, m, act):
        self.act, self.W, self.b = act, np.random.rand(n, m), np.random.rand(1, m)
curva = (lambda x: np.tanh(x), lambda a: 1 - a**2)
coste = (lambda yp, yr: 0.0, lambda yp, yr: (yp - yr) / len(yr))
recta = (lambda x: x, lambda a: 1.0)
def crear(topologia):
    return [Capa(n, m, curva if m > 3 else recta) for n, m in zip(topologia, topologia[1:])]
def entrenar(red, X, Y, coste, lr=2.0):
    out = [X]
    for capa in red: out.append(capa.act[0](out[-1] @ capa.W + capa.b))
    d = coste[1](out[-1], Y)
    for l in reversed(range(len(red))):
        d = d * red[l].act[1](out[l + 1])
        back = d @ red[l].W.T
        red[l].b -= lr * np.sum(d, axis=0, keepdims=True)
        red[l].W -= lr * out[l].T @ d
        d = back
topologia = [5, 7, 2]
red = crear(topologia)
for i in range(2):
    entrenar(red, np.ones((3, 5)), np.ones((3, 2)), coste)
"""


@pytest.mark.untraced
def test_layers_in_an_argument_of_any_name_that_is_looped_over() -> None:
    """Their own statements give it, with lambdas whose arguments need no value."""
    assert agrees(TUPLES, LINE, "1 - a**2", "1 - a")


UPSTREAM = """
class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1, self.b1 = np.zeros((n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = np.zeros((n_hidden, n_out)), np.zeros(n_out)
        self._m = {"W1": np.zeros((n_in, n_hidden)), "b1": np.zeros(n_hidden)}
    def forward(self, x):
        self.x, self.h = x, np.tanh(x @ self.W1 + self.b1)
        return self.h @ self.W2 + self.b2
    def backward(self, d_out):
        back = d_out @ self.W2.T * (1 - self.h**2)
        self.grads = {"W1": self.x.T @ back, "b1": back.sum(0)}
        self.grads |= {"W2": self.h.T @ d_out, "b2": d_out.sum(0)}
        return back @ self.W1.T
"""


@pytest.mark.parametrize("meant", [LINE, SUM])
def test_a_backward_pass_without_a_loss_is_given_that_of_the_usual_ones(
    meant: Architecture,
) -> None:
    """Summed or averaged, and that is said."""
    assert agrees(UPSTREAM, meant, "(1 - self.h**2)", "(1 - self.h)")
    best = found(UPSTREAM, meant).best
    assert best is not None
    said = found_in_words(adapted(best, meant, "theirs"))
    assert "It is given the outputs minus Y: the file has no derivative of a loss." in said


MOMENTS = (
    UPSTREAM.split("    def backward")[0].replace("return self.h", "self.p = self.h")
    + """
    def backward(self, y):
        d = (self.p - y) / len(y)
        back = d @ self.W2.T * (1 - self.h**2)
        for name, g in {"W1": self.x.T @ back, "b1": back.sum(0), "W2": self.h.T @ d,
                        "b2": d.sum(0)}.items():
            self._m[name] = 0.1 * g
            getattr(self, name)[...] -= 0.01 * self._m[name] / (abs(self._m[name]) + 1e-8)
"""
)


@pytest.mark.untraced
def test_hidden_units_that_are_kept_are_no_moments() -> None:
    """Though they are called cache: they have another shape."""
    text = UPSTREAM.replace("self.h", "self.cache").replace("d_out", "y")
    text = text.replace("backward(self, y):", "learn(self, y):\n        y = (self.p - y) / len(y)")
    text = text.replace(
        "return self.cache @ self.W2 + self.b2", "self.p = self.cache @ self.W2 + self.b2"
    )
    text = (
        text[: text.index("        self.grads = ")]
        + """
        for name, g in (("W1", self.x.T @ back), ("b1", back.sum(0)), ("W2", self.cache.T @ y),
                        ("b2", y.sum(0))):
            setattr(self, name, getattr(self, name) - 0.5 * g)
"""
    )
    assert agrees(text, LINE, "(1 - self.cache**2)", "(1 - self.cache)")


@pytest.mark.untraced
def test_a_step_by_moments_is_not_judged_and_a_moment_is_no_gradient() -> None:
    """It is none along the gradient, and nothing else is there."""
    assert found(MOMENTS, LINE).best is None


@pytest.mark.untraced
def test_what_is_like_no_gradient_is_none_where_no_name_says_so() -> None:
    """The outputs and hidden units of a forward pass, say."""
    sized = Wanted(sizes=((5, 7, 2),))
    text = """
W1, W2 = np.ones((5, 7)), np.ones((7, 2))
def run(X, Y, W1, W2):
    return np.sin(1e3 * W1 + X.mean()), np.sin(1e3 * W2 + Y.mean())
"""
    assert search(module_of(text), problems(LINE), sized).best is None
    assert found(text.replace("run", "gradients"), LINE).best is not None
