"""Parameters as arguments: in a dict, a list, a vector, an object, or each by itself."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograd_ref.adapting.holding.given.containers import in_arguments
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.random_point import random_point

SIZES = (5, 7, 2)


def scope() -> dict[str, Any]:
    """The variables of a program."""
    names = {"np": np, "SimpleNamespace": SimpleNamespace, "N_I": 5, "N_H": 7, "N_O": 2}
    return names | random_point(architecture(SIZES), 3, seed=0).parameters


def by_keys(params: Any, X: Any) -> Any:
    """A dict."""
    return params["W1"], params["b1"], params["W2"], params["b2"], X


def by_attributes(params: Any, X: Any) -> Any:
    """An object."""
    return params.W1, params.W2, X


def by_place(params: Any, X: Any) -> Any:
    """A tuple."""
    W1, W2, b1, b2 = params
    return W1, W2, b1, b2, X


def by_anything(params: Any, X: Any) -> Any:
    """Nothing is told."""
    return params, X


def by_itself(W1: Any, b1: Any, W2: Any, b2: Any, X: Any) -> Any:
    """Each in an argument."""
    return W1, b1, W2, b2, X


def by_lists(weights: Any, biases: Any, X: Any) -> Any:
    """All weights, and all biases."""
    return weights, biases, X


def init_params(n_in: int, n_hidden: int, n_out: int) -> Any:
    """Makes a dict, as `by_anything` might want it."""
    return {"W1": np.zeros((n_in, n_hidden)), "W2": np.zeros((n_hidden, n_out))}


def init_tuple(n_in: int, n_hidden: int, n_out: int) -> Any:
    """Makes a tuple."""
    return np.zeros((n_in, n_hidden)), np.zeros((n_hidden, n_out))


def init_and_raise(n_in: int) -> Any:
    """Makes nothing."""
    raise ValueError(n_in)


def init_from(colour: Any) -> Any:
    """Wants what nobody knows."""
    return colour


PLACES = [
    (by_keys, (), "in a dict with W1, b1, W2, b2"),
    (by_attributes, (), "in the attributes W1, W2"),
    (by_place, (), "in a list"),
    (by_anything, (), "in a list of layers"),
    (by_anything, (), "in one vector"),
    (by_anything, (init_params,), "in what init_params makes"),
    (by_anything, (init_tuple, init_and_raise, init_from), "in a list"),
    (by_itself, (), "in the arguments W1, b1, W2, b2"),
    (by_lists, (), "in lists weights and biases"),
]


@pytest.mark.parametrize(("function", "makers", "where"), PLACES)
def test_a_container_holds_what_is_put_there(function: Any, makers: Any, where: str) -> None:
    """Its slots lead to arrays of their shapes, of which each is filled."""
    named = {maker.__name__: maker for maker in makers}
    found = [one for one in in_arguments([function], SIZES, named) if one.where == where]
    assert found
    for placed in found:
        own = scope()
        if makers:
            own |= named
        exec("\n".join(placed.lines), own)
        assert placed.root in own
        for one in () if where == "in one vector" else placed.holder.slots:
            assert eval(one.path, own).shape == one.shape


def test_one_layer_may_be_the_argument_itself() -> None:
    """Its weights as a matrix, and for one output as a vector."""
    for sizes, places in (((5, 2), {"alone"}), ((5, 1), {"alone", "in one vector"})):
        said = {one.where for one in in_arguments([by_anything], sizes, {})}
        assert places <= said


def test_a_partial_function_makes_parameters_by_the_name_that_it_has() -> None:
    """It has none of its own."""
    (placed, *_) = in_arguments([by_anything], SIZES, {"init": partial(init_params)})
    assert placed.lines[0] == "theirs = init(N_I, N_H, N_O)"
