"""Several operations that one differentiates in one go: a rotation, a sigmoid written out.

A stretch leads from a value to another of its shape, and takes nothing else that parameters move.
It is left out as a whole, taken forwards on the way back, or replaced by a formula.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from torch import Tensor

from autograd_ref.recording.slips.rules.elementwise import DERIVATIVES
from autograd_ref.recording.slips.rules.others import Others
from autograd_ref.recording.slips.sites import Other, SlipSite, found_on
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Ref, Site, Tape
from autograd_ref.recording.through import back, forwards

LONGEST = 24
"""Operations of a stretch at most. Chosen: a rotation by sines and cosines has some fifteen."""

BY_ENTRY = frozenset(
    "add sub rsub mul div pow neg exp expm1 log log1p sqrt rsqrt reciprocal square tanh sigmoid"
    " sin cos sinh cosh abs erf relu softplus clamp clamp_min silu gelu".split()
)
"""Operations on every entry by itself."""

ARRANGES = frozenset(
    "alias t transpose permute view reshape _unsafe_view _reshape_alias unsqueeze squeeze clone"
    " expand select slice detach".split()
)
"""Operations that are no step of a derivation."""

Key = tuple[object, ...]


class Stretch(NamedTuple):
    """Operations from one value to another."""

    first: Ref
    nodes: tuple[int, ...]

    @property
    def last(self) -> Ref:
        """The value that it leads to."""
        return Ref(self.nodes[-1])


def _key(site: Site) -> Key:
    """The last instruction of an operation: alike where one function is called several times."""
    return site.where[-1:], site.operation, site.ordinal


def stretches(tape: Tape, first: Ref) -> Iterator[Stretch]:
    """Yield the stretches from a value, the shortest first.

    Args:
        tape: the record.
        first: the value.
    """
    shape, inside = tape.value(first).shape, list[int]()
    reached = {first}
    for index in sorted(_after(tape, first)):
        node = tape.nodes[index]
        if not all(ref in reached for ref in tape.reached(index)):
            continue
        reached.update(Ref(index, i) for i in range(len(node.values)))
        inside.append(index)
        if node.values[0].shape == shape and _is_closed(tape, inside):
            steps = [i for i in inside if tape.nodes[i].site.operation not in ARRANGES]
            if len(steps) > 1:
                yield Stretch(first, tuple(inside))


def _after(tape: Tape, first: Ref) -> set[int]:
    found = set[int]()
    left = [first]
    while left and len(found) < LONGEST:
        new = [index for index in tape.uses.get(left.pop(0), ()) if index not in found]
        found.update(new[: LONGEST - len(found)])
        left += [Ref(i, n) for i in new for n in range(len(tape.nodes[i].values))]
    return found


def _is_closed(tape: Tape, inside: list[int]) -> bool:
    """Return whether nothing but the last operation is used outside."""
    return all(
        use in inside
        for index in inside[:-1]
        for number in range(len(tape.nodes[index].values))
        for use in tape.uses.get(Ref(index, number), ())
    )


def _to(tape: Tape, first: Ref, key: Key) -> Stretch | None:
    """The stretch from a value to an operation."""
    return next(
        (s for s in stretches(tape, first) if _key(tape.nodes[s.nodes[-1]].site) == key), None
    )


def of_value(tape: Tape, first: Ref) -> Iterator[Rule]:
    """Yield the wrong steps back over the stretches from a value.

    Args:
        tape: the record.
        first: the value.
    """
    for stretch in stretches(tape, first):
        key, last = _key(tape.nodes[stretch.nodes[-1]].site), f"{{value[{stretch.nodes[-1]}][0]}}"
        yield from _whole(tape, stretch, key, last)
        if _by_entry(tape, stretch):
            for i, (text, derivative) in enumerate(DERIVATIVES.items()):
                formula = text.format(x="x", y="y")
                yield Rule(
                    "another derivative",
                    partial(_by_formula, key, derivative),
                    f"the derivative of y = {last} by x = {{x}} is taken to be {formula}",
                    3.0 + 0.01 * i,
                    "use the derivative of what stands there",
                    told_at=tape.nodes[stretch.nodes[-1]].site,
                )


def observed(others: Others, first: Ref) -> Iterator[tuple[Rule, Other]]:
    """Yield the rules that the derivative of a stretch is what is observed, not what is expected.

    It is data, as y for mu in the weights of a Hessian; or a squared difference, as (y - mu)**2 is
    in the outer product of scores.

    Args:
        others: the values of the record.
        first: the value that the stretch begins with.
    """
    tape = others.tape
    found = [stretch for stretch in stretches(tape, first) if _by_entry(tape, stretch)]
    for other, value in others.at(first.node) if found else ():
        ref = found_on(tape, other, first.node)
        if value.shape != tape.value(first).shape or ref is None:
            continue
        if ref not in tape.moving:
            yield from ((_taken_to_be(tape, s, 1, "{other}"), other) for s in found)
        elif tape.nodes[ref.node].site.operation in ("sub", "rsub"):
            said = "the square of {other}"
            yield from ((_taken_to_be(tape, s, 2, said), other) for s in found)


def _taken_to_be(tape: Tape, stretch: Stretch, power: int, said: str) -> Rule:
    last = stretch.nodes[-1]
    return Rule(
        "another derivative",
        partial(_by_value, _key(tape.nodes[last].site), power),
        f"the derivative of {{value[{last}][0]}} by {{x}} is taken to be {said}",
        4.2 + 0.01 * len(stretch.nodes),
        "use the derivative of what stands there",
        told_at=tape.nodes[last].site,
    )


def _by_value(
    key: Key, power: int, at: At, other: Tensor | None, _c: Tensor | None
) -> Tensor | None:
    assert other is not None, "found before"
    return _instead(at, key, lambda _stretch, c: c * other**power)


def _whole(tape: Tape, stretch: Stretch, key: Key, last: str) -> Iterator[Rule]:
    site = tape.nodes[stretch.nodes[-1]].site
    yield Rule(
        "a derivative left out",
        partial(_left_out, key),
        f"the derivative of {last} by {{x}} is left out: what comes back to {last} reaches {{x}} as"
        " it is",
        1.8,
        "multiply by that derivative",
        told_at=site,
    )
    if not _by_entry(tape, stretch):
        yield Rule(
            "forwards for back",
            partial(_forwards, key),
            f"what comes back to {last} is taken through the steps from {{x}} as a value is, not"
            " back: their matrix is not transposed",
            1.9,
            "take the transposed steps: a rotation is turned back",
            told_at=site,
        )


def alike(tape: Tape) -> Iterator[tuple[tuple[SlipSite, ...], str, Rule]]:
    """Yield the wrong steps back that are made wherever one function is called.

    Args:
        tape: the record.
    """
    found: dict[Key, dict[SlipSite, tuple[Stretch, str]]] = {}
    for index in tape.needed:
        node = tape.nodes[index]
        for stretch in stretches(tape, Ref(index)) if len(tape.turns[node.site]) == 1 else ():
            end = tape.nodes[stretch.nodes[-1]].site
            if len(end.where) > 1 and not _by_entry(tape, stretch):
                last = f"{{value[{stretch.nodes[-1]}][0]}}"
                found.setdefault(_key(end), {})[SlipSite(node.site, None)] = (stretch, last)
    for key, places in found.items():
        if len(places) > 1:
            stretch, last = next(iter(places.values()))
            yield from ((tuple(places), "all", rule) for rule in _whole(tape, stretch, key, last))


def _by_entry(tape: Tape, stretch: Stretch) -> bool:
    shape = tape.value(stretch.first).shape
    nodes = [tape.nodes[index] for index in stretch.nodes]
    return all(n.site.operation in BY_ENTRY and n.values[0].shape == shape for n in nodes)


def _instead(at: At, key: Key, made: Callable[[Stretch, Tensor], Tensor | None]) -> Tensor | None:
    """All that reaches a value, with another contribution of a stretch."""
    stretch = _to(at.steps.tape, at.ref, key)
    c = None if stretch is None else at.cotangent(stretch.last)
    if stretch is None or c is None:
        return None
    instead = made(stretch, c)
    return None if instead is None else at.right - _back(at, stretch, c) + instead


def _back(at: At, stretch: Stretch, c: Tensor) -> Tensor:
    return back(at.steps, reversed(stretch.nodes), {stretch.last: c[None]})[stretch.first][0]


def _left_out(key: Key, at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    return _instead(at, key, lambda _stretch, c: c)


def _forwards(key: Key, at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    def made(stretch: Stretch, c: Tensor) -> Tensor | None:
        found = forwards(at.steps, stretch.nodes, {stretch.first: c[None]})
        return found[stretch.last][0] if stretch.last in found else None

    return _instead(at, key, made)


def _by_formula(
    key: Key,
    derivative: Callable[[Tensor, Tensor], Tensor],
    at: At,
    _other: Tensor | None,
    _c: Tensor | None,
) -> Tensor | None:
    tape = at.steps.tape
    return _instead(at, key, lambda s, c: c * derivative(at.x, tape.value(s.last)))
