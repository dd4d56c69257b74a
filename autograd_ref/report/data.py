"""A report as data: the blocks, the causes of what is wrong, and notes about the check."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.behaviour import harmful
from autograd_ref.report.taylor.remainders import Taylor
from autograd_ref.report.words import listed

Verdict = Literal["match", "mismatch", "inconclusive"]

StepVerdict = Literal["match", "mismatch", "inherited"]

Side = Literal["hand", "losses", "reference", "kink", "undecided"]
"""The side that an independent check finds at fault; "losses" are two different functions."""


class Block(NamedTuple):
    """One quantity, as both sides have it; None where a figure is not defined.

    Examples:
        >>> import numpy as np
        >>> from autograd_ref import check_gradients
        >>> loss = lambda p: p["a"] ** 2 + (p["b"] ** 3).sum()
        >>> gradients = lambda p: {"a": 2 * p["a"], "b": 3 * p["b"]}
        >>> report = check_gradients(gradients, {"a": 0.5, "b": np.array([1.0, 2.0])}, loss=loss)
        >>> for block in report.blocks:
        ...     print(block.name, block.verdict, block.worst_index, block.hand, block.reference)
        a match () 1.0 1.0
        b mismatch (1,) 6.0 12.0
    """

    name: str
    """The path to the parameter, as one would type it: layers[1].bias."""
    shape: tuple[int, ...]
    dtype: str
    verdict: Verdict
    reason: str
    """The reason of a mismatch or of inconclusive, a clause without its subject; else empty."""
    max_abs_error: float | None = None
    """The largest absolute difference."""
    max_rel_error: float | None = None
    """The largest absolute difference, divided by the largest absolute value of the reference."""
    share: float | None = None
    """Error / tolerance at worst_index, the largest of the block; 1 is allowed."""
    tolerance: float | None = None
    """The largest absolute difference that rounding explains at worst_index."""
    worst_index: tuple[int, ...] | None = None
    """The index of the largest error / tolerance, or of the first value that is not finite."""
    hand: float | None = None
    """The value under test at worst_index."""
    reference: float | None = None
    """The value of the reference at worst_index."""
    cosine: float | None = None
    """The cosine of the angle between the array and the reference, both as vectors."""
    norm_ratio: float | None = None
    """The Euclidean norm of the array, divided by that of the reference."""
    resolution: float | None = None
    """The norm of the tolerances, divided by the norm of the reference: the largest relative error
    that could pass. It is inf where the reference is zero, and None where zero is what is right."""


class Note(NamedTuple):
    """A remark beside the verdict."""

    kind: str
    """A few fixed words, for programs."""
    text: str
    """One or two sentences, for people."""


class Slope(NamedTuple):
    """A numerical directional derivative of a loss, along the difference of two gradients."""

    value: float
    accuracy: float
    """An estimate of the absolute error of value."""


class IndependentCheck(NamedTuple):
    """Numerical derivatives of the losses, which tell which of two gradients is wrong.

    All numbers are directional derivatives along the difference of the gradients, as a unit vector.
    """

    side: Side
    """The side at fault, or why there is none."""
    explanation: str
    """One or two sentences, for people."""
    hand: float
    """The directional derivative by the gradient under test."""
    reference: float
    """The directional derivative by the reference gradient."""
    hand_loss: Slope | None
    """The numerical derivative of the loss under test; None where the function returns no loss."""
    reference_loss: Slope | None
    """The numerical derivative of the reference's loss; None where none was taken."""
    words: tuple[str, str] = ("gradient", "loss")
    """The derivative that is checked, and what it is the derivative of."""


class Cause(NamedTuple):
    """A mistake that explains what is wrong: corrected for it, the gradient agrees to rounding.

    Examples:
        >>> import numpy as np
        >>> from autograd_ref import check_gradients
        >>> report = check_gradients(lambda x: -2 * x, np.ones(3), loss=lambda x: (x**2).sum())
        >>> cause = report.causes[0]
        >>> cause.kind, cause.before, cause.residual
        ('sign flipped', 2.0, 0.0)
    """

    kind: str
    """A few fixed words, for programs; two mistakes at once are joined by " + "."""
    blocks: tuple[str, ...]
    """The names of the blocks that it explains."""
    explanation: str
    """One or two sentences, for people."""
    fix: str
    """The remedy, as a clause or a line of code."""
    before: float | None
    """The largest relative error of these blocks, as Block.max_rel_error; None where the shapes
    differ."""
    residual: float
    """The largest relative error that is left without the mistake."""


