"""Steps, updated parameters and clipped gradients in the place of gradients: named in any model."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.diagnosis.relations.updates import UPDATES
from autograd_ref.report.report import Report

A = NDArray[Any]
Blocks = dict[str, A]
RANDOM = np.random.default_rng(0)
S = 10
X, Y = RANDOM.normal(size=(S, 3)), RANDOM.normal(size=(S, 4))
P: Blocks = {"A": RANDOM.normal(size=(4, 3)), "c": RANDOM.normal(size=4)}


def loss(p: Any, X: Any, Y: Any) -> Any:
    return 3 * ((X @ p["A"].T + p["c"] - Y) ** 2).sum(1).mean()


def right(p: Any, X: A, Y: A) -> Blocks:
    e = 6 * (X @ p["A"].T + p["c"] - Y) / X.dtype.type(len(X))
    return {"A": e.T @ X, "c": e.sum(0)}


def norm(*blocks: A) -> float:
    return float(np.sqrt(sum((b**2).sum() for b in blocks)))


def changed(change: Any) -> Any:
    def gradients(p: Any, X: A, Y: A) -> Any:
        found = right(p, X, Y)
        return {name: change(g, p[name], [*found.values()]) for name, g in found.items()}

    return gradients


NAMED: dict[str, tuple[str, Any, str]] = {
    "-rate g": ("a step", lambda g, t, _: -0.01 * g, "-0.01 times"),
    "-rate g, small": ("a step", lambda g, t, _: -3e-4 * g, "-0.0003 times"),
    "theta - rate g": ("updated parameters", lambda g, t, _: t - 0.01 * g, "minus 0.01 times"),
    "theta + rate g": ("updated parameters", lambda g, t, _: t + 0.05 * g, "plus 0.05 times"),
    "theta": ("the parameter itself", lambda g, t, _: t, "not its gradient"),
    "-S g": ("sign flipped + 1/S missing", lambda g, t, _: -S * g, "wrong sign"),
    "-2 g": ("sign flipped + twice", lambda g, t, _: -2 * g, "by a factor 2"),
    "-g/2": ("sign flipped + half", lambda g, t, _: -g / 2, "by a factor 2"),
    "sign": ("the sign of the gradient", lambda g, t, _: np.sign(g), "made of the signs"),
    "Adam": ("the sign of the gradient", lambda g, t, _: g / (np.abs(g) + 1e-8), "Adam"),
    "clipped": ("clipped", lambda g, t, _: np.clip(g, -1, 1), "at +-1"),
    "clipped at 0.7213": ("clipped", lambda g, t, _: np.clip(g, -0.7213, 0.7213), "+-0.7213"),
    "by the norm of each": (
        "clipped by its norm",
        lambda g, t, _: g / max(1, norm(g)),
        "its norm is 1",
    ),
    "by the norm of all": (
        "clipped by its norm",
        lambda g, t, all_: g * 2.5 / norm(*all_),
        "of all parameters together is 2.5",
    ),
    "as PyTorch clips": (
        "clipped by its norm",
        lambda g, t, all_: g * min(1, 1 / (norm(*all_) + 1e-6)),
        "of all parameters together is 1",
    ),
}


def kinds(report: Report) -> list[str]:
    return [cause.kind for cause in report.causes]


@pytest.mark.untraced
@pytest.mark.parametrize("case", NAMED)
def test_what_an_optimiser_makes_of_a_gradient_is_named(case: str) -> None:
    kind, change, said = NAMED[case]
    report = check_gradients(changed(change), P, X, Y, loss=loss)
    assert report.verdict == "mismatch"
    assert kinds(report)[0] == kind, report
    assert said in report.causes[0].explanation
    assert report.causes[0].residual < 1e-6


@pytest.mark.untraced
@pytest.mark.parametrize("case", ["-rate g", "theta - rate g", "clipped", "by the norm of all"])
def test_it_is_named_in_float32_as_well(case: str) -> None:
    kind, change, _said = NAMED[case]

    def gradients(p: Any, X: A, Y: A) -> Any:
        return {name: np.float32(g) for name, g in changed(change)(p, X, Y).items()}

    p = {name: block.astype("f4") for name, block in P.items()}
    report = check_gradients(gradients, p, X.astype("f4"), Y.astype("f4"), loss=loss)
    assert kinds(report)[0] == kind, report


def test_no_catalogue_injects_them() -> None:
    named = [relation for relation in UPDATES if relation.name in ("a step", "clipped")]
    around: Any = None
    assert [relation.variants(around) for relation in named] == [(), ()]


UNNAMED: dict[str, Any] = {
    "a factor that nobody types": lambda g, t, _: 0.32174123 * g,
    "a negative factor that nobody types": lambda g, t, _: -0.012345678 * g,
    "a factor of another size for each": lambda g, t, _: -0.01 * g.size * g,
    "clipped from above": lambda g, t, _: np.minimum(g, 0.31234),
    "signs with one wrong": lambda g, t, _: np.where(g == g.max(), -1, np.sign(g)),
    "theta and half of the gradient's square": lambda g, t, _: t - g**2 / 2,
}


@pytest.mark.untraced
@pytest.mark.parametrize("case", UNNAMED)
def test_what_is_something_else_is_not_called_that(case: str) -> None:
    report = check_gradients(changed(UNNAMED[case]), P, X, Y, loss=loss)
    assert report.verdict == "mismatch"
    assert not {*kinds(report)} & {kind for kind, *_others in NAMED.values()}, report


def test_where_few_digits_are_left_no_round_number_is_read_off() -> None:
    report = check_gradients(
        changed(lambda g, t, _: -0.0123 * g), P, X, Y, loss=loss, accuracy=1e-3
    )
    assert kinds(report) == ["a constant factor"], report


def test_a_divisor_with_a_sign_is_no_learning_rate() -> None:
    report = check_gradients(changed(lambda g, t, _: -g / S), P, X, Y, loss=loss)
    assert kinds(report)[0] == "sign flipped + 1/S twice", report


def test_one_number_in_the_place_of_a_bias_is_named() -> None:
    def summed(p: Any, X: A, Y: A) -> Any:
        found = right(p, X, Y)
        return {**found, "c": found["c"].sum()}

    report = check_gradients(summed, P, X, Y, loss=loss)
    assert kinds(report) == ["one number"]
    assert "the sum of all its entries" in report.causes[0].explanation
    report = check_gradients(
        lambda p, X, Y: {"A": 1.5 * right(p, X, Y)["A"], "c": summed(p, X, Y)["c"]},
        P,
        X,
        Y,
        loss=loss,
    )
    assert kinds(report) == ["a constant factor + one number"], report


def test_a_dot_product_for_an_outer_one_is_named() -> None:
    M, x, t = RANDOM.normal(size=(3, 3)), RANDOM.normal(size=3), RANDOM.normal(size=3)

    def gradients(M: A, x: A, t: A) -> Any:
        return np.dot(2 * (M @ x - t), x)

    def squares(M: Any, x: Any, t: Any) -> Any:
        return ((M @ x - t) ** 2).sum()

    report = check_gradients(gradients, M, x, t, loss=squares)
    assert kinds(report) == ["one number"]
    assert "np.dot gives for np.outer" in report.causes[0].explanation
    report = check_gradients(lambda *args: 1.1 * gradients(*args), M, x, t, loss=squares)
    assert kinds(report) == []


x = RANDOM.normal(size=5)
PLAIN: dict[str, tuple[float, Any, str | None]] = {
    # what is returned, as a multiple of the gradient, which is twice the parameter
    "3 x": (1.5, x, None),
    "1.1": (1.1, x, None),
    "0.7 of whole numbers": (0.7, np.array([3.0, 4.0, 5.0]), None),
    "0.7 of ones": (0.7, np.ones(4), None),
    "1.001": (1.001, x, None),
    "1.2342": (1.2342, x, None),
    "x - 0.1 g": (0.4, x, "minus 0.1 times"),
    "x - 0.01 g": (0.49, x, "minus 0.01 times"),
}


def squares(x: Any) -> Any:
    return (x**2).sum()


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", PLAIN)
def test_a_factor_is_said_first_where_the_gradient_is_proportional_to_the_parameter(
    case: str, dtype: Any
) -> None:
    factor, at, beside = PLAIN[case]
    report = check_gradients(lambda x: dtype(2 * factor) * x, at.astype(dtype), loss=squares)
    first, *others = report.causes
    assert first.kind == "a constant factor", report
    assert f"{factor:.4g}" in first.explanation or "1 + 0.001" in first.explanation
    assert [cause.kind for cause in others] == (["updated parameters"] if beside else [])
    assert all(beside in cause.explanation for cause in others if beside)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda x: x - 0.01 * 7.4 * x, "updated parameters"),
        (lambda x: x - 0.0123 * 7.4 * x, "updated parameters"),
        (lambda x: x, "the parameter itself"),
        (lambda x: 7.4 * x * 2.5 / np.linalg.norm(7.4 * x), "clipped by its norm"),
    ],
)
def test_a_number_that_nobody_types_as_a_factor_is_what_an_optimiser_makes(
    change: Any, kind: str
) -> None:
    report = check_gradients(change, x, loss=lambda x: 3.7 * squares(x))
    assert kinds(report) == [kind], report


def test_weight_decay_beside_a_factor_needs_a_number_that_people_type() -> None:
    report = check_gradients(lambda x: 7.4 * x + 0.01 * x, x, loss=lambda x: 3.7 * squares(x))
    assert kinds(report) == ["a constant factor", "weight decay"]


@pytest.mark.untraced
@pytest.mark.parametrize("factor", [1.5, 0.4, 0.52])
def test_of_one_or_two_entries_no_factor_is_read_off_by_another_name(factor: float) -> None:
    for at in (x[:1], x[:2]):
        report = check_gradients(lambda x: 2 * factor * x, at, loss=squares)
        assert kinds(report) == [], report


def test_a_learning_rate_shows_in_one_entry_as_well() -> None:
    report = check_gradients(lambda x: x - 0.01 * 4 * x**3, x[:1], loss=lambda x: (x**4).sum())
    assert kinds(report) == ["updated parameters"]


def test_beside_a_mistake_in_another_block_a_factor_is_a_factor() -> None:
    p = {"u": x, "v": x + 3}

    def gradients(p: Blocks) -> Blocks:
        return {"u": 3 * p["u"], "v": (4 * p["v"] ** 3)[::-1]}

    report = check_gradients(gradients, p, loss=lambda p: squares(p["u"]) + squares(p["v"] ** 2))
    assert "updated parameters" not in str(kinds(report))
    assert "weight decay" not in str(kinds(report))
    assert "off by a factor 1.5" in report.causes[0].explanation
