"""From facts and verdicts to the report: the independent check, causes, what is unexplained."""

import warnings
from collections.abc import Collection, Iterable, Iterator
from functools import partial

from autograd_ref.diagnosis.diagnosis import Diagnosis, diagnosed
from autograd_ref.diagnosis.evidence import FLOAT32, gathered
from autograd_ref.diagnosis.relations.seen_along import along_directions
from autograd_ref.diagnosis.unexplained import FEW_DIGITS
from autograd_ref.diagnosis.wider_format import diagnosed_in_float64, right_in_float64
from autograd_ref.independent.kink import AT_A_KINK
from autograd_ref.independent.remainders_along import remainders_along
from autograd_ref.observe.elsewhere import OTHER_PARAMETERS, Elsewhere
from autograd_ref.observe.observation import Observation
from autograd_ref.observe.observed import Observed
from autograd_ref.observe.other_calls import other_calls
from autograd_ref.recording.steps.of_call import steps_of
from autograd_ref.reference.model import Judged
from autograd_ref.report.behaviour import EXPLAINS, FAILS_IN_SOME_CALLS
from autograd_ref.report.data import IndependentCheck, Note, listed
from autograd_ref.report.report import Report
from autograd_ref.report.stepwise import tell_all
from autograd_ref.tree.leaf import as_array, largest
from autograd_ref.tree.nest import Path, leaves, name_of
from autograd_ref.tree.number_format import coarsest
from autograd_ref.user_code import UserCodeRaised, worded
from autograd_ref.verdict.block import block_of
from autograd_ref.verdict.decide import CONTRADICTED, Decision, Rulings
from autograd_ref.verdict.facts import CallFacts
from autograd_ref.verdict.rows import BETWEEN_SLOPES, is_zero_everywhere

SEEN_ONCE = (
    ". So the gradient was seen at one point only, and a formula that is right there alone would"
    f" pass. Where the function may refuse other parameters, allow=({FAILS_IN_SOME_CALLS!r},)"
    " accepts that."
)


def explained(facts: Observed, decision: Decision, *, diagnose: bool = True) -> Report:
    """The report of a check.

    Args:
        facts: what was observed.
        decision: what follows from it.
        diagnose: False where nobody asks which mistake it is.
    """
    reference, point = facts.trial.reference, facts.trial.point
    loss, blocks = decision.rulings.loss, decision.rulings.blocks
    shares = {path: ruling.facts.comparison.shares for path, ruling in blocks.items()}
    matching = {path for path, ruling in blocks.items() if ruling.verdict == "match"}
    judged = steps_of(facts, matching) if diagnose else Judged()
    search = diagnose and not tell_all(judged.steps)
    diagnosis = _if_nothing_stops_it(facts, decision) if search else Diagnosis()
    findings = facts.findings
    return Report(
        blocks=tuple(block_of(name_of(path), ruling) for path, ruling in blocks.items()),
        loss=None if loss is None else block_of("loss", loss),
        reference=reference.about,
        findings=(*findings, *_raised(facts, must_run=True)),
        warnings=(
            *facts.weaknesses({*decision.shown, *_unused(decision)}),
            *(_without_effect(decision) if not reference.zeros else ()),
            *_shown_elsewhere(decision),
            *_lost_digits(decision),
            *_along_set(decision),
            *_elsewhere(facts, decision),
        ),
        not_checked=(*facts.not_checked, *_open(decision), *judged.notes),
        allowed=facts.trial.options.allow,
        witness=_independent_check(facts, decision),
        causes=diagnosis.causes,
        steps=judged.steps,
        pattern=tuple(_not_explained(diagnosis.pattern, findings)),
        shares={name_of(path): share for path, share in shares.items() if share is not None},
        remainders=partial(remainders_along, facts.trial, facts.first),
        measure=None if facts.trial.unasked else reference.model.detectable(point),
    )


def _open(decision: Decision) -> Iterator[Note]:
    """The notes about points that the caller gave, and that could not be judged."""
    for said, why in decision.open:
        yield Note("not judged there", f"the gradient {said}: {why}")


def _not_explained(pattern: Iterable[Note], findings: Collection[Note]) -> Iterator[Note]:
    """The notes about what is wrong, without a guess where what the function does explains it."""
    explained = any(note.kind in EXPLAINS for note in findings)
    return (note for note in pattern if not (explained and note.kind == FEW_DIGITS))


