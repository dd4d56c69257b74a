"""The table of verdicts for one step of a derivation."""

from collections.abc import Iterable

from autograd_ref.report.data import StepVerdict


def of_step(parts: Iterable[tuple[bool, bool]]) -> StepVerdict:
    """Return the verdict on a quantity.

    Args:
        parts: for each of its arrays, whether it is right, and whether it follows from what was
            returned before it.

    >>> of_step([(True, True)]), of_step([(True, True), (False, True)]), of_step([(False, False)])
    ('match', 'inherited', 'mismatch')
    """
    found = list(parts)
    if any(not right and not follows for right, follows in found):
        return "mismatch"
    return "match" if all(right for right, _follows in found) else "inherited"
