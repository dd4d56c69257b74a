"""Which mistake was made, where a gradient is wrong.

A cause is claimed only where the gradient under test is, to rounding, what the mistake makes of the
right one. The simplest is looked for first: one mistake; one for each block; one after another.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, combinations, permutations
from typing import NamedTuple

from autograd_ref.diagnosis.evidence import Evidence, Predicted
from autograd_ref.diagnosis.pairs import pairs_of_relations
from autograd_ref.diagnosis.predictions import (
    Derivations,
    Tried,
    composed,
    confirmed,
    predicted,
    without_samples,
)
from autograd_ref.diagnosis.relations.fitted import A_CONSTANT_FACTOR, BESIDE_A_FACTOR, FITTED
from autograd_ref.diagnosis.relations.known import all_relations, named_relations
from autograd_ref.diagnosis.relations.relation import Claim, Relation, fits
from autograd_ref.diagnosis.relations.scales import SCALES
from autograd_ref.diagnosis.relations.updates import (
    A_TYPED_FACTOR,
    NEGATIVE,
    TYPICAL,
    UPDATES,
    fits_by_itself,
)
from autograd_ref.diagnosis.wording import Statement, of_relation
from autograd_ref.reference.model import Hypothesis, WrongGradient
from autograd_ref.tree.nest import Path

ONE_NUMBER = (*FITTED, *UPDATES, A_TYPED_FACTOR, *BESIDE_A_FACTOR, *TYPICAL)
"""Relations that are claimed only where the same is said of all blocks."""

NUMBERS = frozenset(relation.name for relation in SCALES)
"""Relations by a number that may stand in the loss."""

NO_PLACE = frozenset(
    (
        *("a constant factor", "weight decay", "in other places"),
        *("one entry", "one row", "one column", "one block", "entries", "rows", "columns"),
        *("rows and columns", "diagonal", "off the diagonal", "off the diagonal blocks"),
    )
)
"""Relations that say how an array differs, and nothing of where it went wrong."""

Explanation = list[Statement]
"""Mistakes that explain, together, the blocks that they name."""


class Unit(NamedTuple):
    """One mistake, and the wrong blocks that it explains, where it harms no other."""

    statement: Statement
    blocks: frozenset[Path]


def explanations(evidence: Evidence, derivations: Derivations) -> list[Explanation]:
    """Return what explains wrong blocks: the results of the first search that finds any."""
    right, question = Predicted((), evidence.right), evidence.asked(evidence.wrong)
    names = tuple(evidence.counts)
    named, relations = named_relations(names), all_relations(names)
    tried, everything = derivations.tried, (*relations, *UPDATES)
    searches: tuple[Callable[[], list[Explanation]], ...] = (
        lambda: _in_a_line(evidence, question, _one_mistake(evidence, right, named, tried)),
        lambda: _slips(evidence, question, 1),
        lambda: _one_for_each(evidence, _units(evidence, right, named, tried)),
        lambda: _one_after_another(evidence, named, tried),
        lambda: _one_inside_another(evidence, tried) if derivations.in_pairs else [],
        lambda: pairs_of_relations(evidence, right),
        lambda: _slips(evidence, question, 2),
        lambda: _one_for_each(evidence, _units(evidence, right, everything, tried)),
        lambda: _for_some(_units(evidence, right, everything, tried)),
    )
    return next((found for search in searches if (found := search())), list[Explanation]())


def _in_a_line(
    evidence: Evidence, question: WrongGradient | None, found: list[Explanation]
) -> list[Explanation]:
    """Return what was found with the line of the loss where it went wrong, where that is known.

    Where an array is off in a way that says nothing, wrong steps that explain it stand for it.
    """
    names = {name for statements in found for name in _names(statements)}
    if found and names <= NO_PLACE:
        return _slips(evidence, question, 1) or found
    if question is None or not found or not names <= NUMBERS:
        return found
    places = [one for one in evidence.model.slips(question, 1) if one.at_home]
    return [[_at(places[0], found[0][0])]] if len(places) == len(found[0]) == 1 else found


def _at(place: Hypothesis, statement: Statement) -> Statement:
    """Return that blocks are off by a number, with the place where that number stands."""
    return statement._replace(said=f"{statement.said}; {place.what}", fix=place.fix)


def _one_mistake(
    evidence: Evidence, right: Predicted, named: Sequence[Relation], tried: Sequence[Tried]
) -> list[Explanation]:
    explaining = [
        (hypothesis, confirmed(evidence, prediction))
        for hypothesis, prediction in tried
        if not evidence.unexplained(prediction)
    ]
    found = _by_a_relation(evidence, right, named)
    found += [statements for hypothesis, statements in explaining if not hypothesis.fitted]
    if found:
        return found
    by = partial(_by_a_relation, evidence, right)
    is_factor = bool(by((A_CONSTANT_FACTOR,)))
    found = _beside_a_factor(by) if is_factor else by(UPDATES)
    if found:
        return found
    fitted = [statements for _hypothesis, statements in explaining]
    plain = by(BESIDE_A_FACTOR if is_factor else FITTED)
    return plain or fitted if all(_names(one) <= NO_PLACE for one in fitted) else [*plain, *fitted]


def _names(statements: Explanation) -> set[str]:
    return {statement.name for statement in statements}


def _beside_a_factor(by: Callable[[Sequence[Relation]], list[Explanation]]) -> list[Explanation]:
    """Find what an optimiser does, where it is a factor as well: one that people type is first."""
    named = by(NEGATIVE)
    if named:
        return named
    typed = by((A_TYPED_FACTOR,))
    return [*typed, *by(TYPICAL if typed else UPDATES)]


def _slips(evidence: Evidence, wrong: WrongGradient | None, most: int) -> list[Explanation]:
    """Find wrong steps of the model that explain every wrong block."""
    if wrong is None:
        return []
    predictions = (predicted(evidence, one) for one in evidence.model.slips(wrong, most))
    return [
        confirmed(evidence, found)
        for found in predictions
        if found is not None and not evidence.unexplained(found)
    ]


def _by_a_relation(
    evidence: Evidence, prediction: Predicted, relations: Sequence[Relation]
) -> list[Explanation]:
    """Find relations to a prediction that explain every block that the prediction does not."""
    left = evidence.unexplained(prediction)
    found: list[Explanation] = []
    around = {key: evidence.around(key, prediction) for key in left}
    for relation in relations if left else ():
        claims: dict[Path, Claim] = {}
        for key in left:
            claim = fits(relation, evidence.hand[key], around[key])
            if claim is None:
                break
            claims[key] = claim
        if len(claims) < len(left):
            continue
        statements = _grouped(evidence, relation, claims)
        if sum(len(statement.blocks) for statement in statements) < len(left):
            continue
        if relation not in ONE_NUMBER or len(statements) == 1:
            found.append([*confirmed(evidence, prediction), *statements])
    return found


def _one_for_each(evidence: Evidence, units: list[Unit]) -> list[Explanation]:
    """Find mistakes that explain every wrong block, none of them twice: two, or else more."""
    wrong = frozenset(evidence.wrong)
    pairs = [
        [one.statement, two.statement]
        for one, two in combinations(units, 2)
        if not one.blocks & two.blocks and one.blocks | two.blocks == wrong
    ]
    if pairs:
        return pairs
    chosen = _disjoint(units)
    return [[unit.statement for unit in chosen]] if _covered(chosen) == wrong else []


def _for_some(units: list[Unit]) -> list[Explanation]:
    """Find mistakes that explain some of the wrong blocks."""
    return [[unit.statement for unit in _disjoint(units)]] if units else []


def _disjoint(units: list[Unit]) -> list[Unit]:
    """Return those that explain the most first, then those for the blocks that are left."""
    chosen: list[Unit] = []
    for unit in sorted(units, key=lambda unit: -len(unit.blocks)):
        if not unit.blocks & _covered(chosen):
            chosen.append(unit)
    return chosen


def _covered(units: Iterable[Unit]) -> frozenset[Path]:
    return frozenset(key for unit in units for key in unit.blocks)


def _units(
    evidence: Evidence, right: Predicted, relations: Sequence[Relation], tried: Sequence[Tried]
) -> list[Unit]:
    """Return each mistake with the wrong blocks that it explains, where it harms no other."""
    units: list[Unit] = []
    around = {key: evidence.around(key, right) for key in evidence.wrong}
    for relation in relations:
        claims = {k: fits_by_itself(relation, evidence.hand[k], a) for k, a in around.items()}
        found = {key: claim for key, claim in claims.items() if claim}
        units += [Unit(s, frozenset(s.blocks)) for s in _grouped(evidence, relation, found)]
    for _hypothesis, prediction in tried:
        touched = evidence.touched(prediction)
        if all(key in evidence.hand and evidence.explains(prediction, key) for key in touched):
            units.append(Unit(confirmed(evidence, prediction)[0], frozenset(touched)))
    return units


def _one_after_another(
    evidence: Evidence, named: Sequence[Relation], tried: Sequence[Tried]
) -> list[Explanation]:
    """Find a relation not to the right gradient, but to what another mistake makes of it."""
    for relations in (named, FITTED):
        predictions = chain(without_samples(evidence), (one.prediction for one in tried))
        found = [
            statements
            for prediction in predictions
            for statements in _by_a_relation(evidence, prediction, relations)
        ]
        if found:
            return found
    return []


def _one_inside_another(evidence: Evidence, tried: Sequence[Tried]) -> list[Explanation]:
    """Find two wrong steps in one derivation."""
    effects = [
        (one, set(evidence.touched(p)), set(evidence.hand) - set(evidence.unexplained(p)))
        for one in tried
        for p in (one.prediction,)
    ]
    found: list[Explanation] = []
    for (one, first, by_1), (two, second, by_2) in permutations(effects, 2):
        # a block that only one of them touches has to be what that one makes of it
        if not first - second <= by_1 or not second - first <= by_2:
            continue
        if set(evidence.wrong) - first - second:
            continue
        both = composed(evidence, one, two)
        if both is not None and all(evidence.explains(both, key) for key in evidence.hand):
            found.append(confirmed(evidence, both))
    return list(
        {frozenset(s.name for s in statements): statements for statements in found}.values()
    )


def _grouped(
    evidence: Evidence, relation: Relation, claims: Mapping[Path, Claim]
) -> list[Statement]:
    """Return one statement for all blocks of which the same is said, and of entries enough."""
    statements: list[Statement] = []
    for detail in dict.fromkeys(claim.detail for claim in claims.values()):
        blocks = tuple(key for key, claim in claims.items() if claim.detail == detail)
        if all(claims[key].weak for key in blocks):
            continue
        residual = max(evidence.relative(k, claims[k].mine, claims[k].right) for k in blocks)
        fixes = evidence.model.fixes()
        statements.append(of_relation(relation, blocks, detail, fixes, residual))
    return statements
