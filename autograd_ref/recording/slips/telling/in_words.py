"""A claim in words: the expression of the caller's loss, and what is wrong about its derivative."""

from autograd_ref.recording.slips.finding.guesses import SlipClaim
from autograd_ref.recording.slips.otherwise.change import Change
from autograd_ref.recording.slips.slip import Slip, found_on
from autograd_ref.recording.slips.telling.formulas import bracketed
from autograd_ref.recording.slips.telling.phrases import means, said
from autograd_ref.recording.slips.telling.value_names import (
    is_inside,
    is_one_of_several,
    name,
    step_of,
)
from autograd_ref.recording.slips.telling.vocabulary import called
from autograd_ref.recording.tape import Ref, Site, Tape
from autograd_ref.report.words import listed


def worded(claim: SlipClaim) -> tuple[str, str, str]:
    """Return a claim as its name, the end of "what comes out if ...", and how to mend it."""
    guess, tape = claim.guess, claim.steps.tape
    if guess.change is not None:
        return _change(tape, guess.change)
    found = [_slip(tape, slip) for slip in guess.slips]
    names = [slip.rule.name for slip in guess.slips]
    fixes = dict.fromkeys(fix for _what, fix in found)
    return " + ".join(names), "; and if ".join(what for what, _fix in found), "; ".join(fixes)


def _change(tape: Tape, change: Change) -> tuple[str, str, str]:
    index = tape.turns[change.site][-1]
    what = change.said.format(**_words(tape, index, None, 0))
    fix = "derive the loss as it stands, or compare with the one that was derived"
    return change.name, f"{_where(tape, change.site, 'all')}{what}", fix


def _slip(tape: Tape, slip: Slip) -> tuple[str, str]:
    """The statement about a slip, with its place, and how to mend it."""
    site, place, output = slip.sites[0]
    index = tape.turns[site][0 if slip.turns == "first" else -1]
    words = _words(tape, index, place, output)
    if slip.other is not None:
        _name_other(tape, slip, index, words)
    text, fix = said(tape, index, place, slip)
    node = tape.nodes[index]
    if place is not None:
        count = tape.value(node.operands[place]).numel() / max(1, node.values[output].numel())
        text = means(site.operation, count, words, text) or text
    what = _where(tape, site, slip.turns, _and_others(tape, slip)) + text.format(**words)
    return what, (fix or "derive that step again").format(**words)


def _name_other(tape: Tape, slip: Slip, index: int, words: dict[str, object]) -> None:
    """Say which other value is meant, and of which turn of a loop where two have one name."""
    assert slip.other is not None, "asked before"
    ref = found_on(tape, slip.other, index)
    if ref is None:
        words["other"] = "another value"
        return
    text = name(tape, ref, index)
    operands = {f"operand{i}": r for i, r in enumerate(tape.nodes[index].operands)}
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
        of = f", at its {called(site.operation)}"
    which = {"first": ", in the first turn", "last": ", in the last turn"}.get(turns, "")
    return f"in {node.place}{of}{which}{alike}, "


def _and_others(tape: Tape, slip: Slip) -> str:
    """The other places at which it is made, alike."""
    places = [tape.nodes[tape.turns[one.site][-1]].place for one in slip.sites]
    lines = [place.line for place in places[1:] if place != places[0]]
    if not lines:
        return ""
    return f" and alike in {'line' if len(set(lines)) == 1 else 'lines'} " + listed(
        [str(line) for line in dict.fromkeys(lines)]
    )


def _words(tape: Tape, index: int, place: int | None, output: int) -> dict[str, object]:
    """The names of values, by the words that stand for them in the texts of rules and changes."""
    node = tape.nodes[index]
    words: dict[str, object] = {
        f"operand{i}": name(tape, ref, index) for i, ref in enumerate(node.operands)
    }
    y = name(tape, Ref(index, output), index)
    x = y if place is None else name(tape, node.operands[place], index)
    words |= {"x": x, "y": y, "value": _Values(tape, index)}
    words |= {"fx": _in_formula(x), "fy": _in_formula(y)} | _step(x, y)
    words["number"] = ", ".join(f"{number:g}" for number in node.numbers)
    return words


def _in_formula(text: str) -> str:
    """A value as it stands in a formula: unquoted, in brackets where it needs them."""
    bare = text.strip("`")
    return bracketed(bare)


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
