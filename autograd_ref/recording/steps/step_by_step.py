"""Every quantity of a derivation, judged on those that it is computed from: the order of events."""

from collections.abc import Callable, Collection, Sequence
from time import process_time

from autograd_ref.recording.following import followed
from autograd_ref.recording.steps.beside import Beside, Given
from autograd_ref.recording.steps.causes import ByHand, Causes, place_of
from autograd_ref.recording.steps.closeness import Judgement, Judgements, closeness, judgements
from autograd_ref.recording.steps.read import by_quantity, choice, read
from autograd_ref.reference.model import Judged, ReturnedBeside
from autograd_ref.reference.protocol import Loss
from autograd_ref.report.data import Cause, Note, Step
from autograd_ref.tree import number_format
from autograd_ref.tree.nest import Path
from autograd_ref.tree.number_format import NumberFormat
from autograd_ref.verdict.of_step import of_step

MADE_UP_FOR = "{:.6g} times the derivative, which what is computed from it makes up for"

LONGEST = 6.0
"""Seconds of CPU time after which no further cause is looked for. Chosen."""


def step_by_step(
    loss: Loss,
    found: ReturnedBeside,
    matching: Collection[Path],
    again: Callable[[], ReturnedBeside | None],
) -> Judged:
    """Return the verdict on each quantity that a function returned.

    Args:
        loss: in PyTorch.
        found: the quantities.
        matching: the parameters whose gradients match.
        again: the same at another point; None where there is none.
    """
    steps = followed(loss, found.point, found.right, apart=False)
    if steps is None:
        return Judged(notes=(NOT_FOLLOWED,))
    number = number_format.coarsest((found.point.parameters, list(found.quantities.values())))
    every = read(steps, found)
    everything = Beside(steps.tape, every.all, found.hand)
    right = closeness(everything.hand(), everything.right, number)
    chosen, ambiguous = choice(every, everything, right)
    notes = (*every.notes, *([ambiguous] if ambiguous else []))
    kept = {id(q) for q in every.chosen(chosen)}
    if not kept:
        return Judged(notes=notes)
    closest = {
        (q.name, q.parameter): parts
        for q, parts in by_quantity(everything.quantities, right)
        if q.parameter is not None or id(q) in kept
    }
    beside = Beside(steps.tape, every.chosen(chosen), found.hand)
    near = [part for q in beside.quantities for part in closest[q.name, q.parameter]]
    if all(part.share <= 1 for part in near):
        all_right = Judgements([Judgement(part, part) for part in near], {}, frozenset())
        return Judged(_steps(beside, all_right, matching, lambda _q, _allowed: None), notes)
    found_so = judgements(beside, near, number)
    causes = Causes(ByHand(loss, found, again, chosen), found_so.scales)
    return Judged(_steps(beside, found_so, matching, _until(causes, number)), notes)


NOT_FOLLOWED = Note(
    "quantities",
    "what the function returned beside the gradients: the loss could not be followed, operation by"
    " operation",
)


def _until(
    causes: Causes, number: NumberFormat
) -> Callable[[Given, Sequence[float]], Cause | None]:
    """The search for causes, as long as there is time."""
    start = process_time()

    def cause(quantity: Given, allowed: Sequence[float]) -> Cause | None:
        if not quantity.is_derivative or process_time() - start > LONGEST:
            return None
        return causes.of(quantity, allowed, number.unit)

    return cause


def _steps(
    beside: Beside,
    judged: Judgements,
    matching: Collection[Path],
    cause: Callable[[Given, Sequence[float]], Cause | None],
) -> tuple[Step, ...]:
    """The steps in their order."""
    left = iter(judged.pairs)
    found: list[Step] = []
    for quantity in beside.quantities:
        parts = [next(left) for _ref in quantity.refs]
        makes_up = quantity.name in judged.made_up_for and quantity.parameter is None
        is_right = makes_up or quantity.parameter in matching
        verdict = of_step((is_right or part.is_right, part.follows) for part in parts)
        wrong = verdict == "mismatch"
        plain = verdict == "match" and not makes_up
        shares = [part.right if plain else part.following for part in parts]
        found.append(
            Step(
                quantity.name,
                verdict,
                str(place_of(quantity, beside.tape)),
                max(min(1.0, s.share) if verdict == "match" else s.share for s in shares),
                cause(quantity, [p.following.allowed for p in parts]) if wrong else None,
                MADE_UP_FOR.format(judged.scales[quantity.name]) if makes_up else quantity.remark,
            )
        )
    return tuple(found)
