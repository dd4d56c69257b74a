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


def test_a_numpy_loss_of_complex_parameters_is_refused_by_name() -> None:
    def by_numpy(p: Any) -> float:
        return float((np.abs(p["z"]) ** 2).sum())

    with pytest.raises(TypeError, match="z is complex and loss is computed by NumPy; it needs"):
        _ = check_gradients(lambda p: {"z": 2 * p["z"]}, {"z": Z}, loss=by_numpy)


@pytest.mark.parametrize("leaf", [Z, Z[0], 1 + 2j, torch.tensor(Z)])
def test_parts_are_joined_to_what_was_parted(leaf: Any) -> None:
    assert is_complex(leaf)
    assert np.array_equal(np.asarray(joined(parted(leaf))), np.asarray(leaf))
    assert not any(is_complex(part) for part in parted(leaf).values())


def test_the_imaginary_part_of_a_real_tensor_is_zero() -> None:
    assert parted(torch.ones(2))["imag"].tolist() == [0, 0]
    assert not is_complex(1.0)