class Step(NamedTuple):
    """One quantity of a derivation, judged on those that it is computed from.

    Examples:
        >>> import numpy as np, torch
        >>> from autograd_ref import check_gradients
        >>> def loss(w, x):
        ...     h = torch.tanh(w * x)
        ...     return (h**2).sum()
        >>> def gradients(w, x):
        ...     h = np.tanh(w * x)
        ...     dh = h  # 2 is missing
        ...     return (h**2).sum(), dh * (1 - h**2) * x, {"dh": dh}
        >>> report = check_gradients(gradients, np.array([0.3, 0.5]), np.ones(2), loss=loss)
        >>> [(step.name, step.verdict) for step in report.steps]
        [('dh', 'mismatch'), ('gradient', 'inherited')]
    """

    name: str
    """As the function returns it; the name of a parameter for the gradient by it."""
    verdict: StepVerdict
    """"inherited" where it is wrong, and follows from what was returned before it."""
    place: str
    """The expression of the loss, and its line."""
    share: float
    """Error / tolerance beside what follows from those returned before it; 1 is allowed."""
    cause: Cause | None = None
    """The mistake in it; None where it is not known, and where there is none."""
    remark: str = ""
    """How it was understood, where that is not as it was returned."""


class Hidden(NamedTuple):
    """A known mistake that would not have shown in a check."""

    title: str
    """Its title in the catalogue."""
    why: str
    """The condition that hides it, such as S = 1; empty where it is not known."""


class Power(NamedTuple):
    """The mistakes of the catalogue that a check would have shown, and those that it would not."""

    visible: tuple[str, ...]
    """Titles."""
    hidden: tuple[Hidden, ...]

    def __str__(self) -> str:
        """Return a sentence."""
        count = len(self.visible) + len(self.hidden)
        if not self.hidden:
            return f"All {count} known mistakes that can be made here would have shown."
        names = [h.title + (f" (hidden where {h.why})" if h.why else "") for h in self.hidden]
        return (
            f"Of {count} known mistakes that can be made here, {len(self.visible)} would have"
            f" shown; not: {listed(names, most=20)}."
        )


@dataclass(frozen=True, eq=False)
class ReportData:
    """The fields of a report, without anything that shows them."""

    blocks: tuple[Block, ...]
    """One block for every array of the parameters, in their order."""
    loss: Block | None = None
    """The loss; None where the function under test returns none."""
    reference: str = "autograd"
    """The reference gradient, in a few words."""
    findings: tuple[Note, ...] = ()
    """Side effects of the function under test, such as a change of its arguments."""
    allowed: tuple[str, ...] = ()
    """The kinds of findings that the caller accepts."""
    warnings: tuple[Note, ...] = ()
    """Weaknesses of the check itself, and digits lost to rounding."""
    not_checked: tuple[Note, ...] = ()
    """Notes about what the check did not look at; each text is a noun phrase, the end of a list."""
    witness: IndependentCheck | None = None
    """The independent check by numerical derivatives; None where the gradients agree."""
    causes: tuple[Cause, ...] = ()
    """Mistakes, each of which explains all that is explained, the simplest first."""
    steps: tuple[Step, ...] = ()
    """Quantities that the function returns beside its gradients, and these, each judged on those
    that it is computed from, in the order of the computation; they do not count for the verdict."""
    pattern: tuple[Note, ...] = ()
    """Entries and samples that are wrong in blocks without a known cause, and what follows."""
    shares: Mapping[str, NDArray[np.float64]] = field(default_factory=dict[str, Any])
    """Error / tolerance of every entry, 1 allowed, by name, of the blocks that can be compared."""
    measure: Callable[[], Power] | None = None
    """The function behind `power`; None for a model without a catalogue of mistakes."""
    remainders: Callable[[int], Taylor] | None = None
    """The function behind `taylor`; None for a report that was copied to another process."""

    def __getstate__(self) -> dict[str, object]:
        """Return the fields; the loss of a Taylor test does not go to another process."""
        return {**vars(self), "remainders": None}

    @property
    def power(self) -> Power | None:
        """The known mistakes that this check would have shown; computed at each access."""
        return None if self.measure is None else self.measure()

    @property
    def intermediates(self) -> tuple[Step, ...]:
        """The steps without those of the gradients by the parameters."""
        names = {block.name for block in self.blocks}
        return tuple(step for step in self.steps if step.name not in names)

    @property
    def verdict(self) -> Verdict:
        """The verdict over the loss and all blocks: mismatch before inconclusive before match."""
        return overall(block.verdict for block in self.quantities)

    @property
    def passed(self) -> bool:
        """True for a match without a finding that does harm, except those that are allowed."""
        return self.verdict == "match" and not self.harmful

    @property
    def harmful(self) -> tuple[Note, ...]:
        """The findings that do harm and are not allowed."""
        return tuple(note for note in self.findings if harmful(note.kind, self.allowed))

    @property
    def quantities(self) -> tuple[Block, ...]:
        """The loss, if there is one, and the blocks."""
        return self.blocks if self.loss is None else (self.loss, *self.blocks)


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest of some verdicts: mismatch before inconclusive before match.

    >>> overall(["match", "inconclusive"])
    'inconclusive'
    """
    found = set(verdicts)
    if "mismatch" in found:
        return "mismatch"
    return "inconclusive" if "inconclusive" in found else "match"
