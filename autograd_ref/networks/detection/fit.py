"""A network that a gradient is right for, and what of it is another choice than was meant."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from autograd_ref.networks.architecture import Architecture
from autograd_ref.report.words import listed

OfLoss = Literal["match", "mismatch", ""]


class Fit(NamedTuple):
    """A network that a gradient is right for."""

    architecture: Architecture
    changed: tuple[str, ...]
    """The choices that differ from the network that was meant; empty for that one itself."""
    loss: OfLoss
    """The verdict on the loss that is returned beside the gradient; empty where none is."""

    @property
    def kinds(self) -> list[str]:
        """The differences in words."""
        one = self.architecture
        said = {"activation": one.activation, "output": f"{one.output} outputs"}
        kinds = [said[name] for name in self.changed if name in said]
        if {"loss", "reduction"} & {*self.changed}:
            kinds.append(one.loss_in_words)
        if "l2" in self.changed:
            kinds.append(one.penalty_in_words if one.l2 else "no penalty")
        return kinds

    def __str__(self) -> str:
        """Return it as a sentence's end: right, if tanh is meant: --activation tanh."""
        if not self.changed:
            return "right as it is"
        loss = " (but the loss returned is another)" if self.loss == "mismatch" else ""
        verb = "is" if len(self.kinds) == 1 else "are"
        return f"right, if {listed(self.kinds)} {verb} meant: {self.named}{loss}"

    @property
    def named(self) -> str:
        """The options that choose it."""
        return self.architecture.options or "without options"


def changed(one: Architecture, meant: Architecture) -> tuple[str, ...]:
    """Return the choices in which a network differs from the one that was meant."""
    penalty = "l2", "l2_over_samples", "l2_of"
    differ = [
        "l2" if name in penalty else name
        for name, here, there in zip(Architecture._fields, one, meant, strict=True)
        if here != there
    ]
    return tuple(dict.fromkeys(differ))


def in_words(fits: Sequence[Fit]) -> str:
    """Return what the networks say that a gradient is right for, as a paragraph.

    Args:
        fits: the networks, the nearest first.
    """
    if not fits:
        return (
            "It is right for none of the usual networks of these sizes: no activation, output, loss"
            " and mean or sum, with or without an L2 penalty, gives this gradient."
        )
    first, *others = fits
    if not first.changed:
        also = [f"{listed(one.kinds)} ({one.named})" for one in others]
        if not also:
            return "It is right for this network, and for no other of the usual ones."
        return (
            "It is right for this network; on these sizes the same function is chosen by"
            f" {listed(also)}."
        )
    several = [str(fit) for fit in fits]
    return f"It is {'; or '.join(several)}."
