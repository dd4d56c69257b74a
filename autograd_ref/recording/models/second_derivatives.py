"""A product with a Hessian as a sum over the operations of a loss, one term for each.

With h an operation on operands z, and c the derivative of the loss by h, H is the sum of
J.T (sum of c_k times the Hessian of h_k by z) J over all operations, J the Jacobian of z by the
parameters: the chain rule of second derivatives. So one may leave one out, or take its sign for the
other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.recording.frames import CodePlace, callers_frames, place_of
from autograd_ref.reference.torch_loss import evaluated
from autograd_ref.user_code import attempt, user_code

NO_PLACE = CodePlace("", 0, "", "")
"""The place of what no code of the caller's asks for: the loss itself is a function of PyTorch."""

Product = list[Tensor]
"""One array for each parameter."""


class Operation(NamedTuple):
    """An operation of the loss on values that depend on the parameters."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    result: Tensor
    place: CodePlace
    """The expression."""

    def operands(self) -> list[Tensor]:
        """The values that depend on the parameters, each once."""
        return list({id(x): x for x in _tensors(self.arguments) if x.requires_grad}.values())


class Operations(TorchFunctionMode):
    """While it is active, it keeps the operations on what depends on the parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Operation] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        options: dict[str, Any] = kwargs or {}
        result: object = func(*args, **options)
        if isinstance(result, Tensor) and result.requires_grad:
            frames = callers_frames(evaluated.__code__).frames
            place = place_of(frames[0]) if frames else NO_PLACE
            self.found.append(Operation(func, args, options, result, place))
        return result


class Second(NamedTuple):
    """The part of H v that some operations bring into it."""

    place: CodePlace
    mixed: bool
    """True for the second derivatives by both operands of it alone, of all that comes after."""
    product: Product


class SumOverOperations(NamedTuple):
    """A loss, its parameters and a direction."""

    value: Tensor
    inputs: list[Tensor]
    ways: list[Tensor]

    def parts(self, operations: Iterable[Operation]) -> Iterator[Second]:
        """Yield the parts of operations, those of one expression together."""
        found: dict[tuple[CodePlace, bool], Product] = {}
        for one in operations:
            for of, mixed in ((self._own, False), (self._mixed, True)):
                part = attempt(partial(of, one))
                if isinstance(part, list):  # it cannot be taken where it writes into an operand
                    key = one.place, mixed
                    before = found.setdefault(key, list(map(torch.zeros_like, part)))
                    found[key] = [a + b for a, b in zip(before, part, strict=True)]
        yield from (Second(*key, product) for key, product in found.items())

    def _own(self, one: Operation) -> Product | None:
        """The part of an operation's own second derivatives; None where it is linear."""
        operands = one.operands()
        apart = {id(x): x.detach().requires_grad_() for x in operands}
        c = gradient(self.value, [one.result])[0]
        with user_code():
            again = one.function(*_replaced(one.arguments, apart), **one.options)
        first = gradient(again, [*apart.values()], c, create_graph=True)
        slope = _dot(first, self._moved(operands))
        if not slope.requires_grad:
            return None
        return self._back(operands, gradient(slope, [*apart.values()]))

    def _mixed(self, one: Operation) -> Product | None:
        """The part of the second derivatives by one operand and the other, of all that follows."""
        operands = one.operands()
        if len(operands) != 2 or any(_depends(a, b) for a, b in (operands, operands[::-1])):
            return None
        moved, seconds = self._moved(operands), list[Tensor]()
        for i in (1, 0):
            first = gradient(self.value, [operands[i]], create_graph=True)
            slope = _dot(first, [moved[i]])
            if not slope.requires_grad:
                return None
            seconds += gradient(slope, [operands[1 - i]])
        return self._back(operands, seconds)

    def _moved(self, values: list[Tensor]) -> list[Tensor]:
        """How values change along the direction."""
        found: list[Tensor] = []
        for value in values:
            upstream = torch.zeros_like(value).requires_grad_()
            back = gradient(value, self.inputs, upstream, create_graph=True)
            found += gradient(_dot(back, self.ways), [upstream])
        return found

    def _back(self, values: list[Tensor], upstream: list[Tensor]) -> Product:
        """The sum of the derivatives by the parameters, from those by some values."""
        each = [gradient(x, self.inputs, c) for x, c in zip(values, upstream, strict=True)]
        return [torch.stack(parts).sum(0) for parts in zip(*each, strict=True)]


def gradient(
    value: Tensor,
    inputs: list[Tensor],
    upstream: Tensor | None = None,
    *,
    create_graph: bool = False,
) -> list[Tensor]:
    """The derivatives of a value, times an upstream gradient, by its inputs."""
    with user_code():  # a backward pass may be theirs
        return list(
            torch.autograd.grad(
                value,
                inputs,
                upstream,
                retain_graph=True,
                create_graph=create_graph,
                materialize_grads=True,
            )
        )


def _depends(value: Tensor, on: Tensor) -> bool:
    found = torch.autograd.grad(value.sum(), [on], retain_graph=True, allow_unused=True)
    return cast("Tensor | None", found[0]) is not None


def _dot(one: Sequence[Tensor], two: Sequence[Tensor]) -> Tensor:
    return torch.stack([(a * b).sum() for a, b in zip(one, two, strict=True)]).sum()


def _tensors(arguments: Any) -> Iterator[Tensor]:
    for one in arguments:
        if isinstance(one, Tensor):
            yield one
        elif isinstance(one, tuple | list):
            yield from _tensors(one)


def _replaced(arguments: Any, by: dict[int, Tensor]) -> list[Any]:
    """Arguments with other tensors in the place of some."""
    return [
        _replaced(one, by) if isinstance(one, tuple | list) else by.get(id(one), one)
        for one in arguments
    ]
