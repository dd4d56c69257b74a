"""Two steps in the other order: a product before entries are moved, for one after that.

Of r(x) * s, with r that only moves entries and changes signs, the way back is that of r for c * s;
people write s times the way back for c, which belongs to r(x * s).
"""

from collections.abc import Iterator

from torch import Tensor

from autograd_ref.recording.slips.otherwise.change import AtOperation, Change, Made, on_operand
from autograd_ref.recording.slips.spots import RESHAPES
from autograd_ref.recording.tape import Node, Ref, Site, Tape

MOVE = RESHAPES | frozenset(
    "neg cat stack split split_with_sizes unbind slice select roll flip index_select".split()
)
"""Operations that move entries, or change their signs."""


def exchanged_steps(at: AtOperation) -> Iterator[Change]:
    """Yield a product that is taken before the entries of an operand are moved."""
    tape, node = at.tape, at.node
    if at.site.operation != "mul" or len(node.operands) != 2 or len(tape.turns[at.site]) > 1:
        return
    for place, factor in ((0, 1), (1, 0)):
        moved, by = node.operands[place], node.operands[factor]
        if moved not in tape.moving or by in tape.moving or tape.value(by).numel() == 1:
            continue
        steps = list(_moving_from(tape, moved))
        sources = {tape.nodes[index].operands[i] for index, i in steps}
        if len(sources) != 1 or tape.value(sources.pop()).shape != node.values[0].shape:
            continue
        made = ((at.site, _passes(place)),)
        made += tuple((tape.nodes[n].site, _times(i, at.site, factor)) for n, i in steps)
        said = (
            f"the product with {{operand{factor}}} is taken before entries are moved to make"
            f" {{operand{place}}}, not after"
        )
        yield Change("two steps exchanged", said, 2.0, made)


def _moving_from(tape: Tape, ref: Ref) -> Iterator[tuple[int, int]]:
    """Yield where the operations begin that only move entries to make a value: node and operand."""
    left, seen = [ref], set[int]()
    while left:
        index = left.pop().node
        node = tape.nodes[index]
        if node.site.operation not in MOVE or index in seen or len(tape.turns[node.site]) > 1:
            continue
        seen.add(index)
        moving = [(place, r) for place, r in enumerate(node.operands) if r in tape.moving]
        on = [r for _place, r in moving if tape.nodes[r.node].site.operation in MOVE]
        left += on
        yield from ((index, place) for place, r in moving if r not in on)


def _passes(place: int) -> Made:
    def made(tape: Tape, index: int) -> Node:
        node = tape.nodes[index]

        def compute(*operands: Tensor) -> Tensor:
            return operands[place].expand(node.values[0].shape)

        return node._replace(compute=compute)

    return made


def _times(place: int, product: Site, factor: int) -> Made:
    """Return the change that an operand is multiplied first, by what is a factor elsewhere."""

    def made(tape: Tape, index: int) -> Node:
        by = tape.value(tape.nodes[tape.turns[product][0]].operands[factor])

        def times(x: Tensor) -> Tensor:
            return x * by

        node = tape.nodes[index]
        return node._replace(compute=on_operand(node, place, times))

    return made
