"""The batch is held to the specification: the write-up, one sample at a time."""

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from autograd_ref.assignment.bounds import rounding_bounds
from autograd_ref.assignment.problems import Problem, problems
from autograd_ref.rounding.arithmetic import Forms
from manual_backprop import forward, initialize, loss_and_gradients
from manual_backprop.network import backward
from manual_backprop.parameters import NetworkShape
from manual_backprop.validation import checked_batch
from manual_backprop.write_up import WriteUp, write_up
from tests.agreement import assert_match, doubled

pytestmark = pytest.mark.usefixtures("each_backend")


def as_it_can_be_printed(problem: Problem) -> Problem:
    """Each layer scaled down as far as exp(z) needs to stay finite and y_hat away from zero."""
    parameters, X, Y = problem
    largest = parameters.W0.dtype.type(np.log(np.finfo(X.dtype).max) / 2 - 2)
    one = largest / largest
    factor = min(one, largest / max(one, abs(forward(parameters, X).z1).max()))
    first = parameters._replace(W0=factor * parameters.W0, b0=factor * parameters.b0)
    factor = min(one, largest / max(one, abs(forward(first, X).z2).max()))
    return Problem(first._replace(W1=factor * first.W1, b1=factor * first.b1), X, Y)


@pytest.mark.untraced
@given(problems().map(as_it_can_be_printed))
def test_the_batch_is_the_mean_of_the_write_ups_samples(problem: Problem) -> None:
    parameters, X, _Y = problem
    rows = checked_batch(*problem).Y
    # BLAS computes on what lies beside a short vector too, and NumPy warns of that: once in a
    # thousand runs, "invalid value encountered in matmul" of finite numbers
    with np.errstate(invalid="ignore"):
        samples = [write_up(parameters, x, y) for x, y in zip(X, rows, strict=True)]

    def mean(name: str) -> NDArray[np.float64]:
        blocks = [getattr(sample.gradients, name) for sample in samples]
        return np.asarray(np.mean(blocks, axis=0, dtype=np.float64))

    value, gradients = loss_and_gradients(*problem)
    printed = {
        "loss": np.asarray(np.mean([sample.l for sample in samples], dtype=np.float64)),
        "y_hat": np.stack([sample.y_hat for sample in samples]),
        "e2": np.stack([sample.e2 for sample in samples]) / len(X),
        **{name: mean(name) for name in gradients._fields},
    }
    found = {
        "loss": np.asarray(value),
        "y_hat": forward(parameters, X).y_hat,
        "e2": backward(*problem).e2,
        **gradients._asdict(),
    }
    tolerance = doubled(rounding_bounds(*problem, forms=Forms.TEXTBOOK))
    assert_match(found, printed, tolerance, dtype=parameters.W0.dtype)


def test_every_symbol_of_the_write_up_is_what_the_batch_has() -> None:
    parameters = initialize(NetworkShape(inputs=4, hidden=5, outputs=3), seed=1, std=1.0)
    X, Y = np.array([[1.0, -2.0, 0.5, 3.0]]), np.array([[0.0, 1.0, 0.0]])
    found, activations = one_sample(), forward(parameters, X)
    for name in ("z1", "a1", "z2", "y_hat"):
        batch = getattr(activations, name)[0]
        assert np.allclose(getattr(found, name), batch, rtol=1e-13, atol=0), name
    _e2, delta1, _gradients = backward(parameters, X, Y)
    assert np.allclose(found.e1.T @ found.e2, delta1[0], rtol=1e-13, atol=0)


def one_sample() -> WriteUp:
    parameters = initialize(NetworkShape(inputs=4, hidden=5, outputs=3), seed=1, std=1.0)
    return write_up(parameters, np.array([1.0, -2.0, 0.5, 3.0]), np.array([0.0, 1.0, 0.0]))


def test_e1_is_the_jacobian_of_z2_by_z1() -> None:
    parameters = initialize(NetworkShape(inputs=4, hidden=5, outputs=3), seed=1, std=1.0)
    found, h = one_sample(), 1e-6
    assert found.e1.shape == (3, 5)
    for i, step in enumerate(h * np.eye(5)):
        above, below = (np.logaddexp(found.z1 + s, 0) @ parameters.W1.T for s in (step, -step))
        assert np.allclose(found.e1[:, i], (above - below) / (2 * h), atol=1e-8)


def test_the_write_ups_e2_is_not_divided_by_the_batch() -> None:
    found = one_sample()
    assert np.allclose(found.e2, found.y_hat - np.array([0.0, 1.0, 0.0]))
    assert found.gradients.shape == NetworkShape(4, 5, 3)
