"""Steepest descent and Nesterov's accelerated gradient are the assignment's, step by step."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import autograd_ref
from autograd_ref.assignment.problems import Problem, problems
from manual_backprop import NetworkShape, Parameters, initialize, loss, loss_and_gradients
from manual_backprop.descent import Diverged, Iterate, accuracy, nesterov, steepest_descent
from manual_backprop.penguins import split
from manual_backprop.penguins import standardised as standardised_features

Descent = Callable[..., Iterator[Iterate]]
BOTH = pytest.mark.parametrize("descent", [steepest_descent, nesterov])
STEPS = st.sampled_from([0.001, 0.01, 0.1])


def run(descent: Descent, problem: Any, count: int, **options: Any) -> list[Iterate]:
    return list(islice(descent(loss_and_gradients, *problem, **{"step": 0.1, **options}), count))


def recursion(p: Parameters, X: Any, Y: Any, t: float, count: int) -> list[np.ndarray]:
    """p_1, p_2, ... of the sheet, in one vector each, transcribed as it stands there."""
    theta = [np.nan, 0.0]
    points = [p.to_vector(), p.to_vector()]  # p_0 = p_1
    for k in range(1, count):
        theta.append((1 + np.sqrt(1 + 4 * theta[k] ** 2)) / 2)
        q = points[k] + (theta[k] - 1) / theta[k + 1] * (points[k] - points[k - 1])
        slope = loss_and_gradients(Parameters.from_vector(q, p.shape), X, Y)[1].to_vector()
        points.append(q - t * slope)
    return points[1:]


def standardised(seed: int, dtype: str = "float64") -> tuple[Parameters, Any, Any]:
    """Features of size one: with larger ones, rounding would grow from step to step."""
    random = np.random.default_rng(seed)
    inputs, hidden, outputs, samples = (int(n) for n in random.integers(2, 8, size=4))
    p = initialize(NetworkShape(inputs, hidden, outputs), seed, std=0.5, dtype=dtype)
    X = random.normal(size=(samples, inputs)).astype(dtype)
    return p, X, random.integers(outputs, size=samples)


@given(st.integers(0, 2**32 - 1), STEPS)
def test_nesterov_is_the_recursion_of_the_sheet(seed: int, step: float) -> None:
    problem = standardised(seed)
    found = run(nesterov, problem, 11, step=step)
    for one, other in zip(found, recursion(*problem, step, 11), strict=True):
        assert np.abs(one.parameters.to_vector() - other).max() <= 1e-13 * np.abs(other).max()


@pytest.mark.untraced
@given(problems(kinds=("typical",)), STEPS)
def test_the_first_two_steps_of_nesterov_are_plain(problem: Problem, step: float) -> None:
    ahead, plain = (run(d, problem, 3, step=step) for d in (nesterov, steepest_descent))
    for one, two in zip(ahead, plain, strict=True):
        assert one.loss == two.loss
        assert all(np.array_equal(a, b) for a, b in zip(one[0], two[0], strict=True))


def test_and_the_third_is_not() -> None:
    p = initialize(NetworkShape(3, 4, 2), 0, std=0.5)
    X, Y = np.random.default_rng(0).normal(size=(9, 3)), np.arange(9) % 2
    ahead, plain = (run(d, (p, X, Y), 4)[-1].loss for d in (nesterov, steepest_descent))
    assert ahead < plain


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_steepest_descent_is_what_torch_does_without_momentum(dtype: str) -> None:
    training, _test = standardised_features(split(0))
    X = training.X.astype(dtype)
    p = initialize(NetworkShape(4, 16, 3), 0, dtype=dtype)
    tensors = [torch.tensor(block, requires_grad=True) for block in p]
    sgd = torch.optim.SGD(tensors, lr=0.1)
    inputs, labels = torch.tensor(X), torch.tensor(training.Y)
    for iterate in run(steepest_descent, (p, X, training.Y), 51):
        theirs = Parameters(*(tensor.detach().numpy() for tensor in tensors))
        apart = np.abs(iterate.parameters.to_vector() - theirs.to_vector()).max()
        assert apart <= 20 * np.finfo(dtype).eps
        sgd.zero_grad()
        W0, b0, W1, b1 = tensors
        hidden = torch.nn.functional.softplus(inputs @ W0.T + b0)
        _ = torch.nn.functional.cross_entropy(hidden @ W1.T + b1, labels).backward()
        _ = sgd.step()


@pytest.mark.untraced
@BOTH
@given(problems(kinds=("typical",)))
def test_every_iterate_has_its_own_loss_and_accuracy(descent: Descent, problem: Problem) -> None:
    p, X, Y = problem
    for number, iterate in enumerate(run(descent, problem, 4)):
        assert number or all(np.array_equal(a, b) for a, b in zip(iterate[0], p, strict=True))
        assert iterate.loss == loss(iterate.parameters, X, Y)
        assert iterate.accuracy == accuracy(iterate.parameters, X, Y)
        assert {block.dtype for block in iterate.parameters} == {p.W0.dtype}


@BOTH
def test_iterates_are_nobody_elses(descent: Descent) -> None:
    p = initialize(NetworkShape(3, 4, 2), 0)
    X, Y = np.random.default_rng(0).normal(size=(9, 3)), np.arange(9) % 2
    before = p.to_vector()
    untouched = run(descent, (p, X, Y), 5)
    found: list[Iterate] = []
    for iterate in islice(descent(loss_and_gradients, p, X, Y, step=0.1), 5):
        found.append(iterate._replace(parameters=Parameters(*(b.copy() for b in iterate[0]))))
        iterate.parameters.W0[...] = 0
    assert np.array_equal(p.to_vector(), before)
    for one, two in zip(found, untouched, strict=True):
        assert np.array_equal(one[0].to_vector(), two[0].to_vector())


@BOTH
def test_autograd_can_drive_it_too(descent: Descent) -> None:
    p = initialize(NetworkShape(3, 4, 2), 0, std=0.5)
    X, Y = np.random.default_rng(0).normal(size=(9, 3)), np.arange(9) % 2
    ours = run(descent, (p, X, Y), 20)
    theirs = list(islice(descent(autograd_ref.loss_and_gradients, p, X, Y, step=0.1), 20))
    assert theirs[-1].loss == pytest.approx(ours[-1].loss, rel=1e-13)
    assert ours[-1].loss < ours[0].loss


@BOTH
def test_a_step_that_is_too_large_says_when_and_what_to_try(descent: Descent) -> None:
    p = initialize(NetworkShape(4, 16, 3), 0)
    training, _test = split(0)
    message = r" is (not finite|nan|inf): the step, 1e\+200, is too large; try 1e\+199$"
    with pytest.raises(Diverged, match=message) as error:
        _ = run(descent, (p, training.X, training.Y), 100, step=1e200)
    assert error.value.iteration in range(1, 100)
    assert str(error.value).startswith(f"at iteration {error.value.iteration} ")


Ruined = Callable[[float, Parameters], tuple[Any, Any]]
NOTHING_FINITE: dict[str, Ruined] = {
    "the loss is nan": lambda _loss, g: (np.float32(np.nan), g),
    "the loss is inf": lambda _loss, g: (np.inf, g),
    "an entry of the gradient is not finite": lambda loss, g: (loss, g._replace(b1=g.b1 * np.inf)),
}


def counted(problem: Any, ruined: Ruined, call: int) -> Any:
    """By hand, but that call's result is ruined."""
    calls = iter(range(1, 100))

    def gradients(p: Parameters, X: Any, Y: Any) -> tuple[Any, Any]:
        found = loss_and_gradients(p, X, Y)
        return ruined(*found) if next(calls) == call else found

    return gradients, *problem


