"""The names that values have in the caller's code, in the order in which they were bound."""

from collections.abc import Callable, Iterable, Sequence
from types import FrameType
from typing import cast

from torch import Tensor

from autograd_ref.recording.replay import Geometry, geometry_of
from autograd_ref.recording.tape import Binding, Ref
from autograd_ref.torch_internals import memory_of, tensor_in


class Bindings:
    """The names of values, as the frames of the caller's code have them while they run.

    A frame is looked at before every operation, and once more when it has returned.

    Args:
        find: the value that a tensor holds now; None where it is not recorded.
    """

    def __init__(self, find: Callable[[Tensor], Ref | None]) -> None:
        self._find = find
        self._live: list[FrameType] = []
        self._last: dict[tuple[int, str], tuple[Ref, ...]] = {}
        self._unknown: dict[tuple[int, Geometry], str] = {}
        self.found: list[Binding] = []
        self.names: dict[Ref, str] = {}

    def look(self, frames: Sequence[FrameType]) -> None:
        """Take note of what is bound now.

        Args:
            frames: those of the caller's code, from the innermost outwards.
        """
        stack = list(reversed(frames))
        for depth, frame in enumerate(self._live):
            if depth >= len(stack) or frame is not stack[depth]:
                self._read(frame, depth)
        self._live, self._unknown = stack, {}
        for depth in range(len(stack) - 1, -1, -1):
            self._read(stack[depth], depth)

    def came_up(self, tensor: Tensor, ref: Ref) -> None:
        """Take note of the name of what nothing computed, as the data, when it is first used.

        Args:
            tensor: the operand.
            ref: the value that it is from now on.
        """
        name = self._unknown.get((memory_of(tensor), geometry_of(tensor)))
        if name is not None:
            _ = self.names.setdefault(ref, name)

    def close(self, returned: object) -> None:
        """Take note of what is bound at the end.

        Args:
            returned: what the loss returned beside its value, by name, or anything else.
        """
        self.look(())
        if isinstance(returned, dict):
            self._bind(cast("dict[object, object]", returned).items(), -1)

    def _read(self, frame: FrameType, depth: int) -> None:
        self._bind(frame.f_locals.items(), depth)

    def _bind(self, items: Iterable[tuple[object, object]], depth: int) -> None:
        for name, bound in items:
            value = tensor_in(bound)
            tensors = _tensors(value)
            refs = tuple(ref for tensor in tensors if (ref := self._find(tensor)) is not None)
            if isinstance(value, Tensor) and not refs and memory_of(value):
                _ = self._unknown.setdefault((memory_of(value), geometry_of(value)), str(name))
            key = depth, str(name)
            if not refs or len(refs) != len(tensors) or self._last.get(key) == refs:
                continue
            self._last[key] = refs
            is_list = not isinstance(value, Tensor)
            self.found.append(Binding(str(name), depth, refs, is_list))
            if not is_list:
                _ = self.names.setdefault(refs[0], str(name))


def _tensors(value: object) -> list[Tensor]:
    """The tensor that a name is bound to, or those of a list of nothing else."""
    if isinstance(value, Tensor):
        return [value]
    if not isinstance(value, list | tuple):
        return []
    items = cast("Sequence[object]", value)
    found = [item for item in items if isinstance(item, Tensor)]
    return found if len(found) == len(items) else []
