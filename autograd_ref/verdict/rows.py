"""The table of verdicts for one quantity of one call: the first row that holds decides.

Every row is a condition, a verdict and a reason.
"""

from collections.abc import Callable
from typing import NamedTuple

from autograd_ref.report.data import Verdict
from autograd_ref.verdict.facts import Comparison, QuantityFacts

BETWEEN_SLOPES = (
    "lies between the one-sided derivatives at a kink, where every subgradient is right"
)
OUTSIDE_SLOPES = (
    "is no mixture of the gradients beside a kink, where every such mixture is right: along some"
    " direction it is steeper than the loss is anywhere nearby (several choices among ties added"
    " up, say, where one or their mean is right)"
)
SYMMETRIC = "agrees in its symmetric part, all that is determined for a symmetric parameter"
ALONG = (
    "is right along the set that its parameter seems to be in ({set}), and differs across it: to"
    " have that decided, give project=, which brings parameters back to the set (of check_backward,"
    " an operation and a reference that do so to their input first, as in lambda L: f(L.tril()))"
)
ACROSS_ITS_SET = "{across}"
NOTHING = "the reference is zero everywhere, so that no error could be detected"
TOO_LITTLE = (
    "its tolerance allows a relative error of {resolution:.1g}, too much for a match to mean"
    " anything: check at another point, with other data, or in a wider number format"
)
AT_A_KINK = (
    "the loss has a kink {kink}: any slope between those of its two sides is right there, too much"
    " for a match to mean anything; check at another point"
)
IN_FLOAT64 = (
    "has a relative error of {max_rel_error:.2g}, which its number format could explain, and has it"
    " in float64 as well"
)

STAYS = (
    "has a relative error of {max_rel_error:.2g} that is the same at points nearby, as that of a"
    " mistake is, or of sums that drift in its number format; it could not be called in float64"
)

SINGLE = 2.0**-13
"""The rounding of float32 in units of that of float16: kernels compute in float32 inside, whatever
they are called in, and an error of so small a part of a narrow tolerance is explained by that."""

GROSS = 10.0
"""An error that many times larger than the reference says that this is zero. Chosen."""

SEVERAL = 2.0**-6
"""An error of more than so much of the coarsest resolution that shows anything is asked about in
float64: two units of roundoff of float16 and bfloat16. A constant that is rounded to these is off
by one at most, and by as much at every point. Chosen."""

SCATTERS = (
    "has a relative error of {max_rel_error:.1g} that differs at random between nearby points: more"
    " than half of its digits are lost (a finite difference, a kink at this point, or read off an"
    " update, which check_step is for?)"
)

SHORT_OF_DIGITS = (
    "has a relative error of {max_rel_error:.1g}, and is right when called in a wider number"
    " format: in {dtype} more than half of its digits are lost (nearly equal numbers subtracted?)"
)


def cannot_be_compared(q: QuantityFacts) -> bool:
    """It is missing, or of another shape or dtype."""
    return bool(q.comparison.form)


def is_empty(q: QuantityFacts) -> bool:
    """It has no entries: its shape and dtype, which are right, are all that there is."""
    return 0 in q.comparison.shape and not q.comparison.form


def is_not_finite(q: QuantityFacts) -> bool:
    """An entry is not finite where the reference is."""
    return bool(q.comparison.not_finite)


def is_off_beyond_a_kink(q: QuantityFacts) -> bool:
    """Entry by entry a kink could explain it, as a whole it cannot."""
    explained = q.between_slopes if q.comparison.beyond else shows_too_little(q)
    return explained and q.outside_slopes


def is_off_at_a_kink(q: QuantityFacts) -> bool:
    """Every entry beyond its tolerance lies between the slopes of a kink."""
    return q.comparison.beyond and q.between_slopes


def is_off_across_its_set(q: QuantityFacts) -> bool:
    """It is off only in a direction that leaves the set which its parameter seems to be in."""
    return q.comparison.beyond and bool(q.across)


def is_off(q: QuantityFacts) -> bool:
    """An entry is beyond every level of tolerance."""
    return q.comparison.beyond


def has_unknown_entries(q: QuantityFacts) -> bool:
    """The reference is not known in some entry; the others are within their tolerance."""
    return bool(q.comparison.unknown)


def scatters(q: QuantityFacts) -> bool:
    """Only noise explains the error, and takes more than half of the digits."""
    return q.scatters


def is_short_of_digits(q: QuantityFacts) -> bool:
    """More than half of the digits are lost, and a wider format shows that it is rounding."""
    return q.scatters and q.right_wider


def is_zero_everywhere(q: QuantityFacts) -> bool:
    """Its terms cancel, here and elsewhere: zero is right, and is what both sides have."""
    return q.zero_everywhere


def shows_nothing(q: QuantityFacts) -> bool:
    """The reference is zero everywhere."""
    return q.comparison.size == 0


def shows_too_little(q: QuantityFacts) -> bool:
    """A gross error would be within the tolerance as well."""
    return (q.comparison.resolution or 0.0) > q.comparison.coarsest


