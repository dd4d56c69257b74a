"""Parameters and data in the containers that people have: taken as they are, or refused by name."""

from array import array
from collections import deque
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import rosen, rosen_der

from autograd_ref import check_backward, check_gradients, check_step
from autograd_ref.report.report import Report

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
W, X = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(7, 3))
x = RANDOM.normal(size=3)


def squares(w: Any) -> Any:
    return (w**2).sum()


def twice(w: Any) -> Any:
    return 2 * w


def names(report: Report) -> list[str]:
    return [block.name for block in report.blocks]


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("at", "form"),
    [
        ([1.3, 0.7], rosen_der),
        ((2, 3), rosen_der),
        ([np.float64(1.3), 0.7], lambda x: (rosen(x), rosen_der(x))),
    ],
)
def test_a_list_of_numbers_is_a_vector_where_the_answer_is_one(at: Any, form: Any) -> None:
    def wrong(x: Any) -> A:
        return 1.001 * rosen_der(x)

    report = check_gradients(form, at, loss=rosen)
    assert report.verdict == "match", report
    assert names(report) == ["gradient"]
    assert report.blocks[0].shape == (2,)
    assert check_gradients(wrong, at, loss=rosen).verdict == "mismatch"


@pytest.mark.parametrize(
    ("gradient", "at", "loss", "blocks"),
    [
        (twice, [1.5, 2.5], squares, ["gradient"]),
        (twice, [1.5], squares, ["gradient"]),
        (lambda w: w * 2.0, [1.5, 2.5], squares, ["gradient"]),
        (twice, ((1.0, 2.0), (3.0, 4.5)), squares, ["gradient"]),
        (lambda w: [2 * v for v in w], [1.5, 2.5], squares, ["gradient"]),
        (
            lambda p: {"W": twice(np.asarray(p["W"])), "b": [1.0, 1.0]},
            {"W": [[1.0, 2.0], [3.0, 4.5]], "b": [0.5, 1.5]},
            lambda p: squares(p["W"]) + sum(p["b"]),
            ["W", "b"],
        ),
        (lambda w: [2 * v for v in w], [1.5, 2.5], lambda w: sum(v**2 for v in w), ["[0]", "[1]"]),
        (lambda w: [2 * w[0], 1.0], (1.5, 2.5), lambda w: w[0] ** 2 + w[1], ["[0]", "[1]"]),
        (
            lambda p: {"a": [2 * v for v in p["a"]]},
            {"a": [1.5, 2.5]},
            lambda p: sum(v**2 for v in p["a"]),
            ["a[0]", "a[1]"],
        ),
    ],
)
def test_lists_stay_where_both_sides_take_them_one_by_one(
    gradient: Any, at: Any, loss: Any, blocks: list[str]
) -> None:
    report = check_gradients(gradient, at, loss=loss)
    assert report.verdict == "match", report
    assert names(report) == blocks


def test_arrays_in_a_list_are_blocks_and_rows_of_two_lengths_are_vectors() -> None:
    report = check_gradients(
        lambda p: [2 * v for v in p], [x, x + 1], loss=lambda p: squares(p[0] + 0) + squares(p[1])
    )
    assert report.verdict == "match", report
    assert names(report) == ["[0]", "[1]"]
    ragged = check_gradients(
        lambda p: [2 * v for v in p],
        [[1.5, 2.5], [3.5]],
        loss=lambda p: squares(p[0]) + squares(p[1]),
    )
    assert ragged.verdict == "match"
    assert names(ragged) == ["[0]", "[1]"]


def test_lists_for_the_built_in_network_are_its_arrays() -> None:
    from manual_backprop import Parameters, loss_and_gradients

    at = {"W0": W.tolist(), "b0": [0.1, 0.2], "W1": [[0.3, 0.4], [0.5, 0.6]], "b1": [0.7, 0.8]}
    report = check_gradients(
        lambda p, X, Y: loss_and_gradients(Parameters(**p), X, Y)[1]._asdict(),
        at,
        X,
        np.arange(7) % 2,
    )
    assert report.verdict == "match", report


