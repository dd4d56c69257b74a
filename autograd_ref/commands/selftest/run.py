"""`crosscheck selftest`: the order of events."""

import argparse
from functools import partial

from autograd_ref.commands.output import write_results
from autograd_ref.commands.paragraphs import printed
from autograd_ref.commands.progress import stepping
from autograd_ref.commands.selftest.show import Size, as_json, as_text
from autograd_ref.selftest.measured import bounds, measured, steps


def run(chosen: argparse.Namespace) -> int:
    """Measure, show, and return the exit status."""
    with stepping("selftest", steps(chosen.problems)) as watch:
        found = measured(chosen.problems, chosen.seed, watch)
    size = Size(chosen.problems, chosen.seed)
    write_results(printed(as_text, size, found), {chosen.json: partial(as_json, size, found)})
    return 0 if all(bound.holds for bound in bounds(found)) else 1
