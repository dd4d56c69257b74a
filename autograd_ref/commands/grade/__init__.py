"""`crosscheck grade DIR`: many submissions, each in a process of its own, with points and pages."""

import argparse
import os
from pathlib import Path

from autograd_ref.commands.destination import add_json
from autograd_ref.commands.options import DEFAULT, Command, Parser, Unusable, integer
from autograd_ref.commands.output import write_results
from autograd_ref.commands.train.files import require_folder

DESCRIPTION = """Grade every submission in a folder: each Python file, or folder with one, is
checked on problems of hidden seeds, in a process of its own with limits on
time, memory, output and files. Points, credit for mistakes, limits and what to
do about forbidden imports are said in a file of TOML; --example prints one."""

EXIT_STATUS = """Exit status: 0 all are graded, whatever they got; 2 unusable input; 130
interrupted (all results so far are shown and written)."""

MOST_WORKERS = 64


def _add_options(parser: Parser) -> None:
    parser.add_argument("folder", metavar="DIR", nargs="?", help="the folder of the submissions")
    parser.add_argument(
        "--grading",
        metavar="FILE.toml",
        help="points, credit, limits and marks (default: --example)",
    )
    parser.add_argument(
        "--example", action="store_true", help="print a grading file, with the defaults, and end"
    )
    parser.add_argument(
        "--output",
        metavar="RESULTS",
        help="write grades.csv, grades.json, a plot, and a page and results.json each there",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="take up what --output holds of submissions and a grading that have not changed",
    )
    parser.add_argument(
        "--workers",
        type=integer(1, MOST_WORKERS),
        default=2,
        metavar="N",
        help=f"submissions at a time {DEFAULT}",
    )
    add_json(parser)


def _run(chosen: argparse.Namespace) -> int:
    from autograd_ref.commands.grade.grading import DEFAULT as EXAMPLE
    from autograd_ref.commands.grade.grading import grading_of

    if chosen.example:
        write_results(lambda: EXAMPLE, {})
        return 0
    if chosen.folder is None:
        chosen.refuse("the folder of the submissions is missing")
    if chosen.resume and chosen.output is None:
        chosen.refuse("--resume takes up what --output holds: give both")
    if not hasattr(os, "fork"):
        raise Unusable(
            "crosscheck grade needs processes that can be limited, as Linux and macOS have them;"
            " on Windows, run it in WSL or in a container"
        )
    require_folder(chosen.output, chosen.json)
    grading = grading_of(None if chosen.grading is None else Path(chosen.grading))
    from autograd_ref.commands.grade.run import run

    return run(chosen, grading)


COMMAND = Command(
    name="grade",
    summary="grade a folder of submissions, each in a process of its own",
    example="crosscheck grade submissions --output results",
    description=DESCRIPTION,
    exit_status=EXIT_STATUS,
    add_options=_add_options,
    run=_run,
)
