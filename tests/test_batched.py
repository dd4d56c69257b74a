"""check_backward(derivatives=("batched",)): vmap of an operation and of its backward pass."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from autograd_ref import check_backward
from autograd_ref.report.report import Report
from tests.derived_operations import (
    LINEAR,
    TANH,
    Formulas,
    drawn,
    function,
    not_checked,
    of_saved,
    said,
    saved,
    stands_for_many,
    wrong,
)
from tests.kernels import operation

BATCHED = ("batched",)


def checked(kernel: Any, forward: Callable[..., Any], *inputs: Any) -> Report:
    assert check_backward(kernel, forward, *inputs).passed
    return check_backward(kernel, forward, *inputs, derivatives=BATCHED)


def with_rule(right: Formulas, rule: Callable[..., Any]) -> Any:
    """The operation with a vmap rule, which gets the operation itself first."""

    def vmap(info: Any, dims: Any, *given: Any) -> Any:
        return rule(kernel, info.batch_size, dims, *given)

    kernel = right.operation(generate_vmap_rule=False, vmap=vmap)
    return kernel


def in_front(size: int, tensor: Tensor, axis: int | None) -> Tensor:
    return tensor.expand(size, *tensor.shape) if axis is None else tensor.movedim(axis, 0)


def sample_by_sample(kernel: Any, size: int, dims: Any, *given: Tensor) -> Any:
    moved = [in_front(size, t, axis) for t, axis in zip(given, dims, strict=True)]
    return torch.stack([kernel.apply(*one) for one in zip(*moved, strict=True)]), 0


OVER_ROWS = Formulas(  # a softmax over the first axis
    lambda x: x.softmax(0),
    lambda _x, y, u: y * (u - (u * y).sum(0)),
    lambda _x, y, t: y * (t - (t * y).sum(0)),
    (drawn(3, 2),),
)
OF_ALL = Formulas(
    lambda x: x / x.sum(),
    lambda x, _y, u: u / x.sum() - (u * x).sum() / x.sum() ** 2,
    lambda x, _y, t: t / x.sum() - x * t.sum() / x.sum() ** 2,
    (drawn(3, 2).abs(),),
)
SHIFT = Formulas(
    lambda x, b: x + b,
    lambda _x, b, _y, u: (u, u.sum_to_size(b.shape)),
    lambda _x, _b, _y, t, v: t + v,
    (drawn(3, 2), drawn(2)),
)


@pytest.mark.untraced
def test_a_right_rule_matches() -> None:
    report = checked(with_rule(SHIFT, sample_by_sample), SHIFT.forward, *SHIFT.inputs)
    assert report.passed, report
    assert [block.name for block in report.blocks] == [
        "batched: output",
        "batched: x",
        "batched: b",
    ]


MISTAKES: dict[str, tuple[Formulas, Callable[..., Any], str]] = {
    "an axis that is not counted from the first sample axis": (
        OVER_ROWS,
        lambda kernel, _size, dims, x: (kernel.apply(x), dims[0]),
        "batched: output: one sample changes with the inputs of others",
    ),
    "a sum over the samples": (
        OF_ALL,
        lambda kernel, _size, dims, x: (kernel.apply(x), dims[0]),
        "batched: output: one sample changes with the inputs of others",
    ),
    "out_dims is always 0": (
        TANH,
        lambda kernel, _size, _dims, x: (kernel.apply(x), 0),
        "batched over the last axis",
    ),
    "samples in reverse": (
        TANH,
        lambda kernel, _size, dims, x: (kernel.apply(x.movedim(dims[0], 0).flip(0)), 0),
        "in another order",
    ),
    "the last sample for all": (
        TANH,
        lambda kernel, size, dims, x: (
            kernel.apply(x.movedim(dims[0], 0)[-1:].expand(size, -1, -1)),
            0,
        ),
        "batched: ",
    ),
    "twice under vmap": (
        TANH,
        lambda kernel, _size, dims, x: (2 * kernel.apply(x), dims[0]),
        "too large by a factor 2",
    ),
    "samples are broadcast against each other": (
        SHIFT,
        lambda kernel, size, dims, x, b: (
            kernel.apply(in_front(size, x, dims[0]), in_front(size, b, dims[1]).mean(0)),
            0,
        ),
        "batched: output: one sample changes with the inputs of others",
    ),
    "what is not mapped is taken for the first sample": (
        LINEAR,
        lambda kernel, size, dims, x, w, b: sample_by_sample(
            kernel, size, dims, x, w, b if dims[2] is not None else 0 * b
        ),
        "batched over x alone",
    ),
}


@pytest.mark.traced("samples in reverse", "twice under vmap", "out_dims is always 0")
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_rule_is_found(mistake: tuple[Formulas, Callable[..., Any], str]) -> None:
    right, rule, words = mistake
    report = checked(with_rule(right, rule), right.forward, *right.inputs)
    assert report.verdict == "mismatch"
    assert words in f"{wrong(report)} {said(report)}", report


REFUSING: dict[str, tuple[Formulas, Callable[..., Any], str]] = {
    "None is no axis": (
        LINEAR,
        lambda kernel, size, dims, *given: sample_by_sample(
            kernel, size, [0 if axis is None else axis for axis in dims], *given
        ),
        "batched over x alone: torch.func.vmap raised",
    ),
    "axes are taken to be 0": (
        LINEAR,
        lambda kernel, size, _dims, *given: sample_by_sample(kernel, size, (0, 0, 0), *given),
        "batched over the last axis: torch.func.vmap raised",
    ),
    "broadcasting fits without samples only": (
        SHIFT,
        lambda kernel, size, dims, *given: (
            kernel.apply(*(in_front(size, t, d) for t, d in zip(given, dims, strict=True))),
            0,
        ),
        "batched: torch.func.vmap raised RuntimeError: The size of tensor a",
    ),
}


@pytest.mark.parametrize("mistake", REFUSING.values(), ids=REFUSING)
def test_a_rule_that_raises_does_not_pass(
    mistake: tuple[Formulas, Callable[..., Any], str],
) -> None:
    right, rule, words = mistake
    report = checked(with_rule(right, rule), right.forward, *right.inputs)
    assert not report.passed
    assert [note.text.startswith(words) for note in report.harmful] == [True], report.harmful


@pytest.mark.untraced
def test_a_backward_pass_that_is_wrong_under_vmap_only_is_found() -> None:
    def backward(ctx: Any, u: Tensor) -> Tensor:
        y = ctx.saved_tensors[1]
        return u * (1 - y * y) * (2 if stands_for_many(u) else 1)

    kernel = function(TANH.forward, backward=backward, generate_vmap_rule=True)
    report = checked(kernel, TANH.forward, *TANH.inputs)
    assert wrong(report) == ["batched: x"]


@pytest.mark.untraced
def test_a_rule_that_is_right_beside_a_backward_pass_that_vmap_makes_wrong_is_found() -> None:
    def backward(ctx: Any, u: Tensor) -> Tensor:
        y = ctx.saved_tensors[1]
        return u * (1 - y * y) * (2 if stands_for_many(u) else 1)

    def vmap(_info: Any, dims: Any, x: Tensor) -> Any:
        return kernel.apply(x), dims[0]

    kernel: Any = function(TANH.forward, backward=backward, vmap=vmap)
    report = checked(kernel, TANH.forward, *TANH.inputs)
    assert "by torch.func.vmap of torch.func.vjp" in report.blocks[1].reason


@pytest.mark.untraced
def test_gradients_for_several_upstream_gradients_are_checked_without_a_rule_for_samples() -> None:
    def backward(ctx: Any, u: Tensor) -> Tensor:
        return 2 * ctx.saved_tensors[0] * u * (3 if stands_for_many(u) else 1)

    report = checked(operation(saved, backward), torch.square, drawn(3, 2))
    assert wrong(report) == ["batched by torch.autograd.grad(..., is_grads_batched=True): input"]


def test_control_flow_in_a_backward_pass_is_told_of() -> None:
    kernel = TANH.operation(
        generate_vmap_rule=False,
        vmap=lambda _info, dims, x: (kernel.apply(x), dims[0]),
        backward=lambda _x, y, u: u * (1 - y * y) if u.any() else 0 * u,
    )
    report = checked(kernel, TANH.forward, *TANH.inputs)
    assert report.verdict == "match"
    assert any(t.startswith("batched by torch.autograd.grad") for t in not_checked(report))
    assert any("gradients by torch.func.vmap of torch.func.vjp" in t for t in not_checked(report))


@pytest.mark.untraced
def test_integers_and_indices_beside_the_tensors_are_no_hindrance() -> None:
    def largest(x: Tensor, n: int) -> tuple[Tensor, Tensor]:
        return x.sort(descending=True)[0][:n], x.sort(descending=True)[1][:n]

    assert checked(torch.topk, largest, drawn(5), 2).passed


@pytest.mark.untraced
def test_a_generated_rule_of_an_operation_by_formulas_matches_beside_them() -> None:
    kernel = function(SHIFT.forward, backward=of_saved(SHIFT.backward), generate_vmap_rule=True)
    assert checked(kernel, SHIFT.forward, *SHIFT.inputs).passed
