"""check_backward(derivatives=("forward",)): tangents, by the formula of a jvp."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from autograd_ref import check_backward
from autograd_ref.report.report import Report
from tests.derived_operations import LINEAR, SIN_COS, TANH, Formulas, drawn, function, said, wrong

FORWARD = ("forward",)


def checked(right: Formulas, jvp: Callable[..., Any]) -> Report:
    kernel = right.operation(jvp=jvp)
    return check_backward(kernel, right.forward, *right.inputs, derivatives=FORWARD)


MISTAKES: dict[str, tuple[Formulas, Callable[..., Any], str]] = {
    "a tangent is ignored": (
        LINEAR,
        lambda _x, w, _b, _y, tx, _tw, tb: tx @ w.mT + tb,
        "forward: Your output is what comes out if the tangent of w is not used",
    ),
    "the sign of one": (
        LINEAR,
        lambda x, w, _b, _y, tx, tw, tb: tx @ w.mT - x @ tw.mT + tb,
        "the tangent of w is used with the wrong sign",
    ),
    "one is counted twice": (
        LINEAR,
        lambda x, w, _b, _y, tx, tw, tb: 2 * tx @ w.mT + x @ tw.mT + tb,
        "the tangent of x is counted twice",
    ),
    "one is halved": (
        LINEAR,
        lambda x, w, _b, _y, tx, tw, tb: tx @ w.mT + x @ tw.mT / 2 + tb,
        "the tangent of w is halved",
    ),
    "all of it twice": (
        TANH,
        lambda _x, y, t: 2 * t * (1 - y * y),
        "too large by a factor 2",
    ),
    "the tangent is left out": (TANH, lambda _x, y, _t: 1 - y * y, "the tangent is left out"),
    "the input for the saved output": (
        TANH,
        lambda x, _y, t: t * (1 - x * x),
        "is taken with x in the place of",
    ),
    "the square is missing": (TANH, lambda _x, y, t: t * (1 - y), "forward: output: wrong in"),
    "the derivative is missing": (TANH, lambda _x, _y, t: t, "forward: "),
    "of a linear operation": (
        TANH._replace(forward=lambda x: 3 * x, backward=lambda _x, _y, u: 3 * u),
        lambda x, _y, t: 3 * t * (1 + x.cos() * x),
        "forward: output: wrong in",
    ),
    "one of two outputs": (
        SIN_COS,
        lambda _x, s, c, t: (t * c, t * s),
        "right except for the sign",
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_jvp_is_found_and_named(mistake: tuple[Formulas, Callable[..., Any], str]) -> None:
    right, jvp, words = mistake
    report = checked(right, jvp)
    assert report.verdict == "mismatch"
    assert words in said(report), report
    assert check_backward(right.operation(jvp=jvp), right.forward, *right.inputs).passed


@pytest.mark.untraced
def test_two_outputs_have_a_verdict_each() -> None:
    report = checked(SIN_COS, lambda _x, s, c, t: (t * c, t * s))
    assert [block.name for block in report.blocks] == ["forward: output_0", "forward: output_1"]
    assert wrong(report) == ["forward: output_1"]


@pytest.mark.untraced
@pytest.mark.parametrize("error", [1e-9, 1e-12])
def test_small_errors_are_found(error: float) -> None:
    assert wrong(checked(TANH, lambda _x, y, t: (1 + error) * t * (1 - y * y)))


def linear_jvp(tangents_needed: bool) -> Callable[..., Any]:
    """A jvp that gets None for tangents that are not there, and may take them for tensors."""

    def jvp(ctx: Any, *along: Tensor | None) -> Any:
        x, w, _b, _y = ctx.saved_tensors
        tx, tw, tb = along
        terms: list[Any] = [
            None if tx is None else tx @ w.mT,
            None if tw is None else x @ tw.mT,
            tb,
        ]
        if tangents_needed:
            return terms[0] + terms[1] + terms[2]
        return sum(torch.zeros(3, 4, dtype=x.dtype) + term for term in terms if term is not None)

    return jvp


@pytest.mark.parametrize("tangents_needed", [False, True])
def test_tangents_that_are_none_are_given_as_pytorch_gives_them(tangents_needed: bool) -> None:
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs, output)
        ctx.save_for_forward(*inputs, output)
        ctx.set_materialize_grads(False)

    kernel = function(
        LINEAR.forward,
        setup_context=setup_context,
        backward=lambda ctx, u: LINEAR.backward(*ctx.saved_tensors, u),
        jvp=linear_jvp(tangents_needed),
    )
    report = check_backward(kernel, LINEAR.forward, *LINEAR.inputs, derivatives=FORWARD)
    assert report.verdict == "match"
    assert [note.kind for note in report.harmful] == ["fails in some calls"] * 3 * tangents_needed


@pytest.mark.untraced
def test_a_tangent_that_is_wrong_without_the_others_is_found() -> None:
    report = checked(
        LINEAR,
        lambda x, w, _b, _y, tx, tw, tb: (
            tx @ w.mT + x @ tw.mT + tb + (0 if tw.any() and tb.any() else tx.sum())
        ),
    )
    reasons = [block.reason for block in report.blocks]
    assert "with a tangent of x alone" in reasons[0], report


@pytest.mark.untraced
def test_strides_of_tangents_are_not_to_be_ignored() -> None:
    def as_it_lies(_x: Tensor, y: Tensor, t: Tensor) -> Tensor:
        return torch.as_strided(t, t.shape, (2, 1)) * (1 - y * y)

    report = checked(TANH, as_it_lies)
    assert "inputs and tangents that are not contiguous" in report.blocks[0].reason


@pytest.mark.untraced
def test_a_function_that_detaches_has_no_tangent_and_is_told_so() -> None:
    report = check_backward(
        lambda x: x.detach().sin() + 0 * x, torch.sin, drawn(3), derivatives=FORWARD
    )
    assert wrong(report) == ["forward: output"]
    cut = check_backward(
        lambda x: (x.sin(), x.detach().cos() + 0 * x.sum().detach().requires_grad_()),
        lambda x: (x.sin(), x.cos()),
        drawn(3),
        derivatives=FORWARD,
    )
    assert wrong(cut) == ["forward: output_1"], cut


def test_a_transposed_tangent_is_called_that() -> None:
    kernel = function(
        lambda x: x.mT.clone(),
        backward=lambda _ctx, u: u.mT,
        jvp=lambda _ctx, t: t,
    )
    report = check_backward(kernel, lambda x: x.mT.clone(), drawn(3, 3), derivatives=FORWARD)
    assert "right, but transposed" in said(report)
