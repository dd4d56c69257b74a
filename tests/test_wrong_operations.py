"""Mistakes in the backward passes of operations are named, and right passes are not accused.

`python -m tests.wrong_operations` measures all of them; here are one or two of every kind.
"""

from typing import Any

import pytest
import torch
from torch import Tensor

from autograd_ref import check_backward
from autograd_ref.report.report import Report
from tests.wrong_operations import apart
from tests.wrong_operations.__main__ import TUNED, has_property, is_named
from tests.wrong_operations.case import kernel, normal

ALL = {**TUNED, **apart.CASES}


def report_on(name: str, what: str, dtype: torch.dtype = torch.float32) -> Report:
    case = ALL[name]
    backward = case.wrong[what] if what else case.right
    given = tuple(_in(dtype, one) for one in case.inputs)
    function = kernel(case.reference, backward)
    return check_backward(function, case.reference, *given, declared=case.declared)


def _in(dtype: torch.dtype, given: Any) -> Any:
    if not (isinstance(given, Tensor) and given.is_floating_point()):
        return given
    return given.detach().to(dtype).requires_grad_(given.requires_grad)


NAMED: dict[tuple[str, str], tuple[str, str]] = {
    ("layer norm", "without the mean term"): ("a path not followed", "`x - mean`"),
    ("layer norm", "averaged over rows"): ("a factor missing", "6"),
    ("softmax", "without the sum"): ("a path not followed", "`e / e.sum(-1, keepdim=True)`"),
    ("group norm", "without rstd"): ("a factor missing", "group_norm"),
    ("rotary", "rotated forward"): ("forwards for back", ""),
    ("rotary", "sine after the rotation"): ("two steps exchanged", "the product with sin"),
    ("linear", "weight transposed"): ("transposed", "`x @ w.T`"),
    ("attention", "without the mask"): ("a mask left out on the way back", "exp of its score"),
    ("grouped attention", "not summed over the group"): ("not summed", "2 at a time along axis 1"),
    ("grouped attention", "last head of the group"): ("one index only", "repeat_interleave"),
    ("conv", "bias summed over the batch alone"): ("not summed", "over axis 1"),
    ("scaled add", "broadcast not summed"): ("not summed", "over axis 1"),
    ("dropout", "mask inverted"): ("a mask inverted", "the mask is inverted"),
    ("dropout", "not enlarged"): ("a derivative left out", "the division by 0.75"),
    ("geglu", "derivative of the tanh form"): ("another form", "with tanh"),
    ("geglu", "density without its constant"): ("a factor missing", "1/sqrt(2 pi)"),
    ("leaky relu", "default slope"): ("another constant", "0.2 is 0.01"),
    ("embedding", "row 0 is padding"): ("a row for padding", "the first row of w"),
    ("embedding", "last one wins"): ("repeats do not add up", "only the last time"),
    ("embedding bag", "padding counted"): ("the padding counted", "row 0 of w"),
    ("scatter add", "base zeroed"): ("added for replaced", "as if they were replaced"),
    ("cross entropy that ignores", "ignored rows kept"): ("ignored rows counted", "ignored, 3,"),
    ("linear cross entropy", "weight's gradient by their mean"): (
        "mean of the upstream gradient",
        "the mean of the upstream gradient",
    ),
    ("scan", "decay of the step before"): ("another value used", "of the step before"),
    ("squared relu", "x for relu"): ("an operation left out of the loss", "ReLU is left out"),
}


@pytest.mark.traced(
    "attention-without the mask",
    "layer norm-averaged over rows",
    "group norm-without rstd",
    "rotary-sine after the rotation",
    "scan-decay of the step before",
    "embedding bag-padding counted",
    "embedding-row 0 is padding",
    "conv-bias summed over the batch alone",
    "scatter add-base zeroed",
    "cross entropy that ignores-ignored rows kept",
)
@pytest.mark.parametrize(("name", "what"), NAMED)
def test_a_wrong_step_of_an_operation_is_named(name: str, what: str) -> None:
    kind, said = NAMED[name, what]
    report = report_on(name, what)
    assert report.verdict == "mismatch"
    assert is_named(report), report
    assert report.causes[0].kind == kind, report
    assert said in report.causes[0].explanation


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("name", "what"),
    [("layer norm", "mean term twice"), ("softmax", "diagonal"), ("dropout", "mask forgotten")],
)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_it_is_named_in_narrow_formats_as_well(name: str, what: str, dtype: torch.dtype) -> None:
    narrow, full = (report_on(name, what, one) for one in (dtype, torch.float32))
    assert [cause.kind for cause in narrow.causes] == [cause.kind for cause in full.causes] != []


