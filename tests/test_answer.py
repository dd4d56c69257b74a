"""What a function under test may return, and how it is read."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

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
    answer = read((0.5, {"dW": W, "b": B}))
    assert answer.loss == 0.5
    assert answer.gradients.keys() == {("b",)}
    assert answer.unknown == ("dW",)


def test_one_array_has_no_name_that_could_be_unknown() -> None:
    assert read(W).unknown == ()