def _if_nothing_stops_it(facts: Observed, decision: Decision) -> Diagnosis:
    """The mistakes; an error of ours in the search for them costs the cause, not the verdict."""
    try:
        return _diagnosis(facts, decision)
    except UserCodeRaised:
        raise
    except Exception as error:
        said = f"The search for the mistake stopped: {type(error).__name__}: {error}."
        warnings.warn(f"{said} Please report it: the verdict stands.", RuntimeWarning, stacklevel=2)
        return Diagnosis(pattern=(Note("search stopped", said),))


def _diagnosis(facts: Observed, decision: Decision) -> Diagnosis:
    """The mistakes that explain the first call that is wrong, and what they leave unexplained."""
    call, rulings = decision.wrong_call, decision.wrong_rulings
    if call is None or rulings is None:
        return Diagnosis()
    assert isinstance(call, Observation), "what is decided about was observed"
    check = _check_of(call, rulings)
    if check is not None and check.side in ("reference", "kink"):
        return Diagnosis()
    if call.trial.exact.unseen:
        return along_directions(call, rulings)
    if isinstance(call, Elsewhere) and call.cause is not None and not decision.first.wrong:
        blocks = [path for path in rulings.blocks if path in rulings.wrong]
        cause = call.cause(blocks)
        if cause is not None:
            here = [decision.first.blocks[path].facts.comparison.max_rel_error for path in blocks]
            return Diagnosis((cause._replace(residual=max(one or 0.0 for one in here)),))
    narrow = coarsest(call.trial.point.parameters).unit > FLOAT32
    wide = diagnosed_in_float64(call, rulings) if narrow else Diagnosis()
    if wide.causes:
        return wide
    trial = facts.trial
    earlier = None if call is facts.here else (trial.point, facts.here.trial.exact)
    wrong = [path for path in rulings.wrong if path is not None]
    there = call.trial
    ordered = [path for path in rulings.blocks if path in wrong]
    hand, at = dict(call.call.answer.gradients), (there.point, there.exact)
    for path, ruling in rulings.blocks.items():
        if path not in wrong and (ruling.facts.comparison.beyond or ruling.facts.along_set):
            hand[path] = there.exact.gradients[path]  # no mistake has to explain what is not wrong
    evidence = gathered(hand, ordered, there.reference, at, earlier, other_calls(there))
    loss_is_right = rulings.loss is not None and rulings.loss.verdict == "match"
    found = diagnosed(evidence, loss_is_right=loss_is_right)
    if found.causes:
        return found
    wide = wide if narrow else diagnosed_in_float64(call, rulings)
    if wide.causes:
        return wide
    cause = right_in_float64(call, rulings)
    if cause is not None:
        return Diagnosis((cause,))
    return wide if narrow and not found.pattern else found


def _independent_check(facts: Observed, decision: Decision) -> IndependentCheck | None:
    """The numerical derivatives that the verdicts rest on."""
    here = _check_of(facts.here, decision.first)
    if decision.first.wrong:
        return here
    if decision.wrong_call is not None and decision.wrong_rulings is not None:
        here = _check_of(decision.wrong_call, decision.wrong_rulings) or here
    reasons = {ruling.reason for ruling in decision.rulings.blocks.values()}
    if here is None and CONTRADICTED in reasons:
        return facts.contradiction
    return here


def _check_of(call: CallFacts, rulings: Rulings) -> IndependentCheck | None:
    """The independent check of one call; a kink where nothing else was to be asked."""
    assert isinstance(call, Observation), "what is decided about was observed"
    loss_is_wrong = None in rulings.wrong
    found = None
    if rulings.accused or loss_is_wrong:
        found = call.independent_check(rulings.accused, loss=loss_is_wrong)
    kinks = any(ruling.reason == BETWEEN_SLOPES for ruling in rulings.blocks.values())
    if found is None and kinks:
        return IndependentCheck("kink", AT_A_KINK, 0.0, 0.0, None, None)
    return found


def _unused(decision: Decision) -> list[Path]:
    """The parameters whose gradients match, and are zero here and elsewhere."""
    blocks = decision.rulings.blocks.items()
    return [p for p, r in blocks if r.verdict == "match" and is_zero_everywhere(r.facts)]


def _without_effect(decision: Decision) -> Iterator[Note]:
    """The note about parameters whose gradients match, and are zero here and elsewhere."""
    names = [name_of(path, root="parameters") for path in _unused(decision)]
    if names:
        has, its = (
            ("has", "its gradient is") if len(names) == 1 else ("have", "their gradients are")
        )
        yield Note(
            "no effect",
            f"{listed(names)} {has} no effect on the loss: {its} zero to within the rounding of"
            " terms that cancel, here and with other parameters, as that of a bias before a batch"
            " norm is.",
        )


