"""Right formulas that change, share or hand out memory that is not theirs."""

from collections.abc import Callable

import numpy as np
import torch

from manual_backprop import Parameters
from tests.mistakes import problems
from tests.mistakes.case import Arguments, DType, Function, Mistake, Outcome
from tests.mistakes.steps import A, Steps, correct


def plain() -> Function:
    return correct


def centred_in_place() -> Function:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        X -= X.mean(axis=0)
        return correct(p, X, Y)

    return gradient


def targets_overwritten() -> Function:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        s = Steps(p, X, Y)
        Y[...] = s.e2
        return s.through(e2=Y)

    return gradient


def parameters_updated() -> Function:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = correct(p, X, Y)
        for block, slope in zip(p, found, strict=True):
            block[...] = block - 0.1 * slope
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


def _mistake(wrong: Callable[[], Function], outcome: Outcome) -> Mistake:
    return Mistake(wrong, problems.distinct, outcome, plain)


MEMORY: dict[str, Mistake] = {
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
}
