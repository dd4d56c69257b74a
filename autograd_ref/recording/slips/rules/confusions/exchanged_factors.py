"""The factors of two products of a sum, exchanged on the way back: of a * x + b * y.

Then c * b reaches x, and c * a reaches y, as with the gate of a GRU and 1 - gate; or all four are
derived as those of b * x + a * y.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product

from torch import Tensor

from autograd_ref.recording.slips.sites import Other, SlipSite, found_on, mentioned
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node, Site, Tape

SUMS = frozenset(("add", "add_", "sub", "sub_", "rsub"))

PRODUCTS = frozenset("mul mm mv bmm dot matmul".split())

FIX = "each factor belongs to the product that it stands in"

Group = tuple[tuple[SlipSite, ...], str, Rule]

Takes = Mapping[tuple[Site, int], Other]
"""The value that stands for an operand of a product, by its number."""


def exchanged(tape: Tape) -> Iterator[Group]:
    """Yield the places of two products, and that they take each other's factors.

    Args:
        tape: the record.
    """
    alike: dict[tuple[int | None, int | None], list[tuple[Node, int, Node, int]]] = {}
    for site, nodes in tape.turns.items():
        node = tape.nodes[nodes[-1]]
        if nodes[-1] not in tape.is_needed or site.operation not in SUMS:
            continue
        products = [ref for ref in node.operands if _is_product(tape.nodes[ref.node])]
        if len(products) == len(node.operands) == 2 and products[0] != products[1]:
            one, two = (tape.nodes[ref.node] for ref in products)
            if len(one.operands) == len(two.operands) == 2:
                yield from _of_values(tape, one, two)
                for i, j in product((0, 1), (0, 1)):
                    factors = tape.same.get(one.operands[i]), tape.same.get(two.operands[j])
                    alike.setdefault(factors, []).append((one, i, two, j))
            elif len(one.operands) == len(two.operands) and one.numbers != two.numbers:
                yield from _of_numbers(tape, one, two)
    for sums in alike.values():
        if len(sums) > 1:
            yield _of_several(sums)


def _of_several(sums: Sequence[tuple[Node, int, Node, int]]) -> Group:
    """The places of several sums of products with the same two factors."""
    takes, places = dict[tuple[Site, int], Other](), list[tuple[Node, int]]()
    for one, i, two, j in sums:
        takes[one.site, i], takes[two.site, j] = Other(two.site, 0, 0, j), Other(one.site, 0, 0, i)
        places += [(one, 1 - i), (two, 1 - j)]
    one, i, two, j = sums[0]
    both = f"{mentioned(one.operands[i])} and {mentioned(two.operands[j])}"
    said = f"{both} are exchanged on the way back to what they are multiplied by"
    return _at(places), "all", _rule(takes, said, 2.0)


def _is_product(node: Node) -> bool:
    return node.site.operation in PRODUCTS


def _of_values(tape: Tape, one: Node, two: Node) -> Iterator[Group]:
    for i, j in product((0, 1), (0, 1)):
        a, b, x, y = one.operands[i], two.operands[j], one.operands[1 - i], two.operands[1 - j]
        if tape.value(a).shape != tape.value(b).shape or a == b or x == y:
            continue
        takes = {(one.site, i): Other(two.site, 0, 0, j), (two.site, j): Other(one.site, 0, 0, i)}
        said = (
            f"{mentioned(a)} and {mentioned(b)} are exchanged on the way back: the derivative by"
            f" {mentioned(x)} is taken with {mentioned(b)}, and that by {mentioned(y)} with"
            f" {mentioned(a)}"
        )
        places = (one, 1 - i), (two, 1 - j)
        if x in tape.moving and y in tape.moving:
            yield _at(places), "all", _rule(takes, said, 1.95)
        if tape.value(x).shape == tape.value(y).shape and i == 0:
            takes[one.site, 1 - i] = Other(two.site, 0, 0, 1 - j)
            takes[two.site, 1 - j] = Other(one.site, 0, 0, 1 - i)
            moving = [
                (n, k) for n, k in (*places, (one, i), (two, j)) if n.operands[k] in tape.moving
            ]
            both = f"{mentioned(a)} and {mentioned(b)}"
            said = f"{both} are exchanged on the way back, in all derivatives"
            yield _at(moving), "all", _rule(takes, said, 2.05)


def _of_numbers(tape: Tape, one: Node, two: Node) -> Iterator[Group]:
    if all(node.operands[0] in tape.moving for node in (one, two)):
        said = (
            f"the factors {one.numbers[0]:g} and {two.numbers[0]:g} are exchanged on the way back"
        )
        rule = Rule("factors exchanged", partial(_done_as, (one.site, two.site)), said, 1.95, FIX)
        yield _at(((one, 0), (two, 0))), "all", rule


def _at(places: Iterable[tuple[Node, int]]) -> tuple[SlipSite, ...]:
    return tuple(SlipSite(node.site, place) for node, place in places)


def _rule(takes: Takes, said: str, rank: float) -> Rule:
    return Rule("factors exchanged", partial(_made, dict(takes)), said, rank, FIX)


def _index(at: At) -> int:
    """The number of the operation on the tape."""
    assert at.step is not None, "made at steps only"
    return at.steps.tape.turns[at.step.node.site][at.step.node.turn]


def _made(takes: Takes, at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    number = 1 - at.place
    other = found_on(at.steps.tape, takes[at.step.node.site, number], _index(at))
    if other is None:
        return None
    step = at.step.with_operand(number, at.steps.tape.value(other))
    return step.back({0: at.c.unsqueeze(0)})[at.place][0]


def _done_as(
    sites: tuple[Site, Site], at: At, _other: Tensor | None, _c: Tensor | None
) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    other = sites[1 - sites.index(at.step.node.site)]
    beside = found_on(at.steps.tape, Other(other, 0), _index(at))
    compute = None if beside is None else at.steps.tape.nodes[beside.node].compute
    if compute is None:
        return None
    return at.step.computing(compute).back({0: at.c.unsqueeze(0)})[0][0]
