"""A record of the loss beside the quantities that the function under test returned there."""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.steps.substituted import backward, forward, nothing
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.tree.nest import Path, name_of
from autograd_ref.tree.point import Results


class Given(NamedTuple):
    """A returned quantity, and the values of the loss that it belongs to."""

    name: str
    is_derivative: bool
    refs: tuple[Ref, ...]
    own: tuple[Tensor, ...]
    """As it was returned, for each of the values and in its shape."""
    remark: str = ""
    parameter: Path | None = None


class Beside:
    """The record of a loss, and what the function under test has in the place of its quantities.

    Args:
        tape: the record, as it is.
        quantities: what was returned.
        hand: the gradients by the parameters, as far as they can be compared.
    """

    def __init__(self, tape: Tape, quantities: Sequence[Given], hand: Results) -> None:
        derivatives = [q for q in quantities if q.is_derivative]
        leaves = {("", *ref): ref for q in derivatives for ref in q.refs if ref not in tape.moving}
        parameters: dict[Path, Ref] = {**tape.parameters, **leaves}
        self.tape = Tape(tape.nodes, parameters, tape.result, tape.names, tape.bindings)
        gradients = [
            Given(name_of(path), True, (tape.parameters[path],), (own,), parameter=path)
            for path, array in hand.items()
            for own in (torch.from_numpy(array.copy()),)
        ]
        self.values = sorted((q for q in quantities if not q.is_derivative), key=_first)
        self.derivatives = sorted(derivatives, key=_last, reverse=True)
        self.gradients = gradients
        self.own_values = _own(self.values)
        self.own_derivatives = _own(self.derivatives)

    @property
    def quantities(self) -> list[Given]:
        """In the order in which they are computed: forwards, backwards, then the parameters'."""
        return [*self.values, *self.derivatives, *self.gradients]

    @cached_property
    def mine(self) -> Steps:
        """The record with the values of the function under test."""
        tape = self.tape
        if not self.own_values:
            return Steps(tape)
        return Steps(forward(tape, lambda ref, _computed: self.own_values.get(ref)).tape)

    def hand(self) -> list[Tensor]:
        """The quantity, as it was returned."""
        return [
            self.own_derivatives.get(ref, own) if q.is_derivative and q.parameter is None else own
            for q in self.quantities
            for ref, own in zip(q.refs, q.own, strict=True)
        ]

    def right(self) -> list[Tensor]:
        """The quantities by the loss."""
        again = forward(self.tape, nothing, set(self.tape.parameters.values()))
        found = backward(Steps(again.tape), self._wanted)
        return self._arrays(again.computed, found)

    def following(self, *, at_outputs: bool = False) -> list[Tensor]:
        """The quantities as they follow from those that were returned and come before them.

        Args:
            at_outputs: True to take derivatives that are functions of the result, as 1 - tanh**2
                is, at the result that was returned and not at that of the operand.
        """
        again = forward(
            self.tape,
            lambda ref, _computed: self.own_values.get(ref),
            set(self.tape.parameters.values()),
        )
        steps = Steps(again.tape)
        for ref, own in self.own_values.items() if at_outputs else ():
            if ref.node in again.tape.is_needed and again.tape.nodes[ref.node].compute:
                steps[ref.node].take_outputs({ref.output: own})
        found = backward(steps, self._wanted, lambda ref, _computed: self.own_derivatives.get(ref))
        return self._arrays(again.computed, found)

    def scaled(self, factors: Mapping[str, float]) -> "Beside":
        """Return it with some derivatives divided by numbers, by their names."""
        found = copy(self)
        found.own_derivatives = {
            ref: array / factors.get(quantity.name, 1.0)
            for quantity in self.derivatives
            for ref, array in zip(quantity.refs, quantity.own, strict=True)
        }
        return found

    @cached_property
    def _wanted(self) -> frozenset[Ref]:
        return frozenset(ref for q in (*self.derivatives, *self.gradients) for ref in q.refs)

    def _arrays(
        self, values: Mapping[Ref, Tensor], derivatives: Mapping[Ref, Tensor]
    ) -> list[Tensor]:
        return [
            (derivatives if q.is_derivative else values)[ref]
            for q in self.quantities
            for ref in q.refs
        ]


def _first(quantity: Given) -> Ref:
    return min(quantity.refs)


def _last(quantity: Given) -> Ref:
    return max(quantity.refs)


def _own(quantities: Sequence[Given]) -> dict[Ref, Tensor]:
    return {ref: own for q in quantities for ref, own in zip(q.refs, q.own, strict=True)}
