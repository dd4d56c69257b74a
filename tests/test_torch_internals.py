"""The undocumented parts of PyTorch that are used are there, and do what they are used for."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.operations.inputs import Arguments, Callee
from autograd_ref.operations.run import backward, forward
from autograd_ref.torch_internals import (
    EveryOperation,
    function_of,
    gradients_of,
    has_outputs,
    is_custom_operator,
    leaves_of_graph,
    name_of,
    tensors_within,
    with_floats_replaced,
    with_tensors_replaced,
    without_modes,
    works_in_place,
)

FIRST_CHECK = """
import sys
import numpy as np
from autograd_ref import check_gradients

def gradient(w, x):
    return 2 * x.T @ (x @ w) / len(x)

X = np.random.default_rng(0).normal(size=(5, 3))
report = check_gradients(gradient, np.ones(3), X, loss=lambda w, x: ((x @ w) ** 2).mean())
assert report.verdict == "match", report
"""
COMPILER = "torch._dynamo"


def is_loaded_after(code: str, module: str) -> bool:
    code += f"\nprint({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {"True": True, "False": False}[done.stdout.strip()]


@pytest.mark.untraced
def test_a_first_check_does_not_load_the_compiler() -> None:
    assert not is_loaded_after(FIRST_CHECK, COMPILER)


@pytest.mark.untraced
def test_the_test_above_can_fail() -> None:
    """An override taken away, and PyTorch loads it; or it has no need to, as version 2.4."""
    without = """
import torch
from autograd_ref import torch_internals
if hasattr(torch.utils._python_dispatch.TorchDispatchMode, "_should_skip_dynamo"):
    del torch_internals.EveryOperation._should_skip_dynamo
else:
    import torch._dynamo
"""
    assert is_loaded_after(without + FIRST_CHECK, COMPILER)


class Recorder(EveryOperation):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, bool]] = []
        self.arguments: list[int] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.append((name_of(func), works_in_place(func)))
        self.arguments.append(len(tensors_within((args, kwargs))))
        return func(*args, **(kwargs or {}))


def test_every_operation_is_seen_by_name_also_those_of_the_backward_pass() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    with Recorder() as recorder:
        _ = torch.mm(x, x).clone().add_(1).sum().backward()
    assert ("mm", False) in recorder.seen
    assert ("add_", True) in recorder.seen
    forward, backward = recorder.seen[:4], recorder.seen[4:]
    assert not [name for name, _in_place in forward if name == "expand"]
    assert [name for name, _in_place in backward if name == "mm"] == ["mm", "mm"]
    assert recorder.arguments[0] == 2


def test_tensors_are_found_and_replaced_wherever_they_are() -> None:
    one, two = torch.ones(1), torch.zeros(2)
    nest = ([one, 3], {"other": (two, None)})
    found = tensors_within(nest)
    assert len(found) == 2
    assert found[0] is one
    assert found[1] is two
    args, kwargs = with_tensors_replaced(lambda tensor: tensor + 1, nest)
    assert args[0].item() == 2
    assert args[1] == 3
    assert kwargs["other"][0].tolist() == [1, 1]
    assert kwargs["other"][1] is None


def test_numbers_of_pythons_are_replaced_wherever_they_are() -> None:
    args, kwargs = with_floats_replaced(torch.tensor, ([0.5, 3], {"other": (True, 0.25)}))
    assert torch.equal(args[0], torch.tensor(0.5))
    assert args[1] == 3
    assert kwargs["other"][0] is True
    assert torch.equal(kwargs["other"][1], torch.tensor(0.25))


def test_without_modes_nothing_is_seen() -> None:
    with Recorder() as recorder, without_modes():
        _ = torch.rand(3)
    assert not recorder.seen


class Named(TorchFunctionMode):
    """Takes note of the functions that are called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.append(func.__name__)
        return func(*args, **(kwargs or {}))


def test_gradients_are_those_of_autograd_and_a_mode_sees_the_backward_pass() -> None:
    x, unused = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    value = Unsummed.apply(x)[0] ** 2
    with Named() as mode:
        found = gradients_of(value, [x, unused])
    assert found[0] is not None
    assert torch.equal(found[0], torch.autograd.grad(Unsummed.apply(x)[0] ** 2, x)[0])
    assert found[1] is None
    assert "ones" in mode.seen
    assert x.grad is None


@torch.library.custom_op("crosscheck_tests::thrice", mutates_args=())
def thrice(x: Tensor) -> Tensor:
    return 3 * x


@pytest.mark.parametrize(
    ("operation", "custom"),
    [
        (thrice, True),
        (torch.ops.crosscheck_tests.thrice, True),
        (torch.ops.crosscheck_tests.thrice.default, True),
        (torch.exp, False),
        (lambda x: x, False),
    ],
)
def test_custom_operators_are_known_from_functions(operation: object, custom: bool) -> None:
    assert is_custom_operator(operation) is custom


class Unsummed(torch.autograd.Function):
    """A gradient that is larger than its input, which the engine sums; and one output too many."""

    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.sum(), x[0].clone()

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor) -> Tensor:
        assert ctx
        total, _first = incoming
        return total * torch.ones(4, 2)


def shape_of_gradient(operation: Any, outputs: int) -> tuple[int, ...]:
    x = torch.ones(2, requires_grad=True)
    done = forward(operation, Callee(operation), Arguments((x,), {}, {}))
    upstream = dict(zip(list(done.outputs)[:outputs], [torch.ones(())] * outputs, strict=True))
    (gradient,) = backward(done, upstream, [x])
    assert gradient is not None
    return tuple(gradient.shape)


def test_a_node_knows_its_function_and_its_outputs() -> None:
    x = torch.ones(2, requires_grad=True)
    outputs: Any = Unsummed.apply(x)
    node = outputs[0].grad_fn
    assert function_of(node) is Unsummed
    assert has_outputs(node, 2)
    assert shape_of_gradient(Unsummed.apply, 2) == (4, 2)
    assert function_of((x * 2).grad_fn) is None


def test_a_version_that_names_no_function_leaves_the_backward_pass_to_the_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert function_of(SimpleNamespace()) is None
    monkeypatch.setattr("autograd_ref.operations.run.function_of", lambda _node: None)
    assert shape_of_gradient(Unsummed.apply, 2) == (2,)


SAYS_HOW_MANY = hasattr(torch.zeros(1, requires_grad=True).exp().grad_fn, "_input_metadata")


@pytest.mark.skipif(
    not SAYS_HOW_MANY, reason="this PyTorch does not say how many outputs there are"
)
def test_an_operator_that_drops_an_output_is_left_to_the_engine() -> None:
    library = torch.library.Library("crosscheck_internals", "DEF")
    _ = library.define("first(Tensor x) -> Tensor")
    library.impl("first", lambda x: Unsummed.apply(x)[0], "Autograd")
    first = torch.ops.crosscheck_internals.first
    x = torch.ones(2, requires_grad=True)
    assert not has_outputs(first(x).grad_fn, 1)
    assert shape_of_gradient(first, 1) == (2,)


def test_the_leaves_of_a_graph_are_found_once_each_and_those_handed_on_too() -> None:
    x, weight = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    found = leaves_of_graph([(x * weight + weight).sum(), x, torch.ones(1)])
    assert {id(leaf) for leaf in found} == {id(x), id(weight)}
    assert len(found) == 2


def test_a_version_that_does_not_say_is_taken_to_have_them() -> None:
    assert has_outputs(SimpleNamespace(), 2)