def _shown_elsewhere(decision: Decision) -> Iterator[Note]:
    """The note about gradients that are zero here and were judged where they are not."""
    if decision.shown:
        names = [name_of(path) for path in decision.shown]
        places = listed(sorted(set(decision.shown.values())))
        text = (
            f"{listed(names)}: zero here but for rounding, as at a minimum, so that a factor could"
            f" not be seen. The figures are those of a call {places}, where it is not zero."
        )
        yield Note("zero here", text)


def _lost_digits(decision: Decision) -> Iterator[Note]:
    """The notes about quantities of the first call that are right and short of digits."""
    loss, blocks = decision.first.loss, decision.first.blocks
    rulings = [] if loss is None else [("loss", loss)]
    rulings += [(name_of(path), ruling) for path, ruling in blocks.items()]
    for name, ruling in rulings:
        strict = ruling.facts.lost_digits
        if strict is None:
            continue
        right = ruling.verdict == "match"
        said = "is right, but loses digits" if right else "seems to have lost too many digits"
        kink = "" if right else " Or the loss has a kink exactly here."
        at = f"{name}{list(strict.worst_index)}" if strict.worst_index else name
        yield Note(
            "digits lost",
            f"{name} {said}: {at} is {strict.hand:.17g}, exact is {strict.reference:.17g}."
            " Nearly equal numbers are subtracted, as in 1 - 1/(1 + exp(z)), or small ones are"
            f" added to large ones, as in an update: check_step knows its rounding.{kink}",
        )


def _along_set(decision: Decision) -> Iterator[Note]:
    """The note about gradients that are right along the caller's set, and differ across it."""
    blocks = decision.rulings.blocks.items()
    names = [name_of(path) for path, ruling in blocks if ruling.facts.along_set]
    if names:
        text = (
            f"{listed(names)}: judged along the set that project brings parameters back to; across"
            " it, where no parameters are, it differs from the reference."
        )
        yield Note("along its set", text)


def _elsewhere(facts: Observed, decision: Decision) -> Iterator[Note]:
    """The notes about calls at other places that do not count for the verdict."""
    yield from _raised(facts, must_run=False)
    for place, wrong in decision.remarks:
        assert isinstance(place, Elsewhere), "what is decided about was observed"
        if not place.finite:
            yield _overflowed(place)
        elif place.sets:
            yield _off_sets(place, wrong)
        elif not facts.earlier_values:  # which say it better
            yield _rearranged(wrong)


def _off_sets(place: Elsewhere, wrong: Collection[Path | None]) -> Note:
    names = ["loss" if path is None else name_of(path) for path in wrong]
    special = "; ".join(f"{name}: {said}" for name, said in place.sets.items())
    text = (
        f"With other parameters, {listed(names)} {'is' if len(names) == 1 else 'are'} wrong. But"
        f" these have lost what is special here ({special}). If parameters always have it, give"
        " project=, which brings them back to it, or elsewhere=False; if not, the gradient is"
        " wrong."
    )
    return Note("wrong off a set", text)


def _raised(facts: Observed, *, must_run: bool) -> Iterator[Note]:
    """The notes about calls that raised, of those that no function may refuse or of the others."""
    kind = FAILS_IN_SOME_CALLS if must_run else "raises elsewhere"
    for place in facts.raised:
        only_here = facts.seen_once and place.said == OTHER_PARAMETERS
        if (place.must_run or only_here) is must_run:
            said = f"Called {place.said}, it raised {worded(place.error)}"
            yield Note(kind, said + SEEN_ONCE * only_here)


def _overflowed(place: Elsewhere) -> Note:
    parameters = leaves(place.trial.point.parameters).values()
    size = max(largest(as_array(leaf)) for leaf in parameters)
    text = (
        f"Called {place.said}, of which the largest is {size:.3g}, the function returns values that"
        " are not finite, where the reference is: does exp overflow? Here all values are finite."
    )
    return Note("overflows elsewhere", text)


def _rearranged(wrong: Collection[Path | None]) -> Note:
    names = ["loss" if path is None else name_of(path) for path in wrong]
    are = "is" if len(names) == 1 else "are"
    return Note(
        "depends on the order of the data",
        f"With the rows of the data rearranged, {listed(names)} {are} wrong."
        " The function may rely on how the data are made, or keep data of an earlier call.",
    )
