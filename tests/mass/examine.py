"""One check of one problem, and what came of it."""

import time
import traceback
import warnings
import zlib
from dataclasses import dataclass, replace

import numpy as np

from autograd_ref import Report, check_backward, check_gradients
from tests.mass.agreement import distance
from tests.mass.inject import honest, made, random_error, random_kernel_error, wrong, wrong_kernel
from tests.mass.problem import FAMILIES, MATCH, Kernel, Problem

TO_LOOK_AT = ("accused", "inconclusive", "unearned", "passed", "raised")


@dataclass(frozen=True)
class Check:
    """A problem by its family and seed, and how it is checked."""

    family: str
    seed: int
    loss: str
    dtype: str
    injected: bool = False


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check.

    Of a right gradient: match, accused, inconclusive, stated (inconclusive or refused, as was said
    beforehand), unearned (a match where nothing could show). Of a wrong one: found, inconclusive,
    below (it passed, and is smaller than the resolution), passed (beyond the resolution), none
    (nothing to put an error in). Of either: raised.
    """

    check: Check
    result: str
    reason: str = ""
    seconds: float = 0
    resolution: float | None = None
    """The coarsest of the blocks."""
    error: float | None = None
    """The largest relative error put in a block."""
    distance: float | None = None
    """From autograd's gradient in float64, where a right gradient was not accepted."""
    notes: str = ""
    """The kinds of the warnings and findings about a right gradient."""


def reason_of(report: Report) -> str:
    """Why the verdict is no match, as the report has it."""
    blocks = [*report.blocks, *([report.loss] if report.loss else [])]
    open_ones = [
        f"{b.name} {b.verdict}, err/tol {b.share}, error {b.max_rel_error}: {b.reason}"
        for b in blocks
        if b.verdict != "match"
    ]
    return "; ".join([*open_ones, *(f"cause: {cause.kind}" for cause in report.causes[:2])])


def nothing_shows(problem: Problem | Kernel) -> bool:
    """True where a block of the right gradient is exactly zero, and could not show a mistake."""
    if isinstance(problem, Kernel):
        return False
    return any(block.size and not block.any() for block in honest(problem))


def coarsest(report: Report) -> float | None:
    """The largest resolution of a block that has one."""
    known = [b.resolution for b in report.blocks if b.resolution is not None]
    return max(known, default=None)


def right(check: Check, problem: Problem | Kernel) -> Outcome:
    """Check a right gradient."""
    report = report_of(check, problem)
    result = {"match": "match", "mismatch": "accused"}.get(report.verdict, "inconclusive")
    expected = problem.expected
    if result == "inconclusive" and ("inconclusive" in expected or nothing_shows(problem)):
        result = "stated"
    if result == "match" and "match" not in expected:
        result = "unearned"
    reason = "" if result == "match" else reason_of(report)
    known = result in TO_LOOK_AT and isinstance(problem, Problem)
    apart = distance(problem) if known and isinstance(problem, Problem) else None
    notes = ", ".join(sorted({note.kind for note in (*report.findings, *report.warnings)}))
    return Outcome(check, result, reason, resolution=coarsest(report), distance=apart, notes=notes)


def spoilt(check: Check, problem: Problem | Kernel) -> Outcome:
    """Check a gradient with an error in it."""
    rng = np.random.default_rng([check.seed, zlib.crc32(check.family.encode()), 1])
    if isinstance(problem, Kernel):
        error, size = random_kernel_error(rng, problem)
        wrong_one = replace(problem, function=wrong_kernel(problem, error))
        sizes, first = [size], -1
    else:
        drawn = random_error(rng, problem)
        if drawn is None or problem.expected != MATCH:
            return Outcome(check, "none")
        error, sizes, first = drawn, made(problem, drawn), 0
        wrong_one = replace(problem, gradients=wrong(problem, drawn))
    report = report_of(check, wrong_one)
    blocks = report.blocks if first == 0 else report.blocks[-gradients_of(problem) :][:1]
    beyond = [
        size > (np.inf if block.resolution is None else block.resolution)
        for size, block in zip(sizes, blocks, strict=True)
    ]
    passed = "passed" if any(beyond) else "below"
    result = {"match": passed, "mismatch": "found"}.get(report.verdict, "inconclusive")
    reason = f"{error}; {reason_of(report)}" if result != "below" else ""
    if result == "passed":
        stated = [block.resolution for block in blocks]
        reason = f"{error}: errors {sizes}, resolutions {stated}"
    return Outcome(check, result, reason, resolution=coarsest(report), error=max(sizes))


def gradients_of(problem: Problem | Kernel) -> int:
    """How many inputs a kernel is differentiated by."""
    inputs = problem.inputs if isinstance(problem, Kernel) else ()
    return sum(hasattr(x, "is_floating_point") and x.is_floating_point() for x in inputs)


def report_of(check: Check, problem: Problem | Kernel) -> Report:
    """Call the checker."""
    if isinstance(problem, Kernel):
        inputs = problem.inputs
        return check_backward(problem.function, problem.reference, *inputs, seed=check.seed)
    loss = problem.numpy_loss if check.loss == "numpy" else problem.loss
    return check_gradients(
        problem.gradients, problem.parameters, *problem.data, loss=loss, seed=check.seed
    )


def examine(check: Check) -> Outcome:
    """Make the problem, check it, and time that."""
    problem = FAMILIES[check.family].problem(check.seed, check.dtype)
    began = time.perf_counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            outcome = (spoilt if check.injected else right)(check, problem)
        except Exception as error:
            refused = isinstance(error, TypeError | ValueError) and "refused" in problem.expected
            result = "stated" if refused else "raised"
            outcome = Outcome(check, result, traceback.format_exc(limit=-3))
    return replace(outcome, seconds=time.perf_counter() - began)
