"""check_jacobian: right Jacobians pass, wrong ones are found to the last digits, and named."""

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import aslinearoperator

from autograd_ref import GradientMismatch, assert_jacobian_matches, check_jacobian, jacobian_trial
from autograd_ref.reference.jacobians import in_numpy
from tests.thorough import by_profile
from tests.undiagnosed import without_causes

Jacobian = Callable[..., Any]

t = np.linspace(0.1, 3.0, 12)
y = 2.5 * np.exp(-1.3 * t) + 0.1 * np.cos(7 * t)
sigma = 0.1 + 0.05 * t
p = np.array([2.0, 1.1, 0.3])


def decay(p: Any, t: Any, y: Any, *_more: Any) -> Any:
    """The residuals of a curve fit, in PyTorch."""
    return p[0] * torch.exp(-p[1] * t) + p[2] - y


def decay_in_numpy(p: Any, t: Any, y: Any, *_more: Any) -> Any:
    return p[0] * np.exp(-p[1] * t) + p[2] - y


def right(p: Any, t: Any, _y: Any, *_more: Any) -> Any:
    e = np.exp(-p[1] * t)
    return np.stack([e, -p[0] * t * e, np.ones_like(t)], axis=1)


def changed(change: Callable[[Any], Any], of: Jacobian = right) -> Jacobian:
    """A Jacobian that is made of a right one."""

    def jacobian(*arguments: Any) -> Any:
        result = of(*arguments)
        found = change(result)
        return result if found is None else found

    return jacobian


def with_entry(factor: float, where: Any = (3, 1)) -> Jacobian:
    def change(J: Any) -> None:
        J[where] *= factor

    return changed(change)


def blocks_of(function: Any, x: Any, *data: Any) -> Any:
    """A right Jacobian by PyTorch, as arrays in nests."""
    tensors = {name: torch.as_tensor(value) for name, value in x.items()}
    found = torch.func.jacrev(function)(tensors, *map(torch.as_tensor, data))
    return {
        outer: {inner: block.numpy() for inner, block in blocks.items()}
        if isinstance(blocks, dict)
        else blocks.numpy()
        for outer, blocks in found.items()
    }


nest = {"rate": np.array([1.1, 0.4]), "scale": np.float64(2.0)}


def two_rates(x: Any, t: Any) -> Any:
    return x["scale"] * torch.exp(-x["rate"][0] * t) * torch.cos(x["rate"][1] * t)


def both_outputs(x: Any, t: Any) -> Any:
    return {"curve": two_rates(x, t), "prior": x["rate"] ** 2}


def rows_of(*_arguments: Any) -> Any:
    return right(p, t, y)


class Right(NamedTuple):
    jacobian: Jacobian
    x: Any
    data: tuple[Any, ...]
    function: Any


W = np.random.default_rng(0).normal(size=(4, 3))

