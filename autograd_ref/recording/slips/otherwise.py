"""Gradients of a slightly different loss: one operation left out, or done otherwise.

Such a gradient is right for another function: a mask that was forgotten, a variance that is divided
by n - 1, a comparison that lacks equality. The record is computed again with the change.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.spots import RESHAPES
from autograd_ref.recording.tape import Node, Site, Tape, outputs_of

Compute = Callable[..., object]


class Change(NamedTuple):
    """One operation, done otherwise."""

    site: Site
    name: str
    said: str
    """The end of "what comes out if, in `...`, "."""
    rank: float
    compute: Callable[[Node], Compute | None]
    """How the operation is done, of a node of the site."""


def changes(tape: Tape) -> Iterator[Change]:
    """Yield what could be otherwise in a loss."""
    wanted = _wanted(tape)
    for site, nodes in tape.turns.items():
        node = tape.nodes[nodes[-1]]
        if node.compute is None or nodes[-1] not in wanted:
            continue
        yield from _left_out(tape, site, node)
        yield from _signs(tape, site, node)
        yield from _numbers(site, node)
        yield from _siblings(site, node)
        yield from _transposed(tape, site, node)


def _wanted(tape: Tape) -> set[int]:
    """The nodes that the loss depends on, whether or not parameters move them."""
    found = {tape.result.node}
    for index in range(tape.result.node, -1, -1):
        if index in found:
            found.update(operand.node for operand in tape.nodes[index].operands)
    return found


def _left_out(tape: Tape, site: Site, node: Node) -> Iterator[Change]:
    if site.operation in RESHAPES or len(node.values) != 1:
        return
    for place, ref in enumerate(node.operands):
        x = tape.value(ref)
        if x.is_floating_point() and x.shape == node.values[0].shape:

            def compute(_node: Node, place: int = place) -> Compute:
                return lambda *operands: operands[place]

            said = f"only {{operand{place}}} stands there" if len(node.operands) > 1 else (
                f"nothing is done to {{operand{place}}}"
            )
            yield Change(site, "an operation left out of the loss", said, 2.0, compute)


def _signs(tape: Tape, site: Site, node: Node) -> Iterator[Change]:
    if site.operation in RESHAPES:
        return
    for place, ref in enumerate(node.operands):
        if tape.value(ref).is_floating_point():

            def compute(node: Node, place: int = place) -> Compute:
                inner = node.compute
                assert inner is not None
                return lambda *o: inner(*(-x if i == place else x for i, x in enumerate(o)))

            said = f"{{operand{place}}} has the other sign"
            yield Change(site, "a sign in the loss", said, 2.2, compute)


OTHER_NUMBERS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("0", lambda _n: 0),
    ("1", lambda _n: 1),
    ("-1", lambda _n: -1),
    ("{n} + 1", lambda n: n + 1),
    ("{n} - 1", lambda n: n - 1),
    ("-{n}", lambda n: -n),
    ("2 * {n}", lambda n: 2 * n),
    ("{n} / 2", lambda n: n / 2),
    ("{n}**2", lambda n: n * n),
    ("sqrt({n})", lambda n: n**0.5),
    ("1/{n}", lambda n: 1 / n),
)


def _numbers(site: Site, node: Node) -> Iterator[Change]:
    compute = node.compute
    if not isinstance(compute, Replay) or site.operation in RESHAPES:
        return
    for which, number in enumerate(node.numbers):
        seen: set[Any] = {number}
        for text, change in OTHER_NUMBERS:
            try:
                new = change(number)
            except (ZeroDivisionError, OverflowError):
                continue
            if isinstance(new, complex) or new in seen:
                continue
            seen.add(new)

            def made(node: Node, which: int = which, change: Any = change) -> Compute | None:
                inner = node.compute
                if not isinstance(inner, Replay):
                    return None

                def typed(old: Any) -> Any:
                    if isinstance(old, bool):
                        return not old
                    new = change(old)
                    return int(new) if isinstance(old, int) and new == int(new) else new

                return inner.with_number(which, typed)

            said = f"{number:g} is {text.format(n=f'{number:g}')}"
            yield Change(site, "another number in the loss", said, 2.6, made)


SIBLINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "ge": (("gt", "greater, not equal"), ("le", "the other way round")),
    "gt": (("ge", "greater or equal"), ("lt", "the other way round")),
    "le": (("lt", "smaller, not equal"), ("ge", "the other way round")),
    "lt": (("le", "smaller or equal"), ("gt", "the other way round")),
    "amax": (("amin", "the smallest"),),
    "amin": (("amax", "the largest"),),
    "maximum": (("minimum", "the smaller"),),
    "minimum": (("maximum", "the larger"),),
    "tanh": (("sigmoid", "a sigmoid"),),
    "sigmoid": (("tanh", "a tanh"),),
    "relu": (("sigmoid", "a sigmoid"), ("abs", "an absolute value")),
    "sin": (("cos", "a cosine"),),
    "cos": (("sin", "a sine"),),
    "exp": (("expm1", "exp - 1"),),
    "log": (("log1p", "log(1 + ...)"),),
    "mul": (("div", "a quotient"), ("add", "a sum")),
    "div": (("mul", "a product"),),
    "add": (("sub", "a difference"),),
    "sub": (("add", "a sum"),),
    "sum": (("mean", "a mean"),),
    "mean": (("sum", "a sum"),),
    "triu": (("tril", "the lower triangle"),),
    "tril": (("triu", "the upper triangle"),),
    "logcumsumexp": (("logsumexp", "a sum over all"),),
}


def _siblings(site: Site, node: Node) -> Iterator[Change]:
    for name, said in SIBLINGS.get(site.operation, ()):

        def made(node: Node, name: str = name) -> Compute | None:
            inner = node.compute
            if not isinstance(inner, Replay):
                return None
            function = getattr(torch, name)

            def compute(*operands: Tensor) -> object:
                found = Replay(function, inner.args, inner.kwargs)(*operands)
                shape = node.values[0].shape
                return found.expand(shape) if isinstance(found, Tensor) else found

            return compute

        yield Change(site, "another operation in the loss", f"it is {said}", 2.4, made)


def _transposed(tape: Tape, site: Site, node: Node) -> Iterator[Change]:
    if site.operation in RESHAPES:
        return
    for place, ref in enumerate(node.operands):
        x = tape.value(ref)
        if x.ndim >= 2 and x.shape[-1] == x.shape[-2] and x.is_floating_point():

            def made(node: Node, place: int = place) -> Compute:
                inner = node.compute
                assert inner is not None
                return lambda *o: inner(
                    *(x.transpose(-1, -2) if i == place else x for i, x in enumerate(o))
                )

            said = f"{{operand{place}}} is transposed"
            yield Change(site, "transposed in the loss", said, 2.5, made)


def altered(steps: Steps, change: Change) -> Steps | None:
    """Return the record, computed again with a change; None where that cannot be done."""
    tape = steps.tape
    at = set(tape.turns.get(change.site, ()))
    if not at:
        return None
    nodes = list(tape.nodes)
    different: set[int] = set()
    for index, node in enumerate(tape.nodes):
        if index in at:
            compute = _changed(change, node)
            if compute is None:
                return None
            node = node._replace(compute=compute)
        elif node.compute is None or not any(o.node in different for o in node.operands):
            continue
        found = _again(nodes, node)
        if found is None:
            return None
        nodes[index] = found
        different.add(index)
    new = Steps(Tape(nodes, tape.parameters, tape.result, tape.names))
    new.take(steps, different)
    return new


def _changed(change: Change, node: Node) -> Compute | None:
    try:
        return change.compute(node)
    except (ArithmeticError, ValueError):  # a number that has no reciprocal
        return None


def _again(nodes: Sequence[Node], node: Node) -> Node | None:
    assert node.compute is not None
    operands = [nodes[ref.node].values[ref.output] for ref in node.operands]
    try:
        with torch.no_grad():
            values = outputs_of(node.compute(*operands))
    except (RuntimeError, IndexError, ValueError, TypeError, AttributeError):
        return None
    values = values[: len(node.values)]
    alike = len(values) == len(node.values) and all(
        a.shape == b.shape and a.dtype == b.dtype for a, b in zip(values, node.values, strict=True)
    )
    return node._replace(values=values) if alike else None
