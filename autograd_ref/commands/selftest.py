"""`crosscheck selftest`: what the check finds, names and lets pass on this installation."""

import argparse
import sys
from collections.abc import Sequence

from autograd_ref.commands import options, selftest_show
from autograd_ref.commands.output import why_unwritable, why_unwritten
from autograd_ref.commands.progress import progress
from autograd_ref.selftest.measured import bounds, measured, steps

DESCRIPTION = """Measure what the check finds, names and lets pass on this installation: every
mistake of the catalogue, alone and in pairs, on random problems; the smallest error that is found;
right gradients, none of which may be called wrong."""

EPILOG = """Exit status: 0 all bounds hold, 1 one of them does not, 2 unusable input."""


def run(arguments: Sequence[str]) -> int:
    """Measure, show, and return the exit status."""
    chosen = _parse(arguments)
    reason = why_unwritable(chosen.json)
    if reason:
        return options.unusable(reason)
    bar = progress()
    task = bar.add_task("selftest", total=steps(chosen.problems))
    with bar:
        found = measured(
            chosen.problems,
            chosen.seed,
            watch=lambda step: bar.update(task, description=step, advance=1),
        )
    about = selftest_show.About(chosen.problems, chosen.seed)
    if chosen.json != "-":
        sys.stdout.write(selftest_show.as_text(about, found))
    if chosen.json is not None:
        reason = why_unwritten(chosen.json, selftest_show.as_json(about, found))
        if reason:
            return options.unusable(reason)
    return 0 if all(bound.holds for bound in bounds(found)) else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = options.parser(DESCRIPTION)
    parser.prog, parser.epilog = "crosscheck selftest", EPILOG
    parser.add_argument(
        "--problems",
        type=options.integer(1),
        default=5,
        metavar="N",
        help="random problems for each mistake (default: %(default)s, a minute or two)",
    )
    parser.add_argument(
        "--seed", type=options.integer(0), default=0, help="of the first (default: %(default)s)"
    )
    options.add_json(parser)
    return parser.parse_args(arguments)
