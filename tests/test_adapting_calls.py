"""How somebody's code is called: arguments by their names, batches and single samples."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_ref.adapting.by_name.code_of import parameters_of
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.call_arguments import filled
from autograd_ref.adapting.calling.filling.data_forms import DataForm, data_forms, sample_forms
from autograd_ref.adapting.holding.given.made_containers import made_by

DATA = Known("X", "Y", "theirs", sizes=(5, 7, 2))
SIZED = Known(sizes=(5, 7, 2))
DEEP = Known(sizes=(5, 7, 3, 2))
CACHED = DATA._replace(cache="cache", outputs=("A1", "A2"))


@pytest.mark.parametrize(
    ("function", "known", "text"),
    [
        (lambda X, y, params: 0, DATA, "X, Y, theirs"),
        (lambda params, y, X: 0, DATA, "theirs, Y, X"),
        (lambda X, y, reg=0.1: 0, DATA, "X, Y, l2"),
        (lambda X, y, lr, alpha: 0, DATA, "X, Y, rate, l2"),
        (lambda X, y, alpha: 0, DATA, "X, Y, rate"),
        (lambda X, y, epochs, verbose=True: 0, DATA, "X, Y, 1"),
        (lambda X, y, colour="red", lr=0.1: 0, DATA, "X, Y, lr=rate"),
        (lambda X, y, *, lr: 0, DATA, "X, Y, lr=rate"),
        (lambda X, y, colour: 0, DATA, "X, Y, theirs"),
        (lambda X, y, colour: 0, DATA._replace(given={"colour": "'red'"}), "X, Y, 'red'"),
        (lambda V1, y: 0, DATA._replace(arrays={"V1": "theirs['V1']"}), "theirs['V1'], Y"),
        (lambda batch: 0, DATA, "(X, Y)"),
        (lambda X, y, cache: 0, CACHED, "X, Y, cache"),
        (lambda a1, a2, y: 0, CACHED, "A1, A2, Y"),
        (lambda p, q, y: 0, CACHED._replace(parameters=""), "A1, A2, Y"),
        (lambda d, lr: 0, DATA, "Y, rate"),
        (lambda d, y: 0, DATA, "N_I, Y"),
        (lambda n, d: 0, DATA, "N_I, N_I"),
        (lambda d: 0, DATA._replace(Y=""), "N_I"),
        (lambda theta, nin, mid, last, x, y: 0, DATA, "theirs, N_I, N_H, N_O, X, Y"),
        (lambda flach, ein, breit, aus, x, y: 0, DATA, "theirs, N_I, N_H, N_O, X, Y"),
        (lambda flach, ein, breit, x, y: 0, DATA, ", , , X, Y"),
        (lambda flach, ein, x, y: 0, DATA._replace(sizes=()), ", , X, Y"),
        (lambda x, flach, ein, breit, aus: 0, DATA._replace(parameters=""), "X, , , , "),
        (lambda X, y, data_forms_fn: 0, DATA, "X, Y, data_forms"),
        (lambda X, y, sample_forms_func, params: 0, DATA, "X, Y, sample_forms, theirs"),
        (lambda X, y, DATA_fn, Nothing_fn: 0, DATA, "X, Y, , "),
    ],
)
def test_arguments_are_filled_by_their_names(
    function: Callable[..., Any], known: Known, text: str
) -> None:
    """In any order; what has a default may stay away, and what is left goes to what is left."""
    assert filled(function, known).text == text


@pytest.mark.parametrize(
    ("function", "known", "text"),
    [
        (lambda n_in, n_hidden, n_out: 0, SIZED, "N_I, N_H, N_O"),
        (lambda n_in, n_out, hidden=16: 0, SIZED, "N_I, N_O, N_H"),
        (lambda sizes: 0, SIZED, "[N_I, N_H, N_O]"),
        (lambda *sizes: 0, SIZED, "N_I, N_H, N_O"),
        (lambda *groessen: 0, SIZED, "N_I, N_H, N_O"),
        (lambda *groessen, keim=0: 0, SIZED, "N_I, N_H, N_O"),
        (lambda seed, *layers: 0, SIZED, "0, N_I, N_H, N_O"),
        (lambda n_in, hidden_nodes, n_out: 0, DEEP, "N_I, [N_H1, N_H2], N_O"),
        (lambda n_in, hidden=(4, 4), n_out=2: 0, SIZED, "N_I, [N_H], N_O"),
        (lambda seed, *colours: 0, SIZED, "0"),
        (lambda things: 0, SIZED, "[N_I, N_H, N_O]"),
        (lambda one, two, three: 0, SIZED, "N_I, N_H, N_O"),
        (lambda one, two: 0, SIZED, "N_I, N_O"),
        (lambda one, two: 0, Known(sizes=(5, 7, 1)), "N_I, N_H"),
        (lambda n_in, hidden, n_out: 0, DEEP, "N_I, [N_H1, N_H2], N_O"),
        (lambda n_in, hidden, n_out: 0, Known(sizes=(5, 2)), "N_I, , N_O"),
        (lambda n_in, seed=3: 0, SIZED, "N_I"),
        (lambda n_in: 0, Known(), ""),
    ],
)
def test_a_constructor_is_given_sizes(
    function: Callable[..., Any], known: Known, text: str
) -> None:
    """One by one, or in a list; empty where nothing is known."""
    assert filled(function, known, constructor=True).text == text


def test_what_is_missing_is_told_and_values_are_computed() -> None:
    """The names of arguments that nothing is known for; values of those of a maker."""
    assert filled(lambda a, b, c, d: 0, Known(X="X")).missing == ("a", "b", "c", "d")
    n_in, lr, sizes, rng = made_by(lambda n_in, lr, sizes, rng: (n_in, lr, sizes, rng), (5, 7, 2))
    assert isinstance(rng, np.random.Generator)
    assert (n_in, lr, sizes) == (5, 1.0, [5, 7, 2])


def test_what_has_no_signature_takes_nothing_that_is_known() -> None:
    """As some classes that are written in C."""
    assert parameters_of(dict) == []
    assert filled(dict, SIZED, constructor=True).arguments == ()


@pytest.mark.parametrize("labels", [True, False])
def test_forms_of_data_fit_each_other(labels: bool) -> None:
    """X and Y have as many samples; of one sample alone, one."""
    X, N_O = np.ones((11, 5)), 2 if labels else 1
    Y = np.arange(11) % 2 if labels else np.ones((11, 1))
    env = {"np": np, "N_O": N_O}
    for one in data_forms(labels=labels):
        theirs, target = (np.asarray(eval(t, env | {"X": X, "Y": Y})) for t in (one.X, one.Y))
        assert 11 in theirs.shape
        assert 11 in target.shape
    for one in sample_forms(labels=labels, inputs=5):
        env |= {"X": X[:1], "Y": Y[:1]}
        with_class = "its row" in one.said
        assert np.size(eval(one.X, env)) == 5 + with_class
        assert np.size(eval(one.Y, env)) in (1, N_O)
        assert one.one_at_a_time


@pytest.mark.parametrize(
    ("X", "place", "expected", "said"),
    [
        ("X", "last", [[3, 4, 1], [5, 6, 1]], "X with ones (S, N_I)"),
        ("X", "first", [[1, 3, 4], [1, 5, 6]], "X with ones (S, N_I)"),
        ("X.T", "last", [[3, 5], [4, 6], [1, 1]], "X with ones (S, N_I)"),
        ("X.T", "first", [[1, 1], [3, 5], [4, 6]], "X with ones (S, N_I)"),
        ("X[0]", "last", [3, 4, 1], "X with ones (S, N_I)"),
        ("X[0]", "first", [1, 3, 4], "X with ones (S, N_I)"),
        ("X", "middle", None, ""),
        ("X[None]", "last", None, ""),
    ],
)
def test_ones_stand_where_the_biases_do(
    X: str, place: str, expected: list[list[int]] | None, said: str
) -> None:
    """In another place, or for another form of X, there are none."""
    data = np.array([[3, 4], [5, 6]])
    found = [*DataForm(X, "Y", "X (S, N_I), Y (S,)").with_ones(place)]
    values = [eval(one.X, {"np": np, "X": data}).tolist() for one in found]
    assert values == ([] if expected is None else [expected])
    assert all(one.said.startswith(said) for one in found)
