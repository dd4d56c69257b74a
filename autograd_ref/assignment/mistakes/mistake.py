"""A wrong derivation of the network, as a change of the right one."""

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from autograd_ref.assignment.mistakes.derivation import RIGHT, STEPS, A, Derivation, Run, Step

Change = Callable[[Derivation], Derivation]


class Shows(Enum):
    """On which problems a mistake shows as what it is, whatever the parameters."""

    ANY = "S at least 3, and N_I, N_H, N_O at least 2"
    SQUARE = "N_I = N_H = N_O: elsewhere the shapes do not fit"
    ALL_EQUAL = "S = N_I = N_H = N_O: elsewhere the shapes do not fit"
    MANY_SAMPLES = "S at least 8, and more than N_O: with fewer it may raise, or not be made"


class Mistake(NamedTuple):
    """A wrong derivation of the network; its outcome is a mismatch.

    Its texts name formulas in braces, as `notation.written` fills them in.
    """

    name: str
    what: str
    """The mistake, as the end of a sentence: the gradients of a derivation in which ..."""
    fix: str
    """A sentence, or a statement in NumPy."""
    change: Change
    """The change of the derivation that would be right without it."""
    shows: Shows = Shows.ANY
    hides: str = ""
    """Where it makes no difference, in a few words."""
    fitted: bool = False
    """True where a number in it was chosen to explain the gradient under test."""

    @property
    def steps(self) -> frozenset[str]:
        """The steps that are different with the mistake."""
        changed = self.change(RIGHT)
        return frozenset(n for n in STEPS if getattr(changed, n) is not getattr(RIGHT, n))


def step(name: str, wrong: Step) -> Change:
    """Replace a step, whatever it was."""
    return lambda derivation: replace(derivation, **{name: wrong})


def after(name: str, change: Callable[[Run, A], A]) -> Change:
    """Change the result of a step."""

    def changed(derivation: Derivation) -> Derivation:
        right: Step = getattr(derivation, name)

        def then(run: Run) -> A:
            return change(run, right(run))

        return replace(derivation, **{name: then})

    return changed


def both(one: Change, two: Change) -> Change:
    """Make one change, then the other."""
    return lambda derivation: two(one(derivation))
