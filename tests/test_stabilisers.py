"""A constant that keeps a loss finite and that the gradient leaves out is named, with its size."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from autograd_ref import check_gradients
from autograd_ref.recording.models.stabilisers import Constants, TorchModel
from autograd_ref.reference.model import Discrepancy
from autograd_ref.report.report import Report
from autograd_ref.tree.point import Point

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
W, X = RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(10, 4))
T = np.eye(3)[RANDOM.integers(0, 3, 10)]
LABELS = RANDOM.integers(0, 2, 10).astype(float)
V, TOWARDS = RANDOM.normal(size=5), RANDOM.normal(size=5)


def softmax_gradient(W: A, X: A, T: A) -> A:
    p = np.exp(X @ W.T)
    p /= p.sum(1, keepdims=True)
    return (p - T).T @ X / len(X)


def cross_entropy(constant: float) -> Any:
    def loss(W: Any, X: Any, T: Any) -> Any:
        return -(T * torch.log(torch.softmax(X @ W.T, 1) + constant)).sum(1).mean()

    return loss


def logistic_gradient(w: A, X: A, t: A) -> A:
    return X.T @ (1 / (1 + np.exp(-X @ w)) - t) / len(t)


def logistic(one: float, two: float) -> Any:
    def loss(w: Any, X: Any, t: Any) -> Any:
        s = torch.sigmoid(X @ w)
        return -(t * torch.log(s + one) + (1 - t) * torch.log(1 - s + two)).mean()

    return loss


def of_direction(x: A) -> A:
    n = np.linalg.norm(x)
    return TOWARDS / n - (TOWARDS @ x) * x / n**3


def of_standardised(x: A) -> A:
    centred = x - x.mean()
    s = np.sqrt((centred**2).mean())
    y = centred / s
    return (TOWARDS - TOWARDS.mean() - y * (TOWARDS * y).mean()) / s


def towards(made: Any) -> Any:
    return lambda x: (torch.from_numpy(TOWARDS) * made(x)).sum()


def rows_of_length_one(M: A) -> A:
    n = np.linalg.norm(M, axis=1, keepdims=True)
    return W / n - (W * M).sum(1, keepdims=True) * M / n**3


CASES: dict[str, tuple[Any, tuple[A, ...], Any, str]] = {
    "log(p + 1e-8)": (softmax_gradient, (W, X, T), cross_entropy(1e-8), "1e-08 in a logarithm"),
    "log(p + 1e-12)": (softmax_gradient, (W, X, T), cross_entropy(1e-12), "1e-12 in a logarithm"),
    "both logarithms": (
        logistic_gradient,
        (W[0], X, LABELS),
        logistic(1e-9, 1e-9),
        "1e-09 in a logarithm",
    ),
    "two constants": (
        logistic_gradient,
        (W[0], X, LABELS),
        logistic(1e-9, 1e-6),
        "1e-09 in a logarithm and 1e-06 in a logarithm are",
    ),
    "sqrt(v + 1e-8)": (
        lambda x: x / np.sqrt(x @ x),
        (V,),
        lambda x: torch.sqrt((x**2).sum() + 1e-8),
        "1e-08 in a root",
    ),
    "(v + 1e-8) ** 0.5, with a tensor": (
        lambda x: x / np.sqrt(x @ x),
        (V,),
        lambda x: (torch.tensor(1e-8) + (x**2).sum()) ** 0.5,
        "1e-08 in a root",
    ),
    "x / (n + 1e-6)": (
        of_direction,
        (V,),
        towards(lambda x: x / (x.norm() + 1e-6)),
        "1e-06 in a division",
    ),
    "1 / (n + 1e-6)": (
        lambda x: -2 * x / (x @ x) ** 2,
        (V,),
        lambda x: 1 / ((x**2).sum() + 1e-6),
        "1e-06 in a division",
    ),
    "through a new axis": (
        rows_of_length_one,
        (W[:, :4] + 1,),
        lambda M: (torch.from_numpy(W) * M / (M.norm(dim=1) + 1e-7)[:, None]).sum(),
        "1e-07 in a division",
    ),
    "standardised": (
        of_standardised,
        (V,),
        towards(lambda x: (x - x.mean()) / torch.sqrt(x.var(unbiased=False) + 1e-5)),
        "1e-05 in a root",
    ),
    "pairwise_distance": (
        lambda x: (x - TOWARDS) / np.linalg.norm(x - TOWARDS),
        (V,),
        lambda x: functional.pairwise_distance(x, torch.from_numpy(TOWARDS), 2.0, 1e-5),
        "eps=1e-05 of pairwise_distance",
    ),
    "layer_norm": (
        of_standardised,
        (V,),
        towards(lambda x: functional.layer_norm(x, (5,))),
        "eps=1e-05 of layer_norm",
    ),
    "layer_norm, eps given": (
        of_standardised,
        (V,),
        towards(lambda x: functional.layer_norm(x, (5,), None, None, 1e-6)),
        "eps=1e-06 of layer_norm",
    ),
    "layer_norm, eps by name": (
        of_standardised,
        (V,),
        towards(lambda x: functional.layer_norm(x, (5,), eps=1e-4)),
        "eps=0.0001 of layer_norm",
    ),
}


def named(report: Report) -> list[str]:
    return [cause.kind for cause in report.causes]


@pytest.mark.untraced
@pytest.mark.parametrize("case", CASES)
def test_the_constant_that_is_left_out_is_named_with_its_size(case: str) -> None:
    gradients, arguments, loss, said = CASES[case]
    report = check_gradients(gradients, *arguments, loss=loss)
    assert report.verdict == "mismatch", report
    assert named(report) == ["a constant left out"], report
    (cause,) = report.causes
    assert said in cause.explanation
    assert cause.before is not None
    assert cause.residual < cause.before / 100


@pytest.mark.traced("two constants", "log(p + 1e-12)", "pairwise_distance", "layer_norm")
@pytest.mark.parametrize("case", CASES)
def test_another_mistake_of_its_size_is_not_taken_for_it(case: str) -> None:
    gradients, arguments, loss, _said = CASES[case]

    def wrong(*arguments: Any) -> A:
        found = gradients(*arguments).copy()
        found.flat[-1] *= 1 + 1e-4
        return found

    report = check_gradients(wrong, *arguments, loss=loss)
    assert report.verdict == "mismatch", report
    assert named(report) == []


def test_the_gradient_with_its_constant_is_a_match() -> None:
    def with_constant(x: A) -> A:
        return x / np.sqrt(x @ x + 1e-8)

    loss = CASES["sqrt(v + 1e-8)"][2]
    assert check_gradients(with_constant, V, loss=loss).verdict == "match"


@pytest.mark.untraced
def test_it_is_named_beside_another_mistake() -> None:
    report = check_gradients(
        lambda *arguments: 10 * softmax_gradient(*arguments), W, X, T, loss=cross_entropy(1e-8)
    )
    assert named(report) == ["a constant left out + 1/S missing"], report


def test_a_constant_elsewhere_is_part_of_the_loss() -> None:
    """It is added to what is squared, multiplied or divided; dropping it would name a mistake."""
    for loss in (
        lambda x: ((x + 1e-3) ** 2).sum(),
        lambda x: ((x + 1e-3) / 3).sum() ** 2,
        lambda x: ((x.add(1e-3, alpha=2)) ** 2).sum(),
        lambda x: ((x + torch.full((5,), 1e-3)) ** 2).sum(),
        lambda x: torch.log((x + 0.5) ** 2 + 1.0).sum(),
    ):
        model = TorchModel(loss)
        assert list(model.hypotheses(Discrepancy(Point(V, ()), {}, {}, {}))) == []


def test_a_loss_that_fails_without_its_constant_has_no_such_gradient() -> None:
    def fragile(x: Any) -> Any:
        root = torch.sqrt((x * 0).sum() + 1e-8)
        if float(root.detach()) == 0:
            raise ZeroDivisionError
        return root + (x**2).sum()

    model = TorchModel(fragile)
    assert list(model.hypotheses(Discrepancy(Point(V, ()), {}, {}, {}))) == []

    def raises(_x: Any) -> Any:
        raise ValueError

    assert list(TorchModel(raises).hypotheses(Discrepancy(Point(V, ()), {}, {}, {}))) == []


def test_constants_are_numbered_as_they_are_met_and_dropped_by_number() -> None:
    x = torch.ones(2)
    with Constants() as seen:
        _ = torch.log(x + 1e-3) + torch.log(x + 1e-4)
        _ = torch.xlogy(x, 1e-5 + x)
    assert [one.value for one in seen.found.values()] == [1e-3, 1e-4, 1e-5]
    with Constants([2]):
        assert torch.equal(x + 1e-3, torch.full((2,), 1 + 1e-3))
        assert torch.equal(1e-4 + x, x)


def test_the_constant_of_a_loss_in_numpy_is_found_as_well() -> None:
    def cubes(x: Any) -> Any:
        return (np.sqrt(x**2 + 1e-6) ** 3).sum()

    (cause,) = check_gradients(lambda x: 3 * x * np.abs(x), V, loss=cubes).causes
    assert "the constant 1e-06 in a root is left out" in cause.explanation


def test_both_sides_agree_to_few_digits_where_the_constant_cannot_be_found() -> None:
    """Numbers that are taken out of an array show no operations; the report says what it may be."""

    def cubes(x: Any) -> Any:
        return sum((float(one) ** 2 + 1e-6) ** 1.5 for one in x)

    report = check_gradients(lambda x: 3 * x * np.abs(x), V, loss=cubes)
    assert report.verdict == "mismatch", report
    (note,) = [note for note in report.pattern if note.kind == "few digits"]
    assert "log(p + 1e-8)" in note.text


@pytest.mark.untraced
def test_few_digits_are_recognised_and_an_accuracy_is_proposed() -> None:
    def loss(w: Any) -> Any:
        return (w**3).sum()

    report = check_gradients(lambda w: 3 * w**2 * (1 + 1e-5 * np.cos(9 * w)), V, loss=loss)
    (note,) = [note for note in report.pattern if note.kind == "few digits"]
    assert "accuracy=1e-04" in note.text
    assert "solver" in note.text
    for wrong in (
        lambda w: 3 * w**2 + np.array([0, 0, 1e-5, 0, 0]),  # in one entry
        lambda w: 3 * w**2 * (1 + 0.1 * np.cos(9 * w)),  # by a tenth
    ):
        report = check_gradients(wrong, V, loss=loss)
        assert report.pattern
        assert "few digits" not in [note.kind for note in report.pattern]


@pytest.mark.untraced
def test_few_digits_are_recognised_where_the_error_is_not_much_above_its_tolerance() -> None:
    def loss(w: Any) -> Any:
        return (w**3).sum()

    w = V.astype(np.float32)
    for factor, said in ((2e-5, []), (2e-3, ["few digits"])):
        report = check_gradients(
            lambda w, factor=factor: 3 * w**2 * (1 + np.float32(factor) * np.cos(9 * w)),
            w,
            loss=loss,
        )
        assert report.verdict == "mismatch"
        assert [note.kind for note in report.pattern if note.kind == "few digits"] == said, report


@pytest.mark.untraced
def test_blocks_that_differ_by_more_are_no_approximation() -> None:
    def gradients(p: Any) -> Any:
        return {"a": 3 * p["a"] ** 2 * (1 + 1e-5 * np.cos(9 * p["a"])), "b": p["b"] ** 5}

    p = {"a": V, "b": V.copy()}
    report = check_gradients(gradients, p, loss=lambda p: (p["a"] ** 3).sum() + (p["b"] ** 4).sum())
    assert "few digits" not in [note.kind for note in report.pattern]

    def missing(p: Any) -> Any:
        return {"a": gradients(p)["a"]}

    report = check_gradients(missing, p, loss=lambda p: (p["a"] ** 3).sum() + (p["b"] ** 4).sum())
    assert "few digits" not in [note.kind for note in report.pattern]

    def of_another_shape(p: Any) -> Any:
        return {"a": gradients(p)["a"], "b": np.cos(np.arange(35.0)).reshape(5, 7)}

    report = check_gradients(of_another_shape, p, loss=lambda p: (p["a"] ** 3).sum())
    assert "few digits" not in [note.kind for note in report.pattern]


def after_steps(k: Any, n: int) -> Any:
    """Relaxation by n steps of Euler's method."""
    states = [1.0 + 0 * k[0]]
    for _step in range(n):
        states.append(states[-1] + (k[1] - k[0] * states[-1]) / n)
    return states


