"""Called twice and elsewhere: what is told, what is accused, and what is left alone."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import check_gradients
from autograd_ref.check import trial_of
from autograd_ref.observe.observation import Observation
from autograd_ref.report.report import Report
from manual_backprop import Parameters, loss_and_gradients

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(7, 3)), RANDOM.normal(size=7)
W = RANDOM.normal(size=3)


def loss(w: Any, X: Any, y: Any) -> Any:
    return ((X @ w - y) ** 2).mean()


def right(w: A, X: A, y: A) -> A:
    return X.T @ (2 * (X @ w - y) / len(y))


def check(gradients: Any, loss: Any = loss, parameters: Any = W) -> Report:
    return check_gradients(gradients, parameters, X, Y, loss=loss)


def kinds(report: Report) -> list[str]:
    return [note.kind for note in (*report.findings, *report.warnings)]


class Counting:
    """A function that knows how often it has been called."""

    def __init__(self, change: Any) -> None:
        self.change, self.calls = change, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.change(self.calls, right(*arguments))


def test_another_structure_the_second_time_is_told_of_and_a_mismatch() -> None:
    report = check(Counting(lambda n, g: g if n == 1 else g[:2]))
    assert kinds(report) == ["changes from call to call"]
    assert "different structures or shapes" in report.findings[0].text
    assert (
        report.blocks[0].reason
        == "agrees at first, but the second call has shape (2,); it needs (3,)"
    )


@pytest.mark.untraced
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_loss_that_only_one_of_two_calls_returns_is_told_of_and_judged(
    *, first: bool, factor: float
) -> None:
    calls: list[int] = []

    def gradients(w: A, X: A, y: A) -> Any:
        calls.append(1)
        found = right(w, X, y)
        return (factor * loss(w, X, y), found) if (len(calls) == 1) is first else found

    report = check(gradients)
    assert report.loss is not None
    assert report.loss.verdict == report.verdict == ("match" if factor == 1 else "mismatch")
    assert report.blocks[0].verdict == "match"
    assert not report.passed
    assert [note.kind for note in report.findings] == ["changes from call to call"]
    assert "different structures or shapes" in report.findings[0].text


def test_another_dtype_the_second_time_is_told_of() -> None:
    report = check(Counting(lambda n, g: g if n == 1 else np.array(["text"] * 3)))
    assert kinds(report) == ["changes from call to call"]
    assert report.verdict == "mismatch"


def test_sums_in_another_order_from_call_to_call_are_no_fault() -> None:
    """As on several threads, or on a GPU."""
    report = check(Counting(lambda n, g: g * (1 + n * 2.0**-52)))
    assert report.verdict == "match"
    assert not kinds(report)


def test_a_loss_kept_from_the_first_call_is_a_mismatch_too() -> None:
    kept: list[float] = []

    def gradients(w: A, X: A, y: A) -> Any:
        kept.append(float(loss(w, X, y)))
        return kept[0], right(w, X, y)

    report = check(gradients)
    assert report.loss is not None
    assert report.loss.verdict == "mismatch"
    assert "with other parameters it differs" in report.loss.reason
    assert report.blocks[0].verdict == "match"


def test_a_gradient_that_is_no_number_elsewhere_is_a_mismatch() -> None:
    report = check(Counting(lambda n, g: g if n < 3 else g.astype(object)))
    assert report.blocks[0].reason == (
        "agrees here, but with other parameters it has dtype object; it needs float64"
    )


def test_what_overflows_elsewhere_only_is_a_warning() -> None:
    report = check(Counting(lambda n, g: g if n < 3 else g * np.inf))
    assert report.verdict == "match"
    assert kinds(report) == ["overflows elsewhere", "overflows elsewhere"]
    assert "Called with other parameters, of which the largest is" in report.warnings[0].text


def test_a_loss_that_overflows_elsewhere_only_is_a_warning_too() -> None:
    """As 0 ln 0 is, where a textbook softmax underflows; its gradient is right."""
    calls: list[int] = []

    def gradients(w: A) -> tuple[float, A]:
        calls.append(1)
        return float((w**2).sum()) if len(calls) < 3 else float("nan"), 2 * w

    report = check_gradients(gradients, np.ones(3), loss=lambda w: (w**2).sum())
    assert report.verdict == "match", report
    assert kinds(report) == ["overflows elsewhere"]


def test_what_raises_with_other_data_is_a_warning() -> None:
    def raises(n: int, g: A) -> A:
        if n > 2:
            raise ZeroDivisionError("mine")
        return g

    report = check(Counting(raises))
    assert report.verdict == "match"
    assert kinds(report) == ["fails in some calls", "raises elsewhere"]
    assert "Called with other data, it raised ZeroDivisionError: mine" in report.warnings[0].text


@pytest.mark.parametrize("fails", [True, False])
def test_outside_the_domain_of_the_loss_nobody_is_judged(*, fails: bool) -> None:
    """The other parameters are smaller; this loss is not defined for them."""

    def above_w(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        if fails and bool((w.detach() < torch.from_numpy(W0)).any()):
            raise ValueError("outside")
        return loss(w, X, y) + torch.log(1e-3 + w - torch.from_numpy(W0)).sum()

    W0 = np.array([1.0, 2.0, 0.5])
    calls: list[A] = []

    def gradients(w: A, X: A, y: A) -> A:
        calls.append(w)
        return right(w, X, y) + 1 / (1e-3 + w - W0)

    report = check(gradients, above_w, W0)
    assert report.verdict == "match", report
    assert all(np.array_equal(w, W0) for w in calls)
    assert not kinds(report)


def test_data_that_may_not_be_rearranged_are_a_warning_only() -> None:
    """A general loss: the function under test relies on its data being sorted."""
    times = np.linspace(0, 1, 9)

    def squares(w: Any, t: Any) -> Any:
        return w * (t * t).sum()

    def sorted_squares(w: A, t: A) -> A:
        return np.asarray((t * t).sum() if t[-1] == 1 else 0 * w)

    report = check_gradients(sorted_squares, np.array(0.7), times, loss=squares)
    assert report.verdict == "match"
    assert kinds(report) == ["depends on the order of the data"]


def test_a_symmetric_or_triangular_parameter_remains_so() -> None:
    """A derivation may rely on it, and is right for all parameters that there are."""
    matrix = RANDOM.normal(size=(4, 4))
    symmetric, lower = matrix @ matrix.T + np.eye(4), np.tril(matrix) + 3 * np.eye(4)

    def log_det(p: Any) -> Tensor:
        return torch.linalg.slogdet(p["S"]).logabsdet + torch.log(torch.diagonal(p["L"])).sum()

    def gradients(p: Any) -> Any:
        # not transposed, and the determinant of a triangle
        return {"S": np.linalg.inv(p["S"]), "L": np.diag(1 / np.diag(p["L"]))}

    report = check_gradients(gradients, {"S": symmetric, "L": lower}, loss=log_det)
    assert report.verdict == "match", report


def test_nothing_is_asked_elsewhere_that_could_not_become_worse() -> None:
    function = Counting(lambda _n, g: 2 * g)
    report = check(function)
    assert report.verdict == "mismatch"
    assert function.calls < 40


def two_squares(p: Any) -> Any:
    return (p["a"] ** 2).sum() + (p["b"] ** 2).sum()


PAIR = {"a": np.array([1.0, -2.0, 0.5]), "b": np.array([1.0, -2.0, 0.5])}


def test_a_block_that_is_wrong_anyway_does_not_hide_another_that_is_kept() -> None:
    kept = PAIR["b"].copy()
    report = check_gradients(lambda p: {"a": 3 * p["a"], "b": 2 * kept}, PAIR, loss=two_squares)
    assert [block.verdict for block in report.blocks] == ["mismatch", "mismatch"]
    assert "with other parameters" in report.blocks[1].reason


def test_only_what_doubles_as_a_whole_accumulates() -> None:
    calls = iter([1, 2, 1, 2, 1, 2, 1, 2])

    def gradients(p: Any) -> Any:
        call = next(calls, 1)
        return {"a": 2 * call * p["a"], "b": 2 * (2 * call - 1) * p["b"]}

    kinds = [note.kind for note in check_gradients(gradients, PAIR, loss=two_squares).findings]
    assert kinds == ["changes from call to call"]


def test_what_is_wrong_at_once_does_not_agree_at_first() -> None:
    calls: list[int] = []

    def gradients(p: Any) -> Any:
        calls.append(1)
        first = len(calls) == 1
        return {"a": (3 if first else 5) * p["a"], "b": 2 * p["b"] * (1 if first else 4)}

    report = check_gradients(gradients, PAIR, loss=two_squares)
    assert "agree" not in report.blocks[0].reason
    assert report.blocks[1].reason.startswith("agrees")


def test_the_map_shows_where_a_later_call_is_wrong() -> None:
    calls: list[int] = []

    def gradients(w: Any) -> Any:
        calls.append(1)
        return 2 * w * (1 if len(calls) < 3 else 2)

    report = check_gradients(gradients, PAIR["a"], loss=lambda w: (w**2).sum())
    assert report.verdict == "mismatch"
    assert report.shares["gradient"].max() > 1


def test_gradients_added_up_over_calls_are_told_of() -> None:
    kept = {"a": np.zeros(3), "b": np.zeros(3)}

    def gradients(p: Any) -> Any:
        for name in kept:
            kept[name] = kept[name] + 2 * p[name]
        return dict(kept)

    report = check_gradients(gradients, PAIR, loss=two_squares)
    assert "accumulates" in [note.kind for note in report.findings]
    assert report.verdict == "mismatch"


def test_two_gradients_in_one_array_are_told_of() -> None:
    def gradients(p: Any) -> Any:
        both = 2 * np.concatenate([p["a"], p["b"][-1:]])
        return {"a": both[:2], "b": both[1:]}

    same = {"a": np.ones(2), "b": np.ones(2)}
    report = check_gradients(gradients, same, loss=two_squares)
    assert [note.kind for note in report.findings] == ["gradients share memory"]


def test_saturated_units_are_a_weakness_of_the_check() -> None:
    p = Parameters(np.full((2, 3), 9.0), np.full(2, 40.0), np.eye(2), np.zeros(2))
    for b0, expected in ((40.0, True), (-9.0, False)):
        at = p._replace(b0=np.full(2, b0))
        report = check_gradients(loss_and_gradients, at, np.abs(X[:, :3]), np.arange(len(X)) % 2)
        assert ("saturated units" in [note.kind for note in report.warnings]) is expected


def test_the_seed_decides_what_the_other_parameters_are() -> None:
    def visited(seed: int) -> A:
        calls: list[A] = []

        def gradients(w: A, X: A, y: A) -> A:
            calls.append(w.copy())
            return right(w, X, y)

        _ = check_gradients(gradients, W, X, Y, loss=loss, seed=seed)
        assert np.array_equal(calls[0], calls[1])
        return calls[2]

    assert np.array_equal(visited(1), visited(1))
    assert not np.array_equal(visited(0), visited(1))


@pytest.mark.parametrize(("steps", "near"), [(0, True), (2, False)])
def test_in_float16_half_of_the_digits_are_not_enough_to_be_near(steps: int, near: bool) -> None:
    """Two units in the last place are 2e-3, and the root of a unit is 2e-2."""

    def gradients(w: A) -> A:
        return 2 * w * np.float16(1 + steps * 2.0**-10)

    at = np.ones(3, np.float16)
    trial = trial_of(gradients, at, (), lambda w: (w**2).sum())
    assert Observation(trial, trial.call(), repeatable=True).is_near([()], loss=True) is near


@pytest.mark.parametrize("again", [2, 3, 4])
def test_a_result_that_any_later_call_writes_to_is_told_of(again: int) -> None:
    buffer, calls = np.zeros(3), list[int]()

    def gradients(w: A, X: A, y: A) -> A:
        calls.append(1)
        if len(calls) not in (1, again):
            return right(w, X, y)
        buffer[:] = right(w, X, y)
        return buffer

    report = check_gradients(gradients, W, X, Y, loss=loss)
    assert report.verdict == "match"
    assert kinds(report) == ["reuses its result"]


def test_a_block_that_stays_while_another_doubles_is_no_accumulation() -> None:
    calls: list[int] = []

    def gradients(p: Any) -> Any:
        calls.append(1)
        return {"a": 2 * p["a"] * (2 if len(calls) == 2 else 1), "b": 2 * p["b"]}

    assert kinds(check_gradients(gradients, PAIR, loss=two_squares)) == [
        "changes from call to call"
    ]


@pytest.mark.parametrize("first", [True, False])
def test_a_block_that_only_one_of_two_calls_returns_is_told_of(*, first: bool) -> None:
    calls: list[int] = []

    def gradients(p: Any) -> Any:
        calls.append(1)
        whole = (len(calls) == 1) is first
        return {"a": 2 * p["a"], **({"b": 2 * p["b"]} if whole else {})}

    report = check_gradients(gradients, PAIR, loss=two_squares)
    assert "different structures or shapes" in report.findings[0].text
    assert report.blocks[1].verdict == "mismatch"


def test_a_sum_kept_in_one_array_is_told_of_as_it_was_at_each_call() -> None:
    total = np.zeros(3)

    def gradients(w: A) -> A:
        total[:] += 2 * w
        return total

    report = check_gradients(gradients, PAIR["a"], loss=lambda w: (w**2).sum())
    assert [note.kind for note in report.findings] == ["accumulates", "reuses its result"]


def test_data_that_are_not_numbers_everywhere_are_not_changed_by_it() -> None:
    gaps = np.where(X > 1, np.nan, X)
    assert np.isnan(gaps).any()

    def filled(w: Tensor, X: Tensor) -> Tensor:
        return ((torch.nan_to_num(X) @ w) ** 2).sum()

    def gradients(w: A, X: A) -> A:
        F = np.nan_to_num(X)
        return 2 * F.T @ (F @ w)

    report = check_gradients(gradients, W, gaps, loss=filled)
    assert report.verdict == "match", report
    assert not kinds(report)


def test_the_gradient_by_a_number_of_pythons_is_a_float() -> None:
    report = check_gradients(lambda a: 2, 1.0, loss=lambda a: a**2)
    assert report.blocks[0].reason.startswith("has dtype int64; it needs float64")
    assert check_gradients(lambda a: 2.0 * a, 1.0, loss=lambda a: a**2).verdict == "match"


def test_a_cause_explains_what_was_returned_and_not_what_its_buffer_holds_later() -> None:
    held = {"a": np.zeros(3), "b": np.zeros(3)}

    def gradients(p: Any) -> Any:
        held["a"][:], held["b"][:] = 4 * p["a"], 2 * p["b"]
        return held

    report = check_gradients(gradients, PAIR, loss=two_squares)
    assert [note.kind for note in report.findings] == ["reuses its result"]
    assert [cause.kind for cause in report.causes] == ["twice"]


def test_a_first_call_is_judged_by_what_it_returned_though_the_second_writes_to_it() -> None:
    total = np.zeros(3)

    def gradients(w: A) -> A:
        total[:] += 2 * w
        return total

    report = check_gradients(gradients, PAIR["a"], loss=lambda w: (w**2).sum())
    assert report.blocks[0].reason.startswith("agrees at first, but the second call differs")
    assert report.causes == ()