def test_names_that_say_of_which_parameter_a_gradient_is_are_said() -> None:
    parameters = {"W": W, "b": x}

    def loss(p: Any) -> Any:
        return squares(p["W"]) + squares(p["b"])

    right = check_gradients(lambda p: {"dW": 2 * p["W"], "db": 2 * p["b"]}, parameters, loss=loss)
    assert right.verdict == "match", right
    (note,) = [note for note in right.warnings if note.kind == "other names"]
    assert note.text == "gradients returned dW and db: taken for gradients by W and b."
    wrong = check_gradients(lambda p: {"dW": 2 * p["W"], "db": p["b"]}, parameters, loss=loss)
    assert {b.name: b.verdict for b in wrong.blocks} == {"W": "match", "b": "mismatch"}


@pytest.mark.untraced
@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
def test_sparse_gradients_and_data_are_taken(kind: Any) -> None:
    assert check_gradients(lambda w: kind(2 * w), W, loss=squares).verdict == "match"
    assert check_gradients(lambda w: kind(2.001 * w), W, loss=squares).verdict == "mismatch"

    def loss(w: Any, X: Any) -> Any:
        X.data *= 2  # on a copy
        return squares(X @ w)

    data = kind(X)
    assert check_gradients(lambda w, X: 8 * X.T @ (X @ w), x, data, loss=loss).verdict == "match"
    assert np.array_equal(data.toarray(), X)


