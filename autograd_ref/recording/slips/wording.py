"""A slip in words: the expression of the caller's loss, and what is wrong about its derivative."""

from autograd_ref.recording.slips.claims import Claim
from autograd_ref.recording.slips.slip import Slip, found_on
from autograd_ref.recording.tape import Node, Ref, Site, Tape
from autograd_ref.report.words import listed
from autograd_ref.tree.nest import name_of

WORDS = {
    **dict.fromkeys(("add", "add_"), "sum"),
    **dict.fromkeys(("sub", "rsub", "sub_"), "difference"),
    **dict.fromkeys(("mul", "mul_"), "product"),
    **dict.fromkeys(("div", "div_"), "quotient"),
    **dict.fromkeys(("mm", "bmm", "mv", "dot"), "matrix product"),
    "sum": "sum over an axis",
    "mean": "mean",
    "exp": "exponential",
    "log": "logarithm",
    "pow": "power",
    "sqrt": "root",
    "neg": "sign",
    "expand": "repetition along an axis",
    "index": "selection",
    "select": "selection",
    "slice": "selection",
    "gather": "selection",
}
"""What operations are called in a sentence."""


def worded(claim: Claim) -> tuple[str, str, str]:
    """Return a claim as its name, the end of "what comes out if ...", and how to mend it."""
    guess, tape = claim.guess, claim.steps.tape
    if guess.change is not None:
        change = guess.change
        index = tape.turns[change.site][-1]
        text = change.said.format(**_words(tape, index, None, 0))
        fix = "derive the loss as it stands, or compare with the one that was derived"
        return change.name, f"in {_where(tape, change.site, 'all')}, {text}", fix
    whats = [
        f"in {_where(tape, slip.sites[0].site, slip.turns)}{_and_others(tape, slip)},"
        f" {_said(tape, slip)}"
        for slip in guess.slips
    ]
    names = [slip.rule.name for slip in guess.slips]
    fixes = [slip.rule.fix or "derive that step again" for slip in guess.slips]
    return " + ".join(names), "; and if ".join(whats), "; ".join(dict.fromkeys(fixes))


def _where(tape: Tape, site: Site, turns: str) -> str:
    """The expression at which a slip is made, with its line."""
    node = tape.nodes[tape.turns[site][-1]]
    alike = {n.site.operation for n in tape.nodes if n.place == node.place and n.compute}
    word = WORDS.get(site.operation, site.operation)
    of = f", at its {word}" if len(alike) > 1 else ""
    which = {"first": ", in the first turn", "last": ", in the last turn"}.get(turns, "")
    return f"{node.place}{of}{which}"


def _and_others(tape: Tape, slip: Slip) -> str:
    """The other places at which it is made, alike."""
    lines = [tape.nodes[tape.turns[one.site][-1]].place.line for one in slip.sites[1:]]
    if not lines:
        return ""
    return f" and alike in {'line' if len(set(lines)) == 1 else 'lines'} " + listed(
        [str(line) for line in dict.fromkeys(lines)]
    )


def _said(tape: Tape, slip: Slip) -> str:
    """What is wrong there, as the end of a sentence."""
    site, place, output = slip.sites[0]
    index = tape.turns[site][0 if slip.turns == "first" else -1]
    words = _words(tape, index, place, output)
    if slip.other is not None:
        other = found_on(tape, slip.other, index)
        words["other"] = "another value" if other is None else _name(tape, other)
        if slip.other.turns_before:
            before = slip.other.turns_before
            words["other"] += " of the turn before" if before > 0 else " of the next turn"
    return slip.rule.said.format(**words)


def _words(tape: Tape, index: int, place: int | None, output: int) -> dict[str, str]:
    node = tape.nodes[index]
    words = {f"operand{i}": _name(tape, ref) for i, ref in enumerate(node.operands)}
    words["y"] = _name(tape, Ref(index, output))
    words["x"] = words["y"] if place is None else _name(tape, node.operands[place])
    return words


def _name(tape: Tape, ref: Ref) -> str:
    """What the caller calls a value, or the expression that it comes from."""
    if ref in tape.names:
        return tape.names[ref]
    for path, parameter in tape.parameters.items():
        if parameter == ref:
            return name_of(path, root="the parameters")
    node = tape.nodes[ref.node]
    if node.place.text:
        return f"`{node.place.text}`"
    return _constant(node) or "a constant"


def _constant(node: Node) -> str:
    value = node.values[0]
    return f"{float(value):.6g}" if value.numel() == 1 and not value.is_complex() else ""
