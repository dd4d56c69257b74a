"""Numbers that people multiply by too much, or forget: signs, sizes, constants of the code."""

import math
from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

from torch import Tensor

from autograd_ref.recording.slips.slip import AtRows, Rule, one
from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.tape import Tape

ORDINARY = frozenset((0.0, 1.0, -1.0, 2.0, -2.0))
"""Numbers that are tried anyway."""


SMALLEST, LARGEST = 1e-4, 1e6
"""Between which a constant is a factor: smaller ones keep something finite, as eps does. Chosen."""


class Amount(NamedTuple):
    """A factor."""

    value: float
    text: str
    rank: float
    kind: str = ""
    """The thing it counts, where that is more than a number: "the number of rows of X"."""


def amounts(tape: Tape) -> Iterator[Amount]:
    """Yield the factors that people make, each once, the most natural first."""
    seen: set[float] = set()
    for amount in sorted(_all(tape), key=lambda one: one.rank):
        key = float(f"{amount.value:.12g}")
        if key not in seen and key not in (0.0, 1.0) and math.isfinite(key):
            seen.add(key)
            yield amount


def _all(tape: Tape) -> Iterator[Amount]:
    yield Amount(-1.0, "-1", 1.2)
    yield Amount(2.0, "2", 1.3)
    yield Amount(0.5, "1/2", 1.3)
    for value, text in ((3.0, "3"), (1 / 3, "1/3"), (4.0, "4"), (0.25, "1/4")):
        yield Amount(value, text, 3.5)
    yield Amount(-2.0, "-2", 3.5)
    yield Amount(-0.5, "-1/2", 3.5)
    for number in _constants(tape):
        text = f"{number:.6g}"
        yield Amount(number, text, 1.8)
        yield Amount(1 / number, f"1/{text}", 1.8)
        yield Amount(-number, f"-{text}", 2.5)
        yield Amount(number**2, f"{text}**2", 2.5)
        yield Amount(1 / number**2, f"1/{text}**2", 2.5)
        yield Amount(1 - number, f"1 - {text}", 2.6)
        yield Amount(math.sqrt(number), f"sqrt({text})", 2.6)
        yield Amount(1 / math.sqrt(number), f"1/sqrt({text})", 2.6)
    sizes = _sizes(tape)
    for n, kind in sizes.items():
        yield Amount(float(n), f"{n}", 1.6, kind)
        yield Amount(1 / n, f"1/{n}", 1.6, kind)
        yield Amount(-1 / n, f"-1/{n}", 2.8, kind)
        yield Amount(math.sqrt(n), f"sqrt({n})", 2.2, kind)
        yield Amount(1 / math.sqrt(n), f"1/sqrt({n})", 2.2, kind)
        if n > 2:
            yield Amount(n / (n - 1), f"{n}/{n - 1}", 2.6, kind)
            yield Amount((n - 1) / n, f"{n - 1}/{n}", 2.6, kind)
    axes = [n for n, kind in sizes.items() if kind.startswith("an axis")]
    for n, m in permutations(axes, 2):
        yield Amount(n / m, f"{n}/{m}", 3.2, f"{sizes[n]} over {sizes[m]}")


def _constants(tape: Tape) -> list[float]:
    """The sizes of the numbers in the code that are factors."""
    found: dict[float, None] = {}
    for node in tape.nodes:
        for number in node.numbers:
            if number not in ORDINARY and SMALLEST < abs(number) < LARGEST:
                found.setdefault(abs(number))
    return list(found)[:12]


def _sizes(tape: Tape) -> dict[int, str]:
    """The lengths of axes, and the numbers of entries: of arrays, and along their last axes."""
    found: dict[int, str] = {}
    for node in tape.nodes:
        for value in node.values:
            for n in value.shape:
                found.setdefault(n, f"an axis of length {n}")
    for node in tape.nodes:
        for value in node.values:
            found.setdefault(value.numel(), f"an array of {value.numel()} entries")
            for some in (value.shape[i:] for i in range(1, value.ndim - 1)):
                found.setdefault(math.prod(some), f"{' x '.join(map(str, some))} entries")
    return {n: kind for n, kind in found.items() if n > 1}


def _multiplied(at: AtRows) -> Tensor | None:
    numbers = at.right.new_tensor([rule.number for rule in at.rules])
    return at.right * numbers.reshape(-1, *(1,) * (at.right.ndim - 1))


def factor(amount: Amount) -> Rule:
    """Return the rule that what reaches an operand is multiplied by a number."""
    made = one(_multiplied, amount.value)

    def rule(name: SlipName, said: str, fix: str) -> Rule:
        return Rule(name, made, said, amount.rank, fix, many=_multiplied, number=amount.value)

    of = f" ({amount.kind})" if amount.kind else ""
    if amount.value == -1:
        return rule("a sign", "the sign of what reaches {x} is wrong", "flip the sign there")
    if amount.text.startswith("1/"):
        missing = amount.text[2:]
        said = f"the factor {missing}{of} is missing in what reaches {{x}}"
        return rule("a factor missing", said, f"multiply by {missing} there")
    said = f"what reaches {{x}} has a factor {amount.text}{of} too many"
    return rule("a factor", said, f"divide by {amount.text} there")
