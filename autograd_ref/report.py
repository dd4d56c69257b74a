"""The answer as data: what was found in each block, and what follows from all of them."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Verdict = Literal["match", "mismatch", "inconclusive"]


class Block(NamedTuple):
    """One quantity, as two sides have it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    verdict: Verdict
    reason: str
    """Why it is no match; empty where it is one."""
    max_abs_error: float | None
    """The largest absolute difference; None where shapes, dtypes or non-finite values forbid it."""
    units: float | None
    """The largest difference in units of rounding, at worst_index."""
    tolerance: float | None
    """The absolute difference that rounding explains at worst_index."""
    worst_index: tuple[int, ...] | None
    hand: float | None
    """The value under test at worst_index."""
    reference: float | None


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Mismatch before inconclusive before match."""
    found = set(verdicts)
    if "mismatch" in found:
        return "mismatch"
    return "inconclusive" if "inconclusive" in found else "match"
