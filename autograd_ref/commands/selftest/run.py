"""`crosscheck selftest`: the order of events."""

import argparse
import sys

from autograd_ref.commands.output import write_results
from autograd_ref.commands.progress import progress
from autograd_ref.commands.selftest.show import Size, as_json, as_text
from autograd_ref.report.table import display_of
from autograd_ref.selftest.measured import bounds, measured, steps


def run(chosen: argparse.Namespace) -> int:
    """Measure, show, and return the exit status."""
    bar = progress()
    task = bar.add_task("selftest", total=steps(chosen.problems))
    with bar:
        found = measured(
            chosen.problems,
            chosen.seed,
            watch=lambda step: bar.update(task, description=step, advance=1),
        )
    size = Size(chosen.problems, chosen.seed)
    write_results(
        lambda: as_text(size, found, display_of(sys.stdout)),
        {chosen.json: lambda: as_json(size, found)},
    )
    return 0 if all(bound.holds for bound in bounds(found)) else 1
