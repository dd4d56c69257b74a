"""Custom operations as their authors write them: right ones pass, and their mistakes do not."""

from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from autograd_ref import check_backward
from autograd_ref.report.report import Report
from tests.kernels import operation
from tests.thorough import one_in

NARROW = [torch.float16, torch.bfloat16]
FORMATS = [torch.float32, *NARROW]


def drawn(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=random, dtype=torch.float64).to(dtype)


def kinds(report: Report) -> list[str]:
    return [note.kind for note in report.warnings]


# a reference that casts


def rms_norm(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
    ctx.save_for_backward(x, weight)
    wide = x.float()
    return weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)).to(x.dtype)


def by_rms_norm(ctx: Any, upstream: Tensor, *, total: bool = False) -> tuple[Tensor, Tensor]:
    x, weight = (t.float() for t in ctx.saved_tensors)
    scale = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
    normal, u = x * scale, upstream.float()
    inner = u * weight * normal
    along = inner.sum(-1, keepdim=True) if total else inner.mean(-1, keepdim=True)
    gradients = scale * (u * weight - normal * along), (u * normal).sum(0)
    first, second = (g.to(upstream.dtype) for g in gradients)
    return first, second


def summed_rms_norm(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor]:
    return by_rms_norm(ctx, upstream, total=True)


def by_method(x: Tensor, weight: Tensor) -> Tensor:
    wide = x.float()
    normal = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)
    return weight * normal.type_as(x)


def by_dtype(x: Tensor, weight: Tensor) -> Tensor:
    given = x.dtype
    x = x.to(torch.float32)
    normal = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
    return weight * normal.to(given)


def by_keyword(x: Tensor, weight: Tensor) -> Tensor:
    square = x.pow(2).mean(-1, keepdim=True, dtype=torch.float32)
    return weight * (x * torch.rsqrt(square + 1e-6)).to(dtype=x.dtype)


@pytest.mark.long
@pytest.mark.parametrize(
    ("reference", "dtype"), one_in(4, product([by_method, by_dtype, by_keyword], FORMATS))
)
def test_a_reference_that_casts_to_float32_is_one_in_float64(
    reference: Any, dtype: torch.dtype
) -> None:
    given = drawn(5, 12, dtype=dtype), 1 + drawn(12, dtype=dtype, seed=1) / 4
    right = check_backward(operation(rms_norm, by_rms_norm), reference, *given)
    assert right.passed, right
    wrong = check_backward(operation(rms_norm, summed_rms_norm), reference, *given)
    assert wrong.verdict == "mismatch", wrong


