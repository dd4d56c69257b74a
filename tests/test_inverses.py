"""Mistakes in closed forms with inverses and determinants, as of a Gaussian process."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import Report, check_gradients

A = NDArray[Any]
RANDOM = np.random.default_rng(2)
ROOT = RANDOM.normal(size=(4, 4))
POINT = {"K": ROOT @ ROOT.T + np.eye(4) + np.triu(np.ones((4, 4)), 1)}
R, SKEW = RANDOM.normal(size=4), RANDOM.normal(size=(4, 4))


def by_cholesky(p: Any, r: Any, _skew: Any) -> Any:
    factor = torch.linalg.cholesky(p["K"] + p["K"].T)
    alpha = torch.cholesky_solve(r[:, None], factor)
    return (r[:, None] * alpha).sum() + 2 * torch.log(torch.diagonal(factor)).sum()


def by_solve(p: Any, r: Any, skew: Any) -> Any:
    alpha = torch.linalg.solve(p["K"] + skew, r)
    return (r * alpha).sum() + torch.logdet(p["K"] + skew)


def by_inverse(p: Any, r: Any, skew: Any) -> Any:
    inverse = torch.linalg.inv(p["K"] + skew)
    return r @ inverse @ r + torch.linalg.slogdet(p["K"] + skew)[1]


def by_rows(p: Any, r: Any, skew: Any) -> Any:
    (alpha,) = torch.linalg.solve(p["K"] + skew, r[None], left=False)
    return (r * alpha).sum() + torch.logdet(p["K"] + skew)


Form = Callable[[A, A, A], A]
"""The gradient by the matrix, from the matrix, its inverse and r."""

FORMS: dict[str, Form] = {
    "right": lambda _k, i, r: i.T - np.outer(i.T @ r, i @ r),
    "r on the left": lambda _k, i, r: i.T - np.outer(r, i @ r),
    "r on the right": lambda _k, i, r: i.T - np.outer(i.T @ r, r),
    "r on both sides": lambda _k, i, r: i.T - np.outer(r, r),
    "not transposed": lambda _k, i, r: i.T - np.outer(i @ r, i.T @ r),
    "both on the left": lambda _k, i, r: i.T - i.T @ i.T @ np.outer(r, r),
    "both on the right": lambda _k, i, r: i.T - np.outer(r, r) @ i.T @ i.T,
    "traces": lambda _k, i, r: i.T - i.T * (r @ i @ r),
    "K for its inverse": lambda k, i, r: k.T - np.outer(i.T @ r, i @ r),
    "K for its inverse in the square": lambda k, i, r: i.T - np.outer(k.T @ r, k @ r),
    "determinant not transposed": lambda _k, i, r: i - np.outer(i.T @ r, i @ r),
}


def checked(loss: Any, how: str) -> Report:
    def gradients(p: Any, r: A, skew: A) -> Any:
        if loss is by_cholesky:
            k = p["K"] + p["K"].T
            form = FORMS[how](k, np.linalg.inv(k), r)
            return {"K": form + form.T}
        k = p["K"] + skew
        return {"K": FORMS[how](k, np.linalg.inv(k), r)}

    return check_gradients(gradients, POINT, R, SKEW, loss=loss)


@pytest.mark.parametrize("loss", [by_cholesky, by_solve, by_rows, by_inverse])
def test_the_right_closed_form_is_not_accused(loss: Any) -> None:
    assert checked(loss, "right").verdict == "match"


@pytest.mark.traced(
    "r on the left-the inverse on the left is left out-by_cholesky",
    "r on the left-the inverse on the left is left out-by_rows",
    "r on the left-the inverse on the left is left out-by_solve",
    "r on the left-the inverse on the left is left out-by_inverse",
)
@pytest.mark.parametrize("loss", [by_cholesky, by_solve, by_rows, by_inverse])
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("r on the left", "the inverse on the left is left out"),
        ("r on the right", "the inverse on the right is left out"),
        ("r on both sides", "the inverse on both sides is left out"),
    ],
)
def test_a_closed_form_with_a_wrong_inverse_is_named(loss: Any, how: str, said: str) -> None:
    report = checked(loss, how)
    assert report.causes, report
    if loss is by_cholesky:  # where all is symmetric, either side
        said = said.replace("on the right", "on the left")
    assert any(said in cause.explanation for cause in report.causes), report


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("not transposed", "the inverse is not transposed"),
        ("both on the left", "both inverses stand on the left"),
        ("both on the right", "both inverses stand on the right"),
        ("traces", "a product of traces stands for the trace of the product"),
        ("K for its inverse", "stands for its inverse"),
        ("K for its inverse in the square", "stands for its inverse"),
        ("determinant not transposed", "the inverse is not transposed"),
    ],
)
def test_a_transposed_inverse_and_a_determinant_are_named(how: str, said: str) -> None:
    report = checked(by_inverse, how)
    assert any(said in cause.explanation for cause in report.causes), report


@pytest.mark.untraced
def test_systems_of_other_shapes_are_solved_alike() -> None:
    def of_rows(p: Any, r: Any, skew: Any) -> Any:
        rows = torch.linalg.solve(p["K"] + skew, torch.stack([r, r + 1]), left=False)
        columns = torch.linalg.solve(p["K"] + skew, torch.stack([r, r + 1], 1))
        return (rows**2).sum() + columns.sum()

    report = check_gradients(lambda p, *_data: {"K": np.sin(p["K"])}, POINT, R, SKEW, loss=of_rows)
    assert report.verdict == "mismatch"
    assert not report.causes
