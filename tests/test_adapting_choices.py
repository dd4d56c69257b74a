"""Activations, outputs and losses that code is given: by a text, a function, a class, a table."""

import inspect
from collections.abc import Generator, Sequence
from types import ModuleType

import pytest

from autograd_ref.adapting.building.layers import composed
from autograd_ref.adapting.by_use.texts_compared import called_otherwise, texts_compared
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.chosen import chosen, is_named
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, found, module_of

RELU = architecture((5, 7, 2), activation="relu")
TANH = architecture((5, 7, 2), activation="tanh")
LINE = architecture((5, 7, 2), activation="tanh", output="linear", loss="half-mse")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """Each text is another module of the same name."""
    yield
    forget()


def is_right(text: str, meant: Architecture, name: str = "") -> bool:
    """True where the gradient that is found is right for the network that is meant."""
    best = found(text, meant, name).best
    return best is not None and best.is_right and best.network.activation == meant.activation


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("def f(act):\n    if act == 'relu': pass\n    elif act == 'tanh': pass", "relu tanh"),
        ("def f(act):\n    return act in ('relu', 'tanh')", "relu tanh"),
        ("def f(act):\n    return act.lower() == 'relu'", "relu"),
        ("def f(act):\n    return {'relu': 1, 'tanh': 2, 3: 4}[act]", "relu tanh"),
        ("T = {'relu': 1, 3: 4}\ndef f(act):\n    return T[act]", "relu"),
        ("T = {'relu': 1}\ndef f(act):\n    return T.get(act)", "relu"),
        ("T = {'relu': 1}\ndef f(act):\n    assert act in T", "relu"),
        ("def f(act):\n    match act:\n        case 'relu' | 'tanh': pass", "relu tanh"),
        ("def f(act):\n    self.kind = act\n    if self.kind == 'relu': pass", "relu"),
        ("def g(z, how):\n    return how == 'relu'\ndef f(act):\n    g(1, act)", "relu"),
        ("def g(z, how):\n    return how == 'relu'\ndef f(act):\n    g(1, how=act)", "relu"),
        ("def f(act):\n    return act == 3 or act != 'relu'", ""),
        ("def f(act):\n    return get(act) or other == 'relu'", ""),
        ("b = f = 1\nf = b\nb = f\ndef g(act):\n    pass", ""),
    ],
)
def test_texts_that_an_argument_is_compared_with(code: str, texts: str) -> None:
    """Itself, in a table, as an attribute, or where it is given on."""
    assert texts_compared(module_of(code), "act") == tuple(texts.split())


ELSE = """
def f(act):
    if act == 'relu': relu(z)
    elif act == 'tanh': tanh(z)
    else: softplus(exp(z))
def g(act):
    if z > 3: other(z)
    if act: other(z)
    else: another(z)
"""


def test_what_is_called_where_it_is_none_of_the_texts() -> None:
    """Under the last else."""
    module = module_of(ELSE)
    assert called_otherwise(module, "act") == ("softplus", "exp")
    assert called_otherwise(module, "other") == ()


@pytest.mark.parametrize(
    ("text", "choice", "named"),
    [
        ("ReLU", "relu", True),
        ("leaky_relu", "relu", False),
        ("LeakyReLU", "leaky-relu-0.2", True),
        ("sigmoid_activation", "sigmoid", True),
        ("logistic", "sigmoid", True),
        ("identity", "linear", True),
        ("categorical_crossentropy", "cross-entropy", True),
        ("CrossEntropyLoss", "cross-entropy", True),
        ("binary_cross_entropy", "cross-entropy", False),
        ("bce_loss", "binary-cross-entropy", True),
        ("MSE", "half-mse", True),
        ("tanh_prime", "tanh", False),
        ("gelu", "gelu-tanh", True),
    ],
)
def test_names_of_functions(text: str, choice: str, *, named: bool) -> None:
    assert is_named(text, choice) == named


OBJECTS = """
def relu(z): ...
def relu_prime(z): ...
def tanh(z): ...
def d_tanh(z): ...
def swish(z): ...
def mse(y, p): ...
class Sigmoid: ...
class Softmax: ...
def h(activation, activation_prime): ...
"""


@pytest.mark.parametrize(
    ("function", "argument", "network", "text"),
    [
        ("h", "activation", TANH, "tanh"),
        ("h", "activation_prime", TANH, "d_tanh"),
        ("h", "activation", RELU, "relu"),
        ("h", "activation_prime", RELU, "relu_prime"),
        ("h", "activation", TANH._replace(activation="silu"), "tanh"),  # no derivative of swish
        ("h", "activation_prime", TANH._replace(activation="silu"), "d_tanh"),
        ("h", "activation", None, ""),
        ("act", "activation", TANH._replace(activation="sigmoid"), "Sigmoid()"),
        ("act", "hidden_act_fn", TANH._replace(activation="gelu"), "Sigmoid()"),
        ("act", "output_activation", TANH, "Softmax()"),
        ("act", "loss", LINE, "mse"),
        ("act", "loss_prime", LINE, ""),
        ("act", "colour", LINE, ""),
    ],
)
def test_functions_that_an_argument_is_given(
    function: str, argument: str, network: Architecture | None, text: str
) -> None:
    """The choice that is meant; else one that the file has."""
    own = OBJECTS if function == "h" else f"{OBJECTS}def act({argument}): ...\n"
    value = vars(module_of(own))[function]
    assert chosen(value, inspect.signature(value).parameters[argument], network) == text


