"""A gradient is recognised as that of another usual network, and no other network is claimed."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_ref import check_gradients
from autograd_ref.assignment.mistakes.planted import gradient_with
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choices import ACTIVATIONS
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.compiled import loss_of
from autograd_ref.networks.detection.detected import detect
from autograd_ref.networks.detection.families import families, members
from autograd_ref.networks.detection.fit import in_words
from autograd_ref.networks.random_point import random_point
from autograd_ref.user_code import UserCodeRaised
from manual_backprop import Parameters
from tests.planted import BY_TITLE
from tests.usual_networks import by_hand

MEANT = architecture((4, 5, 3))


def gradients_of(one: Architecture) -> Callable[..., Any]:
    """A student's code, which returns no loss."""
    return lambda *arguments: by_hand(one)(*arguments)[1]


def options(code: Callable[..., Any], meant: Architecture = MEANT, **more: Any) -> list[str]:
    return [fit.architecture.options for fit in detect(code, meant, **more)]


@pytest.mark.untraced
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_another_activation_is_recognised(activation: str) -> None:
    one = architecture((4, 5, 3), activation=activation)
    assert options(gradients_of(one)) == [one.options]


CHOICES: list[dict[str, Any]] = [
    {"output": "sigmoid"},
    {"output": "sigmoid", "reduction": "mean-over-entries"},
    {"output": "softmax", "loss": "mse"},
    {"output": "sigmoid", "loss": "half-mse"},
    {"output": "tanh", "loss": "sse"},
    {"loss": "mse", "reduction": "sum"},
    {"loss": "mse", "reduction": "mean-over-samples"},
    {"loss": "half-mse", "reduction": "mean-over-entries"},
    {"activation": "relu", "reduction": "sum"},
    {"activation": "sigmoid", "output": "sigmoid", "loss": "sse"},
    {"l2": 0.01},
    {"l2": "0.7/S"},
    {"l2": 0.003, "l2_of": "all"},
    {"activation": "tanh", "loss": "half-mse", "l2": 1e-4},
    {"activation": "tanh", "loss": "half-mse", "l2": "0.05/S", "l2_of": "all"},
]


@pytest.mark.untraced
@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_other_outputs_losses_means_and_penalties_are_recognised(choices: dict[str, Any]) -> None:
    for sizes in ((4, 5, 3), (2, 3, 4, 3)):
        one, meant = architecture(sizes, **choices), architecture(sizes)
        assert options(gradients_of(one), meant, targets="one-hot") == [one.options]


@pytest.mark.untraced
@pytest.mark.parametrize("bias", [True, False])
def test_one_output_and_one_layer(bias: bool) -> None:
    for sizes in ((3, 4, 1), (3, 1), (3, 2)):
        meant = architecture(sizes, loss="half-mse", bias=bias)
        for choices in ({"loss": "mse"}, {"output": "sigmoid"}, {"loss": "half-mse", "l2": 0.1}):
            given: Any = choices
            one = architecture(sizes, bias=bias, **given)
            assert one.options in options(gradients_of(one), meant)


@pytest.mark.untraced
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "linear"])
def test_code_that_takes_labels_is_recognised_whatever_was_meant(output: str) -> None:
    one = architecture((4, 5, 3), activation="relu", output=output, loss="half-mse")
    meant = architecture((4, 5, 3), output="sigmoid")

    def gradients(p: Any, X: Any, labels: Any) -> Any:
        return gradients_of(one)(p, X, np.eye(3)[labels])

    assert options(gradients, meant, targets="labels") == [one.options]
    single = architecture((4, 5, 1), activation="relu", output="sigmoid")

    def of_one(p: Any, X: Any, Y: Any) -> Any:
        return gradients_of(single)(p, X, Y[:, np.newaxis])

    assert options(of_one, architecture((4, 5, 1), loss="mse"), targets="labels") == [
        single.options
    ]


@pytest.mark.untraced
def test_the_penalty_is_stated_as_the_options_count_it() -> None:
    """0.005 times the squared weights is 0.01/2 times them."""

    def gradients(p: Any, X: Any, Y: Any) -> Any:
        right = gradients_of(MEANT)(p, X, Y)
        return {n: g + 2 * 0.005 * p[n] * (n[0] == "W") for n, g in right.items()}

    (fit,) = detect(gradients, MEANT)
    assert str(fit) == (
        "right, if a penalty of 0.01/2 times the squared weights is meant: --l2 0.01"
    )
    meant = architecture((4, 5, 3), l2=0.5)
    assert str(detect(gradients_of(MEANT), meant)[0]) == (
        "right, if no penalty is meant: without options"
    )


