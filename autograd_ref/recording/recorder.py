"""The recording of a loss: a mode that sees every operation, and what it does to memory.

Operations that write into memory are recorded as others that return it: a value on the tape never
changes. A view of memory that was written into since is taken anew from what the memory holds now.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.composites import composite
from autograd_ref.recording.frames import Place, callers_frames, named_tensors, place_of
from autograd_ref.recording.replay import Geometry, Replay, Rewrite, geometry_of, memory_of, numbers_in
from autograd_ref.recording.tape import Node, Ref, Site, Tape, outputs_of
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import evaluated
from autograd_ref.torch_internals import EveryOperation, name_of, tensors_within, written_into
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point

OUTSIDE = Place("", 0, "", "")


class CannotFollow(Exception):
    """A loss that cannot be recorded; the text says what stopped it."""


class _Memory(NamedTuple):
    """A piece of memory, and the values that lie in it."""

    whole: Ref
    """What it holds now."""
    geometry: Geometry
    known: dict[Geometry, Ref]
    """The views that hold what it holds now."""


def recorded(loss: Loss, point: Point, *, apart: bool = False, everything: bool = False) -> Tape:
    """Record a loss at a point.

    Args:
        loss: in PyTorch.
        point: where.
        apart: True to take composite operations apart, as a person derives them.
        everything: True to follow also what runs under no_grad, as custom Functions do.

    Raises:
        CannotFollow: the loss is not made of operations on the parameters.
    """
    recorder = _Recorder(apart=apart, everything=everything)
    value, inputs = evaluated(loss, *point, mode=recorder)
    return recorder.tape(value, inputs)


class _Recorder(EveryOperation):
    def __init__(self, *, apart: bool, everything: bool) -> None:
        super().__init__()
        self._apart, self._everything = apart, everything
        self._nodes: list[Node] = []
        self._values: list[list[Tensor]] = []
        self._memories: dict[int, _Memory] = {}
        self._refs: dict[int, list[Ref]] = {}
        self._kept: list[Tensor] = []
        self._turns: dict[Site, int] = {}
        self._names: dict[Ref, str] = {}
        self._last: tuple[tuple[tuple[str, int], ...], dict[str, int]] = ((), {})
        self._inside: tuple[tuple[tuple[str, int], ...], Place] | None = None

    def tape(self, value: Tensor, inputs: dict[Path, Tensor]) -> Tape:
        """What was recorded."""
        parameters = {path: self._ref(tensor) for path, tensor in inputs.items()}
        result = self._ref(value)
        if self._nodes[result.node].compute is None and result not in parameters.values():
            raise CannotFollow("the loss does not come out of recorded operations")
        nodes = [
            node._replace(values=tuple(values))
            for node, values in zip(self._nodes, self._values, strict=True)
        ]
        return Tape(nodes, parameters, result, self._names)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = kwargs or {}
        name = name_of(func)
        outermost = self._inside is None
        if outermost:
            self._look_around()
        if name == "detach":
            result = func(*args, **kwargs).clone()
            self._append(name, (), None, (result,), followed=False)
            return result
        written = written_into(func, args, kwargs)
        if written:
            return self._writes(func, args, kwargs, written)
        parts = composite(func, self._apart)
        result: object = func(*args, **kwargs)
        if parts is None or not outermost:
            self._append(
                name,
                [self._ref(t) for t in tensors_within((args, kwargs))],
                Replay(func, args, kwargs),
                outputs_of(result),
                numbers=numbers_in((args, kwargs)),
            )
            return result
        self._inside = self._where()
        try:
            with self:
                found = parts(result, *args, **kwargs)
        finally:
            self._inside = None
        for one, tensor in zip(outputs_of(found), outputs_of(result), strict=False):
            self._settle(tensor, self._ref(one))
        return result

    def _writes(self, func: Any, args: Any, kwargs: Any, written: Sequence[Tensor]) -> object:
        """Record an operation that writes into memory, as one that returns what it then holds."""
        operands = [self._ref(tensor) for tensor in tensors_within((args, kwargs))]
        memories = [self._memories[memory_of(tensor)] for tensor in written]
        for tensor in written:
            self._protect(memory_of(tensor))
        result: object = func(*args, **kwargs)
        if len(written) == 1:
            (tensor,), (memory,) = written, memories
            compute = Rewrite(func, args, kwargs, tensor, memory.geometry)
            ref = self._append(
                name_of(func),
                [memory.whole, *operands],
                compute,
                (tensor.as_strided(*_strided(memory.geometry)),),
                numbers=numbers_in((args, kwargs)),
            )
            self._memories[memory_of(tensor)] = memory._replace(
                whole=ref, known={memory.geometry: ref}
            )
            return result
        for tensor in written:  # running statistics and the like
            del self._memories[memory_of(tensor)]
        self._append(name_of(func), operands, None, outputs_of(result))
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
        ordinal = self._ordinal(where, name)
        site = Site(where, name, ordinal)
        turn = self._turns[site] = self._turns.get(site, -1) + 1
        followed = followed and (self._everything or torch.is_grad_enabled())
        index = len(self._nodes)
        self._nodes.append(
            Node(site, turn, place, tuple(operands), compute, (), followed, numbers)
        )
        self._values.append([output.detach() for output in outputs])
        for i, output in enumerate(outputs):
            self._settle(output, Ref(index, i))
        return Ref(index)

    def _ordinal(self, where: tuple[tuple[str, int], ...], name: str) -> int:
        """How many operations of a name the present instruction has made before."""
        if self._last[0] != where:
            self._last = (where, {})
        seen = self._last[1]
        seen[name] = seen.get(name, -1) + 1
        return seen[name]

    def _where(self) -> tuple[tuple[tuple[str, int], ...], Place]:
        frames = callers_frames()
        if not frames:
            return (), OUTSIDE
        path = [(f"{f.f_code.co_filename}:{f.f_code.co_qualname}", f.f_lasti) for f in frames]
        return tuple(reversed(path)), place_of(frames[0])

    def _look_around(self) -> None:
        """Take note of the names of values, as the caller's code has them now."""
        for frame in callers_frames()[:1]:
            for name, tensor in named_tensors(frame):
                memory = self._memories.get(memory_of(tensor))
                ref = memory and memory.known.get(geometry_of(tensor))
                if ref is not None:
                    self._names.setdefault(ref, name)

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
        memory.known[geometry] = ref

    def _protect(self, key: int) -> None:
        """Give the values in a piece of memory memory of their own, before it is written into."""
        for node, output in self._refs.pop(key, ()):
            self._values[node][output] = self._values[node][output].clone()


def _strided(geometry: Geometry) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    offset, size, stride, _dtype = geometry
    return size, stride, offset
