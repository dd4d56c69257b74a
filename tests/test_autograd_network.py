"""The twin: same bits from a seed, right in float64, and it knows its devices."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings

import autograd_ref.network as twin
from autograd_ref import Network
from autograd_ref.assignment.bounds import rounding_tolerances
from autograd_ref.assignment.problems import Problem, problems
from autograd_ref.network import loss_and_gradients
from manual_backprop import NetworkShape, Parameters, initialize
from tests.agreement import assert_match, assert_untouched_and_unshared, by_autograd, by_hand

SHAPE = NetworkShape(inputs=3, hidden=5, outputs=4)
FEW = settings(max_examples=settings().max_examples // 3)
"""For what does not depend on the values."""


def as_arrays(network: Network) -> Parameters:
    blocks = (network.W0, network.b0, network.W1, network.b1)
    return Parameters(*(block.detach().numpy() for block in blocks))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_seed_gives_the_same_bits_as_by_hand(dtype: str) -> None:
    found = as_arrays(Network.from_seed(SHAPE, seed=7, dtype=dtype))
    for block, expected in zip(found, initialize(SHAPE, seed=7, dtype=dtype), strict=True):
        assert block.dtype == np.dtype(dtype)
        assert np.array_equal(block, expected)


def test_another_seed_or_spread_gives_other_bits() -> None:
    found = as_arrays(Network.from_seed(SHAPE, seed=7))
    assert not np.array_equal(found.W0, initialize(SHAPE, seed=8).W0)
    assert not np.array_equal(found.W0, as_arrays(Network.from_seed(SHAPE, 7, std=0.1)).W0)


@pytest.mark.untraced
def test_the_module_copies_its_parameters_and_can_be_trained() -> None:
    parameters = initialize(SHAPE, seed=1)
    before = parameters.W0.copy()
    network = Network(parameters)
    optimiser = torch.optim.SGD(network.parameters(), lr=1.0)
    z2 = network(torch.ones(2, 3, dtype=torch.float64)).z2
    _ = torch.nn.functional.cross_entropy(z2, torch.tensor([0, 1])).backward()
    _ = optimiser.step()
    assert not np.array_equal(as_arrays(network).W0, before)
    assert np.array_equal(parameters.W0, before)


@FEW
@given(problems())
def test_loss_and_gradients_is_the_signature_of_both(problem: Problem) -> None:
    value, gradients = loss_and_gradients(*problem)
    expected = by_autograd(*problem)
    assert isinstance(value, float)
    assert value == expected["loss"]
    assert isinstance(gradients, Parameters)
    for name, block in gradients._asdict().items():
        assert block.dtype == problem.parameters.W0.dtype
        assert np.array_equal(block, expected[name])


@FEW
@given(problems())
def test_inputs_are_left_alone_and_outputs_are_unshared(problem: Problem) -> None:
    assert_untouched_and_unshared(loss_and_gradients, problem)


def just_above_the_default_threshold(dtype: str) -> Problem:
    start = initialize(SHAPE, seed=3, std=0.01, dtype=dtype)
    b0 = np.linspace(20.5, 24.5, 5).astype(dtype)
    X = np.random.default_rng(4).normal(size=(6, 3)).astype(dtype)
    return Problem(start._replace(b0=b0), X, np.arange(6) % 4)


def judge(problem: Problem) -> None:
    assert_match(
        by_autograd(*problem),
        by_hand(*problem),
        rounding_tolerances(*problem),
        dtype=problem.parameters.W0.dtype,
    )


def test_torchs_default_softplus_threshold_would_have_been_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = just_above_the_default_threshold("float64")
    judge(problem)
    monkeypatch.setitem(twin.SOFTPLUS_THRESHOLD, torch.float64, 20.0)
    with pytest.raises(AssertionError, match="W0"):
        judge(problem)


def units_off(dtype: torch.dtype) -> float:
    """The largest relative error of the twin's softplus and its derivative, in units."""
    limits = torch.finfo(dtype)
    z = torch.linspace(-60, 800, 20_001, dtype=dtype, requires_grad=True)
    a = torch.nn.functional.softplus(z, threshold=twin.SOFTPLUS_THRESHOLD[dtype])
    _ = a.sum().backward()
    assert z.grad is not None
    exact_z = z.detach().numpy().astype(np.longdouble)
    t = np.exp(-abs(exact_z))
    value = np.maximum(exact_z, 0) + np.log1p(t)
    slope = np.where(exact_z >= 0, 1, t) / (1 + t)
    errors = (abs(a.detach().numpy() / value - 1), abs(z.grad.numpy() / slope - 1))
    return float(max(error.max() for error in errors)) / (limits.eps / 2)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_shipped_threshold_is_beyond_rounding(dtype: torch.dtype) -> None:
    assert units_off(dtype) < 16


@pytest.mark.parametrize(("threshold", "dtype"), [(30.0, torch.float64), (13.0, torch.float32)])
def test_a_threshold_within_rounding_would_have_been_noticed(
    threshold: float, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(twin.SOFTPLUS_THRESHOLD, dtype, threshold)
    assert units_off(dtype) > 16


def test_gradients_are_computed_where_the_caller_has_switched_them_off() -> None:
    problem = some_problem()
    expected = loss_and_gradients(*problem)
    with torch.no_grad():
        found = loss_and_gradients(*problem)
    assert found[0] == expected[0]
    assert np.array_equal(found[1].W0, expected[1].W0)


def test_the_float64_threshold_would_overflow_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    start = just_above_the_default_threshold("float32")
    b0 = np.full(5, 200, dtype=np.float32)
    problem = start._replace(parameters=start.parameters._replace(b0=b0))
    judge(problem)
    monkeypatch.setitem(twin.SOFTPLUS_THRESHOLD, torch.float32, 700.0)
    with pytest.raises(AssertionError):
        judge(problem)


def some_problem() -> Problem:
    return just_above_the_default_threshold("float32")


@pytest.mark.parametrize("name", ["nonsense", "meta", "cuda:99", ""])
def test_an_unusable_device_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=rf"device is '{name}'.*needs to be one on which PyTorch"):
        _ = loss_and_gradients(*some_problem(), device=name)


def test_a_device_by_name_is_accepted() -> None:
    value, _gradients = loss_and_gradients(*some_problem(), device="cpu:0")
    assert value == loss_and_gradients(*some_problem())[0]


def test_only_a_device_without_float64_can_be_refused_float64(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Apple's mps has float32 alone: the dtype that is asked for is the one that is tried."""
    zeros = torch.zeros

    def without_float64(*_size: int, **options: object) -> torch.Tensor:
        if options.get("dtype") is torch.float64:
            raise TypeError("this device has no float64")
        return zeros(())

    monkeypatch.setattr(torch, "zeros", without_float64)
    value, _gradients = loss_and_gradients(*some_problem())
    assert np.isfinite(value)
    with pytest.raises(ValueError, match=r"device is 'cpu'.*no float64"):
        _ = loss_and_gradients(*just_above_the_default_threshold("float64"))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
@given(problems())
def test_cuda_agrees_with_the_cpu(problem: Problem) -> None:
    value, gradients = loss_and_gradients(*problem, device="cuda")
    assert_match(
        {"loss": np.asarray(value), **gradients._asdict()},
        by_autograd(*problem, exact=True),
        rounding_tolerances(*problem),
        dtype=problem.parameters.W0.dtype,
    )
