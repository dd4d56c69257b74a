"""One call of each side before anything is judged: what they return, draw, capture and cast."""

from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.operations.captured import captured, note_on
from autograd_ref.operations.inputs import Callee, Operation, as_callee, wide
from autograd_ref.operations.modes import SeesAutocast, SeesDraws
from autograd_ref.operations.run import forward, tensors_in
from autograd_ref.operations.sides import Composed, in_float64
from autograd_ref.operations.signature import Signature, Tensors, in_places_of
from autograd_ref.operations.ways import laid_out_like
from autograd_ref.report.data import Note
from autograd_ref.tree.nest import Path
from autograd_ref.user_code import Raised, attempt, user_code


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

    def dtype(self, place: Path) -> torch.dtype:
        """The dtype that an output needs to have."""
        given = self.function.get(place, self.reference[place]).dtype
        own = self.refused is not None or self.autocast is not None
        return given if own else self.reference[place].dtype


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

    def in_their_formats() -> dict[Path, Tensor]:
        with torch.enable_grad(), draws, user_code():
            return tensors_in(own(signature.filled(_inputs(signature), signature.other)), reference)

    returned, refused = attempt(in_their_formats), None
    if isinstance(returned, Raised):
        refused = returned.error
        inputs = {n: wide(t).requires_grad_() for n, t in signature.originals().items()}
        with torch.enable_grad(), draws:
            returned = in_float64(composed, inputs)
    inputs = _inputs(signature)
    with autocast:
        done = forward(function, callee, signature.filled(inputs, signature.other))
    notes = note_on(callee.operation, captured(done.outputs.values(), inputs.values()))
    outputs = in_places_of(returned, done.outputs)
    return Probe(returned, outputs, draws.drawn, autocast.dtype, notes, refused)


def _inputs(signature: Signature) -> Tensors:
    """The differentiable inputs, copied, as they lie in memory."""
    return {
        name: laid_out_like(tensor, tensor.detach().clone()).requires_grad_()
        for name, tensor in signature.originals().items()
    }


def _device(signature: Signature) -> str:
    return next(iter(signature.originals().values())).device.type