RIGHT: dict[str, Right] = {
    "PyTorch": Right(right, p, (t, y), decay),
    "NumPy": Right(right, p, (t, y), decay_in_numpy),
    "rows in lists": Right(changed(lambda J: J.tolist()), [2.0, 1.1, 0.3], (t, y), decay),
    "a sparse matrix": Right(changed(scipy.sparse.csr_matrix), p, (t, y), decay),
    "an operator": Right(changed(aslinearoperator), p, (t, y), decay_in_numpy),
    "with its values": Right(lambda *a: (decay_in_numpy(*a), right(*a)), p, (t, y), decay),
    "float32": Right(right, p.astype("f4"), (t.astype("f4"), y.astype("f4")), decay),
    "tensors": Right(
        torch.func.jacrev(decay),
        torch.tensor(p),
        (torch.tensor(t), torch.tensor(y)),
        decay,
    ),
    "a nest": Right(lambda x, t: blocks_of(two_rates, x, t), nest, (t,), two_rates),
    "nests on both sides": Right(
        lambda x, t: blocks_of(both_outputs, x, t), nest, (t,), both_outputs
    ),
    "one number of several": Right(lambda x: 2 * x, p, (), lambda x: (x**2).sum()),
    "several of one": Right(lambda x: np.array([2 * x, 3 * x**2]), 1.5, (), lambda x: [x**2, x**3]),
    "several of one in NumPy": Right(
        lambda x: [np.cos(x), -np.sin(x)], 1.5, (), lambda x: [np.sin(x), np.cos(x)]
    ),
    "arrays of two axes": Right(
        lambda X: np.einsum("ij,kl->ikjl", W, np.eye(2)), np.ones((3, 2)), (), lambda X: W @ X
    ),
    "of two axes as a matrix": Right(
        lambda X: np.kron(W, np.eye(2)), np.ones((3, 2)), (), lambda X: torch.as_tensor(W) @ X
    ),
    "constant outputs": Right(
        lambda x: np.array([[1.0, 0, 0], [0, 0, 0]]), p, (), lambda x: [x[0], torch.tensor(2.0)]
    ),
    "outputs that depend on nothing": Right(
        lambda x: {"free": np.zeros((2, 3)), "none": np.zeros((0, 3)), "own": np.diag(2 * x)},
        p,
        (),
        lambda x: {"free": torch.ones(2), "none": torch.ones(0), "own": x**2},
    ),
    "np.matrix": Right(lambda _x: 2 * np.eye(2), np.matrix([[1.0, 2.0]]), (), lambda x: 2 * x),
    "whole numbers": Right(lambda x: np.diag(2.0 * x), np.array([1, 2]), (), lambda x: x**2),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_jacobian_passes(name: str) -> None:
    jacobian, x, data, function = RIGHT[name]
    report = check_jacobian(jacobian, x, *data, function=function)
    assert report.passed, str(report)


@pytest.mark.untraced
def test_the_report_says_what_it_was_compared_with() -> None:
    by_torch = check_jacobian(right, p, t, y, function=decay)
    numerical = check_jacobian(right, p, t, y, function=decay_in_numpy)
    assert by_torch.reference == "autograd of the given function, in float64"
    assert numerical.reference.startswith("a numerical derivative of the given NumPy function")
    assert [(block.name, block.shape) for block in by_torch.blocks] == [("jacobian", (12, 3))]


@pytest.mark.traced("decay-1e-12")
@pytest.mark.parametrize(
    ("function", "error"), [(decay, 1e-10), (decay, 1e-12), (decay_in_numpy, 1e-8)]
)
def test_one_entry_that_is_off_by_little_is_found(function: Any, error: float) -> None:
    report = check_jacobian(with_entry(1 + error), p, t, y, function=function)
    assert report.verdict == "mismatch"
    assert [cause.kind for cause in report.causes] == ["one entry"]
    assert "the derivative of output[3] by x[1] is wrong" in report.causes[0].explanation


@pytest.mark.long
@settings(max_examples=by_profile(dev=10, ci=10, thorough=1_000))
@given(
    seed=st.integers(0, 2**32 - 1),
    outputs=st.integers(1, 6),
    inputs=st.integers(1, 6),
    dtype=st.sampled_from(["f8", "f4"]),
)
def test_no_right_jacobian_is_accused_and_no_wrong_entry_passes(
    seed: int, outputs: int, inputs: int, dtype: str
) -> None:
    random = np.random.default_rng(seed)
    A, b = random.normal(size=(outputs, inputs)), random.normal(size=outputs)
    x = random.normal(size=inputs).astype(dtype)
    A, b = A.astype(dtype), b.astype(dtype)

    def function(x: Any, A: Any, b: Any) -> Any:
        return torch.tanh(A @ x + b) * x.sum()

    def jacobian(x: Any, A: Any, b: Any) -> Any:
        h = np.tanh(A @ x + b)
        return (1 - h * h)[:, np.newaxis] * A * x.sum() + h[:, np.newaxis]

    honest = check_jacobian(jacobian, x, A, b, function=function)
    assert honest.verdict != "mismatch", str(honest)
    error = 1e-10 if dtype == "f8" else 1e-3
    where = random.integers(outputs), random.integers(inputs)
    size = np.abs(jacobian(x, A, b)).max()

    def off(J: Any) -> None:
        J[where] += 10 * error * size

    with without_causes(jacobian_trial):
        wrong = check_jacobian(changed(off, jacobian), x, A, b, function=function)
    assert wrong.verdict == "mismatch", str(wrong)


def of_a_row(*rows: int) -> Callable[[float], Jacobian]:
    return lambda factor: with_entry(factor, rows)


def weighted(p: Any, t: Any, y: Any, sigma: Any) -> Any:
    return decay(p, t, y) / sigma


def of_logarithms(p: Any, t: Any, y: Any) -> Any:
    return decay(torch.exp(p), t, y)


def implicit(x: Any, old: Any) -> Any:
    return x - old - 0.1 * torch.sin(x * x.sum())


def implicit_jacobian(x: Any) -> Any:
    inner = np.cos(x * x.sum())[:, np.newaxis]
    return np.eye(len(x)) - 0.1 * inner * (x[:, np.newaxis] + x.sum() * np.eye(len(x)))


def banded(x: Any) -> Any:
    left, here, after = torch.nn.functional.pad(x, (1, 1)).unfold(0, 3, 1).T
    return here**3 + 2 * left - after * here


def banded_jacobian(x: Any) -> Any:
    n = len(x)
    after = np.append(x[1:], 0)
    return np.diag(3 * x**2 - after) + 2 * np.eye(n, k=-1) - np.diag(x[:-1], 1)


def twisted(p: Any, t: Any, y: Any) -> Any:
    z = p[1] * t
    return p[0] * torch.tanh(z) + p[2] * torch.sin(z) - y


def twisted_wrongly(p: Any, t: Any, _y: Any) -> Any:
    z = p[1] * t
    h = np.tanh(z)
    return np.stack([h, p[0] * t * (1 - h) + p[2] * t * np.cos(z), np.sin(z)], axis=1)


x5 = np.array([0.3, -0.7, 1.1, 0.9, -0.2])


def plus_on(k: int, much: float) -> Callable[[Any], Any]:
    return lambda J: J + much * np.eye(len(J), k=k)


def times_on(offsets: tuple[int, ...], factors: Any) -> Callable[[Any], Any]:
    def change(J: Any) -> Any:
        rows, columns = np.indices(J.shape)
        return np.where(np.isin(columns - rows, offsets), factors * J, J)

    return change


uneven = 1.1 + np.arange(25).reshape(5, 5) / 7


class Wrong(NamedTuple):
    jacobian: Jacobian
    x: Any
    data: tuple[Any, ...]
    function: Any
    kind: str
    said: str


fit = (p, (t, y), decay)
by_numpy = (p, (t, y), decay_in_numpy)
band = (x5, (), banded)

WRONG: dict[str, Wrong] = {
    "sign": Wrong(changed(lambda J: -J), *fit, "sign flipped", "is right except for the sign"),
    "transposed": Wrong(changed(lambda J: J.T), *fit, "transposed", "transposed"),
    "a column's sign": Wrong(
        changed(lambda J: J * [1, -1, 1]), *by_numpy, "absolute values", "none is negative"
    ),
    "a column's other sign": Wrong(
        changed(lambda J: J * [-1, 1, 1]), *by_numpy,
        "sign flipped", "the column of x[0] has the wrong sign",
    ),
    "two columns": Wrong(
        changed(lambda J: J * [2, 1, 2]), *by_numpy,
        "double", "the columns of x[0] and x[2] are twice as large as right",
    ),
    "a column left out": Wrong(
        changed(lambda J: J * [1, 1, 0]), *by_numpy, "zero", "the column of x[2] is zero"
    ),
    "a row": Wrong(
        with_entry(0.5, 4), *by_numpy, "half", "the row of output[4] is half as large as right"
    ),
    "rows": Wrong(
        with_entry(1.7, slice(2, 4)), *by_numpy,
        "a constant factor", "the rows of output[2] and output[3] are 1.7 times as large as right",
    ),
    "a row of another kind": Wrong(
        changed(lambda J: np.where(np.arange(12)[:, None] == 4, J**2 - 3, J)), *by_numpy,
        "one row", "the row of output[4] is wrong, and all else is right",
    ),
    "some of a column": Wrong(
        changed(lambda J: np.where(t[:, None] > 1, J * [1, 1, 3.7], J)), *by_numpy,
        "a constant factor", "entries in the column of x[2] are 3.7 times as large as right",
    ),
    "rows of columns": Wrong(
        changed(lambda J: np.where(t[:, None] > 1, J * [-1, -1, 1], J)), *by_numpy,
        "sign flipped", "the derivatives of output[4], output[5], output[6], output[7], output[8],",
    ),
    "a forgotten amplitude": Wrong(
        changed(lambda J: J / [1, p[0], 1]), *by_numpy,
        "half", "the column of x[1] is half as large as right",
    ),
    "a forgotten rate": Wrong(
        changed(lambda J: J / [1, p[1] ** 2, 1]), *by_numpy,
        "a constant factor", "0.826446 times as large as right: 1 / x[1] squared",
    ),
    "degrees": Wrong(
        changed(lambda J: J * np.pi / 180), *by_numpy,
        "degrees", "all of jacobian has a factor pi/180, as of degrees",
    ),
    "columns in another order": Wrong(
        changed(lambda J: J[:, [1, 0, 2]]), *by_numpy, "in another order", "columns 1, 0, 2"
    ),
    "rows one too high": Wrong(
        changed(lambda J: np.vstack([J[1:], 0 * J[:1]])), *by_numpy,
        "rows shifted", "all rows stand one place before their own",
    ),
    "of half the square": Wrong(
        lambda *a: right(*a) * decay_in_numpy(*a)[:, None], *fit,
        "of half the square", "all rows are times its output, as of half the square",
    ),
    "of the square": Wrong(
        lambda *a: 2 * right(*a) * decay_in_numpy(*a)[:, None], *by_numpy,
        "of the square", "all rows are times twice its output",
    ),
    "without weights": Wrong(
        right, p, (t, y, sigma), weighted,
        "rows by data", "all rows are multiplied by data[2], and should not be",
    ),
    "weights in a nest": Wrong(
        lambda p, t, y, more: right(p, t, y) / more["sigma"][:, None] ** 2,
        p, (t, y, {"sigma": sigma}), lambda p, t, y, more: weighted(p, t, y, more["sigma"]),
        "rows by data", "all rows are divided by data[2] (sigma), and should not be",
    ),
    "by logarithms": Wrong(
        lambda p, t, y: right(np.exp(p), t, y), p, (t, y), of_logarithms,
        "chain rule missing", "all columns lack the derivative of exp",
    ),
    "by one logarithm": Wrong(
        changed(lambda J: J * [1, p[1], 1]), *by_numpy,
        "multiplied by the parameter", "the column of x[1] is multiplied by the parameter",
    ),
    "at the step before": Wrong(
        lambda _x, old: implicit_jacobian(old), x5, (1.2 * x5,), implicit,
        "at another point", "the derivatives are taken at data[0], not at x",
    ),
    "a step in PyTorch": Wrong(
        twisted_wrongly, p, (t, y), twisted,
        "another derivative", "the derivative of tanh is taken to be 1 - torch.tanh(z)",
    ),
    "the identity": Wrong(
        lambda x, _old: implicit_jacobian(x) - np.eye(5), x5, (x5,), implicit,
        "a path not followed", "the path to `x - old` is not followed",
    ),
    "the diagonal": Wrong(
        changed(times_on((0,), uneven), banded_jacobian), *band,
        "diagonal", "the diagonal is wrong, and all else is right",
    ),
    "a shifted diagonal": Wrong(
        changed(plus_on(0, 0.3), banded_jacobian), *band,
        "diagonal", "the diagonal is off by 0.3 in every entry",
    ),
    "below the diagonal": Wrong(
        changed(times_on((-1,), uneven), banded_jacobian), *band,
        "diagonal", "the diagonal 1 below the main one is wrong",
    ),
    "above the diagonal": Wrong(
        changed(times_on((1,), uneven), banded_jacobian), *band,
        "diagonal", "the diagonal 1 above the main one is wrong",
    ),
    "beside the diagonal": Wrong(
        changed(times_on((1, -1), uneven), banded_jacobian), *band,
        "diagonal", "the diagonals 1 above and below the main one are wrong",
    ),
    "a triangle": Wrong(
        lambda x, _old: np.tril(implicit_jacobian(x)), x5, (x5,), implicit,
        "lower triangle only", "only the lower triangle is filled",
    ),
    "the diagonal alone": Wrong(
        lambda x, _old: np.diag(np.diag(implicit_jacobian(x))), x5, (x5,), implicit,
        "diagonal only", "all but the diagonal is left out",
    ),
}  # fmt: skip


@pytest.mark.traced(
    "some of a column",
    "rows",
    "a triangle",
    "the diagonal alone",
    "of the square",
    "by one logarithm",
)
@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named(name: str) -> None:
    jacobian, x, data, function, kind, said = WRONG[name]
    report = check_jacobian(jacobian, x, *data, function=function)
    assert report.verdict == "mismatch", str(report)
    assert [cause.kind for cause in report.causes][:1] == [kind], str(report)
    assert said in report.causes[0].explanation


@pytest.mark.untraced
def test_entries_on_the_diagonal_are_told_from_all_of_it() -> None:
    some = changed(lambda J: J + np.diag([0, 0.2, 0, 0.3, 0.5]), banded_jacobian)
    report = check_jacobian(some, x5, function=banded)
    assert "entries on the diagonal are wrong" in report.causes[0].explanation


@pytest.mark.untraced
def test_a_factor_is_claimed_where_it_is_one_to_rounding() -> None:
    nearly = check_jacobian(changed(lambda J: J * [1, 2.0001, 1]), p, t, y, function=decay_in_numpy)
    assert [c.kind for c in nearly.causes] == ["a constant factor"]
    assert nearly.causes[0].explanation.endswith("x[1] is 2.0001 times as large as right.")
    slanted = check_jacobian(
        changed(lambda J: J * (1 + np.outer(2 + t / 1e4, [0, 1, 0]))),
        p,
        t,
        y,
        function=decay_in_numpy,
    )
    assert [c.kind for c in slanted.causes] == ["one column"]


@pytest.mark.untraced
def test_entries_of_a_row_are_told_from_all_of_it() -> None:
    def off(J: Any) -> None:
        J[4, 1:] = J[4, 1:] ** 2 + 3

    report = check_jacobian(changed(off), p, t, y, function=decay_in_numpy)
    assert "entries in the row of output[4] are wrong" in report.causes[0].explanation


def test_a_number_among_the_data_is_named() -> None:
    def function(x: Any, more: Any) -> Any:
        return np.array([more["h"] * math.sin(float(one)) + one for one in x])

    def jacobian(x: Any, more: Any) -> Any:
        return np.diag(more["h"] * np.cos(x) + 1) - more["h"] * np.eye(5)

    report = check_jacobian(jacobian, x5, {"h": 0.37, "name": "a step"}, function=function)
    (cause,) = report.causes
    assert "the diagonal is off by -0.37 in every entry: minus data[0] (h)" in cause.explanation


@pytest.mark.untraced
def test_a_block_under_another_name_is_missing() -> None:
    def jacobian(x: Any, t: Any) -> Any:
        found = blocks_of(two_rates, x, t)
        return {"pace": found["rate"], "scale": found["scale"]}

    report = check_jacobian(jacobian, nest, t, function=two_rates)
    assert "rate is missing: jacobian returned a dict with pace, scale" in str(report)


def test_what_a_function_returned_is_forgotten_where_there_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(in_numpy, "REMEMBERED", 20)
    assert check_jacobian(right, p, t, y, function=decay_in_numpy).passed


@pytest.mark.untraced
def test_other_data_have_other_outputs() -> None:
    """A remembered result of a function in NumPy belongs to its data as well."""
    report = check_jacobian(right, p, t, y, function=decay_in_numpy)
    assert report.passed
    here = t.copy()
    report = check_jacobian(lambda p, _t, y: right(p, here, y), p, t, y, function=decay_in_numpy)
    assert [note.kind for note in report.findings] == ["uses earlier values"]


@pytest.mark.untraced
def test_a_block_of_several_is_named() -> None:
    def off(blocks: Any) -> None:
        blocks["curve"]["rate"] = np.exp(blocks["curve"]["rate"])

    def jacobian(x: Any, t: Any) -> Any:
        return changed(off, lambda x, t: blocks_of(both_outputs, x, t))(x, t)

    report = check_jacobian(jacobian, nest, t, function=both_outputs)
    verdicts = {block.name: block.verdict for block in report.blocks}
    assert verdicts.pop("curve.rate") == "mismatch"
    assert set(verdicts) == {"curve.scale", "prior.rate", "prior.scale"}
    assert set(verdicts.values()) == {"match"}
    assert [cause.kind for cause in report.causes] == ["one block"]


@pytest.mark.untraced
def test_the_worst_entries_are_named_by_row_and_column() -> None:
    report = check_jacobian(changed(lambda J: J + 0.1), p, t, y, function=decay)
    (note,) = [note for note in report.warnings if note.kind == "worst entries"]
    assert len(re.findall(r"output\[\d+\] by x\[\d\] \(", note.text)) == 10


def test_a_mistake_of_another_kind_has_no_name() -> None:
    report = check_jacobian(
        changed(lambda J: J + np.sin(np.arange(36).reshape(12, 3))),
        p,
        t,
        y,
        function=lambda p, t, y: decay_in_numpy([*map(float, p)], t, y),
    )
    assert report.verdict == "mismatch"
    assert not report.causes
    assert any("only values are seen" in note.text for note in report.pattern)


@pytest.mark.untraced
def test_a_jacobian_that_is_missing_or_has_another_form_is_a_mismatch() -> None:
    nothing = check_jacobian(lambda *_a: None, p, t, y, function=decay)
    assert "is missing: jacobian returned None" in str(nothing)
    other = check_jacobian(lambda *_a: np.ones((5, 2)), p, t, y, function=decay)
    assert other.blocks[0].reason == "has shape (5, 2); it needs (12, 3)"
    partly = check_jacobian(
        lambda x, t: {"rate": blocks_of(two_rates, x, t)["rate"]}, nest, t, function=two_rates
    )
    assert {block.name: block.verdict for block in partly.blocks}["scale"] == "mismatch"


def test_what_the_function_under_test_does_to_its_arguments_is_told() -> None:
    def writes(p: Any, t: Any, y: Any) -> Any:
        found = right(p, t, y)
        p *= 2
        return found

    report = check_jacobian(writes, p, t, y, function=decay)
    assert report.verdict == "match"
    assert not report.passed
    assert [note.text for note in report.findings] == ["The function changes x in place."]


@pytest.mark.untraced
def test_a_formula_that_holds_here_only_is_wrong_elsewhere() -> None:
    here = right(p, t, y)
    report = check_jacobian(lambda *_a: here.copy(), p, t, y, function=decay)
    assert report.verdict == "mismatch"
    assert "with other parameters" in report.blocks[0].reason
    alone = check_jacobian(lambda *_a: here.copy(), p, t, y, function=decay, elsewhere=False)
    assert alone.verdict == "match"


def test_a_zero_that_is_right_is_looked_at_elsewhere() -> None:
    report = check_jacobian(
        lambda x: np.zeros((3, 3)), np.ones(3), function=lambda x: 3 * x / x.sum() - x / x.mean()
    )
    assert report.verdict in ("match", "inconclusive")


def test_a_textbook_formula_of_probabilities_near_one_is_not_accused() -> None:
    def softmax(x: Any) -> Any:
        e = np.exp(np.asarray(x) - np.max(np.asarray(x)))
        return e / e.sum()

    def jacobian(x: Any) -> Any:
        q = softmax(x)
        return np.diag(q) - np.outer(q, q)  # of q - q * q no digits are left

    report = check_jacobian(jacobian, np.array([10.1, -28.5]), function=softmax)
    assert report.verdict == "inconclusive"


@pytest.mark.untraced
def test_an_accuracy_widens_the_tolerance() -> None:
    rough = with_entry(1 + 1e-6)
    assert check_jacobian(rough, p, t, y, function=decay).verdict == "mismatch"
    assert check_jacobian(rough, p, t, y, function=decay, accuracy=1e-5).verdict == "match"


def test_a_kink_of_a_function_in_numpy_is_either_slope() -> None:
    x = np.array([0.0, 1.0])
    report = check_jacobian(
        lambda x: np.diag(np.where(x == 0, 0.3, np.sign(x))), x, function=np.abs
    )
    assert report.verdict == "inconclusive"


def test_where_a_function_that_is_not_defined_nearby_is_named_the_search_goes_on() -> None:
    def only_here(x: Any, old: Any) -> Any:
        if torch.equal(x, old):
            raise ValueError("no step")
        return implicit(x, old)

    report = check_jacobian(
        lambda x, _old: 2 * implicit_jacobian(x), x5, x5 + 0.1, function=only_here
    )
    assert report.causes[0].kind == "twice"


# not formatted, so that every case keeps to its two lines
BAD: dict[str, tuple[tuple[Any, ...], Any, type[Exception], str]] = {
    "no function": (
        (3, p), decay, TypeError, "jacobian is of type int; it needs to be a function of (x, *da",
    ),
    "no reference": (
        (right, p), 3, TypeError, "function is of type int; it needs to be a function of (x, *da",
    ),
    "in another order": (
        (right, decay, p), decay, TypeError, "x is a function, decay; it needs to be an array",
    ),
    "parameters that are no numbers": (
        (right, np.array([1.0, np.nan]), t, y), decay, ValueError, "x[1] is nan; it needs to be",
    ),
    "a function of nothing": (
        (right, p, t, y), lambda *_a: None, TypeError,
        "function is <lambda>, and it returned None (is a return missing?); it needs",
    ),
    "a function without outputs": (
        (right, p, t, y), lambda p, *_a: p[:0], TypeError, "it needs to return real numbers",
    ),
    "a function that draws": (
        (right, p, t, y), lambda p, *_a: p[0] * torch.rand(3), ValueError,
        "function is <lambda>, and returned",
    ),
    "a wish that is none": (
        (right, p, t, y), {"function": decay, "thorough": 1}, TypeError,
        "thorough is of type int; it needs to be True or False",
    ),
    "an accuracy that is none": (
        (right, p, t, y), {"function": decay, "accuracy": -1}, ValueError, "accuracy is -1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_arguments_that_cannot_be_used_are_refused_by_name(name: str) -> None:
    arguments, function, error, text = BAD[name]
    given = function if isinstance(function, dict) else {"function": function}
    with pytest.raises(error, match=re.escape(text)):
        _ = check_jacobian(*arguments, **given)


def test_what_the_users_code_raises_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        _ = check_jacobian(lambda *_a: 1 / 0, p, t, y, function=decay)


def test_the_assertion_raises_the_report() -> None:
    assert assert_jacobian_matches(right, p, t, y, function=decay).passed
    with pytest.raises(GradientMismatch, match="sign"):
        _ = assert_jacobian_matches(changed(lambda J: -J), p, t, y, function=decay)


def test_the_fixture_is_the_assertion(check_jacobian: Any) -> None:
    assert check_jacobian is assert_jacobian_matches
