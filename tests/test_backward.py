"""check_backward: operations with a backward pass of their own, right ones and wrong ones."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from autograd_ref import check_backward
from autograd_ref.report.report import Report

FORMATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


def inputs(dtype: torch.dtype = torch.float64, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """x, weight and bias; all dimensions differ, and tanh is far from saturated."""
    random = torch.Generator().manual_seed(seed)
    shapes = ((5, 4), (3, 4), (3,))
    x, weight, bias = (torch.randn(s, generator=random, dtype=torch.float64) for s in shapes)
    return x.to(dtype), (weight / 4).to(dtype), (bias / 4).to(dtype)


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.tanh(x @ weight.T + bias)


def backward_of(x: Tensor, weight: Tensor, output: Tensor, upstream: Tensor) -> list[Any]:
    delta = upstream * (1 - output * output)
    return [delta @ weight, delta.T @ x, delta.sum(0)]


def operation(
    change: Callable[[list[Any], Tensor, Tensor], object] = lambda g, _x, _up: tuple(g),
) -> type[Function]:
    """tanh of an affine map; change(gradients, x, upstream gradient) makes a mistake in it."""

    class Affine(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
            output = affine(x, weight, bias)
            ctx.save_for_backward(x, weight, output)
            return output

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:
            x, weight, output = ctx.saved_tensors
            return change(backward_of(x, weight, output, upstream[0]), x, upstream[0])

    return Affine


def replaced(place: int, by: Callable[[Tensor], object]) -> type[Function]:
    return operation(lambda g, _x, _up: tuple(by(b) if i == place else b for i, b in enumerate(g)))


def verdicts(report: Report) -> dict[str, str]:
    return {block.name: block.verdict for block in report.blocks}


RIGHT = {"output": "match", "x": "match", "weight": "match", "bias": "match"}


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_a_right_operation_is_a_match_in_every_format(dtype: torch.dtype) -> None:
    for seed in range(4):
        report = check_backward(operation(), affine, *inputs(dtype, seed))
        assert verdicts(report) == RIGHT, report
        assert {block.dtype for block in report.blocks} == {str(dtype).removeprefix("torch.")}
        assert not report.findings


@pytest.mark.untraced
@pytest.mark.parametrize("function", [operation(), operation().apply, affine])
def test_the_class_its_apply_and_any_function_are_taken(function: Any) -> None:
    assert verdicts(check_backward(function, affine, *inputs())) == RIGHT


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("dtype", "error"),
    [
        (torch.float64, 1e-12),
        (torch.float32, 5e-4),
        (torch.float16, 0.25),
        (torch.bfloat16, 0.7),
    ],
)
@pytest.mark.parametrize(("place", "name"), [(0, "x"), (1, "weight"), (2, "bias")])
def test_one_gradient_that_is_scaled_is_found_and_no_other(
    place: int, name: str, dtype: torch.dtype, error: float
) -> None:
    wrong = replaced(place, lambda block: block * (1 + error))
    report = check_backward(wrong, affine, *inputs(dtype))
    assert verdicts(report) == {**RIGHT, name: "mismatch"}, report


def of_another_dtype(block: Tensor) -> Tensor:
    return block.double() if block.dtype == torch.float32 else block.float()


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("wrong", "name", "reason"),
    [
        (replaced(0, torch.neg), "x", "times its tolerance"),
        (replaced(1, lambda _block: None), "weight", "differs by"),
        (replaced(1, lambda block: block.reshape(4, 3).T), "weight", "times its tolerance"),
        (replaced(2, lambda block: block * float("nan")), "bias", "is nan at [0]"),
        (replaced(2, of_another_dtype), "bias", "has dtype float32; it needs float64"),
        (replaced(2, lambda block: block.expand(5, 3) / 5), "bias", "has shape (5, 3); it needs"),
        (replaced(2, lambda block: block[None]), "bias", "has shape (1, 3); it needs (3,)"),
        (replaced(1, lambda block: block.T), "weight", "has shape (4, 3); it needs (3, 4)"),
    ],
)
def test_a_mistake_in_the_backward_pass_is_found(
    wrong: type[Function], name: str, reason: str
) -> None:
    """The last four are mended or refused by PyTorch's engine."""
    report = check_backward(wrong, affine, *inputs())
    assert verdicts(report) == {**RIGHT, name: "mismatch"}, report
    (block,) = [block for block in report.blocks if block.name == name]
    assert reason in block.reason