def test_the_nearest_comes_first() -> None:
    """With two outputs, the mean over entries is half of that over samples."""
    one = architecture((4, 5, 2), activation="tanh", loss="mse")
    for name in ("mse", "half-mse"):
        meant = architecture((4, 5, 2), activation="tanh", loss=name)
        first, second = detect(gradients_of(one), meant)
        assert (first.architecture, first.changed) == (meant, ())
        assert second.changed == ("loss",)
        assert str(first) == "right as it is"


def test_ties_are_said_where_the_gradient_is_right() -> None:
    meant = architecture((4, 5, 2), activation="tanh", loss="mse")
    assert in_words(detect(gradients_of(meant), meant)) == (
        "It is right for this network; on these sizes the same function is chosen by half the"
        " squared error summed over outputs, averaged over samples (--activation tanh --loss"
        " half-mse)."
    )
    assert in_words(detect(gradients_of(MEANT), MEANT)) == (
        "It is right for this network, and for no other of the usual ones."
    )


@pytest.mark.untraced
def test_the_same_form_is_not_the_same_function() -> None:
    """Both begin with y_hat - Y, and y_hat is not the same."""
    linear = architecture((4, 5, 3), loss="half-mse")
    assert options(gradients_of(linear), targets="one-hot") == ["--loss half-mse"]
    assert options(gradients_of(MEANT), linear) == [""]


def test_what_is_said() -> None:
    one = architecture((4, 5, 3), activation="tanh", output="sigmoid", loss="mse", l2=0.1)
    assert in_words(detect(gradients_of(one), MEANT, targets="one-hot")) == (
        "It is right, if tanh, sigmoid outputs, squared error averaged over samples and outputs"
        " and a penalty of 0.1/2 times the squared weights are meant: --activation tanh --output"
        " sigmoid --loss mse --l2 0.1."
    )
    assert in_words(()).startswith("It is right for none of the usual networks of these sizes:")


def loss_beside(one: Architecture, factor: float) -> Callable[..., Any]:
    def code(*arguments: Any) -> Any:
        loss, gradients = by_hand(one)(*arguments)
        return factor * loss, [gradients[name] for name in one.shapes]

    return code


@pytest.mark.untraced
def test_the_loss_beside_the_gradient_is_compared_as_well() -> None:
    one = architecture((4, 5, 3), activation="tanh")
    (fit,) = detect(loss_beside(one, 1.0), MEANT)
    assert (fit.loss, str(fit)) == ("match", "right, if tanh is meant: --activation tanh")
    (fit,) = detect(loss_beside(one, 0.5), MEANT)
    assert fit.loss == "mismatch"
    assert str(fit).endswith("--activation tanh (but the loss returned is another)")
    (fit,) = detect(gradients_of(one), MEANT)
    assert fit.loss == ""


def test_gradients_in_a_list_go_by_their_places() -> None:
    one = architecture((4, 5, 3), activation="relu")

    def in_a_list(*arguments: Any) -> Any:
        found = gradients_of(one)(*arguments)
        return [found[name] for name in one.shapes]

    assert options(in_a_list) == ["--activation relu"]


def test_code_in_float32_is_judged_in_float32() -> None:
    one = architecture((4, 5, 3), activation="relu", l2=0.01)

    def in_float32(p: Any, X: Any, Y: Any) -> Any:
        narrow = {name: block.astype(np.float32) for name, block in p.items()}
        found = gradients_of(one)(narrow, X.astype(np.float32), Y)
        return {name: block.astype(np.float32) for name, block in found.items()}

    assert options(in_float32) == ["--activation relu --l2 0.01"]
    assert options(in_float32, targets="one-hot") == ["--activation relu --l2 0.01"]


def test_points_may_be_given() -> None:
    one = architecture((4, 5, 3), activation="relu")
    points = [random_point(one, samples, 0) for samples in (7, 9)]
    seen = list[int]()

    def gradients(p: Any, X: Any, Y: Any) -> Any:
        seen.append(len(X))
        return gradients_of(one)(p, X, Y)

    assert options(gradients, points=points) == ["--activation relu"]
    assert {*seen} <= {7, 9}


Change = Callable[[dict[str, Any], Any], dict[str, Any]]
MISTAKES: dict[str, Change] = {
    "a sign": lambda g, p: {n: -block for n, block in g.items()},
    "twice": lambda g, p: {n: 2 * block for n, block in g.items()},
    "one block": lambda g, p: {**g, "W1": 1.001 * g["W1"]},
    "one entry": lambda g, p: {**g, "b0": g["b0"] + np.eye(5)[0] * 1e-9},
    "a penalty of the wrong sign": lambda g, p: {n: block - 0.1 * p[n] for n, block in g.items()},
    "a penalty of one layer": lambda g, p: {**g, "W1": g["W1"] + 0.1 * p["W1"]},
    "zeros": lambda g, p: {n: 0 * block for n, block in g.items()},
    "not a number": lambda g, p: {n: block * np.nan for n, block in g.items()},
    "one is missing": lambda g, p: {n: block for n, block in g.items() if n != "b1"},
    "a transposed shape": lambda g, p: {**g, "W1": g["W1"].T},
}


