"""check_backward(derivatives=...): which kinds are checked, and what is said about the others."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from autograd_ref import GradientMismatch, assert_backward_matches, check_backward
from autograd_ref.backward import BackwardCheck
from autograd_ref.operations.other_derivatives.kinds import KINDS
from tests.derived_operations import (
    LINEAR,
    RIGHT,
    TANH,
    Formulas,
    drawn,
    function,
    not_checked,
    of_saved,
    saved,
    wrong,
)
from tests.kernels import operation


@pytest.mark.untraced
@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_right_operations_match_in_every_kind(right: Formulas) -> None:
    report = check_backward(right.operation(), right.forward, *right.inputs, derivatives=KINDS)
    assert report.passed, report
    assert report.verdict == "match"
    assert not report.not_checked
    found = {block.name.split(":")[0] for block in report.blocks if ":" in block.name}
    assert found == {"second", "forward", "batched"}


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_so_they_do_in_narrow_formats(dtype: torch.dtype) -> None:
    given = [t.to(dtype) for t in TANH.inputs]
    report = check_backward(TANH.operation(), torch.tanh, *given, derivatives=KINDS)
    assert report.verdict == "match", report


def test_a_custom_operator_matches_and_has_no_forward_mode() -> None:
    @torch.library.custom_op("autograd_ref_tests::squared", mutates_args=())
    def squared(x: Tensor) -> Tensor:
        return x * x

    def setup(ctx: Any, inputs: Any, output: Any) -> None:  # noqa: ARG001
        ctx.save_for_backward(*inputs)

    squared.register_autograd(lambda ctx, u: 2 * ctx.saved_tensors[0] * u, setup_context=setup)
    _ = squared.register_vmap(lambda _info, dims, x: (squared(x), dims[0]))
    kinds = ("first", "second", "batched")
    report = check_backward(squared, torch.square, drawn(3, 2), derivatives=kinds)
    assert report.passed, report
    assert "torch.func.vmap of torch.func.vjp" in not_checked(report)[0]
    report = check_backward(squared, torch.square, drawn(3, 2), derivatives=["forward"])
    assert report.verdict == "inconclusive"
    assert "custom operators have no forward mode" in not_checked(report)[0]


@pytest.mark.untraced
def test_the_first_derivative_alone_is_the_default_and_the_others_are_not_asked() -> None:
    report = check_backward(LINEAR.operation(), LINEAR.forward, *LINEAR.inputs)
    assert [block.name for block in report.blocks] == ["output", "x", "w", "b"]
    assert not_checked(report) == ["forward mode (jvp)", "vmap", "second derivatives"]
    second = check_backward(
        LINEAR.operation(), LINEAR.forward, *LINEAR.inputs, derivatives={"second"}
    )
    assert not_checked(second) == ["the first derivatives", "forward mode (jvp)", "vmap"]
    assert all(block.name.startswith("second: ") for block in second.blocks)


@pytest.mark.parametrize(
    ("derivatives", "error"),
    [
        ("second", TypeError),
        (2, TypeError),
        ((), ValueError),
        (("third",), ValueError),
        ((["first"],), ValueError),
    ],
)
def test_other_kinds_are_refused_by_name(derivatives: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^derivatives .*'first', 'second', 'forward' and 'batched'"):
        _ = check_backward(torch.sin, torch.sin, drawn(3), derivatives=derivatives)


ONCE = operation(saved, once_differentiable(lambda ctx, u: 2 * u * ctx.saved_tensors[0]))
"""Without a second derivative, forward mode or vmap, as most kernels are."""


def test_what_an_operation_lacks_is_inconclusive_and_not_passed_over() -> None:
    report = check_backward(ONCE, torch.square, drawn(3, 2), derivatives=KINDS)
    assert report.verdict == "inconclusive"
    assert not report.passed
    second, forward, batched = not_checked(report)
    assert second == "second: the backward pass is not differentiable (once_differentiable)"
    assert forward == "forward: it has no jvp"
    assert batched.startswith("batched: torch.func.vmap raised RuntimeError: In order to use")
    assert check_backward(ONCE, torch.square, drawn(3, 2)).passed


def test_a_reference_without_second_derivatives_is_no_fault_of_the_operation() -> None:
    report = check_backward(
        torch.square, ONCE.apply, drawn(3, 2), derivatives=("second", "forward")
    )
    assert report.verdict == "inconclusive"
    assert all(
        "the backward pass of the reference is not diff" in t for t in not_checked(report)[:2]
    )


def test_what_an_operation_defines_and_what_raises_does_harm() -> None:
    def raising(*_given: Any) -> Any:
        raise ZeroDivisionError

    kernel = TANH.operation(jvp=raising, generate_vmap_rule=False, vmap=raising)
    kinds = ("forward", "batched")
    report = check_backward(kernel, torch.tanh, drawn(3, 2), derivatives=kinds)
    assert [note.kind for note in report.harmful] == ["fails in some calls"] * 2
    assert "ZeroDivisionError" in str(report)
    allow = ("fails in some calls",)
    report = check_backward(kernel, torch.tanh, drawn(3, 2), derivatives=kinds, allow=allow)
    assert not report.harmful
    assert report.verdict == "inconclusive"


@pytest.mark.untraced
def test_the_assertion_and_the_fixture_take_them(check_backward: BackwardCheck) -> None:
    assert check_backward(torch.sin, torch.sin, drawn(3), derivatives=KINDS).passed
    with pytest.raises(GradientMismatch, match="second: input is wrong"):
        _ = assert_backward_matches(
            TANH.operation(backward=lambda _x, y, u: u * (1 - y.detach() ** 2)),
            torch.tanh,
            *TANH.inputs,
            derivatives=("first", "second"),
        )


@pytest.mark.untraced
def test_causes_of_several_kinds_stand_beside_each_other() -> None:
    kernel = TANH.operation(
        backward=lambda _x, y, u: u * (1 - y.detach() ** 2), jvp=lambda _x, y, t: -t * (1 - y * y)
    )
    report = check_backward(kernel, torch.tanh, *TANH.inputs, derivatives=KINDS)
    assert wrong(report) == ["second: input", "forward: output"]
    assert str(report).count("Cause: ") == 2
    assert "Equally consistent" not in str(report)


@pytest.mark.untraced
def test_modules_with_equal_parameters_have_them_too() -> None:
    one, two = (torch.nn.Linear(3, 2).double() for _ in range(2))
    report = check_backward(one, two, drawn(4, 3), derivatives=("second", "forward"))
    assert report.passed, report
    assert "second: weight" in [block.name for block in report.blocks]


@pytest.mark.untraced
def test_an_input_named_upstream_and_outputs_without_a_gradient_are_told_apart() -> None:
    def composed(x: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
        return x * upstream, x.detach().floor()

    kernel = function(
        composed,
        backward=of_saved(lambda x, up, _y, _z, u, _v: (u * up, u * x)),
        jvp=of_saved(lambda x, up, _y, z, tx, tu: (tx * up + x * tu, torch.zeros_like(z))),
        generate_vmap_rule=True,
    )
    report = check_backward(kernel, composed, drawn(3), drawn(3, seed=1), derivatives=KINDS)
    assert report.verdict == "match", report
    names = [block.name for block in report.blocks]
    assert "second: upstream_gradient_0" in names
    assert "second: upstream" in names
    assert "second: upstream_gradient_1" not in names


def test_random_numbers_from_one_seed_are_no_fault() -> None:
    def dropped(x: Tensor) -> Tensor:
        _ = torch.manual_seed(0)
        return torch.nn.functional.dropout(x, 0.5)

    kinds = ("first", "second", "forward")
    assert check_backward(dropped, dropped, drawn(4, 5), derivatives=kinds).passed


@pytest.mark.untraced
def test_inputs_are_not_changed() -> None:
    given = drawn(3, 2)
    _ = check_backward(TANH.operation(), TANH.forward, given, derivatives=KINDS)
    assert torch.equal(given, drawn(3, 2))
    assert not given.requires_grad
    assert given.grad is None
