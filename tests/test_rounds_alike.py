"""Rounding that is the same nearby: a wider format tells it from a mistake.

What is rounded to a unit of one, or of something large, rounds alike at all points around, so that
it looks as systematic as a mistake. Called in a wider format, the same function is right.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.report.report import Report
from autograd_ref.rounding.wider import InBoth, explained_by_rounding, wider_than
from autograd_ref.tree.number_format import BFLOAT16, of_dtype

A = NDArray[Any]
HAS_MORE = bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps)
needs_more = pytest.mark.skipif(not HAS_MORE, reason="np.longdouble is float64 here")


class Problem(NamedTuple):
    """A right gradient that is short of digits, and its loss in NumPy."""

    gradient: Callable[..., A]
    loss: Callable[..., Any]
    arguments: tuple[A, ...]


def saturated_tanh(random: Generator) -> Problem:
    """1 - tanh**2, where tanh is nearly one."""
    X, w = random.normal(size=(6, 2)), 4 * random.normal(size=2)

    def gradient(w: A, X: A) -> A:
        t = np.tanh(X @ w)
        return X.T @ (1 - t * t)

    return Problem(gradient, lambda w, X: np.tanh(X @ w).sum(), (w, X))


def softmax(z: A) -> A:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def saturated_softmax(random: Generator) -> Problem:
    """p (v - p @ v), where one p is nearly one."""
    z, v = 5 * random.normal(size=(5, 4)), random.normal(size=4)

    def gradient(z: A, v: A) -> A:
        p = softmax(z)
        return p * (v - (p @ v)[:, None])

    return Problem(gradient, lambda z, v: (softmax(z) @ v).sum(), (z, v))


def attention(q: A, keys: A, values: A) -> Any:
    return ((softmax(q @ keys.T) @ values) ** 2).sum()


def saturated_attention(random: Generator) -> Problem:
    q, keys, values = (
        2 * random.normal(size=(3, 2)),
        3 * random.normal(size=(4, 2)),
        np.eye(4)[:, :2],
    )

    def gradient(q: A, keys: A, values: A) -> A:
        p = softmax(q @ keys.T)
        dp = 2 * (p @ values) @ values.T
        return (p * (dp - (p * dp).sum(axis=1, keepdims=True))) @ keys

    return Problem(gradient, attention, (q, keys, values))


def beside_a_thousand(random: Generator) -> Problem:
    x = random.normal(size=4)

    def gradient(x: A) -> A:
        return ((x * x + 1000) - 1000) * 3

    return Problem(gradient, lambda x: (x**3).sum(), (x,))


def least_squares(beside: float) -> Callable[[Generator], Problem]:
    def made(random: Generator) -> Problem:
        X, w, y = random.normal(size=(50, 3)), random.normal(size=3), random.normal(size=50)

        def gradient(w: A, X: A, y: A) -> A:
            return (X.T @ (X @ w - y) + beside * w) - beside * w

        return Problem(gradient, lambda w, X, y: np.sum(np.square(X @ w - y)) / 2, (w, X, y))

    return made


IN_FLOAT32: list[tuple[Callable[[Generator], Problem], int]] = [
    (saturated_tanh, 59),
    (saturated_softmax, 3),
    (saturated_attention, 0),
    (beside_a_thousand, 0),
    (beside_a_thousand, 2),
]
IN_FLOAT64: list[tuple[Callable[[Generator], Problem], int]] = [
    (least_squares(1e8), 1),
    (least_squares(1e8), 58),
    (least_squares(1e9), 0),
    (least_squares(1e9), 2),
]


def check(
    case: tuple[Callable[[Generator], Problem], int],
    dtype: str,
    change: Callable[[A], A] = lambda found: found,
    loss: Any = None,
) -> Report:
    made, seed = case
    problem = made(np.random.default_rng(seed))
    return check_gradients(
        lambda *given: change(problem.gradient(*given)),
        *(array.astype(dtype) for array in problem.arguments),
        loss=loss or problem.loss,
        seed=seed,
    )


def rounds(report: Report) -> bool:
    return [note.kind for note in report.warnings if note.kind == "digits lost"] == ["digits lost"]


def with_one_entry_off(by: float) -> Callable[[A], A]:
    def change(found: A) -> A:
        found = found.copy()
        found.flat[np.abs(found).argmax()] *= 1 + by
        return found

    return change


@pytest.mark.untraced
@pytest.mark.parametrize("case", IN_FLOAT32)
def test_what_rounds_alike_in_float32_and_is_right_in_float64_is_rounding(case: Any) -> None:
    report = check(case, "float32")
    assert report.verdict == "match", report
    assert rounds(report)
    assert 1e-9 < (report.blocks[0].resolution or 0) < 1e-3


@pytest.mark.untraced
@pytest.mark.parametrize("by", [1e-5, 1e-3])
@pytest.mark.parametrize("case", IN_FLOAT32)
def test_a_mistake_is_in_float64_as_well(case: Any, by: float) -> None:
    report = check(case, "float32", with_one_entry_off(by))
    assert report.verdict == "mismatch", report


@pytest.mark.untraced
@needs_more
@pytest.mark.parametrize("case", IN_FLOAT64)
def test_in_float64_a_longer_format_of_the_machine_tells(case: Any) -> None:
    for loss in (None, squares):
        report = check(case, "float64", loss=loss)
        assert report.verdict == "match", report
        assert rounds(report)
        wrong = check(case, "float64", with_one_entry_off(1e-8), loss)
        assert wrong.verdict == "mismatch", wrong


def squares(w: Any, X: Any, y: Any) -> Any:
    """In PyTorch."""
    return 0.5 * ((X @ w - y) ** 2).sum(dim=0)


@pytest.mark.untraced
@pytest.mark.parametrize("narrow", [np.float32, np.float16])
def test_what_goes_through_a_narrower_format_does_so_in_a_wider_one_too(narrow: Any) -> None:
    def change(found: A) -> A:
        return found.astype(narrow).astype(found.dtype)

    assert check((least_squares(0), 1), "float64", change, squares).verdict == "mismatch"
    assert check((least_squares(0), 1), "float64", change).verdict != "match"


@needs_more
def test_less_than_half_of_the_digits_is_said_with_what_leaves_them() -> None:
    report = check((least_squares(1e11), 0), "float64")
    assert report.verdict == "inconclusive"
    assert "in float64 more than half of its digits are lost" in report.blocks[0].reason


def test_answers_that_are_kept_from_the_first_call_are_no_proof() -> None:
    """The wider call gets what was rounded in float32."""
    kept: list[A] = []
    case = beside_a_thousand(np.random.default_rng(0))

    def gradient(x: A) -> A:
        kept.append(case.gradient(x))
        return kept[0]

    report = check_gradients(gradient, case.arguments[0].astype("f4"), loss=case.loss)
    assert report.verdict == "mismatch"


def test_the_loss_that_is_returned_is_judged_alike() -> None:
    """One less a square that is one but for a unit or two."""
    x = np.array([6.5, -7.0], np.float32)

    def gradient(x: A) -> tuple[Any, A]:
        t = np.tanh(x)
        return (1 - t * t).sum(), -2 * np.tanh(x) / np.cosh(x) ** 2

    def loss(x: A) -> Any:
        return (1 / np.cosh(x) ** 2).sum()

    report = check_gradients(gradient, x, loss=loss)
    assert report.loss is not None
    assert report.loss.verdict != "mismatch", report
    wrong = check_gradients(lambda x: (1.01 * gradient(x)[0], gradient(x)[1]), x, loss=loss)
    assert wrong.loss is not None
    assert wrong.loss.verdict == "mismatch"


def test_formats_in_16_bits_have_no_half_to_lose() -> None:
    assert wider_than(BFLOAT16) is wider_than(of_dtype("f2")) is None
    assert wider_than(of_dtype("f4")) is np.float64
    assert wider_than(of_dtype("f8")) is (np.longdouble if HAS_MORE else None)


def test_what_is_left_in_the_wider_format_has_to_be_less() -> None:
    exact, tolerance, sizes = np.array([1.0, 2.0]), np.full(2, 1e-7), np.ones(2)

    def of(own: A, wide: A) -> A | None:
        return explained_by_rounding(InBoth(own, wide, 2.0**-29), exact, tolerance, sizes)

    own = exact + 1e-4
    right = of(own, exact + 1e-8)
    assert right is not None
    assert (np.abs(own - exact) <= right).all()
    assert (right <= 1.01e-4 + tolerance).all()
    for wide in (exact + 1e-4, exact + np.array([0, 2e-7]), exact * np.nan, exact[:1]):
        assert of(own, wide) is None
    # rounding that leaves no digit is no gradient
    assert of(exact * 1.2, exact) is None


def test_in_other_units_of_measurement_rounding_is_another() -> None:
    """The rounding of a large entry excuses no small one beside it, of a large parameter."""
    exact, sizes = np.array([1e-5, 1e14]), np.array([1e5, 1e-14])
    tolerance = 1e-15 * exact
    own = exact * (1 + 1e-13)
    for by, is_right in ((1.0, True), (1 + 1e-9, False)):
        wide = exact * np.array([by, 1.0])
        found = explained_by_rounding(InBoth(own, wide, 2.0**-11), exact, tolerance, sizes)
        assert (found is not None) is is_right
