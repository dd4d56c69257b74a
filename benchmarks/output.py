"""Options, tables and files that all benchmarks share."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.environment import environment, in_words


def add_benchmark(
    commands: Any, run: Callable[[argparse.Namespace], int], about: str | None, quick: str
) -> argparse.ArgumentParser:
    """Add a benchmark, called like its module, with the options of all; return its parser.

    Its help says what it is about, and what --quick leaves out.
    """
    name = run.__module__.rpartition(".")[2]
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(run=run)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", type=Path, help="a file to append the raw samples to, as lines")
    parser.add_argument("--plots", type=Path, help="a folder for the plots, as PNG")
    return parser


def table(title: str, first: str, *others: str) -> Table:
    """Return an empty Markdown table; the first column is text, the others numbers."""
    found = Table(first, title=title, box=MARKDOWN, title_justify="left")
    for name in others:
        found.add_column(name, justify="right")
    return found


def show(*parts: Table | str, on: dict[str, Any] | None = None, width: int = 130) -> None:
    """Print a line about the machine (default: this one), and the parts."""
    out = Console(width=width, color_system=None)
    with out.capture() as capture:
        for part in (in_words(on or environment()), *parts):
            out.print(part, soft_wrap=isinstance(part, str))
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))


def append(file: Path | None, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append one line of JSON for each row to the file, if there is one."""
    if file is None:
        return
    record = environment()
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = "".join(f"{json.dumps({'on': record, **row})}\n" for row in rows)
    part = file.with_name(file.name + ".part")
    _ = part.write_text(before + lines, encoding="utf-8")
    _ = part.replace(file)


def duration(seconds: float) -> str:
    """Return a time with three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{1e6 * seconds:.3g} us"
