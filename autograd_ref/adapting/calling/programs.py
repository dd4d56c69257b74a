"""The ways in which an entry may be called, as lines of code."""

from collections.abc import Iterator
from typing import NamedTuple

from autograd_ref.adapting.by_name.code_of import returned_names
from autograd_ref.adapting.by_name.roles import roles_of
from autograd_ref.adapting.calling.argument_text import Known
from autograd_ref.adapting.calling.call_arguments import filled
from autograd_ref.adapting.calling.candidates_in_code import Candidate, takes
from autograd_ref.adapting.holding.setups import Placed

NET = "net"
"""The variable for an instance."""


class DataForm(NamedTuple):
    """Expressions for the data, as somebody's code has them."""

    X: str
    Y: str
    said: str
    one_at_a_time: bool = False


class CallProgram(NamedTuple):
    """Lines that call somebody's code."""

    entry: Candidate
    setup: Placed
    data: DataForm
    before: tuple[str, ...]
    """That make what is called, and put the parameters there."""
    calls: tuple[str, ...]


def data_forms(*, labels: bool) -> Iterator[DataForm]:
    """Yield the ways in which a batch may be wanted, the usual first.

    Args:
        labels: True where Y has integer labels, False where it has numbers, (S, 1).
    """
    hot, one_hot = ("np.eye(N_O)[Y]", "one-hot ") if labels else ("Y", "")
    rows, columns = "X (S, N_I)", "X (N_I, S)"
    yield DataForm("X", hot, f"{rows}, {one_hot}Y (S, N_O)")
    yield DataForm("X.T", f"{hot}.T", f"{columns}, {one_hot}Y (N_O, S)")
    if labels:
        for X, said, column in (
            ("X", rows, ("Y.reshape(-1, 1)", "(S, 1)")),
            ("X.T", columns, ("Y.reshape(1, -1)", "(1, S)")),
        ):
            yield DataForm(X, "Y", f"{said}, labels Y (S,)")
            yield DataForm(X, column[0], f"{said}, labels Y {column[1]}")
            yield DataForm(X, "Y + 1", f"{said}, labels Y from 1, (S,)")
    else:
        yield DataForm("X", "Y[:, 0]", f"{rows}, Y (S,)")
        yield DataForm("X.T", "Y[:, 0]", f"{columns}, Y (S,)")


def sample_forms(*, labels: bool) -> Iterator[DataForm]:
    """Yield the ways in which one sample may be wanted; X and Y have one row.

    Args:
        labels: True where Y has integer labels, False where it has numbers, (1, 1).
    """
    hot = "np.eye(N_O)[Y]" if labels else "Y"
    shapes = (
        ("X[0]", "(N_I,)", f"{hot}[0]"),
        ("X.T", "(N_I, 1)", f"{hot}.T"),
        ("X", "(1, N_I)", hot),
        ("X[None]", "(1, 1, N_I)", f"({hot})[None]"),
    )
    for X, shape, like_X in shapes:
        said = f"one sample at a time, x {shape}"
        yield DataForm(X, like_X, f"{said}, y likewise", True)
        if X != "X[0]":
            yield DataForm(X, f"{hot}[0]", f"{said}, y (N_O,)", True)
        if labels:
            yield DataForm(X, "int(Y[0])", f"{said}, a label y", True)
        else:
            yield DataForm(X, "float(Y[0, 0])", f"{said}, a number y", True)


def calls_of(entry: Candidate, known: Known, forward: str) -> Iterator[tuple[str, ...]]:
    """Yield the calls of an entry, after a forward pass where one is named.

    Args:
        entry: the function or method.
        known: what there is to be given.
        forward: the name of the forward pass; empty for none.
    """
    owner = "" if entry.owner is None else f"{NET}."
    call = f"result = {owner}{entry.last}"
    if not forward:
        direct = filled(entry.function, known)
        yield from () if direct.missing else ((f"{call}({direct.text})",),)
        return
    first = entry.beside[forward]
    before = filled(first, known if takes(first, "Y") else known._replace(Y=""))
    if before.missing:
        return
    names = returned_names(first)
    line = f"{owner}{forward}({before.text})"
    outputs = [name or f"part{i}" for i, name in enumerate(names)] if len(names) > 1 else []
    likely = [n for n in outputs if "cache" in roles_of(n) or n.startswith("part")]
    caches = [*likely[-1:], f"({', '.join(outputs)})"] if outputs else ["cache"]
    line = f"{', '.join(outputs) if outputs else 'cache'} = {line}"
    for cache in caches:
        X = known.X if takes(entry.function, "X") else ""  # it was given to the forward pass
        after = filled(entry.function, known._replace(X=X, cache=cache, outputs=tuple(outputs)))
        if not after.missing:
            yield line, f"{call}({after.text})"
