"""The tolerance of each block by the number formats that its computation goes through.

A weight in float32 beside activations in bfloat16 may have a gradient that is good to float32, or
one that went through bfloat16. It is judged by its own format first; where that does not explain
an error, by the coarsest that the computation went through.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from autograd_ref.reference.protocol import Coarser, Evaluation, Level, Reference, Tolerances
from autograd_ref.tree import number_format
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.number_format import NumberFormat, rank
from autograd_ref.tree.point import Point, Results


def judged_by_block(
    reference: Reference,
    by_format: Callable[[NumberFormat], Reference],
    through: Callable[[Point], Iterable[str]],
) -> Reference:
    """The reference, with a tolerance for each block by its own format before a coarser one.

    Args:
        reference: the one whose tolerances are replaced.
        by_format: the same reference, with the tolerances of a format.
        through: returns the formats that the computation at a point goes through, by their names.
    """

    def evaluate(point: Point) -> Evaluation:
        own = {path: number_format.of_leaf(leaf) for path, leaf in leaves(point.parameters).items()}

        @cache
        def at(number: NumberFormat) -> Evaluation:
            return by_format(number).evaluate(point)

        @cache
        def coarser() -> dict[Path, NumberFormat]:
            others = [number_format.of_dtype(name) for name in through(point)]
            return {path: _coarsest(number, *others) for path, number in own.items()}

        def in_formats(formats: Mapping[Path, NumberFormat], level: Level) -> Results:
            return {path: at(n).tolerances(level).gradients[path] for path, n in formats.items()}

        @cache
        def tolerances(level: Level) -> Tolerances:
            widest = at(_coarsest(*coarser().values()))
            return Tolerances(widest.tolerances(level).loss, in_formats(coarser(), level))

        finer = Coarser(coarser, cache(lambda: in_formats(own, Level.STRICT)))
        return reference.evaluate(point)._replace(tolerances=tolerances, coarser=finer)

    return reference._replace(evaluate=evaluate)


def _coarsest(*formats: NumberFormat) -> NumberFormat:
    return max(formats, key=rank)