FORMATS = (torch.float32, torch.float16, torch.bfloat16)


@pytest.mark.untraced
@pytest.mark.parametrize("number", range(len(ALL)), ids=list(ALL))
def test_right_backward_passes_are_not_accused(number: int) -> None:
    report = report_on(list(ALL)[number], "", FORMATS[number % 3])
    assert report.verdict == "match", report
    assert not report.causes


@pytest.mark.untraced
def test_what_has_no_known_cause_is_asked_for_its_rows() -> None:
    report = report_on("softmax", "over everything")
    assert has_property(report)
    said = next(note.text for note in report.pattern if note.kind == "rows")
    assert "reaches rows 0, 1, 2, 3, 4 and 5 of it, and has to reach row 0" in said


def report_of(reference: Any, backward: Any, *inputs: Tensor) -> Report:
    return check_backward(kernel(reference, backward), reference, *inputs)


def square(x: Tensor) -> Tensor:
    return x**2


@pytest.mark.parametrize(
    ("backward", "said"),
    [
        (lambda x, u: 2 * x * u + x.sin(), "not zero where the upstream gradient is"),
        (lambda x, u: x.cos() * u.abs() * u, "it is not linear in it"),
        (lambda x, u: x.cos() * u.abs(), "it is not linear in it"),
    ],
)
def test_a_gradient_that_is_not_linear_in_the_upstream_gradient_is_said(
    backward: Any, said: str
) -> None:
    report = report_of(square, backward, normal(4, 3))
    assert [note.kind for note in report.pattern if note.kind == "not linear"] == ["not linear"]
    assert any(said in note.text for note in report.pattern)


def test_where_the_cause_is_known_no_property_is_told() -> None:
    report = report_of(square, lambda x, _u: 2 * x, normal(4, 3))
    assert report.causes, report
    assert not has_property(report)


@pytest.mark.untraced
def test_a_wrong_gradient_with_both_properties_has_neither_note() -> None:
    report = report_of(square, lambda x, u: u * (x**3).cos(), normal(4, 3))
    assert report.verdict == "mismatch"
    assert not has_property(report)


def test_a_gradient_without_rows_or_of_another_shape_is_not_asked() -> None:
    total = report_of(lambda x: square(x).sum(), lambda x, u: u * x.cos(), normal(4, 3))
    shorter = report_of(square, lambda x, u: (u * x)[:2], normal(4, 3))
    assert not has_property(total)
    assert not has_property(shorter)


def test_an_upstream_gradient_that_is_refused_tells_nothing() -> None:
    def picky(x: Tensor, u: Tensor) -> Tensor:
        if not u.any() or not u[1:].any():
            raise ValueError("zeros")
        return u * (x**3).cos()

    report = report_of(square, picky, normal(4, 3))
    assert report.verdict == "mismatch"
    assert not has_property(report)


