"""The values of a grading file: what cannot be meant is refused before anything is run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

from autograd_ref.commands.functions.world import is_file
from autograd_ref.commands.grade.asked.requirements import (
    is_count,
    one_of,
    require,
    require_known,
)
from autograd_ref.commands.mistakes import names

MarkRule = Literal["zero", "flag", "allow"]
MARK_RULES = ("zero", "flag", "allow")
Shown = Literal["full", "where"]
PAGES = ("full", "where")

MOST = {"seconds": 86400, "memory": 1 << 20, "output": 1 << 20, "files": 1 << 20}
"""The largest limits: a day, a TiB, a GiB, a TiB. Chosen; no system takes any number."""


def require_values(found: Mapping[str, Any], folder: Path) -> None:
    """Refuse values of the right type that are not possible.

    Args:
        found: all that the file says, with the defaults for what it leaves out.
        folder: the folder in which the adapter is looked for.

    Raises:
        ValueError: there is one.
    """
    seeds, page, marks = found["seeds"], found["page"], found["marks"]
    natural = bool(seeds) and all(map(is_count, seeds))
    require(natural, "seeds", seeds, "a list of integers of at least 0")
    require(page in PAGES, "page", page, one_of(PAGES))
    _require_code(found["file"], found["function"], found["adapter"], folder)
    for name, most in MOST.items():
        value, needs = found["limits"][name], f"greater than 0, and at most {most}"
        require(0 < value <= most, f"limits.{name}", value, needs)
    _require_points(found["points"])
    _require_credit(found["credit"])
    for name, value in marks.items():
        require(value in MARK_RULES, f"marks.{name}", value, one_of(MARK_RULES))


def _require_code(file: str, function: str, adapter: str, folder: Path) -> None:
    """Refuse what names no code, or an adapter that is not there."""
    require(not file or is_file(file), "file", file, 'a Python file or a notebook, as in "main.py"')
    dotted = all(part.isidentifier() for part in function.split("."))
    require(not function or dotted, "function", function, 'a name, as in "backward" or "Net.step"')
    target, _colon, name = adapter.rpartition(":")
    named = target and name.isidentifier()
    require(not adapter or bool(named), "adapter", adapter, 'as in "adapter.py:adapt"')
    there = not is_file(target) or (folder / target).is_file()
    require(there, "adapter", adapter, f"in a file that is there: {folder / target} is none")


def _require_points(points: Mapping[str, float]) -> None:
    for name, value in points.items():
        require(0 <= value < float("inf"), f"points.{name}", value, "a number of at least 0")
    require(sum(points.values()) > 0, "points", points, "one part with more than 0")


def _require_credit(credit: Mapping[str, object]) -> None:
    """Refuse shares of mistakes that no report names: they would never be given."""
    known = names() if credit else ()
    for key, share in credit.items():
        kinds = key.split(" + ")  # two mistakes at once
        require_known(kinds, known, "[credit]", "a name that crosscheck mistakes lists")
        fits = type(share) in (int, float) and 0 <= cast("float", share) <= 1
        require(fits, f"credit.{key}", share, "a share from 0 to 1")