def shows_a_kink(q: QuantityFacts) -> bool:
    """Likewise, and the cause is a kink."""
    return bool(q.comparison.kink) and (shows_nothing(q) or shows_too_little(q))


def is_wrong_in_float64(q: QuantityFacts) -> bool:
    """Its format leaves room for an error, or lost digits explain one; it is there in float64."""
    wide = q.in_float64 if is_undecided(q) or is_large(q.comparison, q.comparison) else None
    if wide is None or not wide.comparison.beyond or is_exempt(wide):
        return False
    # float32 inside, and a reference that is zero but for rounding: nothing is told by float64
    here = q.comparison.max_rel_error or 0.0
    if (q.comparison.share or 1.0) <= SINGLE or here > GROSS:
        return False
    return is_large(wide.comparison, q.comparison) and q.mistaken_in_float64


def stays_nearby(q: QuantityFacts) -> bool:
    """Its format explains an error that does not scatter, and float64 cannot be asked."""
    c = q.comparison
    asked = c.dtype != "float64" and is_large(c, c) and q.in_float64 is None
    return asked and q.stays_nearby


def is_large(found: Comparison, narrow: Comparison) -> bool:
    """The error is larger than a narrow format's rounding of a few intermediate results."""
    return (found.max_rel_error or 0.0) > SEVERAL * narrow.coarsest


def is_right_in_float64(q: QuantityFacts) -> bool:
    """A gross error would be within the tolerance, and there is none; in float64 it is right."""
    wide = q.in_float64 if is_undecided(q) else None
    here = q.comparison.max_rel_error
    if wide is None or here is None or here > q.comparison.coarsest:
        return False
    return of_quantity(wide).verdict == "match" or is_right_to_float32(wide, q.comparison)


def is_right_to_float32(wide: QuantityFacts, narrow: Comparison) -> bool:
    """Float32 explains what a call in float64 is off by, and would not explain a gross error."""
    error, allowed = wide.comparison.max_rel_error, SINGLE * (narrow.resolution or 0.0)
    return error is not None and error <= allowed <= narrow.coarsest


def is_undecided(q: QuantityFacts) -> bool:
    """Its number format alone leaves open whether it is right."""
    return shows_too_little(q) or has_unknown_entries(q)


def is_exempt(q: QuantityFacts) -> bool:
    """True where an error beyond the tolerance accuses nobody."""
    at_kink = q.between_slopes and not q.outside_slopes
    return at_kink or bool(q.across) or q.along_set or q.scatters


def is_within(_q: QuantityFacts) -> bool:
    """Every entry is within its tolerance."""
    return True


class Row(NamedTuple):
    """One line of the table."""

    holds: Callable[[QuantityFacts], bool]
    verdict: Verdict
    reason: str
    """It begins with the quantity; in braces, `across`, or fields of its comparison."""


QUANTITY: tuple[Row, ...] = (
    Row(cannot_be_compared, "mismatch", "{form}"),
    Row(is_empty, "match", ""),
    Row(is_not_finite, "mismatch", "{not_finite}"),
    Row(is_off_beyond_a_kink, "mismatch", OUTSIDE_SLOPES),
    Row(is_off_at_a_kink, "inconclusive", BETWEEN_SLOPES),
    Row(is_off_across_its_set, "inconclusive", ACROSS_ITS_SET),
    Row(is_off, "mismatch", "differs by {share:.3g} times its tolerance"),
    Row(is_wrong_in_float64, "mismatch", IN_FLOAT64),
    Row(has_unknown_entries, "inconclusive", "{unknown}"),
    Row(stays_nearby, "inconclusive", STAYS),
    Row(is_short_of_digits, "inconclusive", SHORT_OF_DIGITS),
    Row(scatters, "inconclusive", SCATTERS),
    Row(is_zero_everywhere, "match", ""),
    Row(shows_a_kink, "inconclusive", AT_A_KINK),
    Row(shows_nothing, "inconclusive", NOTHING),
    Row(is_right_in_float64, "match", ""),
    Row(shows_too_little, "inconclusive", TOO_LITTLE),
    Row(is_within, "match", ""),
)
"""For one quantity of one call; the first row that holds decides."""

OPEN = shows_a_kink, shows_nothing, shows_too_little
"""The rows that leave open what another point may decide."""


class Ruling(NamedTuple):
    """The verdict of one quantity."""

    verdict: Verdict
    reason: str
    facts: QuantityFacts
    """The facts it follows from, of the call that decided."""


def is_open(ruling: Ruling) -> bool:
    """True where nothing differs, and nothing could be seen, so that another point may decide."""
    return ruling.verdict == "inconclusive" and _row(ruling.facts).holds in OPEN


def of_quantity(facts: QuantityFacts) -> Ruling:
    """The verdict of the first row that holds."""
    row = _row(facts)
    across = facts.across if row.reason == ACROSS_ITS_SET else ""
    said = row.reason.format(**facts.comparison._asdict(), across=across)
    return Ruling(row.verdict, said, facts)


def _row(facts: QuantityFacts) -> Row:
    return next(row for row in QUANTITY if row.holds(facts))
