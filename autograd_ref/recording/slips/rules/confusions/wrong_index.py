"""An index applied again where it is to be undone, another one, or that of the step before."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.otherwise.other_axes import moved_on
from autograd_ref.recording.slips.rules.values import operand
from autograd_ref.recording.slips.sites import Other, SlipSite, found_on, mentioned
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Ref, Site, Tape

TAKE = frozenset(
    "index gather index_select take embedding index_add scatter scatter_add index_copy".split()
)
"""Operations with an index among their operands."""

CHOOSE = TAKE | {"where", "masked_fill"}
"""Operations with an index or a mask."""

CUTS = ("select", "slice")

Group = tuple[tuple[SlipSite, ...], str, Rule]


def indices(tape: Tape, index: int) -> Iterator[tuple[Rule, Other | None]]:
    """Yield what may be wrong about the index of a step back, with the index that is used.

    Args:
        tape: the record.
        index: the operation.
    """
    node = tape.nodes[index]
    if node.site.operation in TAKE:
        yield AGAIN, None
    for number, ref in enumerate(node.operands if node.site.operation in CHOOSE else ()):
        if not tape.value(ref).is_floating_point():
            yield from ((operand(number), other) for other in alike(tape, index, ref))
    for number, ref in enumerate(node.operands):
        cut = tape.nodes[ref.node]
        if cut.site.operation in CUTS and len(node.operands) > 1:
            yield from ((_cut_beside(number, by, cut.operands[0]), None) for by in BESIDE)


def alike(tape: Tape, index: int, ref: Ref) -> Iterator[Other]:
    """Yield the other indices, or masks, of one shape, each once: those with a name first.

    Args:
        tape: the record.
        index: the operation that they are used at.
        ref: the index that the loss uses.
    """
    mine, turns = tape.value(ref), len(tape.turns[tape.nodes[index].site])
    found: list[Other] = []
    for site, nodes in tape.turns.items():
        if len(nodes) in (1, turns):
            for output, value in enumerate(tape.nodes[nodes[0]].values):
                if value.dtype == mine.dtype and value.shape == mine.shape:
                    befores = (0, 1, -1) if len(nodes) > 1 else (0,)
                    found += [Other(site, output, before) for before in befores]
    seen = [mine]
    for other in sorted(found, key=lambda one: found_on(tape, one, index) not in tape.names):
        at = found_on(tape, other, index)
        if at is not None and not any(tape.value(at).equal(one) for one in seen):
            seen.append(tape.value(at))
            yield other


def _again(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    assert at.step.node.compute is not None, "what is linear is computed"
    if at.c.shape != at.x.shape:
        return None
    operands = [torch.zeros_like(o) if o.is_floating_point() else o for o in at.step.operands]
    operands[at.place] = at.c
    made = at.step.node.compute(*operands)
    return made if isinstance(made, Tensor) else None


AGAIN = Rule(
    "an index applied again",
    _again,
    "the index is applied once more to what comes back, where it has to be undone",
    1.9,
    "put what comes back where it was taken from: d[index] = c",
)

BESIDE = {1: "entry after the one", -1: "entry before the one"}
"""How it is called what lies beside an index."""


def _cut_beside(number: int, by: int, array: Ref) -> Rule:
    """Return the rule that the derivative is taken with the entries beside those of an operand."""

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        tape = at.steps.tape
        cut = tape.nodes[at.step.node.operands[number].node]
        is_cut = cut.site.operation in CUTS  # at another place that is alike it may be none
        if number == at.place or not is_cut or not isinstance(cut.compute, Replay):
            return None
        beside = moved_on(cut.compute, by)(*(tape.value(ref) for ref in cut.operands))
        assert isinstance(beside, Tensor), "a piece is one"
        step = at.step.with_operand(number, beside)
        return step.back({0: at.c.unsqueeze(0)})[at.place][0]

    return Rule(
        "an index off by one",
        made,
        f"the derivative by {{x}} is taken with the {BESIDE[by]} of {mentioned(array)} that the"
        " loss takes",
        2.2,
        "use the one that the loss takes: the index is off by one",
    )


def off_by_one(tape: Tape) -> Iterator[Group]:
    """Yield places whose indices are all off by one: on one line, and in the turns of a loop.

    Args:
        tape: the record.
    """
    lines: dict[tuple[Ref, str, int, int], dict[SlipSite, None]] = {}
    for site, nodes in tape.turns.items():
        node = tape.nodes[nodes[-1]]
        for number, ref in enumerate(node.operands if nodes[-1] in tape.is_needed else ()):
            cut = tape.nodes[ref.node]
            if len(nodes) > 1 and ref in tape.moving:
                yield from _of_other_turns(tape, site, number)
            if cut.site.operation in CUTS and len(node.operands) == 2:
                key = cut.operands[0], node.place.file, node.place.line, number
                lines.setdefault(key, {})[SlipSite(site, 1 - number)] = None
    for (array, _file, _line, number), places in lines.items():
        if len(places) > 1:
            for by in BESIDE:
                yield tuple(places), "all", _cut_beside(number, by, array)


class _Reads(NamedTuple):
    """Entries of one array that a step of a loop takes, turn by turn."""

    uses: list[int]
    """The operations that use them."""
    taken: list[Ref]
    """The entries; before those of the first turn perhaps the ones used before the loop."""


def _reads(tape: Tape, site: Site, number: int) -> _Reads | None:
    """The entries that come in as one operand of an operation in a loop."""
    uses = tape.turns.get(site, [])
    operands = [tape.nodes[use].operands for use in uses]
    taken = [refs[number] for refs in operands if len(refs) > number]
    nodes = [tape.nodes[ref.node] for ref in taken]
    if len(taken) < len(uses) or not all(n.site.operation in (*CUTS, *TAKE) for n in nodes):
        return None
    arrays = {node.operands[0] for node in nodes}
    if len(arrays) > 1 or len(set(taken)) < 2:
        return None
    first, (array,) = tape.value(taken[0]), arrays
    before = [
        (use, Ref(cut))
        for cut in tape.uses.get(array, ())
        for use in tape.uses.get(Ref(cut), ())
        if use < uses[0] and tape.value(Ref(cut)).shape == first.shape
    ]
    return _Reads(uses, [*([max(before)[1]] if before else []), *taken])


def _of_other_turns(tape: Tape, site: Site, number: int) -> Iterator[Group]:
    """Yield what comes back to the entries that were taken a turn before, or after."""
    reads = _reads(tape, site, number)
    if reads is None:
        return
    array = tape.nodes[reads.taken[-1].node].operands[0]
    taken = dict.fromkeys(tape.nodes[ref.node].site for ref in reads.taken)
    for by, so in ((-1, "before"), (1, "after")):
        for around in (False, True):
            said = f"what comes back to {mentioned(array)} goes to the index of the step {so}"
            said += ", round the ends" if around else ""
            made = partial(_to_other_turns, (site, number), by, around)
            fix = "use the index of the same step"
            rule = Rule("an index off by one", made, said, 2.1 + 0.1 * around, fix, told_at=site)
            yield tuple(SlipSite(one, None) for one in taken), "all", rule


def _to_other_turns(
    use: tuple[Site, int],
    by: int,
    around: bool,
    at: At,
    _other: Tensor | None,
    _c: Tensor | None,
) -> Tensor | None:
    uses, taken = _reads(at.steps.tape, *use) or ([], [])
    _site, number = use
    found, outside = at.right.clone(), len(taken) - len(uses)
    for turn, index in enumerate(uses):
        mine, beside = turn + outside, turn + outside + by
        if not (around or 0 <= beside < len(taken)):
            continue
        to = taken[beside % len(taken)]
        c = at.cotangent(Ref(index)) if at.ref in (to, taken[mine]) else None
        if c is not None:
            back = at.steps[index].back({0: c.unsqueeze(0)})[number][0]
            found += back * ((at.ref == to) - (at.ref == taken[mine]))
    return found
