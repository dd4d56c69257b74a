"""The page of thresholds says what the code has."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import autograd_ref

PAGE = Path(autograd_ref.__path__[0], "rounding", "thresholds.md")


class Row(NamedTuple):
    names: str
    values: str
    module: str
    origin: str


def rows(text: str) -> Iterator[Row]:
    """The rows of the tables of constants."""
    for line in text.splitlines():
        if re.match(r"\| [A-Z_, ]+ \|", line):
            yield Row(*(cell.strip() for cell in line.strip("|").split("|")))


def numbers(value: Any) -> tuple[float, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,)


def in_the_code(row: Row) -> tuple[float, ...]:
    module = importlib.import_module(f"autograd_ref.{row.module.replace('/', '.')}")
    return tuple(n for name in row.names.split(", ") for n in numbers(getattr(module, name)))


def on_the_page(row: Row) -> tuple[float, ...]:
    return tuple(float(value) for value in row.values.split(", "))


ROWS = [*rows(PAGE.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.module}: {row.names}")
def test_a_threshold_has_the_value_that_the_page_gives_it(row: Row) -> None:
    assert in_the_code(row) == on_the_page(row)
    assert row.origin.startswith(("derived", "measured", "chosen", "SciPy's default"))


def test_no_threshold_is_listed_twice_and_all_are_read() -> None:
    assert len({row[::2] for row in ROWS}) == len(ROWS) > 40


def test_another_value_or_a_name_that_is_gone_would_be_noticed() -> None:
    wrong = Row("FEW, MANY", "1, 9", "rounding/monte_carlo", "chosen")
    assert in_the_code(wrong) == (1, 8) != on_the_page(wrong)
    with pytest.raises(AttributeError, match="MANIFOLD"):
        _ = in_the_code(wrong._replace(names="MANIFOLD"))
