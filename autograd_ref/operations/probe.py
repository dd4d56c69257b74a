"""One call of each side before anything is judged: what they return, draw, capture and cast."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.operations.captured import captured, note_on
from autograd_ref.operations.inputs import Arguments, Callee, Operation, as_callee, wide
from autograd_ref.operations.modes import SeesAutocast, SeesDraws
from autograd_ref.operations.run import Forward, forward, name_of, others_in, tensors_in
from autograd_ref.operations.sides import Composed, in_float64
from autograd_ref.operations.signature import Signature, Tensors, in_places_of
from autograd_ref.operations.ways import laid_out_like
from autograd_ref.report.data import Note
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.user_code import Raised, attempt, user_code

ON_A_LEAF = re.compile(r"leaf Variable that requires grad .*in-place")
"""PyTorch's error where an operation works in place on an input, or on a view of one."""


class Probe(NamedTuple):
    """One call of each side, before anything is judged."""

    reference: dict[Path, Tensor]
    function: dict[Path, Tensor]
    """In the places in which the reference returns them."""
    drawn: bool
    autocast: torch.dtype | None
    captured: list[Note]
    refused: Exception | None
    """The error of the reference in the formats of the inputs."""
    others: dict[Path, object]
    """Outputs of the reference that are no tensors."""
    changed: list[Path]
    """The arguments without a gradient that only the function writes into."""

    def dtype(self, place: Path) -> torch.dtype:
        """The dtype that an output needs to have: that of the reference, or a finer one."""
        needed = self.reference[place].dtype
        given = self.function.get(place, self.reference[place]).dtype
        own = self.refused is not None or self.autocast is not None
        return given if own or _is_finer(given, needed) else needed

    def finer(self) -> Iterator[Path]:
        """The outputs that have more digits than those of the reference."""
        for place, given in self.function.items():
            if self.refused is None and _is_finer(given.dtype, self.reference[place].dtype):
                yield place


def probed(function: Operation, callee: Callee, reference: Operation, composed: Composed) -> Probe:
    """Both sides called.

    Args:
        function: the operation under test.
        callee: the same, as a function of its arguments.
        reference: the reference as it was given.
        composed: the reference in float64, of which the outputs are not known yet.
    """
    signature = composed.signature
    draws, autocast = SeesDraws(), SeesAutocast(_device(signature))
    own = as_callee(reference)
    theirs = signature.filled(_inputs(signature), signature.other)

    def in_their_formats() -> object:
        with torch.enable_grad(), draws, user_code():
            return own(theirs)

    found, refused = attempt(in_their_formats), None
    if isinstance(found, Raised):
        refused = found.error
        with torch.enable_grad(), draws:
            found = _of_reference(reference, composed)
    returned = tensors_in(found, reference)
    inputs = _inputs(signature)
    given = signature.filled(inputs, signature.other)
    with autocast:
        done = _called(function, callee, given)
    notes = note_on(callee.operation, captured(done.outputs.values(), inputs.values()))
    changed = _written_into(signature, given) - _written_into(signature, theirs)
    return Probe(
        returned,
        in_places_of(returned, done.outputs),
        draws.drawn,
        autocast.dtype,
        notes,
        refused,
        others_in(found),
        sorted(changed, key=str),
    )


def _called(function: Operation, callee: Callee, given: Arguments) -> Forward:
    """The forward pass.

    Raises:
        TypeError: it works in place on an input, as no operation may on a leaf of a graph.
    """

    def called() -> Forward:
        with user_code():
            return forward(function, callee, given)

    done = attempt(called)
    if not isinstance(done, Raised):
        return done
    if ON_A_LEAF.search(str(done.error)):
        raise TypeError(_in_place(name_of(function), name_of(function))) from done.error
    raise done.error


def _of_reference(reference: Operation, composed: Composed) -> object:
    """The result of the reference, in float64.

    Raises:
        TypeError: it works in place on an input.
        Exception: whatever it raises, with a note on whose error it is.
    """
    inputs = {n: wide(t).requires_grad_() for n, t in composed.signature.originals().items()}

    def called() -> object:
        with user_code():
            return in_float64(composed, inputs)

    found = attempt(called)
    if not isinstance(found, Raised):
        return found
    name = name_of(reference)
    if ON_A_LEAF.search(str(found.error)):
        raise TypeError(_in_place(f"reference, {name},", name)) from found.error
    found.error.add_note(f"This is an error of the reference, {name}, for inputs in float64.")
    raise found.error


def _in_place(said: str, name: str) -> str:
    name = "f" if name == "<lambda>" else name
    return (
        f"{said} works in place on an input that requires grad, which PyTorch refuses for the"
        " leaves of a graph; it needs a copy of that input: give a function that makes one, such"
        f" as lambda x: {name}(x.clone())"
    )


def _written_into(signature: Signature, given: Arguments) -> set[Path]:
    """The places of tensors that are not differentiated by, and that a call has changed."""
    now, inputs = leaves(given), set(signature.inputs.values())
    return {
        place
        for place, leaf in leaves(signature.arguments).items()
        if place not in inputs and isinstance(leaf, Tensor) and not _equal(leaf, now[place])
    }


def _equal(one: Tensor, two: Tensor) -> bool:
    if one.layout != torch.strided:  # these are shared, not copied: nothing to compare
        return True
    return torch.allclose(one, two, rtol=0, atol=0, equal_nan=True)


def _is_finer(given: torch.dtype, needed: torch.dtype) -> bool:
    """True for a format of the same kind of numbers with more digits."""
    if given.is_complex != needed.is_complex or not (given.is_floating_point or given.is_complex):
        return False
    if not (needed.is_floating_point or needed.is_complex):
        return False
    return torch.finfo(given).eps < torch.finfo(needed).eps


def _inputs(signature: Signature) -> Tensors:
    """The differentiable inputs, copied, as they lie in memory."""
    return {
        name: laid_out_like(tensor, tensor.detach().clone()).requires_grad_()
        for name, tensor in signature.originals().items()
    }


def _device(signature: Signature) -> str:
    return next(iter(signature.originals().values())).device.type
