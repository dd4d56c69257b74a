"""A loss as a tape: its operations in the order in which they ran, with their values."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, cast

import torch
from torch import Tensor

from autograd_ref.recording.frames import CodePlace
from autograd_ref.tree.nest import Path


class Ref(NamedTuple):
    """A value on the tape."""

    node: int
    output: int = 0


class Site(NamedTuple):
    """A place in the code: equal in all turns of a loop, and at every point."""

    where: tuple[tuple[str, int], ...]
    """The functions and instructions of the caller's code, from the outside inwards."""
    operation: str
    ordinal: int
    """Among the operations of one name that the instruction makes."""


class Node(NamedTuple):
    """One operation with its values."""

    site: Site
    turn: int
    """How often the site was reached before."""
    place: CodePlace
    operands: tuple[Ref, ...]
    compute: Callable[..., object] | None
    """The outputs, computed from tensors in the places of the operands; None where nothing is
    computed: a parameter, data, a tensor from outside."""
    values: tuple[Tensor, ...]
    followed: bool
    """False where autograd does not look: under no_grad, and behind detach."""
    numbers: tuple[float, ...] = ()
    """The numbers of Python among the arguments."""


class Binding(NamedTuple):
    """A name, and what it was bound to."""

    name: str
    depth: int
    """The depth of the frame: 0 is the loss, 1 a function that it calls; -1 what it returned."""
    refs: tuple[Ref, ...]
    """One value, or those of a list."""
    is_list: bool = False


class Tape:
    """The operations of one evaluation of a loss.

    Args:
        nodes: in the order of evaluation.
        parameters: the values that are the leaves of the parameters.
        result: the value that is the loss.
        names: the names of values in the caller's code.
        bindings: all names that values were bound to, in their order.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        parameters: Mapping[Path, Ref],
        result: Ref,
        names: Mapping[Ref, str],
        bindings: Sequence[Binding] = (),
    ) -> None:
        self.nodes, self.parameters, self.result, self.names = nodes, parameters, result, names
        self.bindings = bindings

    def value(self, ref: Ref) -> Tensor:
        """The tensor."""
        return self.nodes[ref.node].values[ref.output]

    @cached_property
    def moving(self) -> frozenset[Ref]:
        """The continuous values that depend on parameters, as far as autograd sees."""
        found = set(self.parameters.values())
        for index, node in enumerate(self.nodes):
            if node.followed and any(operand in found for operand in node.operands):
                outputs = (Ref(index, i) for i in range(len(node.values)))
                found.update(o for o in outputs if is_continuous(self.value(o)))
        return frozenset(found)

    @cached_property
    def numbers(self) -> int:
        """How many numbers there are in the values that depend on parameters."""
        return sum(self.value(ref).numel() for ref in self.moving)

    @cached_property
    def turns(self) -> dict[Site, list[int]]:
        """The nodes at each site, in their order."""
        found: dict[Site, list[int]] = {}
        for index, node in enumerate(self.nodes):
            found.setdefault(node.site, []).append(index)
        return found

    @cached_property
    def needed(self) -> list[int]:
        """The nodes that the loss depends on and that depend on parameters, the last one first."""
        wanted, found = {self.result.node}, list[int]()
        for index in range(self.result.node, -1, -1):
            if index in wanted and self.moves(index):
                found.append(index)
                operands = self.nodes[index].operands
                wanted.update(operand.node for operand in operands if operand in self.moving)
        return found

    @cached_property
    def is_needed(self) -> frozenset[int]:
        """The nodes of `needed`."""
        return frozenset(self.needed)

    @cached_property
    def is_wanted(self) -> frozenset[int]:
        """The nodes that the loss depends on, whether or not parameters move them."""
        found = {self.result.node}
        for index in range(self.result.node, -1, -1):
            if index in found:
                found.update(operand.node for operand in self.nodes[index].operands)
        return frozenset(found)

    @cached_property
    def uses(self) -> dict[Ref, list[int]]:
        """The nodes that use each moving value and that the loss depends on."""
        found: dict[Ref, list[int]] = {ref: [] for ref in self.moving}
        for index in self.needed:
            for operand in self.nodes[index].operands:
                if operand in self.moving:
                    found[operand].append(index)
        return found

    @cached_property
    def same(self) -> dict[Ref, int]:
        """A number for each continuous value, one for all that are equal entry by entry."""
        numbers: dict[tuple[bytes, torch.Size], int] = {}
        return {
            Ref(index, i): numbers.setdefault((_bytes(value), value.shape), len(numbers))
            for index, node in enumerate(self.nodes)
            for i, value in enumerate(node.values)
            if is_continuous(value)
        }

    def reached(self, index: int) -> list[Ref]:
        """The moving operands of a node."""
        return [o for o in self.nodes[index].operands if o in self.moving]

    @cached_property
    def ancestors(self) -> list[int]:
        """For each node the nodes that it depends on, itself included, as the bits of a number."""
        found: list[int] = []
        for index, node in enumerate(self.nodes):
            bits = 1 << index
            for operand in node.operands:
                if operand in self.moving:
                    bits |= found[operand.node]
            found.append(bits)
        return found

    def moves(self, index: int) -> bool:
        """Return whether an output of a node depends on parameters."""
        return any(Ref(index, i) in self.moving for i in range(len(self.nodes[index].values)))


def is_continuous(value: Tensor) -> bool:
    """Return whether the entries of a tensor are real or complex numbers."""
    return value.is_floating_point() or value.is_complex()


def as_real(value: Tensor) -> Tensor:
    """Return a tensor with the two parts of complex entries along a last axis."""
    return torch.view_as_real(value) if value.is_complex() else value


def _bytes(value: Tensor) -> bytes:
    """The entries; NumPy has no bfloat16."""
    wide = value.float() if value.dtype == torch.bfloat16 else value
    return wide.numpy(force=True).tobytes()


def outputs_of(result: object) -> tuple[Tensor, ...]:
    """The tensors that an operation returned, in their order; no numbers, nothing for None."""
    if isinstance(result, Tensor):
        return (result,)
    if isinstance(result, list | tuple):
        found = cast("Sequence[object]", result)
        return tuple(o if isinstance(o, Tensor) else torch.zeros((), device="cpu") for o in found)
    return ()
