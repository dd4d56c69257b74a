"""The result of `crosscheck selftest` as text and as JSON."""

import json
import platform
from collections.abc import Sequence
from textwrap import fill
from typing import NamedTuple

import numpy as np
import torch

from autograd_ref.commands.paragraphs import counted, filled
from autograd_ref.report.table import PLAIN, Display, table
from autograd_ref.selftest.measured import Bound, Detection, Measured, bounds
from autograd_ref.selftest.trials import CheckedMistakes, Why

NAMES = 28
"""The width of a name in the table of confusions; two of them fit beside the counts."""

SCHEMA = 1

COLUMNS = {Why.SAME: "same", Why.PART: "part", Why.UNKNOWN: "unknown"}


class Size(NamedTuple):
    """The number of problems that were measured, and the first seed."""

    problems: int
    seed: int


def as_text(size: Size, found: Measured, display: Display = PLAIN) -> str:
    """The bounds, first those that do not hold, and the mistakes that were given another name."""
    promised = bounds(found)
    broken = [f"{bound.what} ({bound.dtype})" for bound in promised if not bound.holds]
    kept = f"Bounds that do not hold: {'; '.join(broken)}." if broken else "All bounds hold."
    parts = [
        filled(kept, display),
        *(line for count in found.right.values() for line in count.accused),
        _measured_on(size, found),
        _bounds(promised, display),
        *(_confusions(found.confused, display) if found.confused else []),
        *_unnamed(found.others.unnamed, display),
    ]
    return "\n\n".join(parts) + "\n"


def as_json(size: Size, found: Measured) -> str:
    """The content as JSON, with one row for every mistake."""
    content = {
        "schema": SCHEMA,
        **size._asdict(),
        "versions": _versions(),
        "bounds": [bound._asdict() for bound in bounds(found)],
        "mistakes": {n: [_row(row) for row in rows] for n, rows in found.single.items()},
        "pairs": {name: _row(row) for name, row in found.pairs.items()},
        "confused": [
            {"made": one.made, "said": one.said, "kind": COLUMNS[one.why]} for one in found.confused
        ],
        "smallest_errors": [
            {
                "kind": row.kind.name,
                "dtype": row.dtype,
                "found": [e if e < 1 else None for e in row.errors],
            }
            for row in found.smallest
        ],
        "other_models": found.others._asdict(),
        "right": {name: count._asdict() for name, count in found.right.items()},
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _measured_on(size: Size, found: Measured) -> str:
    (pairs,) = {row.problems for row in found.pairs.values()}
    return (
        f"{counted(size.problems, 'problem')} for each mistake, {pairs} pairs of mistakes; seed"
        f" {size.seed}\n{', '.join(f'{n} {v}' for n, v in _versions().items())}"
    )


def _versions() -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "PyTorch": torch.__version__,
    }


def _bounds(promised: Sequence[Bound], display: Display) -> str:
    """A table with one row for a bound that holds in several number formats."""
    dtypes = [*dict.fromkeys(bound.dtype for bound in promised)]
    rows: list[tuple[str, ...]] = []
    for what in dict.fromkeys(bound.what for bound in promised):
        by_dtype = {bound.dtype: bound for bound in promised if bound.what == what}
        needed = dict.fromkeys(bound.needed for bound in by_dtype.values())
        found = (by_dtype[dtype].found if dtype in by_dtype else "" for dtype in dtypes)
        rows.append((what, *found, ", ".join(needed)))
    return table(("measured", *dtypes, "needed"), rows, display=display)


def _confusions(confused: Sequence[CheckedMistakes], display: Display) -> list[str]:
    """A table with one row for each injected mistake, and how often which other name was given."""
    rows: list[tuple[str, ...]] = []
    for title in dict.fromkeys(one.made for one in confused):
        checked = [one for one in confused if one.made == title]
        counts = [sum(one.why is why for one in checked) for why in COLUMNS]
        said = "; ".join(dict.fromkeys(one.said for one in checked))
        injected, named = (fill(x, NAMES, break_on_hyphens=False) for x in (title, said))
        rows.append((injected, *(str(count or "") for count in counts), named))
    explained = (filled(f"{name}: the cause named {why.value}.") for why, name in COLUMNS.items())
    header = ("injected", *COLUMNS.values(), "named")
    return [
        "Injected mistakes that were given another name:",
        table(header, rows, numbers=(1, 2, 3), display=display),
        "\n".join(explained),
    ]


def _unnamed(lines: Sequence[str], display: Display) -> list[str]:
    """Each mistake in another model that was given no name at its line, and what was said."""
    if not lines:
        return []
    text = "\n".join(filled(f"{line}", display) for line in lines)
    return [f"Mistakes in other models that were not named at their line:\n{text}"]


def _row(row: Detection) -> dict[str, object]:
    return {name: value for name, value in row._asdict().items() if name != "confused"}