@pytest.mark.untraced
def test_the_engine_would_have_summed_a_bias_gradient() -> None:
    """So that gradcheck lets it pass, and so does this check where the operation is wrapped."""
    wrong = operation(lambda g, _x, up: (g[0], g[1], up * (1 - 0)))

    class Unsummed(Function):
        @staticmethod
        def forward(_ctx: Any, x: Tensor, bias: Tensor) -> Tensor:
            return x + bias

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:  # noqa: ARG004 - torch names it
            return upstream[0], upstream[0]

    x, _weight, bias = inputs()
    tensors = x[:, :3].clone().requires_grad_(), bias.clone().requires_grad_()
    assert torch.autograd.gradcheck(Unsummed.apply, tensors)

    def wrapped(x: Tensor, bias: Tensor) -> Tensor:
        return Unsummed.apply(x * 1, bias)

    assert verdicts(check_backward(wrapped, torch.add, *tensors))["other"] == "match"
    report = check_backward(Unsummed, torch.add, *tensors)
    assert report.blocks[-1].reason == "has shape (5, 3); it needs (3,)"
    assert check_backward(wrong, affine, *inputs()).verdict == "mismatch"


@pytest.mark.untraced
def test_a_wrong_forward_pass_is_told_from_a_wrong_backward_pass() -> None:
    def doubled(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return 2 * affine(x, weight, bias)

    report = check_backward(operation(), doubled, *inputs())
    assert set(verdicts(report).values()) == {"mismatch"}
    assert report.witness is not None
    assert report.witness.side == "losses"
    assert "0.5 times" in report.witness.explanation
    report = check_backward(replaced(0, lambda block: 2 * block), affine, *inputs())
    assert report.witness is not None
    assert report.witness.side == "hand"


# several outputs, other arguments, custom operators


class Polar(Function):
    """Radius and angle, a mask between them, and an exponent that is no tensor."""

    factor = 1.0

    @staticmethod
    def forward(ctx: Any, x: Tensor, power: int, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        ctx.save_for_backward(x, y)
        ctx.power = power
        radius = (x * x + y * y).sqrt()
        ctx.mark_non_differentiable(x > 0)
        return radius**power, x > 0, torch.atan2(y, x)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  the decorator hides names
        ctx: Any, *upstream: Tensor
    ) -> Any:
        x, y = ctx.saved_tensors
        by_radius, _mask, by_angle = upstream
        square = x * x + y * y
        radial = by_radius * ctx.power * square ** (ctx.power / 2 - 1)
        turn = Polar.factor * by_angle / square
        return radial * x - turn * y, None, radial * y + turn * x


def polar(x: Tensor, power: int, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.hypot(x, y) ** power, x > 0, torch.atan2(y, x)


def points() -> tuple[Tensor, int, Tensor]:
    random = torch.Generator().manual_seed(1)
    x, y = torch.randn((2, 7), generator=random, dtype=torch.float64)
    return x, 3, y


@pytest.mark.untraced
def test_several_outputs_are_judged_each_with_an_upstream_gradient_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert verdicts(check_backward(Polar, polar, *points())) == {
        "output_0": "match",
        "output_2": "match",
        "x": "match",
        "y": "match",
    }
    monkeypatch.setattr(Polar, "factor", 1 + 1e-11)
    found = verdicts(check_backward(Polar, polar, *points()))
    assert found == {"output_0": "match", "output_2": "match", "x": "mismatch", "y": "mismatch"}


def test_too_few_outputs_are_missing_and_too_many_are_unknown() -> None:
    def fewer(x: Tensor, power: int, y: Tensor) -> Tensor:
        return polar(x, power, y)[0]

    report = check_backward(fewer, polar, *points())
    assert verdicts(report)["output_2"] == "mismatch"
    assert "is missing" in report.blocks[1].reason
    more = check_backward(polar, fewer, *points())
    assert verdicts(more)["output"] == "match"


def test_only_inputs_that_require_grad_are_differentiated_by_where_some_do() -> None:
    x, weight, bias = inputs()

    def without_weight(*arguments: Any) -> Any:
        return operation(lambda g, _x, _up: (g[0], None, g[2])).apply(*arguments)

    report = check_backward(without_weight, affine, x.requires_grad_(), weight, bias)
    assert verdicts(report) == {"output": "match", "x": "match"}
    assert x.grad is None
    narrow = [tensor.detach().float() for tensor in (x, weight, bias)]
    report = check_backward(operation(), affine, narrow[0].requires_grad_(), *narrow[1:])
    assert verdicts(report) == {"output": "match", "x": "match"}


@pytest.fixture(scope="module")
def custom_operator() -> Any:
    @torch.library.custom_op("crosscheck_tests::scaled_square", mutates_args=())
    def scaled_square(x: Tensor, factor: float, weight: Tensor) -> Tensor:
        return x * x * factor * weight

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:  # noqa: ARG001 - torch names it
        ctx.save_for_backward(inputs[0], inputs[2])
        ctx.factor = inputs[1]

    def backward(ctx: Any, upstream: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        by_weight = upstream * x * x * ctx.factor
        return 2 * x * upstream * ctx.factor * weight, None, by_weight

    scaled_square.register_autograd(backward, setup_context=setup_context)
    return scaled_square


def test_a_custom_operator_is_called_directly_too(custom_operator: Any) -> None:
    """Its gradient by the weight is not summed over the batch."""

    def composed(x: Tensor, factor: float, weight: Tensor) -> Tensor:
        return x**2 * factor * weight

    x, weight, _bias = inputs()
    report = check_backward(custom_operator, composed, x, 0.7, weight[0])
    assert verdicts(report) == {"output": "match", "x": "match", "weight": "mismatch"}
    assert report.blocks[2].reason == "has shape (5, 4); it needs (4,)"
    report = check_backward(custom_operator, composed, x, 0.7, x.clone())
    assert report.verdict == "match", report


# memory


class Ravelled(Function):
    """Reads memory as if it were contiguous, as a kernel that is handed a pointer does."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.shape = x.shape
        flat = torch.as_strided(x, (x.numel(),), (1,), x.storage_offset())
        ctx.save_for_backward(flat.clone())
        return flat.view(x.shape) ** 2

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        (flat,) = ctx.saved_tensors
        return 2 * upstream[0] * flat.view(ctx.shape)


def square(x: Tensor) -> Tensor:
    return x * x


def test_an_operation_that_ignores_strides_is_found() -> None:
    x = inputs()[0]
    report = check_backward(Ravelled, square, x)
    assert verdicts(report) == {"output": "mismatch", "x": "mismatch"}
    assert "with inputs that are not contiguous it differs" in report.blocks[0].reason


@pytest.mark.parametrize(
    "arranged",
    [
        lambda x: x.T,
        lambda x: x[:, ::2],
        lambda x: x[1:, 1:],
        lambda x: x[:1].expand(5, 4),
        lambda x: x[0, 0],
    ],
)
def test_inputs_keep_their_arrangement_in_memory(arranged: Callable[[Tensor], Tensor]) -> None:
    seen: list[tuple[int, ...]] = []

    class Square(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            seen.append(x.stride())
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Tensor:
            return 2 * upstream[0] * ctx.saved_tensors[0]

    given = arranged(inputs()[0])
    report = check_backward(Square, square, given)
    assert report.verdict == "match", report
    assert seen[0] == given.stride()
    assert given.ndim == 0 or any(stride[-1] > 1 for stride in seen)


def test_an_operation_that_needs_contiguous_inputs_is_warned_of_and_not_accused() -> None:
    def contiguous_only(x: Tensor) -> Tensor:
        if not x.is_contiguous():
            raise ValueError("x needs to be contiguous")
        return x * x

    report = check_backward(contiguous_only, square, inputs()[0])
    assert report.verdict == "match"
    (note,) = report.warnings
    assert note.kind == "raises elsewhere"
    assert "not contiguous, it raised ValueError: x needs" in note.text


def test_what_is_written_over_is_told_of() -> None:
    def spoils(g: list[Any], _x: Tensor, upstream: Tensor) -> Any:
        found = [block.clone() for block in g]
        _ = upstream.zero_()
        return tuple(found)

    report = check_backward(operation(spoils), affine, *inputs())
    assert report.verdict == "match"
    assert [note.kind for note in report.findings] == ["changes its arguments"]
    assert "output" in report.findings[0].text


def test_handing_on_the_upstream_gradient_is_no_fault() -> None:
    class Sum(Function):
        @staticmethod
        def forward(_ctx: Any, x: Tensor, y: Tensor) -> Tensor:
            return x + y

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:  # noqa: ARG004 - torch names it
            return upstream[0], upstream[0]

    x = inputs()[0]
    report = check_backward(Sum, torch.add, x, x.clone())
    assert report.verdict == "match"
    assert not report.findings


def test_a_result_kept_from_the_first_call_is_found() -> None:
    kept: list[Any] = []

    def first(g: list[Any], _x: Tensor, _upstream: Tensor) -> Any:
        kept.append(tuple(g))
        return kept[0]

    report = check_backward(operation(first), affine, *inputs())
    assert verdicts(report)["weight"] == "mismatch"
    assert "with other parameters" in report.blocks[2].reason


def test_the_inputs_of_the_caller_are_left_alone() -> None:
    given = inputs()
    before = [tensor.clone() for tensor in given]

    def spoiling(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        output = affine(x, weight, bias)
        _ = x.data.zero_()
        return output

    report = check_backward(spoiling, affine, *given)
    assert "changes its arguments" in [note.kind for note in report.findings]
    assert all(torch.equal(a, b) for a, b in zip(given, before, strict=True))
    assert not any(tensor.requires_grad for tensor in given)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_on_a_gpu(dtype: torch.dtype) -> None:
    given = [tensor.cuda() for tensor in inputs(dtype)]
    assert verdicts(check_backward(operation(), affine, *given)) == RIGHT
    wrong = replaced(1, lambda block: block * 2)
    assert verdicts(check_backward(wrong, affine, *given)) == {**RIGHT, "weight": "mismatch"}


# what it refuses, and what it returns


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, affine, *inputs()), "function is of type int; it needs to be a function"),
        ((affine, "text", *inputs()), "reference is of type str; it needs to be a function"),
        ((square, square), "inputs holds no tensor of a floating-point or complex dtype"),
        (
            (square, square, torch.arange(3)),
            "inputs holds no tensor of a floating-point or complex dtype",
        ),
        (
            (square, lambda x: x > 0, inputs()[0]),
            "returned no tensor of a floating-point or complex dtype",
        ),
        ((square, lambda _x: [3], inputs()[0]), "returned int; it needs to return a tensor"),
        ((lambda x: None, square, inputs()[0]), "returned NoneType; it needs to return a tensor"),
        ((lambda x: x.detach(), square, inputs()[0]), "nothing that requires grad; it needs a"),
    ],
)
def test_what_cannot_be_used_is_named(arguments: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        _ = check_backward(*arguments)


def test_inputs_that_are_not_finite_are_named() -> None:
    x = inputs()[0]
    x[1, 2] = torch.nan
    with pytest.raises(ValueError, match=r"x\[1, 2\] is nan; it needs to be finite"):
        _ = check_backward(square, square, x)


def test_a_backward_pass_that_returns_too_little_fails_in_pytorchs_own_words() -> None:
    with pytest.raises(RuntimeError, match="returned an incorrect number of gradients"):
        _ = check_backward(operation(lambda g, _x, _up: g[0]), affine, *inputs())


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("reference", "names"),
    [
        (torch.nn.functional.linear, ["input", "weight", "bias"]),
        (torch.addmm, ["input", "mat1", "mat2"]),
        (torch.Tensor.addmm, ["self", "mat1", "mat2"]),
        (torch.nn.functional.bilinear, ["input1", "input2", "weight"]),
        (torch.nn.functional.scaled_dot_product_attention, ["query", "key", "value"]),
        (torch.lerp, ["input", "end", "weight"]),
    ],
)
def test_functions_written_in_c_are_named_by_their_docstrings(
    reference: Any, names: list[str]
) -> None:
    random = torch.Generator().manual_seed(0)
    last = (3, 3, 3) if names[0] == "input1" else (3, 3)
    given = [torch.randn(s, generator=random) for s in ((3, 3), (3, 3), last)]
    given[2] = given[2][0] if names[-1] == "bias" else given[2]
    report = check_backward(reference, reference, *given)
    assert [block.name for block in report.blocks] == ["output", *names]


def test_arguments_without_names_are_numbered() -> None:
    x = inputs()[0]
    packet = torch.ops.aten.mul
    names = [block.name for block in check_backward(packet, packet, x, x + 1).blocks]
    assert names == ["output", "input_0", "input_1"]
    assert check_backward(torch.relu, torch.relu, x).blocks[1].name == "input_0"

    def clashing(output: Tensor) -> Tensor:
        return output * 2

    assert list(verdicts(check_backward(clashing, clashing, x))) == ["output", "input_0"]


@pytest.mark.untraced
def test_the_report_is_like_any_other_and_the_seed_decides() -> None:
    reports = [check_backward(operation(), affine, *inputs(), seed=seed) for seed in (0, 0, 1)]
    assert reports[0].blocks == reports[1].blocks
    assert reports[0].blocks != reports[2].blocks
    assert "autograd of affine, in float64" in reports[0].reference
    assert reports[0].loss is None
    assert pickle.loads(pickle.dumps(reports[0])).blocks == reports[0].blocks
    assert str(reports[0]).startswith("Match")
    assert np.isfinite([block.resolution or 0 for block in reports[0].blocks]).all()


def test_where_other_operations_are_wrapped_around_it_the_engine_is_asked() -> None:
    """Outputs are left out, or made by another operation: what it gets is not known from here."""
    x, power, y = points()

    def part(x: Tensor, power: int, y: Tensor) -> Any:
        return Polar.apply(x, power, y)[0]

    def mixed(x: Tensor, power: int, y: Tensor) -> Any:
        radius, mask, _angle = Polar.apply(x, power, y)
        return radius, mask, x * y

    radius = check_backward(part, lambda x, power, y: polar(x, power, y)[0], x, power, y)
    assert verdicts(radius) == {"output": "match", "x": "match", "y": "match"}
    both = check_backward(mixed, lambda x, power, y: (*polar(x, power, y)[:2], x * y), x, power, y)
    assert set(verdicts(both).values()) == {"match"}


def test_a_gradient_on_another_device_fails_in_pytorchs_own_words() -> None:
    wrong = replaced(1, lambda block: block.to("meta"))
    with pytest.raises(RuntimeError, match="expected device cpu but got meta"):
        _ = check_backward(wrong, affine, *inputs())


class Power(Function):
    """x to a power that comes first, as its callers would not have it."""

    @staticmethod
    def forward(ctx: Any, power: int, x: Tensor) -> Tensor:
        ctx.power = power
        ctx.save_for_backward(x)
        return x**power

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return None, upstream[0] * ctx.power * x ** (ctx.power - 1)


class Sine(Function):
    """With vjp, which is another name for backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def vjp(ctx: Any, *upstream: Tensor) -> Tensor:
        return upstream[0] * ctx.saved_tensors[0].cos()


@pytest.mark.parametrize(
    ("function", "reference", "more"),
    [
        (lambda x: Power.apply(3, x), lambda x: x**3, ()),
        (lambda x, n: Power.apply(n, x), lambda x, n: x**n, (3,)),
        (Sine, torch.sin, ()),
        (torch.ops.aten.sin.default, torch.sin, ()),
        (torch.ops.aten.sin, torch.sin, ()),
    ],
    ids=["a power bound", "a power moved", "vjp", "an overload", "its packet"],
)
def test_arguments_in_other_places_are_nobodys_fault(
    function: Any, reference: Any, more: tuple[Any, ...]
) -> None:
    x = 1 + torch.rand(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert set(verdicts(check_backward(function, reference, x, *more)).values()) == {"match"}


def test_a_backward_pass_that_works_in_place_changes_the_upstream_gradient() -> None:
    class Doubled(Function):
        @staticmethod
        def forward(_ctx: Any, x: Tensor) -> Tensor:
            return 2 * x

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Tensor:  # noqa: ARG004 - torch names it
            return upstream[0].mul_(2)

    report = check_backward(Doubled, lambda x: 2 * x, inputs()[0])
    assert report.verdict == "match"
    changes, refuses = report.findings
    assert changes.text == "The function changes the upstream gradient of output in place."
    assert refuses.kind == "fails in some calls"
    assert "expanded from one number" in refuses.text


def test_an_operation_that_takes_rows_for_columns_in_memory_is_found() -> None:
    """Inputs without gaps, but in another order, would be read as they lie."""

    def as_it_lies(x: Tensor) -> Tensor:
        return torch.as_strided(x, x.shape, (x.shape[1], 1), x.storage_offset()) * 2

    report = check_backward(as_it_lies, lambda x: x * 2, inputs()[0])
    assert verdicts(report)["output"] == "mismatch"
    assert "agrees here, but with inputs that are not contiguous" in report.blocks[0].reason


def test_buffers_of_the_caller_are_left_alone() -> None:
    mean, variance = torch.zeros(3), torch.ones(3)

    def normalised(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return torch.nn.functional.batch_norm(x, mean, variance, training=True)

    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert check_backward(normalised, normalised, x, mean, variance).verdict == "match"
    assert not mean.any()
    assert (variance == 1).all()


@pytest.mark.untraced
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_tensors_in_a_list_are_differentiated_by(factor: float) -> None:
    parts = [inputs()[0], inputs()[0] + 1]

    class Second(Function):
        @staticmethod
        def forward(_ctx: Any, x: Tensor) -> Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:  # noqa: ARG004 - torch names it
            return upstream[0] * factor

    def scaled(w: Tensor, parts: list[Tensor]) -> Tensor:
        return w * torch.cat([parts[0], Second.apply(parts[1])])

    report = check_backward(scaled, lambda w, parts: w * torch.cat(parts), torch.tensor(2.0), parts)
    assert verdicts(report) == {
        "output": "match",
        "w": "match",
        "parts[0]": "match",
        "parts[1]": "match" if factor == 1 else "mismatch",
    }
    assert not report.not_checked


def test_a_backward_pass_that_takes_upstream_gradients_to_be_contiguous_is_found() -> None:
    class Doubled(Function):
        @staticmethod
        def forward(_ctx: Any, x: Tensor) -> Tensor:
            return x.contiguous() * 2

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Tensor:  # noqa: ARG004 - torch names it
            (u,) = upstream
            return 2 * u.as_strided(u.shape, torch.empty(u.shape).stride())

    report = check_backward(Doubled, lambda x: x * 2, torch.arange(6.0).reshape(2, 3) + 1)
    assert verdicts(report) == {"output": "match", "x": "mismatch"}


def test_an_output_that_is_not_differentiated_sends_zeros_back() -> None:
    class Squared(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Any:
            positive = (x > 0).to(x.dtype)
            ctx.save_for_backward(x)
            ctx.mark_non_differentiable(positive)
            return x * x, positive

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Tensor:
            return 2 * ctx.saved_tensors[0] * upstream[0] + upstream[1]

    def squared(x: Tensor) -> Any:
        return x * x, (x > 0).to(x.dtype).detach()

    report = check_backward(Squared, squared, torch.tensor([1.0, -2.0, 0.5]))
    assert verdicts(report)["x"] == "match", report


def test_one_tensor_for_two_inputs_is_no_fault() -> None:
    class Tripled(Function):
        @staticmethod
        def forward(_ctx: Any, x: Tensor, y: Tensor) -> Tensor:
            return 3 * (x + y)

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:  # noqa: ARG004 - torch names it
            by_both = 3 * upstream[0]
            return by_both, by_both

    x = inputs()[0]
    report = check_backward(Tripled, lambda x, y: 3 * (x + y), x, x + 1)
    assert report.verdict == "match"
    assert not report.findings
