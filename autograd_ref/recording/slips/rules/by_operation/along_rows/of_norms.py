"""Where rows are normalised by a statistic of their own, with the parts of the derivative.

The derivative of n = (x - mean(x)) / s is (c - mean(c) - n * mean(c * n)) / s, with both means
along the axes of the statistic; of x / norm(x) it has a sum for the second mean.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from autograd_ref.recording.tape import Ref, Tape

CLOSE = 1e-8
"""How alike, relative to squares, what is added to them has to be in all rows. Chosen."""

SMALL = 0.1
"""How large that may be. Chosen: it keeps a root away from 0."""


class Normalised(NamedTuple):
    """Where a value is normalised, and its parts."""

    at: Ref
    """The quotient."""
    x: Tensor
    n: Tensor
    s: Tensor
    over: tuple[int, ...]
    """The axes of the statistic."""
    centred: bool
    summed: bool
    """True for a norm, in whose derivative a sum stands for the second mean."""

    def back(self, c: Tensor, terms: "Terms | None" = None) -> Tensor:
        """The derivative, from what comes back to n."""
        along, outer, inner = terms or self.terms()
        second = outer * along(c * inner) * (self.entries if self.summed else 1)
        return (c - along(c) - second if self.centred else c - second) / self.s

    def terms(self) -> "Terms":
        """The right terms of the formula."""
        return Terms(self.mean, self.n, self.n)

    def mean(self, c: Tensor) -> Tensor:
        """The mean along the axes of the statistic."""
        return c.mean(self.over, keepdim=True)

    @property
    def entries(self) -> int:
        """The number of entries that a statistic is made of."""
        return self.n.numel() // self.s.numel()

    @property
    def formula(self) -> str:
        """The derivative, as it is written."""
        mean = "- mean(c) " if self.centred else ""
        return f"(c {mean}- n * {'sum' if self.summed else 'mean'}(c * n)) / s"


class Terms(NamedTuple):
    """The terms of the formula, of its mean and of n, before and inside it."""

    along: Callable[[Tensor], Tensor]
    outer: Tensor
    inner: Tensor


def other_lengths(tape: Tape, found: Normalised) -> list[int]:
    """Return the lengths of other groups of entries side by side, as in the shapes of a tape."""
    count = found.entries
    if found.over != tuple(range(found.n.ndim - len(found.over), found.n.ndim)):
        return []
    lengths: set[int] = set()
    for node in tape.nodes:
        shape = node.values[0].shape if node.values else ()
        if node.values and node.values[0].numel() == found.n.numel():
            length = 1
            for n in reversed(shape):
                length *= n
                if length != count and (length % count == 0 or count % length == 0):
                    lengths.add(length)
    return sorted(lengths - {1})


def where_normalised(tape: Tape, ref: Ref) -> Normalised | None:
    """Return where a value is normalised by its own statistic; None where it is not."""
    for use in tape.uses.get(ref, ()):
        found = _quotient(tape, use, ref, ref)
        if found is None and tape.nodes[use].site.operation == "sub":
            for further in tape.uses.get(Ref(use), ()):
                found = found or _quotient(tape, further, Ref(use), ref)
        if found is not None:
            return found
    return None


def _quotient(tape: Tape, index: int, above: Ref, ref: Ref) -> Normalised | None:
    """The normalised value, if an operation divides one by fewer numbers that are made of it."""
    node = tape.nodes[index]
    if node.site.operation not in ("div", "mul") or len(node.operands) < 2:
        return None
    place = node.operands.index(above)
    below = node.operands[1 - place]
    made_of_it = tape.ancestors[below.node] >> ref.node & 1 and below in tape.moving
    x, n = tape.value(ref), node.values[0]
    if not made_of_it or n.shape != x.shape or (node.site.operation == "div" and place):
        return None
    s = tape.value(below) if node.site.operation == "div" else 1 / tape.value(below)
    s = s.reshape([1] * (n.ndim - s.ndim) + list(s.shape))
    over = tuple(i for i, (a, b) in enumerate(zip(n.shape, s.shape, strict=True)) if a > b)
    if not over:
        return None
    squares, count = ((n * s) ** 2).sum(over, keepdim=True), n.numel() // s.numel()
    eps = [s**2 - total for total in (squares, squares / count)]
    alike = [bool((e - e.mean()).abs().max() <= CLOSE * (s**2).max()) for e in eps]
    small = [bool(e.abs().max() <= SMALL * (s**2).max()) for e in eps]
    if not any(a and b for a, b in zip(alike, small, strict=True)):  # another statistic
        return None
    return Normalised(Ref(index), x, n, s, over, above != ref, alike[0] and small[0])
