"""Arrays without entries, and operations on batches of zero rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import check_backward, check_gradients
from autograd_ref.report.report import Report
from tests.kernels import KERNELS, operation

A = NDArray[Any]
W = np.arange(1.0, 7.0).reshape(2, 3)
P = {"W": W, "none": np.zeros((0, 2))}


def verdicts(report: Report) -> dict[str, str]:
    return {block.name: block.verdict for block in report.blocks}


def in_torch(p: Any) -> Any:
    return (p["W"] ** 2).sum() + (p["none"] ** 2).sum()


def in_numpy(p: Any) -> float:
    return float(np.sum(p["W"] ** 2) + np.einsum("ij->", p["none"]))


@pytest.mark.untraced
@pytest.mark.parametrize("loss", [in_torch, in_numpy])
@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (lambda p: {"W": 2 * p["W"], "none": p["none"]}, ("match", "match")),
        (lambda p: {"W": 3 * p["W"], "none": p["none"]}, ("mismatch", "match")),
        (lambda p: {"W": 2 * p["W"] + 3, "none": p["none"]}, ("mismatch", "match")),
        (lambda p: {"W": 2 * p["W"], "none": np.zeros((0, 3))}, ("match", "mismatch")),
        (lambda p: {"W": 2 * p["W"], "none": np.ones((2, 2))}, ("match", "mismatch")),
        (lambda p: {"W": 2 * p["W"], "none": p["none"].astype("f4")}, ("match", "mismatch")),
        (lambda p: {"W": 2 * p["W"]}, ("match", "mismatch")),
        (lambda p: {"W": p["W"][:0], "none": p["none"]}, ("mismatch", "match")),
        (lambda p: {"W": p["W"] * np.nan, "none": p["none"]}, ("mismatch", "match")),
    ],
)
def test_a_parameter_without_entries_is_judged_by_shape_and_dtype(
    returned: Callable[[Any], object], expected: tuple[str, str], loss: Any
) -> None:
    report = check_gradients(returned, P, loss=loss)
    assert verdicts(report) == dict(zip(P, expected, strict=True)), report
    assert not any(note.kind == "zero reference" for note in report.warnings)
    assert "none" in str(report)


def test_a_complex_one_is_a_pair_like_any_other() -> None:
    p = {"w": np.ones(3), "z": np.zeros((0, 2), complex)}
    report = check_gradients(
        lambda p: {"w": 2 * p["w"], "z": 2 * p["z"]},
        p,
        loss=lambda p: (p["w"] ** 2).sum() + (p["z"].abs() ** 2).sum(),
    )
    assert verdicts(report) == {"w": "match", "z.real": "match", "z.imag": "match"}, report


@pytest.mark.untraced
@pytest.mark.parametrize("empty", [np.zeros(0), np.zeros((3, 0), "f4"), torch.zeros(2, 0)])
@pytest.mark.parametrize("loss", [lambda p: (p**2).sum(), lambda p: float(np.sum(p))])
def test_where_nothing_has_entries_nothing_can_show(empty: Any, loss: Any) -> None:
    report = check_gradients(lambda p: p, empty, loss=loss)
    assert report.verdict == "inconclusive"
    assert report.blocks[0].reason.startswith("has no entries, and neither has any other block")
    assert not report.warnings
    wrong = check_gradients(lambda p: p.reshape(-1)[None], empty, loss=loss)
    assert wrong.verdict == "mismatch"


def test_a_gradient_over_no_samples_is_zero_and_nothing_else() -> None:
    def loss(w: Any, X: Any, y: Any) -> Any:
        return ((X @ w - y) ** 2).sum()

    def gradient(w: A, X: A, y: A) -> A:
        return 2 * X.T @ (X @ w - y)

    none = np.zeros((0, 3)), np.zeros(0)
    assert check_gradients(gradient, W[0], *none, loss=loss).verdict == "inconclusive"
    report = check_gradients(lambda w, X, y: gradient(w, X, y) + w, W[0], *none, loss=loss)
    assert report.verdict == "mismatch", report


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", ["softmax", "rms norm", "swiglu", "cumsum", "attention"])
def test_a_right_kernel_is_not_accused_on_a_batch_of_zero_rows(
    name: str, dtype: torch.dtype
) -> None:
    kernel = KERNELS[name]
    given = [t[:0] if t.ndim > 1 else t for t in kernel.inputs(dtype)]
    report = check_backward(operation(kernel.forward, kernel.right), kernel.reference, *given)
    assert report.verdict == "inconclusive", report
    assert not report.findings


def linear(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
    ctx.save_for_backward(x, w)
    return x @ w.T


def by_linear(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
    x, w = ctx.saved_tensors
    return u @ w, u.T @ x


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda by_x, by_w: (by_x, by_w + 1), "w"),
        (lambda by_x, by_w: (by_x, by_w * float("nan")), "w"),
        (lambda by_x, by_w: (by_x, by_w.T), "w"),
        (lambda by_x, by_w: (by_x[:, 1:], by_w), "x"),
        (lambda by_x, by_w: (by_x.double(), by_w), "x"),
    ],
)
def test_a_kernel_that_is_wrong_on_a_batch_of_zero_rows_is_found(
    change: Callable[[Tensor, Tensor], object], wrong: str
) -> None:
    def backward(ctx: Any, u: Tensor) -> object:
        return change(*by_linear(ctx, u))

    given = torch.zeros(0, 4), torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    report = check_backward(operation(linear, backward), lambda x, w: x @ w.T, *given)
    assert [b.name for b in report.blocks if b.verdict == "mismatch"] == [wrong], report


def test_what_has_entries_beside_what_has_none_is_judged_as_ever() -> None:
    def two(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return 2 * x, y**3

    given = torch.zeros(3, 0), torch.tensor([1.0, 2.0])
    report = check_backward(two, two, *given)
    assert report.verdict == "match", report
    report = check_backward(lambda x, y: (2 * x, y**2), two, *given)
    assert verdicts(report)["y"] == "mismatch", report
