"""Kinks that a PyTorch loss meets exactly: noted where they are met, and nowhere else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref import check_gradients
from autograd_ref.reference.kinks import Watch


def kinks(function: Callable[[Tensor], Any], *values: float, grad: bool = True) -> set[str]:
    x = torch.tensor(values, dtype=torch.float64, requires_grad=grad)
    watch = Watch()
    with watch:
        _ = function(x)
    assert bool(watch.notes()) == bool(watch.kinks)
    return watch.kinks


@pytest.mark.parametrize(
    ("function", "name", "at", "beside"),
    [
        (torch.relu, "relu", [1.0, 0.0], [1.0, 1e-300]),
        (functional.relu, "relu", [0.0], [-1e-300]),
        (functional.leaky_relu, "leaky_relu", [0.0], [1.0]),
        (torch.abs, "abs", [0.0, 2.0], [-1.0, 2.0]),
        (lambda x: x.abs(), "abs", [0.0], [3.0]),
        (lambda x: x.clamp(min=0.5), "clamp", [0.5, 1.0], [0.25, 1.0]),
        (lambda x: torch.clamp(x, 0.0, 0.5), "clamp", [0.5], [0.25]),
        (lambda x: torch.maximum(x, 2 * x - 1), "maximum", [1.0], [2.0]),
        (lambda x: torch.maximum(torch.ones(1), x), "maximum", [1.0], [2.0]),
        (lambda x: torch.minimum(x, other=torch.ones(1)), "minimum", [1.0], [2.0]),
        (functional.relu6, "relu6", [6.0], [5.0]),
        (functional.hardtanh, "hardtanh", [-1.0], [0.0]),
        (functional.hardsigmoid, "hardsigmoid", [-3.0, 3.0], [0.0]),
        (lambda x: (1 * x).relu_(), "relu", [0.0], [1.0]),
        (torch.norm, "norm", [0.0, 0.0], [0.0, 1.0]),
        (torch.linalg.vector_norm, "linalg_vector_norm", [0.0], [1.0]),
    ],
)
def test_a_kink_is_noted_where_it_is_met_and_not_beside_it(
    function: Callable[[Tensor], Any], name: str, at: list[float], beside: list[float]
) -> None:
    assert kinks(function, *at) == {name}
    assert not kinks(function, *beside)


def test_what_is_not_differentiated_has_no_kink() -> None:
    assert not kinks(torch.relu, 0.0, grad=False)
    assert not kinks(lambda x: torch.clamp(x, min=0.0), 0.0, grad=False)


def test_a_limit_that_is_no_number_is_no_kink() -> None:
    assert not kinks(lambda x: x.clamp(min=None, max=1.0), 0.0)
    assert kinks(lambda x: x.clamp(min=None, max=1.0), 1.0) == {"clamp"}


def test_the_note_names_the_functions() -> None:
    watch = Watch()
    with watch:
        x = torch.zeros(1, requires_grad=True)
        _ = torch.relu(x) + x.abs()
    (note,) = watch.notes()
    assert note.kind == "kink"
    assert "(abs, relu)" in note.text


def test_a_threshold_of_the_callers_own_is_kept() -> None:
    z = torch.tensor([-1.0, 3.0, 25.0])
    softplus = torch.nn.functional.softplus
    with Watch() as watch:
        assert softplus(z, 1, 2)[1] == 3
        assert softplus(z, threshold=2)[1] == 3
        assert not watch.notes()
        assert softplus(z.double(), 1, 20)[2] > 25
    (note,) = watch.notes()
    assert note.kind == "exact softplus"


@pytest.mark.parametrize(("largest", "seen"), [(19.0, False), (21.0, True), (40.0, False)])
def test_where_pytorchs_softplus_is_another_it_is_said(largest: float, *, seen: bool) -> None:
    with Watch() as watch:
        _ = torch.nn.functional.softplus(torch.tensor([-50.0, largest]))
    assert [note.kind for note in watch.notes()] == ["exact softplus"] * seen


@pytest.mark.parametrize(
    ("function", "at", "left", "right"),
    [
        (torch.relu, 0.0, 0.0, 1.0),
        (torch.abs, 0.0, -1.0, 1.0),
        (torch.absolute, 0.0, -1.0, 1.0),
        (functional.relu6, 6.0, 1.0, 0.0),
        (functional.hardtanh, -1.0, 0.0, 1.0),
        (functional.hardtanh, 1.0, 1.0, 0.0),
        (lambda x: torch.clamp(x, min=0.5), 0.5, 0.0, 1.0),
        (lambda x: torch.clamp(x, max=256.0), 256.0, 1.0, 0.0),
    ],
)
def test_each_side_of_a_kink_has_its_slope(
    function: Callable[[Tensor], Any], at: float, left: float, right: float
) -> None:
    for side, slope in ((-1, left), (1, right)):
        x = torch.tensor([at, at + 0.25], dtype=torch.float64, requires_grad=True)
        with Watch(side) as watch:
            value = function(x)
        (found,) = torch.autograd.grad(value[0], x)
        assert found.tolist() == [slope, 0.0]
        assert len(watch.kinks) == 1


def test_a_norm_of_zeros_that_is_not_differentiated_has_no_kink() -> None:
    assert kinks(torch.norm, 0.0) == {"norm"}
    assert not kinks(torch.norm, 0.0, grad=False)


def test_softplus_is_exact_as_far_as_float64_can_tell() -> None:
    z = torch.tensor([30.0, 31.0], dtype=torch.float64)
    with Watch():
        assert (functional.softplus(z) > z).all()


@pytest.mark.parametrize(("z", "beta", "seen"), [(12.0, 2.0, True), (24.0, 0.5, False)])
def test_a_scaled_softplus_is_another_where_its_scaled_argument_is(
    z: float, beta: float, *, seen: bool
) -> None:
    with Watch() as watch:
        _ = functional.softplus(torch.tensor([z], dtype=torch.float64), beta)
    assert [note.kind for note in watch.notes()] == ["exact softplus"] * seen


@pytest.mark.untraced
@pytest.mark.parametrize("away", [1e-2, 1e-4, 1e-5])
def test_the_mean_of_two_slopes_is_wrong_beside_a_kink(away: float) -> None:
    """Over steps that are larger than that, differences give the mean."""
    at = np.array([1.0, 2, 3])

    def loss(x: Any) -> Any:
        return (x - torch.tensor([1 + away, 0, 0])).abs().sum() + torch.sin(x).sum()

    for first, verdict in ((-1.0, "match"), (0.0, "mismatch"), (1.0, "mismatch")):
        gradient = np.array([first, 1, 1]) + np.cos(at)
        report = check_gradients(lambda _x, g=gradient: g, at, loss=loss, elsewhere=False)
        assert report.verdict == verdict, report
