"""Changes of two operations at once: operands exchanged between them, a mask on the wrong side."""

from collections.abc import Iterator

import torch
from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.otherwise.change import AtOperation, Change, Compute, Made, inner
from autograd_ref.recording.tape import Node, Ref, Site, Tape, outputs_of


def several(at: AtOperation) -> Iterator[Change]:
    """Yield what may be otherwise about an operation and those that it takes from."""
    yield from _exchanged_between(at)
    yield from _parts(at)
    yield from _cut(at)
    yield from _numbers_exchanged(at)
    if at.site.operation == "_softmax":
        yield from _masked_later(at)


def _exchanged_between(at: AtOperation) -> Iterator[Change]:
    """Yield z * a + (1 - z) * b for (1 - z) * a + z * b, and the like."""
    tape = at.tape
    if len(at.node.operands) != 2:
        return
    one, two = (tape.nodes[ref.node] for ref in at.node.operands)
    alike = one.site.operation == two.site.operation and one.site != two.site
    if not alike or len(one.operands) != 2 or len(two.operands) != 2:
        return
    for i, j in ((0, 0), (0, 1)):
        first, second = one.operands[i], two.operands[j]
        if tape.value(first).shape == tape.value(second).shape and first != second:
            here = (one.site, _takes(i, 1, j))
            there = (two.site, _takes(j, 0, i))
            said = (
                f"{{value[{first.node}][{first.output}]}} and"
                f" {{value[{second.node}][{second.output}]}} are exchanged"
            )
            yield Change("operands exchanged in the loss", said, 2.15, (here, there))


def _takes(place: int, side: int, other: int) -> Made:
    """Return the change that an operation takes an operand of the one beside it."""

    def made(tape: Tape, here: int) -> Node | None:
        joint = _joint(tape, here, 1 - side)
        if joint is None:
            return None
        ref = tape.nodes[joint.operands[side].node].operands[other]
        node = tape.nodes[here]
        if ref.node >= here:
            return None
        refs = [ref if i == place else r for i, r in enumerate(node.operands)]
        return node._replace(operands=tuple(refs))

    return made


def _joint(tape: Tape, here: int, side: int) -> Node | None:
    """The operation of two operands that takes a result on one side."""
    for node in tape.nodes[here + 1 :]:
        if len(node.operands) == 2 and node.operands[side] == Ref(here):
            return node
    return None


def _parts(at: AtOperation) -> Iterator[Change]:
    """Yield the parts of a split in another order."""
    node = at.node
    if len(node.values) < 2 or at.site.operation not in SPLITS:
        return
    for one in range(len(node.values)):
        for two in range(one):
            if node.values[one].shape == node.values[two].shape:

                def swapped(node: Node, one: int = one, two: int = two) -> Compute:
                    compute = inner(node)

                    def made(*operands: Tensor) -> object:
                        found = compute(*operands)
                        parts = list(outputs_of(found))
                        parts[one], parts[two] = parts[two], parts[one]
                        return parts

                    return made

                said = f"{_part(at, two)} and {_part(at, one)} are taken for each other"
                yield at.computed("parts exchanged in the loss", said, 2.1, swapped)


def _numbers_exchanged(at: AtOperation) -> Iterator[Change]:
    """Yield b * u + a * v for a * u + b * v."""
    for nodes in at.tape.turns.values():
        other = at.tape.nodes[nodes[-1]]
        both = [n for n in (at.node, other) if n.site.operation == "mul" and len(n.numbers) == 1]
        if len(both) < 2 or nodes[-1] >= at.number or at.node.numbers == other.numbers:
            continue
        (a,), (b,) = at.node.numbers, other.numbers
        made = ((at.site, _with_number(b)), (other.site, _with_number(a)))
        said = f"the factors {b:g} and {a:g} are taken for each other"
        yield Change("numbers exchanged in the loss", said, 2.2, made)


def _with_number(number: float) -> Made:
    """Return the change that an operation has another number."""

    def made(tape: Tape, index: int) -> Node:
        node = tape.nodes[index]
        assert isinstance(node.compute, Replay), "only what is replayed has numbers"
        return node._replace(compute=node.compute.with_number(0, lambda _old: number))

    return made


