"""A gradient that is wrong in its number format, and what it is in float64.

Where it is right there, the format is the cause. Where it is as wrong, the mistake is looked for
there: of the digits of a narrow format many mistakes are alike, or none is found in its rounding.
"""

import numpy as np

from autograd_ref.diagnosis.diagnosis import Diagnosis, diagnosed
from autograd_ref.diagnosis.evidence import gathered
from autograd_ref.diagnosis.relations.fitted import NUMBER_FORMAT
from autograd_ref.diagnosis.wording import names_of
from autograd_ref.observe.observation import Observation
from autograd_ref.observe.other_calls import other_calls
from autograd_ref.report.data import Cause
from autograd_ref.tree.nest import Path, name_of
from autograd_ref.tree.number_format import coarsest
from autograd_ref.verdict.decide import Rulings
from autograd_ref.verdict.rows import of_quantity


def right_in_float64(call: Observation, rulings: Rulings) -> Cause | None:
    """The cause, where the same function called in float64 gives all that is wrong here."""
    wrong = [
        path
        for path, ruling in rulings.blocks.items()
        if ruling.verdict == "mismatch" and not ruling.facts.comparison.form
    ]
    parameters = call.trial.point.parameters
    if not wrong or None in rulings.wrong or coarsest(parameters).name == "float64":
        return None
    wide = {path: rulings.blocks[path].facts.in_float64 for path in wrong}
    there = [one for one in wide.values() if one is not None]
    if len(there) < len(wrong) or any(of_quantity(one).verdict != "match" for one in there):
        return None
    residual = max(one.comparison.max_rel_error or 0.0 for one in there)
    return Cause(
        NUMBER_FORMAT,
        tuple(name_of(path) for path in wrong),
        f"Your {names_of(wrong)} {'is' if len(wrong) == 1 else 'are'} right when called in"
        f" float64: the derivation is right, and {coarsest(parameters).name} overflows, underflows"
        " or runs out of digits on the way.",
        _fix(call, wrong),
        None,
        residual,
    )


def diagnosed_in_float64(call: Observation, rulings: Rulings) -> Diagnosis:
    """The mistakes of the same function called in float64, where it is as wrong there."""
    wrong = [path for path in rulings.blocks if path in rulings.wrong]
    wide = call.as_wrong_in_float64(wrong)
    if wide is None or not wrong:
        return Diagnosis()
    there = wide.trial
    hand = {**wide.call.answer.gradients}
    for path in rulings.blocks:
        if path not in wrong:  # no mistake has to explain what is not wrong
            hand[path] = there.exact.gradients[path]
    at = there.point, there.exact
    evidence = gathered(hand, wrong, there.reference, at, None, other_calls(there))
    return diagnosed(evidence, loss_is_right=False)


def _fix(call: Observation, wrong: list[Path]) -> str:
    gradients = call.call.answer.gradients
    if all(np.isfinite(gradients[path]).all() for path in wrong):
        return "look for differences of nearly equal numbers, and for sums of many small ones"
    return (
        "look for exp of large numbers, and for 0/0 of small ones: of a softmax, subtract the"
        " maximum of each row (axis=1, keepdims=True), not that of the whole matrix"
    )
