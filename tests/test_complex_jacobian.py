"""Jacobians of complex numbers, judged as those of their real and imaginary parts."""

from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import check_gradients, check_jacobian

Z = np.array([1 + 2j, -0.5 + 1j, 2 - 1j])
A = np.array([[1 - 1j, 2, 1j], [0.5, 1 + 1j, -1]])


def squares_by(z: Any, by: Any) -> Any:
    return by @ z**2


IN_TORCH_AND_NUMPY = [
    pytest.param(lambda z: squares_by(z, torch.tensor(A)), id="PyTorch"),
    pytest.param(lambda z: squares_by(z, A), id="NumPy"),
]


@pytest.mark.untraced
@pytest.mark.parametrize("function", IN_TORCH_AND_NUMPY)
def test_a_complex_jacobian_is_the_derivative_of_a_holomorphic_function(function: Any) -> None:
    assert check_jacobian(lambda z: 2 * A * z, Z, function=function).passed
    report = check_jacobian(lambda z: (2 * A * z).conj(), Z, function=function)
    wrong = {block.name for block in report.blocks if block.verdict == "mismatch"}
    assert wrong == {"real.imag", "imag.real"}
    off = check_jacobian(lambda z: 2 * A * z * (1 + 1e-7j), Z, function=function)
    assert off.verdict == "mismatch"


def test_the_jacobian_of_a_real_output_follows_the_convention_of_gradients() -> None:
    def squares(z: Any) -> Any:
        return (z * z.conj()).real

    assert check_jacobian(lambda z: np.diag(2 * z), Z, function=squares).passed
    report = check_jacobian(lambda z: np.diag(2 * z.conj()), Z, function=squares)
    assert (report.causes[0].kind, report.causes[0].blocks) == ("conjugate", ("imag",))
    assert "a holomorphic function" in report.reference


@pytest.mark.untraced
def test_the_jacobian_of_complex_outputs_of_real_parameters_is_complex() -> None:
    def turned(x: Any) -> Any:
        return torch.exp(1j * x) if torch.is_tensor(x) else np.exp(1j * x)

    x = np.array([0.3, 1.0])
    assert check_jacobian(lambda x: np.diag(1j * turned(x)), x, function=turned).passed
    wrong = check_jacobian(lambda x: np.diag(turned(x)), x, function=turned)
    assert wrong.verdict == "mismatch"


def test_complex_and_real_arrays_stand_together_in_a_jacobian() -> None:
    def function(p: Any) -> Any:
        return {"u": p["a"] * p["t"][0], "v": p["a"].real.sum() + p["t"]}

    def jacobian(p: Any) -> Any:
        u = {"a": np.eye(3) * p["t"][0], "t": np.stack([p["a"], 0 * p["a"]], axis=1)}
        return {"u": u, "v": {"a": np.ones((2, 3)), "t": np.eye(2)}}

    p = {"a": Z, "t": np.array([0.5, 2.0])}
    assert check_jacobian(jacobian, p, function=function).passed

    def wrong(p: Any) -> Any:
        right = jacobian(p)
        return {**right, "v": {**right["v"], "a": 1j * right["v"]["a"]}}

    report = check_jacobian(wrong, p, function=function)
    found = {block.name for block in report.blocks if block.verdict == "mismatch"}
    assert found == {"v.a.real", "v.a.imag"}


def test_a_function_that_is_not_holomorphic_has_a_jacobian_of_parts() -> None:
    def parts(z: Any) -> Any:
        one, zero = np.eye(len(z)), np.zeros((len(z), len(z)))
        return {"real": {"real": one, "imag": zero}, "imag": {"real": zero, "imag": -one}}

    def conjugate(z: Any) -> Any:
        return z.conj()

    assert check_jacobian(parts, Z, function=conjugate).passed
    assert check_jacobian(lambda z: np.eye(len(z)), Z, function=conjugate).verdict == "mismatch"


@pytest.mark.untraced
def test_a_single_complex_number_and_further_ones_are_points() -> None:
    def square(z: Any) -> Any:
        return z * z

    def beyond(z: Any) -> Any:
        return 2 * z + (abs(z) > 50)

    assert check_jacobian(beyond, 1 + 2j, function=square, at=[2j]).passed
    assert check_jacobian(beyond, 1 + 2j, function=square, at=[60j]).verdict == "mismatch"


def test_the_gradient_by_one_complex_number_in_an_array_is_read() -> None:
    def size(z: Any) -> Any:
        return (z * z.conj()).real.sum()

    assert check_gradients(lambda z: 2 * z, Z[:1], loss=size).passed
    report = check_gradients(lambda z: 2 * z.conj(), Z[:1], loss=size)
    assert [cause.kind for cause in report.causes] == ["conjugate"]


def test_the_conjugate_of_a_tensor_is_read_by_its_numbers() -> None:
    """Its imaginary part is a view of the numbers before, with a sign to be applied."""

    def loss(z: Any) -> Any:
        return (z.conj() ** 2).real.sum() / 2

    assert check_gradients(lambda z: z.conj(), torch.tensor(Z), loss=loss).passed
