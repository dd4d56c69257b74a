"""A claim in words: the expression of the caller's loss, and what is wrong about its derivative."""

from collections.abc import Collection

from autograd_ref.recording.frames import BUILT_IN
from autograd_ref.recording.slips.finding.guesses import SlipClaim
from autograd_ref.recording.slips.otherwise.change import Change
from autograd_ref.recording.slips.sites import found_on
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.slips.telling.formulas import LONGEST, bare, bracketed, formula
from autograd_ref.recording.slips.telling.phrases import means, said
from autograd_ref.recording.slips.telling.value_names import (
    is_inside,
    is_one_of_several,
    name,
    outside,
    step_of,
)
from autograd_ref.recording.slips.telling.vocabulary import called
from autograd_ref.recording.tape import Ref, Site, Tape
from autograd_ref.report.words import listed
from autograd_ref.tree.nest import Path, name_of

CHANGE_FIX = "do what the loss does there; or change the loss, where yours is meant"
"""How to mend what is right for a slightly different loss."""

FORWARD_FIX = "compute it as the loss does"
"""How to mend a value, where the way back through it is right."""

MOST_NAMED = 4
"""Values that are named where the same is done to several. Chosen."""


def worded(claim: SlipClaim) -> tuple[str, str, str]:
    """Return a claim as its name, the end of "what comes out if ...", and how to mend it."""
    guess, tape = claim.guess, claim.steps.tape
    if guess.change is not None:
        called, what, fix = _change(tape, guess.change)
        return called, what + _alone(guess.only), fix
    found = [_slip(tape, slip) for slip in guess.slips]
    names = [slip.rule.name for slip in guess.slips]
    fixes = dict.fromkeys(fix for _what, fix in found)
    what = "; and if ".join(what for what, _fix in found) + _alone(guess.only)
    return " + ".join(names), what, "; ".join(fixes)


def _alone(blocks: Collection[Path]) -> str:
    """The blocks in whose derivation a mistake is made, where each has its own."""
    return f", in the derivation by {listed(sorted(map(name_of, blocks)))} alone" if blocks else ""


def _change(tape: Tape, change: Change) -> tuple[str, str, str]:
    index = tape.turns[change.site][-1]
    what = change.said.format(**_words(tape, index, None, 0))
    fix = FORWARD_FIX if change.value_only else CHANGE_FIX
    return change.name, f"{_where(tape, change.site, 'all')}{what}", fix


def _slip(tape: Tape, slip: Slip) -> tuple[str, str]:
    """The statement about a slip, with its place, and how to mend it."""
    site, place, output = slip.sites[0]
    index = tape.turns[site][0 if slip.turns == "first" else -1]
    words = _words(tape, index, place, output)
    if slip.other is not None:
        _name_other(tape, slip, index, words)
    words |= _of_all(tape, slip)
    text, fix = said(tape, index, place, slip)
    node = tape.nodes[index]
    if place is not None:
        count = tape.value(node.operands[place]).numel() / max(1, node.values[output].numel())
        text = means(site.operation, count, words, text) or text
    others = _and_others(tape, slip) if slip.rule.told_at is None else ""
    plain = text.format(**words).replace("the factor a constant", "a constant factor")
    what = _where(tape, slip.rule.told_at or site, slip.turns, others) + plain
    return what, (fix or "derive that step again").format(**words)


def _name_other(tape: Tape, slip: Slip, index: int, words: dict[str, object]) -> None:
    """Say which other value is meant, and of which turn of a loop where two have one name."""
    assert slip.other is not None, "asked before"
    turns = (index, *reversed(tape.turns[slip.sites[0].site]))
    index = next((i for i in turns if found_on(tape, slip.other, i) is not None), index)
    ref = found_on(tape, slip.other, index)
    if ref is None:
        words["other"] = "another value"
        return
    text = name(tape, ref, index)
    operands = {f"operand{i}": r for i, r in enumerate(tape.nodes[index].operands)}
    operands["y"] = Ref(index, slip.sites[0].output)
    twins = [key for key, r in operands.items() if words[key] == text and r != ref]
    for key in twins:
        words[key] = f"{text}{step_of(tape, operands[key], index)}"
    words["other"] = (
        f"{text}{step_of(tape, ref, index)}" if twins or slip.other.turns_before else text
    )


