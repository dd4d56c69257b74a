"""The causes of a wrong gradient, and what there is to see of blocks without one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograd_ref.diagnosis.evidence import Evidence
from autograd_ref.diagnosis.predictions import derivations
from autograd_ref.diagnosis.search import Explanation, explanations
from autograd_ref.diagnosis.unexplained import few_digits, pattern
from autograd_ref.diagnosis.wording import Statement
from autograd_ref.report.data import Cause, Note
from autograd_ref.tree.nest import Path, name_of

MOST_CAUSES = 4
"""Causes listed, where several explain the same on this problem."""


class Diagnosis(NamedTuple):
    """The causes of the wrong blocks, and notes about what they leave unexplained."""

    causes: tuple[Cause, ...] = ()
    pattern: tuple[Note, ...] = ()


@np.errstate(all="ignore")
def diagnosed(evidence: Evidence, *, loss_is_right: bool) -> Diagnosis:
    """Return the causes of what is wrong, and notes on the blocks that have none."""
    if not evidence.wrong:
        return Diagnosis(pattern=tuple(few_digits(evidence)))
    known = derivations(evidence)
    found = explanations(evidence, known)
    explained = {key for statements in found for s in statements for key in s.blocks}
    unknown = [key for key in evidence.wrong if key not in explained]
    if not unknown:
        return Diagnosis(_different(evidence, found))
    left = pattern(evidence, unknown, in_pairs=known.in_pairs, loss_is_right=loss_is_right)
    digits = () if explained else tuple(few_digits(evidence))
    return Diagnosis(_different(evidence, found), (*left, *digits))


def _different(evidence: Evidence, found: Sequence[Explanation]) -> tuple[Cause, ...]:
    """Return the first of each kind, no more than a reader can weigh."""
    causes: dict[str, Cause] = {}
    for explanation in found:
        cause = _cause(evidence, explanation)
        causes.setdefault(cause.kind, cause)
    return tuple(causes.values())[:MOST_CAUSES]


def _cause(evidence: Evidence, statements: Sequence[Statement]) -> Cause:
    named = {key for statement in statements for key in statement.blocks}
    blocks = [key for key in evidence.right if key in named]
    said = dict.fromkeys(statement.said for statement in statements)
    return Cause(
        kind=" + ".join(dict.fromkeys(statement.name for statement in statements)),
        blocks=tuple(name_of(key) for key in blocks),
        explanation=f"Your {'. Beside that, your '.join(said)}.",
        fix="; ".join(dict.fromkeys(statement.fix for statement in statements)),
        before=_largest_difference(evidence, blocks),
        residual=max(statement.residual for statement in statements),
    )


def _largest_difference(evidence: Evidence, blocks: Sequence[Path]) -> float | None:
    hand, right = evidence.hand, evidence.right
    comparable = [k for k in blocks if k in hand and hand[k].shape == right[k].shape]
    found = [evidence.relative(key, hand[key], right[key]) for key in comparable]
    return max(found, default=None)
