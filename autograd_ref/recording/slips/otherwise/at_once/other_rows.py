"""All rows of an array where a loss takes some of them; or those of another index."""

from collections.abc import Iterator

from torch import Tensor

from autograd_ref.recording.slips.otherwise.change import AtOperation, Change, Compute, Made, inner
from autograd_ref.recording.slips.otherwise.other_operands import instead
from autograd_ref.recording.slips.rules.confusions.wrong_index import alike
from autograd_ref.recording.slips.sites import mentioned
from autograd_ref.recording.tape import Node, Ref, Site, Tape, outputs_of

TAKE = ("index", "index_select")

MEANS = frozenset(
    "mean nll_loss_forward mse_loss binary_cross_entropy binary_cross_entropy_with_logits".split()
)
"""Operations that divide by the number of rows."""


def rows(at: AtOperation) -> Iterator[Change]:
    """Yield the other rows that an operation may take."""
    for place, ref in enumerate(at.node.operands):
        if at.tape.value(ref).is_floating_point() or not at.tape.value(ref).ndim:
            continue
        for other in alike(at.tape, at.number, ref):
            nodes = at.tape.turns[other.site]
            said = f"{mentioned(Ref(nodes[-1], other.output))} stands for"
            made = ((at.site, instead(place, other)),)
            yield Change("another index in the loss", f"{said} {mentioned(ref)}", 2.25, made)
    if at.site.operation in TAKE and len(at.node.operands) == 2 and at.number in at.tape.is_needed:
        yield from _all(at)


def _all(at: AtOperation) -> Iterator[Change]:
    """Yield that all rows are taken, with their number or that of some to divide by."""
    tape, (array, some) = at.tape, at.node.operands
    before, after = tape.value(array), at.node.values[0]
    if not (before.ndim == after.ndim and len(before) > len(after) > 0):
        return
    alike_taken = [
        site
        for site, nodes in tape.turns.items()
        if site.operation in TAKE and some in tape.nodes[nodes[-1]].operands[1:]
    ]
    made: tuple[tuple[Site, Made], ...] = ((at.site, _whole),)
    made += tuple((site, _whole) for site in alike_taken if site != at.site)
    said = f"all rows of {mentioned(array)} are taken, not only those of {mentioned(some)}"
    yield Change("a selection forgotten in the loss", said, 2.0, made)
    means = (i for i in reversed(tape.needed) if tape.nodes[i].site.operation in MEANS)
    mean = next((i for i in means if tape.ancestors[i] >> at.number & 1), None)
    if mean is not None:
        made += ((tape.nodes[mean].site, _scaled(len(before) / len(after))),)
        said += f"; and divided by {len(after)}, the number of those"
        yield Change("a selection forgotten in the loss", said, 2.0, made)


def _whole(tape: Tape, index: int) -> Node:
    def whole(array: Tensor, _some: Tensor) -> Tensor:
        return array

    return tape.nodes[index]._replace(compute=whole)


def _scaled(by: float) -> Made:
    def made(tape: Tape, index: int) -> Node:
        return tape.nodes[index]._replace(compute=_times(tape.nodes[index], by))

    return made


def _times(node: Node, by: float) -> Compute:
    compute = inner(node)

    def times(*operands: Tensor) -> object:
        found = compute(*operands)
        if isinstance(found, Tensor):
            return by * found
        return tuple(by * one for one in outputs_of(found))

    return times
