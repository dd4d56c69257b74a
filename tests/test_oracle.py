"""The exact oracle is exact where fewer digits would not be."""

import mpmath
import numpy as np
import pytest

from benchmarks.oracle import errors, exact_results
from manual_backprop import NetworkShape, Parameters, initialize
from manual_backprop.write_up import write_up


def confident(margin: float) -> Parameters:
    return Parameters(np.zeros((1, 1)), np.zeros(1), np.zeros((2, 1)), np.array([margin, 0.0]))


def test_keeps_its_digits_at_a_margin_of_700() -> None:
    found = exact_results(confident(700.0), np.ones((1, 1)), np.array([[1.0, 0.0]]))
    with mpmath.workdps(50):
        expected = 1 / (1 + mpmath.exp(700))
        assert abs(found["e2"][0, 1] / expected - 1) < mpmath.mpf(10) ** -30
        assert abs(found["e2"][0, 0] / expected + 1) < mpmath.mpf(10) ** -30


def test_agrees_with_the_write_up_sample_by_sample() -> None:
    parameters = initialize(NetworkShape(2, 3, 4), seed=5, std=1.0)
    random = np.random.default_rng(6)
    X, Y = random.normal(size=(3, 2)), np.eye(4)[[0, 3, 1]]
    exact = exact_results(parameters, X, Y)
    samples = [write_up(parameters, x, y) for x, y in zip(X, Y, strict=True)]
    for name in Parameters._fields:
        mean = np.mean([getattr(sample.gradients, name) for sample in samples], axis=0)
        assert errors({name: mean}, exact)[name].max() < 1e-15


def test_errors_are_of_the_float_itself() -> None:
    third = np.array([1 / 3])
    with mpmath.workdps(40):
        exact = np.array([mpmath.mpf(1) / 3])
    found = errors({"x": third}, {"x": exact})["x"]
    assert np.allclose(found, 1 / 3 * 2**-54, rtol=1e-12, atol=0)


@pytest.mark.parametrize("b1", [9.6413877e-173, 1e-300, 0.5, 0.0])
def test_with_one_output_the_loss_is_zero_however_small_the_output(b1: float) -> None:
    parameters = Parameters(np.zeros((2, 1)), np.zeros(2), np.zeros((1, 2)), np.array([b1]))
    exact = exact_results(parameters, np.zeros((1, 1)), np.ones((1, 1)))
    assert abs(exact["loss"].item()) < mpmath.mpf(10) ** -330
