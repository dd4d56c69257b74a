"""The usual networks: each is chosen in words or options, and its loss has the right gradient."""

import argparse
import inspect
import traceback
from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import check_gradients
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choices import ACTIVATIONS, LOSSES, OUTPUTS, REDUCTIONS
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.compiled import forward_of, loss_of
from autograd_ref.networks.fitting_data import sizes_of
from autograd_ref.networks.random_point import NetworkPoint, random_point
from autograd_ref.networks.source import source_of
from tests.usual_networks import by_hand


def tensors(point: NetworkPoint) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    parameters = {n: torch.tensor(b, requires_grad=True) for n, b in point.parameters.items()}
    return parameters, torch.tensor(point.X), torch.tensor(point.Y)


def require_right(one: Architecture, point: NetworkPoint | None = None) -> None:
    """The value and the gradient by autograd are those derived by hand."""
    point = point or random_point(one, samples=6, seed=3)
    value, gradients = by_hand(one)(*point)
    parameters, X, Y = tensors(point)
    loss = loss_of(one)(parameters, X, Y)
    _ = loss.backward()
    assert np.isclose(loss.item(), value, rtol=1e-12, atol=0)
    assert gradients
    assert gradients.keys() == parameters.keys()
    for name, tensor in parameters.items():
        found: Any = tensor.grad
        assert np.abs(gradients[name]).max() > 1e-6
        assert np.allclose(found.numpy(), gradients[name], rtol=1e-10, atol=1e-14), name


def pairs() -> list[tuple[str, str, str]]:
    """Every output with every loss and reduction that it goes with."""
    found: list[tuple[str, str, str]] = []
    for output in OUTPUTS:
        for loss in LOSSES:
            for reduction in REDUCTIONS:
                try:
                    _ = architecture((4, 3), output=output, loss=loss, reduction=reduction)
                except ValueError:
                    continue
                found.append((output, loss, reduction))
    return found


PAIRS = pairs()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_against_its_derivative_by_hand(activation: str) -> None:
    require_right(architecture((4, 5, 3), activation=activation))
    require_right(architecture((4, 5, 2, 3), activation=activation, loss="half-mse"))


@pytest.mark.parametrize(("output", "loss", "reduction"), PAIRS)
def test_every_output_and_loss_against_its_derivative_by_hand(
    output: str, loss: str, reduction: str
) -> None:
    choices: Any = {"activation": "tanh", "output": output, "loss": loss, "reduction": reduction}
    require_right(architecture((4, 5, 3), **choices))
    if output != "softmax":
        require_right(architecture((4, 5, 1), **choices))


def test_there_are_as_many_pairs_as_go_together() -> None:
    """4 of each logarithm, and of each of 4 outputs 4 of mse, 4 of half-mse and 1 of sse."""
    assert len(PAIRS) == 2 * 4 + 4 * 9