@pytest.mark.parametrize("what", NOTHING_FINITE)
@pytest.mark.parametrize(
    ("descent", "call", "iteration"),
    # Nesterov's asks at p and at q for every iterate
    [(steepest_descent, 3, 2), (nesterov, 5, 2), (nesterov, 4, 1), (nesterov, 6, 2)],
)
def test_what_is_not_finite_is_said_with_its_iteration(
    what: str, descent: Descent, call: int, iteration: int
) -> None:
    arguments = counted(standardised(0), NOTHING_FINITE[what], call)
    found: list[Iterate] = []
    with pytest.raises(Diverged, match=f"^at iteration {iteration} {what}: the step, 0.1") as error:
        found.extend(descent(*arguments, step=0.1))
    assert error.value.iteration == iteration


@BOTH
def test_before_any_step_no_step_is_blamed(descent: Descent) -> None:
    arguments = counted(standardised(0), NOTHING_FINITE["the loss is inf"], 1)
    with pytest.raises(Diverged, match=r"^at iteration 0 the loss is inf: no step was made yet$"):
        _ = next(descent(*arguments, step=0.1))


@BOTH
def test_a_step_out_of_the_format_diverges(descent: Descent) -> None:
    problem = standardised(0, "float32")
    with pytest.raises(Diverged, match=r"^at iteration 1 a parameter is not finite"):
        _ = run(descent, problem, 5, step=1e39)


@BOTH
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_function_may_write_where_it_likes(descent: Descent, dtype: str) -> None:
    p, X, Y = standardised(0, dtype)
    kept = Parameters(*(np.empty_like(block) for block in p))

    def careless(q: Parameters, X: Any, Y: Any) -> tuple[Any, Parameters]:
        value, found = loss_and_gradients(q, X, Y)
        for old, new, place in zip(kept, found, q, strict=True):
            old[...] = new
            place[...] = 0  # its own arguments
        return np.float64(value), kept  # the same arrays again

    ours = run(descent, (p, X, Y), 6)
    theirs: list[Iterate] = []
    start = Parameters(*(block.copy() for block in p))
    for iterate in islice(descent(careless, start, X, Y, step=0.1), 6):
        theirs.append(iterate)
        _ = careless(initialize(p.shape, 1, dtype=dtype), X, Y)
        start.W0[...] = 7  # is the caller's
    for one, other in zip(ours, theirs, strict=True):
        assert one.loss == other.loss
        assert type(other.loss) is float
        assert np.array_equal(one.parameters.to_vector(), other.parameters.to_vector())


