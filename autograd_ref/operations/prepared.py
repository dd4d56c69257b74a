"""An operation and its reference made ready: what is judged is found out by calling each once."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from autograd_ref.operations.inputs import (
    DIFFERENTIABLE,
    Arguments,
    Operation,
    as_callee,
    differentiable,
    in_double,
    names_of_inputs,
)
from autograd_ref.operations.probe import Probe, probed
from autograd_ref.operations.run import name_of
from autograd_ref.operations.sides import Composed, Subject, alike
from autograd_ref.operations.signature import (
    Name,
    Signature,
    Tensors,
    input_names,
    judged,
    output_name,
    output_names,
)
from autograd_ref.report.data import Note, listed
from autograd_ref.tree import nest as nests
from autograd_ref.tree.nest import Path, leaves

UPSTREAM_STEP, LARGEST_UPSTREAM = 1 / 32, 3.0
"""Upstream gradients are multiples of the one up to the other: exact in every number format."""


class Prepared(NamedTuple):
    """An operation, its reference and its upstream gradients, ready to be checked."""

    subject: Subject
    composed: Composed
    upstream: Tensors
    """One upstream gradient for every output."""
    notes: tuple[Note, ...]
    """Notes about what is not checked."""
    finer: tuple[Note, ...]
    """The outputs that have more digits than those of the reference."""
    findings: tuple[Note, ...]
    """Notes about what the function does beside returning outputs, and the reference does not."""
    autocast: torch.dtype | None
    """The format of autocast, where it is on."""

    @property
    def nest(self) -> dict[str, Any]:
        """The nest that is judged."""
        signature = self.subject.signature
        originals = {name: t.detach() for name, t in signature.originals().items()}
        return signature.nest({**self.upstream, **originals})


def prepared(
    function: Operation,
    reference: Operation,
    arguments: Arguments,
    seed: int,
    *,
    by_names: bool = False,
) -> Prepared:
    """An operation and its reference made ready.

    Args:
        function: the operation under test.
        reference: what it is compared with.
        arguments: of both.
        seed: for the upstream gradients.
        by_names: True where they return dicts in each other, whose paths are the names of outputs.

    Raises:
        TypeError: an argument cannot be used, or what one of the two returns; the message names it.
        Exception: whatever function or reference raise.
    """
    names = _names(reference, arguments, set())
    wanted = differentiable(arguments, {p: nests.name_of(n) for p, n in names.items()})
    callee, wide = as_callee(function), in_double(reference)
    draft = Signature(arguments, {names[p]: p for p in wanted}, {}, (), frozenset())
    probe = probed(function, callee, reference, Composed(wide, draft, None))
    outputs = {p: p for p in probe.reference} if by_names else output_names(probe.reference)
    found = {outputs[p]: p for p in judged(probe.reference)}
    if not found:
        raise TypeError(
            f"{name_of(reference)} returned no tensor of a floating-point or complex dtype; it"
            " needs one"
        )
    names = _names(reference, arguments, {str(name[0]) for name in found})
    signature = Signature(
        arguments,
        {names[p]: p for p in wanted},
        found,
        tuple(probe.reference),
        _complex(draft, wanted, names) | {n for n, p in found.items() if probe.dtype(p).is_complex},
        _value_only(found, probe),
    )
    random = torch.Generator().manual_seed(seed)
    upstream = {
        n: _upstream(probe.reference[p].to(probe.dtype(p)), random) for n, p in found.items()
    }
    upstream = {n: u * 0 if n in signature.value_only else u for n, u in upstream.items()}
    draws = _format_of_draws(signature) if probe.drawn else None
    tensors = {**upstream, **signature.originals()}
    eps = {name: torch.finfo(tensor.dtype).eps for name, tensor in tensors.items()}
    composed = Composed(wide, signature, draws, eps)
    notes = (*probe.captured, *_passed_over(signature, probe, names, outputs))
    return Prepared(
        Subject(function, callee, signature),
        composed,
        upstream,
        notes,
        tuple(_finer(probe, outputs)),
        tuple(_findings(probe, names)),
        probe.autocast,
    )


def _findings(probe: Probe, names: dict[Path, Name]) -> Iterator[Note]:
    """The finding about arguments that are not differentiated, and that the function changes."""
    if probe.changed:
        changed = listed([nests.name_of(names[place]) for place in probe.changed])
        yield Note("changes its arguments", f"The function changes {changed} in place.")


def _finer(probe: Probe, outputs: dict[Path, Name]) -> Iterator[Note]:
    """The notes about outputs that are kept in more digits, as losses and logsumexp often are."""
    for place in probe.finer():
        given, needed = (side[place].dtype for side in (probe.function, probe.reference))
        text = (
            f"{nests.name_of(outputs[place])} is of {given}, and the reference returns {needed}: it"
            " is judged as what it is, but what follows is then computed in that."
        )
        yield Note("finer output", text)


def _names(reference: Operation, arguments: Arguments, taken: set[str]) -> dict[Path, Name]:
    """The names of all tensors among the arguments."""
    tensors = [p for p, leaf in leaves(arguments).items() if isinstance(leaf, Tensor)]
    positional = names_of_inputs(reference, len(arguments.positional), taken=taken)
    return input_names(tensors, positional, taken)


def _complex(draft: Signature, wanted: list[Path], names: dict[Path, Name]) -> frozenset[Name]:
    found = leaves(draft.arguments)
    return frozenset(names[p] for p in wanted if found[p].is_complex())


def _value_only(found: dict[Name, Path], probe: Probe) -> frozenset[Name]:
    """The outputs that one of the two sides does not differentiate, where there are others."""

    def differentiated(place: Path) -> bool:
        given = probe.function.get(place)
        return probe.reference[place].requires_grad and (given is None or given.requires_grad)

    apart = frozenset(name for name, place in found.items() if not differentiated(place))
    return apart if len(apart) < len(found) else frozenset()


def _upstream(output: Tensor, random: torch.Generator) -> Tensor:
    shape = (*output.shape, 2) if output.is_complex() else output.shape
    normal = torch.randn(shape, generator=random, dtype=torch.float64, device="cpu")
    rounded = (normal / UPSTREAM_STEP).round() * UPSTREAM_STEP
    rounded[rounded == 0] = UPSTREAM_STEP  # of what is multiplied by zero, no mistake shows
    exact = rounded.clamp(-LARGEST_UPSTREAM, LARGEST_UPSTREAM)
    return (torch.view_as_complex(exact) if output.is_complex() else exact).to(output)


def _format_of_draws(signature: Signature) -> torch.dtype:
    """The coarsest format of the inputs: the one in which numbers like them are drawn."""
    return max((t.dtype for t in signature.originals().values()), key=lambda d: torch.finfo(d).eps)


def _passed_over(
    signature: Signature, probe: Probe, names: dict[Path, Name], outputs: dict[Path, Name]
) -> Iterator[Note]:
    """The notes about tensors that are not looked at, or not at all that they are."""
    for name in sorted(signature.value_only):
        given = probe.reference[signature.outputs[name]]
        who = "the function" if given.requires_grad else "the reference"
        text = f"gradients through {nests.name_of(name)}, which {who} does not differentiate"
        yield Note("not differentiated", f"{text} (its values are compared)")
    for place, tensor in probe.reference.items():
        if outputs[place] not in signature.outputs:
            yield Note("not compared", f"{nests.name_of(outputs[place])}, of {tensor.dtype}")
    for place, value in probe.others.items():
        text = f"{nests.name_of(output_name(place))}, of type {type(value).__name__}"
        yield Note("not compared", text)
    inputs = set(signature.inputs.values())
    for place, leaf in leaves(signature.arguments).items():
        apart = place in names and place not in inputs
        if apart and (leaf.is_floating_point() or leaf.is_complex()):
            why = "which does not require grad, as others do"
            usable = leaf.dtype in DIFFERENTIABLE and leaf.layout == torch.strided
            why = why if usable else f"of {leaf.dtype}, {leaf.layout}"
            yield Note(
                "not differentiated", f"the gradient by {nests.name_of(names[place])}, {why}"
            )
    for name, place in signature.outputs.items():
        given, needed = probe.function.get(place), probe.reference[place]
        if given is not None and not alike(given, needed):
            text = (
                f"the backward pass, as {nests.name_of(name)}, of shape {tuple(given.shape)} and"
                f" {given.dtype}, has no upstream gradient of shape {tuple(needed.shape)} and"
                f" {needed.dtype}"
            )
            yield Note("not called", text)
    if probe.drawn:
        text = "inputs that lie otherwise in memory (random numbers are drawn in its order)"
        yield Note("not called", text)
    if probe.refused is not None:
        kind = type(probe.refused).__name__
        text = f"the dtypes of the outputs (the reference raised {kind} in those of the inputs)"
        yield Note("not compared", text)