@pytest.mark.parametrize("sizes", [(4, 3), (2, 1), (4, 5, 3), (3, 6, 5, 4), (2, 5, 4, 3, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_any_depth_with_and_without_biases(sizes: tuple[int, ...], bias: bool) -> None:
    output = "softmax" if sizes[-1] > 1 else "sigmoid"
    for l2, l2_of in ((0.0, "weights"), (0.3, "weights"), (0.3, "all"), ("0.7/S", "weights")):
        one = architecture(sizes, output=output, l2=l2, l2_of=l2_of, bias=bias)
        require_right(one)


def test_the_penalty_is_half_the_squared_weights() -> None:
    plain, penalised = architecture((2, 3, 2)), architecture((2, 3, 2), l2=0.5)
    point = random_point(plain, 4, seed=0)
    parameters, X, Y = tensors(point)
    more = loss_of(penalised)(parameters, X, Y) - loss_of(plain)(parameters, X, Y)
    squares = sum((point.parameters[name] ** 2).sum() for name in ("W0", "W1"))
    assert np.isclose(more.item(), 0.25 * squares)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_large_scores_do_not_overflow(output: str) -> None:
    """Softmax of 1000 and the logarithm of a sigmoid of -1000 would."""
    one = architecture((2, 3), output=output)
    point = random_point(one, 5, seed=1, scale=2000.0)
    parameters, X, Y = tensors(point)
    loss = loss_of(one)(parameters, X, Y)
    _ = loss.backward()
    assert 100 < loss.item() < 1e5
    found: Any = parameters["W0"].grad
    assert np.isfinite(found.numpy()).all()
    z = point.X @ point.parameters["W0"].T + point.parameters["b0"]
    targets = np.eye(3)[point.Y] if point.Y.ndim == 1 else point.Y
    if output == "softmax":
        logs = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
        by_log = -(targets * logs).sum() / 5
    else:
        by_log = (np.logaddexp(0, z) - targets * z).sum() / 5
    assert np.isclose(loss.item(), by_log, rtol=1e-12)


def test_the_source_is_found_by_inspect_and_by_tracebacks() -> None:
    one = architecture((4, 5, 3), activation="tanh", l2=0.01)
    loss = loss_of(one)
    assert inspect.getsource(loss).rstrip() == source_of(one).rstrip()
    parameters, X, Y = tensors(random_point(one, 3, seed=0))
    parameters["W1"] = parameters["W1"][:, 1:]
    with pytest.raises(RuntimeError) as raised:
        _ = loss(parameters, X, Y)
    assert "z2 = a1 @ W1.T + b1" in "".join(traceback.format_exception(raised.value))
    assert loss_of(architecture((4, 5, 3), activation="tanh", l2=0.01)) is loss


def test_the_source_reads_as_it_is_taught() -> None:
    text = source_of(
        architecture((2, 4, 3, 1), activation="relu", output="sigmoid", loss="half-mse", l2="0.7/S")
    )
    assert text == (
        "def loss(parameters, X, Y):\n"
        '    W0, b0 = parameters["W0"], parameters["b0"]  # (4, 2), (4,)\n'
        '    W1, b1 = parameters["W1"], parameters["b1"]  # (3, 4), (3,)\n'
        '    W2, b2 = parameters["W2"], parameters["b2"]  # (1, 3), (1,)\n'
        "    X, Y = checked(X, Y)  # (S, 2), (S, 1)\n"
        "    z1 = X @ W0.T + b0  # (S, 4)\n"
        "    a1 = torch.relu(z1)\n"
        "    z2 = a1 @ W1.T + b1  # (S, 3)\n"
        "    a2 = torch.relu(z2)\n"
        "    z3 = a2 @ W2.T + b2  # (S, 1)\n"
        "    y_hat = torch.sigmoid(z3)\n"
        "    error = y_hat - Y\n"
        "    value = (error**2).sum() / (2 * len(X))\n"
        "    squares = (W0**2).sum()\n"
        "    squares = squares + (W1**2).sum()\n"
        "    squares = squares + (W2**2).sum()\n"
        "    return value + 0.7 / (2 * len(X)) * squares\n"
    )


WRONG = {
    "tanh": (
        lambda z1, a1: 1 - a1,
        "in `torch.tanh(z1)` (line 6), the derivative of tanh is taken to be 1 - a1",
    ),
    "sigmoid": (lambda z1, a1: z1 * (1 - z1), "`torch.sigmoid(z1)` (line 6)"),
    "relu": (lambda z1, a1: np.ones_like(z1), "`torch.relu(z1)` (line 6)"),
    "softplus": (lambda z1, a1: a1, "`functional.softplus(z1)` (line 6)"),
}


@pytest.mark.untraced
@pytest.mark.parametrize("activation", WRONG)
def test_a_report_quotes_the_line_of_the_mistake(activation: str) -> None:
    derivative, said = WRONG[activation]
    one = architecture((4, 5, 3), activation=activation)
    point = random_point(one, 7, seed=2)

    def gradients(p: Any, X: Any, Y: Any) -> Any:
        z1 = X @ p["W0"].T + p["b0"]
        a1 = forward_of(one)({n: torch.tensor(b) for n, b in p.items()}, torch.tensor(X))["a1"]
        a1 = a1.numpy()
        _loss, right = by_hand(one)(p, X, Y)
        z2 = a1 @ p["W1"].T + p["b1"]
        y_hat = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
        delta = (y_hat - np.eye(3)[Y]) / len(X) @ p["W1"] * derivative(z1, a1)
        return {**right, "W0": delta.T @ X, "b0": delta.sum(axis=0)}

    report = check_gradients(gradients, point.parameters, point.X, point.Y, loss=loss_of(one))
    assert report.verdict == "mismatch"
    assert {block.name for block in report.blocks if block.verdict == "mismatch"} == {"W0", "b0"}
    assert said in " ".join(str(report).split())


def test_quantities_between_have_the_names_of_the_assignment() -> None:
    one = architecture((4, 5, 3), activation="tanh")
    point = random_point(one, 7, seed=2)

    def gradients(p: Any, X: Any, Y: Any) -> Any:
        z1 = X @ p["W0"].T + p["b0"]
        a1 = np.tanh(z1)
        z2 = a1 @ p["W1"].T + p["b1"]
        y_hat = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
        dz2 = (y_hat - np.eye(3)[Y]) / len(X)
        dz1 = dz2 @ p["W1"] * (1 - a1**2)
        between = {"z1": z1, "a1": a1, "z2": z2, "y_hat": y_hat, "dz2": dz2, "dz1": dz1}
        return (*by_hand(one)(p, X, Y), between)

    report = check_gradients(gradients, point.parameters, point.X, point.Y, loss=loss_of(one))
    assert report.verdict == "match"
    steps = {step.name: step.verdict for step in report.steps}
    assert {steps[n] for n in ("z1", "a1", "z2", "y_hat", "dz2", "dz1")} == {"match"}


@pytest.mark.parametrize("output", OUTPUTS)
def test_data_that_students_have(output: str) -> None:
    """Exclusive or in integers; labels where rows are meant; a row of targets for one output."""
    X = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    labels = torch.tensor([0, 1, 1, 0])
    rows = torch.nn.functional.one_hot(labels)
    two = architecture((2, 2), output=output)
    parameters = {n: torch.tensor(b) for n, b in random_point(two, 4, 0).parameters.items()}
    values = [loss_of(two)(parameters, X, Y) for Y in (labels, labels.double(), rows)]
    assert torch.isclose(values[0], values[1])
    assert torch.isclose(values[0], values[2])
    if output == "softmax":
        return
    one = architecture((2, 1), output=output)
    parameters = {n: torch.tensor(b) for n, b in random_point(one, 4, 0).parameters.items()}
    values = [loss_of(one)(parameters, X.double(), Y) for Y in (labels, labels.reshape(4, 1))]
    assert torch.equal(*values)


@pytest.mark.parametrize(
    ("X", "Y", "said"),
    [
        ((4, 3), (4,), "X has shape (4, 3); it needs to be (S, 2)"),
        ((4,), (4,), "X has shape (4,); it needs to be (S, 2)"),
        ((4, 2), (3, 4), "Y has shape (3, 4); it needs to be (4, 3) or labels (4,)"),
        ((4, 2), (5,), "Y has shape (5,); it needs to be (4, 3) or labels (4,)"),
    ],
)
def test_data_of_other_shapes_are_refused(
    X: tuple[int, ...], Y: tuple[int, ...], said: str
) -> None:
    one = architecture((2, 3), loss="mse")
    parameters = {n: torch.tensor(b) for n, b in random_point(one, 4, 0).parameters.items()}
    with pytest.raises(ValueError) as raised:
        _ = loss_of(one)(parameters, torch.zeros(X).double(), torch.zeros(Y).double())
    assert str(raised.value) == said


@pytest.mark.parametrize("label", [3, -1, 0.5])
def test_what_is_no_label_is_refused(label: float) -> None:
    one = architecture((2, 3))
    parameters = {n: torch.tensor(b) for n, b in random_point(one, 4, 0).parameters.items()}
    with pytest.raises(ValueError, match="integers from 0 to 2, or rows of 3"):
        _ = loss_of(one)(parameters, torch.zeros(2, 2).double(), torch.tensor([0, label]))


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"activation": "swish"}, "activation is 'swish'; it needs to be one of softplus, "),
        ({"output": "identity"}, "output is 'identity'; it needs to be one of softmax, "),
        ({"loss": "nll"}, "loss is 'nll'; it needs to be one of cross-entropy, "),
        ({"reduction": "none"}, "reduction is 'none'; it needs to be one of mean, sum"),
        (
            {"output": "softmax", "loss": "binary-cross-entropy"},
            "loss is 'binary-cross-entropy' and output is 'softmax'; it needs to be output"
            " 'sigmoid', or loss 'cross-entropy' or 'mse'",
        ),
        (
            {"output": "linear", "loss": "cross-entropy"},
            "loss is 'cross-entropy' and output is 'linear'; it needs to be output 'softmax', or"
            " loss 'mse'",
        ),
        ({"loss": "sse", "reduction": "mean"}, "its mean over samples is loss 'half-mse'"),
        ({"l2": -0.1}, "l2 is -0.1; it needs to be a number of at least 0, or as in 0.7/S"),
        ({"l2": "much"}, "l2 is 'much'; it needs to be a number of at least 0"),
        ({"l2": "inf"}, "l2 is 'inf'; it needs"),
        ({"l2_of": "biases"}, "l2_of is 'biases'; it needs to be one of weights, all"),
        ({"sizes": (4,)}, "sizes are (4,); they need to be two integers of at least 1 or more"),
        ({"sizes": (4, 0, 3)}, "sizes are (4, 0, 3); they need"),
        ({"sizes": (4, 1.5, 3)}, "sizes are (4, 1.5, 3); they need"),
        ({"sizes": (4, True)}, "sizes are (4, True); they need"),
        ({"sizes": (4, 1)}, "output is 'softmax' and N_O is 1"),
    ],
)
def test_choices_that_are_none_are_refused(choices: dict[str, Any], said: str) -> None:
    given: Any = {"sizes": (4, 5, 3), **choices}
    with pytest.raises(ValueError) as raised:
        _ = architecture(**given)
    assert said in str(raised.value)


