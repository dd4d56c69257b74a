"""Mistakes of memory: right formulas that keep, share, change or draw what they should not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

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


def centred_in_place() -> Function:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        X -= X.mean(axis=0)
        return correct(p, X, Y)

    return gradient


def targets_overwritten() -> Function:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        s = Steps(p, X, Y)
        np.subtract(s.y_hat, Y, out=Y)
        Y /= s.S
        return s.through(e2=Y)

    return gradient


def parameters_updated() -> Function:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = correct(p, X, Y)
        for block, slope in zip(p, found, strict=True):
            block -= 0.1 * slope
        return found

    return gradient


def buffer_reused() -> Function:
    buffers: list[A] = []

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = correct(p, X, Y)
        if not buffers:
            buffers.extend(np.empty_like(block) for block in found)
        for buffer, block in zip(buffers, found, strict=True):
            buffer[...] = block
        return Parameters(*buffers)

    return gradient


def views_of_a_flat_state() -> Function:
    flat: list[A] = []

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = correct(p, X, Y)
        if not flat:
            flat.append(np.concatenate([block.ravel() for block in found]))
        flat[0][:] = np.concatenate([block.ravel() for block in found])
        return sliced(flat[0], found, overlap=0)

    return gradient


def memoized() -> Function:
    known: dict[bytes, Parameters] = {}

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        key = b"".join(block.tobytes() for block in (*p, X, Y))
        return known.setdefault(key, correct(p, X, Y))

    return gradient


def written_into_a_parameter() -> Function:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = correct(p, X, Y)
        p.b0[:] = found.b0
        return found._replace(b0=p.b0)

    return gradient


def sliced(flat: A, like: Parameters, *, overlap: int) -> Parameters:
    """Slices of one array, each beginning so many entries before the end of the last."""
    blocks: list[A] = []
    start = 0
    for block in like:
        blocks.append(flat[start : start + block.size].reshape(block.shape))
        start += block.size - overlap
    return Parameters(*blocks)


def slices_of_one_array(overlap: int) -> Callable[[], Function]:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = correct(p, X, Y)
        flat = np.concatenate([block.ravel() for block in found])
        result = sliced(flat, found, overlap=overlap)
        for mine, block in zip(result, found, strict=True):
            mine[...] = block
        return result

    return lambda: gradient


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
                total += block
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


def half_the_square(seed: int, dtype: DType) -> Arguments:
    """A loss whose gradient is the parameter itself."""
    values = np.random.default_rng(seed).normal(scale=0.5, size=(3, 4)).astype(dtype)
    return Arguments(values, (), lambda p: 0.5 * (p * p).sum())


def tied(seed: int, dtype: DType) -> Arguments:
    """A loss in which two parameters have equal gradients."""
    a, b = np.random.default_rng(seed).normal(scale=0.5, size=(2, 5)).astype(dtype)
    return Arguments({"a": a, "b": b}, (), lambda p: torch.logsumexp(p["a"] + p["b"], 0))


def same_array_twice(*, copied: bool) -> Callable[[], Function]:
    def gradient(p: dict[str, A]) -> dict[str, A]:
        exps = np.exp(p["a"] + p["b"])
        both = exps / exps.sum()
        return {"a": both, "b": both.copy() if copied else both}

    return lambda: gradient


def _mistake(wrong: Callable[[], Function], outcome: Outcome, **other: Any) -> Mistake:
    return Mistake(wrong, problems.distinct, outcome, plain, **other)


VARIES = "changes from call to call"
LATER = Outcome(("mismatch",), reason="agrees here, but at another point it")

STATE: dict[str, Mistake] = {
    "activations of the first call kept": _mistake(first_pass_kept, LATER),
    "activations of the call before used": _mistake(pass_before_used, LATER),
    # TODO-LEAD: both are called a match. The other point has other parameters and other data, and
    # the second call the same of both: a cache looked up by one of the two is never hit wrongly.
    "activations cached by X alone": _mistake(cached_by(lambda p, X: X.tobytes()), LATER),
    "activations cached by the parameters alone": _mistake(
        cached_by(lambda p, X: b"".join(block.tobytes() for block in p)), LATER
    ),
    "activations cached by the shape of X": _mistake(
        cached_by(lambda p, X: str(X.shape).encode()), LATER
    ),
    "X centred in place": _mistake(
        centred_in_place, Outcome(("mismatch",), findings=("changes its arguments",))
    ),
    "targets overwritten": _mistake(
        targets_overwritten, Outcome(("match",), findings=("changes its arguments",))
    ),
    "parameters updated in place": _mistake(
        parameters_updated, Outcome(("match",), findings=("changes its arguments",))
    ),
    "buffer reused by the next call": _mistake(
        buffer_reused, Outcome(("match",), findings=("reuses its result",))
    ),
    "views of internal state": _mistake(
        views_of_a_flat_state, Outcome(("match",), findings=("reuses its result",))
    ),
    "kept result returned again": _mistake(
        memoized, Outcome(("match",), findings=("reuses its result",))
    ),
    "written into a parameter": _mistake(
        written_into_a_parameter,
        Outcome(("match",), findings=("changes its arguments", "returns a view of its arguments")),
    ),
    "the parameter itself returned": Mistake(
        lambda: lambda p: p,
        half_the_square,
        Outcome(("match",), findings=("returns a view of its arguments",)),
        lambda: lambda p: p.copy(),
    ),
    "two gradients share one array": Mistake(
        same_array_twice(copied=False),
        tied,
        Outcome(("match",), findings=("gradients share memory",)),
        same_array_twice(copied=True),
    ),
    "gradients in overlapping slices": Mistake(
        slices_of_one_array(overlap=1),
        problems.distinct,
        Outcome(("mismatch",), findings=("gradients share memory",)),
        slices_of_one_array(overlap=0),
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
