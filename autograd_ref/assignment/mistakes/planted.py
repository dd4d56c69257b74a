"""Gradients of the assignment's network with mistakes in them: the catalogue put to use.

What comes out is computed in the dtype of the arguments, as anybody's own gradient would be.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from autograd_ref.assignment.mistakes.batch import BATCH
from autograd_ref.assignment.mistakes.catalogue import DERIVATIONS, RELATIONS
from autograd_ref.assignment.mistakes.derivation import RIGHT, A, Derivation, gradients_by
from autograd_ref.assignment.mistakes.hidden_layer import PRECISION
from autograd_ref.assignment.mistakes.mistake import Mistake, Shows
from autograd_ref.diagnosis.relations.fitted import IN_LOWER_PRECISION
from autograd_ref.diagnosis.relations.places import ANOTHER_BLOCK, TRANSPOSED
from autograd_ref.diagnosis.relations.relation import Around, Relation
from autograd_ref.diagnosis.relations.samples import SAMPLES
from manual_backprop.parameters import Parameters

Gradient = Callable[[Parameters, A, A], Parameters | None]
"""From parameters, X and Y as rows; None where the code would raise, or the mistake is none."""


class Planted(NamedTuple):
    """One mistake in one place: a wrong derivation, or a relation in some blocks."""

    of: Mistake | Relation
    blocks: tuple[str, ...] = ()
    """Those of a relation; a derivation touches what follows from it."""
    shows: Shows = Shows.ANY

    @property
    def title(self) -> str:
        """Its name, and where it is unless it is everywhere; no two have the same."""
        place = "" if self.blocks in ((), Parameters._fields) else f" ({', '.join(self.blocks)})"
        square = ", square" if self.of is TRANSPOSED and self.shows is Shows.SQUARE else ""
        return f"{self.of.name}{place}{square}"

    @property
    def loses_digits(self) -> bool:
        """Whether that is all, so that there has to be a narrower format to lose them to."""
        return self.of is IN_LOWER_PRECISION or self.of in PRECISION


def gradient_with(*planted: Planted) -> Gradient:
    """The gradient with these mistakes: derivations first, then what relations make of it."""
    derivation: Derivation = RIGHT
    relations: list[tuple[Relation, tuple[str, ...]]] = []
    for one in planted:
        if isinstance(one.of, Mistake):
            derivation = one.of.change(derivation)
        else:
            relations.append((one.of, one.blocks))
    relations.sort(key=lambda pair: pair[0] not in SAMPLES)  # what a sample gives is not changed

    def gradient(p: Parameters, X: A, Y: A) -> Parameters | None:
        found = gradients_by(derivation, p, X, Y)
        for relation, blocks in relations:
            found = found and _related(relation, blocks, found, p, X, Y)
        return found

    return gradient


def go_together(one: Planted, two: Planted) -> bool:
    """Whether both can be made at once, and neither undoes or hides the other by what it is."""
    if one.of.name == two.of.name or one.shows is not Shows.ANY or two.shows is not Shows.ANY:
        return False
    if isinstance(one.of, Mistake) and isinstance(two.of, Mistake):
        return not one.of.steps & two.of.steps
    # samples are dropped by a derivation of their own, where there is another one
    relations = [m.of for m in (one, two) if isinstance(m.of, Relation)]
    samples = [relation for relation in relations if relation in SAMPLES]
    if (samples and len(relations) == 1) or len(samples) == 2:
        return False
    wiped = any(relation.wipes for relation in relations)
    return not wiped or (len(relations) == 2 and not set(one.blocks) & set(two.blocks))


def right_gradient(p: Parameters, X: A, Y: A) -> Parameters:
    """The one without a mistake, by the derivation that the mistakes start from."""
    found = gradients_by(RIGHT, p, X, Y)
    assert found is not None, "the right derivation runs on any problem"
    return found


def _related(
    relation: Relation, blocks: tuple[str, ...], found: Parameters, p: Parameters, X: A, Y: A
) -> Parameters | None:
    made: dict[str, A] = {}
    for name in blocks:
        way = next(iter(relation.ways(_around(name, found, p, X, Y))), None)
        if way is None:
            return None
        made[name] = way.block.astype(p.W0.dtype)
    return found._replace(**made)


def _around(name: str, found: Parameters, p: Parameters, X: A, Y: A) -> Around:
    def each() -> A:
        alone = [right_gradient(p, X[i : i + 1], Y[i : i + 1]) for i in range(len(X))]
        return np.stack([getattr(one, name) for one in alone]) / X.dtype.type(len(X))

    def close(one: A, two: A, coarser: float = 1.0) -> bool:
        raise NotImplementedError("what is made is not compared")

    blocks = found._asdict()
    shape = p.shape
    return Around(
        right=blocks.pop(name),
        parameter=getattr(p, name),
        others={(other,): block for other, block in blocks.items()},
        samples=len(X),
        counts={"N_I": shape.inputs, "N_H": shape.hidden, "N_O": shape.outputs},
        each=each,
        close=close,
        unit=float(np.finfo(p.W0.dtype).eps) / 2,
    )


def _all() -> Iterable[Planted]:
    for relation in RELATIONS:
        shows = Shows.SQUARE if relation is ANOTHER_BLOCK else Shows.ANY
        yield from (Planted(relation, blocks, shows) for blocks in relation.places)
    yield from (Planted(TRANSPOSED, blocks, Shows.SQUARE) for blocks in TRANSPOSED.places)
    # those of the batch are relations too, of the same names
    derivations = (mistake for mistake in DERIVATIONS if mistake not in BATCH)
    yield from (Planted(mistake, (), mistake.shows) for mistake in derivations)


PLANTED: tuple[Planted, ...] = tuple(_all())
"""Every mistake of the catalogue, relations in the blocks where people make them."""
