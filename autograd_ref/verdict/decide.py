"""The decision: from facts to verdicts. Nothing else makes a verdict, and nothing changes one.

The verdict of one quantity of one call is that of the table in `verdict.rows`. Over the calls:

- a mismatch of values is inconclusive, AT_FAULT, where the numerical derivative contradicts the
  reference and not the gradient under test;
- what matches, or is inconclusive, is a mismatch where it is one in the second call or elsewhere;
- what is zero here but for rounding, so that nothing could be seen, is a match where it is one
  elsewhere;
- what has no entries is inconclusive, EMPTY, where no other block has any;
- where nothing differs, a match is inconclusive, CONTRADICTED, if the reference is not the
  derivative of its own loss.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from autograd_ref.tree.nest import Path
from autograd_ref.verdict.facts import Asked, CallFacts, PlaceFacts, TrialFacts
from autograd_ref.verdict.rows import BETWEEN_SLOPES, Ruling, is_empty, is_open, of_quantity

AT_FAULT = "differs from the reference, which the numerical derivative of the loss contradicts"
CONTRADICTED = "agrees with a reference that is not the derivative of its own loss"
EMPTY = "has no entries, and neither has any other block, so that no error could be detected"

DETERMINED = 1e-4
"""The part of its size elsewhere that the tolerance of a gradient may be here, at most, for what it
is elsewhere to say that it is right here. Rounding stays far below that; the tolerance at a kink is
of the size of the gradient. Chosen."""


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
    open: tuple[tuple[str, str], ...] = ()
    """The points that the caller gave and at which something could not be judged, each with why."""


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
            rulings = Rulings(
                rulings.loss, {p: _inconclusive(r, CONTRADICTED) for p, r in rulings.blocks.items()}
            )
    decided = Decision(rulings, first)
    if first.wrong:
        decided = decided._replace(wrong_call=facts.here, wrong_rulings=first)
    for place in facts.elsewhere(_asked(first)):
        decided = _with_place(decided, place)
    return decided


def _asked(first: Rulings) -> Asked:
    """The blocks that are neither wrong here nor differ from a reference that is."""
    left = {
        path: ruling
        for path, ruling in first.blocks.items()
        if ruling.verdict != "mismatch" and ruling.reason != AT_FAULT
    }
    undecided = [ruling for ruling in left.values() if is_open(ruling)]
    zero = any((ruling.facts.comparison.resolution or 0.0) >= 1 for ruling in undecided)
    return Asked(tuple(left), bool(undecided), zero)


def of_call(facts: CallFacts) -> Rulings:
    """The verdicts of one call by itself."""
    rulings = _unless_at_fault(by_table(facts), facts)
    if not all(is_empty(ruling.facts) for ruling in rulings.blocks.values()):
        return rulings
    return Rulings(rulings.loss, {p: _inconclusive(r, EMPTY) for p, r in rulings.blocks.items()})


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


def _with_place(decided: Decision, place: PlaceFacts) -> Decision:
    """The decision so far and what a call elsewhere adds to it."""
    rulings, wrong = decided.rulings, decided.rulings.wrong
    left = [path for path in rulings.blocks if path not in wrong]
    if not left:
        return decided
    undecided = [path for path in left if is_open(rulings.blocks[path])]
    but: Collection[Path | None] = wrong
    if not place.given and place.is_near(left, loss=None not in wrong):
        if not undecided:
            return decided
        but = {None, *rulings.blocks}.difference(undecided)
    there = _unless_at_fault(by_table(place, but=but), place)
    if place.given:
        why = (r.reason for r in there.blocks.values() if r.verdict == "inconclusive")
        reasons = tuple((place.said, reason) for reason in dict.fromkeys(why))
        decided = decided._replace(open=(*decided.open, *reasons))
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


def _inconclusive(ruling: Ruling, reason: str) -> Ruling:
    """The ruling, or this instead of a match."""
    return Ruling("inconclusive", reason, ruling.facts) if ruling.verdict == "match" else ruling


def _is_wrong(ruling: Ruling | None) -> bool:
    return ruling is not None and ruling.verdict == "mismatch"