def _part(at: AtOperation, which: int) -> str:
    """The caller's name of a part of a split, or its number."""
    name = at.tape.names.get(Ref(at.number, which), f"part {which}")
    return name.replace("{", "{{").replace("}", "}}")


SPLITS = frozenset("split split_with_sizes unbind chunk".split())


CUTS = frozenset("slice select index".split())


def _cut(at: AtOperation) -> Iterator[Change]:
    """Yield two pieces of one array that are taken for each other."""
    tape = at.tape
    if at.site.operation not in CUTS:
        return
    for site, nodes in tape.turns.items():
        other = tape.nodes[nodes[-1]]
        if not (site.operation == at.site.operation and nodes[-1] < at.number):
            continue
        if other.operands != at.node.operands or other.values[0].shape != at.node.values[0].shape:
            continue
        if len(nodes) == len(tape.turns[at.site]):
            made = ((at.site, _computes(site)), (site, _computes(at.site)))
            said = f"{{value[{nodes[-1]}][0]}} and {{y}} are taken for each other"
            yield Change("parts exchanged in the loss", said, 2.1, made)


def _computes(site: Site) -> Made:
    """Return the change that an operation does what another does, in the same turn."""

    def made(tape: Tape, index: int) -> Node:
        node = tape.nodes[index]
        return node._replace(compute=tape.nodes[tape.turns[site][node.turn]].compute)

    return made


def _masked_later(at: AtOperation) -> Iterator[Change]:
    """Yield the softmax of what is not masked, masked afterwards."""
    tape = at.tape
    ref = at.node.operands[0]
    before = tape.nodes[ref.node]
    if before.site.operation not in ("masked_fill", "masked_fill_", "where", "add"):
        return
    kept = torch.isfinite(tape.value(ref)) & (tape.value(ref) > -1e8)
    scores = next(
        (r for r in before.operands if r in tape.moving and tape.value(r).shape == kept.shape), None
    )
    if scores is None or bool(kept.all()):
        return
    place = before.operands.index(scores)
    said = (
        "the mask is left out on the way back: what is masked has the weight exp of its score"
        " over the sum of what is kept"
    )
    made = ((at.site, _unmasked(place)),)
    yield Change("a mask left out on the way back", said, 2.0, made, by_formula=True)
    for by_formula in (True, False):
        made = ((at.site, _later(place, by_formula=by_formula)),)
        said = (
            "the mask is applied after the softmax: its rows are not normalised over what is kept"
        )
        yield Change("a mask after the softmax", said, 2.05, made, by_formula)


def _unmasked(place: int) -> Made:
    """Return the change that weights are computed again from scores without their mask."""

    def made(tape: Tape, index: int) -> Node:
        node = tape.nodes[index]
        masked = node.operands[0]
        axis, p = int(node.numbers[0]), node.values[0]
        total = torch.logsumexp(tape.value(masked), axis, keepdim=True)

        def weights(x: Tensor) -> Tensor:
            found = torch.exp(x - total).detach()
            linear = found * x - p * (found * x).sum(axis, keepdim=True)
            return found + linear - linear.detach()

        return node._replace(operands=(tape.nodes[masked.node].operands[place],), compute=weights)

    return made


def _later(place: int, *, by_formula: bool) -> Made:
    def made(tape: Tape, index: int) -> Node:
        node = tape.nodes[index]
        masked = node.operands[0]
        keep = (tape.value(masked) > -1e8).to(node.values[0].dtype)
        compute = inner(node)
        axis = int(node.numbers[0])

        def later(x: Tensor) -> Tensor:
            y = compute(x)
            assert isinstance(y, Tensor), "a softmax is one"
            y = y * keep
            if not by_formula:
                return y
            found = y.detach()  # y * (c - sum(c * y)), whatever y is
            linear = found * (x - (x * found).sum(axis, keepdim=True))
            return found + linear - linear.detach()

        return node._replace(operands=(tape.nodes[masked.node].operands[place],), compute=later)

    return made
