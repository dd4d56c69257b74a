"""The tables of a grading file: what is there, of which type, and what is not known."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import cast

from autograd_ref.report.words import listed

TYPES: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    list: "a list",
    int: "an integer",
}

BEFORE_TABLES = ("seeds", "file", "function", "adapter", "page")
"""Keys that TOML takes for a part of a table where they stand below its head."""


def merged(name: str, given: object, default: object) -> object:
    """The given value in the place of the default, of whose type it needs to be."""
    if not isinstance(default, dict):
        require(type(given) is type(default), name, given, TYPES[type(default)])
        return given
    values = table(name, given)
    defaults = cast("dict[str, object]", default)
    if not defaults:  # names that the file chooses
        return values
    require_known(values, defaults, f"[{name}]")
    for key, value in values.items():
        # memory and files are counted, the rest may have fractions
        whole = name == "limits" and key != "seconds"
        kind = type(defaults[key])
        number = kind is int and not whole
        fits = type(value) in (int, float) if number else type(value) is kind
        require(fits, f"{name}.{key}", value, "a number" if number else TYPES[kind])
    return {**defaults, **values}


def require_known(
    given: Collection[str], known: Collection[str], where: str, needs: str = ""
) -> None:
    """Refuse names that are not known.

    Args:
        given: the names.
        known: those that may be given.
        where: the table that has them.
        needs: a name in words, where the list of them stands elsewhere.

    Raises:
        ValueError: there is one; with the name that may be meant, and all or where they stand.
    """
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"did you mean {near[0]!r}? It" if near else "it"
            if name in BEFORE_TABLES:
                meant = "it stands at the top of the file, before all tables; this one"
            raise ValueError(
                f"{where} has {name!r}; {meant} needs {needs or listed([*known], most=20)}"
            )


def one_of(choices: Sequence[str]) -> str:
    """Join texts that a value may be, as a file has them.

    >>> print(one_of(["zero", "flag", "allow"]))
    "zero", "flag" or "allow"
    """
    *first, last = (f'"{choice}"' for choice in choices)
    return f"{', '.join(first)} or {last}"


def require(holds: bool, name: str, got: object, needs: str) -> None:
    """Refuse a value where something does not hold.

    Raises:
        ValueError: with the name, what was got, and what is needed.
    """
    if not holds:
        raise ValueError(f"{name} is {got!r}; it needs to be {needs}")


def is_count(value: object) -> bool:
    """True for an integer of at least 0."""
    return type(value) is int and value >= 0


def table(name: str, given: object) -> dict[str, object]:
    """A table of the file.

    Raises:
        ValueError: it is none.
    """
    require(isinstance(given, dict), name, given, f"a table [{name}]")
    return cast("dict[str, object]", given)
