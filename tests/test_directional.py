"""Directions in which the parameters of a loss move."""

import numpy as np
import pytest
import torch

from autograd_ref.reference.directional import along, each_by_itself, typical
from autograd_ref.tree.point import Point


def test_every_entry_moves_by_its_own_size_and_zeros_by_what_is_typical() -> None:
    """In a square matrix that is not symmetric too."""
    leaf = np.array([[3.0, 0.0], [4.0, 0.0]])
    by = each_by_itself(leaf, np.random.default_rng(0))
    assert np.array_equal(np.abs(by), [[3.0, 2.5], [4.0, 2.5]])


def test_a_symmetric_matrix_moves_symmetrically_and_both_ways() -> None:
    leaf = np.array([[1.0, 2.0], [2.0, 0.0]])
    found = [each_by_itself(leaf, np.random.default_rng(seed)) for seed in range(8)]
    assert all(np.array_equal(by, by.T) for by in found)
    assert {by[0, 1] for by in found} == {2.0, -2.0}


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_what_is_typical_has_the_scale_of_the_entries(scale: float) -> None:
    leaves = scale * np.array([3.0, 0.0]), scale * np.array([[4.0], [0.0]])
    assert typical(*leaves) == pytest.approx(2.5 * scale)
    assert typical(np.zeros(3)) == 1.0


def test_along_a_line_floats_are_in_float64_and_other_data_stay() -> None:
    seen: list[Point] = []

    def loss(at: Point) -> float:
        seen.append(at)
        return 0.0

    narrow = np.array([1.0, 2.0], "f4")
    point = Point({"w": narrow}, (narrow, torch.from_numpy(narrow), np.arange(2), "a name"))
    _ = along(loss, point, {("w",): np.array([2.0, 0.0])})(0.25)
    (at,) = seen
    assert at.parameters["w"].dtype == np.float64
    assert at.parameters["w"].tolist() == [1.5, 2.0]
    array, tensor, counts, name = at.data
    assert (array.dtype, tensor.dtype) == (np.float64, torch.float64)
    assert (counts.dtype, name) == (np.arange(2).dtype, "a name")
