"""Complex parameters are judged as pairs of real ones, in PyTorch's convention."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import check_gradients
from autograd_ref.report.report import Report
from autograd_ref.tree.complex_parts import is_complex, joined, parted

RANDOM = np.random.default_rng(0)


def drawn(*shape: int) -> Any:
    return RANDOM.normal(size=shape) + 1j * RANDOM.normal(size=shape)


A, Y, Z = drawn(5, 4), drawn(5), drawn(4)


def loss(z: Any, a: Any, y: Any) -> Any:
    return torch.view_as_real(a @ z - y).square().sum()


def right(z: Any, a: Any, y: Any) -> Any:
    return 2 * a.conj().T @ (a @ z - y)


def verdicts(report: Report) -> dict[str, str]:
    return {block.name: block.verdict for block in report.blocks}


BOTH = {"real": "match", "imag": "match"}


@pytest.mark.parametrize(
    "gradients",
    [
        right,
        lambda z, a, y: (np.vdot(a @ z - y, a @ z - y), right(z, a, y)),
        lambda z, a, y: (float(np.abs(a @ z - y) @ np.abs(a @ z - y)), right(z, a, y)),
    ],
)
def test_a_right_gradient_matches_part_by_part(gradients: Callable[..., Any]) -> None:
    report = check_gradients(gradients, Z, A, Y, loss=loss)
    assert report.passed, report
    assert verdicts(report) == BOTH


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("wrong", "parts"),
    [
        (lambda z, a, y: right(z, a, y) / 2, {"real", "imag"}),  # by z alone, not by its conjugate
        (lambda z, a, y: right(z, a, y).conj(), {"imag"}),
        (lambda z, a, y: right(z, a, y).real, {"imag"}),
        (lambda z, a, y: right(z, a, y) * (1 + 1e-11), {"real", "imag"}),
        (lambda z, a, y: 2 * a.T @ (a @ z - y), {"real", "imag"}),
    ],
)
def test_a_wrong_one_is_found_in_the_parts_that_are_wrong(wrong: Any, parts: set[str]) -> None:
    found = verdicts(check_gradients(wrong, Z, A, Y, loss=loss))
    assert {name for name, verdict in found.items() if verdict == "mismatch"} == parts


def test_complex_parameters_stand_beside_real_ones_in_a_nest() -> None:
    def of_nest(p: Any, a: Any, y: Any) -> Any:
        return loss(p["z"], a, y) + (p["b"] ** 2).sum()

    def gradients(p: Any, a: Any, y: Any) -> Any:
        return {"z": right(p["z"], a, y), "b": 2 * p["b"]}

    report = check_gradients(gradients, {"z": Z, "b": np.ones(2)}, A, Y, loss=of_nest)
    assert verdicts(report) == {"z.real": "match", "z.imag": "match", "b": "match"}


def test_tensors_in_complex64_and_single_numbers_are_taken() -> None:
    given = [torch.tensor(array).to(torch.complex64) for array in (Z, A, Y)]
    report = check_gradients(lambda z, a, y: 2 * a.mH @ (a @ z - y), *given, loss=loss)
    assert verdicts(report) == BOTH
    assert {block.dtype for block in report.blocks} == {"float32"}
    assert verdicts(check_gradients(lambda z: 2 * z, 1 + 2j, loss=lambda z: abs(z) ** 2)) == BOTH


def test_overwriting_is_told_of() -> None:
    def overwrites(z: Any, a: Any, y: Any) -> Any:
        found = right(z, a, y)
        z *= 0
        return found

    report = check_gradients(overwrites, Z, A, Y, loss=loss)
    assert report.findings[0].text == "The function changes real and imag in place."


def by_numpy(z: Any, a: Any, y: Any) -> Any:
    return np.sum(np.abs(np.dot(a, z) - y) ** 2)


def power_of_spectrum(x: Any) -> Any:
    return np.sum(np.abs(np.fft.fft(x)) ** 4)


def power_by_hand(x: Any) -> Any:
    spectrum = np.fft.fft(x)
    return 4 * x.size * np.fft.ifft(spectrum * np.abs(spectrum) ** 2)


def amplitudes(z: Any, a: Any, y: Any) -> Any:
    """The loss of phase retrieval."""
    return np.sum((np.abs(np.dot(a, z)) - np.abs(y)) ** 2)


def of_amplitudes(z: Any, a: Any, y: Any) -> Any:
    seen = a @ z
    return 2 * a.conj().T @ ((1 - np.abs(y) / np.abs(seen)) * seen)


IN_NUMPY: dict[str, tuple[Any, ...]] = {
    "least squares": (right, by_numpy, Z, A, Y),
    "vdot": (right, lambda z, a, y: np.vdot(np.dot(a, z) - y, np.dot(a, z) - y).real, Z, A, Y),
    "in parts": (right, lambda z, a, y: np.sum(np.square((a @ z - y).view(float))), Z, A, Y),
    "a spectrum": (power_by_hand, power_of_spectrum, Z),
    "phase retrieval": (of_amplitudes, amplitudes, Z, A, Y),
    "one number": (lambda z: 2 * z, lambda z: float(np.abs(z)) ** 2, 1 + 2j),
    "complex64": (lambda z: 2 * z, lambda z: np.sum(np.abs(z) ** 2), Z.astype(np.complex64)),
    "a nest": (
        lambda p: {"z": 2 * p["z"], "b": 2 * p["b"]},
        lambda p: float(np.sum(np.abs(p["z"]) ** 2)) + float(np.sum(p["b"] ** 2)),
        {"z": Z, "b": np.ones(2)},
    ),
}


def numpy_problem(case: str) -> tuple[Any, Any, tuple[Any, ...]]:
    gradients, against, *at = IN_NUMPY[case]
    return gradients, against, tuple(at)


def scaled(found: Any, factor: complex) -> Any:
    if isinstance(found, dict):
        return {key: scaled(value, factor) for key, value in found.items()}
    return (found * factor).astype(np.asarray(found).dtype) if np.iscomplexobj(found) else found


@pytest.mark.untraced
@pytest.mark.parametrize("case", IN_NUMPY)
def test_a_numpy_loss_of_complex_parameters_is_differentiated_by_both_parts(case: str) -> None:
    gradients, against, at = numpy_problem(case)
    report = check_gradients(gradients, *at, loss=against)
    assert report.passed, report
    assert "twice that by the conjugate; JAX has its conjugate" in report.reference
    assert "numerical derivative" in report.reference


@pytest.mark.untraced
@pytest.mark.parametrize("factor", [0.5, 1 + 1e-5, 1 + 1e-5j, 1j])
@pytest.mark.parametrize("case", IN_NUMPY)
def test_a_wrong_one_beside_a_numpy_loss_is_a_mismatch(case: str, factor: complex) -> None:
    """Among them that by the conjugate, half of what is right."""
    gradients, against, at = numpy_problem(case)
    report = check_gradients(lambda *p: scaled(gradients(*p), factor), *at, loss=against)
    assert report.verdict == "mismatch"


def test_a_conjugate_beside_a_numpy_loss_is_wrong_in_the_imaginary_part() -> None:
    report = check_gradients(lambda *p: right(*p).conj(), Z, A, Y, loss=by_numpy)
    assert verdicts(report) == {"real": "match", "imag": "mismatch"}


def test_a_loss_that_is_complex_is_refused_by_its_own_name() -> None:
    def energy(z: Any) -> Any:
        return np.vdot(z, z)

    with pytest.raises(TypeError, match=r"loss is energy, and it returned a complex128 \(complex"):
        _ = check_gradients(lambda z: 2 * z, Z, loss=energy)


@pytest.mark.parametrize("leaf", [Z, Z[0], 1 + 2j, torch.tensor(Z)])
def test_parts_are_joined_to_what_was_parted(leaf: Any) -> None:
    assert is_complex(leaf)
    assert np.array_equal(np.asarray(joined(parted(leaf))), np.asarray(leaf))
    assert not any(is_complex(part) for part in parted(leaf).values())


def test_the_imaginary_part_of_a_real_tensor_is_zero() -> None:
    assert parted(torch.ones(2))["imag"].tolist() == [0, 0]
    assert not is_complex(1.0)