COMPARED = """
def relu(z): ...
def f(KIND='tanh'): ...
def w(KIND): return KIND == 'relu' or KIND == 'softmax'
"""


@pytest.mark.parametrize(
    ("function", "argument", "network", "text"),
    [
        ("w", "activation", TANH, "'relu'"),
        ("w", "activation", None, "'relu'"),
        ("w", "output", TANH, "'softmax'"),
        ("f", "activation", RELU, "'relu'"),
        ("f", "activation", TANH, ""),
    ],
)
def test_texts_that_an_argument_is_given(
    function: str, argument: str, network: Architecture | None, text: str
) -> None:
    """The choice that is meant; the first, where an argument needs one; a default stays."""
    value = vars(module_of(COMPARED.replace("KIND", argument)))[function]
    assert chosen(value, inspect.signature(value).parameters[argument], network) == text


def test_the_choice_under_the_last_else_is_given_by_its_name() -> None:
    value = vars(module_of(ELSE))["f"]
    one = inspect.signature(value).parameters["act"]
    assert chosen(value, one, RELU) == "'relu'"
    assert chosen(value, one, RELU._replace(activation="softplus")) == "'softplus'"
    assert chosen(value, one, RELU._replace(activation="gelu")) == "'relu'"


def test_nothing_is_chosen_for_what_has_no_module() -> None:
    """As for a function of Python's own."""
    one = inspect.Parameter("activation", inspect.Parameter.POSITIONAL_ONLY)
    assert chosen(eval("lambda activation: 0", {"__name__": "?"}), one, RELU) == ""


DENSE = """
class Dense:
    def __init__(self, n_in, n_out, activationDEFAULT):
        self.W, self.b = np.zeros((n_in, n_out)), np.zeros(n_out)
        self.activation = activation
    def forward(self, X):
        self.X, self.A = X, X @ self.W + self.b
        if self.activation == "relu": self.A = np.maximum(self.A, 0)
        elif self.activation == "tanh": self.A = np.tanh(self.A)
        return self.A
    def backward(self, d):
        if self.activation == "relu": d = d * (self.A > 0)
        elif self.activation == "tanh": d = d * (1 - self.A**SQUARE)
        self.dW, self.db = self.X.T @ d, d.sum(axis=0)
        return d @ self.W.T
class Model:
    def __init__(self): self.layers = []
    def add(self, layer): self.layers.append(layer)
    def forward(self, X):
        for one in self.layers: X = one.forward(X)
        return X
    def backward(self, p, y):
        d = (p - y) / len(y)
        for one in reversed(self.layers): d = one.backward(d)
"""


@pytest.mark.traced('2-="linear"')
@pytest.mark.parametrize("default", ["", '="linear"', '="relu"', "=None"])
@pytest.mark.parametrize("square", [2, 3])
def test_layers_that_are_added_with_the_names_of_their_activations(
    default: str, square: int
) -> None:
    """The last one has that of the outputs, or none."""
    text = DENSE.replace("DEFAULT", default).replace("SQUARE", str(square))
    assert is_right(text, LINE) == (square == 2)


KERAS = """
class Dense:
    def __init__(self, n_in, n_out): ...
    def forward(self, X): ...
class Act:
    def __init__(self, activation, activation_prime): ...
    def forward(self, X): ...
def tanh(z): ...
def tanh_prime(z): ...
def softmax(z): ...
def mse(y, p): ...
def mse_prime(y, p): ...
class Net:
    def __init__(self): ...
    def add(self, layer): ...
    def use(self, loss, loss_prime): ...
    def set_colour(self, colour): ...
"""
ADDED = "net = Net()\nnet.add(Dense(N_I, N_H))\nnet.add(Act(tanh, tanh_prime))"
LAST = "net.add(Dense(N_H, N_O))"
USED = "net.use(mse, mse_prime)"


@pytest.mark.parametrize(
    ("network", "rows"),
    [
        (LINE, [f"{ADDED}\n{LAST}\n{USED}"]),
        (
            LINE._replace(output="softmax"),
            [f"{ADDED}\n{LAST}\n{USED}", f"{ADDED}\n{LAST}\nnet.add(Act(softmax, None))\n{USED}"],
        ),
    ],
)
def test_layers_are_added_and_a_loss_is_set(network: Architecture, rows: Sequence[str]) -> None:
    """The derivative of softmax is that of the loss."""
    kind = vars(module_of(KERAS))["Net"]
    assert [*composed(kind, Known(sizes=(5, 7, 2), network=network))] == rows


