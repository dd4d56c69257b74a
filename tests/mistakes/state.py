"""Right formulas that keep from call to call, or draw at random, what they should not."""

from collections.abc import Callable

import numpy as np

from manual_backprop import Parameters
from tests.mistakes import problems
from tests.mistakes.case import MISMATCH, Arguments, DType, Function, Mistake, Outcome
from tests.mistakes.steps import A, Steps, correct


def plain() -> Function:
    return correct


def through_old(s: Steps, old: Steps) -> Parameters:
    """Backwards through the activations of another pass."""
    return s.through(e2=(old.y_hat - s.Y) / s.S, slope=old.sigma, a1=old.a1)


def first_pass_kept() -> Function:
    kept: list[Steps] = []

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        kept.append(Steps(p, X, Y))
        return through_old(kept[-1], kept[0])

    return gradient


def pass_before_used() -> Function:
    """Backward before forward."""
    kept: list[Steps] = []

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        kept.append(Steps(p, X, Y))
        return through_old(kept[-1], kept[-2] if len(kept) > 1 else kept[-1])

    return gradient


def cached_by(key: Callable[[Parameters, A], bytes]) -> Callable[[], Function]:
    """Activations looked up by too little."""

    def function() -> Function:
        passes: dict[bytes, Steps] = {}

        def gradient(p: Parameters, X: A, Y: A) -> Parameters:
            s = Steps(p, X, Y)
            return through_old(s, passes.setdefault(key(p, X), s))

        return gradient

    return function


def dropout_left_on(*, anew: bool) -> Callable[[], Function]:
    """anew: with the same mask in every call."""

    def function() -> Function:
        random = np.random.default_rng(0)

        def gradient(p: Parameters, X: A, Y: A) -> Parameters:
            s = Steps(p, X, Y)
            source = np.random.default_rng(0) if anew else random
            mask = 2 * (source.random(s.a1.shape) < 0.5).astype(X.dtype)
            return s.through(a1=s.a1 * mask, slope=s.sigma * mask)

        return gradient

    return function


def noise_added_to_the_inputs() -> Function:
    random = np.random.default_rng(0)
    return lambda p, X, Y: correct(p, X + 0.1 * random.normal(size=X.shape).astype(X.dtype), Y)


def accumulated(*, copied: bool) -> Callable[[], Function]:
    def function() -> Function:
        sums: list[A] = []

        def gradient(p: Parameters, X: A, Y: A) -> Parameters:
            found = correct(p, X, Y)
            if not sums:
                sums.extend(np.zeros_like(block) for block in found)
            for total, block in zip(sums, found, strict=True):
                total[...] = total + block
            return Parameters(*(total.copy() if copied else total for total in sums))

        return gradient

    return function


def looking_ahead_with_momentum() -> Function:
    """Nesterov, evaluated at p instead of q; p and q are the same at first."""
    velocity: list[A] = []

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        if not velocity:
            velocity.extend(np.zeros_like(block) for block in p)
        ahead = Parameters(*(block - 0.9 * v for block, v in zip(p, velocity, strict=True)))
        found = correct(ahead, X, Y)
        velocity[:] = [0.9 * v + 0.1 * g for v, g in zip(velocity, found, strict=True)]
        return found

    return gradient


def at_another_point() -> Function:
    return lambda p, X, Y: correct(Parameters(*(0.9 * block for block in p)), X, Y)


def soft_rows(seed: int, dtype: DType) -> Arguments:
    """Targets of which no two samples have the same."""
    found = problems.distinct(seed, dtype)
    Y = found.data[1]
    share = (np.arange(1, len(Y) + 1, dtype=dtype) / 16)[:, np.newaxis]  # exact in either format
    return problems.changed(found, Y=(1 - share) * Y + share * np.roll(Y, 1, axis=1))


def sum_of_targets(*, kept: bool) -> Callable[[], Function]:
    """The sum of Y over the batch, which the order of the samples does not change."""

    def function() -> Function:
        sums: list[A] = []

        def gradient(p: Parameters, X: A, Y: A) -> Parameters:
            s = Steps(p, X, Y)
            if not (kept and sums):
                sums[:] = [Y.sum(axis=0)]
            return s.through()._replace(b1=(s.y_hat.sum(axis=0) - sums[0]) / s.S)

        return gradient

    return function


def _mistake(wrong: Callable[[], Function], outcome: Outcome) -> Mistake:
    return Mistake(wrong, problems.distinct, outcome, plain)


VARIES = "changes from call to call"
EARLIER = "uses earlier values"
BY_PARAMETERS = Outcome(
    ("mismatch",), (EARLIER,), reason="agrees here, but with other parameters it"
)
BY_DATA = Outcome(("mismatch",), (EARLIER,), reason="agrees here, but with other data it")

STATE: dict[str, Mistake] = {
    "activations of the first call kept": _mistake(first_pass_kept, BY_PARAMETERS),
    "activations of the call before used": _mistake(pass_before_used, BY_PARAMETERS),
    "activations cached by X alone": _mistake(cached_by(lambda p, X: X.tobytes()), BY_PARAMETERS),
    "activations cached by the parameters alone": _mistake(
        cached_by(lambda p, X: b"".join(block.tobytes() for block in p)), BY_DATA
    ),
    "activations cached by the shape of X": _mistake(
        cached_by(lambda p, X: str(X.shape).encode()), BY_PARAMETERS
    ),
    "sum of the targets of the first batch kept": Mistake(
        sum_of_targets(kept=True), soft_rows, BY_DATA, sum_of_targets(kept=False)
    ),
    "dropout left on": _mistake(
        dropout_left_on(anew=False), Outcome(("mismatch",), findings=(VARIES,))
    ),
    "dropout left on, with a seed": _mistake(dropout_left_on(anew=True), MISMATCH),
    "noise added to the inputs": _mistake(
        noise_added_to_the_inputs, Outcome(("mismatch",), findings=(VARIES,))
    ),
    "accumulated over calls": _mistake(
        accumulated(copied=True), Outcome(("mismatch",), findings=("accumulates",))
    ),
    "accumulated in the array returned": _mistake(
        accumulated(copied=False),
        Outcome(("mismatch",), findings=("accumulates", "reuses its result")),
    ),
    "Nesterov's point, one step ahead": _mistake(
        looking_ahead_with_momentum, Outcome(("mismatch",), findings=(VARIES,))
    ),
    "evaluated at another point": _mistake(at_another_point, MISMATCH),
}
