"""How natural a slip is at its place: an n belongs to a mean or a sum, a 2 to a square."""

from itertools import chain

from autograd_ref.recording.slips.sites import found_on
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.slips.telling.value_names import is_inside
from autograd_ref.recording.tape import Ref, Tape

BELONGS = 0.6
"""How much more natural a factor is at the operation that it belongs to. Chosen."""

NUMBERS = ("a factor", "a factor missing", "a sign")
"""Rules that are about a number."""


def naturalness(tape: Tape, slip: Slip) -> float:
    """Return the rank of a slip at its place; the lower, the more natural."""
    site, place, _output = slip.sites[0]
    node = tape.nodes[tape.turns[site][-1]]
    rank = slip.rule.rank - 1e-6 * tape.turns[site][-1]  # of those alike the nearest to the loss
    if slip.turns != "all":
        rank += 0.3
    if not node.place.text:  # all that reaches a parameter, wherever it comes from
        rank += 0.25
    if is_at_home(tape, slip):
        return rank - BELONGS
    if slip.other is not None:
        rank += _of_another(tape, slip)
    if slip.rule.name == "a path not followed" and place is not None:
        moving = sum(ref in tape.moving for ref in node.operands)
        return rank - 0.1 * (moving > 1)
    return rank


def is_at_home(tape: Tape, slip: Slip) -> bool:
    """Return whether a slip is about a number that is there: of a square, a mean, a minus."""
    if slip.other is not None:
        return False
    if slip.rule.name in NUMBERS:
        return _belongs(tape, slip)
    site = slip.sites[0].site
    numbers = tape.nodes[tape.turns[site][-1]].numbers
    is_product = site.operation in ("mul", "div")
    return slip.rule.name == "a derivative left out" and bool(numbers) and is_product


def _of_another(tape: Tape, slip: Slip) -> float:
    """Return how much less natural a slip is by the other value that it takes."""
    site, place, output = slip.sites[0]
    index = tape.turns[site][-1]
    assert slip.other is not None, "asked before"
    ref = found_on(tape, slip.other, index)
    if ref is None:
        return 0.0
    node = tape.nodes[index]
    if slip.rule.name == "another value used" and len(node.operands) == 1 and place is not None:
        return 2.0 * (ref == Ref(index, output))  # the function applied a second time
    if (
        slip.rule.name == "a factor missing"
        and len(node.operands) == 1
        and ref == Ref(index, output)
    ):
        return -0.1 * (place is not None)  # a part of the derivative
    if is_inside(tape, ref.node):
        return 0.5
    return 0.0 if ref in tape.names else 0.08


def _before(tape: Tape, ref: Ref) -> list[Ref]:
    """The values that one is computed from."""
    return tape.reached(ref.node)


def _after(tape: Tape, ref: Ref) -> list[Ref]:
    """The values that are computed from one."""
    return [Ref(index) for index in tape.uses.get(ref, ())]


def akin(tape: Tape, ref: Ref) -> frozenset[Ref]:
    """Return the values whose derivative may be taken for that of one, as dh for dz.

    Those are reached from it by steps that keep its shape, all back or all forward; and those that
    come of the same operation.
    """
    shape = tape.value(ref).shape
    found = {ref}
    for around in (_before, _after):
        left = [ref]
        while left:
            new = [r for r in around(tape, left.pop()) if r not in found]
            new = [r for r in new if r in tape.moving and tape.value(r).shape == shape]
            found.update(new)
            left += new
    name = tape.nodes[ref.node].site.operation
    found.update(Ref(i) for i in tape.is_wanted if tape.nodes[i].site.operation == name)
    return frozenset(found)


def _belongs(tape: Tape, slip: Slip) -> bool:
    """Return whether a factor is part of the derivative of the operation."""
    site, place, output = slip.sites[0]
    node = tape.nodes[tape.turns[site][-1]]
    operation, text = site.operation, slip.rule.said
    if slip.rule.name == "a sign":
        minus = operation in ("neg", "reciprocal") or (operation in ("sub", "sub_") and place == 1)
        return minus or (operation in ("rsub", "div") and place == (operation == "div"))
    if place is None:
        return False
    words = text.replace("(", " ").split()
    if operation in ("pow", "square"):
        exponent = node.numbers[0] if node.numbers else 2.0
        return text.startswith(f"the factor {exponent:g} is missing")
    if operation in ("sqrt", "rsqrt"):
        return "a factor 2 too many" in text
    if operation in ("mul", "div"):
        constants = [tape.nodes[r.node].numbers for r in node.operands if r not in tape.moving]
        numbers = [*node.numbers, *chain.from_iterable(constants)]
        return any(f"{number:.6g}" in words for number in numbers)
    if operation in ("mean", "sum"):
        count = tape.value(node.operands[place]).numel() // max(1, node.values[output].numel())
        return str(count) in words or f"1/{count}" in words
    return False