class Series:
    """A stranger with an array in it, as those of other libraries are."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __array__(self, dtype: Any = None, copy: Any = None) -> A:
        return np.array(self.values, dtype=dtype)

    def copy(self) -> "Series":
        return Series(self.values.copy())


def test_a_series_in_the_data_is_passed_on_and_one_returned_is_an_array() -> None:
    weights = Series([1.0, 2.0, 3.0])

    def loss(w: Any, c: Series) -> Any:
        c.values *= 2
        return (np.asarray(w) ** 2 * c.values).sum()

    def gradient(w: A, c: Series) -> Series:
        return Series(4 * w * c.values)

    assert check_gradients(gradient, x, weights, loss=loss).verdict == "match"
    assert np.array_equal(weights.values, [1.0, 2.0, 3.0])


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("by", [1.0, 1.001])
def test_a_matrix_keeps_its_product_wherever_it_goes(by: float) -> None:
    def loss(M: Any, X: Any) -> Any:
        return np.trace(M * X * M)

    def gradient(M: Any, X: Any) -> Any:
        return by * (X * M + M * X).T

    square = np.matrix(RANDOM.normal(size=(2, 2)))
    report = check_gradients(gradient, square, np.matrix(X[:2, :2]), loss=loss)
    assert report.verdict == ("match" if by == 1 else "mismatch"), report


@pytest.mark.untraced
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (2, 3), (1, 1), (1, 301)])
@pytest.mark.parametrize("by", [1.0, 1.001])
def test_a_matrix_of_any_shape_is_differentiated(shape: tuple[int, int], by: float) -> None:
    def loss(M: Any) -> Any:
        return float(np.trace(M.T * M))

    report = check_gradients(lambda M: 2 * by * M, np.matrix(RANDOM.normal(size=shape)), loss=loss)
    assert report.verdict == ("match" if by == 1 else "mismatch"), report


def test_masked_data_keep_their_mask_and_a_masked_gradient_is_not_a_number() -> None:
    data = np.ma.masked_array(X, X > 1)

    def loss(w: Any, X: Any) -> Any:
        return (X * w).sum()

    def gradient(_w: A, X: Any) -> Any:
        return X.sum(0)

    assert check_gradients(gradient, x, data, loss=loss).verdict == "match"
    unmasked = check_gradients(lambda w, X: X.data.sum(0), x, data, loss=loss)
    assert unmasked.verdict == "mismatch"
    holes = check_gradients(
        lambda w: np.ma.masked_array(2 * w, [False, False, True]), x, loss=squares
    )
    assert holes.blocks[0].reason == "is nan at [2]"


def test_a_sparse_tensor_stays_one() -> None:
    def gradient(w: torch.Tensor) -> torch.Tensor:
        assert w.layout is torch.sparse_coo
        return 2 * w.to_dense()

    at = torch.eye(3, dtype=torch.float64).to_sparse()
    assert check_gradients(gradient, at, loss=squares).verdict == "match"


class Checked(NamedTuple("Checked", [("a", Any)])):
    """A NamedTuple that refuses what is no array."""

    def __new__(cls, a: Any) -> Self:
        assert isinstance(a, np.ndarray)
        return super().__new__(cls, a)


@pytest.mark.parametrize("at", [Checked(x), MappingProxyType({"a": x})])
def test_containers_that_check_or_cannot_change_are_containers(at: Any) -> None:
    def loss(p: Any) -> Any:
        return squares(p.a if isinstance(p, Checked) else p["a"])

    def gradient(p: Any) -> Any:
        return Checked(2 * p.a) if isinstance(p, Checked) else {"a": 2 * p["a"]}

    assert check_gradients(gradient, at, loss=loss).verdict == "match"


def circle() -> list[Any]:
    found: list[Any] = [x]
    found.append(found)
    return found


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (
            sparse.csr_array(W),
            TypeError,
            "parameters is a sparse csr_array; it needs to be an array",
        ),
        (
            {"w": Series(x)},
            TypeError,
            "w is of type Series; it needs to be an array, tensor or number",
        ),
        (range(3), TypeError, "parameters is of type range; it needs to be an array"),
        (deque([1.0, 2.0]), TypeError, "parameters is of type deque; it needs"),
        (array("d", [1.0, 2.0]), TypeError, "parameters is of type array; it needs"),
        ([x, {1.0, 2.0}], TypeError, r"parameters is of type set|\[1\] is of type set"),
        ((v for v in x), TypeError, "parameters is of type generator and dtype object"),
        (
            np.ma.masked_array(x, [False, False, True]),
            TypeError,
            "parameters is a masked array, and there is",
        ),
        (
            torch.ones(2, device="meta"),
            TypeError,
            "parameters is a tensor without values, on the d",
        ),
        (circle(), ValueError, "parameters contains itself"),
        ([], TypeError, "parameters holds no array"),
    ],
)
def test_what_is_no_parameter_is_refused_by_name(
    parameters: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        _ = check_gradients(twice, parameters, loss=squares)


@pytest.mark.parametrize("change", [np.ravel, np.transpose, lambda g: g[..., None]])
def test_a_gradient_of_another_form_stays_a_mismatch(change: Any) -> None:
    report = check_gradients(lambda w: change(2 * w), W, loss=squares)
    assert "has shape" in report.blocks[0].reason
    assert report.verdict == "mismatch"


def test_samples_in_tensors_are_rearranged_like_those_in_arrays() -> None:
    def loss(w: Any, X: Any) -> Any:
        return squares(torch.as_tensor(X) @ torch.as_tensor(w))

    def first_ones(w: A, X: torch.Tensor) -> A:
        seen.append(X.numpy())
        return 2 * X.numpy().T @ (X.numpy() @ w)

    seen: list[A] = []
    assert check_gradients(first_ones, x, torch.from_numpy(X), loss=loss).verdict == "match"
    assert any(np.array_equal(rows[:-1], X[:0:-1]) for rows in seen)


def ring(leaf: Any) -> Any:
    found = [{"a": leaf}]
    found.append({"again": found})
    return found


ENDLESS: dict[str, tuple[Callable[[], Any], str]] = {
    "a gradient": (
        lambda: check_gradients(lambda _w: ring(x), x, loss=squares),
        "what gradients returned",
    ),
    "a gradient behind a loss": (
        lambda: check_gradients(lambda w: (squares(w), circle()), x, loss=squares),
        "what gradients returned",
    ),
    "of complex numbers": (
        lambda: check_gradients(
            lambda _z: ring(x), x + 1j * x, loss=lambda z: squares(z.real) + squares(z.imag)
        ),
        "what gradients returned",
    ),
    "data": (
        lambda: check_gradients(twice, x, ring(x), loss=lambda w, _d: squares(w)),
        r"data\[0\]",
    ),
    "from project": (
        lambda: check_gradients(twice, x, loss=squares, project=ring),
        "what project returned",
    ),
    "a step": (lambda: check_step(ring, x, rate=0.1, loss=squares), "what step returned"),
    "inputs": (
        lambda: check_backward(torch.square, torch.square, torch.ones(2), ring(1)),
        r"inputs\[1\]",
    ),
    "kwargs": (
        lambda: check_backward(torch.square, torch.square, torch.ones(2), kwargs={"k": ring(1)}),
        "kwargs",
    ),
    "an output": (
        lambda: check_backward(ring, lambda t: [t, t], torch.ones(2)),
        "what ring returned",
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("case", ENDLESS)
def test_what_contains_itself_is_refused_by_name(case: str) -> None:
    check, name = ENDLESS[case]
    with pytest.raises(ValueError, match=f"^{name} contains itself, .*; it needs an end$"):
        check()
