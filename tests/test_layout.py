"""Copies lie in memory as the original does, so that code that ignores strides is found."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import check_gradients
from autograd_ref.tree.leaf import copied

BASE = np.arange(24.0).reshape(4, 6)
ARRANGED: list[Callable[[Any], Any]] = [
    lambda x: x,
    lambda x: x.T,
    lambda x: x[::2],
    lambda x: x[1:, ::3],
    lambda x: x[::2, 1:].T,
    lambda x: x[0, 3],
    lambda x: x[:0],
]
NUMPY_ONLY: list[Callable[[Any], Any]] = [
    np.asfortranarray,
    lambda x: x[::-1],
    lambda x: x[::-1, ::-2],
    lambda x: np.broadcast_to(x[:1], (4, 6)),
    lambda x: np.broadcast_to(x[:, ::-1][:, None], (4, 3, 6)),
]


@pytest.mark.parametrize("arranged", [*ARRANGED, *NUMPY_ONLY])
def test_a_copy_of_an_array_has_its_values_and_strides_and_none_of_its_memory(
    arranged: Callable[[Any], Any],
) -> None:
    array = np.asarray(arranged(BASE))
    copy: Any = copied(array)
    assert np.array_equal(copy, array)
    assert copy.strides == array.strides or not array.size
    assert copy.dtype == array.dtype
    assert not np.shares_memory(copy, array)
    assert copy.flags.writeable or 0 in array.strides


@pytest.mark.parametrize(
    "arranged", [*ARRANGED, lambda x: x[:1].expand(4, 6), lambda x: x[:, None, ::2].expand(4, 5, 3)]
)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64, torch.complex64])
def test_a_copy_of_a_tensor_does_too(arranged: Callable[[Any], Any], dtype: torch.dtype) -> None:
    tensor = arranged(torch.tensor(BASE).to(dtype)).requires_grad_()
    copy: Any = copied(tensor)
    assert torch.equal(copy, tensor)
    assert copy.stride() == tensor.stride()
    assert copy.is_leaf
    assert copy.requires_grad
    assert copy.untyped_storage().data_ptr() != tensor.untyped_storage().data_ptr()


class Units(np.ndarray[Any, Any]):
    """An array of a type of its own, which NumPy's way to copy keeps."""


def test_what_is_no_plain_array_is_copied_in_its_own_way() -> None:
    copy = copied(BASE[::2].view(Units))
    assert type(copy) is Units
    assert type(copied(np.array([object(), None])[::1])) is np.ndarray
    sparse: Any = copied(torch.eye(3).to_sparse())
    assert sparse.layout == torch.sparse_coo


def test_a_column_of_a_large_matrix_does_not_cost_its_memory() -> None:
    large = np.zeros((300, 1000))
    small: Any = copied(large[:100, 0])
    assert small.strides == large[:, 0].strides
    for column in (large[:, 0], torch.from_numpy(large)[:, 0]):
        copy: Any = copied(column)
        assert np.asarray(copy).strides == (8,)


def as_it_lies(x: Any) -> Any:
    """The gradient of sum(x^3) by a kernel that takes memory to be contiguous."""
    flat = np.lib.stride_tricks.as_strided(x, (x.size,), (x.itemsize,))
    return 3 * flat.reshape(x.shape) ** 2


def doubled_unless_contiguous(x: Any) -> Any:
    return 3 * x**2 * (1 if x.flags.c_contiguous else 2)


@pytest.mark.untraced
@pytest.mark.parametrize("wrong", [as_it_lies, doubled_unless_contiguous])
@pytest.mark.parametrize("arranged", [lambda x: x.T, lambda x: x[:, ::2], np.asfortranarray])
def test_a_gradient_that_ignores_strides_is_a_mismatch_where_the_caller_has_them(
    wrong: Any, arranged: Any
) -> None:
    x = arranged(1 + BASE / 10)
    assert check_gradients(lambda x: 3 * x**2, x, loss=lambda x: (x**3).sum()).verdict == "match"
    assert check_gradients(wrong, x, loss=lambda x: (x**3).sum()).verdict == "mismatch"


def test_so_do_the_data() -> None:
    X = np.random.default_rng(0).normal(size=(3, 7)).T

    def gradient(w: Any, X: Any) -> Any:
        return 2 * X.T @ (X @ w) * (1 if X.flags.c_contiguous else 1.5)

    report = check_gradients(gradient, np.ones(3), X, loss=lambda w, X: ((X @ w) ** 2).sum())
    assert report.verdict == "mismatch"