def test_an_operation_that_computes_another_function_is_named_for_that() -> None:
    class Cosine(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.x = x
            return x.cos()

        @staticmethod
        def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
            return -grad_outputs[0] * ctx.x.sin()

    report = check_backward(Cosine, lambda x: x.sin(), normal(4, 3))
    assert [cause.kind for cause in report.causes] == ["another operation in the loss"], report
    assert report.causes[0].blocks == ("output", "x")


@pytest.mark.untraced
def test_the_row_that_is_not_reached_is_said() -> None:
    report = report_of(square, lambda x, u: torch.zeros_like(x).add(u[-1:] * x.cos()), normal(3, 4))
    notes = [note.text for note in report.pattern if note.kind == "rows"]
    assert notes == [
        "x: the first row of the upstream gradient reaches no row of it, and has to reach row 0."
    ]


def flat(tensor: Tensor) -> Tensor:
    """The memory of a tensor, read as if it were contiguous."""
    strides = [1]
    for n in reversed(tensor.shape[1:]):
        strides.insert(0, strides[0] * n)
    return tensor.as_strided(tensor.shape, strides)


def gated(x: Tensor, w: Tensor) -> Tensor:
    return x * torch.tanh(w)


def by_gated(x: Tensor, w: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    return u * torch.tanh(w), u * x * (1 - torch.tanh(w) ** 2)


def test_the_tensor_whose_layout_makes_it_wrong_is_named() -> None:
    report = report_of(
        gated, lambda x, w, u: by_gated(x, flat(w), u), normal(4, 5), normal(4, 5, seed=1)
    )
    assert [cause.kind for cause in report.causes] == ["memory layout"]
    assert "Your x and w are right, but not where w is not contiguous" in str(report.causes[0])


def test_an_upstream_gradient_that_is_read_as_if_contiguous_is_named() -> None:
    def by(x: Tensor, w: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        return by_gated(x, w, u if u.stride() == (0, 0) else flat(u))

    report = report_of(gated, by, normal(4, 5), normal(4, 5, seed=1))
    assert [cause.kind for cause in report.causes] == ["memory layout"]
    assert "the upstream gradient of output is not contiguous" in str(report.causes[0])


def test_an_expanded_upstream_gradient_is_named_only_where_its_layout_matters() -> None:
    def by(x: Tensor, w: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        return by_gated(x, w, u / u.numel() if u.stride() == (0, 0) else u)

    report = report_of(gated, by, normal(4, 5), normal(4, 5, seed=1))
    assert [cause.kind for cause in report.causes] == ["memory layout"]
    assert "expanded (stride 0)" in str(report.causes[0])
    of_ones = report_of(
        gated,
        lambda x, w, u: by_gated(x, w, u if (u != 1).any() else u / 3),
        normal(4, 5),
        normal(4, 5, seed=1),
    )
    assert of_ones.verdict == "mismatch"
    assert "memory layout" not in [cause.kind for cause in of_ones.causes]


class Keeps(torch.autograd.Function):
    """It writes into what it saved, keeps the last input in the class, or trusts its outputs."""

    how = ""
    last: Tensor

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        ctx.saved = (x.clone(), w.clone())
        ctx.set_materialize_grads(False)
        Keeps.last = x.clone()
        return x * w, x + w

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor | None) -> tuple[Tensor, Tensor]:
        (first, second), (x, w) = grad_outputs, ctx.saved
        unused = w if Keeps.how == "an output not used" else torch.zeros_like(w)
        u = torch.zeros_like(w) if first is None else first
        v = unused if second is None else second
        if Keeps.how == "kept in the class":
            x = Keeps.last
        by_x, by_w = u * w + v, u * x + v
        if Keeps.how == "written into":
            _ = w.mul_(2)
        if Keeps.how == "an input frozen" and not ctx.needs_input_grad[0]:
            by_w = 2 * by_w
        return by_x, by_w


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("written into", "a second backward pass", "in a second backward pass"),
        ("kept in the class", "kept elsewhere than in ctx", "on other inputs before its backward"),
        ("an output not used", "an output that is not used", "nothing depends on output_1"),
        ("an input frozen", "an input that is frozen", "where x does not require grad"),
    ],
)
def test_the_way_in_which_it_is_wrong_is_the_cause(
    how: str, kind: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Keeps, "how", how)
    report = check_backward(Keeps, lambda x, w: (x * w, x + w), normal(4, 5), normal(4, 5, seed=1))
    assert [cause.kind for cause in report.causes] == [kind], report
    assert said in report.causes[0].explanation


def test_a_layout_that_one_gradient_alone_is_wrong_in_is_said_of_that_one() -> None:
    def by(x: Tensor, w: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        by_x, by_w = by_gated(x, w, u)
        return (by_x, by_w) if w.is_contiguous() else (by_x, by_w * 2)

    report = report_of(gated, by, normal(4, 5), normal(4, 5, seed=1))
    assert [cause.kind for cause in report.causes] == ["memory layout"]
    assert "Your w is right, but not where w is not contiguous" in report.causes[0].explanation


@pytest.mark.untraced
def test_a_product_in_a_loop_is_not_taken_for_steps_exchanged() -> None:
    def turned(x: Tensor, s: Tensor) -> Tensor:
        for _ in range(2):
            x = x.flip(-1) * s
        return x

    def by(_x: Tensor, s: Tensor, u: Tensor) -> Tensor:
        return u * s * s

    x, s = normal(3, 4).requires_grad_(), normal(4, seed=1)
    report = check_backward(kernel(turned, by), turned, x, s)
    assert report.verdict == "mismatch"
    assert all(cause.kind != "two steps exchanged" for cause in report.causes)


@pytest.mark.untraced
def test_the_right_order_of_two_steps_is_not_accused() -> None:
    def turned(x: Tensor, s: Tensor) -> Tensor:
        return x + x.flip(-1) * s

    x, s = normal(3, 4).requires_grad_(), normal(4, seed=1)
    right = check_backward(kernel(turned, lambda _x, s, u: u + (u * s).flip(-1)), turned, x, s)
    wrong = check_backward(kernel(turned, lambda _x, s, u: u + u.flip(-1) * s), turned, x, s)
    assert right.verdict == "match"
    assert [cause.kind for cause in wrong.causes] == ["forwards for back"], wrong
