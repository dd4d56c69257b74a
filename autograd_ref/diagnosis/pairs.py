"""Two relations at once: a factor and another one, of which every wrong block has one or both.

Of relations that are linear it does not matter which was first: the block under test, divided by
the factor, is then what the other makes of the right one.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from autograd_ref.diagnosis.evidence import Evidence, Predicted
from autograd_ref.diagnosis.relations.fitted import A_CONSTANT_FACTOR, FITTED
from autograd_ref.diagnosis.relations.known import all_relations, named_scales
from autograd_ref.diagnosis.relations.relation import Around, Array, Claim, Relation, fits
from autograd_ref.diagnosis.relations.updates import fits_by_itself
from autograd_ref.diagnosis.wording import Statement, of_relation
from autograd_ref.tree.nest import Path

Kind = tuple[str, str]
"""The name of a relation; of one that is fitted, its number too, which has to be the same in all
blocks."""

MOST_FACTORS = 3
"""The most factors in a pair: a block has the one, the other, or both."""


class Applied(NamedTuple):
    """A relation, as it is in one block."""

    relation: Relation
    detail: str
    weak: bool = False

    @property
    def kind(self) -> Kind:
        """The name that it shares with other blocks, and the number where one is fitted."""
        return self.relation.name, self.detail if self.relation in FITTED else ""


class BlockExplanation(NamedTuple):
    """One relation, or two of them, that explain a block."""

    applied: tuple[Applied, ...]
    residual: float

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of all that was applied."""
        return frozenset(one.kind for one in self.applied)


Possible = Mapping[Path, list[BlockExplanation]]
Chosen = Mapping[Path, BlockExplanation]


def pairs_of_relations(evidence: Evidence, right: Predicted) -> list[list[Statement]]:
    """Return the simplest pairs of relations that explain all wrong blocks."""
    around = {key: evidence.around(key, right) for key in evidence.wrong}
    factors = _factors(evidence, around)
    possible: dict[Path, list[BlockExplanation]] = {}
    for key in evidence.wrong:
        possible[key] = list(_explanations(evidence, key, around[key], factors))
        if not possible[key]:
            return []
    pairs: dict[frozenset[Kind], Chosen] = {}
    for pair in _candidates(possible):
        chosen = {key: one for key in possible if (one := _simplest(possible[key], pair))}
        if len(chosen) == len(possible) and all(_is_shown(kind, chosen) for kind in pair):
            pairs[pair] = chosen
    costs = {pair: _cost(pair, chosen) for pair, chosen in pairs.items()}
    least = min(costs.values(), default=None)
    return [_stated(evidence, chosen) for pair, chosen in pairs.items() if costs[pair] == least]


def _candidates(possible: Possible) -> Iterator[frozenset[Kind]]:
    """Pairs that explain the block with the fewest explanations, and one not explained with it."""
    first = min(possible.values(), key=len)
    for kinds in dict.fromkeys(one.kinds for one in first):
        if len(kinds) == 2:
            yield kinds
            continue
        others = (found for found in possible.values() if _simplest(found, kinds) is None)
        for other in next(others, list[BlockExplanation]()):
            if len(kinds | other.kinds) == 2:
                yield kinds | other.kinds


def _factors(
    evidence: Evidence, around: Mapping[Path, Around]
) -> dict[Kind, tuple[Applied, float]]:
    """Return factors that have a name, and those that are in some block all by themselves."""
    named: dict[Kind, tuple[Applied, float]] = {}
    fitted: dict[Kind, tuple[Applied, float]] = {}
    for key, about in around.items():
        for relation in named_scales(tuple(evidence.counts)):
            for variant in relation.variants(about):
                one = Applied(relation, variant.detail)
                named.setdefault(one.kind, (one, _factor(variant.block, about.right)))
        claim = fits(A_CONSTANT_FACTOR, evidence.hand[key], about)
        if claim is not None:
            one = Applied(A_CONSTANT_FACTOR, claim.detail, claim.weak)
            fitted.setdefault(one.kind, (one, _factor(claim.right, about.right)))
    if len(fitted) > MOST_FACTORS:
        fitted = {}
    return {kind: one for kind, one in (named | fitted).items() if one[1] not in (0, 1)}


def _factor(block: Array, right: Array) -> float:
    """Return the factor between two proportional blocks; 0 where the right one is zero."""
    largest = int(np.abs(right).argmax()) if right.any() else None
    return 0.0 if largest is None else float(block.flat[largest] / right.flat[largest])


def _explanations(
    evidence: Evidence,
    key: Path,
    around: Around,
    factors: Mapping[Kind, tuple[Applied, float]],
) -> Iterator[BlockExplanation]:
    hand = evidence.hand[key]
    relations = all_relations(tuple(evidence.counts))

    def explanation(claim: Claim, *applied: Applied) -> BlockExplanation:
        return BlockExplanation(applied, evidence.relative(key, claim.mine, claim.right))

    for relation in relations:
        claim = fits_by_itself(relation, hand, around)
        if claim is not None:
            yield explanation(claim, Applied(relation, claim.detail, claim.weak))
    for one, factor in factors.values():
        for relation in relations:
            if relation is one.relation:
                continue
            claim = fits_by_itself(relation, hand / factor, around)
            if claim is not None:
                yield explanation(claim, one, Applied(relation, claim.detail, claim.weak))


def _simplest(possible: list[BlockExplanation], pair: frozenset[Kind]) -> BlockExplanation | None:
    """Return the first of the shortest that are made of this pair."""
    fitting = [one for one in possible if one.kinds <= pair]
    return min(fitting, key=lambda one: len(one.applied), default=None)


def _is_shown(kind: Kind, chosen: Chosen) -> bool:
    """Return whether it is in some block with enough entries to tell."""
    return any(a.kind == kind and not a.weak for one in chosen.values() for a in one.applied)


def _cost(pair: frozenset[Kind], chosen: Chosen) -> tuple[int, int]:
    """Return how many numbers are fitted, and how often a relation is applied to a block."""
    fitted = sum(detail != "" for _name, detail in pair)
    return fitted, sum(len(one.applied) for one in chosen.values())


def _stated(evidence: Evidence, chosen: Chosen) -> list[Statement]:
    """Return one for each relation, and each way in which it is so, that of most blocks first."""
    blocks: dict[Applied, list[Path]] = {}
    for key, one in chosen.items():
        for applied in one.applied:
            blocks.setdefault(applied._replace(weak=False), []).append(key)
    residual = max(one.residual for one in chosen.values())
    fixes = evidence.model.fixes()
    statements = [
        of_relation(a.relation, tuple(keys), a.detail, fixes, residual)
        for a, keys in blocks.items()
    ]
    return sorted(statements, key=lambda statement: -len(statement.blocks))
