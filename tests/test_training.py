"""Whole training runs by hand and by autograd stay as near as rounding allows."""

from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_ref.assignment import training
from autograd_ref.assignment.bounds import rounding_tolerances
from autograd_ref.assignment.training import (
    OPTIMISERS,
    PARTED,
    Data,
    Moment,
    beside,
    penguins,
    side_by_side,
)
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients
from manual_backprop.descent import Iterate, LossAndGradients, steepest_descent
from manual_backprop.penguins import split
from tests.thorough import by_profile, one_in

DTYPES = ["float64", "float32"]
BOTH = pytest.mark.parametrize("optimiser", OPTIMISERS)
FORMATS = pytest.mark.parametrize("dtype", DTYPES)
ITERATIONS = 350


def of_penguins(seed: int, dtype: str, *, standardise: bool = True) -> tuple[Parameters, Data]:
    return penguins(seed, hidden=16, dtype=dtype, standardise=standardise)


def small(seed: int, dtype: str) -> tuple[Parameters, Data]:
    random = np.random.default_rng(seed)
    inputs, hidden, outputs, samples = (int(n) for n in random.integers(2, 7, size=4))
    X = random.normal(size=(2 * samples, inputs)).astype(dtype)
    Y = random.integers(outputs, size=2 * samples)
    p = initialize(NetworkShape(inputs, hidden, outputs), seed, dtype=dtype)
    return p, Data(X[:samples], Y[:samples], X[samples:], Y[samples:])


def moments(
    optimiser: str, problem: tuple[Parameters, Data], count: int, *, step: float = 0.1
) -> list[Moment]:
    found = side_by_side(optimiser, *problem, step=step, seed=0)
    return [moment for moment, _parameters in islice(found, count + 1)]


@FORMATS
def test_the_penguins_are_split_and_standardised_by_the_training_set(dtype: str) -> None:
    train, test = split(3)
    p, raw = penguins(3, hidden=5, dtype=dtype, standardise=False)
    assert np.array_equal(
        p.to_vector(), initialize(NetworkShape(4, 5, 3), 3, dtype=dtype).to_vector()
    )
    for found, needed in zip(raw, (train.X, train.Y, test.X, test.Y), strict=True):
        assert np.array_equal(found, needed.astype(found.dtype))
    assert raw.X.dtype == raw.test_X.dtype == p.W0.dtype == np.dtype(dtype)
    _p, data = penguins(3, hidden=5, dtype=dtype, standardise=True)
    unit = 1000 * np.finfo(dtype).eps
    assert np.abs(data.X.mean(axis=0, dtype=float)).max() < unit
    assert np.abs(data.X.std(axis=0, dtype=float) - 1).max() < unit
    scaled = (test.X - train.X.mean(axis=0)) / train.X.std(axis=0)
    assert np.array_equal(data.test_X, scaled.astype(dtype))


