"""check_backward calls an operation in every way that PyTorch does, and passes over nothing."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from autograd_ref import (
    GradientMismatch,
    assert_backward_matches,
    assert_gradients_match,
    check_backward,
    check_gradients,
)
from autograd_ref.backward import BackwardCheck
from autograd_ref.operations.modes import Draws
from autograd_ref.report.report import Report
from tests.kernels import (
    KERNELS,
    Kernel,
    embedding,
    embedding_backward,
    operation,
    plain_rms_norm,
    rms_norm,
    rms_norm_backward,
    times,
)

FORMATS = [torch.float32, torch.bfloat16]


def drawn(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=random, dtype=torch.float64).to(dtype)


def verdicts(report: Report) -> dict[str, str]:
    return {block.name: block.verdict for block in report.blocks}


def not_checked(report: Report) -> str:
    return "; ".join(note.text for note in report.not_checked)


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_a_kernel_is_never_accused_and_its_mistake_found_in_every_format(
    kernel: Kernel, dtype: torch.dtype
) -> None:
    given = kernel.inputs(dtype)
    right = check_backward(operation(kernel.forward, kernel.right), kernel.reference, *given)
    assert right.verdict != "mismatch", right
    assert right.verdict == "match" or dtype.itemsize == 2, right
    wrong = check_backward(operation(kernel.forward, kernel.wrong), kernel.reference, *given)
    assert wrong.verdict == "mismatch", wrong


# every other way to call it


def linear(ctx: Any, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    ctx.save_for_backward(x, w)
    return x @ w.T + b


def by_linear(ctx: Any, u: Tensor) -> list[Any]:
    x, w = ctx.saved_tensors
    return [u @ w, u.T @ x, u.sum(0)]


def changed(when: Callable[[Any, Tensor], bool]) -> Any:
    """The backward pass of a linear layer, wrong by half under a condition."""
    return lambda ctx, u: tuple(g * (1.5 if when(ctx, u) else 1) for g in by_linear(ctx, u))


def second_time(ctx: Any, _u: Tensor) -> bool:
    ctx.times = getattr(ctx, "times", 0) + 1
    return ctx.times > 1


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("when", "said"),
    [
        (lambda ctx, _u: not ctx.needs_input_grad[0], "with x frozen (requires_grad=False)"),
        (lambda ctx, _u: not ctx.needs_input_grad[2], "with b frozen (requires_grad=False)"),
        (lambda _ctx, u: 0 in u.stride(), "of ones, expanded from one number (stride 0)"),
        (lambda _ctx, u: u.stride(0) == 2, "with upstream gradients that are not contiguous"),
        (lambda ctx, _u: not ctx.saved_tensors[0].is_contiguous(), "inputs that are not contig"),
        (lambda _ctx, u: bool((u >= 0).all() and 0 not in u.stride()), "of one sign"),
        (second_time, "in a second backward pass on the same graph"),
    ],
)
def test_a_mistake_that_one_way_of_calling_shows_is_found_and_the_way_said(
    when: Callable[[Any, Tensor], bool], said: str
) -> None:
    given = drawn(5, 4), drawn(3, 4), drawn(3)
    report = check_backward(operation(linear, changed(when)), lambda x, w, b: x @ w.T + b, *given)
    assert report.verdict == "mismatch", report
    reasons = [block.reason for block in report.blocks if block.verdict == "mismatch"]
    assert any(
        f"agrees here, but {'with an upstream gradient ' * ('ones' in said)}" in r for r in reasons
    )
    assert any(said in reason for reason in reasons), reasons


def test_a_backward_pass_that_reads_beyond_an_expanded_upstream_gradient_does_not_pass() -> None:
    def reads_on(ctx: Any, u: Tensor) -> Tensor:
        rows, columns = ctx.saved_tensors[0].shape
        return u.as_strided((rows, columns), (1, 0)).contiguous()

    def sums(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.sum(1)

    report = check_backward(operation(sums, reads_on), lambda x: x.sum(1), drawn(3, 2))
    assert not report.passed
    assert report.harmful[0].kind == "fails in some calls"
    assert "expanded from one number" in report.harmful[0].text


def test_no_entry_has_an_upstream_gradient_of_zero_which_would_hide_its_mistake() -> None:
    def square(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    def wrong_where_it_is_small(ctx: Any, u: Tensor) -> Tensor:
        found = 2 * ctx.saved_tensors[0] * u
        found[u.abs().argmin()] *= 3
        return found

    report = check_backward(
        operation(square, wrong_where_it_is_small), lambda x: x**2, drawn(600).abs() + 1
    )
    assert verdicts(report)["x"] == "mismatch"
    assert "agrees here" not in report.blocks[1].reason


def polar(ctx: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    ctx.save_for_backward(x, y)
    ctx.set_materialize_grads(False)
    return torch.hypot(x, y), torch.atan2(y, x)


def polar_backward(ctx: Any, by_r: Tensor | None, by_angle: Tensor | None) -> tuple[Tensor, Tensor]:
    x, y = ctx.saved_tensors
    square = x * x + y * y
    by_x, by_y = torch.zeros_like(x), torch.zeros_like(y)
    if by_r is not None:
        by_x, by_y = by_x + by_r * x / square.sqrt(), by_y + by_r * y / square.sqrt()
    if by_angle is not None:
        by_x, by_y = by_x - by_angle * y / square, by_y + by_angle * x / square
    return by_x, by_y


def plain_polar(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return torch.hypot(x, y), torch.atan2(y, x)


@pytest.mark.untraced
def test_each_output_is_left_unused_in_turn() -> None:
    given = 1 + drawn(6).abs(), 1 + drawn(6, seed=1).abs()
    assert check_backward(operation(polar, polar_backward), plain_polar, *given).passed

    def forgets(ctx: Any, by_r: Tensor | None, by_angle: Tensor | None) -> Any:
        return (None, None) if by_angle is None else polar_backward(ctx, by_r, by_angle)

    report = check_backward(operation(polar, forgets), plain_polar, *given)
    assert verdicts(report) == {
        "output_0": "match",
        "output_1": "match",
        "x": "mismatch",
        "y": "mismatch",
    }
    assert "with output_1 not used it differs" in report.blocks[2].reason

    def crashes(ctx: Any, by_r: Tensor, by_angle: Tensor) -> Any:
        return polar_backward(ctx, by_r * 1, by_angle * 1)

    report = check_backward(operation(polar, crashes), plain_polar, *given)
    assert report.verdict == "match"
    assert not report.passed
    assert [note.text[:54] for note in report.findings] == [
        "Called with output_0 not used, it raised TypeError: un",
        "Called with output_1 not used, it raised TypeError: un",
    ]
    assert check_backward(
        operation(polar, crashes), plain_polar, *given, allow=("fails in some calls",)
    ).passed


# what has no gradient


def doubled_lse(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    y, lse = torch.softmax(x, -1), 2 * torch.logsumexp(x, -1)
    ctx.save_for_backward(y)
    ctx.mark_non_differentiable(lse)
    return y, lse


def by_softmax(ctx: Any, u: Tensor, _by_lse: Tensor) -> Tensor:
    (y,) = ctx.saved_tensors
    return y * (u - (u * y).sum(-1, keepdim=True))


@pytest.mark.untraced
def test_of_an_output_that_one_side_does_not_differentiate_the_value_is_compared() -> None:
    def both(x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.softmax(x, -1), 2 * torch.logsumexp(x, -1)

    marked = operation(doubled_lse, by_softmax)
    report = check_backward(marked, both, drawn(4, 6))
    assert report.passed, report
    assert "gradients through output_1, which the function does not" in not_checked(report)
    detached = check_backward(both, lambda x: (both(x)[0], both(x)[1].detach()), drawn(4, 6))
    assert detached.passed, detached
    assert "output_1, which the reference does not differentiate" in not_checked(detached)
    wrong = check_backward(marked, lambda x: (both(x)[0], both(x)[1] / 2), drawn(4, 6))
    assert verdicts(wrong) == {"output_0": "match", "output_1": "mismatch", "x": "match"}
    through = check_backward(
        lambda x: (times(2.0)(both(x)[0]), both(x)[1].detach()), both, drawn(4, 6)
    )
    assert verdicts(through)["x"] == "mismatch"


def test_outputs_and_inputs_that_are_not_looked_at_are_named() -> None:
    def top(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        return (x * w).max(-1).values, (x * w).argmax(-1)

    report = check_backward(top, top, drawn(3, 4), drawn(4).requires_grad_())
    assert report.verdict == "match"
    assert not_checked(report) == (
        "output_1, of torch.int64; the gradient by x, which does not require grad, as others do"
    )


# weights from elsewhere


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_weights_from_elsewhere_are_named_with_what_to_do(factor: float) -> None:
    weight, layer = drawn(3, 4).requires_grad_(), nn.Linear(3, 2).double()

    def in_a_closure(x: Tensor) -> Tensor:
        return layer(x @ times(factor)(weight).T)

    class Bound:
        def __init__(self) -> None:
            self.weight = weight

        def method(self, x: Tensor) -> Tensor:
            return x @ self.weight.T

    def bound(w: Tensor, x: Tensor) -> Tensor:
        return x @ w.T

    hidden = [weight]
    for function, names in (
        (in_a_closure, ["weight", "layer.weight", "layer.bias"]),
        (Bound().method, ["weight"]),
        (partial(bound, weight), ["0"]),
        (partial(bound, w=weight), ["w"]),
        (lambda x: x @ hidden[0].T, ["a tensor of shape (3, 4)"]),
    ):

        def reference(x: Tensor, function: Any = function) -> Tensor:
            found = x @ weight.T
            return layer(found) if function is in_a_closure else found

        call = (lambda x, f=function: f(x=x)) if names == ["w"] else function
        report = check_backward(function if names != ["w"] else call, reference, drawn(5, 4))
        assert report.verdict == "match", report
        (note,) = report.not_checked
        assert note.kind == "captured tensors"
        assert all(name in note.text for name in names if names != ["w"])
        assert "add arguments for it to function and reference" in note.text


class Affine(nn.Module):
    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(drawn(3, 4).float()), nn.Parameter(torch.ones(3))
        self.factor = factor
        self.calls = 0

    def forward(self, input: Tensor, scale: float = 1.0) -> Tensor:  # noqa: A002 - as nn.Linear
        self.calls += 1
        return nn.functional.linear(input, times(self.factor)(self.weight), self.bias) * scale


def test_the_parameters_of_two_modules_are_inputs_and_the_modules_left_alone() -> None:
    module = Affine()
    report = check_backward(module, nn.Linear(4, 3), drawn(5, 4).float())
    assert verdicts(report) == dict.fromkeys(("output", "input", "weight", "bias"), "match")
    assert not report.not_checked
    assert module.calls == 0
    assert module.weight.grad is None
    wrong = check_backward(Affine(2.0), nn.Linear(4, 3), drawn(5, 4).float())
    assert verdicts(wrong)["weight"] == "mismatch"
    scaled = check_backward(
        Affine(), Affine(), drawn(5, 4).float(), kwargs={"scale": torch.tensor(2.0)}
    )
    assert set(verdicts(scaled)) == {"output", "input", "scale", "weight", "bias"}
    assert scaled.verdict == "match"
    apart = check_backward(Affine(2.0), lambda x: x @ drawn(3, 4).T + 1, drawn(5, 4).float())
    assert apart.verdict == "match"
    assert "the gradient by weight and bias" in not_checked(apart)


def test_parameters_of_a_module_keep_their_names_beside_inputs_of_that_name() -> None:
    class Stack(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(4, 3))
            self.x = nn.Parameter(torch.ones(3))

        def forward(self, x: Tensor) -> Tensor:
            return self.layers(x) * self.x

    report = check_backward(Stack().double(), Stack().double(), drawn(5, 4))
    names = {"output", "x", "parameters.x", "layers[0].weight", "layers[0].bias"}
    assert verdicts(report) == dict.fromkeys(names, "match")


# number formats


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_a_weight_in_float32_beside_narrow_inputs_is_judged_by_what_it_went_through(
    dtype: torch.dtype,
) -> None:
    x, w = drawn(6, 16, dtype=dtype), 1 + drawn(16, dtype=torch.float32) / 10

    def scaled(factor: float) -> Any:
        def by_norm(ctx: Any, u: Tensor) -> Any:
            by_x, by_w = rms_norm_backward(ctx, u)
            return by_x, by_w * factor

        return operation(rms_norm, by_norm)

    right = check_backward(scaled(1.0), plain_rms_norm, x, w)
    assert right.verdict != "mismatch", right
    assert verdicts(right)["w"] == "match"
    assert {block.name: block.dtype for block in right.blocks}["w"] == "float32"
    assert "mixed dtypes" not in [note.kind for note in right.warnings]
    # all of it was seen to be computed in float32
    assert verdicts(check_backward(scaled(1.0001), plain_rms_norm, x, w))["w"] == "mismatch"

    def through(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        ctx.save_for_backward(x, w)
        return x @ w.to(x.dtype).T

    def by_product(factor: float) -> Any:
        def backward(ctx: Any, u: Tensor) -> Any:
            x, w = ctx.saved_tensors
            return u @ w.to(u.dtype), (u.T @ x).to(w.dtype) * factor

        return operation(through, backward)

    w = drawn(8, 16, dtype=torch.float32)
    narrow = check_backward(by_product(1.0), lambda x, w: x @ w.T, x, w)
    assert verdicts(narrow)["w"] == "match", narrow
    assert "the dtypes of the outputs (the reference raised RuntimeError" in not_checked(narrow)
    wrong = check_backward(by_product(1.5), lambda x, w: x @ w.T, x, w)
    assert verdicts(wrong)["w"] == "mismatch"
    # what fills memory unseen may have computed in either format
    assert (
        check_backward(
            lambda x, w: torch.empty(6, 8, dtype=dtype).copy_(by_product(1.0).apply(x, w)),
            lambda x, w: x @ w.T,
            x,
            w,
        ).verdict
        == "match"
    )


def test_autocast_is_judged_in_its_format_and_a_coarse_step_without_it_is_not() -> None:
    x, w = drawn(5, 4, dtype=torch.float32), drawn(3, 4, dtype=torch.float32) / 4

    def reference(x: Tensor, w: Tensor) -> Tensor:
        return torch.tanh(x @ w.T)

    def inside(x: Tensor, w: Tensor, factor: float = 1.0) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return torch.tanh(x @ times(factor)(w).T)

    right = check_backward(inside, reference, x, w)
    assert right.verdict == "match", right
    assert right.blocks[0].dtype == "bfloat16"
    wrong = check_backward(partial(inside, factor=2.0), reference, x, w)
    assert verdicts(wrong)["w"] == "mismatch"
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert check_backward(reference, reference, x, w).verdict == "match"
    coarse = check_backward(lambda x, w: reference(x, w).bfloat16(), reference, x, w)
    assert coarse.blocks[0].reason == "has dtype bfloat16; it needs float32"
    lost = check_backward(
        lambda x, w: reference(x.bfloat16(), w.bfloat16()).float(), reference, x, w
    )
    assert lost.verdict == "mismatch"


def test_a_reference_may_bring_along_what_is_in_another_format() -> None:
    layer, mask = nn.Linear(4, 3), torch.ones(3)

    def affine(x: Tensor) -> Tensor:
        return layer(x) * mask

    assert check_backward(affine, affine, drawn(5, 4).float()).verdict == "match"


# random numbers


def seeded(x: Tensor) -> Tensor:
    _ = torch.manual_seed(0)
    return nn.functional.dropout(x, 0.3) * (torch.rand_like(x) > 0.3)


def noisy(x: Tensor) -> Tensor:
    random = torch.Generator().manual_seed(1)
    noise = torch.randn(x.shape, generator=random, dtype=x.dtype)
    kept = torch.rand(x.shape, generator=random) > torch.randint(2, x.shape, generator=random) / 3
    return noise * x + kept * x


def filled(x: Tensor) -> Tensor:
    random = torch.Generator().manual_seed(2)
    return x * torch.empty_like(x).uniform_(generator=random)


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize("function", [noisy, filled])
def test_both_sides_draw_the_same_numbers_in_every_format(
    function: Any, dtype: torch.dtype
) -> None:
    before = torch.get_default_dtype()
    for x in (drawn(6, 5, dtype=dtype), drawn(5, 6, dtype=dtype).T):
        report = check_backward(function, function, x)
        assert report.verdict == "match", report
        assert "random numbers are drawn in its order" in not_checked(report)
        wrong = check_backward(lambda x: function(times(2.0)(x)), function, x)
        assert verdicts(wrong)["x"] == "mismatch"
    assert torch.get_default_dtype() == before


def test_a_seed_set_on_both_sides_is_enough() -> None:
    x = drawn(6, 5, dtype=torch.float32)
    assert check_backward(seeded, seeded, x).verdict == "match"
    assert check_backward(lambda x: seeded(times(2.0)(x)), seeded, x).verdict == "mismatch"


def test_dropout_in_one_operation_draws_its_mask_and_nothing_else_in_the_narrow_format() -> None:
    x = drawn(8)
    for p in (0.25, 1.0):
        with Draws(torch.bfloat16):
            found, kept = torch.native_dropout(x, p, train=True)
        scale = 0 if p == 1 else 1 / (1 - p)
        assert torch.equal(found, x * kept * scale)


def test_a_reference_that_draws_anew_is_refused() -> None:
    with pytest.raises(ValueError, match="its outputs differ between two calls with the same"):
        _ = check_backward(nn.functional.dropout, nn.functional.dropout, drawn(5, 4))


# gradients that are declared


def rounded(_ctx: Any, x: Tensor) -> Tensor:
    return torch.round(x * 4) / 4


def straight_through(x: Tensor) -> Tensor:
    return x + (torch.round(x * 4) / 4 - x).detach()


def padded(w: Tensor, i: Tensor) -> Tensor:
    return nn.functional.embedding(i, w, padding_idx=0)


def without_padding(ctx: Any, u: Tensor) -> Any:
    found, _none = embedding_backward(ctx, u)
    found[0] = 0
    return found, None


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("forward", "right", "wrong", "reference", "more"),
    [
        (rounded, lambda _c, u: u * 1, lambda _c, u: u * 2, straight_through, ()),
        (lambda _c, x: x * 1, lambda _c, u: -u, lambda _c, u: u, lambda x: 2 * x.detach() - x, ()),
        (
            embedding,
            without_padding,
            embedding_backward,
            padded,
            (torch.tensor([0, 1, 3, 0]),),
        ),
    ],
)
def test_a_declared_gradient_is_the_definition(
    forward: Any, right: Any, wrong: Any, reference: Any, more: Any
) -> None:
    given = drawn(5, 4), *more
    assert check_backward(operation(forward, right), reference, *given, declared=True).passed
    found = check_backward(operation(forward, wrong), reference, *given, declared=True)
    assert found.verdict == "mismatch"
    assert found.witness is None
    undeclared = check_backward(operation(forward, right), reference, *given)
    assert undeclared.verdict == "inconclusive"
    assert undeclared.witness is not None
    assert "declared=True" in undeclared.witness.explanation


def test_so_it_is_for_a_loss() -> None:
    x = 0.25 + drawn(6).numpy() / 100

    def loss(x: Tensor) -> Tensor:
        return (straight_through(x) ** 2).sum()

    def gradient(x: Any) -> Any:
        return 2 * np.round(4 * x) / 4

    assert check_gradients(gradient, x, loss=loss, declared=True).passed
    assert assert_gradients_match(gradient, x, loss=loss, declared=True).passed
    wrong = check_gradients(lambda x: 2 * x, x, loss=loss, declared=True)
    assert wrong.verdict == "mismatch"
    assert wrong.witness is None
    undeclared = check_gradients(gradient, x, loss=loss)
    assert undeclared.verdict == "inconclusive"
    assert undeclared.witness is not None
    assert "say declared=True" in undeclared.witness.explanation


@pytest.mark.untraced
def test_the_true_derivative_beside_a_declared_one_is_not_accused() -> None:
    zero = operation(rounded, lambda _c, u: u * 0)
    report = check_backward(zero, straight_through, 0.25 + drawn(6, 5) / 100)
    assert report.verdict == "inconclusive"
    assert report.witness is not None
    assert "declared=True" in report.witness.explanation


# ways to pass arguments and to return results


@pytest.mark.untraced
def test_keywords_nests_and_outputs_of_every_kind_are_taken() -> None:
    x, y = drawn(3, 4), drawn(3, 4, seed=1)

    def nested(p: Any, *, shift: Tensor, power: int) -> Any:
        return {"y": (p["x"] * shift) ** power, "more": [p["w"]["y"].sin(), None]}

    def wrong(p: Any, *, shift: Tensor, power: int) -> Any:
        return nested({**p, "w": {"y": times(2.0)(p["w"]["y"])}}, shift=shift, power=power)

    given, kwargs = {"x": x, "w": {"y": y}, "n": 3}, {"shift": y, "power": 2}
    report = check_backward(nested, nested, given, kwargs=kwargs)
    names = ("output.y", "output.more[0]", "p.x", "p.w.y", "shift")
    assert verdicts(report) == dict.fromkeys(names, "match")
    assert verdicts(check_backward(wrong, nested, given, kwargs=kwargs)) == {
        **dict.fromkeys(names, "match"),
        "p.w.y": "mismatch",
    }
    assert verdicts(check_backward(lambda x: (x * 2, None), lambda x: (2 * x, None), x)) == {
        "output": "match",
        "x": "match",
    }


def test_the_one_tuple_of_gradcheck_is_taken_apart_where_the_reference_takes_it_so() -> None:
    pair = drawn(3), drawn(3, seed=1)

    def product(x: Tensor, w: Tensor) -> Tensor:
        return x * w

    for function, reference in (
        (product, product),
        (torch.mul, torch.mul),
        (lambda *all_of: all_of[0] * all_of[1], lambda *all_of: all_of[0] * all_of[1]),
    ):
        assert len(check_backward(function, reference, pair).blocks) == 3
    assert verdicts(check_backward(lambda x, w: x * times(2.0)(w), product, pair)) == {
        "output": "match",
        "x": "match",
        "w": "mismatch",
    }
    for function in (torch.cat, lambda pair: pair[0] * pair[1], lambda *one: torch.cat(one[0])):
        assert check_backward(function, function, pair).verdict == "match"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (torch.mul, (drawn(3), drawn(3))),
            "reference is of type tuple; it needs",
        ),
        ((torch.sin, torch.sin, drawn(3).to(torch.float8_e4m3fn)), "is of torch.float8_e4m3fn; it"),
        (
            (torch.sin, torch.sin, torch.eye(3).to_sparse().requires_grad_()),
            "of torch.sparse_coo",
        ),
        ((lambda x: (3, x), lambda _x: (3, 4), drawn(3)), "returned int; it needs to return a"),
    ],
)
def test_what_cannot_be_taken_is_named(arguments: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        _ = check_backward(*arguments)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"kwargs": [1]}, "kwargs is of type list; it needs to be a dict"),
        ({"declared": 1}, "declared is of type int; it needs to be True or False"),
        ({"allow": "accumulates"}, "allow is 'accumulates'; it needs a tuple"),
    ],
)
def test_wishes_that_cannot_be_fulfilled_are_named(wish: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        _ = check_backward(torch.sin, torch.sin, drawn(3), **wish)


# the assertion


@pytest.mark.untraced
def test_the_assertion_passes_what_passes_and_raises_with_the_report(
    check_backward: BackwardCheck,
) -> None:
    assert check_backward is assert_backward_matches
    x = drawn(3)
    assert check_backward(torch.sin, lambda x: x.sin(), x).passed
    with pytest.raises(GradientMismatch, match="x is wrong"):
        _ = check_backward(lambda x: times(2.0)(x).sin(), lambda x: x.sin(), x)

    def overwrites(x: Tensor) -> Tensor:
        found = 2 * x
        _ = x.data.zero_()
        return found

    with pytest.raises(GradientMismatch) as caught:
        _ = check_backward(overwrites, lambda x: 2 * x, x)
    assert caught.value.report.verdict == "match"
    assert check_backward(overwrites, lambda x: 2 * x, x, allow=("changes its arguments",)).passed


# complex numbers


def product(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
    ctx.save_for_backward(a, b)
    return a * b


def by_factors(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
    a, b = ctx.saved_tensors
    return u * b.conj(), u * a.conj()


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [torch.complex128, torch.complex64], ids=str)
def test_complex_numbers_are_judged_as_pairs_in_pytorchs_convention(dtype: torch.dtype) -> None:
    a, b = (torch.complex(drawn(4, seed=s), drawn(4, seed=s + 9)).to(dtype) for s in (0, 1))
    assert check_backward(operation(product, by_factors), torch.mul, a, b).verdict == "match"

    def unconjugated(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
        return u * ctx.saved_tensors[1], by_factors(ctx, u)[1]

    report = check_backward(operation(product, unconjugated), lambda a, b: a * b, a, b)
    found = verdicts(report)
    assert {name for name, verdict in found.items() if verdict == "mismatch"} <= {
        "a.real",
        "a.imag",
    }
    assert found["a.imag"] == "mismatch"
    assert check_backward(torch.fft.rfft, torch.fft.rfft, drawn(8)).verdict == "match"


@pytest.mark.untraced
def test_a_complex_input_beside_a_real_one_is_not_passed_over() -> None:
    def power(ctx: Any, x: Tensor, z: Tensor) -> Tensor:
        ctx.save_for_backward(x, z)
        return x * z.abs() ** 2

    def by_power(factor: float) -> Any:
        def backward(ctx: Any, u: Tensor) -> Any:
            x, z = ctx.saved_tensors
            return u * z.abs() ** 2, factor * u * x * z

        return operation(power, backward)

    given = drawn(4), torch.complex(drawn(4, seed=1), drawn(4, seed=2))
    assert check_backward(by_power(2.0), lambda x, z: x * z.abs() ** 2, *given).passed
    report = check_backward(by_power(1.0), lambda x, z: x * z.abs() ** 2, *given)
    assert verdicts(report) == {
        "output": "match",
        "x": "match",
        "z.real": "mismatch",
        "z.imag": "mismatch",
    }

    def real_only(ctx: Any, u: Tensor) -> Any:
        x, z = ctx.saved_tensors
        return u * z.abs() ** 2, (2 * u * x * z).real

    report = check_backward(operation(power, real_only), lambda x, z: x * z.abs() ** 2, *given)
    assert verdicts(report)["z.imag"] == "mismatch"


def test_a_complex_input_without_a_gradient_is_passed_on() -> None:
    def scaled(x: Tensor, z: Tensor) -> Tensor:
        return x * z.abs()

    given = drawn(4).float().requires_grad_(), torch.complex(drawn(4), drawn(4)).to(torch.complex64)
    report = check_backward(scaled, scaled, *given)
    assert verdicts(report) == {"output": "match", "x": "match"}
    assert not_checked(report) == "the gradient by z, which does not require grad, as others do"


def test_a_complex_input_that_is_overwritten_is_told_of() -> None:
    def overwrites(z: Tensor) -> Tensor:
        found = z * 2
        _ = z.data.zero_()
        return found

    report = check_backward(overwrites, lambda z: z * 2, torch.complex(drawn(3), drawn(3)))
    assert report.findings[0].text == "The function changes z.real and z.imag in place."
    assert np.isfinite([block.resolution or 0 for block in report.blocks]).all()


def rms_norm_in_single(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
    """In float32 inside, whatever it is called in."""
    r = (x.float().square().mean(-1, keepdim=True) + 1e-6).rsqrt()
    ctx.save_for_backward(x, w, r)
    return (x.float() * r * w.float()).to(x.dtype)


def by_another_size(ctx: Any, u: Tensor, more: int = 1) -> tuple[Tensor, Tensor]:
    """The mean is over the size of a block of memory, and not over that of a row."""
    x, w, r = ctx.saved_tensors
    x_hat, by_x_hat = x.float() * r, u.float() * w.float()
    by_x = r * (by_x_hat - x_hat * (by_x_hat * x_hat).sum(-1, keepdim=True) / (x.shape[-1] + more))
    return by_x.to(x.dtype), (u.float() * x_hat).sum(0).to(w.dtype)


def test_what_is_in_float32_in_a_call_in_float64_is_not_right_but_for_that() -> None:
    """Beside a weight in float32, of which it was said that x is right to its precision."""
    given = drawn(5, 8).bfloat16(), drawn(8, seed=1).float()

    def reference(x: Tensor, w: Tensor) -> Tensor:
        return plain_rms_norm(x.to(w.dtype), w).to(x.dtype)

    report = check_backward(operation(rms_norm_in_single, by_another_size), reference, *given)
    assert [block.name for block in report.blocks if block.verdict == "mismatch"] == ["x"]
    assert not report.causes
    right = operation(rms_norm_in_single, partial(by_another_size, more=0))
    assert check_backward(right, reference, *given).verdict == "match"