def test_a_bias_is_there_or_not() -> None:
    wrong: Any = "no"
    with pytest.raises(TypeError, match="bias is of type str; it needs to be True or False"):
        _ = architecture((4, 3), bias=wrong)


def parsed(options: str, sizes: tuple[int, ...]) -> Architecture:
    """The network that a command line chooses, by these options and no defaults of its own."""
    parser = argparse.ArgumentParser()
    for name in ("activation", "output", "loss", "mean-over", "l2", "l2-of"):
        _ = parser.add_argument(f"--{name}", default=argparse.SUPPRESS)
    for name in ("sum", "no-bias"):
        _ = parser.add_argument(f"--{name}", action="store_true")
    found = vars(parser.parse_args(options.split()))
    over = found.pop("mean_over", None)
    is_sum = found.pop("sum")
    reduction = "sum" if is_sum else f"mean-over-{over}" if over else None
    return architecture(sizes, bias=not found.pop("no_bias"), reduction=reduction, **found)


@pytest.mark.untraced
@pytest.mark.parametrize("sizes", [(4, 5, 3), (4, 5, 1), (4, 3)])
def test_the_options_choose_the_network_again(sizes: tuple[int, ...]) -> None:
    several = set[Architecture]()
    for output, loss, reduction in PAIRS:
        if output == "softmax" and sizes[-1] == 1:
            continue
        given = {"output": output, "loss": loss, "reduction": reduction}
        for more in ({}, {"activation": "gelu"}, {"l2": "0.7/S"}, {"l2": 0.01, "l2_of": "all"}):
            for bias in (True, False):
                choices: Any = {**given, **more, "bias": bias}
                one = architecture(sizes, **choices)
                assert parsed(one.options, sizes) == one
                several.add(one)
    assert len({one.options for one in several}) == len(several)
    assert len({str(one) for one in several}) == len(several)


