"""All forms in which a function under test may return its gradients are read rightly."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from scipy import sparse

from autograd_ref import check_gradients
from autograd_ref.calls.answer import Answer, understood
from autograd_ref.tree.nest import leaves
from manual_backprop import Parameters

W, B = np.ones((2, 3)), np.ones(2)
THETA = {"W": W, "b": B}


class Both(NamedTuple):
    W: Any
    b: Any


def read(result: object, parameters: object = THETA) -> Answer:
    return understood(result, leaves(parameters))


@pytest.mark.parametrize(
    "result",
    [
        {"W": W, "b": B},
        {"b": B, "W": W},
        Both(W, B),
        (0.5, {"W": W, "b": B}),
        [0.5, {"b": B, "W": W}],
        (np.float64(0.5), Both(W, B), {"z1": W}),
        (np.array([0.5]), {"W": W, "b": B}),
        (torch.tensor(0.5, requires_grad=True), {"W": torch.from_numpy(W), "b": B}),
    ],
)
def test_names_decide_and_a_loss_may_come_first(result: Any) -> None:
    answer = read(result)
    assert answer.gradients.keys() == {("W",), ("b",)}
    assert np.array_equal(answer.gradients[("W",)], W)
    assert np.array_equal(answer.gradients[("b",)], B)
    has_loss = isinstance(result, tuple | list) and not isinstance(result, Both)
    assert (None if answer.loss is None else answer.loss.item()) == (0.5 if has_loss else None)


def test_a_structure_like_the_parameters_is_tried_before_loss_and_gradients() -> None:
    answer = read((1.0, B), (2.0, B))
    assert answer.loss is None
    assert answer.gradients[(0,)] == 1.0


def test_a_list_of_arrays_is_read_by_place_whatever_it_is_called() -> None:
    assert read([W, B], (W, B)).gradients.keys() == {(0,), (1,)}
    answer = read((0.5, (W, B)), [W, B])
    assert answer.loss == 0.5
    assert answer.gradients.keys() == {(0,), (1,)}


@pytest.mark.parametrize("result", [B, [1.0, 1.0], (1.0, 1.0), (0.5, B), (0.5, [1.0, 1])])
def test_a_flat_array_is_what_scipy_takes(result: Any) -> None:
    assert np.array_equal(read(result, B).gradients[()], B)


@pytest.mark.parametrize(
    ("result", "returned"),
    [
        (None, "None (is a return missing?)"),
        (W, "one ndarray"),
        ({"dW": W}, "a dict with dW"),
        ({"V": W, "c": B}, "a dict with V, c"),
        ({"W": W, "b": B}.values(), "one dict_values"),
        ((W, B), "a tuple with [0], [1]"),
        ([], "a list with nothing in it"),
        ({f"W{i}": B for i in range(20)}, "W6, W7, ..."),
        ((None, {"W": W, "b": B}), "a tuple with [1].W, [1].b"),
        (({"W": W, "b": B}, 0.5), "(gradients, loss); it needs to be (loss, gradients)"),
        (({"W": W, "b": B}, 0.5, B), "a tuple with [0].W, [0].b, [1], [2]"),
        (("0.5", {"W": W, "b": B}), "a tuple with [0], [1].W, [1].b"),
    ],
)
def test_what_fits_no_parameter_is_described(result: object, returned: str) -> None:
    answer = read(result)
    assert not answer.gradients
    assert answer.loss is None
    assert returned in answer.returned


@pytest.mark.parametrize(
    ("result", "flat"),
    [
        ((0.5, W, B), True),
        ([0.5, W, B], True),
        ((0.5, B, W), False),
        ((B, W, B), False),
        ((0.5, W, "b"), False),
        ((0.5, W), False),
    ],
)
def test_a_loss_and_gradients_in_one_row_are_told_apart(result: Any, *, flat: bool) -> None:
    assert ("in one row; it needs to be (loss, gradients)" in read(result).returned) is flat


def test_what_is_missing_is_missing_and_what_is_unknown_is_named() -> None:
    answer = read({"W": W, "z1": B})
    assert answer.gradients.keys() == {("W",)}
    assert answer.unknown == ("z1",)


def test_the_arrays_are_not_copied() -> None:
    """Because who shares memory with whom is to be found out."""
    gradients = Parameters(W, B, W, B)
    answer = understood((0.0, gradients), leaves(gradients))
    assert answer.gradients[("W0",)] is W


def test_a_single_number_is_a_loss_even_where_names_are_wrong() -> None:
    answer = read((0.5, {"V": W, "b": B}))
    assert answer.loss == 0.5
    assert answer.gradients.keys() == {("b",)}
    assert answer.unknown == ("V",)


def test_one_array_has_no_name_that_could_be_unknown() -> None:
    assert read(W).unknown == ()


class Named(NamedTuple):
    dW: Any
    db: Any


@dataclass
class Held:
    grad_W: Any
    grad_b: Any


@pytest.mark.parametrize(
    "pattern",
    [
        *("d{}", "d_{}", "g{}", "g_{}", "grad{}", "grad_{}", "gradient_{}", "{}_grad", "{}_bar"),
        *("{}.grad", "dL_d{}", "dLd{}", "dL/d{}", "dJ_d{}", "dLoss_d{}", "d_loss_d_{}", "∂{}"),
        *("nabla_{}", "GRAD_{}", "dC/d{}", "{}Grad", "delta_{}", "{}_delta", "Delta{}", "Δ{}"),
        *("{}_d", "dJ_{}", "deriv_{}", "{}_derivative", "del_{}", "{}_nabla", "jac_{}"),
    ],
)
@pytest.mark.parametrize("parameters", [{"W1": W, "b1": B}, {"layer": {"W": W, "b": B}}])
def test_names_say_of_which_parameter_a_gradient_is(pattern: str, parameters: Any) -> None:
    def named(nest: Any) -> Any:
        return {
            (key if isinstance(value, dict) else pattern.format(key)): (
                named(value) if isinstance(value, dict) else 2 * value
            )
            for key, value in nest.items()
        }

    for result in (named(parameters), (0.5, named(parameters))):
        answer = read(result, parameters)
        assert answer.gradients.keys() == leaves(parameters).keys()
        assert all(
            np.array_equal(answer.gradients[p], 2 * v) for p, v in leaves(parameters).items()
        )
        assert len(answer.renamed) == 2
        assert answer.unknown == ()


@pytest.mark.parametrize(
    ("result", "names"),
    [
        (Named(W, B), {"dW": "W", "db": "b"}),
        (Held(W, B), {"grad_W": "W", "grad_b": "b"}),
        ({"dW": W, "b": B}, {"dW": "W"}),
        ({"dW": W, "grad_b": B}, {"dW": "W", "grad_b": "b"}),
        ({"dw": W, "dB": B}, {"dw": "W", "dB": "b"}),
        ({"w": W, "b": B}, {"w": "W"}),
        ({"dW": W.tolist(), "db": [1, 1]}, {"dW": "W", "db": "b"}),
        ({"dW": W, "db": B, "delta_W": -W, "delta_b": -B}, {"dW": "W", "db": "b"}),
        ({"delta_W": W, "b": B}, {"delta_W": "W"}),
        ({"W": W, "b": B}, {}),
        ({"W": W, "b": B, "delta_W": -W, "delta_b": -B}, {}),
        ({"W": 2 * W, "b": B, "dW": W, "db": B}, {}),
    ],
)
def test_every_parameter_has_one_name(result: Any, names: dict[str, str]) -> None:
    answer = read(result)
    assert answer.gradients.keys() == {("W",), ("b",)}
    assert answer.renamed == names


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ({"dW": W, "gW": W, "grad_b": B}, set[str]()),
        ({"dW": W, "d": B}, set[str]()),
        ({"Wb": W, "bW": B}, set[str]()),
        ({"dW": W, "dV": B}, set[str]()),
        ({"dw": W, "Dw": W, "b": B}, {"b"}),
        ({"delta_W": W, "W_delta": W, "delta_b": B, "b_delta": B}, set[str]()),
        ({"delta1": W, "delta2": B}, set[str]()),
        ({"deltas": W, "b": B}, {"b"}),
        ({"momentum": W, "b": B}, {"b"}),
    ],
)
def test_names_that_may_be_of_another_are_nobodys(result: Any, found: set[str]) -> None:
    answer = read(result)
    assert {key for (key,) in answer.gradients} == found
    assert not answer.renamed


def test_what_came_back_as_it_was_is_no_gradient_where_there_is_another() -> None:
    """A cache of parameters and gradients."""
    answer = read({"W": W, "b": B, "dW": 2 * W, "db": 3 * B})
    assert np.array_equal(answer.gradients[("W",)], 2 * W)
    assert answer.unknown == ()
    assert answer.renamed == {"dW": "W", "db": "b"}


def test_one_addition_for_all_comes_before_a_name_that_is_there() -> None:
    answer = read({"dx": W, "ddx": B}, {"x": W, "dx": B})
    assert np.array_equal(answer.gradients[("x",)], W)
    assert np.array_equal(answer.gradients[("dx",)], B)
    assert read({"dx": W, "ddx": B}, {"x": W, "dx": B, "y": B}).gradients.keys() == {("dx",)}


@pytest.mark.parametrize("name", ["dw", "grad", "gradient", "jac", "w_grad", "dL_dw"])
def test_of_one_array_any_name_of_a_gradient_is_its_name(name: str) -> None:
    for result in ({name: B}, (0.5, {name: B})):
        assert read(result, W[0]).gradients.keys() == {()}
    assert not read({"w": B}, W[0]).gradients
    assert not read({name: B, "x": B}, W[0]).gradients


@pytest.mark.parametrize(
    "result",
    [
        Both(W.tolist(), (1.0, 1.0)),
        {"W": ((1, 1, 1), (1, 1, 1)), "b": [1, 1]},
        (0.5, Both(W.tolist(), B)),
        ([0.5], {"W": W, "b": B.tolist()}),
        (sparse.csr_array([[0.5]]), {"W": sparse.csr_array(W), "b": B}),
    ],
)
def test_numbers_in_lists_and_sparse_arrays_are_arrays(result: Any) -> None:
    answer = read(result)
    assert np.array_equal(answer.gradients[("W",)], W)
    assert answer.gradients[("b",)].dtype == np.float64
    assert answer.loss is None or answer.loss.item() == 0.5


def test_lists_of_another_shape_are_shown_as_they_are() -> None:
    assert read({"W": [[1.0, 2.0]], "b": B}).gradients[("W",)].shape == (1, 2)
    assert read((0.5, 1.0), np.array(2.0)).loss == 0.5
    assert "W[0][0]" in read({"W": [[1.0], [2.0, 3.0]], "b": B}).returned


def test_what_is_no_array_is_no_gradient() -> None:
    for result in ((v for v in W), "text", {"W": W}.values()):
        answer = read(result, W)
        assert not answer.gradients
        assert answer.returned == f"one {type(result).__name__}"


def test_what_is_masked_is_not_a_number() -> None:
    masked = np.ma.masked_array(np.array([1, 2, 3]), [False, True, False])
    assert np.array_equal(read(masked, B).gradients[()], [1, np.nan, 3], equal_nan=True)
    whole = np.ma.masked_array([1.0, 2.0], [False, False])
    assert np.array_equal(read(whole, B).gradients[()], [1.0, 2.0])


def test_a_tensor_that_is_a_view_of_a_complex_one_is_an_array() -> None:
    z = torch.complex(torch.zeros(2), torch.ones(2)).conj()
    assert np.array_equal(read(z.imag, B).gradients[()], [-1.0, -1.0])


@pytest.mark.parametrize(
    "result", [(B, 0.5), [B, np.float64(0.5)], (B.tolist(), 0.5), (B, np.array([0.5, 1, 2]))]
)
def test_one_gradient_and_then_a_loss_are_swapped(result: Any) -> None:
    answer = read(result, B)
    assert not answer.gradients
    assert not answer.unknown
    assert answer.loss is None
    assert answer.returned == "(gradient, loss); it needs to be (loss, gradient)"


def test_what_may_be_either_way_round_is_loss_first() -> None:
    for value in (np.float64(2), np.array([2.0])):
        answer = read((0 * value, value), value)
        assert answer.gradients[()] == 2
        assert answer.loss == 0


def test_a_list_that_is_taken_for_a_loss_and_a_gradient_is_told_of() -> None:
    assert read([0.5, B], B).in_list
    assert not read((0.5, B), B).in_list
    assert not read([0.5, {"W": W, "b": B}]).in_list
    report = check_gradients(lambda x: [2 * x[0], x], B + 1, loss=lambda x: (x * x).sum())
    assert report.verdict == "mismatch"
    assert "loss in a list" in [note.kind for note in report.warnings]
