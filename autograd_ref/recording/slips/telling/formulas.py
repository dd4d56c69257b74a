"""Values inside an expression of the caller, as the short formulas that a book would have."""

from collections.abc import Callable
from itertools import accumulate

from autograd_ref.recording.tape import Ref, Tape

LONGEST = 44
"""Characters of a formula. Chosen: what is longer is shortened."""

LONGEST_NAME = 24
"""Characters of a name in a formula that is shortened. Chosen."""

DEEPEST = 6
"""Operations inside one another that a formula has at most. Chosen."""

DOTS = "..."
"""Stands for what is left out of a formula."""

FORMS: dict[str, str] = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "rsub": "1 - {0}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "pow": "{0}**{1}",
    "neg": "-{0}",
    "mm": "{0} @ {1}",
    "bmm": "{0} @ {1}",
    **{f: f + "({0})" for f in "exp log log1p sqrt sigmoid tanh erf sum mean relu abs".split()},
    "clamp_min": "max({0}, {1})",
    "amax": "max({0})",
    "reciprocal": "1 / {0}",
    "linalg_vector_norm": "norm({0})",
}
"""Operations as they are written; a number stands for the operand that is missing."""

OUTPUTS = {
    **dict.fromkeys(
        ("native_batch_norm", "_native_batch_norm_legit", "native_layer_norm"),
        ("", "the mean", "1 / the standard deviation"),
    ),
}
"""Further results of operations."""


LOOSE = frozenset(" +-*/@%")
"""Characters that hold an expression together less tightly than a call."""


def formula(tape: Tape, ref: Ref, leaf: Callable[[Ref], str]) -> str:
    """Return the formula of a value inside an expression; empty where it has none that is short.

    Args:
        tape: the record.
        ref: the value.
        leaf: the name of a value from outside of the expression; empty for one inside.
    """
    if ref.output:
        more = OUTPUTS.get(tape.nodes[ref.node].site.operation, ())
        return more[ref.output] if ref.output < len(more) else ""
    for deep, name in (DEEPEST, leaf), *((d, _short(leaf)) for d in range(DEEPEST, 1, -1)):
        text = _written(tape, ref, name, deep)
        if 0 < len(text) <= LONGEST:
            return f"`{text}`"
    return ""


def _short(leaf: Callable[[Ref], str]) -> Callable[[Ref], str]:
    """The names of values, and dots for those that are long."""

    def name(ref: Ref) -> str:
        text = leaf(ref)
        return text if len(text) <= LONGEST_NAME else DOTS

    return name


def _written(tape: Tape, ref: Ref, leaf: Callable[[Ref], str], deep: int) -> str:
    known = leaf(ref)
    if known:
        return bare(known)
    if not deep:
        return DOTS
    node = tape.nodes[ref.node]
    if (
        node.site.operation in ("detach", "expand", "unsqueeze", "view", "_to_copy")
        and node.operands
    ):
        return _written(tape, node.operands[0], leaf, deep)
    form = FORMS.get(node.site.operation)
    if form is None:
        return ""
    parts = [_written(tape, one, leaf, deep - 1) for one in node.operands]
    parts += [f"{number:g}" for number in node.numbers]
    if not all(parts) or ("{1}" in form and len(parts) < 2):
        return ""
    binary = form in (
        "{0} * {1}",
        "{0} / {1}",
        "{0}**{1}",
        "-{0}",
        "1 / {0}",
        "{0} - {1}",
        "1 - {0}",
    )
    return form.format(*(bracketed(part) if binary else part for part in parts))


def bare(text: str) -> str:
    """Return the name of a value without the marks of code."""
    return text.strip("`")


def bracketed(text: str) -> str:
    """Return an expression as it stands in a product: in brackets, unless it is one name or call.

    >>> bracketed("a+b"), bracketed("f(a + b)"), bracketed("h[0]"), bracketed("(a) * (b)")
    ('(a+b)', 'f(a + b)', 'h[0]', '((a) * (b))')
    """
    depth = accumulate((c in "([{") - (c in ")]}") for c in text)
    loose = any(not d and c in LOOSE for c, d in zip(text, depth, strict=True))
    return f"({text})" if loose else text


def transpose(matrix: str) -> str:
    """Return the transpose of a matrix with this name; empty where the name is a description."""
    if matrix.startswith(("its ", "the ", "a ")):
        return ""
    text = bare(matrix)
    due = next((text.removesuffix(t) for t in (".T", ".mT") if text.endswith(t)), "")
    due = due or f"{bracketed(text)}.T"
    return f"`{due}`".replace("{", "{{").replace("}", "}}")
