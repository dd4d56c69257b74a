"""Other numbers in a loss: constants, sizes, the length that a mean divides by."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.otherwise.change import (
    AtOperation,
    Change,
    Compute,
    inner,
    on_result,
)
from autograd_ref.recording.tape import Node, Tape

SMALL = 1e-2
"""Numbers that are smaller keep something finite: they are left out, or stand elsewhere. Chosen."""

WITH_NUMBERS = frozenset(
    "add sub rsub mul div pow clamp clamp_min clamp_max leaky_relu elu softplus var std threshold"
    " native_layer_norm native_batch_norm _native_batch_norm_legit smooth_l1_loss huber_loss"
    " gt ge lt le hardtanh logit arange triu tril roll".split()
)
"""Operations in which a number is part of the formula, and names no axis."""

OTHERS: tuple[tuple[str, Callable[[Any], Any], float], ...] = (
    ("{n2} stands for its root {n}", lambda n: n * n, 2.2),
    ("the root of {n} stands for {n}", lambda n: n**0.5, 2.4),
    ("{n} is left out", lambda _n: 0, 2.3),
    ("1 stands for {n}", lambda _n: 1, 2.3),
    ("2 * {n} stands for {n}", lambda n: 2 * n, 2.4),
    ("{n} / 2 stands for {n}", lambda n: n / 2, 2.4),
    ("-{n} stands for {n}", lambda n: -n, 2.4),
    ("1/{n} stands for {n}", lambda n: 1 / n, 2.4),
    ("{n} + 1 stands for {n}", lambda n: n + 1, 2.5),
    ("{n} - 1 stands for {n}", lambda n: n - 1, 2.5),
    ("1 - {n} stands for {n}", lambda n: 1 - n, 2.6),
    ("2 stands for {n}", lambda _n: 2, 2.6),
    ("3 stands for {n}", lambda _n: 3, 2.7),
)


def numbers(at: AtOperation) -> Iterator[Change]:
    """Yield what numbers may stand in an operation."""
    if isinstance(at.node.compute, Replay) and at.site.operation in WITH_NUMBERS:
        for which, number in enumerate(at.node.numbers):
            yield from _others(at, which, number)
    if at.site.operation == "mean" or (at.site.operation == "div" and _of_a_count(at)):
        yield from _means(at)


def _others(at: AtOperation, which: int, number: float) -> Iterator[Change]:
    seen: set[Any] = {number}
    for text, change, rank in OTHERS:
        try:
            new = change(number)
            said = text.format(n=f"{number:g}", n2=f"{number**2:g}")
        except (ZeroDivisionError, OverflowError):
            continue
        if isinstance(new, complex) or new in seen:
            continue
        if abs(number) < SMALL and ("root" in text or number == 0):
            continue
        seen.add(new)

        def how(node: Node, change: Any = change) -> Compute:
            assert isinstance(node.compute, Replay), "asked before"
            return node.compute.with_number(which, lambda old: typed(old, change))

        yield at.computed("another number in the loss", said, rank, how)


def typed(old: Any, change: Callable[[Any], Any]) -> Any:
    """Return another number of the same type, where it has one; flags stay as they are."""
    if type(old) is bool:  # some kernels read what is not there where a flag is turned
        raise ValueError
    new = change(old)
    return int(new) if isinstance(old, int) and new == int(new) else new


def _of_a_count(at: AtOperation) -> bool:
    """Return whether a division is by a constant: a number, or one of the data."""
    refs = at.node.operands
    return len(refs) == 1 or (refs[1] not in at.tape.moving and at.tape.value(refs[1]).ndim == 0)


def _means(at: AtOperation) -> Iterator[Change]:
    """Yield means that are divided by something else."""
    x, y = at.tape.value(at.node.operands[0]), at.node.values[0]
    if at.site.operation == "mean":
        count = x.numel() / max(1, y.numel())
        divisors = [
            (count - 1, f"the mean divides by {count:g} - 1 = {count - 1:g}, not by {count:g}", 2.1)
        ]
        divisors.append((1.0, "the sum stands for the mean", 2.1))
        kept = int(x.count_nonzero())
        if y.numel() == 1 and 0 < kept < count:
            said = f"the mean divides by {kept}, the entries that are not 0, not by {count:g}"
            yield at.computed("another count in the loss", said, 2.09, _over_those_kept)
    else:
        refs = at.node.operands
        count = float(at.tape.value(refs[1])) if len(refs) > 1 else at.node.numbers[0]
        divisors = []
    for n in _sizes(at.tape):
        if n != count:
            divisors.append((float(n), f"it is divided by {n}, not by {count:g}", 2.6))
    for divisor, said, rank in divisors:
        if divisor and count:

            def how(node: Node, ratio: float = count / divisor) -> Compute:
                def scaled(result: Tensor) -> Tensor:
                    return result * ratio

                return on_result(node, scaled)

            yield at.computed("another size in the loss", said, rank, how)


def _over_those_kept(node: Node) -> Compute:
    """Take the mean over the entries that are not 0, as those of a hinge that are active."""
    compute = inner(node)

    def made(x: Tensor) -> Tensor:
        mean = compute(x)
        assert isinstance(mean, Tensor), "a mean is one"
        return mean * (x.numel() / int(x.count_nonzero()))

    return made


def _sizes(tape: Tape) -> list[int]:
    found = {n for path in tape.parameters.values() for n in tape.value(path).shape}
    for node in tape.nodes:
        if node.compute is None:
            found.update(n for value in node.values for n in value.shape)
    return sorted(n for n in found if n > 1)
