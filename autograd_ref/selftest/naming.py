"""Mistakes in models besides the built-in network: found, and named at their line."""

import inspect
import re
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import numpy as np

from autograd_ref.check import check_gradients
from autograd_ref.report.report import Report
from autograd_ref.selftest.other_models import OtherModel
from autograd_ref.selftest.trials import wrong_blocks


class Naming(NamedTuple):
    """Counts of mistakes in other models, found and named."""

    checks: int
    found: int
    named: int
    """Mistakes of which a cause explains every wrong block and quotes the line."""
    unnamed: tuple[str, ...]
    """The others: the model, the mistake, the seed, and what was said."""


def named_in(model: OtherModel, seed: int) -> Naming:
    """Check every mistake of a model at the point of a seed."""
    parameters, data = model.point(np.random.default_rng(seed))
    found, unnamed = 0, list[str]()
    for title, place in model.mistakes.items():
        gradients = partial(model.gradients, mistake=title)
        report = check_gradients(gradients, parameters, *data, loss=model.loss)
        found += report.verdict == "mismatch"
        if not is_named(model, place, report):
            said = report.causes[0].explanation if report.causes else "unknown cause"
            unnamed.append(f"{model.name}, {title}, seed {seed}: {said}")
    checks = len(model.mistakes)
    return Naming(checks, found, checks - len(unnamed), tuple(unnamed))


def is_named(model: OtherModel, place: str, report: Report) -> bool:
    """Return whether a cause explains every wrong block, and quotes the line with the place."""
    lines, first = inspect.getsourcelines(model.loss)
    at = {str(first + i) for i, line in enumerate(lines) if place in line}
    wrong = set(wrong_blocks(report))
    return any(
        wrong <= set(cause.blocks)
        and (not place or at & set(re.findall(r"\d+", cause.explanation)))
        for cause in report.causes
    )


def all_of(parts: Iterable[Naming]) -> Naming:
    """Return the sum over several models and points."""
    each = list(parts)
    return Naming(
        sum(part.checks for part in each),
        sum(part.found for part in each),
        sum(part.named for part in each),
        tuple(line for part in each for line in part.unnamed),
    )