@pytest.mark.traced("relu-not a number")
@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("activation", ["softplus", "relu"])
def test_a_mistake_is_no_other_network(mistake: str, activation: str) -> None:
    one = architecture((4, 5, 3), activation=activation)

    def wrong(p: Any, X: Any, Y: Any) -> Any:
        return MISTAKES[mistake](gradients_of(one)(p, X, Y), p)

    assert options(wrong) == []


def test_forward_of_one_and_derivative_of_another_is_no_network() -> None:
    def mixed(p: Any, X: Any, Y: Any) -> Any:
        tanh, relu = (gradients_of(architecture((4, 5, 3), activation=n)) for n in ("tanh", "relu"))
        return {**tanh(p, X, Y), "W0": relu(p, X, Y)["W0"]}

    assert options(mixed) == []


MEANT_BY: dict[str, str] = {
    "1/S missing": "--sum",
    "divided by S N_O": "--mean-over entries",
    "weight decay": "--l2 0.001 --l2-of all",
    "weight decay (W0, W1)": "--l2 0.001",
    "softmax forgotten": "--loss half-mse",
    "sigmoid for softmax": "--output sigmoid",
    "softmax Jacobian again": "--output softmax --loss half-mse",
    "tanh units": "--activation tanh",
}
"""Mistakes of the catalogue that are another network throughout."""

MEANT_BY_NOBODY = (
    *("labels off by one", "softmax not normalised", "squared-error delta"),
    *("sign flipped", "divided by S N_I", "twice", "softmax Jacobian's diagonal only"),
)


@pytest.mark.untraced
@pytest.mark.parametrize("title", [*MEANT_BY, *MEANT_BY_NOBODY])
def test_of_the_catalogue_what_is_another_network_is_found_and_nothing_else(title: str) -> None:
    wrong = gradient_with(BY_TITLE[title])

    def gradients(p: Any, X: Any, Y: Any) -> Any:
        found: Any = wrong(Parameters(**p), X, Y)
        return found._asdict()

    assert options(gradients, targets="one-hot") == ([MEANT_BY[title]] if title in MEANT_BY else [])


def test_what_is_right_at_one_number_of_samples_only_is_not_claimed() -> None:
    """The penalty is that of options at the first point, and twice that at the second."""

    def gradients(p: Any, X: Any, Y: Any) -> Any:
        l2 = 0.1 if len(X) == 11 else 0.2
        return gradients_of(architecture((4, 5, 3), l2=l2))(p, X, Y)

    assert options(gradients) == []


def test_what_the_code_raises_is_marked_as_the_codes() -> None:
    def raising(*_arguments: Any) -> Any:
        raise ArithmeticError("mine")

    with pytest.raises(UserCodeRaised, match="ArithmeticError: mine"):
        _ = detect(raising, MEANT)


@pytest.mark.untraced
def test_every_network_found_is_one_that_the_check_passes() -> None:
    for choices in CHOICES[::4]:
        one = architecture((4, 5, 3), **choices)
        (fit,) = detect(by_hand(one), MEANT, targets="one-hot")
        p, X, Y = random_point(one, 5, seed=9, targets="one-hot")
        assert check_gradients(by_hand(one), p, X, Y, loss=loss_of(fit.architecture)).passed


def test_every_family_has_its_members_once_and_the_nearest_comes_first() -> None:
    meant = architecture((4, 5, 3), activation="relu", output="sigmoid")
    found = list(families(meant))
    assert len({*found}) == len(found) == len(ACTIVATIONS) * 6
    assert (found[0].activation, found[0].output) == ("relu", "sigmoid")
    for family in found:
        factors = [member.factor for member in members(family, 11)]
        assert len({*factors}) == len(factors) == (6 if family.loss == "sse" else 3)


@pytest.mark.untraced
def test_detection_takes_well_under_a_second() -> None:
    one = architecture((4, 16, 3), activation="silu", loss="half-mse", l2=0.01)
    _ = detect(gradients_of(one), MEANT._replace(sizes=(4, 16, 3)), targets="one-hot")
    before = time.thread_time()
    assert options(gradients_of(one), MEANT._replace(sizes=(4, 16, 3)), targets="one-hot")
    assert time.thread_time() - before < 0.7
