"""A gradient that is wrong in its number format and right in float64: the format is the cause."""

import numpy as np

from autograd_ref.calls.call import called
from autograd_ref.diagnosis.wording import names_of
from autograd_ref.observe.observation import Observation
from autograd_ref.report.data import Cause
from autograd_ref.tree.leaf import as_array, in_float64, is_numeric
from autograd_ref.tree.nest import Path, name_of, rebuilt
from autograd_ref.tree.number_format import coarsest, dtype_name
from autograd_ref.tree.point import Point
from autograd_ref.user_code import Raised, attempt
from autograd_ref.verdict.decide import Rulings, by_table


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
    wide = Point(
        rebuilt(parameters, _widened), tuple(rebuilt(d, _widened) for d in call.trial.point.data)
    )
    found = attempt(lambda: (call.trial.reference.evaluate(wide), called(call.trial.subject, wide)))
    if isinstance(found, Raised):
        return None
    exact, again = found
    trial = call.trial._replace(point=wide, exact=exact)
    there = by_table(Observation(trial, again, repeatable=True))
    if any(there.blocks[path].verdict != "match" for path in wrong):
        return None
    residual = max(there.blocks[path].facts.comparison.max_rel_error or 0.0 for path in wrong)
    return Cause(
        "the number format",
        tuple(name_of(path) for path in wrong),
        f"Your {names_of(wrong)} {'is' if len(wrong) == 1 else 'are'} right when called in"
        f" float64: the derivation is right, and {coarsest(parameters).name} overflows, underflows"
        " or runs out of digits on the way.",
        _fix(call, wrong),
        None,
        residual,
    )


def _fix(call: Observation, wrong: list[Path]) -> str:
    gradients = call.call.answer.gradients
    if all(np.isfinite(gradients[path]).all() for path in wrong):
        return "look for differences of nearly equal numbers, and for sums of many small ones"
    return (
        "look for exp of large numbers, and for 0/0 of small ones: of a softmax, subtract the"
        " maximum of each row (axis=1, keepdims=True), not that of the whole matrix"
    )


def _widened(_path: Path, leaf: object) -> object:
    narrow = is_numeric(leaf) and as_array(leaf).dtype.kind == "f" and not isinstance(leaf, float)
    if not narrow or dtype_name(leaf) == "float64":
        return leaf
    values = as_array(leaf).astype(np.float64)
    return values if isinstance(leaf, np.ndarray) else in_float64(leaf, values)
