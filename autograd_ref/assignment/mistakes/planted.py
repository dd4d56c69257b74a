"""Gradients of the network with mistakes in them, and problems on which these show.

What comes out is computed in the dtype of the arguments, as anybody's own gradient would be.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from autograd_ref.assignment.mistakes.catalogue import DERIVATIONS, RELATIONS, places
from autograd_ref.assignment.mistakes.derivation import RIGHT, A, Derivation, gradients_by
from autograd_ref.assignment.mistakes.hidden_layer import PRECISION
from autograd_ref.assignment.mistakes.mistake import Mistake, Shows
from autograd_ref.assignment.mistakes.output_layer import BATCH
from autograd_ref.diagnosis.relations.fitted import IN_LOWER_PRECISION
from autograd_ref.diagnosis.relations.places import ANOTHER_BLOCK, TRANSPOSED
from autograd_ref.diagnosis.relations.relation import Around, Relation
from autograd_ref.diagnosis.relations.samples import BATCHES, SAMPLES
from manual_backprop.parameters import NetworkShape, Parameters, initialize

Gradient = Callable[[Parameters, A, A], Parameters | None]
"""From parameters, X and Y as rows; None where the code would raise, or the mistake is none."""


class Planted(NamedTuple):
    """One mistake in one place: a wrong derivation, or a relation in some blocks."""

    of: Mistake | Relation
    blocks: tuple[str, ...] = ()
    """The blocks of a relation; a derivation changes what follows from it."""
    shows: Shows = Shows.ANY

    @property
    def title(self) -> str:
        """Its name, and where it is unless it is everywhere; no two are equal."""
        place = "" if self.blocks in ((), Parameters._fields) else f" ({', '.join(self.blocks)})"
        square = ", square" if self.of is TRANSPOSED and self.shows is Shows.SQUARE else ""
        return f"{self.of.name}{place}{square}"

    @property
    def loses_digits(self) -> bool:
        """True where all it does is lose digits, for which there has to be a narrower format."""
        return self.of is IN_LOWER_PRECISION or self.of in PRECISION


def gradient_with(*planted: Planted) -> Gradient:
    """Return the gradient with these mistakes: derivations first, relations applied to it."""
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
    """Return whether both can be made at once, and neither undoes or hides the other."""
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
    """Return the gradient by the derivation that the mistakes start from."""
    found = gradients_by(RIGHT, p, X, Y)
    assert found is not None, "the right derivation runs on any problem"
    return found


def _related(
    relation: Relation, blocks: tuple[str, ...], found: Parameters, p: Parameters, X: A, Y: A
) -> Parameters | None:
    made: dict[str, A] = {}
    for name in blocks:
        variant = next(iter(relation.variants(_around(name, found, p, X, Y))), None)
        if variant is None:
            return None
        made[name] = variant.block.astype(p.W0.dtype)
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
    needed = {ANOTHER_BLOCK: Shows.SQUARE, **dict.fromkeys(BATCHES, Shows.MANY_SAMPLES)}
    for relation in RELATIONS:
        shows = needed.get(relation, Shows.ANY)
        yield from (Planted(relation, blocks, shows) for blocks in places(relation))
    yield from (Planted(TRANSPOSED, blocks, Shows.SQUARE) for blocks in places(TRANSPOSED))
    # those of the batch are relations too, of the same names
    derivations = (mistake for mistake in DERIVATIONS if mistake not in BATCH)
    yield from (Planted(mistake, (), mistake.shows) for mistake in derivations)


PLANTED: tuple[Planted, ...] = tuple(_all())
"""Every mistake of the catalogue, relations in the blocks where people make them."""


STD = 0.5
"""The standard deviation of the parameters: no unit is linear, and none is saturated. Chosen."""


def problem_for(shows: Shows, seed: int, dtype: DTypeLike) -> tuple[Parameters, A, A]:
    """Return a random problem on which mistakes of this class show as what they are.

    Returns:
        Parameters, X (S, N_I), and Y as one-hot rows (S, N_O) with every class there is room for.
    """
    random = np.random.default_rng(seed)
    inputs, hidden, outputs, samples = _sizes(shows, random)
    X = random.normal(size=(samples, inputs)).astype(dtype)
    labels = random.permutation(np.arange(samples) % outputs)
    shape = NetworkShape(inputs, hidden, outputs)
    parameters = initialize(shape, int(random.integers(1 << 30)), std=STD, dtype=dtype)
    return parameters, X, np.eye(outputs, dtype=dtype)[labels]


def _sizes(shows: Shows, random: np.random.Generator) -> tuple[int, int, int, int]:
    n = int(random.integers(3, 7))
    if shows is Shows.ALL_EQUAL:
        return n, n, n, n
    if shows is Shows.SQUARE:
        return n, n, n, n + int(random.integers(1, 6))
    inputs, hidden, outputs = (int(size) for size in random.permutation(np.arange(2, 8))[:3])
    fewest = 8 if shows is Shows.MANY_SAMPLES else 3
    counts = [m for m in range(fewest, 13) if m not in (inputs, hidden, outputs)]
    return inputs, hidden, outputs, int(random.choice(counts))