def _where(tape: Tape, site: Site, turns: str, alike: str = "") -> str:
    """The expression at which a slip is made, with its line, as the beginning of a clause."""
    index = tape.turns[site][-1]
    node = tape.nodes[index]
    if not node.place.line:
        return ""
    of = ""
    if is_inside(tape, index) and is_one_of_several(tape, index):
        of = f", at {_inside(tape, index)}"
    which = {"first": ", in the first turn", "last": ", in the last turn"}.get(turns, "")
    return f"in {node.place}{of}{which}{alike}, "


def _inside(tape: Tape, index: int) -> str:
    """An operation inside an expression: as a formula, or by what it is called."""
    short = formula(tape, Ref(index), lambda ref: outside(tape, ref, Ref(index)))
    return short or f"its {called(tape.nodes[index].site.operation)}"


def _and_others(tape: Tape, slip: Slip) -> str:
    """The other places at which it is made, alike: in the same line by their expressions."""
    first, *places = dict.fromkeys(tape.nodes[tape.turns[s.site][-1]].place for s in slip.sites)
    is_seen = first.file != BUILT_IN  # else nobody sees its lines
    here = [f"`{p.text}`" for p in places if p.line == first.line or not is_seen]
    lines = sorted({p.line for p in places} - {first.line}) if is_seen else []
    if not lines and 0 < len(here) <= MOST_NAMED:
        return f" and alike in {listed(here)}"
    numbers = [str(line) for line in lines or [first.line] * bool(here)]
    several = "lines" if len(numbers) > 1 else "line"
    return f" and alike in {several} {listed(numbers)}" if numbers else ""


def _of_all(tape: Tape, slip: Slip) -> dict[str, object]:
    """The names of all operands and results to which the same is done, where those are several."""
    found: dict[str, dict[str, None]] = {"x": {}, "y": {}}
    for site, place, output in slip.sites:
        words = _words(tape, tape.turns[site][-1], place, output)
        for key, names in found.items():
            names[str(words[key])] = None
    together = {key: listed([*names]) for key, names in found.items() if len(names) > 1}
    return {key: text for key, text in together.items() if len(text) <= LONGEST}


def _words(tape: Tape, index: int, place: int | None, output: int) -> dict[str, object]:
    """The names of values, by the words that stand for them in the texts of rules and changes."""
    node = tape.nodes[index]
    words: dict[str, object] = {
        f"operand{i}": name(tape, ref, index) for i, ref in enumerate(node.operands)
    }
    y = name(tape, Ref(index, output), index)
    x = y if place is None else name(tape, node.operands[place], index)
    words |= {"x": x, "y": y, "value": _Values(tape, index)}
    words |= {
        f"foperand{i}": bracketed(bare(name(tape, r, index))) for i, r in enumerate(node.operands)
    }
    for i, ref in enumerate(node.operands):
        inner = tape.nodes[ref.node].operands
        words |= {f"operand{i}_{j}": name(tape, r, index) for j, r in enumerate(inner)}
    words |= {"bx": bare(x), "by": bare(y)}
    words |= {"fx": bracketed(bare(x)), "fy": bracketed(bare(y))} | _step(x, y)
    words["number"] = ", ".join(f"{number:g}" for number in node.numbers)
    return words


def _step(x: str, y: str) -> dict[str, object]:
    """How a line of code begins and ends that takes the step back, where both values have names."""
    if x.isidentifier() and y.isidentifier() and x != y:
        return {"step": f"d{x} = d{y} * ", "open": "(", "close": ")"}
    return {"step": "", "open": "", "close": ""}


class _Values:
    """The names of values, as {value[node][output]} in a text."""

    def __init__(self, tape: Tape, index: int, node: int | None = None) -> None:
        self._tape, self._index, self._node = tape, index, node

    def __getitem__(self, key: int) -> "str | _Values":
        if self._node is None:
            return _Values(self._tape, self._index, key)
        return name(self._tape, Ref(self._node, key), self._index)
