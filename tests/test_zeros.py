"""Zeros: judged by the terms that cancel in them, and a match where zero is what is right."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from autograd_ref import check_gradients
from autograd_ref.report.report import Report
from autograd_ref.rounding.terms import by_terms
from tests.undiagnosed import undiagnosed

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
X, Y, LABELS = RANDOM.normal(size=(20, 3)), RANDOM.normal(size=20), RANDOM.integers(0, 4, 20)
P = {"W": RANDOM.normal(size=(3, 4)), "b": RANDOM.normal(size=4), "v": RANDOM.normal(size=4)}


def verdicts(report: Report) -> dict[str, str]:
    return {block.name: block.verdict for block in report.blocks}


def first_squared(x: Any) -> Any:
    return x[0] ** 2


@pytest.mark.parametrize(
    ("dust", "verdict"),
    [(0.0, "match"), (1.4e-17, "match"), (-1e-16, "match"), (1e-13, "mismatch"), (1, "mismatch")],
)
def test_what_is_exactly_zero_may_be_off_by_the_rounding_of_what_is_not(
    dust: float, verdict: str
) -> None:
    at = np.array([0.7, 0.3])
    report = check_gradients(lambda x: np.array([2 * x[0], dust]), at, loss=first_squared)
    assert report.verdict == verdict, report


@pytest.mark.parametrize(("dust", "verdict"), [(1e-16, "match"), (1e-9, "mismatch")])
def test_rows_that_are_not_looked_up_likewise(dust: float, verdict: str) -> None:
    def gradients(E: A, rows: A) -> A:
        found = np.full_like(E, dust)
        np.add.at(found, rows, 2 * E[rows])
        return found

    report = check_gradients(
        gradients, P["W"], np.array([0, 2, 2]), loss=lambda E, rows: (E[rows] ** 2).sum()
    )
    assert report.verdict == verdict, report


def test_a_parameter_that_is_not_used_may_have_dust_and_is_not_confirmed() -> None:
    def used(p: Any) -> Any:
        return p["a"] ** 2

    found = {
        dust: verdicts(
            check_gradients(
                lambda p, dust=dust: {"a": 2 * p["a"], "b": np.array(dust)},
                {"a": np.array(0.7), "b": np.array(0.3)},
                loss=used,
            )
        )
        for dust in (0.0, 5.6e-17, 1e-8)
    }
    assert [verdict["b"] for verdict in found.values()] == ["inconclusive"] * 2 + ["mismatch"]


@pytest.mark.parametrize(("error", "verdict"), [(0, "match"), (1e-6, "mismatch")])
def test_a_tiny_entry_beside_large_ones_is_judged_by_its_own_rounding(
    error: float, verdict: str
) -> None:
    scales = np.array([1.0, 1e-20, 1e-12, 1e8])

    def loss(x: Any) -> Any:
        return (torch.as_tensor(scales) * x**3).sum()

    right, at = np.array([0, error, 0, 0]), np.linspace(1, 2, 4)
    report = check_gradients(lambda x: 3 * scales * x**2 * (1 + right), at, loss=loss)
    assert report.verdict == verdict, report


def normalised(p: Any, X: Any, y: Any) -> Any:
    """For arrays and tensors alike."""
    z = X @ p["W"] + p["b"]
    centred = z - z.mean(0)
    a = centred / ((centred**2).mean(0) + 1e-5) ** 0.5
    return ((a**3 @ p["v"] - y) ** 2).mean()


def fused(p: Any, X: Any, y: Any) -> Any:
    a = functional.batch_norm(X @ p["W"] + p["b"], None, None, training=True)
    return ((a**3 @ p["v"] - y) ** 2).mean()


def by_numpy(p: Any, X: A, y: A) -> float:
    return float(np.asarray(normalised({k: np.asarray(v) for k, v in p.items()}, X, y)))


def by_hand(p: Any, X: A, y: A) -> Any:
    z, n = X @ p["W"] + p["b"], len(X)
    centred = z - z.mean(0)
    per_deviation = ((centred**2).mean(0) + z.dtype.type(1e-5)) ** -0.5
    a = centred * per_deviation
    delta = 3 * a**2 * np.outer(2 * (a**3 @ p["v"] - y) / n, p["v"])
    dz = per_deviation * (delta - delta.mean(0) - a * (delta * a).mean(0))
    return {"W": X.T @ dz, "b": dz.sum(0), "v": a.T**3 @ (2 * (a**3 @ p["v"] - y) / n)}


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("loss", "b", "verdict"),
    [
        (normalised, None, "match"),
        (fused, None, "match"),
        (fused, 0.0, "match"),
        (by_numpy, None, "match"),
        (normalised, 1e-8, "mismatch"),
        (fused, 0.1, "mismatch"),
    ],
)
def test_a_bias_before_a_batch_norm_has_no_effect(loss: Any, b: float | None, verdict: str) -> None:
    def gradients(*arguments: Any) -> Any:
        found = by_hand(*arguments)
        return found if b is None else {**found, "b": np.full(4, b)}

    report = undiagnosed(gradients, P, X, Y, loss=loss)
    assert verdicts(report) == {"W": "match", "b": verdict, "v": "match"}, report
    notes = [note.text for note in report.warnings if note.kind == "no effect"]
    assert len(notes) == (verdict == "match")
    assert all(text.startswith("b has no effect on the loss: its gradient is") for text in notes)
    assert (report.blocks[1].resolution is None) == (verdict == "match")
    assert np.isfinite(report.blocks[0].resolution or np.inf)


@pytest.mark.untraced
def test_nor_does_it_in_float32_or_where_it_is_the_only_parameter() -> None:
    narrow = {name: values.astype("f4") for name, values in P.items()}
    report = check_gradients(by_hand, narrow, X.astype("f4"), Y.astype("f4"), loss=normalised)
    assert report.verdict == "match", report
    fixed = {name: torch.as_tensor(values) for name, values in P.items()}
    report = check_gradients(
        lambda b, X, y: by_hand({**P, "b": b}, X, y)["b"],
        P["b"],
        X,
        Y,
        loss=lambda b, X, y: normalised({**fixed, "b": b}, X, y),
    )
    assert report.verdict == "match", report
    assert "no block can be off" not in str(report)


def columns_normalised(p: Any, X: A, G: A) -> Any:
    """A student's: the terms of both gradients cancel, those by b to nothing."""
    z = X * p["w"] + p["b"]
    return np.sum((z - z.mean(0)) / np.sqrt(z.var(0) + 1e-3) * G)


