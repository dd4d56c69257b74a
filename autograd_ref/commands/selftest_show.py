"""What `crosscheck selftest` measured, as text and as JSON."""

import json
import platform
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from autograd_ref.commands.check_show import filled
from autograd_ref.selftest.measured import Bound, Detection, Measured, bounds
from autograd_ref.selftest.trials import Trial, Why

SCHEMA = 1

COLUMNS = {Why.SAME: "same", Why.PART: "part", Why.UNKNOWN: "unknown"}


class About(NamedTuple):
    """What was measured."""

    problems: int
    seed: int


def as_text(about: About, found: Measured) -> str:
    """Every bound with what was found, and what was said instead of what was made."""
    promised = bounds(found)
    broken = [f"{bound.what} ({bound.dtype})" for bound in promised if not bound.holds]
    parts = [
        f"{_problems(about, found)}\n{', '.join(f'{n} {v}' for n, v in _versions().items())}",
        _table(promised),
        *([_matrix(found.confused)] if found.confused else []),
        *(line for count in found.right.values() for line in count.accused),
        filled(f"Not as promised: {'; '.join(broken)}." if broken else "All as promised."),
    ]
    return "\n\n".join(parts) + "\n"


def as_json(about: About, found: Measured) -> str:
    """The same content for machines, and one row for every mistake."""
    content = {
        "schema": SCHEMA,
        **about._asdict(),
        "versions": _versions(),
        "bounds": [bound._asdict() for bound in bounds(found)],
        "mistakes": {n: [_row(row) for row in rows] for n, rows in found.single.items()},
        "pairs": {name: _row(row) for name, row in found.pairs.items()},
        "confused": [_confused(one) for one in found.confused],
        "smallest_errors": [
            {
                "kind": row.kind.name,
                "dtype": row.dtype,
                "found": [e if e < 1 else None for e in row.errors],
            }
            for row in found.smallest
        ],
        "right": {name: count._asdict() for name, count in found.right.items()},
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _problems(about: About, found: Measured) -> str:
    count = "1 problem" if about.problems == 1 else f"{about.problems} problems"
    (pairs,) = {row.problems for row in found.pairs.values()}
    return f"{count} for each mistake, {pairs} pairs of mistakes; seed {about.seed}"


def _versions() -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "PyTorch": torch.__version__,
    }


def _table(promised: Sequence[Bound]) -> str:
    """One row for what is promised in several number formats."""
    dtypes = [*dict.fromkeys(bound.dtype for bound in promised)]
    rows: list[tuple[str, ...]] = []
    for what in dict.fromkeys(bound.what for bound in promised):
        by_dtype = {bound.dtype: bound for bound in promised if bound.what == what}
        needed = dict.fromkeys(bound.needed for bound in by_dtype.values())
        found = (by_dtype[dtype].found for dtype in dtypes)
        rows.append((what, *found, ", ".join(needed)))
    return _aligned(("", *dtypes, "needed"), rows)


def _matrix(confused: Sequence[Trial]) -> str:
    """One row for each thing that was made, and how often what was said is of which kind."""
    made = dict.fromkeys(one.made for one in confused)
    rows: list[tuple[str, ...]] = []
    for title in made:
        trials = [one for one in confused if one.made == title]
        counts = [sum(one.why is why for one in trials) for why in COLUMNS]
        said = "; ".join(dict.fromkeys(one.said for one in trials))
        rows.append((title, *(str(count or "") for count in counts), said))
    explained = (filled(f"{name}: what is said {why.value}.") for why, name in COLUMNS.items())
    return "\n\n".join(
        (
            "Made, and said to be something else:",
            _aligned(("made", *COLUMNS.values(), "said"), rows),
            "\n".join(explained),
        )
    )


def _aligned(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    )
    return "\n".join(f" {line}" for line in lines)


def _row(row: Detection) -> dict[str, object]:
    return {name: value for name, value in row._asdict().items() if name != "confused"}


def _confused(one: Trial) -> dict[str, str]:
    return {"made": one.made, "said": one.said, "kind": COLUMNS[one.why]}
