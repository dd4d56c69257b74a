"""adapt finds the way to call code, or says why not."""

from collections.abc import Callable, Generator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd_ref import adapt, check_gradients
from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import ties_in_words
from autograd_ref.adapting.way_search import Wanted, search
from autograd_ref.commands.as_written.usual_problems import usual_cases, usual_reports
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.random_point import random_point
from manual_backprop import NetworkShape, initialize
from tests.real_code.of_text import forget, module_of
from tests.real_code.texts import GLOBALS, LABEL, NET, SOFTPLUS, STEP

Modules = Callable[..., ModuleType]

TANH: dict[str, Any] = {"activation": "tanh", "loss": "sse"}
SOFTMAX: dict[str, Any] = {"activation": "tanh", "output": "softmax"}


@pytest.fixture
def of_text() -> Generator[Modules]:
    """Makes a module of a text, which is forgotten afterwards."""
    yield module_of
    forget()


def right(one: Adapted, sizes: tuple[int, ...] = (4, 6, 3)) -> bool:
    """True where an adapter returns the gradient of half the squared error of a tanh network."""
    network = one.network._replace(sizes=sizes)
    parameters, X, Y = random_point(network, 5, seed=1, targets=None)
    result = one(parameters, X, Y)
    h = np.tanh(X @ parameters["W0"].T + parameters.get("b0", 0.0))
    d = h @ parameters["W1"].T + parameters.get("b1", 0.0) - Y
    if one.only_updates:
        result = {name: parameters[name] - value for name, value in result.items()}
    return bool(np.allclose(result["W1"], d.T @ h))


@pytest.mark.untraced
@pytest.mark.parametrize(
    "chosen",
    [
        lambda module: module,
        lambda module: module.Net,
        lambda module: module.net,
        lambda module: module.net.backward,
    ],
    ids=["module", "class", "instance", "method"],
)
def test_a_class_is_taken_however_it_is_given(
    chosen: Any, of_text: Modules, capfd: pytest.CaptureFixture[str]
) -> None:
    """Silently, and the instance that was given is as it was."""
    module = of_text(NET)
    one = adapt(chosen(module), **TANH)
    assert capfd.readouterr().out == ""
    assert right(one)
    assert not module.net.W1.any()
    assert not hasattr(module.net, "dW1")
    assert not one.only_updates


def test_an_instance_is_imported_by_its_name(of_text: Modules) -> None:
    """Where it has one in its module; else the source says what is to be put there."""
    module = of_text(NET)
    assert "from theirs import net as their_net" in str(adapt(module.net, **TANH).source)
    own = module.Net(4, 6, 3)
    assert "their_net = ...  # the instance of Net" in str(adapt(own, **TANH).source)


@pytest.mark.untraced
def test_global_variables_are_as_they_were(of_text: Modules) -> None:
    """Arrays, lists, dicts, generators and what was new, after the search and after a call."""
    module = of_text(GLOBALS)
    before, names = module.W1, {*vars(module)}
    drawn = np.random.default_rng(0).normal()
    one = adapt(module, **TANH)
    assert one.only_updates
    assert one.takes == "fixed"
    assert right(one)
    assert module.W1 is before
    assert (before == 0.5).all()
    assert {*vars(module)} == names
    assert module.calls == []
    assert module.table == {"calls": 0}
    assert module.rng.normal() == drawn


@pytest.mark.parametrize("loss", ["sse", "cross-entropy"])
def test_a_label_at_a_time_becomes_a_row_where_the_loss_wants_rows(
    loss: str, of_text: Modules
) -> None:
    """A squared error has targets in rows, of which the code gets the label."""
    one = adapt(of_text(LABEL), activation="tanh", output="softmax", loss=loss)
    assert ("Y[0].argmax()" in str(one.source)) == (loss == "sse")
    point = random_point(one.network._replace(sizes=(4, 6, 3)), 5, seed=0)
    assert {*one(point.parameters, point.X, point.Y)} == {"W0", "b0", "W1", "b1"}


@pytest.mark.untraced
def test_arguments_are_given_by_name(of_text: Modules) -> None:
    """Arguments of no known name, each as an expression."""
    text = NET.replace("X, Y):", "X, Y, colour):").replace("print(", "assert colour > 3, (")
    with pytest.raises(ValueError, match="no way"):
        _ = adapt(of_text(text), **TANH)
    assert right(adapt(of_text(text), arguments={"colour": "4"}, **TANH))


def test_ties_are_told(of_text: Modules) -> None:
    """Where rows and columns are as right, the others are named."""
    text = NET.replace("X, Y):", "X, Y):\n        X = X if len(X) == 11 else X.T")
    text = text.replace("Y\n        back", "(Y if len(Y) == 11 else Y.T)\n        back")
    meant = architecture((5, 7, 2), **TANH)
    outcome = search(of_text(text), problems(meant), Wanted())
    assert ties_in_words(outcome).startswith("It is as right with X (N_I, S)")


def test_the_nearest_network_is_taken_where_none_is_meant(of_text: Modules) -> None:
    """It is found among the usual ones."""
    outcome = search(of_text(NET), problems(), Wanted())
    assert outcome.best is not None
    one = adapted(outcome.best, None, "theirs")
    assert (one.network.activation, one.network.loss) == ("tanh", "sse")


def test_an_adapter_of_the_built_in_network_takes_its_parameters(of_text: Modules) -> None:
    """By place, as `check_gradients` gives them."""
    one = adapt(of_text(SOFTPLUS))
    _parameters, X, Y = random_point(architecture((4, 6, 3)), 5, seed=0)
    given = initialize(NetworkShape(4, 6, 3), seed=0)
    assert check_gradients(one, given, X, Y).verdict == "match"
    assert not one.choices.as_dict


