"""Which mistake was made, where a gradient is wrong.

A cause is claimed only where the gradient under test is, to rounding, what the mistake makes of the
right one. The simplest is looked for first: one mistake; one for each block; one after another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, combinations, permutations

import numpy as np

from autograd_ref.assignment.mistakes.catalogue import DERIVATIONS, RELATIONS
from autograd_ref.assignment.mistakes.derivation import RIGHT, A, Derivation, gradients_by
from autograd_ref.assignment.mistakes.mistake import Mistake
from autograd_ref.assignment.mistakes.updated import updated
from autograd_ref.diagnosis.evidence import Guess, Scene
from autograd_ref.diagnosis.pairs import one_or_both
from autograd_ref.diagnosis.relations.fitted import FITTED
from autograd_ref.diagnosis.relations.relation import Claim, Relation, fits
from autograd_ref.diagnosis.relations.samples import FIRST_OR_LAST
from autograd_ref.diagnosis.wording import Part, of_mistake, of_relation
from autograd_ref.report.data import Cause
from autograd_ref.tree.nest import Path, name_of
from autograd_ref.tree.point import Results
from manual_backprop.parameters import Parameters

MOST_CAUSES = 4
"""So many that are the same on this problem are named."""

MOST_WORK = 2e9
"""Multiplications, a second or two, beyond which wrong derivations are not tried in pairs."""

NAMED = tuple(relation for relation in RELATIONS if relation not in FITTED)
"""Those without a number that is fitted, which claim more."""


def diagnosed(scene: Scene) -> tuple[Cause, ...]:
    """What explains the blocks that are wrong; nothing where no known mistake does."""
    if not scene.wrong:
        return ()
    right = Guess((), scene.right)
    derivations = _derivations(scene)
    searches: tuple[Callable[[], list[list[Part]]], ...] = (
        lambda: _one_mistake(scene, right, derivations),
        lambda: _one_for_each(scene, _units(scene, right, NAMED, derivations)),
        lambda: _one_after_another(scene, derivations),
        lambda: _one_inside_another(scene, derivations),
        lambda: one_or_both(scene, right),
        lambda: _one_for_each(scene, _units(scene, right, RELATIONS, derivations)),
        lambda: _for_some(_units(scene, right, RELATIONS, derivations)),
    )
    for search in searches:
        found = search()
        if found:
            causes = {cause.kind: cause for cause in (_cause(scene, p) for p in reversed(found))}
            return tuple(list(causes.values())[::-1][:MOST_CAUSES])
    return ()


# the mistakes that are tried


Hypothesis = tuple[Mistake, Guess]
Unit = tuple[Part, frozenset[Path]]


def _derivations(scene: Scene) -> list[Hypothesis]:
    """The wrong derivations of the network that make a difference here."""
    if scene.problem is None:
        return []
    parameters, batch = scene.problem
    found_here = {**scene.hand, **scene.near}
    fields = zip(Parameters._fields, scene.right, strict=True)
    hand = {name: found_here[path] for name, path in fields if path in found_here}
    fitted = updated(hand, parameters, *batch)
    mistakes = (*scene.kept, *([fitted] if fitted else []), *DERIVATIONS)
    guesses = ((mistake, _guess(scene, mistake)) for mistake in mistakes)
    found = ((mistake, guess) for mistake, guess in guesses if guess is not None)
    if pairs_are_tried(scene):
        return list(found)
    # a hundred gradients that explain nothing by themselves are not kept in memory
    return [(m, g) for m, g in found if any(scene.explains(g, n) for n in scene.wrong)]


def _guess(scene: Scene, *mistakes: Mistake, parts: tuple[Part, ...] = ()) -> Guess | None:
    """What comes of mistakes, one made after the other; None where it makes no difference."""
    assert scene.problem is not None, "or else there are no derivations"
    parameters, batch = scene.problem
    derivation = RIGHT
    for mistake in mistakes:
        derivation = mistake.change(derivation)
    gradients = _evaluated(scene, derivation, parameters, *batch)
    if gradients is None:
        return None

    @cache
    def coarse() -> Results | None:
        narrow = Parameters(*(block.astype(np.float32) for block in parameters))
        return _evaluated(scene, derivation, narrow, *(a.astype(np.float32) for a in batch))

    guess = Guess(parts, gradients, coarse)
    touched = tuple(scene.touched(guess))
    if not touched or scene.contradicts(guess, touched):
        return None
    return guess if parts else guess._replace(parts=(of_mistake(mistakes[0], touched),))


def _evaluated(scene: Scene, derivation: Derivation, p: Parameters, X: A, Y: A) -> Results | None:
    found = gradients_by(derivation, p, X, Y)
    if found is None:
        return None
    return {n: block.astype(np.float64) for n, block in zip(scene.right, found, strict=True)}


def _related(scene: Scene) -> Iterator[Guess]:
    """All wrong blocks without the first or last sample, or made of it alone."""
    right = Guess((), scene.right)
    around = [scene.around(name, right) for name in scene.wrong]
    for relation in FIRST_OR_LAST:
        for ways in zip(*map(relation.ways, around), strict=True):
            part = of_relation(relation, scene.wrong, ways[0].detail)
            blocks = dict(zip(scene.wrong, (way.block for way in ways), strict=True))
            guess = Guess((part,), {**scene.right, **blocks})
            if scene.touched(guess):
                yield guess


# the searches; each returns lists of mistakes that explain, together, what it looks for


def _one_mistake(scene: Scene, right: Guess, derivations: list[Hypothesis]) -> list[list[Part]]:
    explaining = [(m, _confirmed(scene, g)) for m, g in derivations if not scene.unexplained(g)]
    found = _by_a_relation(scene, right, NAMED)
    found += [parts for mistake, parts in explaining if not mistake.fitted]
    if found:
        return found
    return [*_by_a_relation(scene, right, FITTED), *(parts for _mistake, parts in explaining)]


def _by_a_relation(scene: Scene, guess: Guess, relations: Sequence[Relation]) -> list[list[Part]]:
    """What a guess does not explain is, all of it, in one relation to the guess."""
    left = scene.unexplained(guess)
    found: list[list[Part]] = []
    around = {name: scene.around(name, guess) for name in left}
    for relation in relations if left else ():
        claims: dict[Path, Claim] = {}
        for name in left:
            claim = fits(relation, scene.hand[name], around[name])
            if claim is None:
                break
            claims[name] = claim
        if len(claims) == len(left):
            parts = _grouped(scene, relation, claims)
            if sum(len(part.blocks) for part in parts) < len(left):
                continue
            if relation not in FITTED or len(parts) == 1:
                found.append([*_confirmed(scene, guess), *parts])
    return found


def _one_for_each(scene: Scene, units: list[Unit]) -> list[list[Part]]:
    """Mistakes that explain every wrong block, none of them twice: two, or else more."""
    wrong = frozenset(scene.wrong)
    pairs = [
        [one, two]
        for (one, first), (two, second) in combinations(units, 2)
        if not first & second and first | second == wrong
    ]
    if pairs:
        return pairs
    chosen = _disjoint(units)
    return [[part for part, _blocks in chosen]] if _covered(chosen) == set(wrong) else []


def _for_some(units: list[Unit]) -> list[list[Part]]:
    """What explains some of the wrong blocks."""
    return [[part for part, _blocks in _disjoint(units)]] if units else []


def _disjoint(units: list[Unit]) -> list[Unit]:
    """Those that explain the most first, then what they leave."""
    chosen: list[Unit] = []
    for part, blocks in sorted(units, key=lambda unit: -len(unit[1])):
        if not blocks & _covered(chosen):
            chosen.append((part, blocks))
    return chosen


def _covered(units: list[Unit]) -> set[Path]:
    return {name for _part, blocks in units for name in blocks}


def _units(
    scene: Scene, right: Guess, relations: Sequence[Relation], derivations: list[Hypothesis]
) -> list[Unit]:
    """Each mistake with the wrong blocks that it explains, where it harms no other."""
    units: list[Unit] = []
    around = {name: scene.around(name, right) for name in scene.wrong}
    for relation in relations:
        claims = {name: fits(relation, scene.hand[name], a) for name, a in around.items()}
        found = {name: claim for name, claim in claims.items() if claim}
        units += [(part, frozenset(part.blocks)) for part in _grouped(scene, relation, found)]
    for _mistake, guess in derivations:
        touched = scene.touched(guess)
        if all(name in scene.hand and scene.explains(guess, name) for name in touched):
            units.append((_confirmed(scene, guess)[0], frozenset(touched)))
    return units


def _one_after_another(scene: Scene, derivations: list[Hypothesis]) -> list[list[Part]]:
    """A relation that holds not to the right gradient, but to what another mistake makes of it."""
    for relations in (NAMED, FITTED):
        guesses = chain(_related(scene), (guess for _mistake, guess in derivations))
        found = [parts for guess in guesses for parts in _by_a_relation(scene, guess, relations)]
        if found:
            return found
    return []


def _one_inside_another(scene: Scene, derivations: list[Hypothesis]) -> list[list[Part]]:
    """Two wrong steps in one derivation."""
    if not pairs_are_tried(scene):
        return []
    tried = [
        (one, guess, set(scene.touched(guess)), set(scene.hand) - set(scene.unexplained(guess)))
        for one, guess in derivations
    ]
    found: list[list[Part]] = []
    for (one, guess_1, first, by_1), (two, guess_2, second, by_2) in permutations(tried, 2):
        # a block that only one of them touches has to be what that one makes of it
        if not first - second <= by_1 or not second - first <= by_2:
            continue
        if set(scene.wrong) - first - second:
            continue
        both = _guess(scene, one, two, parts=(*guess_1.parts, *guess_2.parts))
        if both is not None and not scene.unexplained(both):
            found.append(_confirmed(scene, both))
    return list({frozenset(part.name for part in parts): parts for parts in found}.values())


def pairs_are_tried(scene: Scene) -> bool:
    """Whether the problem is small enough for wrong derivations two at a time."""
    multiplications = scene.samples * sum(block.size for block in scene.parameters.values())
    return multiplications * len(DERIVATIONS) ** 2 <= MOST_WORK


# what is said of them


def _grouped(scene: Scene, relation: Relation, claims: Mapping[Path, Claim]) -> list[Part]:
    """One part for all blocks of which the same is said, and said of entries enough."""
    parts: list[Part] = []
    for detail in dict.fromkeys(claim.detail for claim in claims.values()):
        blocks = tuple(name for name, claim in claims.items() if claim.detail == detail)
        if all(claims[name].weak for name in blocks):
            continue
        residual = max(scene.relative(n, claims[n].mine, claims[n].right) for n in blocks)
        parts.append(of_relation(relation, blocks, detail, residual))
    return parts


def _confirmed(scene: Scene, guess: Guess) -> list[Part]:
    """The mistakes of a guess, with what is left of the difference where it explains one."""
    left = scene.unexplained(guess)
    pairs = [(n, scene.hand[n], guess.gradients[n]) for n in scene.hand if n not in left]
    residual = max((scene.relative(*pair) for pair in pairs), default=0.0)
    return [part._replace(residual=residual) for part in guess.parts]


def _cause(scene: Scene, parts: Sequence[Part]) -> Cause:
    blocks = [name for name in scene.right if any(name in part.blocks for part in parts)]
    before = [
        scene.relative(name, scene.hand[name], scene.right[name])
        for name in blocks
        if name in scene.hand and scene.hand[name].shape == scene.right[name].shape
    ]
    return Cause(
        kind=" + ".join(dict.fromkeys(part.name for part in parts)),
        blocks=tuple(name_of(path) for path in blocks),
        explanation=f"Your {'. Beside that, your '.join(dict.fromkeys(p.said for p in parts))}.",
        fix="; ".join(dict.fromkeys(part.fix for part in parts)),
        before=max(before, default=None),
        residual=max(part.residual for part in parts),
    )
