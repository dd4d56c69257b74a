"""Layers that are right but for the derivative that they are given: the mistake is nearer the loss.

Of z = x @ W + b the gradients are x.T @ dz and the sum of dz. Where W and b under test are that of
one other dz, the product and the sum are right, and dz is not.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.following import followed
from autograd_ref.recording.frames import CodePlace
from autograd_ref.recording.slips.spots import RESHAPES
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.reference.model import WrongGradient
from autograd_ref.reference.protocol import Loss
from autograd_ref.report.words import listed
from autograd_ref.tree.nest import Path, name_of
from autograd_ref.tree.point import Results

PRODUCTS = {"mm", "mv", "matmul"}
"""Products with a matrix, as they are recorded."""

ROOM = 4.0
"""Times the tolerance that what is claimed may be off, as for a slip. Chosen."""

ROUNDED = 1e-11
"""How far it may be off in any case, relative to the largest. Chosen: what is solved for rounds."""

FEWEST = 3
"""Entries of one unit that have to share a factor. Chosen: two may by chance."""


class Layer(NamedTuple):
    """An affine map of a batch: the parameters, and what they are multiplied by."""

    inputs: Tensor
    """One row for each sample; with a column of ones where there is a bias."""
    weight: Path
    bias: Path | None
    place: CodePlace
    derivative: Tensor
    """That of the loss by the outputs, one row for each sample."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The parameters."""
        return (self.weight,) if self.bias is None else (self.weight, self.bias)


def half_right(loss: Loss, wrong: WrongGradient) -> Iterator[str]:
    """Yield what is right of layers without a known cause, as sentences.

    Args:
        loss: in PyTorch.
        wrong: the gradient; its wrong blocks are those without a cause.
    """
    steps = followed(loss, wrong.point, wrong.right, apart=False)
    if steps is None:
        return
    tape, cotangents = steps.tape, swept(steps).cotangents
    for path in wrong.wrong:
        layer = _layer(tape, path, {ref: rows[0] for ref, rows in cotangents.items()})
        if layer is not None and _is_of_another_derivative(layer, wrong):
            names, many = listed([name_of(p) for p in layer.paths]), layer.bias is not None
            yield (
                f"{names} {'are' if many else 'is'} right for another derivative by {layer.place}:"
                f" the product{' and the sum are' if many else ' is'} right, and what is wrong is"
                " the derivative of the loss by that, or a step between it and the loss."
            )


def _layer(tape: Tape, path: Path, cotangents: Mapping[Ref, Tensor]) -> Layer | None:
    """The layer that a parameter is the matrix of; None where it is not, or of several."""
    ref = tape.parameters[path]
    product = _used(tape, ref) if tape.value(ref).ndim == 2 else None
    if product is None or tape.nodes[product.node].site.operation not in PRODUCTS:
        return None
    factors = tape.nodes[product.node].operands
    first = _source(tape, factors[0]) == ref
    values = tape.value(factors[first]), cotangents[product]
    x, dz = (_by_samples(value, columns=first) for value in values)
    bias, place = _bias(tape, product, dz)
    ones = x.new_ones(len(x), bias is not None)
    return Layer(torch.cat([x, ones], 1), path, bias, place, dz)


def _by_samples(value: Tensor, *, columns: bool) -> Tensor:
    """A matrix with a row for each sample."""
    if columns:
        return value.reshape(value.shape[0], -1).T
    return value.reshape(-1, value.shape[-1])


def _bias(tape: Tape, product: Ref, dz: Tensor) -> tuple[Path | None, CodePlace]:
    """The parameter that is added to a product, one entry for each unit; and the whole sum."""
    after = _used(tape, product) or product
    node = tape.nodes[after.node]
    for path, ref in tape.parameters.items():
        is_added = any(_source(tape, operand) == ref for operand in node.operands)
        if (
            node.site.operation == "add"
            and is_added
            and after == _used(tape, ref)
            and tape.value(ref).numel() == dz.shape[1]
        ):
            return path, node.place
    return None, tape.nodes[product.node].place


def _used(tape: Tape, ref: Ref) -> Ref | None:
    """The result of the one operation that uses a value, arranged or not; None of several."""
    while len(tape.uses.get(ref, ())) == 1:
        ref = Ref(tape.uses[ref][0])
        if tape.nodes[ref.node].site.operation not in RESHAPES:
            return ref
    return None


def _source(tape: Tape, ref: Ref) -> Ref:
    """The value that another is an arrangement of."""
    while tape.nodes[ref.node].site.operation in RESHAPES:
        ref = tape.nodes[ref.node].operands[0]
    return ref


def _is_of_another_derivative(layer: Layer, wrong: WrongGradient) -> bool:
    """True where one other derivative by the outputs gives all that is under test."""
    x, dz = layer.inputs, layer.derivative
    right = x.T @ dz
    for turned in (False, True):
        exact, hand = (_units(layer, blocks, turned=turned) for blocks in (wrong.right, wrong.hand))
        if exact.shape != right.shape or not _close(right, exact, layer, wrong):
            continue
        if torch.linalg.matrix_rank(x) < x.shape[1]:  # else there always is one
            possible = x.T.matmul(x.T.pinverse())  # what any derivative gives is left as it is
            return _close(possible @ hand, hand, layer, wrong)
        factors = ((hand * right).sum(0) / (right * right).sum(0)).nan_to_num(1.0)
        shared = layer.bias is not None and len(right) >= FEWEST
        return shared and _close(right * factors, hand, layer, wrong)
    return False


def _units(layer: Layer, blocks: Results, *, turned: bool) -> Tensor:
    """The gradients by a layer, a column for each of its units."""
    weight, *bias = (torch.as_tensor(blocks[path], device="cpu") for path in layer.paths)
    parts = [weight.T if turned else weight, *(b.reshape(1, -1) for b in bias)]
    return torch.cat(parts) if len({part.shape[1] for part in parts}) == 1 else weight[:0]


def _close(one: Tensor, two: Tensor, layer: Layer, wrong: WrongGradient) -> bool:
    """Return whether gradients by a layer are equal, to rounding."""
    off, size = (one - two).abs(), float(two.abs().max())
    parts = (off,) if layer.bias is None else (off[:-1], off[-1:])
    return all(
        float(part.max()) <= max(ROOM * wrong.allowed[path], ROUNDED * size)
        for path, part in zip(layer.paths, parts, strict=True)
    )