def test_an_update_of_the_built_in_network_has_parameters_by_name(of_text: Modules) -> None:
    """The updated parameters can then be compared, block by block."""
    one = adapt(of_text(SOFTPLUS.replace("def gradients", "def _derivatives") + STEP).step)
    (checked,) = usual_reports(one, one, usual_cases(one, 1, seed=0))
    assert one.only_updates
    assert checked.report is not None
    assert checked.report.verdict == "match"


def test_what_makes_parameters_may_want_what_nobody_knows(of_text: Modules) -> None:
    """The constructor alone does."""
    text = NET.replace("net = ", "    def init_weights(self, colour, shade): ...\nnet = ")
    assert right(adapt(of_text(text).Net, **TANH))


@pytest.mark.untraced
def test_a_sample_without_a_gradient_adds_nothing(of_text: Modules) -> None:
    """The gradient is then the sum of the others', one sample at a time."""
    text = LABEL.replace("    back =", "    d = d * (x[0] > 0)\n    back =")
    one = adapt(of_text(text), **SOFTMAX)
    P, X, Y = random_point(architecture((4, 6, 3)), 9, seed=0)
    on = X[:, 0] > 0
    some, every = one(P, X[on], Y[on]), one(P, X, Y)
    assert 0 < on.sum() < 9
    assert not one.only_updates
    np.testing.assert_allclose(every["W1"] * 9, some["W1"] * on.sum())


def test_a_sample_that_nothing_is_returned_for_adds_nothing(of_text: Modules) -> None:
    """It is left out of the sum on which the way is found."""
    smallest = problems()((5, 7, 2)).X[:, 0].min().item()
    text = LABEL.replace("    h =", f"    if x[0] == {smallest!r}: return None\n    h =")
    one = adapt(of_text(text), **SOFTMAX)
    assert one.found.program.data.one_at_a_time


ALL_WEIGHTS_FIRST = """
def gradient(theta, X, Y, n_in, n_hidden, n_out):
    a, b = n_in * n_hidden, n_hidden * n_out
    W1, W2 = theta[:a].reshape(n_in, n_hidden), theta[a:a + b].reshape(n_hidden, n_out)
    b1, b2 = theta[a + b:a + b + n_hidden], theta[a + b + n_hidden:]
    h = np.tanh(X @ W1 + b1)
    d = h @ W2 + b2 - Y
    back = d @ W2.T * (1 - h * h)
    return np.concatenate([(X.T @ back).ravel(), (h.T @ d).ravel(), back.sum(0), d.sum(0)])
"""


@pytest.mark.untraced
def test_a_vector_may_have_all_weights_before_all_biases(of_text: Modules) -> None:
    one = adapt(of_text(ALL_WEIGHTS_FIRST), **TANH)
    assert one.found.is_right
    assert right(one)


@pytest.mark.untraced
def test_a_number_that_is_a_derivative_is_no_loss(of_text: Modules) -> None:
    """By the one bias, beside a vector of weights."""
    text = """
def gradient(w, b, X, y):
    d = X @ w + b - y
    return X.T @ d, d.sum()
"""
    one = adapt(of_text(text), loss="sse")
    assert one.found.is_right
    assert one.found.reading.loss == ""


TRAINS = """
class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.lr = 0.5
        self.W1, self.W2 = np.ones((n_in, n_hidden)), np.ones((n_hidden, n_out))
    def train(self, X, Y):
        h = np.tanh(X @ self.W1)
        d = h @ self.W2 - Y
        back = d @ self.W2.T * (1 - h * h)
        self.W1 -= self.lr * X.T @ back
        self.W2 -= self.lr * h.T @ d
"""


def test_a_learning_rate_of_an_object_is_set(of_text: Modules) -> None:
    """Its own would be taken for a wrong factor."""
    one = adapt(of_text(TRAINS), **TANH)
    assert one.found.is_right
    assert one.found.factor == pytest.approx(1)


VAIN_FIRST = """
def gradient(W1, b1, W2, b2, X, y, state, decay, momentum=0.9):
    if momentum > state: return 0.5
def moved(W1, b1, W2, b2, X, T, rate):
    h = np.tanh(X @ W1 + b1)
    d = h @ W2 + b2 - T
    e = d @ W2.T * (1 - h * h)
    return W1 - rate * X.T @ e, b1 - rate * e.sum(0), W2 - rate * h.T @ d, b2 - rate * d.sum(0)
"""


@pytest.mark.untraced
def test_one_function_does_not_use_up_all_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left for the next after so many, though fewer than all are left then."""
    linear = architecture((5, 7, 2), activation="tanh", output="linear", loss="sse")
    monkeypatch.setattr("autograd_ref.adapting.way_search.MOST_TRIES", 600)
    for most, is_found in ((10, True), (600, False)):
        monkeypatch.setattr("autograd_ref.adapting.way_search.MOST_OF_ONE", most)
        best = search(module_of(VAIN_FIRST), problems(linear), Wanted()).best
        assert (best is not None) == is_found
    forget()


@pytest.mark.untraced
def test_code_that_calls_itself_without_end_is_not_given_every_form_of_data(
    of_text: Modules,
) -> None:
    """Each attempt costs a thousand calls, and none gets further than the first."""
    linear = architecture((5, 7, 2), activation="tanh", output="linear", loss="sse")
    tries = [
        search(of_text("def gradient(W, b, X, y): " + body), problems(linear), Wanted()).tries
        for body in ("return gradient(W, b, X, y)", "raise ValueError")
    ]
    assert 0 < 5 * tries[0] < tries[1]
