"""Parameters that live in a set: what is right on the set is not accused, what is wrong is."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.report.report import Report
from autograd_ref.tree.inside import entry_by_entry, inside_sets, special_sets
from autograd_ref.tree.point import Point, with_other_data, with_other_parameters, with_samples
from autograd_ref.tree.sets import sets_of
from tests.undiagnosed import undiagnosed

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
M = RANDOM.normal(size=(5, 5))
SYMMETRIC = M + M.T
UNIT = RANDOM.normal(size=5)
UNIT /= np.linalg.norm(UNIT)
ROTATION = np.linalg.qr(M)[0]
CHOLESKY = np.linalg.cholesky(M @ M.T + np.eye(5))
MIXTURE = RANDOM.dirichlet(np.ones(5))
TRANSITIONS = RANDOM.dirichlet(np.ones(4), size=3)
CODES = RANDOM.normal(size=(3, 4))
CODES /= np.linalg.norm(CODES, axis=1, keepdims=True)
CORRELATION: A = np.asarray(np.corrcoef(RANDOM.normal(size=(3, 9))))
CORRELATION = (CORRELATION + CORRELATION.T) / 2
np.fill_diagonal(CORRELATION, 1.0)


def normalised(x: A) -> A:
    return x / np.linalg.norm(x)


def rows_normalised(x: A) -> A:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def summing_to_one(p: A) -> A:
    return np.abs(p) / np.abs(p).sum(axis=-1, keepdims=True)


def nearest_rotation(Q: A) -> A:
    u, _s, v = np.linalg.svd(Q, full_matrices=False)
    return u @ v


def symmetrised(S: A) -> A:
    return (S + S.T) / 2


def loss_of(formula: Any) -> Any:
    return lambda x: formula(x, torch.from_numpy(SYMMETRIC), torch.from_numpy(M))


def rayleigh(x: A) -> A:
    return 2 * (SYMMETRIC @ x - (x @ SYMMETRIC @ x) * x)


def entropy(p: A) -> A:
    return -(np.log(p) + 1)


ON_THE_SET: dict[str, tuple[Any, A, Any, Any]] = {
    # formulas that hold on the set only; loss, parameters, gradient, the way back to the set
    "Rayleigh quotient": (
        lambda x, S, _M: (x @ S @ x) / (x @ x),
        UNIT,
        rayleigh,
        normalised,
    ),
    "inverse of a rotation is its transpose": (
        lambda Q, _S, M: (M * torch.linalg.inv(Q)).sum(),
        ROTATION,
        lambda Q: -Q @ M @ Q,
        nearest_rotation,
    ),
    "a distribution needs no normalising": (
        lambda p, _S, M: M[0] @ (p / p.sum()) ** 2,
        MIXTURE,
        lambda p: 2 * M[0] * p - 2 * M[0] @ p**2,
        summing_to_one,
    ),
    "nor do rows of a transition matrix": (
        lambda P, _S, M: (M[:3, :4] * (P / P.sum(1, keepdim=True)) ** 2).sum(),
        TRANSITIONS,
        lambda P: 2 * M[:3, :4] * P - 2 * (M[:3, :4] * P**2).sum(1, keepdims=True),
        summing_to_one,
    ),
    "codes of length one": (
        lambda C, _S, M: (M[:3, :4] * C / C.norm(dim=1, keepdim=True)).sum(),
        CODES,
        lambda C: M[:3, :4] - (M[:3, :4] * C).sum(1, keepdims=True) * C,
        rows_normalised,
    ),
    "dictionary atoms of length one": (
        lambda D, _S, M: (M[:4, :3] * D / D.norm(dim=0, keepdim=True)).sum(),
        CODES.T.copy(),
        lambda D: M[:4, :3] - (M[:4, :3] * D).sum(0) * D,
        lambda D: rows_normalised(D.T).T,
    ),
    "a correlation matrix has ones on its diagonal": (
        lambda C, _S, M: (M[:3, :3] * (C / torch.outer(C.diag(), C.diag())) ** 2).sum(),
        CORRELATION,
        lambda C: 2 * M[:3, :3] * C - np.diag(2 * ((M + M.T)[:3, :3] * C**2).sum(1)),
        lambda C: symmetrised(C - np.diag(np.diag(C)) + np.eye(3)),
    ),
}


def notes(report: Report) -> list[str]:
    return [note.kind for note in report.warnings]


@pytest.mark.untraced
@pytest.mark.parametrize("case", ON_THE_SET)
def test_a_formula_for_the_set_is_right_on_the_set_and_asked_about_without_project(
    case: str,
) -> None:
    formula, x, gradients, back = ON_THE_SET[case]
    asked = check_gradients(gradients, x, loss=loss_of(formula))
    assert asked.verdict == "match", asked
    assert "wrong off a set" in notes(asked)
    both: list[dict[str, Any]] = [{"project": back}, {"elsewhere": False}]
    for wishes in both:
        report = check_gradients(gradients, x, loss=loss_of(formula), **wishes)
        assert report.verdict == "match", report
        assert "wrong off a set" not in notes(report)


@pytest.mark.untraced
@pytest.mark.parametrize("case", ON_THE_SET)
def test_a_formula_that_is_wrong_on_the_set_is_a_mismatch(case: str) -> None:
    formula, x, gradients, back = ON_THE_SET[case]

    def wrong(x: A) -> A:
        found = gradients(x).copy()
        found.flat[1] *= 1 + 1e-6
        return found

    all_three: list[dict[str, Any]] = [{}, {"project": back}, {"elsewhere": False}]
    for wishes in all_three:
        report = undiagnosed(wrong, x, loss=loss_of(formula), **wishes)
        assert report.verdict == "mismatch", (wishes, report)


@pytest.mark.untraced
@pytest.mark.parametrize("case", ON_THE_SET)
def test_what_is_kept_from_an_earlier_call_shows_inside_the_set(case: str) -> None:
    formula, x, gradients, back = ON_THE_SET[case]
    for wishes in ({}, {"project": back}):
        kept: list[A] = []

        def cached(x: A, kept: list[A] = kept) -> A:
            kept.append(gradients(x))
            return kept[0].copy()

        report = check_gradients(cached, x, loss=loss_of(formula), **wishes)
        assert report.verdict == "mismatch", (wishes, report)


ALONG_THE_SET: dict[str, tuple[Any, A, Any, Any]] = {
    # gradients that say nothing of what happens off the set
    "Riemannian on the sphere": (lambda x, S, _M: x @ S @ x, UNIT, rayleigh, normalised),
    "the lower triangle of a Cholesky factor": (
        lambda L, S, _M: ((L @ L.T - S) ** 2).sum(),
        CHOLESKY,
        lambda L: np.tril(4 * (L @ L.T - SYMMETRIC) @ L),
        np.tril,
    ),
    "the full gradient of a loss that reads the lower triangle": (
        lambda L, S, _M: ((torch.tril(L) @ torch.tril(L).T - S) ** 2).sum(),
        CHOLESKY,
        lambda L: 4 * (L @ L.T - SYMMETRIC) @ L,
        np.tril,
    ),
    "the upper triangle": (
        lambda R, _S, M: (M * torch.linalg.inv(R)).sum(),
        CHOLESKY.T.copy(),
        lambda R: np.triu(-np.linalg.inv(R).T @ M @ np.linalg.inv(R).T),
        np.triu,
    ),
    "centred on the simplex": (
        lambda p, _S, _M: -(p * torch.log(p)).sum(),
        MIXTURE,
        lambda p: entropy(p) - entropy(p).mean(),
        summing_to_one,
    ),
    "on the Stiefel manifold": (
        lambda Q, _S, M: (M * Q).sum(),
        ROTATION,
        lambda Q: M - Q @ (Q.T @ M + M.T @ Q) / 2,
        nearest_rotation,
    ),
    "orthonormal rows": (
        lambda Q, _S, M: (M[:3] * Q).sum(),
        ROTATION[:3],
        lambda Q: M[:3] - (M[:3] @ Q.T + Q @ M[:3].T) / 2 @ Q,
        nearest_rotation,
    ),
    "a factor with ones on its diagonal, as LU has it": (
        lambda L, S, _M: ((L @ L.T - S) ** 2).sum(),
        CHOLESKY / np.diag(CHOLESKY),
        lambda L: np.tril(4 * (L @ L.T - SYMMETRIC) @ L, -1),
        lambda L: np.tril(L, -1) + np.eye(5),
    ),
    "antisymmetrised by hand": (
        lambda B, _S, M: (M * B).sum() + (B**3).sum(),
        M - M.T,
        lambda B: (M + 3 * B**2 - (M + 3 * B**2).T) / 2,
        lambda B: (B - B.T) / 2,
    ),
    "the diagonal alone": (
        lambda D, _S, M: (M * D @ D).sum(),
        np.diag(UNIT + 2),
        lambda D: np.diag(2 * np.diag(M) * np.diag(D)),
        lambda D: np.diag(np.diag(D)),
    ),
}


@pytest.mark.traced("orthonormal rows")
@pytest.mark.parametrize("case", ALONG_THE_SET)
def test_a_gradient_along_the_set_is_open_without_project_and_a_match_with_it(case: str) -> None:
    formula, x, gradients, back = ALONG_THE_SET[case]
    report = check_gradients(gradients, x, loss=loss_of(formula))
    assert report.verdict == "inconclusive", report
    assert "project=" in report.blocks[0].reason
    report = check_gradients(gradients, x, loss=loss_of(formula), project=back)
    assert report.verdict == "match", report
    assert "along its set" in notes(report)


@pytest.mark.untraced
@pytest.mark.parametrize("case", ALONG_THE_SET)
def test_a_gradient_that_is_wrong_along_the_set_is_a_mismatch(case: str) -> None:
    formula, x, gradients, back = ALONG_THE_SET[case]
    for wishes in ({}, {"project": back}):
        report = undiagnosed(
            lambda x: gradients(x) * (1 + 1e-6), x, loss=loss_of(formula), **wishes
        )
        assert report.verdict == "mismatch", (wishes, report)


@pytest.mark.untraced
def test_an_error_across_the_set_that_nobody_made_for_the_set_is_a_mismatch() -> None:
    """Weight decay that is forgotten is a multiple of the parameter, at length one as well."""

    def loss(x: Any) -> Any:
        return x @ torch.from_numpy(SYMMETRIC) @ x + 0.1 * (x**2).sum()

    report = check_gradients(lambda x: 2 * SYMMETRIC @ x, UNIT, loss=loss)
    assert [cause.kind for cause in report.causes] == ["a path not followed"], report
    report = check_gradients(
        lambda L: 2 * L + np.triu(np.ones((5, 5)), 1), CHOLESKY, loss=lambda L: (L**2 + L * 0).sum()
    )
    assert report.verdict == "inconclusive", report  # the reference has nothing above, by chance
    report = check_gradients(
        lambda L: 2 * L + M + np.triu(np.ones((5, 5)), 1),
        CHOLESKY,
        loss=lambda L: (L**2 + torch.from_numpy(M) * L).sum(),
    )
    assert report.verdict == "mismatch", report


def logdet(S: Any) -> Any:
    return torch.logdet(S)


def of_one_number(S: A) -> A:
    inverse = np.linalg.inv(S)
    return 2 * inverse - np.diag(np.diag(inverse))


def test_the_gradient_by_entries_of_a_symmetric_matrix_that_move_together_is_open() -> None:
    """As in the Matrix Cookbook, section 2.8."""
    S = M @ M.T + np.eye(5)
    report = check_gradients(of_one_number, S, loss=logdet)
    assert report.verdict == "inconclusive", report
    assert "an entry and its mirror image being one number" in report.blocks[0].reason
    report = check_gradients(lambda S: 2 * np.linalg.inv(S), S, loss=logdet)
    assert report.verdict == "mismatch"


def test_a_mistake_beside_a_gradient_along_its_set_is_named() -> None:
    def loss(p: Any) -> Any:
        return -torch.log(p["pi"]).sum() + (p["mu"] ** 2).sum()

    def gradients(p: Any) -> Any:
        return {"pi": -1 / p["pi"] + (1 / p["pi"]).mean(), "mu": -2 * p["mu"]}

    def back(p: Any) -> Any:
        return {"pi": summing_to_one(p["pi"]), "mu": p["mu"]}

    both: list[dict[str, Any]] = [{}, {"project": back}]
    for wishes in both:
        report = check_gradients(gradients, {"pi": MIXTURE, "mu": M[0]}, loss=loss, **wishes)
        assert [block.verdict for block in report.blocks] == [
            "match" if wishes else "inconclusive",
            "mismatch",
        ]
        assert [cause.kind for cause in report.causes] == ["sign flipped"], report


@pytest.mark.untraced
def test_a_symmetric_gradient_is_a_match_where_the_set_is_given() -> None:
    S = M @ M.T + np.eye(5)

    def lower(S: A) -> A:
        return np.tril(of_one_number(S))

    assert check_gradients(lower, S, loss=logdet).verdict == "inconclusive"
    assert check_gradients(lower, S, loss=logdet, project=symmetrised).verdict == "match"


def test_a_gram_matrix_among_the_data_remains_one_with_other_data() -> None:
    def by_symmetry(x: A, S: A) -> A:
        return 2 * S @ x

    report = check_gradients(by_symmetry, UNIT * 2, SYMMETRIC, loss=lambda x, S: x @ S @ x)
    assert report.verdict == "match"
    assert notes(report) == []


TURN = np.linalg.qr(M)[0]
LOWER, SKEW = np.tril(M) + 3 * np.eye(5), M - M.T
FIVE = np.linspace(1, 2, 5)
U = FIVE / np.linalg.norm(FIVE)


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("made", "loss", "gradient"),
    [
        (
            TURN,
            lambda x, Q: ((torch.linalg.inv(Q) @ x) ** 3).sum(),
            lambda x, Q: 3 * Q @ (Q.T @ x) ** 2,
        ),
        (TURN, lambda x, Q: ((Q @ x) ** 2).sum(), lambda x, Q: 2 * x),
        (np.eye(5) - 2 * np.outer(U, U), lambda x, H: ((H @ H @ x) ** 2).sum(), lambda x, H: 2 * x),
        (
            LOWER,
            lambda x, L: ((L @ x) ** 2).sum(),
            lambda x, L: 2 * np.tril(L).T @ (np.tril(L) @ x),
        ),
        (np.diag(FIVE), lambda x, D: ((D @ x) ** 2).sum(), lambda x, D: 2 * np.diag(D) ** 2 * x),
        (SKEW, lambda x, K: (K @ x) @ x + (x**2).sum(), lambda x, K: 2 * x),
    ],
)
def test_a_matrix_that_is_no_batch_is_not_rearranged(made: A, loss: Any, gradient: Any) -> None:
    """Formulas that rest on what it is are right, and nothing is said against them."""
    report = check_gradients(gradient, FIVE, made, loss=loss)
    assert (report.verdict, notes(report)) == ("match", []), report
    wrong = check_gradients(lambda x, K: gradient(x, K) * (1 + 1e-9), FIVE, made, loss=loss)
    assert wrong.verdict == "mismatch", wrong


def test_what_goes_with_such_a_matrix_is_rearranged_all_the_same() -> None:
    other = with_other_data(Point(UNIT, (TURN, FIVE)))
    assert other is not None
    assert np.array_equal(other.data[0], TURN)
    assert not np.array_equal(other.data[1], FIVE)


@pytest.mark.parametrize("rows", [np.eye(3), np.full((3, 3), 0.25) + np.eye(3) / 4])
def test_target_rows_that_happen_to_be_symmetric_still_sum_to_one(rows: A) -> None:
    other = with_other_data(Point(UNIT, (rows,)))
    assert other is not None
    assert np.allclose(other.data[0].sum(axis=1), 1)


def test_one_sample_of_symmetric_data_is_a_row() -> None:
    alone = with_samples(Point(UNIT, (SYMMETRIC,)), np.array([1]))
    assert np.array_equal(alone.data[0], SYMMETRIC[1:2])


def test_the_identity_lies_in_most_sets_and_tells_none() -> None:
    def loss(Q: Any) -> Any:
        return (torch.from_numpy(M) * torch.linalg.inv(Q)).sum()

    report = check_gradients(lambda Q: -Q @ M @ Q, np.eye(5), loss=loss)
    assert (report.verdict, "wrong off a set" in notes(report)) == ("match", True)
    assert inside_sets(Point(np.eye(3), ()), 0) is None


def test_a_way_back_that_moves_the_parameters_themselves_is_told_of() -> None:
    report = check_gradients(
        lambda x: 2 * x, 2 * UNIT, loss=lambda x: (x**2).sum(), project=normalised
    )
    assert notes(report) == ["outside its set"]


@pytest.mark.parametrize(
    ("project", "error", "message"),
    [
        (3, TypeError, "project is of type int; it needs to be a function"),
        (lambda x: None, TypeError, "what project returned holds nothing; it needs to be a nest"),
        (lambda x: {"a": x}, TypeError, "what project returned holds a; it needs"),
        (lambda x: x[:2], ValueError, r"of shape \(2,\); it needs to be \(5,\)"),
        (lambda x: x * np.nan, ValueError, "that are not finite"),
        (lambda x: 1 / 0, ZeroDivisionError, "division"),
    ],
)
def test_a_way_back_that_cannot_be_used_is_refused(project: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        _ = check_gradients(lambda x: 2 * x, UNIT, loss=lambda x: (x**2).sum(), project=project)


def test_elsewhere_is_true_or_false() -> None:
    wrong: Any = "no"
    with pytest.raises(TypeError, match="elsewhere is of type str; it needs to be True, False or"):
        _ = check_gradients(lambda x: 2 * x, UNIT, loss=lambda x: (x**2).sum(), elsewhere=wrong)


def test_elsewhere_is_where_a_function_brings_other_parameters() -> None:
    """The loss itself, and not only its gradient, is the same along the set."""
    asked: list[float] = []

    def loss(x: A) -> float:
        if not (np.asarray(x) > 1.9).all():
            raise ValueError("outside")
        return float((np.asarray(x) ** 3).sum())

    def right_at_two(x: A) -> A:
        asked.append(x[0])
        return 3 * x**2 + (x != 2)

    def inside(x: A) -> A:
        return np.maximum(x, 2.1)

    report = check_gradients(right_at_two, np.full(2, 2.0), loss=loss)
    assert report.verdict == "match"
    report = check_gradients(right_at_two, np.full(2, 2.0), loss=loss, elsewhere=inside)
    assert report.verdict == "mismatch"
    assert max(asked) >= 2.1
    shorter: Any = lambda x: x[:1]  # noqa: E731
    with pytest.raises(ValueError, match="what elsewhere returned is of shape"):
        _ = check_gradients(right_at_two, np.full(2, 2.0), loss=loss, elsewhere=shorter)


def test_a_way_back_that_fails_nearby_decides_nothing() -> None:
    def fragile(x: A) -> A:
        if abs(np.linalg.norm(x) - 1) > 1e-9 and not np.allclose(x, UNIT, atol=0.5):
            raise ValueError("too far")
        if np.allclose(x, UNIT, atol=1e-3) and not np.array_equal(x, UNIT):
            raise ValueError("too near")
        return normalised(x)

    report = check_gradients(
        rayleigh, UNIT, loss=loss_of(lambda x, S, _M: x @ S @ x), project=fragile
    )
    assert report.verdict == "inconclusive", report


@pytest.mark.parametrize(
    "x",
    [
        UNIT,
        ROTATION,
        ROTATION[:3],
        ROTATION[:, :2],
        MIXTURE,
        TRANSITIONS,
        CODES,
        CODES.T,
        CORRELATION,
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_other_members_are_members_and_are_elsewhere(x: A, dtype: Any) -> None:
    x = x.astype(dtype)
    unit = float(np.finfo(dtype).eps) / 2
    there = inside_sets(Point({"x": x, "other": np.ones(3, dtype)}, ()), 0)
    assert there is not None
    y = there.parameters["x"]
    assert y.dtype == dtype
    assert sets_of(y, unit)[0].said == sets_of(x, unit)[0].said
    assert np.abs(y - x).max() > 1e-3
    assert (there.parameters["other"] < 1).all()


def test_arrays_that_are_special_by_nothing_are_in_no_set() -> None:
    for x in (M, M[0], np.zeros((3, 3)), np.ones(1), np.ones((2, 2), int), np.ones((2, 2, 2))):
        assert sets_of(x, 1e-16) == ()
    assert special_sets(Point({"L": CHOLESKY, "x": UNIT}, ())) == {"x": "of length one"}


def test_entries_move_each_by_itself_where_the_set_is_given() -> None:
    moved = entry_by_entry(Point([np.zeros(3), np.arange(3), np.array([-2.0, 0.0, 1e-9])], ()), 0)
    zeros, integers, mixed = moved.parameters
    assert zeros.all()
    assert len(set(zeros)) == 3
    assert list(integers) == [0, 1, 2]
    assert list(np.sign(mixed[[0, 2]])) == [-1, 1]


def test_a_symmetric_or_triangular_matrix_of_zeros_remains_one() -> None:
    def loss(S: Any) -> Any:
        return (torch.from_numpy(M) @ S @ S.T).sum() + (torch.from_numpy(M) @ S).sum()

    def by_symmetry(S: A) -> A:
        ones = np.ones((5, 5))
        return M.T @ ones + M.T @ ones @ S + ones @ M @ S

    report = check_gradients(by_symmetry, np.zeros((5, 5)), loss=loss)
    assert report.verdict == "match", report
    (zeros,) = with_other_parameters(Point([np.zeros((3, 3))], ()), 0).parameters
    assert np.count_nonzero(zeros) == 3
