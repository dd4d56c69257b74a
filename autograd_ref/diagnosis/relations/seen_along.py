"""Relations that show along a few random directions, where not every entry of a gradient is known.

A factor, a step, weight decay: what is linear in the gradient is the same of its components.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from autograd_ref.diagnosis.diagnosis import Diagnosis
from autograd_ref.diagnosis.relations.fitted import A_CONSTANT_FACTOR, WEIGHT_DECAY
from autograd_ref.diagnosis.relations.relation import Around, Array, Claim, Relation
from autograd_ref.diagnosis.relations.scales import SCALES
from autograd_ref.diagnosis.relations.updates import LINEAR, fits_by_itself
from autograd_ref.diagnosis.unexplained import not_named
from autograd_ref.diagnosis.wording import of_relation
from autograd_ref.observe.observation import Observation
from autograd_ref.reference.differences.stencil import slope_within
from autograd_ref.reference.directional import along, in_proportion
from autograd_ref.reference.protocol import Reference
from autograd_ref.report.data import Cause, Note
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves, name_of
from autograd_ref.tree.point import Point, sample_count
from autograd_ref.user_code import Raised, attempt
from autograd_ref.verdict.decide import Rulings

DIRECTIONS = 4
"""Components that are compared: one more than a number needs to be fitted. Chosen."""

STEP, DIGITS = 0.1, 1e-9
"""The largest step, relative to every entry, and the accuracy that is asked for, relative to the
terms of a component. Chosen."""


class SeenAlong(NamedTuple):
    """A relation that all blocks show."""

    relation: Relation
    detail: str
    residual: float
    """The largest difference that is left, relative to the largest component."""


def seen_along(
    hand: Mapping[Path, Array], reference: Reference, point: Point, seed: int
) -> SeenAlong | None:
    """Return the first relation of which the same is said of all these blocks.

    Args:
        hand: blocks of the gradient under test that are wrong.
        reference: what they were compared with.
        point: where.
        seed: for the directions.
    """
    random = np.random.default_rng(seed)
    sides = [_components(path, block, reference, point, random) for path, block in hand.items()]
    for relation in (*SCALES, *LINEAR, A_CONSTANT_FACTOR, WEIGHT_DECAY):
        claims = [fits_by_itself(relation, mine, around) for mine, around in sides]
        found = [claim for claim in claims if claim is not None]
        if found and len(found) == len(sides) and len({claim.detail for claim in found}) == 1:
            return SeenAlong(relation, found[0].detail, max(map(_left, found)))
    return None


def _components(
    path: Path, block: Array, reference: Reference, point: Point, random: np.random.Generator
) -> tuple[Array, Around]:
    """Return the components of both sides and of the parameter along random directions."""
    leaf = leaves(point.parameters)[path]
    parameter: Array = as_array(leaf).astype(np.float64)
    found: list[tuple[float, float, float, float]] = []
    for _direction in range(DIRECTIONS):
        by = in_proportion(leaf, random.uniform(-1.0, 1.0, parameter.shape))
        terms = float(np.abs(block * by).sum())
        line = along(reference.value, point, {path: by})
        slope = slope_within(line, STEP, enough=DIGITS * terms)
        mine, own = float((block * by).sum()), float((parameter * by).sum())
        found.append((mine, slope.value, own, slope.accuracy))
    hand, right, own, accuracy = np.array(found).T
    unit = number_format.coarsest(point.parameters).unit
    room = float(accuracy.max()) + block.size**0.5 * unit * float(np.abs(hand).max())

    def close(one: Array, two: Array, coarser: float = 1.0) -> bool:
        return bool(np.abs(one - two).max() <= coarser * room)

    around = Around(right, own, {}, sample_count(point), {}, lambda: None, close, unit)
    return hand, around


def _left(claim: Claim) -> float:
    size = float(np.abs(claim.right).max()) or 1.0
    return float(np.abs(claim.mine - claim.right).max()) / size


def along_directions(call: Observation, rulings: Rulings) -> Diagnosis:
    """The cause that a few directions show, where it is not known which entries are wrong."""
    trial, answer = call.trial, call.call.answer
    wrong = {
        path: answer.gradients[path].astype("f8")
        for path, ruling in rulings.blocks.items()
        if ruling.verdict == "mismatch" and ruling.facts.comparison.beyond
    }
    if not wrong:
        return Diagnosis()
    seed = trial.options.seed
    found = attempt(lambda: seen_along(wrong, trial.reference, trial.point, seed))
    if found is not None and not isinstance(found, Raised):
        said = of_relation(found.relation, (*wrong,), found.detail, {}, found.residual)
        names = tuple(name_of(path) for path in wrong)
        text = f"Your {said.said}."
        return Diagnosis((Cause(said.name, names, text, said.fix, None, said.residual),))
    text = (
        "No mistake was looked for that shows entry by entry, as random directions took their"
        " place: thorough=True takes every entry, and looks for the cause."
    )
    of_steps = not_named(trial.reference.model, trial.point, wrong)
    return Diagnosis(pattern=(Note("no cause looked for", text), *of_steps))