@pytest.mark.untraced
@BOTH
@FORMATS
@settings(max_examples=settings().max_examples // 20)
@given(seed=st.integers(0, 2**32 - 1))
def test_hand_and_autograd_stay_within_rounding(optimiser: str, dtype: str, seed: int) -> None:
    found = moments(optimiser, small(seed, dtype), 60)
    assert all(moment.within for moment in found)


@pytest.mark.long
@pytest.mark.parametrize(("optimiser", "dtype"), one_in(3, product(OPTIMISERS, DTYPES)))
@pytest.mark.parametrize("seed", range(by_profile(dev=1, ci=1, thorough=20)))
def test_whole_runs_on_the_penguins_stay_together(optimiser: str, dtype: str, seed: int) -> None:
    found = moments(optimiser, of_penguins(seed, dtype), ITERATIONS)
    assert not any(moment.parted for moment in found)
    assert all(moment.distance <= moment.by_rounding for moment in found)
    assert found[-1].loss < 0.1 * found[0].loss


@pytest.mark.long
@pytest.mark.parametrize("dtype", one_in(2, DTYPES))
def test_on_raw_data_rounding_alone_leads_elsewhere_and_no_later(dtype: str) -> None:
    found = moments("Nesterov", of_penguins(0, dtype, standardise=False), ITERATIONS, step=0.01)
    apart = [moment.distance > PARTED * moment.largest for moment in found]
    parted = [moment.parted for moment in found]
    assert parted.index(True) <= apart.index(True) < ITERATIONS
    assert all(moment.within for moment in found)


def test_what_rounding_leads_to_never_shrinks_and_parts_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    p, data = small(4, "float64")
    sizes, leads = (1, 1, 1, 1, 100), (1e-5, 0, 9.9e-4, 1.1e-3, 0)
    beyond: dict[Any, tuple[int, ...]] = {
        loss_and_gradients: (0,) * 5,
        training.by_autograd: (0, 0, 0, 0, 5),
    }

    def told(gradients: LossAndGradients, *_rest: object, **_options: object) -> Iterator[Iterate]:
        function: Any = getattr(gradients, "func", gradients)
        for size, more in zip(sizes, beyond.get(function, leads), strict=True):
            yield Iterate(Parameters(*(np.full_like(b, size + more) for b in p)), 1.0, 1.0)

    monkeypatch.setitem(OPTIMISERS, "told", told)
    found = [moment for moment, _p in side_by_side("told", p, data, step=0.1, seed=0)]
    assert [m.by_rounding for m in found] == pytest.approx([1e-5, 1e-5, 9.9e-4, 1.1e-3, 1.1e-3])
    assert [m.parted for m in found] == [False, False, False, True, True]
    assert [m.distance for m in found] == [0, 0, 0, 0, 5]
    assert all(moment.within for moment in found)


@pytest.mark.untraced
@BOTH
def test_both_learn_to_tell_penguins_apart(optimiser: str) -> None:
    accuracies: list[float] = []
    for seed in range(5):
        p, data = of_penguins(seed, "float64")
        descent = OPTIMISERS[optimiser](loss_and_gradients, p, *data[:2], step=0.1)
        (last,) = islice(descent, ITERATIONS, ITERATIONS + 1)
        accuracies.append(training.accuracy(last.parameters, *data[2:]))
    assert np.mean(accuracies) >= 0.96


@pytest.mark.untraced
@BOTH
def test_a_gradient_that_is_wrong_leaves_the_bound(
    optimiser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off(p: Parameters, X: np.ndarray, Y: np.ndarray) -> tuple[float, Parameters]:
        value, found = loss_and_gradients(p, X, Y)
        return value, found._replace(W1=found.W1 * (1 + 1e-9))

    monkeypatch.setattr(training, "by_autograd", off)
    found = moments(optimiser, small(3, "float64"), 30)
    assert not found[-1].within


def test_a_moment_is_that_of_the_run_by_hand() -> None:
    p, data = small(1, "float64")
    run = steepest_descent(loss_and_gradients, p, data.X, data.Y, step=0.1)
    found = side_by_side("steepest descent", p, data, step=0.1, seed=0)
    pairs = zip(islice(run, 5), islice(found, 5), strict=True)
    for number, (iterate, (moment, parameters)) in enumerate(pairs):
        assert moment.iteration == number
        assert (moment.loss, moment.accuracy) == (iterate.loss, iterate.accuracy)
        assert np.array_equal(parameters.to_vector(), iterate.parameters.to_vector())
        assert moment.largest == abs(parameters.to_vector()).max()
        assert moment.test_accuracy == training.accuracy(parameters, data.test_X, data.test_Y)


@FORMATS
def test_a_twin_starts_at_the_next_number_and_is_off_by_its_tolerance(dtype: str) -> None:
    p, data = small(2, dtype)
    near = beside(p, np.random.default_rng(0))
    for one, two in zip(p, near, strict=True):
        assert two.dtype == one.dtype
        assert (two != one).all()
        assert (np.abs(two - one) <= np.spacing(np.abs(one))).all()
    _value, found = training.off_by_rounding(np.random.default_rng(0))(p, data.X, data.Y)
    _value, right = loss_and_gradients(p, data.X, data.Y)
    for name, tolerance in rounding_tolerances(p, data.X, data.Y).items():
        if name in Parameters._fields:
            apart = np.abs(getattr(found, name).astype("f8") - getattr(right, name))
            unit = np.finfo(dtype).eps * np.abs(getattr(right, name))
            assert (np.abs(apart - tolerance) <= unit).all()
