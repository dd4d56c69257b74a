"""The backward pass as an operation of its own: from inputs and upstream gradients to gradients.

Its derivative is the double backward pass, so everything that is true of operations is true of it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from autograd_ref.operations.inputs import Arguments, Callee, wide
from autograd_ref.operations.other_derivatives.examination import Examination, Unavailable
from autograd_ref.operations.prepared import Prepared, prepared
from autograd_ref.operations.run import name_of
from autograd_ref.operations.sides import outputs_of
from autograd_ref.operations.signature import Name, Signature, Tensors
from autograd_ref.recording.models.upstream import COUNTED, IN_ONE, LEFT_OUT, UPSTREAM
from autograd_ref.report.data import Cause
from autograd_ref.report.words import listed
from autograd_ref.torch_internals import raises_in_graph
from autograd_ref.tree.nest import leaves, nested, rebuilt
from autograd_ref.user_code import Raised, attempt, user_code, worded

IN_THE_GRAPH = (
    "compute the gradients from inputs and outputs that ctx.save_for_backward has kept, without"
    " detach, .data, NumPy or no_grad; what forward computes on its way is a constant to autograd"
)


def second(ready: Prepared, name: str, seed: int) -> Examination | Unavailable:
    """The double backward pass of an operation.

    Args:
        ready: the operation.
        name: of its reference.
        seed: for what the gradients are multiplied by.
    """
    roots = {root for root, *_inside in ready.subject.signature.inputs}
    upstream = "upstream_gradient" if "upstream" in roots else "upstream"
    names = {
        output: (str(output[0]).replace("output", upstream, 1), *output[1:])
        for output in ready.upstream
    }
    found = pulled_back(ready, names, "gradient", seed)
    if isinstance(found, str):
        return Unavailable("second", found)
    words = UPSTREAM._replace(in_one=(*IN_ONE, *COUNTED))
    about = f"the backward pass of {name}"
    return Examination("second", about, found, words=words, zeros=True, reworded=in_the_graph)


def pulled_back(
    ready: Prepared, names: Mapping[Name, Name], called: str, seed: int, *, theirs: bool = False
) -> Prepared | str:
    """The backward pass of an operation, and that of its reference, made ready; or why it is not.

    Args:
        ready: the operation.
        names: of the upstream gradients among the arguments, by the outputs that they belong to.
        called: the first key of the names of the gradients.
        seed: for what the gradients are multiplied by.
        theirs: True where the reference takes the place of the operation as well.
    """
    signature = ready.subject.signature
    along = {output: name for output, name in names.items() if output not in signature.value_only}
    reference = backward_pass(ready.composed.callee, signature, along, called)
    own = reference if theirs else backward_pass(ready.subject.callee, signature, along, called)
    inputs = {name: t.detach() for name, t in signature.originals().items()}
    named = nested({**inputs, **{along[n]: u for n, u in ready.upstream.items() if n in along}})
    refused = refused_by(reference, rebuilt(named, lambda _path, leaf: wide(leaf)))
    if refused:
        return f"the backward pass of the reference is not differentiable ({refused})"
    refused = refused_by(own, named)
    if refused:
        return f"the backward pass is not differentiable ({refused})"
    # another seed: these factors are not the upstream gradients once more
    return prepared(own, reference, Arguments((), named, {}), seed + 1, by_names=True)


def refused_by(operation: Callable[..., object], named: dict[str, Any]) -> str:
    """The error of an operation that is called and differentiated; empty without any.

    Args:
        operation: such as a backward pass.
        named: its arguments.
    """
    named = rebuilt(named, lambda _path, leaf: leaf.clone().requires_grad_())

    def differentiated() -> str:
        with torch.enable_grad(), user_code():
            found = [y for y in leaves(operation(**named)).values() if y.requires_grad]
            if raises_in_graph(found):
                return "once_differentiable"
            ones = [torch.ones_like(y) for y in found]
            _ = torch.autograd.grad(found, [*leaves(named).values()], ones, allow_unused=True)
        return ""

    done = attempt(differentiated)
    return worded(done.error).splitlines()[0].rstrip(".:") if isinstance(done, Raised) else done


def backward_pass(
    callee: Callee, signature: Signature, along: Mapping[Name, Name], called: str
) -> Callable[..., dict[str, Any]]:
    """The backward pass of an operation, with a history: a function of nests by their names.

    Args:
        callee: the operation.
        signature: of the operation.
        along: the names of upstream gradients among the arguments, by the outputs they belong to.
        called: the first key of the names of the gradients.
    """

    def gradients_of(**named: object) -> dict[str, Any]:
        found: Tensors = leaves(named)
        given = {name: found[name] for name in signature.inputs}
        # one that is frozen has a gradient all the same, without a history that leads to it
        inputs = {
            name: t if t.requires_grad else t.detach().requires_grad_() for name, t in given.items()
        }
        outputs = outputs_of(callee, signature, inputs)
        pairs = [(outputs[n], found[u]) for n, u in along.items() if n in outputs]
        used, upstream = zip(*((y, u) for y, u in pairs if y.requires_grad), strict=True)
        gradients = torch.autograd.grad(
            used, [*inputs.values()], upstream, create_graph=True, materialize_grads=True
        )
        return nested(
            {
                (called, *name): _with_history(gradient, found.values())
                for name, gradient in zip(inputs, gradients, strict=True)
            }
        )

    gradients_of.__qualname__ = f"the backward pass of {name_of(callee.operation)}"
    return gradients_of


def in_the_graph(cause: Cause) -> Cause:
    """The cause, in the words of second derivatives where a part of them is missing."""
    shares = {use.name for use in (*IN_ONE, *COUNTED)} - {LEFT_OUT.name}
    said = cause.explanation
    if cause.kind in shares:
        said = said.replace("the upstream gradient", "the derivative")
    if cause.kind == "zero":
        said = f"To autograd, the gradients do not depend on {listed(cause.blocks)}."
    missing = cause.kind in ("zero", "one output's share missing", "a path not followed")
    return cause._replace(explanation=said, fix=IN_THE_GRAPH if missing else cause.fix)


def _with_history(gradient: Tensor, arguments: Iterable[Tensor]) -> Tensor:
    """The gradient; one that depends on nothing plus zeros that do, so that its derivative is 0."""
    if gradient.requires_grad:
        return gradient
    zeros = [t.flatten()[:0].abs().sum().to(gradient) for t in arguments if t.requires_grad]
    return gradient + torch.stack(zeros).sum()