def by_columns(p: Any, X: A, G: A) -> Any:
    z = X * p["w"] + p["b"]
    deviation = np.sqrt(z.var(0) + 1e-3)
    unit = (z - z.mean(0)) / deviation
    dz = (G - G.mean(0) - unit * (G * unit).mean(0)) / deviation
    return {"w": (dz * X).sum(0), "b": dz.sum(0)}


@pytest.mark.traced("1")
@pytest.mark.parametrize("seed", range(4))
def test_what_cancels_to_noise_is_zero_by_a_numerical_derivative_too(seed: int) -> None:
    """The noise of a rest is large beside the rest, and nothing beside the terms."""
    r = np.random.default_rng(seed)
    p = {"w": r.uniform(0.5, 2, 3), "b": r.normal(size=3)}
    X, G = r.normal(size=(2, 7, 3))
    report = check_gradients(by_columns, p, X, G, loss=columns_normalised)
    assert report.verdict == "match", report
    assert "no effect" in {note.kind for note in report.warnings}
    noise = np.random.default_rng(0)

    def noisy(p: Any, X: A, G: A) -> Any:
        return {**by_columns(p, X, G), "b": 1e-6 * noise.normal(size=3)}

    def off(p: Any, X: A, G: A) -> Any:
        return {**by_columns(p, X, G), "b": np.full(3, 1e-9)}

    assert check_gradients(noisy, p, X, G, loss=columns_normalised).verdict != "match"
    assert check_gradients(off, p, X, G, loss=columns_normalised).verdict == "mismatch"


def test_a_parameter_that_no_value_depends_on_is_told_from_one_that_cancels() -> None:
    def loss(p: Any) -> Any:
        return np.sum(np.exp(np.asarray(p["a"])))

    at = {"a": np.array([0.3, 0.7]), "unused": np.array([1.0, 2.0])}
    for dust in (0.0, 1e-17):
        report = check_gradients(
            lambda p, dust=dust: {"a": np.exp(p["a"]), "unused": np.full(2, dust)}, at, loss=loss
        )
        assert verdicts(report) == {"a": "match", "unused": "inconclusive"}, report