@pytest.mark.parametrize("rounded", [True, False])
def test_a_reference_that_rounds_on_purpose_does(rounded: bool) -> None:
    def coarse(x: Tensor) -> Tensor:
        return x.bfloat16().float()

    def product(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        ctx.save_for_backward(coarse(x) if rounded else x, w)
        return coarse(x) @ w

    def by_product(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
        x, w = ctx.saved_tensors
        return u @ w.T, x.T @ u

    def straight_through(x: Tensor, w: Tensor) -> Tensor:
        return (x + (coarse(x) - x).detach()) @ w

    given = drawn(5, 4), drawn(4, 3, seed=1)
    report = check_backward(operation(product, by_product), straight_through, *given, declared=True)
    assert report.verdict == ("match" if rounded else "mismatch"), report


# outputs that are kept in more digits


def mean_logsumexp(ctx: Any, x: Tensor) -> Tensor:
    ctx.save_for_backward(x)
    return torch.logsumexp(x.float(), -1).mean()


def by_mean_logsumexp(ctx: Any, u: Tensor) -> Tensor:
    (x,) = ctx.saved_tensors
    return (torch.softmax(x.float(), -1) / len(x) * u).to(x.dtype)


def by_sum_logsumexp(ctx: Any, u: Tensor) -> Tensor:
    (x,) = ctx.saved_tensors
    return (torch.softmax(x.float(), -1) * u).to(x.dtype)


def mean_max(ctx: Any, x: Tensor) -> Tensor:
    ctx.save_for_backward(x)
    return x.float().max(-1).values.mean()


@pytest.mark.traced("torch.bfloat16")
@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_a_loss_in_float32_from_narrow_inputs_is_right_and_said(dtype: torch.dtype) -> None:
    def plain(x: Tensor) -> Tensor:
        return torch.logsumexp(x, -1).mean()

    x = drawn(6, 7, dtype=dtype)
    right = check_backward(operation(mean_logsumexp, by_mean_logsumexp), plain, x)
    assert right.passed, right
    assert kinds(right) == ["finer output"]
    assert right.blocks[0].dtype == "float32"
    for forward, backward in ((mean_logsumexp, by_sum_logsumexp), (mean_max, by_mean_logsumexp)):
        wrong = check_backward(operation(forward, backward), plain, x)
        assert wrong.verdict == "mismatch", wrong


def test_an_output_with_fewer_digits_is_still_a_mismatch() -> None:
    report = check_backward(lambda x: (x * x).half(), lambda x: x * x, drawn(4))
    assert report.blocks[0].reason == "has dtype float16; it needs float32"
    assert "finer output" not in kinds(report)


# the state of an operation


class Keeps(Function):
    """It has its input from the class, where the last call left it."""

    kept: Tensor

    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> Tensor:
        Keeps.kept = x.detach().clone()
        return x**2

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:  # noqa: ARG004 - torch names it
        return 2 * upstream[0] * Keeps.kept


class KeepsInTheModule(torch.nn.Module):
    kept: Tensor

    def forward(self, x: Tensor) -> Tensor:
        def forward(_ctx: Any, x: Tensor) -> Tensor:
            self.kept = x.detach()
            return x**2

        def backward(_ctx: Any, u: Tensor) -> Tensor:
            return 2 * u * self.kept

        found: Tensor = operation(forward, backward).apply(x)
        return found


@pytest.mark.untraced
@pytest.mark.parametrize("function", [Keeps, KeepsInTheModule()])
def test_what_is_kept_beside_the_graph_is_that_of_the_last_call(function: Any) -> None:
    report = check_backward(function, torch.square, drawn(5))
    assert report.verdict == "mismatch", report
    assert "with another forward pass, on other inputs, before its backward pass" in str(
        report
    ).replace("\n    ", " ")


def normalises(ctx: Any, x: Tensor, mean: Tensor) -> Tensor:
    _ = mean.mul_(0.9).add_(x.mean(0), alpha=0.1)
    ctx.save_for_backward(x)
    return x - x.mean(0)


def by_normalises(_ctx: Any, u: Tensor) -> tuple[Tensor, None]:
    return u - u.mean(0), None


def test_an_argument_without_a_gradient_that_is_written_into_does_harm() -> None:
    given = drawn(6, 3).requires_grad_(), torch.zeros(3)
    function = operation(normalises, by_normalises)
    report = check_backward(function, lambda x, mean: x - x.mean(0) + 0 * mean, *given)
    assert report.verdict == "match"
    assert not report.passed
    assert [note.text for note in report.harmful] == ["The function changes mean in place."]
    assert given[1].eq(0).all()
    accepted = ("changes its arguments",)
    plain = check_backward(
        function, lambda x, mean: x - x.mean(0) + 0 * mean, *given, allow=accepted
    )
    assert plain.passed


def test_an_argument_that_the_reference_writes_into_as_well_is_its_business() -> None:
    def reference(x: Tensor, mean: Tensor) -> Tensor:
        _ = mean.mul_(0.9).add_(x.mean(0), alpha=0.1)
        return x - x.mean(0)

    given = drawn(6, 3).requires_grad_(), torch.zeros(3)
    report = check_backward(operation(normalises, by_normalises), reference, *given)
    assert report.passed, report


def test_integers_that_are_written_into_are_seen_and_sparse_ones_not_compared() -> None:
    def counts(x: Tensor, index: Tensor, _rows: Tensor) -> Tensor:
        found = x[index.clone()] ** 2
        _ = index.zero_()
        return found

    rows = torch.eye(3).to_sparse()
    given = drawn(4).requires_grad_(), torch.tensor([2, 0, 1]), rows
    report = check_backward(counts, lambda x, index, _rows: x[index] ** 2, *given)
    assert "The function changes index in place." in [note.text for note in report.harmful]


def test_an_operation_in_place_on_a_leaf_is_refused_with_what_to_do() -> None:
    def clamps(ctx: Any, x: Tensor) -> Tensor:
        _ = x.clamp_(min=0)
        ctx.mark_dirty(x)
        ctx.save_for_backward(x)
        return x

    def by_clamps(ctx: Any, u: Tensor) -> Tensor:
        return u * (ctx.saved_tensors[0] > 0)

    function = operation(clamps, by_clamps).apply
    with pytest.raises(TypeError, match=r"works in place .* lambda x: .*\(x\.clone\(\)\)"):
        _ = check_backward(function, torch.relu, drawn(4, 3))
    assert check_backward(lambda x: function(x.clone()), torch.relu, drawn(4, 3)).passed


def test_an_error_of_the_operation_itself_is_given_back() -> None:
    def raises(_x: Tensor) -> Tensor:
        raise RuntimeError("no such kernel")

    with pytest.raises(RuntimeError, match=r"^no such kernel$"):
        _ = check_backward(raises, torch.relu, drawn(3))


# outputs


def test_numbers_beside_tensors_are_passed_over_and_said() -> None:
    def counted(factor: float) -> Any:
        square = operation(
            lambda ctx, x: (ctx.save_for_backward(x), x**2)[1],
            lambda ctx, u: factor * u * ctx.saved_tensors[0],
        ).apply
        return lambda x: {"y": square(x), "n": len(x), "more": (x.sum(), None, "mean")}

    def plain(x: Tensor) -> Any:
        return {"y": x * x, "n": len(x), "more": (x.sum(), None, "mean")}

    right = check_backward(counted(2.0), plain, drawn(4))
    assert right.passed, right
    texts = [note.text for note in right.not_checked]
    assert texts == ["output.n, of type int", "output.more[2], of type str"]
    assert check_backward(counted(1.0), plain, drawn(4)).verdict == "mismatch"


def test_what_fails_in_several_calls_fails_in_some_calls_once() -> None:
    def both(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x)
        return x.sin(), x.cos()

    def by_both(ctx: Any, one: Tensor, two: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return one * x.cos() - two * x.sin()

    report = check_backward(operation(both, by_both), lambda x: (x.sin(), x.cos()), drawn(5))
    assert str(report).startswith("Not passed: the function fails in some calls. Match")


# narrow formats


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(3))
def test_a_forgotten_factor_is_found_where_a_narrow_format_could_explain_it(seed: int) -> None:
    root = (2 / torch.pi) ** 0.5

    def gelu(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return F.gelu(x, approximate="tanh")

    def by_gelu(factor: int) -> Any:
        def backward(ctx: Any, u: Tensor) -> Tensor:
            (x,) = (t.float() for t in ctx.saved_tensors)
            t = torch.tanh(root * (x + 0.044715 * x**3))
            inner = root * (1 + factor * 0.044715 * x * x)
            return (u * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)).to(u.dtype)

        return backward

    def in_bfloat16(ctx: Any, u: Tensor) -> Tensor:
        x = ctx.saved_tensors[0].bfloat16()
        t = torch.tanh(root * (x + 0.044715 * x**3))
        inner = root * (1 + 3 * 0.044715 * x * x)
        return (u * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)).to(u.dtype)

    def plain(x: Tensor) -> Tensor:
        return F.gelu(x, approximate="tanh")

    x = (1.5 * drawn(4, 6, dtype=torch.float64, seed=seed)).half()
    right = check_backward(operation(gelu, by_gelu(3)), plain, x, seed=seed)
    assert right.passed, right
    assert check_backward(operation(gelu, by_gelu(1)), plain, x, seed=seed).verdict == "mismatch"
    coarse = check_backward(operation(gelu, in_bfloat16), plain, x.bfloat16(), seed=seed)
    assert coarse.verdict != "mismatch", coarse


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_a_kernel_in_float32_is_right_whatever_it_is_called_in(dtype: torch.dtype) -> None:
    """Called in float64 it is off by the rounding of float32, and a tenth more is a mistake."""

    def gated(ctx: Any, x: Tensor, gate: Tensor) -> Tensor:
        ctx.save_for_backward(x, gate)
        return (F.silu(x.float()) * gate.float()).to(x.dtype)

    def by_gated(factor: float) -> Any:
        def backward(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
            x, gate = (t.float() for t in ctx.saved_tensors)
            s = torch.sigmoid(x)
            slope = factor * s * (1 + x * (1 - s))
            return (u.float() * slope * gate).to(u.dtype), (u.float() * x * s).to(u.dtype)

        return backward

    def plain(x: Tensor, gate: Tensor) -> Tensor:
        return F.silu(x) * gate

    given = drawn(4, 9, dtype=dtype), drawn(4, 9, dtype=dtype, seed=1)
    right = check_backward(operation(gated, by_gated(1.0)), plain, *given)
    assert right.passed, right
    wrong = check_backward(operation(gated, by_gated(1.1)), plain, *given)
    assert wrong.verdict == "mismatch", wrong


def test_a_softmax_in_float32_is_right_for_an_upstream_gradient_of_ones() -> None:
    """Its gradient is zero there, and what rounding leaves is a billion times of that."""

    def softmax(ctx: Any, x: Tensor) -> Tensor:
        y = torch.softmax(x.float(), -1)
        ctx.save_for_backward(y)
        return y.to(x.dtype)

    def by_softmax(ctx: Any, u: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        wide = u.float()
        return (y * (wide - (wide * y).sum(-1, keepdim=True))).to(u.dtype)

    x = drawn(4, 33)
    report = check_backward(operation(softmax, by_softmax), lambda x: torch.softmax(x, -1), x)
    assert report.passed, report


def test_an_index_that_is_returned_as_a_float_is_no_finer_output() -> None:
    report = check_backward(lambda x: (x * x, x.argmax().float()), squared_and_place, drawn(4))
    assert report.passed, report
    assert kinds(report) == []
    assert [note.text for note in report.not_checked] == ["output_1, of torch.int64"]


def squared_and_place(x: Tensor) -> tuple[Tensor, Tensor]:
    return x * x, x.argmax()


# what no upstream gradient fits, and what PyTorch has no gradients of


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("function", "reference", "reason"),
    [
        (torch.fft.fft, lambda x: torch.fft.fft(x).real, "has dtype complex64; it needs float32"),
        (lambda x: x * (1 + 0j), lambda x: x * 1, "has dtype complex64; it needs float32"),
        (lambda x: x[:2], lambda x: x * 1, "has shape (2, 3); it needs (4, 3)"),
        (lambda x: x.sum(1, keepdim=True), lambda x: x.sum(1), "has shape (4, 1); it needs (4,)"),
    ],
)
def test_an_output_of_another_form_is_a_mismatch_and_no_error_of_pytorch(
    function: Any, reference: Any, reason: str
) -> None:
    x = drawn(4, 3)
    report = check_backward(function, reference, x)
    assert report.verdict == "mismatch"
    assert report.blocks[0].reason == reason
    assert report.blocks[1].reason.startswith("is missing")
    assert [note.text[:27] for note in report.not_checked] == ["the backward pass, as outpu"]


def test_a_real_output_where_a_complex_one_is_needed_lacks_its_imaginary_part() -> None:
    report = check_backward(lambda x: torch.fft.fft(x).real, torch.fft.fft, drawn(4, 3))
    found = {block.name: block.verdict for block in report.blocks}
    assert found["output.real"] == "match"
    assert found["output.imag"] == "mismatch"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: (2 * x).to_sparse(), "returned a tensor of torch.sparse_coo on cpu"),
        (lambda x: (2 * x).to("meta"), "returned a tensor of torch.strided on meta"),
    ],
)
def test_outputs_without_dense_values_are_refused_by_name(function: Any, reason: str) -> None:
    for given in ((function, lambda x: 2 * x), (lambda x: 2 * x, function)):
        with pytest.raises(TypeError, match=reason):
            _ = check_backward(*given, drawn(4))


def test_a_reentrant_checkpoint_is_refused_with_what_to_do() -> None:
    def checkpointed(x: Tensor, *, reentrant: bool) -> Tensor:
        found: Tensor = checkpoint(torch.tanh, x, use_reentrant=reentrant)
        return found

    x = drawn(4)
    allowed, refused = (partial(checkpointed, reentrant=which) for which in (False, True))
    assert check_backward(allowed, torch.tanh, x).passed
    for given in ((refused, torch.tanh), (torch.tanh, refused)):
        with pytest.raises(TypeError, match="it needs use_reentrant=False"):
            _ = check_backward(*given, x)


def test_another_runtime_error_of_an_operation_stays_what_it_is() -> None:
    def twice(x: Tensor) -> Tensor:
        found = x * x
        _ = found.sum().backward()
        return found

    with pytest.raises(RuntimeError, match="second time"):
        _ = check_backward(twice, torch.square, drawn(4))
