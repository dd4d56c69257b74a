"""An operation on several samples at once: under vmap in several ways, and in a loop."""

from typing import Any, NamedTuple

import torch

from autograd_ref.operations.inputs import Arguments, Callee, Operation
from autograd_ref.operations.prepared import Prepared, prepared
from autograd_ref.operations.run import name_of
from autograd_ref.operations.sides import outputs_of, shrunk
from autograd_ref.operations.signature import Name, Signature, Tensors
from autograd_ref.report.data import Note
from autograd_ref.report.words import listed
from autograd_ref.tree import nest as nests
from autograd_ref.tree.nest import leaves, nested
from autograd_ref.user_code import user_code


class Samples(NamedTuple):
    """An operation, and the inputs that differ from sample to sample."""

    ready: Prepared
    """The operation on one sample."""
    mapped: tuple[Name, ...]
    size: int
    last: bool = False
    """True where the axis of samples is the last one; otherwise it is the first."""

    @property
    def signature(self) -> Signature:
        """The operation's."""
        return self.ready.subject.signature

    def inputs(self) -> Tensors:
        """The inputs; those that differ have an axis of samples, the first one."""
        further = range(1, self.size)
        return {
            name: torch.stack([t.detach(), *(shrunk(name, t.detach()) / i for i in further)])
            if name in self.mapped
            else t.detach()
            for name, t in self.signature.originals().items()
        }

    def prepared(self, operation: Operation, seed: int) -> Prepared:
        """The operation on all samples, and a loop over them by the reference, made ready."""
        arguments = Arguments((), nested(self.inputs()), {})
        return prepared(
            operation, self.looped(self.ready.composed.callee), arguments, seed, by_names=True
        )

    def looped(self, callee: Callee) -> Operation:
        """An operation with a loop over the samples."""

        def loop(**named: object) -> Any:
            found: Tensors = leaves(named)
            samples = [
                outputs_of(
                    callee,
                    self.signature,
                    {n: t[i] if n in self.mapped else t for n, t in found.items()},
                )
                for i in range(self.size)
            ]
            stacked = {n: torch.stack([one[n] for one in samples]) for n in samples[0]}
            return nested(stacked)

        loop.__qualname__ = f"a loop over samples with {name_of(callee.operation)}"
        return loop

    def under_vmap(self) -> Operation:
        """The operation under vmap."""

        def vmapped(**named: object) -> Any:
            return nested(self._outputs(leaves(named)))

        vmapped.__qualname__ = f"torch.func.vmap of {name_of(self.ready.subject.operation)}"
        return vmapped

    def by_vjp(self, of: Signature, nest: Any) -> dict[str, Any]:
        """Outputs and gradients, by vmap of the operation with its backward pass."""
        inputs, upstream = of.tensors(nest, of.inputs), of.tensors(nest, of.outputs)

        def one(inputs: Tensors, upstream: Tensors) -> tuple[Tensors, Tensors]:
            pulled: tuple[Tensors, Any] = torch.func.vjp(self._one, inputs)[:2]
            outputs, back = pulled
            return outputs, back({n: upstream[n] for n in outputs})[0]

        with user_code():
            turned, axes = self._turned(inputs)
            outputs, gradients = torch.func.vmap(one, in_dims=(axes, 0))(turned, upstream)
        summed = {n: g if n in self.mapped else g.sum(0) for n, g in gradients.items()}
        return of.nest({**outputs, **summed})

    def by_grad(self, of: Signature, nest: Any) -> dict[str, Any]:
        """Outputs, one for all samples, and gradients for several upstream gradients at once."""
        inputs = {n: t.detach().requires_grad_() for n, t in of.tensors(nest, of.inputs).items()}
        upstream = of.tensors(nest, of.outputs)
        with torch.enable_grad(), user_code():
            outputs = self._one(inputs)
            given = {n: y for n, y in outputs.items() if y.requires_grad}
            gradients = torch.autograd.grad(
                [*given.values()],
                [*inputs.values()],
                [upstream[n] for n in given],
                is_grads_batched=True,
                materialize_grads=True,
            )
        summed = {n: g.sum(0) for n, g in zip(inputs, gradients, strict=True)}
        repeated = {n: torch.stack([y.detach()] * self.size) for n, y in outputs.items()}
        return of.nest({**repeated, **summed})

    def mixed(self) -> list[Note]:
        """The note about outputs of one sample that change with the inputs of the others."""
        inputs = self.inputs()
        others = {
            n: torch.cat([t[:1], t[1:] / 2]) if n in self.mapped else t for n, t in inputs.items()
        }
        here, there = self._outputs(inputs), self._outputs(others)
        names = [
            nests.name_of(n) for n, y in here.items() if not torch.allclose(y[:1], there[n][:1])
        ]
        if not names:
            return []
        text = (
            f"{listed(names)}: one sample changes with the inputs of others. Under vmap a sum or an"
            " axis that is counted from the first one takes in the axis of samples."
        )
        return [Note("samples mixed", text)]

    def _outputs(self, inputs: Tensors) -> Tensors:
        turned, axes = self._turned(inputs)
        found: Tensors = torch.func.vmap(self._one, in_dims=(axes,))(turned)
        return found

    def _one(self, inputs: Tensors) -> Tensors:
        return outputs_of(self.ready.subject.callee, self.signature, inputs)

    def _turned(self, inputs: Tensors) -> tuple[Tensors, dict[Name, int | None]]:
        """The inputs as vmap gets them, and their axes of samples."""
        axis = -1 if self.last else 0
        turned = {n: t.movedim(0, axis) if n in self.mapped else t for n, t in inputs.items()}
        return turned, {n: axis if n in self.mapped else None for n in inputs}