@pytest.mark.untraced
def test_a_shift_of_all_scores_and_of_all_keys_have_none_either() -> None:
    def scores(p: Any, X: Any, labels: Any) -> Any:
        return functional.cross_entropy(X @ p["W"] + p["c"], labels) + p["c"] * 0

    def gradients(p: Any, X: A, labels: A) -> Any:
        z = np.exp(X @ p["W"] + p["c"])
        e = (z / z.sum(1, keepdims=True) - np.eye(4)[labels]) / len(labels)
        return {"W": X.T @ e, "c": e.sum()}

    shifted = {"W": P["W"], "c": np.array(0.4)}
    report = check_gradients(gradients, shifted, X, LABELS, loss=scores)
    assert report.verdict == "match", report
    wrong = check_gradients(
        lambda *a: {**gradients(*a), "c": np.array(1e-9)}, shifted, X, LABELS, loss=scores
    )
    assert verdicts(wrong) == {"W": "match", "c": "mismatch"}


def one_output(W: Any, X: Any, labels: Any) -> Any:
    return functional.cross_entropy(X @ W, labels)


@pytest.mark.parametrize(
    ("loss", "parameters", "data"),
    [
        (one_output, P["W"][:, :1], (X, 0 * LABELS)),
        (lambda x: torch.softmax(x, 0).sum(), P["b"], ()),
        (lambda W, X: torch.relu(X @ W - 1e3).sum(), P["W"], (X,)),
        (lambda w, X: ((X @ w) ** 2).sum(), P["W"][:, 0], (0 * X,)),
        (lambda w: 0 * w.sum(), P["b"], ()),
    ],
    ids=["one output", "constant", "dead units", "no data", "not used"],
)
def test_where_no_term_could_have_shown_anything_nothing_is_confirmed(
    loss: Any, parameters: A, data: tuple[A, ...]
) -> None:
    report = check_gradients(lambda w, *_data: 0 * w, parameters, *data, loss=loss)
    assert report.verdict == "inconclusive", report


@pytest.mark.parametrize("scale", [1e-250, 1e250])
def test_numbers_whose_squares_are_none_are_not_zero(scale: float) -> None:
    report = check_gradients(
        lambda x: 2 * scale * x, np.array([1.0, 2.0]), loss=lambda x: scale * (x**2).sum()
    )
    assert report.verdict == "match"
    assert "no effect" not in [note.kind for note in report.warnings]


def residuals(w: Any, X: Any, y: Any) -> Any:
    return 0.5 * ((X @ w - y) ** 2).sum()


def test_at_a_minimum_the_terms_cancel_and_elsewhere_they_do_not() -> None:
    best = np.linalg.lstsq(X, Y, rcond=None)[0]
    report = check_gradients(lambda w, X, y: X.T @ (X @ w - y), best, X, Y, loss=residuals)
    assert report.verdict == "match", report
    [block] = report.blocks
    assert block.resolution is not None, "it says what was seen, which was elsewhere"
    assert block.resolution < 1e-12
    half = check_gradients(lambda w, X, y: X.T @ (X @ w - y) / 2, best, X, Y, loss=residuals)
    assert half.verdict == "mismatch"


def test_only_what_is_zero_takes_the_size_of_others() -> None:
    exact, own = np.array([2.0, 1e-9, 1e-30, 0.0]), np.array([1e-16, 1e-20, 1e-29, 0.0])
    assert by_terms(exact, own, 1e-15, 7.0).tolist() == [1e-16, 1e-20, 2e-15, 2e-15]
    assert by_terms(0 * exact, own, 1e-15, 7.0).tolist() == pytest.approx([7e-15] * 4)
    coarse = by_terms(exact, own + 1e-3, 1e-15, 7.0)
    assert coarse.tolist() == (own + 1e-3).tolist(), "and is allowed no less than its own"


def bowl(x: Any) -> Any:
    return ((x - 1) ** 2).sum()


def bowl_in_numpy(x: A) -> float:
    return float(np.sum((x - 1) ** 2))


