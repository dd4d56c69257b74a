"""The needs of a name: how far its file has to run, and which of them are missing."""

from collections.abc import Iterable, Mapping, Sequence

from autograd_ref.commands.functions.files.statements import ANYTHING, Piece

ANYWHERE = {"exec", "globals", "locals", "vars"}
"""Functions that can bind a name which is not read off the code."""
Links = Mapping[str, set[str]]
"""Each name that is bound, with all that the code behind it can read."""


def links_in(statements: Iterable[Piece]) -> Links:
    """The names that statements bind, each with what it leads to."""
    links: dict[str, set[str]] = {}
    for one in statements:
        for name in one.binds | one.changes:
            links.setdefault(name, set()).update(one.reads, one.later)
    return links


def reached(links: Links, names: Iterable[str]) -> set[str]:
    """These names, and all that the code behind them can read, through one function to the next."""
    found, waiting = set[str](), [*names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += links.get(name, ())
    return found


def end_in_file(statements: Sequence[Piece], name: str) -> int:
    """The number of statements of a file after which nothing can change what a name stands for.

    Whatever binds a name that it needs is run, and whatever could change one of its arrays or
    objects; a loop that trains below the definitions is not. Where no statement binds the name, all
    of them are needed.
    """
    if not any(name in one.binds for one in statements):
        return len(statements)
    links = links_in(statements)
    needed = reached(links, [name])
    objects = needed & _objects(statements)
    sets = {name: one.sets for one in statements for name in one.binds if one.sets}

    def touches(one: Piece) -> bool:
        if ANYTHING in one.changes:
            return True
        if one.defines or needed & (one.binds | one.changes):
            return bool(needed & (one.binds | one.changes))
        used = reached(links, one.reads)
        if not used.isdisjoint(objects | ANYWHERE):
            return True
        return any(not needed.isdisjoint(sets.get(name, ())) for name in used)

    return 1 + max(i for i, one in enumerate(statements) if touches(one))


def end_in_notebook(statements: Sequence[Piece], name: str) -> int:
    """The number of statements up to the last cell that defines a name.

    Where a function there calls one that a later cell defines, this cell counts too. What stands in
    the last of them, and can change nothing, is not run, as in a file.
    """
    last = max((one.cell for one in statements if name in one.binds), default=0)
    while last:
        end = sum(one.cell <= last for one in statements)
        run = statements[:end]
        unbound = reached(links_in(run), [name]).difference(*(one.binds for one in run))
        later = [one.cell for one in statements[end:] if one.binds & unbound]
        if not later:
            return end_in_file(run, name)
        last = later[0]
    return len(statements)


def _objects(statements: Iterable[Piece]) -> set[str]:
    """The names of what can be changed in place: no function, class, module or number."""
    changing = (one for one in statements if not (one.defines or one.is_constant))
    return {name for one in changing for name in one.binds | one.changes}