def test_layers_are_not_put_together_for_what_takes_none() -> None:
    """A constructor that needs other things, and a method that adds two."""
    text = KERAS.replace("def __init__(self): ...", "def __init__(self, a, b, c, d): ...")
    known = Known(sizes=(5, 7, 2), network=LINE)
    assert [*composed(vars(module_of(text))["Net"], known)] == []
    text = KERAS.replace("add(self, layer)", "add(self, one, two)")
    assert [*composed(vars(module_of(text))["Net"], known)] == []
    assert [*composed(type("Net", (), {"__module__": "nowhere"}), known)] == []


TABLE = """
NN_LAYERS = [{"n_in": 5, "n_out": 7, "act": "tanh"}, {"n_in": 7, "n_out": 2, "act": "linear"}]
def start(nn_layers):
    made = {}
    for i, one in enumerate(nn_layers):
        made[f"W{i}"], made[f"b{i}"] = np.zeros((one["n_in"], one["n_out"])), np.zeros(one["n_out"])
    return made
def backward(X, Y, made, nn_layers):
    kept, a, grads = [], X, {}
    for i, one in enumerate(nn_layers):
        kept.append(a)
        a = a @ made[f"W{i}"] + made[f"b{i}"]
        a = np.tanh(a) if one["act"] == "tanh" else a
    d = (a - Y) / len(Y)
    for i in reversed(range(len(nn_layers))):
        grads[f"W{i}"], grads[f"b{i}"] = kept[i].T @ d, d.sum(axis=0)
        d = d @ made[f"W{i}"].T * (1 - kept[i]**SQUARE)
    return grads
"""


@pytest.mark.parametrize("square", [2, 3])
def test_layers_that_a_table_describes(square: int) -> None:
    """A list of dicts among the global variables, of the name of an argument."""
    text = TABLE.replace("SQUARE", str(square))
    assert is_right(text, LINE) == (square == 2)
    outcome = found(text, LINE)
    assert outcome.best is not None
    assert "code.NN_LAYERS" in outcome.best.program.calls[-1]


CONFIG = """
from dataclasses import dataclass
@dataclass(frozen=True)
class NetSettings:
    n_in: int
    n_hidden: int = 7
    n_out: int = 2
    learning_rate: float = 0.5
    weight_decay: float = 0.0
class Net:
    def __init__(self, SETTINGS):
        self.settings = cfg
        self.W1, self.b1 = np.zeros((cfg.n_in, cfg.n_hidden)), np.zeros(cfg.n_hidden)
        self.W2, self.b2 = np.zeros((cfg.n_hidden, cfg.n_out)), np.zeros(cfg.n_out)
    def step(self, X, Y):
        h = np.tanh(X @ self.W1 + self.b1)
        d = (h @ self.W2 + self.b2 - Y) / len(Y)
        back = d @ self.W2.T * (1 - h**SQUARE)
        lr = self.settings.learning_rate
        self.W1 -= lr * X.T @ back
        self.b1 -= lr * back.sum(axis=0)
        self.W2 -= lr * h.T @ d
        self.b2 -= lr * d.sum(axis=0)
"""


@pytest.mark.parametrize(
    "argument",
    ["cfg", "cfg: NetSettings", "cfg: 'NetSettings'", "cfg: NetSettings | None = None"],
)
@pytest.mark.parametrize("square", [2, 3])
def test_settings_are_an_instance_of_a_class_of_theirs(argument: str, square: int) -> None:
    """By the annotation, or as both are named so."""
    text = CONFIG.replace("SETTINGS", argument).replace("SQUARE", str(square))
    assert is_right(text, LINE) == (square == 2)


def test_no_settings_are_made_where_no_class_is_for_them() -> None:
    text = CONFIG.replace("NetSettings", "Colour").replace("SETTINGS", "cfg")
    assert found(text, LINE).best is None


NAMED = """
def loss_slope(p, y): return (p - y) / len(y)
def forward(X, W1, W2):
    h = np.tanh(X @ W1)
    return h @ W2, h
def backward(d, h, X, W1, W2, turned):
    return X.T @ (d @ W2.T * (1 - h**SQUARE)), turned @ d
def one_step(X, Y, W1, W2):
    out, hid = forward(X, W1, W2)
    return backward(loss_slope(out, Y), hid, X, W1, W2, hid.T.copy())
"""


@pytest.mark.untraced
@pytest.mark.parametrize("square", [2, 3])
def test_what_calls_a_function_is_taken_where_it_cannot_be_called(square: int) -> None:
    """As it is given what a loss returns; a function that nothing calls is found by itself."""
    outcome = found(NAMED.replace("SQUARE", str(square)), LINE, "backward")
    assert outcome.best is not None
    assert outcome.best.program.entry.name == "one_step"
    assert outcome.best.is_right == (square == 2)


@pytest.mark.untraced
def test_nothing_else_is_taken_for_what_nothing_calls() -> None:
    outcome = found(NAMED.replace("backward(loss", "other(loss"), LINE, "backward")
    assert outcome.best is None


def test_texts_are_read_off_a_module_with_a_source() -> None:
    """Without one there are none."""
    assert texts_compared(ModuleType("no_source"), "act") == ()
