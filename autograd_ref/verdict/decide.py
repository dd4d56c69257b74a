"""The decision: from facts to verdicts. Nothing else makes a verdict, and nothing changes one.

Every row of the table is a condition, a verdict and a reason.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from autograd_ref.report.data import Verdict
from autograd_ref.tree.nest import Path
from autograd_ref.verdict.facts import (
    CallFacts,
    Comparison,
    PlaceFacts,
    QuantityFacts,
    TrialFacts,
)

BETWEEN_SLOPES = (
    "lies between the one-sided derivatives at a kink, where every subgradient is right"
)
SYMMETRIC = "agrees in its symmetric part, all that is determined for a symmetric parameter"
ALONG = (
    "is right along the set that its parameter seems to be in ({set}), and differs across it: to"
    " have that decided, give project=, which brings parameters back to the set (of check_backward,"
    " an operation and a reference that do so to their input first, as in lambda L: f(L.tril()))"
)
ACROSS_ITS_SET = "{across}"
AT_FAULT = "differs from the reference, which the numerical derivative of the loss contradicts"
CONTRADICTED = "agrees with a reference that is not the derivative of its own loss"
NOTHING = "the reference is zero everywhere, so that no error could be detected"
TOO_LITTLE = (
    "its tolerance allows a relative error of {resolution:.1g}, too much for a match to mean"
    " anything: check at another point, with other data, or in a wider number format"
)
IN_FLOAT64 = (
    "has a relative error of {max_rel_error:.2g}, which its number format could explain, and has it"
    " in float64 as well"
)

DETERMINED = 1e-4
"""The part of its size elsewhere that the tolerance of a gradient may be here, at most, for what it
is elsewhere to say that it is right here. Rounding stays far below that; the tolerance at a kink is
of the size of the gradient. Chosen."""

SINGLE = 2.0**-13
"""The rounding of float32 in units of that of float16: kernels compute in float32 inside, whatever
they are called in, and an error of so small a part of a narrow tolerance is explained by that."""

GROSS = 10.0
"""An error that many times larger than the reference says that this is zero. Chosen."""

SEVERAL_UNITS = {"float16": 2.0**-7, "bfloat16": 2.0**-4}
"""Sixteen units of roundoff of the formats in 16 bits. Chosen: kernels that round to these inside,
whatever they are called in, are off by several, and by as much in float64."""

ALIKE = 0.1
"""How much two errors may differ, relative to one, to be the same mistake. Chosen."""

SCATTERS = (
    "has a relative error of {max_rel_error:.1g} that differs at random between nearby points: more"
    " than half of its digits are lost (a finite difference, a kink at this point, or read off an"
    " update, which check_step is for?)"
)


def cannot_be_compared(q: QuantityFacts) -> bool:
    """It is missing, or of another shape or dtype."""
    return bool(q.comparison.form)


def is_not_finite(q: QuantityFacts) -> bool:
    """An entry is not finite where the reference is."""
    return bool(q.comparison.not_finite)


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


def is_zero_everywhere(q: QuantityFacts) -> bool:
    """Its terms cancel, here and elsewhere: zero is right, and is what both sides have."""
    return q.zero_everywhere


def shows_nothing(q: QuantityFacts) -> bool:
    """The reference is zero everywhere."""
    return q.comparison.size == 0


def shows_too_little(q: QuantityFacts) -> bool:
    """A gross error would be within the tolerance as well."""
    return (q.comparison.resolution or 0.0) > q.comparison.coarsest


def is_wrong_in_float64(q: QuantityFacts) -> bool:
    """Its format leaves room for an error, or lost digits explain one; it is there in float64."""
    here = q.comparison.max_rel_error
    wide = q.in_float64 if is_undecided(q) or is_worth_asking(q) else None
    if wide is None or not wide.comparison.beyond or is_exempt(wide):
        return False
    # float32 inside, and a reference that is zero but for rounding: nothing is told by float64
    if (q.comparison.share or 1.0) <= SINGLE or (here or 0.0) > GROSS:
        return False
    there = wide.comparison.max_rel_error
    return here is not None and there is not None and abs(here - there) <= ALIKE * there


def is_worth_asking(q: QuantityFacts) -> bool:
    """In 16 bits, the error is larger than the rounding of a few intermediate results."""
    allowed = SEVERAL_UNITS.get(q.comparison.dtype)
    return allowed is not None and (q.comparison.max_rel_error or 0.0) > allowed


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
    return q.between_slopes or bool(q.across) or q.along_set or q.scatters


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
    Row(is_not_finite, "mismatch", "{not_finite}"),
    Row(is_off_at_a_kink, "inconclusive", BETWEEN_SLOPES),
    Row(is_off_across_its_set, "inconclusive", ACROSS_ITS_SET),
    Row(is_off, "mismatch", "differs by {share:.3g} times its tolerance"),
    Row(is_wrong_in_float64, "mismatch", IN_FLOAT64),
    Row(has_unknown_entries, "inconclusive", "{unknown}"),
    Row(scatters, "inconclusive", SCATTERS),
    Row(is_zero_everywhere, "match", ""),
    Row(shows_nothing, "inconclusive", NOTHING),
    Row(is_right_in_float64, "match", ""),
    Row(shows_too_little, "inconclusive", TOO_LITTLE),
    Row(is_within, "match", ""),
)
"""For one quantity of one call; the first row that holds decides. Then, over the calls:

- a mismatch of values is inconclusive, AT_FAULT, where the numerical derivative contradicts the
  reference and not the gradient under test;
- what matches, or is inconclusive, is a mismatch where it is one in the second call or elsewhere;
- what is zero here but for rounding, so that nothing could be seen, is a match where it is one
  elsewhere;
- where nothing differs, a match is inconclusive, CONTRADICTED, if the reference is not the
  derivative of its own loss.
"""

OPEN = shows_nothing, shows_too_little
"""The rows that leave open what another point may decide."""


class Ruling(NamedTuple):
    """The verdict of one quantity."""

    verdict: Verdict
    reason: str
    facts: QuantityFacts
    """The facts it follows from, of the call that decided."""


class Rulings(NamedTuple):
    """The verdicts of one call, or of all calls together."""

    loss: Ruling | None
    blocks: Mapping[Path, Ruling]

    @property
    def wrong(self) -> frozenset[Path | None]:
        """The blocks that are a mismatch, and None for the loss."""
        found: set[Path | None] = {p for p, r in self.blocks.items() if r.verdict == "mismatch"}
        return frozenset(found | {None} if _is_wrong(self.loss) else found)

    @property
    def accused(self) -> tuple[Path, ...]:
        """The blocks beyond their tolerance, but for kinks and symmetric parameters."""
        return tuple(
            path
            for path, ruling in self.blocks.items()
            if ruling.facts.comparison.beyond
            and (ruling.verdict == "mismatch" or ruling.reason == AT_FAULT)
        )


def is_open(ruling: Ruling) -> bool:
    """True where nothing differs, and nothing could be seen, so that another point may decide."""
    return ruling.verdict == "inconclusive" and _row(ruling.facts).holds in OPEN


class Remark(NamedTuple):
    """A mismatch at another point that is a warning and no verdict."""

    place: PlaceFacts
    wrong: frozenset[Path | None]


class Decision(NamedTuple):
    """The verdicts, and the calls that they come from."""

    rulings: Rulings
    """Over all calls."""
    first: Rulings
    """The rulings of the first call alone."""
    wrong_call: CallFacts | None = None
    """The first call, here or elsewhere, with a mismatch that counts; None without one."""
    wrong_rulings: Rulings | None = None
    """The rulings of that call."""
    remarks: tuple[Remark, ...] = ()
    shown: Mapping[Path, str] = {}
    """How the call was made that decided what is zero here, by its path."""


def decide(facts: TrialFacts) -> Decision:
    """The verdicts of a check, over all its calls."""
    first = rulings = of_call(facts.here)
    if not first.wrong:
        if facts.second is not None:
            again = of_call(facts.second)
            rulings = _worse(rulings, again, "agrees at first, but the second call {}")
            if rulings.loss is None:  # it may return one from the second call on
                rulings = rulings._replace(loss=again.loss)
        if _agrees(rulings) and facts.contradicted:
            rulings = Rulings(rulings.loss, {p: _doubted(r) for p, r in rulings.blocks.items()})
    decided = Decision(rulings, first)
    if first.wrong:
        decided = decided._replace(wrong_call=facts.here, wrong_rulings=first)
    for place in facts.elsewhere:
        decided = _with_place(decided, place)
    return decided


def of_call(facts: CallFacts) -> Rulings:
    """The verdicts of one call by itself."""
    return _unless_at_fault(by_table(facts), facts)


def by_table(facts: CallFacts, *, but: Collection[Path | None] = ()) -> Rulings:
    """The verdicts of one call by the table alone, without the independent check.

    Args:
        facts: the call.
        but: what is not to be asked about, because it is wrong already; None is the loss.
    """
    loss = None if facts.loss is None or None in but else of_quantity(facts.loss)
    return Rulings(loss, {p: of_quantity(q) for p, q in facts.blocks.items() if p not in but})


def _unless_at_fault(rulings: Rulings, facts: CallFacts) -> Rulings:
    """The rulings, with AT_FAULT where the independent check contradicts the reference."""
    accused, loss = rulings.accused, rulings.loss
    if not (accused or _is_wrong(loss)):
        return rulings
    if facts.contradicted_side(accused, loss=_is_wrong(loss)) != "reference":
        return rulings
    # what is true of their sum need not be true of each
    at_fault = [p for p in accused if facts.contradicted_side((p,), loss=False) == "reference"]
    blocks = {
        path: Ruling("inconclusive", AT_FAULT, ruling.facts) if path in at_fault else ruling
        for path, ruling in rulings.blocks.items()
    }
    return Rulings(loss, blocks)


def of_quantity(facts: QuantityFacts) -> Ruling:
    """The verdict of the first row that holds."""
    row = _row(facts)
    across = facts.across if row.reason == ACROSS_ITS_SET else ""
    said = row.reason.format(**facts.comparison._asdict(), across=across)
    return Ruling(row.verdict, said, facts)


def _row(facts: QuantityFacts) -> Row:
    return next(row for row in QUANTITY if row.holds(facts))


def _with_place(decided: Decision, place: PlaceFacts) -> Decision:
    """The decision so far and what a call elsewhere adds to it."""
    rulings, wrong = decided.rulings, decided.rulings.wrong
    left = [path for path in rulings.blocks if path not in wrong]
    if not left:
        return decided
    undecided = [path for path in left if is_open(rulings.blocks[path])]
    but: Collection[Path | None] = wrong
    if place.is_near(left, loss=None not in wrong):
        if not undecided:
            return decided
        but = {None, *rulings.blocks}.difference(undecided)
    there = _unless_at_fault(by_table(place, but=but), place)
    if not there.wrong:
        return _shown(decided, place, {p: there.blocks[p] for p in undecided})
    if not (place.finite and place.binding):
        return decided._replace(remarks=(*decided.remarks, Remark(place, there.wrong)))
    worse = _worse(rulings, there, f"agrees here, but {place.said} it {{}}")
    decided = decided._replace(rulings=worse)
    if decided.wrong_call is not None:
        return decided
    return decided._replace(wrong_call=place, wrong_rulings=there)


def _shown(decided: Decision, place: PlaceFacts, there: Mapping[Path, Ruling]) -> Decision:
    """The decision, with a match of what is zero here and is right where it is not."""
    right = {
        path: ruling
        for path, ruling in there.items()
        if ruling.verdict == "match" and _determines(ruling, decided.rulings.blocks[path])
    }
    if not right or place.contradicted:
        return decided
    rulings = decided.rulings._replace(blocks={**decided.rulings.blocks, **right})
    shown = {**decided.shown, **dict.fromkeys(right, place.said)}
    return decided._replace(rulings=rulings, shown=shown)


def _determines(there: Ruling, here: Ruling) -> bool:
    """True where the tolerance here is small beside the gradient there."""
    size, allowed = there.facts.comparison.size, here.facts.comparison.allowed
    return size is not None and allowed is not None and allowed <= DETERMINED * size


def _worse(before: Rulings, later: Rulings, reason: str) -> Rulings:
    """The rulings before, and a mismatch where one of another call is.

    Args:
        before: of the calls so far.
        later: of another call.
        reason: begins for the quantity, with {} for what is wrong in the other call.
    """

    def worse(one: Ruling, two: Ruling) -> Ruling:
        # a reference that is at fault here is none elsewhere
        if two.verdict != "mismatch" or one.verdict == "mismatch" or one.reason == AT_FAULT:
            return one
        return two._replace(reason=reason.format(two.reason))

    loss = worse(before.loss, later.loss) if before.loss and later.loss else before.loss
    blocks = {p: worse(r, later.blocks.get(p, r)) for p, r in before.blocks.items()}
    return Rulings(loss, blocks)


def _agrees(rulings: Rulings) -> bool:
    """True where something matches, and nothing differs, for whatever reason."""
    reasons = {ruling.reason for ruling in rulings.blocks.values()}
    some = any(ruling.verdict == "match" for ruling in rulings.blocks.values())
    return some and not rulings.wrong and reasons.isdisjoint({BETWEEN_SLOPES, AT_FAULT})


def _doubted(ruling: Ruling) -> Ruling:
    if ruling.verdict != "match":
        return ruling
    return Ruling("inconclusive", CONTRADICTED, ruling.facts)


def _is_wrong(ruling: Ruling | None) -> bool:
    return ruling is not None and ruling.verdict == "mismatch"
