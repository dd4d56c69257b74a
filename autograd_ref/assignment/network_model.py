"""The network as a reference, with all that is known of wrong derivations of it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from autograd_ref.assignment.autograd_reference import (
    CALLED,
    evaluated,
    loss_at,
    network_loss,
    network_paths,
    network_problem,
)
from autograd_ref.assignment.detectable import power_of
from autograd_ref.assignment.mistakes.catalogue import COUNTS, DERIVATIONS, FIXES
from autograd_ref.assignment.mistakes.derivation import RIGHT, A, gradients_by
from autograd_ref.assignment.mistakes.mistake import Change, Mistake, both
from autograd_ref.assignment.mistakes.notation import written
from autograd_ref.assignment.mistakes.other_moment import kept_from, updated
from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.reference.model import (
    Discrepancy,
    Hypothesis,
    Judged,
    ReturnedBeside,
    WrongGradient,
)
from autograd_ref.reference.protocol import Reference
from autograd_ref.report.data import Power
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point, Results
from manual_backprop.parameters import Parameters
from manual_backprop.validation import Batch

MOST_WORK = 2e9
"""Multiplications, a second or two, beyond which wrong derivations are not tried in pairs."""

AXES = (("hidden unit", "input"), ("hidden unit",), ("class", "hidden unit"), ("class",))
"""Words for an index along the rows and columns of W0, b0, W1 and b1."""

ALL = (0, 1, 2, 3)
ADVICE: dict[tuple[int, ...], str] = {
    (0,): "delta1 is right, because b0 is: look at its product with X",
    (1,): "delta1 is right, because W0 is: look at its sum over the samples",
    (2,): "e2 is right, because b1 is: look at its product with a1",
    (3,): "e2 is right, because W1 is: look at its sum over the samples",
    (0, 1): "e2 and a1 are right, because W1 and b1 are: look at {back}, and the slope",
    (2, 3): "e2 is right where it goes back, because W0 and b0 are: look at what makes W1 and b1",
    (0, 2): "e2 and delta1 are right, because b0 and b1 are: look at the products with X and a1",
    (1, 3): "e2 and delta1 are right, because W0 and W1 are: look at the sums over the samples",
    ALL: "nothing that follows from e2 is right: look at z2, the softmax, Y and the 1/S",
}
"""By the numbers of the blocks that are wrong, in the order W0, b0, W1, b1."""

ADVICE_FOR_E2 = "y_hat is right, because the loss is: look at e2, made of y_hat, Y and the 1/S"


class Derived(NamedTuple):
    """A changed derivation, and the problem on which it is evaluated."""

    change: Change
    problem: tuple[Parameters, Batch]
    keys: list[Path]


class NetworkModel(TorchModel):
    """The built-in network as a model: its words, its sizes, and its wrong derivations."""

    def __init__(self) -> None:
        super().__init__(network_loss)

    def axes(self, point: Point, key: Path, /) -> tuple[str, ...]:
        """Return what the rows and columns of a block stand for."""
        return AXES[network_paths(point.parameters).index(key)]

    def counts(self, point: Point, /) -> Mapping[str, int]:
        """Return N_I, N_H and N_O."""
        shape = network_problem(point)[0].shape
        return dict(zip(COUNTS, (shape.inputs, shape.hidden, shape.outputs), strict=True))

    def fixes(self) -> Mapping[str, str]:
        """Return how to fix mistakes of any gradient, in the symbols of this network."""
        return {name: written(text) for name, text in FIXES.items()}

    def hypotheses(self, seen: Discrepancy, /) -> Iterator[Hypothesis]:
        """Yield the catalogue's derivations, those kept from an earlier call first."""
        point, hand, earlier = seen.point, seen.hand, seen.earlier
        problem, keys = network_problem(point), network_paths(point.parameters)
        fitted = updated([hand.get(key) for key in keys], problem[0], *problem[1])
        kept = () if earlier is None else _kept_from(earlier)
        work = len(problem[1].X) * sum(block.size for block in problem[0])
        composable = work * len(DERIVATIONS) ** 2 <= MOST_WORK
        for mistake in (*kept, *([fitted] if fitted else []), *DERIVATIONS):
            found = _hypothesis(mistake, problem, keys)
            if found is not None:
                yield found if composable else found._replace(derivation=None)

    def compose(self, one: Hypothesis, two: Hypothesis, /) -> Hypothesis | None:
        """Return the derivation with the steps of one wrong, then those of two."""
        first, second = one.derivation, two.derivation
        assert isinstance(first, Derived), "only what is cheap enough is composed"
        assert isinstance(second, Derived), "the same problem costs the same"
        mistake = Mistake(
            f"{one.name} + {two.name}",
            f"{one.what}, and {two.what}",
            f"{one.fix}; {two.fix}",
            both(first.change, second.change),
            fitted=one.fitted or two.fitted,
        )
        return _hypothesis(mistake, first.problem, first.keys)

    def slips(self, wrong: WrongGradient, most: int, /) -> Iterator[Hypothesis]:
        """Yield wrong steps that the catalogue has not: one, or else two, once its pairs are tried.

        They are tried in a fifth of the time.
        """
        if most > 1:
            found = [*super().slips(wrong, 1)]
            yield from found or super().slips(wrong, most)

    def advice(self, point: Point, wrong: Sequence[Path], loss_is_right: bool, /) -> str:
        """Return which step to look at, if exactly these blocks are wrong."""
        keys = network_paths(point.parameters)
        numbers = tuple(keys.index(key) for key in wrong)
        if numbers == ALL and loss_is_right:
            return ADVICE_FOR_E2
        return written(ADVICE.get(numbers, ""))

    def steps(
        self,
        found: ReturnedBeside,
        matching: Collection[Path],
        again: Callable[[], ReturnedBeside | None],
        /,
    ) -> Judged:
        """Return the verdict on each quantity, by its name in the loss or in the derivation."""

        def there() -> ReturnedBeside | None:
            other = again()
            return other and other._replace(called=CALLED)

        return super().steps(found._replace(called=CALLED), matching, there)

    def detectable(self, point: Point, /) -> Callable[[], Power]:
        """Return a function that lists which mistakes of the catalogue can show here."""
        return partial(power_of, point)


def assignment() -> Reference:
    """Return PyTorch's autograd of the network, for parameters and data as users keep them."""
    about = "autograd of the built-in network, in float64"
    return Reference(about, evaluated, loss_at, exchangeable=True, model=NetworkModel())


def _kept_from(earlier: Point) -> tuple[Mistake, ...]:
    parameters, batch = network_problem(earlier)
    return kept_from(parameters, *batch)


def _hypothesis(
    mistake: Mistake, problem: tuple[Parameters, Batch], keys: list[Path]
) -> Hypothesis | None:
    """Return what comes of a mistake; None where its code would raise."""
    parameters, batch = problem

    def evaluated_at(p: Parameters, X: A, Y: A) -> Results | None:
        found = gradients_by(mistake.change(RIGHT), p, X, Y)
        if found is None:
            return None
        return {key: a.astype(np.float64) for key, a in zip(keys, found, strict=True)}

    @cache
    def in_float32() -> Results | None:
        narrow = Parameters(*(block.astype(np.float32) for block in parameters))
        return evaluated_at(narrow, *(a.astype(np.float32) for a in batch))

    gradients = evaluated_at(parameters, *batch)
    if gradients is None:
        return None
    return Hypothesis(
        mistake.name,
        written(mistake.what),
        written(mistake.fix),
        gradients,
        in_float32,
        mistake.fitted,
        Derived(mistake.change, problem, keys),
    )
