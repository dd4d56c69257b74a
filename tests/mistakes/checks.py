"""Mistakes in the check itself: what is asked cannot show, or shows something else."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import log_softmax, softplus

from manual_backprop import Parameters
from tests import planted
from tests.mistakes import problems
from tests.mistakes.case import MISMATCH, Arguments, DType, Function, Mistake, Outcome
from tests.mistakes.numerics import STABLE, with_formulas
from tests.mistakes.regularised import cross_entropy
from tests.mistakes.steps import A, Gradient, Steps, correct

Theta = dict[str, A]


def plain() -> Function:
    return correct


def made(gradient: Callable[..., Any]) -> Function:
    return lambda: gradient


def without_b0(p: Any, X: Tensor, Y: Tensor) -> Tensor:
    """A loss that ignores one of its parameters."""
    return cross_entropy(p._replace(b0=torch.zeros_like(p.b0)), X, Y)


def correct_without_b0(p: Parameters, X: A, Y: A) -> Parameters:
    return correct(p._replace(b0=np.zeros_like(p.b0)), X, Y)._replace(b0=np.zeros_like(p.b0))


def by_the_input(p: Parameters, X: A, Y: A) -> A:
    return Steps(p, X, Y).delta1 @ p.W0


def by_the_input_in_place_of_W0(p: Parameters, X: A, Y: A) -> Parameters:
    return correct(p, X, Y)._replace(W0=by_the_input(p, X, Y))


def zero_parameters(seed: int, dtype: DType) -> Arguments:
    found = problems.distinct(seed, dtype)
    zeros = {name: np.zeros_like(b) for name, b in found.parameters._asdict().items()}
    return problems.changed(found, **zeros)


def all_zero(p: Parameters, *_data: A) -> Parameters:
    return Parameters(*(np.zeros_like(block) for block in p))


def soft_targets(seed: int, dtype: DType) -> Arguments:
    """Labels smoothed, so that rows do not sum to one."""
    found = problems.distinct(seed, dtype)
    return problems.changed(found, Y=found.data[1] * dtype(0.8) + dtype(0.03))


def weighed_by_its_targets(p: Parameters, X: A, Y: A) -> Parameters:
    s = Steps(p, X, Y)
    return s.through(e2=(s.y_hat * Y.sum(axis=1, keepdims=True) - Y) / s.S)


def tiny(by: float) -> Callable[[Any, Tensor, Tensor], Tensor]:
    """A loss whose gradients are far below every customary absolute tolerance."""
    return lambda p, X, Y: by * cross_entropy(p, X, Y)


def scaled(by: float) -> Gradient:
    return lambda p, X, Y: Parameters(*(block * X.dtype.type(by) for block in correct(p, X, Y)))


def many_outputs(seed: int, dtype: DType) -> Arguments:
    """301 outputs, 1213 parameters: a tolerance times their number would forgive anything."""
    return problems.made((2, 3, 301, 4), np.random.default_rng(seed), dtype)


def one_sign_flipped(p: Parameters, X: A, Y: A) -> Parameters:
    found = correct(p, X, Y)
    found.b1[np.abs(found.b1).argmax()] *= -1
    return found


def logarithm_of_negative(seed: int, dtype: DType) -> Arguments:
    """NaN in the reference; the function under test has it too."""
    values = np.random.default_rng(seed).normal(size=5).astype(dtype)
    values[seed % 5] = -abs(values[seed % 5]) - 1
    return Arguments(values, (), lambda p: (p * torch.sqrt(p)).sum())


def slope_of_root(p: A) -> A:
    with np.errstate(invalid="ignore"):
        return (1.5 * np.sqrt(p)).astype(p.dtype)


def mean_of_entries(seed: int, dtype: DType) -> Arguments:
    """A gradient whose entries are all equal, as a wrong shape that broadcasts would be."""
    values = np.random.default_rng(seed).normal(size=(3, 4)).astype(dtype)
    return Arguments(values, (), lambda p: p.mean())


def one_number(p: A) -> A:
    return np.full((), 1 / p.size, p.dtype)


def one_row(p: A) -> A:
    return np.full((1, p.shape[1]), 1 / p.size, p.dtype)


def a_full_array(p: A) -> A:
    return np.full(p.shape, 1 / p.size, p.dtype)


def no_parameters(seed: int, dtype: DType) -> Arguments:
    return Arguments({}, problems.distinct(seed, dtype).data, lambda p, X, Y: X.sum())


def no_samples(seed: int, dtype: DType) -> Arguments:
    found = problems.distinct(seed, dtype)
    return problems.changed(found, X=found.data[0][:0], Y=found.data[1][:0])


class ByTheCodeUnderTest(torch.autograd.Function):
    """A loss whose backward pass is the gradient under test."""

    @staticmethod
    def forward(ctx: Any, W0: Tensor, b0: Tensor, W1: Tensor, b1: Tensor, *data: Tensor) -> Tensor:
        ctx.save_for_backward(W0, b0, W1, b1, *data)
        return cross_entropy(Parameters(*cast("Any", (W0, b0, W1, b1))), *data)

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor) -> Any:
        W0, b0, W1, b1, X, Y = (saved.detach().numpy() for saved in ctx.saved_tensors)
        found = WITHOUT_SLOPE(Parameters(W0, b0, W1, b1), X, Y)
        return (*(incoming[0] * torch.from_numpy(block) for block in found), None, None)


def by_the_code_under_test(p: Any, X: Tensor, Y: Tensor) -> Any:
    return ByTheCodeUnderTest.apply(*p, X, Y)


def logistic_regression(seed: int, dtype: DType) -> Arguments:
    """A loss in NumPy: that of the code under test, whose gradient has no part in the reference."""
    random = np.random.default_rng(seed)
    w, X = random.normal(size=3).astype(dtype), random.normal(size=(8, 3)).astype(dtype)
    y = (random.random(8) < 0.5).astype(dtype)
    return Arguments(w, (X, y), lambda w, X, y: np.mean(np.logaddexp(0, X @ w) - y * (X @ w)))


def logistic_gradient(w: A, X: A, y: A) -> A:
    return X.T @ (1 / (1 + np.exp(-(X @ w))) - y) / len(X)


def detached(p: Any, X: Tensor, Y: Tensor) -> Tensor:
    """A torch loss that loses the way to W0 and b0."""
    a1 = softplus(X @ p.W0.T + p.b0).detach()
    return -(Y * log_softmax(a1 @ p.W1.T + p.b1, dim=1)).sum() / len(X)


WITHOUT_SLOPE = planted.wrong("softplus derivative forgotten")
SATURATED_ABOVE = problems.shifted_bias("b0", {np.float64: 60.0, np.float32: 40.0})
SATURATED = Outcome(("match",), warning="saturated units")
IGNORED = Outcome(("inconclusive",), warning="zero reference", reason="zero everywhere")
"""By a loss that does not depend on it."""
SOFT = problems.with_loss(soft_targets, cross_entropy)
TINY = problems.with_loss(problems.distinct, tiny(1e-12))


def _unseen(gradient: Gradient, problem: problems.Problem, outcome: Outcome) -> Mistake:
    """A mistake that cannot show there: said of right code as well."""
    return Mistake(made(gradient), problem, outcome, plain, outcome)


CHECKS: dict[str, Mistake] = {
    "one sample hides a missing mean": _unseen(
        planted.wrong("1/S missing"),
        problems.one_sample,
        Outcome(("match",), warning="one sample"),
    ),
    "one output hides everything": _unseen(planted.wrong("twice"), problems.one_output, IGNORED),
    "zero parameters hide a forgotten slope, there": Mistake(
        made(WITHOUT_SLOPE),
        zero_parameters,
        Outcome(("mismatch",), warning="zero parameters", reason="with other parameters it"),
        plain,
        Outcome(("match",), warning="zero parameters"),
    ),
    "a square hides no transposition": Mistake(
        made(planted.wrong("W1 transposed on the way back")),
        problems.square,
        Outcome(("mismatch",)),
        plain,
        Outcome(("match",)),
    ),
    "saturated units hide a forgotten slope": Mistake(
        with_formulas(sigma=np.ones_like), SATURATED_ABOVE, SATURATED, STABLE, SATURATED
    ),
    "the loss ignores a parameter": Mistake(
        plain,
        problems.with_loss(problems.distinct, without_b0),
        Outcome(("mismatch",), warning="zero reference"),
        made(correct_without_b0),
        IGNORED,
    ),
    "the loss ignores all parameters": Mistake(
        made(all_zero),
        problems.with_loss(problems.distinct, lambda p, X, Y: (X * X).sum()),
        IGNORED,
    ),
    "a detached reference": Mistake(
        plain,
        problems.with_loss(problems.distinct, detached),
        Outcome(("inconclusive",), warning="zero reference", side="reference"),
        plain,
        problem_of_right=problems.with_loss(problems.distinct, cross_entropy),
    ),
    "the reference computed by the code under test": Mistake(
        made(WITHOUT_SLOPE),
        problems.with_loss(problems.distinct, by_the_code_under_test),
        Outcome(("inconclusive",), reason="not the derivative of its own loss", side="reference"),
        plain,
        problem_of_right=problems.with_loss(problems.distinct, cross_entropy),
    ),
    "held against its own loss, in NumPy": Mistake(
        made(lambda w, X, y: len(X) * logistic_gradient(w, X, y)),
        logistic_regression,
        MISMATCH,
        made(logistic_gradient),
    ),
    "differentiated by the input": Mistake(
        made(by_the_input), problems.distinct, Outcome(("mismatch",), reason="is missing"), plain
    ),
    "one block differentiated by the input": Mistake(
        made(by_the_input_in_place_of_W0),
        problems.distinct,
        Outcome(("mismatch",), reason="has shape"),
        plain,
    ),
    "one block differentiated by the input, where it fits": Mistake(
        made(by_the_input_in_place_of_W0), problems.all_equal, MISMATCH, plain
    ),
    "targets that do not sum to one": Mistake(
        plain,
        soft_targets,
        Outcome((), raises=ValueError),
        made(weighed_by_its_targets),
        problem_of_right=SOFT,
    ),
    "targets that do not sum to one, by their loss": Mistake(
        plain, SOFT, MISMATCH, made(weighed_by_its_targets)
    ),
    "both sides NaN": Mistake(
        made(slope_of_root),
        logarithm_of_negative,
        Outcome(("inconclusive",), reason="reference is"),
    ),
    "one number where it broadcasts": Mistake(
        made(one_number),
        mean_of_entries,
        Outcome(("mismatch",), reason="has shape"),
        made(a_full_array),
    ),
    "one row where it broadcasts": Mistake(
        made(one_row),
        mean_of_entries,
        Outcome(("mismatch",), reason="has shape"),
        made(a_full_array),
    ),
    "zero below an absolute tolerance": Mistake(
        made(all_zero), TINY, MISMATCH, made(scaled(1e-12))
    ),
    "twice below an absolute tolerance": Mistake(
        made(scaled(2e-12)), TINY, MISMATCH, made(scaled(1e-12))
    ),
    "one sign among a thousand": Mistake(made(one_sign_flipped), many_outputs, MISMATCH, plain),
    "no parameters": Mistake(plain, no_parameters, Outcome((), raises=TypeError)),
    "no samples": Mistake(plain, no_samples, Outcome((), raises=ValueError)),
}