LEAST = np.linalg.lstsq(X, Y, rcond=None)[0]


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("loss", "gradients", "at"),
    [
        (bowl, lambda x: 2 * (x - 1), np.ones(3)),
        (bowl_in_numpy, lambda x: 2 * (x - 1), np.ones(3)),
        (lambda x: x[0] * x[1], lambda x: [x[1], x[0]], [0.0, 0.0]),
        (lambda x: -math.cos(x), math.sin, 0.0),
        (
            lambda x: x[0] ** 2 + math.sin(x[1]),
            lambda x: [2 * x[0], math.cos(x[1])],
            [1, np.pi / 2],
        ),
        (lambda w: ((X @ w - Y) ** 2).sum(), lambda w: 2 * X.T @ (X @ w - Y), LEAST),
        (
            lambda p: (p[0] - 1) ** 2 * p[1],
            lambda p: [2 * (p[0] - 1) * p[1], (p[0] - 1) ** 2],
            [1.0, 2.0],
        ),
    ],
)
@pytest.mark.parametrize("wrong", [0, 1e-6])
def test_what_is_zero_here_and_not_elsewhere_is_judged_elsewhere(
    loss: Any, gradients: Any, at: Any, wrong: float
) -> None:
    """A minimum, a saddle, a zero of one slope; and a factor that is seen elsewhere alone."""

    def scaled(x: Any) -> Any:
        found = gradients(x)
        by = 1 + wrong
        return [by * one for one in found] if isinstance(found, list) else by * found

    report = check_gradients(scaled, at, loss=loss)
    assert report.verdict == ("mismatch" if wrong else "match"), report
    kinds = [note.kind for note in report.warnings]
    assert ("zero here" in kinds) == (not wrong)
    assert "zero reference" not in kinds or wrong


def test_what_is_zero_here_by_a_reference_that_is_wrong_elsewhere_is_not_confirmed() -> None:
    report = check_gradients(lambda x: x, np.zeros(3), loss=lambda x: (x.detach() * x).sum())
    assert report.verdict == "inconclusive", report


def test_a_kink_here_is_not_decided_elsewhere() -> None:
    """Any slope from -1 to 1 is right at zero, and 1.5 is not: elsewhere says nothing of it."""
    report = check_gradients(
        lambda x: np.where(x == 0, 0.9, np.sign(x)), np.zeros(3), loss=lambda x: np.abs(x).sum()
    )
    assert report.verdict == "inconclusive", report


def test_without_calls_elsewhere_a_minimum_stays_open() -> None:
    report = check_gradients(lambda x: 2 * (x - 1), np.ones(3), loss=bowl, elsewhere=False)
    assert report.verdict == "inconclusive", report


def shifted_softmax(p: Any, X: A, labels: A) -> float:
    z = X @ p["W"] + p["c"]
    z = z - z.max(axis=1, keepdims=True)
    return float((np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]).mean())


def by_hand_shifted(p: Any, X: A, labels: A) -> Any:
    z = np.exp(X @ p["W"] + p["c"])
    d = (z / z.sum(axis=1, keepdims=True) - np.eye(4)[labels]) / len(X)
    return {"W": X.T @ d, "c": d.sum()}


@pytest.mark.untraced
@pytest.mark.parametrize("n", [4, 7, 20])
@pytest.mark.parametrize(("wrong", "verdict"), [(0, "match"), (1e-9, "mismatch")])
def test_a_numerical_derivative_of_exactly_zero_has_terms_where_the_loss_rounds(
    n: int, wrong: float, verdict: str
) -> None:
    def gradients(p: Any, X: A, labels: A) -> Any:
        found = by_hand_shifted(p, X, labels)
        return {**found, "c": found["c"] + wrong}

    parameters = {"W": P["W"], "c": np.array(0.3)}
    report = check_gradients(gradients, parameters, X[:n], LABELS[:n], loss=shifted_softmax)
    assert report.verdict == verdict, report
    if not wrong:
        assert [note.kind for note in report.warnings] == ["no effect"]


@pytest.mark.parametrize(
    "loss",
    [
        lambda p: float(p["a"] ** 2),
        lambda p: float(p["a"] ** 2 + np.floor(p["c"] / 8)),
        lambda p: float(p["a"] ** 2 + max(p["c"] - 9.0, 0.0)),
    ],
)
def test_where_the_loss_does_not_even_round_nothing_is_confirmed(loss: Any) -> None:
    report = check_gradients(lambda p: {"a": 2 * p["a"], "c": 0.0}, {"a": 0.7, "c": 1.3}, loss=loss)
    assert verdicts(report) == {"a": "match", "c": "inconclusive"}


