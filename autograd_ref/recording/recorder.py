"""The recording of a loss: a mode that sees every operation, and what it does to memory.

Operations that write into memory are recorded as others that return it: a value on the tape never
changes. A view of memory that was written into since is taken anew from what the memory holds now.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.bindings import Bindings
from autograd_ref.recording.composites.taken_apart import Parts, composite
from autograd_ref.recording.frames import Call, CodePlace, callers_frames, place_of
from autograd_ref.recording.replay import Geometry, Replay, Rewrite, geometry_of, numbers_in
from autograd_ref.recording.tape import Node, Ref, Site, Tape, outputs_of
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import evaluated
from autograd_ref.torch_internals import (
    EveryOperation,
    memory_of,
    name_of,
    tensors_within,
    written_into,
)
from autograd_ref.tree.layout import copied_tensor
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point

OUTSIDE = CodePlace("", 0, "", "")


class CannotFollow(Exception):
    """A loss that cannot be recorded; the text says what stopped it."""


class _Memory(NamedTuple):
    """A piece of memory, and the values that lie in it."""

    whole: Ref
    """The value that it holds now."""
    geometry: Geometry
    known: dict[Geometry, Ref]
    """The views that hold what it holds now."""


def recorded(
    loss: Loss,
    point: Point,
    *,
    apart: bool = False,
    everything: bool = False,
    detached: bool = False,
) -> Tape:
    """Record a loss at a point.

    Args:
        loss: in PyTorch.
        point: where.
        apart: True to take composite operations apart, as a person derives them.
        everything: True to follow also what runs under no_grad, as custom Functions do.
        detached: True to follow also what is detached, as autograd does with what it has kept for
            a backward pass inside the loss.

    Raises:
        CannotFollow: the loss is not made of operations on the parameters.
    """
    recorder = _Recorder(apart=apart, everything=everything, detached=detached)
    value, inputs, others = evaluated(loss, *point, mode=recorder)
    return recorder.tape(value, inputs, others)


class _Recorder(EveryOperation):
    def __init__(self, *, apart: bool, everything: bool, detached: bool) -> None:
        super().__init__()
        self._apart, self._everything, self._detached = apart, everything, detached
        self._nodes: list[Node] = []
        self._values: list[list[Tensor]] = []
        self._memories: dict[int, _Memory] = {}
        self._refs: dict[int, list[Ref]] = {}
        self._kept: list[Tensor] = []
        self._turns: dict[Site, int] = {}
        self._bindings = Bindings(self._known)
        self._call: Call = None
        self._counted: tuple[Call, dict[str, int]] = (None, {})
        self._inside: tuple[tuple[tuple[str, int], ...], CodePlace] | None = None

    def tape(self, value: Tensor, inputs: dict[Path, Tensor], others: object) -> Tape:
        """The tape, once the loss has been evaluated.

        Args:
            value: of the loss.
            inputs: the tensors of the parameters.
            others: what the loss returned beside its value.
        """
        self._bindings.close(others)
        self._call, self._counted = None, (None, {})  # frames hold what is in them
        parameters = {path: self._ref(tensor) for path, tensor in inputs.items()}
        result = self._ref(value)
        names = self._bindings.names
        for index in range(len(self._nodes)):
            whole = self._viewed(Ref(index)) if self._values[index] else None
            if whole is not None and whole in names:
                _ = names.setdefault(Ref(index), names[whole])
        nodes = [
            node._replace(values=tuple(map(_on_the_cpu, values)))
            for node, values in zip(self._nodes, self._values, strict=True)
        ]
        for node in nodes:
            if any(value.layout != torch.strided for value in node.values):
                raise CannotFollow(f"sparse tensors are not followed, as in {node.place}")
        tape = Tape(nodes, parameters, result, names, self._bindings.found)
        if result not in tape.moving:
            raise CannotFollow("the loss does not depend on the parameters by its operations")
        return tape

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = kwargs or {}
        name = name_of(func)
        outermost = self._inside is None
        if outermost:
            self._bindings.look(callers_frames(recorded.__code__).frames)
        if name == "detach":
            return self._detach(func(*args, **kwargs).clone(), args[0])
        written = written_into(func, args, kwargs)
        operands = [self._ref(tensor) for tensor in tensors_within((args, kwargs))]
        if len(written) == 1:
            return self._writes(func, args, kwargs, written[0], operands)
        for tensor in written:  # running statistics and the like
            self._protect(memory_of(tensor))
        result: object = func(*args, **kwargs)
        for tensor in written:
            self._memories.pop(memory_of(tensor), None)
        parts = composite(func, self._apart) if outermost else None
        if parts is None or not self._taken_apart(parts, result, args, kwargs):
            compute = Replay(func, args, kwargs)
            self._append(
                name,
                operands,
                compute.on_copies if written else compute,
                outputs_of(result),
                numbers=numbers_in((args, kwargs)),
            )
        return result

    def _taken_apart(self, parts: Parts, result: object, args: Any, kwargs: Any) -> bool:
        """Record simpler operations in the place of one; False where they give something else."""
        self._inside = self._where()
        try:
            with self:
                found = parts(result, *args, **kwargs)
        except (RuntimeError, TypeError, ValueError, IndexError):  # arguments of another kind
            return False
        finally:
            self._inside = None
        pairs = [*zip(outputs_of(found), outputs_of(result), strict=False)]
        if not pairs or not _close(*pairs[0]):
            return False
        for one, tensor in pairs:
            self._settle(tensor, self._ref(one))
        return True

    def _detach(self, result: Tensor, operand: Tensor) -> Tensor:
        if self._detached:
            self._append("clone", [self._ref(operand)], torch.clone, (result,))
        else:
            self._append("detach", (), None, (result,), followed=False)
        return result

    def _writes(
        self, func: Any, args: Any, kwargs: Any, tensor: Tensor, operands: Sequence[Ref]
    ) -> object:
        """Record an operation that writes into memory, as one that returns what it then holds."""
        key = memory_of(tensor)
        memory = self._memories[key]
        self._protect(key)
        result: object = func(*args, **kwargs)
        ref = self._append(
            name_of(func),
            [memory.whole, *operands],
            Rewrite(func, args, kwargs, tensor, memory.geometry),
            (tensor.as_strided(*_strided(memory.geometry)),),
            numbers=numbers_in((args, kwargs)),
        )
        self._memories[key] = memory._replace(whole=ref, known={memory.geometry: ref})
        return result

    def _append(
        self,
        name: str,
        operands: Sequence[Ref],
        compute: Callable[..., object] | None,
        outputs: tuple[Tensor, ...],
        *,
        followed: bool = True,
        numbers: tuple[float, ...] = (),
    ) -> Ref:
        where, place = self._inside or self._where()
        ordinal = self._ordinal(name)
        site = Site(where, name, ordinal)
        turn = self._turns[site] = self._turns.get(site, -1) + 1
        followed = followed and (self._everything or torch.is_grad_enabled())
        index = len(self._nodes)
        self._nodes.append(Node(site, turn, place, tuple(operands), compute, (), followed, numbers))
        self._values.append([output.detach() for output in outputs])
        for i, output in enumerate(outputs):
            self._settle(output, Ref(index, i))
        return Ref(index)

    def _ordinal(self, name: str) -> int:
        """How many operations of a name the present call has made before."""
        if self._counted[0] is not self._call:
            self._counted = (self._call, {})
        seen = self._counted[1]
        seen[name] = seen.get(name, -1) + 1
        return seen[name]

    def _where(self) -> tuple[tuple[tuple[str, int], ...], CodePlace]:
        frames, self._call = callers_frames(recorded.__code__)
        if not frames:
            return (), OUTSIDE
        path = [(f"{f.f_code.co_filename}:{f.f_code.co_qualname}", f.f_lasti) for f in frames]
        return tuple(reversed(path)), place_of(frames[0])

    def _known(self, tensor: Tensor) -> Ref | None:
        """The value that a tensor holds now, not a view of all of it; None if not recorded."""
        memory = self._memories.get(memory_of(tensor))  # none for one of many, inside of vmap
        return memory and memory.known.get(geometry_of(tensor))

    def _viewed(self, ref: Ref) -> Ref | None:
        """The value of which another is a view of all in its own shape; None where it is none."""
        operands = self._nodes[ref.node].operands
        if len(operands) != 1:
            return None
        mine, before = (self._values[r.node][r.output] for r in (ref, operands[0]))
        same = memory_of(mine) == memory_of(before) and geometry_of(mine) == geometry_of(before)
        return operands[0] if same else None

    def _ref(self, tensor: Tensor) -> Ref:
        """The value that a tensor holds now."""
        memory = self._memories.get(memory_of(tensor))
        geometry = geometry_of(tensor)
        if memory is None:
            site = Site((), "outside", len(self._nodes))
            index = len(self._nodes)
            self._nodes.append(Node(site, 0, OUTSIDE, (), None, (), followed=False))
            self._values.append([tensor.detach()])
            self._settle(tensor, Ref(index))
            self._bindings.came_up(tensor, Ref(index))
            return Ref(index)
        found = memory.known.get(geometry)
        if found is not None:
            return found
        offset, size, stride, _dtype = geometry
        shift = offset - memory.geometry[0]

        def view(whole: Tensor) -> Tensor:
            return whole.as_strided(size, stride, whole.storage_offset() + shift)

        whole = memory.whole
        return self._append("view", [whole], view, (tensor,))

    def _settle(self, tensor: Tensor, ref: Ref) -> None:
        """Take note of which value a tensor is."""
        key, geometry = memory_of(tensor), geometry_of(tensor)
        self._kept.append(tensor)
        self._refs.setdefault(key, []).append(ref)
        memory = self._memories.get(key)
        if memory is None:
            memory = self._memories[key] = _Memory(ref, geometry, {})
        memory.known.setdefault(geometry, ref)  # not a view of all of it

    def _protect(self, key: int) -> None:
        """Give the values in a piece of memory memory of their own, before it is written into."""
        for node, output in self._refs.pop(key, ()):
            self._values[node][output] = self._values[node][output].clone()


def _on_the_cpu(value: Tensor) -> Tensor:
    """A value where the gradient under test is compared with it, as it lies in memory."""
    return value if value.device.type == "cpu" else copied_tensor(value, "cpu")


def _strided(geometry: Geometry) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    offset, size, stride, _dtype = geometry
    return size, stride, offset


def _close(one: Tensor, other: Tensor) -> bool:
    """Return whether simpler operations give what an operation gives, to rounding."""
    alike = one.shape == other.shape and one.dtype == other.dtype
    return alike and torch.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True)
