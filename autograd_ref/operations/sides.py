"""An operation and its reference as a loss and its gradients, which is what is compared.

The loss is the sum of the outputs, each times its upstream gradient. Its gradient by an input is
what a backward pass returns; its gradient by an upstream gradient is the output itself.
"""

import math
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from autograd_ref.operations.inputs import Arguments, Callee, Operation, wide
from autograd_ref.operations.modes import Draws, SeesFormats, Widened
from autograd_ref.operations.run import Forward, backward, forward, tensors_in
from autograd_ref.operations.signature import Name, Signature, Tensors, in_places_of
from autograd_ref.operations.ways import How, laid_out_like, spread_out
from autograd_ref.tree.leaf import copied
from autograd_ref.tree.nest import Path, rebuilt
from autograd_ref.tree.number_format import NumberFormat
from autograd_ref.user_code import attempt, user_code

WIDE = frozenset((torch.float64, torch.complex128))


class Subject(NamedTuple):
    """An operation under test."""

    operation: Operation
    """As the caller gave it: the backward pass of a class is called directly."""
    callee: Callee
    signature: Signature

    def answer(self, nest: Any, how: How) -> tuple[float, dict[str, Any]]:
        """The loss, and its gradients by inputs and upstream gradients."""
        signature = self.signature
        # the function may write into what it gets
        along = {n: u.clone() for n, u in signature.tensors(nest, signature.outputs).items()}
        gradients = dict[Name, Tensor]()
        if how.frozen is not None:  # nothing is asked about it there: it is as in any other call
            others = self._called(rebuilt(nest, signature.other), How())
            gradients[how.frozen] = self._gradients(*others, How())[how.frozen]
        done, inputs, upstream = self._called(nest, how)
        outputs = self._outputs(done)
        if not all(alike(output, along[n]) for n, output in outputs.items()):
            return math.nan, signature.nest(outputs)  # no upstream gradient can be sent back
        if how.between:  # what it keeps elsewhere than in its graph is lost
            _ = attempt(partial(self._called, rebuilt(nest, shrunk), How()))
        gradients = {**self._gradients(done, inputs, upstream, how), **gradients}
        found = _owned({**outputs, **gradients}, [*inputs.values(), *upstream.values()])
        signature.write_back(nest, {**inputs, **upstream})
        return weighted(signature, outputs, along).item(), signature.nest(found)

    def formats(self, nest: Any) -> set[str] | None:
        """The formats in which results are used again; None where not all operations are seen."""
        with SeesFormats() as seen:
            done, inputs, upstream = self._called(nest, How())
            gradients = self._gradients(done, inputs, upstream, How())
        returned = [*self._outputs(done).values(), *gradients.values()]
        return seen.used if seen.sees_through(returned) else None

    def _called(self, nest: Any, how: How) -> tuple[Forward, Tensors, Tensors]:
        """The forward pass, with the inputs and upstream gradients that it gets."""
        signature = self.signature
        originals = signature.originals()
        given = signature.tensors(nest, signature.inputs)
        inputs = {
            name: _arranged(
                values,
                originals[name],
                spread=name in how.spread and not signature.is_parameter(name),
            )
            .detach()
            .requires_grad_(name != how.frozen)
            for name, values in given.items()
        }
        values = signature.tensors(nest, signature.outputs)
        upstream = {name: how.upstream(name, tensor) for name, tensor in values.items()}
        arguments = in_their_formats(signature, inputs)
        with user_code():
            done = forward(self.operation, self.callee, arguments)
        outputs = in_places_of(signature.places, done.outputs)
        return done._replace(outputs=outputs), inputs, upstream

    def _gradients(
        self, done: Forward, inputs: Tensors, upstream: Tensors, how: How
    ) -> dict[Name, Tensor]:
        signature = self.signature
        wanted = {
            place: upstream[name]
            for name, place in signature.outputs.items()
            if name != how.unused and name not in signature.value_only
        }
        by_engine, leaves = how.unused is not None, list(inputs.values())
        if how.again:  # a backward pass may work in place on what it gets
            copies = {place: laid_out_like(u, u.clone()) for place, u in wanted.items()}
            _ = backward(done, copies, leaves, by_engine=by_engine)
        found = backward(done, wanted, leaves, by_engine=by_engine)
        return {
            name: torch.zeros_like(leaf) if gradient is None else gradient
            for (name, leaf), gradient in zip(inputs.items(), found, strict=True)
        }

    def _outputs(self, done: Forward) -> dict[Name, Tensor]:
        places = self.signature.outputs.items()
        return {n: done.outputs[p].detach() for n, p in places if p in done.outputs}


