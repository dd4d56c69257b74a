"""Two relations at once: a factor and another one, of which every wrong block has one or both.

Of relations that are linear it does not matter which was first: the block under test, divided by
the factor, is then what the other makes of the right one.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from autograd_ref.assignment.mistakes.catalogue import RELATIONS
from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.diagnosis.evidence import Guess, Scene
from autograd_ref.diagnosis.relations.fitted import A_CONSTANT_FACTOR, FITTED
from autograd_ref.diagnosis.relations.relation import Around, Claim, Relation, fits
from autograd_ref.diagnosis.relations.scales import SCALES
from autograd_ref.diagnosis.wording import Part, of_relation
from autograd_ref.tree.nest import Path

Key = tuple[str, str]
"""The name of a relation; of one that is fitted, its number too, which has to be the same in all
blocks."""


MOST_FACTORS = 3
"""Of two relations, a block has the one, the other, or both."""


class Made(NamedTuple):
    """A relation, as it is in one block."""

    relation: Relation
    detail: str
    weak: bool = False

    @property
    def key(self) -> Key:
        """What it has in common with other blocks."""
        return self.relation.name, self.detail if self.relation in FITTED else ""


class Way(NamedTuple):
    """What explains a block: one relation, or two of them."""

    made: tuple[Made, ...]
    residual: float

    @property
    def keys(self) -> frozenset[Key]:
        """Of all that was made."""
        return frozenset(made.key for made in self.made)


def one_or_both(scene: Scene, right: Guess) -> list[list[Part]]:
    """Pairs of relations that explain all wrong blocks, the simplest."""
    around = {name: scene.around(name, right) for name in scene.wrong}
    factors = _factors(scene, around)
    ways: dict[Path, list[Way]] = {}
    for name in scene.wrong:
        ways[name] = list(_ways(scene, name, around[name], factors))
        if not ways[name]:
            return []
    pairs: dict[frozenset[Key], dict[Path, Way]] = {}
    for pair in _candidates(ways):
        explained = {name: way for name in ways if (way := _simplest(ways[name], pair))}
        if len(explained) == len(ways) and all(_is_shown(key, explained) for key in pair):
            pairs[pair] = explained
    costs = {pair: _cost(pair, explained) for pair, explained in pairs.items()}
    least = min(costs.values(), default=None)
    return [_parts(explained) for pair, explained in pairs.items() if costs[pair] == least]


def _candidates(ways: Mapping[Path, list[Way]]) -> Iterator[frozenset[Key]]:
    """Pairs that explain the block with the fewest ways, and one that is not explained with it."""
    first = min(ways.values(), key=len)
    for keys in dict.fromkeys(way.keys for way in first):
        if len(keys) == 2:
            yield keys
            continue
        others = (found for found in ways.values() if _simplest(found, keys) is None)
        for other in next(others, list[Way]()):
            if len(keys | other.keys) == 2:
                yield keys | other.keys


def _factors(scene: Scene, around: Mapping[Path, Around]) -> dict[Key, tuple[Made, float]]:
    """Those that have a name, and those that are in some block all by themselves."""
    named: dict[Key, tuple[Made, float]] = {}
    fitted: dict[Key, tuple[Made, float]] = {}
    for name, about in around.items():
        for relation in SCALES:
            for way in relation.ways(about):
                made = Made(relation, way.detail)
                named.setdefault(made.key, (made, _factor(way.block, about.right)))
        claim = fits(A_CONSTANT_FACTOR, scene.hand[name], about)
        if claim is not None:
            made = Made(A_CONSTANT_FACTOR, claim.detail, claim.weak)
            fitted.setdefault(made.key, (made, _factor(claim.right, about.right)))
    if len(fitted) > MOST_FACTORS:
        fitted = {}
    return {key: one for key, one in (named | fitted).items() if one[1] not in (0, 1)}


def _factor(block: A, right: A) -> float:
    """By which all of the one is the other; 0 where that is not known."""
    largest = int(np.abs(right).argmax()) if right.any() else None
    return 0.0 if largest is None else float(block.flat[largest] / right.flat[largest])


def _ways(
    scene: Scene, name: Path, around: Around, factors: Mapping[Key, tuple[Made, float]]
) -> Iterator[Way]:
    hand = scene.hand[name]
    for relation in RELATIONS:
        claim = fits(relation, hand, around)
        if claim is not None:
            yield _way(scene, name, claim, Made(relation, claim.detail, claim.weak))
    for made, factor in factors.values():
        for relation in RELATIONS:
            if relation is made.relation:
                continue
            claim = fits(relation, hand / factor, around)
            if claim is not None:
                other = Made(relation, claim.detail, claim.weak)
                yield _way(scene, name, claim, made, other)


def _way(scene: Scene, name: Path, claim: Claim, *made: Made) -> Way:
    return Way(made, scene.relative(name, claim.mine, claim.right))


def _simplest(ways: list[Way], pair: frozenset[Key]) -> Way | None:
    """Of those that are made of this pair, the first of the shortest."""
    possible = [way for way in ways if way.keys <= pair]
    return min(possible, key=lambda way: len(way.made), default=None)


def _is_shown(key: Key, explained: Mapping[Path, Way]) -> bool:
    """Whether it is in some block, and not only in those with too few entries to tell."""
    return any(m.key == key and not m.weak for way in explained.values() for m in way.made)


def _cost(pair: frozenset[Key], explained: Mapping[Path, Way]) -> tuple[int, int]:
    """How many numbers are fitted, and how often something is made of a block."""
    fitted = sum(detail != "" for _name, detail in pair)
    return fitted, sum(len(way.made) for way in explained.values())


def _parts(explained: Mapping[Path, Way]) -> list[Part]:
    """One for each relation, and each way in which it is so, that of the most blocks first."""
    blocks: dict[Made, list[Path]] = {}
    for name, way in explained.items():
        for made in way.made:
            blocks.setdefault(made._replace(weak=False), []).append(name)
    residual = max(way.residual for way in explained.values())
    parts = [of_relation(m.relation, tuple(n), m.detail, residual) for m, n in blocks.items()]
    return sorted(parts, key=lambda part: -len(part.blocks))
