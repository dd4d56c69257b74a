"""Forward mode: the tangents of outputs, against the derivative of the reference's backward pass.

A backward pass is linear in the upstream gradient u. So the derivative of <backward(x, u), t> by u
is the tangent of the output along t. In the backward pass of the reference, as an operation, it is
the gradient by its argument u, which has the name of the output here.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from autograd_ref.observe.elsewhere import Place
from autograd_ref.operations.other_derivatives.double_backward import pulled_back
from autograd_ref.operations.other_derivatives.examination import Examination, Unavailable
from autograd_ref.operations.other_derivatives.kinds import defined
from autograd_ref.operations.prepared import Prepared
from autograd_ref.operations.sides import outputs_of
from autograd_ref.operations.signature import Name
from autograd_ref.operations.ways import laid_out_like, spread_out
from autograd_ref.recording.models.upstream import COUNTED, IN_ONE, Words
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.torch_internals import is_custom_operator, load_forward_mode
from autograd_ref.tree.nest import leaves, name_of, rebuilt
from autograd_ref.tree.point import Point
from autograd_ref.user_code import Raised, attempt, user_code, worded

TANGENT = "tangent"
"""The first key of the names of tangents."""

IN_WORDS = Words(
    TANGENT,
    "add up over the inputs: the derivative by each, times its tangent",
    own_keys=1,
    in_one=(*IN_ONE, *COUNTED),
)


class Tangents(NamedTuple):
    """The tangents that an operation is called with."""

    only: Name | None = None
    """The input that has one; None for all."""
    spread: bool = False
    """True where they and the inputs lie in memory transposed and with gaps."""


class ForwardMode(NamedTuple):
    """An operation in forward mode."""

    ready: Prepared
    """The operation."""
    back: Prepared
    """The backward pass of the reference."""

    def answer(self, nest: Any, how: Tangents) -> dict[str, Any]:
        """The tangents of the outputs; everything else as the reference has it, and not judged."""
        tangents = {
            name: torch.zeros_like(y) if t is None else t.clone()
            for name, (y, t) in self.dual(nest, how).items()
        }
        _value, right = differentiate(self.back.composed.loss, nest, ())
        others = rebuilt(nest, lambda path, leaf: right[path].to(leaf))
        return {**others, **self.ready.subject.signature.nest(tangents)}

    def dual(self, nest: Any, how: Tangents) -> dict[Name, tuple[Tensor, Tensor | None]]:
        """The outputs, each with its tangent."""
        signature, both = self.ready.subject.signature, self.back.subject.signature
        originals = signature.originals()
        names = {place[1:]: name for name, place in both.inputs.items()}
        found = both.tensors(nest, [*both.inputs, *both.outputs])

        def arranged(name: Name, original: Tensor) -> Tensor:
            values = found[name].detach()
            return spread_out(values) if how.spread else laid_out_like(original, values)

        inputs = {name: arranged(names[name], original) for name, original in originals.items()}
        with forward_ad.dual_level(), user_code():
            for name in [*inputs] if how.only is None else [how.only]:
                tangent = arranged((TANGENT, *name), originals[name])
                inputs[name] = forward_ad.make_dual(inputs[name], tangent)
            outputs = outputs_of(self.ready.subject.callee, signature, inputs)
            pairs = {name: forward_ad.unpack_dual(y) for name, y in outputs.items()}
            return {n: (y, t) for n, (y, t) in pairs.items() if n not in signature.value_only}

    def along(self, only: Name) -> Point:
        """The inputs, with a tangent of one of them alone."""
        wanted = (TANGENT, *only)

        def change(path: Any, leaf: Tensor) -> Tensor:
            others = path[:1] == (TANGENT,) and path[: len(wanted)] != wanted
            return leaf * 0 if others else leaf

        return Point(rebuilt(self.back.nest, change), ())


def forward(ready: Prepared, name: str, seed: int) -> Examination | Unavailable:
    """The tangents of an operation.

    Args:
        ready: the operation.
        name: of its reference.
        seed: for the tangents.
    """
    back = pulled_back(ready, {n: n for n in ready.upstream}, TANGENT, seed, theirs=True)
    if isinstance(back, str):
        return Unavailable("forward", back)
    load_forward_mode()
    mode, operation = ForwardMode(ready, back), ready.subject.operation
    found = attempt(partial(mode.dual, back.nest, Tangents()))
    if isinstance(found, Raised):
        none = "implement the jvp" in str(found.error)
        why = "it has no jvp" if none else f"it raised {worded(found.error)}"
        return Unavailable("forward", why, fails="forward" in defined(operation))
    if is_custom_operator(operation) and all(t is None for _y, t in found.values()):
        why = "PyTorch's custom operators have no forward mode, and lose the tangents"
        return Unavailable("forward", why)
    subject, about = partial(mode.answer, how=Tangents()), f"the backward pass of {name}"
    outputs = ready.subject.signature.nest({n: y for n, (y, _t) in found.items()})
    judged = tuple(map(name_of, leaves(outputs)))
    places = tuple(_places(mode))
    return Examination("forward", about, back, subject, places, judged, IN_WORDS, zeros=True)


def _places(mode: ForwardMode) -> Iterator[Place]:
    """The other ways to call an operation in forward mode."""
    said, here = "with inputs and tangents that are not contiguous", Point(mode.back.nest, ())
    if mode.ready.composed.draws is None:  # numbers are drawn in the order in which memory lies
        yield Place(said, partial(mode.answer, how=Tangents(spread=True)), here)
    inputs = mode.ready.subject.signature.inputs
    for name in inputs if len(inputs) > 1 else ():
        said, how = f"with a tangent of {name_of(name)} alone", Tangents(only=name)
        yield Place(said, partial(mode.answer, how=how), mode.along(name), must_run=True)