@pytest.mark.parametrize(
    ("choices", "options", "words"),
    [
        (
            {},
            "",
            "softplus in hidden layers, softmax outputs, cross-entropy averaged over samples",
        ),
        (
            {"activation": "relu", "loss": "mse", "reduction": "mean-over-samples", "bias": False},
            "--activation relu --loss mse --mean-over samples --no-bias",
            "relu in hidden layers, linear outputs, squared error summed over outputs, averaged"
            " over samples, no biases",
        ),
        (
            {"output": "sigmoid", "reduction": "sum", "l2": "0.7/S", "l2_of": "all"},
            "--output sigmoid --sum --l2 0.7/S --l2-of all",
            "softplus in hidden layers, sigmoid outputs, binary cross-entropy summed over samples"
            " and outputs, a penalty of 0.7/(2S) times the squared weights and biases",
        ),
        (
            {"reduction": "mean-over-entries", "l2": 0.01},
            "--mean-over entries --l2 0.01",
            "softplus in hidden layers, softmax outputs, cross-entropy averaged over samples, and"
            " divided by the number of outputs, a penalty of 0.01/2 times the squared weights",
        ),
    ],
)
def test_a_network_in_options_and_in_words(
    choices: dict[str, Any], options: str, words: str
) -> None:
    one = architecture((4, 5, 3), **choices)
    assert one.options == options
    assert str(one) == words


