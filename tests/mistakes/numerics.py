"""Right derivations that a number format breaks: overflow, lost digits, truncation."""

from collections.abc import Callable

import numpy as np

from manual_backprop import Parameters
from tests.mistakes import problems
from tests.mistakes.case import MISMATCH, Arguments, DType, Function, Mistake, Outcome
from tests.mistakes.steps import A, correct

Formula = Callable[[A], A]


def stable_softplus(z: A) -> A:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def stable_sigma(z: A) -> A:
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, t) / (1 + t)


def stable_softmax(z: A) -> A:
    exps = np.exp(z - z.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def plain_softmax(z: A) -> A:
    exps = np.exp(z)
    return exps / exps.sum(axis=1, keepdims=True)


def with_formulas(
    softplus: Formula = stable_softplus,
    sigma: Formula = stable_sigma,
    softmax: Formula = stable_softmax,
    *,
    of_a1: bool = False,
) -> Function:
    """The network with one of its functions written in another way; of_a1: sigma from a1."""

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        with np.errstate(all="ignore"):
            z1 = X @ p.W0.T + p.b0
            a1 = softplus(z1)
            e2 = (softmax(a1 @ p.W1.T + p.b1) - Y) / len(X)
            delta1 = (e2 @ p.W1) * sigma(a1 if of_a1 else z1)
            return Parameters(delta1.T @ X, delta1.sum(axis=0), e2.T @ a1, e2.sum(axis=0))

    return lambda: gradient


def with_loss(log_of_predictions: Callable[[A, A], float]) -> Function:
    """With a loss computed from z2 and Y."""
    stable = STABLE()

    def gradient(p: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
        z2 = stable_softplus(X @ p.W0.T + p.b0) @ p.W1.T + p.b1
        with np.errstate(all="ignore"):
            return log_of_predictions(z2, Y) / len(X), stable(p, X, Y)

    return lambda: gradient


def log_of_softmax(z2: A, Y: A) -> float:
    """ln 0 where the right class is hopeless, and 0 ln 0 where a wrong one is."""
    return -float((Y * np.log(stable_softmax(z2))).sum())


def log_of_the_right_class(z2: A, Y: A) -> float:
    return -float(np.log(stable_softmax(z2)[Y == 1]).sum())


def log_softmax(z2: A, Y: A) -> float:
    shifted = z2 - z2.max(axis=1, keepdims=True)
    return -float((Y * (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))).sum())


def through_the_jacobian() -> Function:
    """e2 by the chain rule, -y/y_hat times the Jacobian: 0/0 where a prediction is zero."""

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        with np.errstate(all="ignore"):
            z1 = X @ p.W0.T + p.b0
            a1 = stable_softplus(z1)
            y_hat = stable_softmax(a1 @ p.W1.T + p.b1)
            by_y_hat = -Y / y_hat / len(X)
            e2 = y_hat * (by_y_hat - (by_y_hat * y_hat).sum(axis=1, keepdims=True))
            delta1 = (e2 @ p.W1) * stable_sigma(z1)
            return Parameters(delta1.T @ X, delta1.sum(axis=0), e2.T @ a1, e2.sum(axis=0))

    return gradient


def integer_parameters(seed: int, dtype: DType) -> Arguments:
    found = problems.distinct(seed, dtype)
    random = np.random.default_rng(seed)
    blocks = {n: random.integers(-2, 3, b.shape) for n, b in found.parameters._asdict().items()}
    return problems.changed(found, **blocks)


def integer_rows(seed: int, dtype: DType) -> Arguments:
    found = problems.distinct(seed, dtype)
    return problems.changed(found, Y=found.data[1].astype(np.int64))


def truncated_to_the_parameters(p: Parameters, X: A, Y: A) -> Parameters:
    """The gradients put into arrays made like the parameters."""
    found = Parameters(*(np.zeros_like(block) for block in p))
    for mine, block in zip(found, STABLE()(p, X, Y), strict=True):
        mine[...] = block
    return found


def truncated_to_the_targets(p: Parameters, X: A, Y: A) -> Parameters:
    """e2 put into an array made like integer targets."""

    def softmax(z: A) -> A:
        e2 = np.zeros_like(Y)
        e2[...] = stable_softmax(z) - Y
        return e2 + Y

    return with_formulas(softmax=softmax)()(p, X, Y)


def integer_targets(p: Parameters, X: A, Y: A) -> Parameters:
    return correct(p, X, Y.astype(X.dtype))


STABLE = with_formulas()
NOT_FINITE = Outcome(("mismatch",), reason="is nan")
DIGITS = Outcome(("match",), warning="digits lost")

CONFIDENT = problems.one_confident_output({np.float64: 900.0, np.float32: 120.0})
FAR_UP = problems.shifted_bias("b0", {np.float64: 900.0, np.float32: 120.0})
SATURATED = problems.shifted_bias("b0", {np.float64: -22.0})
DEEPLY_SATURATED = problems.shifted_bias("b0", {np.float64: -30.0, np.float32: -14.0})


def _digits(gradient: Function) -> Mistake:
    return Mistake(gradient, SATURATED, DIGITS, STABLE, dtypes=(np.float64,))


def _never_accused(gradient: Function) -> Mistake:
    """So few digits are left that a block may show nothing at all."""
    outcome = Outcome(("match", "inconclusive"), warning="digits lost")
    return Mistake(gradient, DEEPLY_SATURATED, outcome, STABLE)


ONE_MINUS_INVERSE = with_formulas(sigma=lambda z: 1 - 1 / (1 + np.exp(z)))
ONE_MINUS_EXP_OF_A1 = with_formulas(sigma=lambda a1: 1 - np.exp(-a1), of_a1=True)
LOG_OF_ONE_PLUS_EXP = with_formulas(softplus=lambda z: np.log(1 + np.exp(z)))

NUMERICS: dict[str, Mistake] = {
    "softmax without subtracting the maximum": Mistake(
        with_formulas(softmax=plain_softmax), CONFIDENT, NOT_FINITE, STABLE
    ),
    "log(1 + exp z) overflows": Mistake(LOG_OF_ONE_PLUS_EXP, FAR_UP, MISMATCH, STABLE),
    "exp z / (1 + exp z) overflows": Mistake(
        with_formulas(sigma=lambda z: np.exp(z) / (1 + np.exp(z))), FAR_UP, NOT_FINITE, STABLE
    ),
    "log 0": Mistake(
        with_loss(log_of_the_right_class),
        CONFIDENT,
        Outcome(("mismatch",), reason="is inf"),
        with_loss(log_softmax),
    ),
    "0 log 0": Mistake(with_loss(log_of_softmax), CONFIDENT, NOT_FINITE, with_loss(log_softmax)),
    "0 / 0 through the Jacobian": Mistake(through_the_jacobian, CONFIDENT, NOT_FINITE, STABLE),
    "integer parameters truncate the gradient": Mistake(
        lambda: truncated_to_the_parameters,
        integer_parameters,
        Outcome(("mismatch",), warning="integer parameters"),
        STABLE,
        accepted=Outcome(("match",), warning="integer parameters"),
    ),
    "integer targets truncate e2": Mistake(
        lambda: truncated_to_the_targets, integer_rows, MISMATCH, lambda: integer_targets
    ),
    "sigma as 1 - 1/(1 + exp z)": _digits(ONE_MINUS_INVERSE),
    "sigma as 1 - exp(-a1)": _digits(ONE_MINUS_EXP_OF_A1),
    "softplus as ln(1 + exp z)": _digits(LOG_OF_ONE_PLUS_EXP),
    "sigma as 1 - 1/(1 + exp z), hardly a digit left": _never_accused(ONE_MINUS_INVERSE),
    "sigma as 1 - exp(-a1), hardly a digit left": _never_accused(ONE_MINUS_EXP_OF_A1),
    "softplus as ln(1 + exp z), hardly a digit left": _never_accused(LOG_OF_ONE_PLUS_EXP),
}
