"""Which blocks the caller asks about: `only=` and `except_=`, by the names that reports show."""

from collections.abc import Callable, Collection, Iterable
from typing import cast

from autograd_ref.tree.nest import Path

Blocks = Collection[str] | None
"""Names of blocks, or the beginnings of names, up to a dot or a bracket."""


def unasked(
    paths: Iterable[Path], name: Callable[[Path], str], only: Blocks, except_: Blocks
) -> frozenset[Path]:
    """The blocks that are not to be judged.

    Args:
        paths: of all blocks.
        name: of a block.
        only: those that are asked about; None for all.
        except_: those of them that are not.

    Raises:
        TypeError, ValueError: a name is that of no block, or no block is left.
    """
    names = {path: name(path) for path in paths}
    wanted = set(names) if only is None else _named("only", only, names)
    wanted -= set() if except_ is None else _named("except_", except_, names)
    if not wanted:
        raise ValueError(
            f"only={only!r} and except_={except_!r} leave no block; the blocks are"
            f" {', '.join(names.values())}"
        )
    return frozenset(set(names) - wanted)


def _named(argument: str, given: object, names: dict[Path, str]) -> set[Path]:
    if isinstance(given, str) or not isinstance(given, Collection):
        raise TypeError(
            f"{argument} is {given!r}; it needs to be a list of names of blocks, such as"
            f" [{next(iter(names.values()))!r}]"
        )
    found: set[Path] = set()
    for one in cast("Collection[object]", given):
        of_one = {path for path, name in names.items() if _is_under(name, one)}
        if not of_one:
            raise ValueError(
                f"{argument} names {one!r}; the blocks are {', '.join(names.values())}"
            )
        found |= of_one
    return found


def _is_under(name: str, beginning: object) -> bool:
    return isinstance(beginning, str) and (
        name == beginning or name.startswith((f"{beginning}.", f"{beginning}["))
    )
