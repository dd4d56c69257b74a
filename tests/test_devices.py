"""Where tensors lie, and what a GPU rounds: all of it that a machine without one can show."""

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from autograd_ref import check_backward, check_gradients
from autograd_ref.report.report import Report
from autograd_ref.rounding import monte_carlo
from autograd_ref.rounding.arithmetic import Level
from autograd_ref.rounding.tf32 import factors_format, may_be_rounded, products_in
from autograd_ref.torch_internals import allows_tf32
from autograd_ref.tree.layout import copied_tensor
from autograd_ref.tree.number_format import TF32, of_dtype

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(6, 4)), RANDOM.normal(size=(6, 3))
W = RANDOM.normal(size=(3, 4))


def cost(w: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return ((torch.tanh(x @ w.T) - y) ** 2).mean()


def by_hand(w: Any, x: Any, y: Any, power: int = 2) -> Any:
    h = np.tanh(x @ w.T)
    return (2 * (h - y) * (1 - h**power) / h.size).T @ x


def operation(x: Tensor, w: Tensor) -> Tensor:
    return x.detach() @ w.T


def told(report: Report) -> object:
    return report.verdict, [(c.kind, c.explanation) for c in report.causes]


@pytest.mark.untraced
@pytest.mark.parametrize("power", [2, 1])
def test_what_is_told_does_not_depend_on_the_default_device(power: int) -> None:
    """On meta nothing has values: whatever was made there by mistake would be missed."""

    def checked() -> Report:
        return check_gradients(lambda *given: by_hand(*given, power=power), W, X, Y, loss=cost)

    expected = told(checked())
    with torch.device("meta"):
        assert told(checked()) == expected
    given = torch.from_numpy(X), torch.from_numpy(W)
    missing = told(check_backward(operation, lambda x, w: x @ w.T, *given))
    with torch.device("meta"):
        assert told(check_backward(operation, lambda x, w: x @ w.T, *given)) == missing
    assert expected[0] == ("match" if power == 2 else "mismatch")  # pyright: ignore[reportIndexIssue]


@pytest.mark.parametrize(
    "arranged", [lambda x: x, lambda x: x.T, lambda x: x[::2, 1:], lambda x: x[:1].expand(6, 4)]
)
def test_a_copy_on_another_device_lies_in_memory_as_the_original_does(arranged: Any) -> None:
    given = arranged(torch.from_numpy(X))
    there = copied_tensor(given, "meta")
    assert there.device.type == "meta"
    assert (there.shape, there.stride()) == (given.shape, given.stride())


def on_gpu(dtype: torch.dtype, *, gpu: bool = True) -> Any:
    return SimpleNamespace(is_cuda=gpu, dtype=dtype)


@pytest.fixture
def matrices() -> Iterator[Any]:
    """PyTorch's setting for products of matrices, which is put back."""
    found: Any = torch.backends.cuda.matmul
    before = found.allow_tf32
    yield found
    found.allow_tf32 = before


def test_only_products_in_float32_on_a_gpu_are_rounded_as_tf32_where_that_is_allowed(
    matrices: Any,
) -> None:
    single = on_gpu(torch.float32)
    assert factors_format("convolution", [single]) == {"tf32"}  # PyTorch's default
    assert factors_format("mm", [single]) == set()
    matrices.allow_tf32 = True
    assert factors_format("mm", [single]) == {"tf32"}
    assert may_be_rounded({"mm"})
    assert factors_format("add", [single]) == set()
    assert factors_format("mm", [on_gpu(torch.float64)]) == set()
    assert factors_format("mm", [on_gpu(torch.float32, gpu=False)]) == set()


def test_products_are_seen_on_the_way_back_too() -> None:
    w = torch.ones(3, 4, requires_grad=True)
    assert products_in(partial(torch.matmul, torch.ones(2, 4), w.T)) == {"mm"}
    x = torch.ones(1, 2, 5, 5)
    kernel = torch.ones(3, 2, 3, 3, requires_grad=True)
    seen = products_in(lambda: torch.nn.functional.conv2d(x, kernel).sum().backward())
    assert seen == {"convolution", "convolution_backward"}
    assert not products_in(partial(torch.mul, w, 2))


def test_a_version_that_does_not_say_may_round_to_tf32() -> None:
    class Mixed:
        @property
        def allow_tf32(self) -> bool:
            raise RuntimeError("you have used mix of the legacy and new APIs")

    assert allows_tf32(Mixed())
    assert not allows_tf32(SimpleNamespace(allow_tf32=False))


def cut_off(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """float32 values with ten bits behind the first, as a tensor core reads them."""
    bits = values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFFE000)
    return bits.view(np.float32)


def test_tf32_explains_a_product_of_cut_off_factors_and_no_error_of_one_percent() -> None:
    """The product of positive numbers has the largest error: nothing cancels in it."""
    random = np.random.default_rng(1)
    a, b = (random.uniform(1, 2, size).astype(np.float32) for size in ((20, 300), (300, 10)))
    wide = [torch.from_numpy(one).double() for one in (a, b)]
    exact = wide[0].numpy() @ wide[1].numpy()
    found = cut_off(a) @ cut_off(b)
    for level in (Level.STRICT, Level.TEXTBOOK):
        (allowed,) = monte_carlo.tolerances(
            lambda: [wide[0] @ wide[1]], [exact], TF32, level=level, seed=0
        )
        assert (abs(found - exact) <= allowed).all()
        assert (abs(1.01 * exact - exact) > allowed).all()
    number = of_dtype("float32")
    (allowed,) = monte_carlo.tolerances(
        lambda: [wide[0] @ wide[1]], [exact], number, level=Level.TEXTBOOK, seed=0
    )
    assert (abs(found - exact) > allowed).all()


@pytest.mark.untraced
def test_what_is_rounded_inside_a_product_on_the_cpu_is_accused_as_before() -> None:
    def forward(x: Tensor, w: Tensor) -> Tensor:
        return x.bfloat16().float() @ w.T

    given = (torch.from_numpy(X).float(), torch.from_numpy(W).float())
    report = check_backward(forward, lambda x, w: x @ w.T, *given)
    assert report.verdict == "mismatch"