def rayleigh(x: Any, c: Any) -> Any:
    return (x @ c) ** 2 / (x @ x)


def cosine(x: Any, c: Any) -> Any:
    return 1 - (x @ c) / ((x @ x) * (c @ c)) ** 0.5


def of_directions(x: Any, c: Any) -> Any:
    return ((x / (x @ x) ** 0.5 - c / (c @ c) ** 0.5) ** 2).sum()


def of_shares(x: Any, c: Any) -> Any:
    return ((x**2 / (x**2).sum() - c**2 / (c**2).sum()) ** 2).sum()


def of_correlation(x: Any, c: Any) -> Any:
    a, b = x - x.mean(), c - c.mean()
    return (a @ b) / ((a @ a) * (b @ b)) ** 0.5


def in_arrays(loss: Any) -> Any:
    def of_arrays(x: Any, c: Any) -> Any:
        if not isinstance(x, np.ndarray):
            raise TypeError("arrays only")
        return loss(x, c)

    return of_arrays


LOSSES = rayleigh, cosine, of_directions, of_shares, of_correlation
OPTIMA = [(loss, at, False) for loss in LOSSES for at in ([1.0, 2.0, -0.5], [0.0, 0.0, 3.0, 0.0])]
OPTIMA += [(loss, [1.0, 2.0, -0.5], True) for loss in LOSSES]


@pytest.mark.untraced
@pytest.mark.parametrize(("loss", "at", "numerical"), OPTIMA)
def test_where_all_multiples_have_a_gradient_of_zero_others_decide(
    loss: Any, at: list[float], *, numerical: bool
) -> None:
    """A loss of directions alone, at its optimum: twice its gradient is zero as well."""
    c = np.array(at)

    def gradient(x: A, c: A) -> A:
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        (found,) = torch.autograd.grad(loss(leaf, torch.tensor(c)), [leaf])
        return found.numpy()

    given = in_arrays(loss) if numerical else loss
    report = check_gradients(gradient, c.copy(), c, loss=given)
    assert report.verdict == "match", report
    assert [n.kind for n in report.warnings if n.kind in ("no effect", "zero here")] == [
        "zero here"
    ]
    for factor in (2.0, 1 + 1e-3):
        report = undiagnosed(lambda x, c, f=factor: f * gradient(x, c), c.copy(), c, loss=given)
        assert report.verdict == "mismatch", report


def test_nor_do_multiples_of_what_is_equal_decide() -> None:
    """A variance at equal entries, and a matrix that stays symmetric."""
    equal, both = np.full(4, 1.5), np.array([[2.0, 1.0], [1.0, 2.0]])

    def ratio(x: Any, c: Any) -> Any:
        return (x * c).sum() ** 2 / (x * x).sum()

    def wrong(x: A, c: A) -> A:
        return 3 * (2 * (x * c).sum() * c / (x * x).sum() - 2 * ratio(x, c) * x / (x * x).sum())

    report = check_gradients(lambda x: 3 * (x - x.mean()) / 3, equal, loss=lambda x: x.var())
    assert report.verdict == "mismatch", report
    assert check_gradients(wrong, both, both, loss=ratio).verdict == "mismatch"
    right = check_gradients(lambda x, c: wrong(x, c) / 3, both, both, loss=ratio)
    assert right.verdict == "match", right


@pytest.mark.untraced
@pytest.mark.parametrize("number", ["f8", "f4"])
def test_nothing_is_told_by_a_factor_of_what_is_only_rounding(number: str) -> None:
    """Any other block is, to the rounding of such a one, some multiple of it."""

    def invented(p: Any, _X: A, _y: A) -> Any:
        r = np.random.default_rng(0)
        return {name: r.normal(size=values.shape).astype(number) for name, values in p.items()}

    point = {name: values.astype(number) for name, values in P.items()}
    report = check_gradients(invented, point, X.astype(number), Y.astype(number), loss=normalised)
    assert report.causes == (), report
    assert "where zero is right" in str(report)
    doubled = {"W", "v"}

    def by_two(p: Any, X: A, y: A) -> Any:
        found = by_hand(p, X, y)
        return {name: block * (1 + (name in doubled)) for name, block in found.items()}

    report = check_gradients(by_two, point, X.astype(number), Y.astype(number), loss=normalised)
    assert [set(cause.blocks) for cause in report.causes] == [doubled], report