def test_two_ways_of_saying_it_are_one_network() -> None:
    def chosen(sizes: tuple[int, ...] = (4, 5, 3), **choices: Any) -> Architecture:
        return architecture(sizes, **choices)

    assert chosen(reduction="mean-over-samples") == chosen(reduction="mean") == chosen()
    assert chosen(loss="half-mse", reduction="sum") == chosen(loss="sse")
    assert chosen((4, 3), activation="relu") == chosen((4, 3))
    assert chosen(l2_of="all") == chosen(l2=0) == chosen(l2="0/S")
    assert chosen((4, 1), loss="mse", reduction="mean-over-samples") == chosen((4, 1), loss="mse")
    assert chosen(l2="0.5") == chosen(l2=0.5)


def test_random_points_differ_by_seed_alone() -> None:
    one = architecture((4, 5, 3))
    here, again, there = (random_point(one, 6, seed) for seed in (0, 0, 1))
    assert np.array_equal(here.X, again.X)
    assert not np.array_equal(here.X, there.X)
    assert all(block.all() for block in here.parameters.values())
    assert {*here.Y} == {0, 1, 2}
    assert random_point(one, 6, 0, targets="one-hot").Y.shape == (6, 3)


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_loss_takes_the_random_targets_of_every_form(output: str) -> None:
    for n_out in (1, 3):
        if (output, n_out) == ("softmax", 1):
            continue
        one = architecture((4, n_out), output=output, loss="half-mse")
        for targets, shape in (("labels", (6,)), ("one-hot", (6, n_out)), (None, (6, n_out))):
            given: Any = targets
            point = random_point(one, 6, 0, targets=given)
            assert point.Y.shape == shape
            require_right(one, point)


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({}, "parameters are none; they need to be W0, b0, W1, b1 and so on"),
        ({"W1": (3, 2), "b1": (3,)}, "parameters are W1, b1; they need to be W0, b0, W1, b1"),
        ({"W0": (3, 2), "b0": (3,), "W1": (2, 3)}, "parameters are W0, b0, W1; they need"),
        ({"W0": (3, 2), "b0": (2,)}, "b0 has shape (2,); it needs to be (N_out,), here (3,)"),
        (
            {"W0": (5, 2), "W1": (2, 3)},
            "W0 has shape (5, 2); it needs to be (N_out, N_in), here (3, 2)",
        ),
        ({"W0": (5,)}, "W0 has shape (5,); it needs to be (N_out, N_in)"),
        ({"W0": ()}, "W0 has shape (); it needs to be (N_out, N_in)"),
        ({"W0": (0, 3)}, "W0 has shape (0, 3); it needs to be (N_out, N_in)"),
    ],
)
def test_parameters_of_no_network_are_refused(
    shapes: dict[str, tuple[int, ...]], said: str
) -> None:
    with pytest.raises(ValueError) as raised:
        _ = sizes_of(shapes)
    assert said in str(raised.value)


def test_parameters_say_the_sizes() -> None:
    for bias in (True, False):
        for sizes in ((4, 3), (4, 5, 3), (4, 5, 6, 3)):
            assert sizes_of(architecture(sizes, bias=bias).shapes) == (sizes, bias)