class Composed(NamedTuple):
    """The reference: the same function in PyTorch's own operations."""

    callee: Callee
    signature: Signature
    draws: torch.dtype | None
    """The format in which numbers are drawn; None where none are."""
    eps: Mapping[Name, float] = {}
    """From 1 to the next number, in the format of each input and output."""

    def loss(self, nest: Any, *, judged_as: NumberFormat | None = None) -> Tensor:
        """The sum of the outputs, each times its upstream gradient.

        Args:
            nest: inputs and upstream gradients, in float64.
            judged_as: the format in whose tolerances this counts: what has more digits is rounded
                to it first, by a product with 1 that rounding at random takes for one.
        """
        signature = self.signature
        inputs = signature.tensors(nest, signature.inputs)
        upstream = signature.tensors(nest, signature.outputs)
        if judged_as is not None:
            inputs, upstream = (
                {n: t * 1.0 if n in self.finer(judged_as) else t for n, t in tensors.items()}
                for tensors in (inputs, upstream)
            )
        returned = tensors_in(in_float64(self, inputs), self.callee.operation)
        outputs = {n: returned[p] for n, p in signature.outputs.items() if p in returned}
        return weighted(signature, outputs, upstream)

    def finer(self, number: NumberFormat) -> set[Name]:
        """The inputs and outputs whose own format has more digits."""
        return {name for name, eps in self.eps.items() if eps < number.eps}


def in_float64(composed: Composed, inputs: Tensors) -> object:
    """The outputs of the reference for inputs in float64."""
    if composed.draws is not None:  # numbers are drawn in the order in which memory lies
        originals = composed.signature.originals()
        inputs = {name: laid_out_like(originals[name], t) for name, t in inputs.items()}
    arguments = composed.signature.filled(inputs, _widened)
    draws = nullcontext() if composed.draws is None else Draws(composed.draws)
    coarsest = max(torch.finfo(t.dtype).eps for t in composed.signature.originals().values())
    with Widened(composed.draws, coarsest), draws:
        return composed.callee(arguments)


def in_their_formats(signature: Signature, inputs: Tensors) -> Arguments:
    """All arguments, with these inputs among them; float64 throughout where the inputs are."""
    # at points in float64, an independent check wants all of it in float64
    wide_too = all(t.dtype in WIDE for t in inputs.values())
    return signature.filled(inputs, _widened if wide_too else signature.other)


def outputs_of(callee: Callee, signature: Signature, inputs: Tensors) -> Tensors:
    """The outputs that are judged, with their history, of an operation that gets these inputs."""
    returned = tensors_in(callee(in_their_formats(signature, inputs)), callee.operation)
    placed = in_places_of(signature.places, returned)
    return {name: placed[p] for name, p in signature.outputs.items() if p in placed}


def _widened(_path: Path, given: object) -> object:
    """An argument that is not differentiated, in float64."""
    return wide(given) if isinstance(given, Tensor) else copied(given)


def shrunk(_path: Path, leaf: Tensor) -> Tensor:
    """Other values, each smaller by another factor."""
    factors = torch.linspace(0.4, 0.9, leaf.numel(), dtype=leaf.dtype, device=leaf.device)
    return leaf * factors.reshape(leaf.shape)


def weighted(signature: Signature, outputs: Tensors, upstream: Tensors) -> Tensor:
    """The loss: the sum of the outputs, each times its upstream gradient."""
    fixed = signature.value_only
    terms = [_term(upstream[n], y.detach() if n in fixed else y) for n, y in outputs.items()]
    return torch.stack(terms).sum()


def alike(one: Tensor, two: Tensor) -> bool:
    """True where one can be the upstream gradient of the other, but for its format."""
    return one.shape == two.shape and one.is_complex() == two.is_complex()


def _term(upstream: Tensor, output: Tensor) -> Tensor:
    """The product of an output and its upstream gradient; complex numbers count as pairs."""
    if upstream.is_complex():
        one, two = (torch.view_as_real(t.to(torch.complex128)) for t in (upstream, output))
        return (one * two).sum()
    real = output.real if output.is_complex() else output
    return (upstream.double() * real.double()).sum()


def _arranged(values: Tensor, original: Tensor, *, spread: bool) -> Tensor:
    return spread_out(values) if spread else laid_out_like(original, values)


def _owned(tensors: Tensors, borrowed: list[Tensor]) -> Tensors:
    """A backward pass may hand on its upstream gradient, or one tensor twice: that is no fault."""
    seen = {tensor.untyped_storage().data_ptr() for tensor in borrowed}
    owned: Tensors = {}
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        owned[name] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return owned