@pytest.mark.untraced
@pytest.mark.parametrize(("n", "said"), [(50, False), (200, True)])
def test_an_adjoint_that_is_off_by_one_index_is_no_accuracy_of_a_tenth(n: int, said: bool) -> None:
    def adjoint(k: Any, n: int) -> Any:
        states, found = after_steps(k, n), np.zeros(2)
        costate = 2 * (states[-1] - 0.3)
        for state in reversed(states[1:]):  # it needs to be the state before the step
            found += costate / n * np.array([-state, 1.0])
            costate *= 1 - k[0] / n
        return found

    report = check_gradients(
        adjoint, np.array([0.8, 0.5]), n, loss=lambda k, n: float(after_steps(k, n)[-1] - 0.3) ** 2
    )
    assert report.verdict == "mismatch"
    notes = [note.text for note in report.pattern if note.kind == "few digits"]
    assert bool(notes) is said
    assert "accuracy=1e-01" not in str(report)
    assert not said or "An index that is off by one on a fine grid looks alike" in notes[0]


def test_where_a_finding_explains_the_mismatch_no_accuracy_is_proposed() -> None:
    random = np.random.default_rng(0)
    report = check_gradients(
        lambda w: 2 * w * (1 + 1e-4 * random.normal(size=w.shape)), V, loss=lambda w: (w**2).sum()
    )
    assert [note.kind for note in report.harmful] == ["changes from call to call"]
    assert report.pattern
    assert "few digits" not in [note.kind for note in report.pattern]