@BOTH
def test_a_function_may_overflow_on_its_way(descent: Descent) -> None:
    def overflowing(p: Parameters, X: Any, Y: Any) -> tuple[float, Parameters]:
        huge = np.full(1, 1e300) * 1e300
        assert np.isnan(huge - huge)
        return loss_and_gradients(p, X, Y)

    p, X, Y = standardised(0)
    assert len(list(islice(descent(overflowing, p, X, Y, step=0.1), 3))) == 3


@BOTH
def test_parameters_stay_in_their_format(descent: Descent) -> None:
    def wider(p: Parameters, X: Any, Y: Any) -> tuple[float, Parameters]:
        value, found = loss_and_gradients(p, X, Y)
        return value, Parameters(*(block.astype("float64") for block in found))

    p, X, Y = standardised(0, "float32")
    for iterate in islice(descent(wider, p, X, Y, step=0.1), 4):
        assert {block.dtype for block in iterate.parameters} == {np.dtype("float32")}


@BOTH
@pytest.mark.parametrize(
    ("ruined", "message"),
    [
        (
            lambda _loss, g: (0.0, g._asdict()),
            "loss_and_gradients are of type dict",
        ),
        (lambda _loss, g: (0.0, g._replace(b0=g.b0[:, None])), "the gradient of b0 has shape ("),
        (lambda _loss, g: (0.0, g._replace(b1=0.0)), "the gradient of b1 has shape (); it needs ("),
    ],
)
def test_gradients_that_do_not_fit_are_refused(
    descent: Descent, ruined: Ruined, message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        _ = next(descent(*counted(standardised(0), ruined, 1), step=0.1))


@BOTH
def test_lists_are_as_good_as_arrays(descent: Descent) -> None:
    p, X, Y = standardised(0)
    lists = Parameters(*(block.tolist() for block in p))
    ours, theirs = run(descent, (p, X, Y), 4), run(descent, (lists, X, Y), 4)
    assert [i.loss for i in ours] == [i.loss for i in theirs]


@BOTH
def test_a_start_that_is_none_is_refused_at_once(descent: Descent) -> None:
    p, X, Y = standardised(0)
    with pytest.raises(ValueError, match="b0 has shape"):
        _ = descent(loss_and_gradients, p._replace(b0=p.b0[:1]), X, Y, step=0.1)
    with pytest.raises(ValueError, match=r"b0\[0\] is nan"):
        _ = descent(loss_and_gradients, p._replace(b0=p.b0 * np.nan), X, Y, step=0.1)


@BOTH
@pytest.mark.parametrize("step", [0, -0.1, np.nan, np.inf])
def test_a_step_that_is_none_is_refused_at_once(descent: Descent, step: float) -> None:
    p = initialize(NetworkShape(4, 16, 3), 0)
    with pytest.raises(
        ValueError, match=re.escape(f"step is {float(step)}; it needs to be greater")
    ):
        _ = descent(loss_and_gradients, p, np.zeros((2, 4)), np.zeros(2, int), step=step)


@BOTH
@pytest.mark.parametrize("step", ["0.1", b"0.1", True, np.True_, None, [0.1, 0.2]])
def test_a_step_that_is_no_number_is_refused_at_once(descent: Descent, step: Any) -> None:
    p = initialize(NetworkShape(4, 16, 3), 0)
    message = re.escape(f"step is {step!r}, of type {type(step).__name__}; it needs to be a number")
    with pytest.raises(TypeError, match=message):
        _ = descent(loss_and_gradients, p, np.zeros((2, 4)), np.zeros(2, int), step=step)


@pytest.mark.parametrize(
    ("Y", "message"),
    [
        ([[1]] * 4, "Y has shape (4, 1)"),
        ([1], "Y has 1 rows and X has 4"),
        ([0, 1, 2, 3], "Y[3] is the label 3; with N_O = 3"),
        (["a"] * 4, "Y holds labels of dtype <U1"),
        (1, "Y has shape ()"),
    ],
)
def test_accuracy_needs_targets(Y: Any, message: str) -> None:
    p = initialize(NetworkShape(2, 3, 3), 0)
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        _ = accuracy(p, np.zeros((4, 2)), Y)


def test_accuracy_is_the_share_that_is_predicted() -> None:
    p = initialize(NetworkShape(2, 3, 3), 0)
    p = p._replace(b1=np.array([0.0, 9.0, 0.0]))
    X, labels = np.zeros((4, 2)), np.array([1, 1, 0, 1])
    assert accuracy(p, X, labels) == accuracy(p, X, np.eye(3)[labels]) == 0.75
