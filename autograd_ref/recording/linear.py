"""The derivative of one operation on a tape, as PyTorch gives it: backwards and forwards."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from autograd_ref.recording.tape import Node, Ref, Tape, outputs_of


class Linear:
    """One operation, linear at its values.

    Args:
        node: the operation.
        operands: the tensors that it is linearised at.
        moving: the places of the operands that it is differentiated by.
    """

    def __init__(self, node: Node, operands: Sequence[Tensor], moving: Sequence[int]) -> None:
        assert node.compute is not None
        self.node, self.operands, self.moving = node, list(operands), tuple(moving)
        self._leaves = [o.detach().requires_grad_(i in self.moving) for i, o in enumerate(operands)]
        with torch.enable_grad():
            self._outputs = outputs_of(node.compute(*self._leaves))

    def with_operand(self, place: int, value: Tensor) -> "Linear":
        """Return the operation, made linear with another value in one place."""
        operands = [value if i == place else o for i, o in enumerate(self.operands)]
        return Linear(self.node, operands, self.moving)

    def with_each(self, place: int, values: Tensor) -> "Linear | None":
        """Return the operation done with each of many values in one place, all at once.

        It is None where that is more than to give all operands a first axis.

        Args:
            place: the number of the operand.
            values: with a first axis.
        """
        operation = getattr(self.node.compute, "operation", None)
        operands = [values if i == place else o[None] for i, o in enumerate(self.operands)]
        if torch.Tag.pointwise in getattr(operation, "tags", ()):
            most, compute = max(o.ndim for o in operands), self.node.compute
            operands = [o.reshape(len(o), *(1,) * (most - o.ndim), *o.shape[1:]) for o in operands]
        elif self.node.site.operation in ("mm", "bmm"):
            compute = torch.matmul
        else:
            return None
        operands = [o.expand(len(values), *o.shape[1:]) for o in operands]
        return Linear(self.node._replace(compute=compute), operands, self.moving)

    def take_outputs(self, outputs: Mapping[int, Tensor]) -> None:
        """Put other outputs in the place of those computed, for a derivative that is taken at them.

        Args:
            outputs: by their numbers; a view of an operand stays.
        """
        operands = {leaf.untyped_storage().data_ptr() for leaf in self._leaves}
        for number, value in outputs.items():
            output = self._outputs[number].data  # which autograd does not watch
            if output.untyped_storage().data_ptr() not in operands:
                _ = output.copy_(value)

    def at(self, operands: Sequence[Tensor]) -> "Linear":
        """Return the operation, made linear at other operands."""
        return Linear(self.node, operands, self.moving)

    def computing(self, compute: Callable[..., object]) -> "Linear":
        """Return another operation on the same operands."""
        return Linear(self.node._replace(compute=compute), self.operands, self.moving)

    def back(self, cotangents: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """Return what reaches each moving operand, by its place.

        Args:
            cotangents: of the outputs, by their numbers; each with a first axis for many at once.
        """
        given = {i: c for i, c in cotangents.items() if self._outputs[i].requires_grad}
        wanted = [self._leaves[i] for i in self.moving]
        rows = next(iter(cotangents.values())).shape[0]
        if not given:
            return {i: self._leaves[i].new_zeros(rows, *self._leaves[i].shape) for i in self.moving}
        outputs = [self._outputs[i] for i in given]
        found = _gradients(outputs, wanted, list(given.values()), rows)
        return {
            i: leaf.new_zeros(rows, *leaf.shape) if g is None else g.to_dense()
            for i, leaf, g in zip(self.moving, wanted, found, strict=True)
        }

    def forward(self, tangents: Mapping[int, Tensor]) -> list[Tensor | None]:
        """Return how far each output moves where operands move.

        Args:
            tangents: of the operands, by their places; each with a first axis for many at once.
        """
        # PyTorch's forward mode knows no operation that this does not, and takes seconds to load
        try:
            return self._forward_by_back(tangents)
        except RuntimeError:  # an operation whose derivative has none
            return [
                self._entry_by_entry(number, tangents) if output.requires_grad else None
                for number, output in enumerate(self._outputs)
            ]

    def _entry_by_entry(self, number: int, tangents: Mapping[int, Tensor]) -> Tensor:
        """How far each entry of an output moves, by what comes back from it alone."""
        output = self._outputs[number].detach()
        rows, entries = len(next(iter(tangents.values()))), output.numel()
        moved = output.new_zeros(rows, entries)
        if entries:
            ones = torch.eye(entries, dtype=output.dtype, device="cpu").reshape(
                entries, *output.shape
            )
            back = self.back({number: ones})
            for i, t in tangents.items():
                moved += t.reshape(rows, -1) @ back[i].reshape(entries, -1).T
        return moved.reshape(rows, *output.shape)

    def _forward_by_back(self, tangents: Mapping[int, Tensor]) -> list[Tensor | None]:
        """The derivative of the backward pass by the cotangent."""
        found: list[Tensor | None] = []
        wanted = [self._leaves[i] for i in tangents]
        rows = len(next(iter(tangents.values())))
        for output in self._outputs:
            if not output.requires_grad:
                found.append(None)
                continue
            dummy = torch.zeros_like(output, requires_grad=True)
            back = torch.autograd.grad(
                output, wanted, dummy, create_graph=True, allow_unused=True, retain_graph=True
            )
            both = zip(cast("Sequence[Tensor | None]", back), tangents.values(), strict=True)
            pairs = [(b, t) for b, t in both if b is not None and b.requires_grad]
            if not pairs:
                raise RuntimeError("what comes back is none of its cotangent's")
            moved = _gradients([b for b, _t in pairs], [dummy], [t for _b, t in pairs], rows)
            found.append(moved[0])
        return found


def _gradients(
    outputs: list[Tensor], wanted: list[Tensor], given: list[Tensor], rows: int
) -> Sequence[Tensor | None]:
    """The derivatives by some tensors, for each row of those given by the outputs."""

    def alone(row: int) -> Sequence[Tensor | None]:
        return torch.autograd.grad(
            outputs, wanted, [c[row] for c in given], retain_graph=True, allow_unused=True
        )

    if rows > 1:
        try:
            return torch.autograd.grad(
                outputs, wanted, given, retain_graph=True, allow_unused=True, is_grads_batched=True
            )
        except RuntimeError:  # an operation that PyTorch cannot do for many at once
            pass
    found = [alone(row) for row in range(rows)]
    return [
        None if column[0] is None else torch.stack([g for g in column if g is not None])
        for column in zip(*found, strict=True)
    ]


class Steps:
    """The operations of a tape, each made linear once, when it is asked for.

    Args:
        tape: the record.
        known: derivatives by values that no sweep of it reaches, for slips that use them.
    """

    def __init__(self, tape: Tape, known: Mapping[Ref, Tensor] | None = None) -> None:
        self.tape, self.known = tape, known or {}
        self._made: dict[int, Linear] = {}

    def __getitem__(self, index: int) -> Linear:
        if index not in self._made:
            self._made[index] = self.at(index, {})
        return self._made[index]

    def take(self, other: "Steps", different: Collection[int]) -> None:
        """Use what another record has made already, but for some nodes."""
        self._made = {i: step for i, step in other._made.items() if i not in different}

    def at(self, index: int, replaced: Mapping[int, Tensor]) -> Linear:
        """Return an operation made linear at other operands, by their places."""
        node = self.tape.nodes[index]
        operands = [replaced.get(i, self.tape.value(r)) for i, r in enumerate(node.operands)]
        moving = [i for i, r in enumerate(node.operands) if r in self.tape.moving]
        return Linear(node, operands, moving)
