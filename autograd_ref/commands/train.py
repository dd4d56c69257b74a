"""`crosscheck train`: the assignment's training run, by hand and by autograd side by side."""

import argparse
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches

from autograd_ref.assignment.mistakes.mistake import Shows
from autograd_ref.assignment.mistakes.planted import PLANTED, gradient_with
from autograd_ref.assignment.training import OPTIMISERS, penguins
from autograd_ref.commands import options, train_files, train_show
from autograd_ref.commands.output import why_unwritable, why_unwritten
from autograd_ref.commands.progress import progress
from autograd_ref.commands.train_runs import (
    Task,
    Watch,
    can_be_made,
    train_rightly,
    train_wrongly,
)
from autograd_ref.commands.train_show import About, Run, Wrong
from autograd_ref.report.data import overall
from manual_backprop.descent import Diverged

DESCRIPTION = """Train the assignment's network on the Palmer penguins, by steepest descent and by
Nesterov's accelerated gradient, with the hand-derived gradient and with autograd side by side."""

EPILOG = """Exit status: 0 hand and autograd agree, 1 they do not, 2 unusable input, 3 a gradient
check was inconclusive, 130 interrupted (what was done is shown and written all the same)."""

STEPS = {True: 0.1, False: 0.01}
"""By default, with features standardised and as they are."""

MOST_ITERATIONS = 1_000_000
"""Days of work; their moments still fit into memory."""

MISTAKES = {planted.title: planted for planted in PLANTED if planted.shows is Shows.ANY}

NAMES = {"steepest": ("steepest descent",), "nesterov": ("Nesterov",), "both": tuple(OPTIMISERS)}

SHOWN = "(default: %(default)s)"


def run(arguments: Sequence[str]) -> int:
    """Train, show, and return the exit status."""
    chosen = _parse(arguments)
    reason = why_unwritable(chosen.json) or train_files.why_no_folder(chosen.output, chosen.json)
    if reason:
        return options.unusable(reason)
    start, data = penguins(
        chosen.seed, hidden=chosen.hidden, dtype=chosen.dtype, standardise=chosen.standardise
    )
    step: float = STEPS[chosen.standardise] if chosen.step is None else chosen.step
    about = About(
        start.shape,
        chosen.seed,
        chosen.dtype,
        step,
        chosen.iterations,
        standardised=chosen.standardise,
    )
    mistakes = {title: gradient_with(MISTAKES[title]) for title in chosen.mistake}
    for title, gradient in mistakes.items():
        if not can_be_made(gradient, start, data):
            return options.unusable(
                f"--mistake {title!r} gives no gradient of these shapes, to train with"
            )
    task = Task(start, data, step, chosen.iterations, chosen.seed)
    runs = [Run(name) for name in NAMES[chosen.optimiser]]
    wrong = [Wrong(one.optimiser, title) for one in runs for title in mistakes]
    running = ""
    try:
        with _progress((chosen.iterations + 1) * (len(runs) + len(wrong))) as watch:
            for one in runs:
                running = one.optimiser
                train_rightly(one, task, watch)
            for curve in wrong:
                train_wrongly(curve, mistakes[curve.mistake], task, watch)
        status = options.EXIT_STATUS[overall(one.verdict for one in runs)]
    except Diverged as error:
        return options.unusable(f"{running}, {error}")
    except KeyboardInterrupt:
        status, about = options.INTERRUPTED, about._replace(interrupted=True)
    done = [one for one in runs if one.moments]
    return _written(chosen, about, done, wrong) or status


@contextmanager
def _progress(total: int) -> Generator[Watch]:
    bar = progress()
    task = bar.add_task("train", total=total)
    with bar:
        yield lambda: bar.advance(task)


def _written(
    chosen: argparse.Namespace, about: About, done: Sequence[Run], wrong: Sequence[Wrong]
) -> int:
    """Show and write what was done; 2 where it cannot be written."""
    if chosen.json != "-":
        sys.stdout.write(train_show.as_text(about, done, wrong))
    reason = ""
    if chosen.json is not None:
        reason = why_unwritten(chosen.json, train_show.as_json(about, done, wrong))
    if chosen.output is not None and done and not reason:
        reason = train_files.why_unwritten(chosen.output, about, done, wrong)
    return options.unusable(reason) if reason else 0


def _title(text: str) -> str:
    """The type of --mistake."""
    if text not in MISTAKES:
        near = get_close_matches(text, MISTAKES, n=5, cutoff=0.4) or MISTAKES
        raise argparse.ArgumentTypeError(
            f"no mistake is called {text!r}; there are {', '.join(map(repr, near))}"
        )
    return text


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = options.parser(DESCRIPTION)
    parser.prog, parser.epilog = "crosscheck train", EPILOG
    number = options.integer
    parser.add_argument(
        "--hidden",
        type=number(1, options.LARGEST_HIDDEN),
        default=16,
        metavar="N_H",
        help=f"hidden units {SHOWN}",
    )
    parser.add_argument(
        "--iterations",
        type=number(1, MOST_ITERATIONS),
        default=350,
        metavar="N",
        help=f"steps {SHOWN}",
    )
    parser.add_argument(
        "--step",
        type=options.positive,
        help="the constant step (default: 0.1 with --standardise, 0.01 without)",
    )
    parser.add_argument(
        "--standardise", action="store_true", help="features of mean 0 and standard deviation 1"
    )
    parser.add_argument("--optimiser", choices=tuple(NAMES), default="both", help=SHOWN)
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64", help=SHOWN)
    parser.add_argument(
        "--seed",
        type=number(0),
        default=0,
        help=f"for the split and the initial parameters {SHOWN}",
    )
    parser.add_argument(
        "--mistake",
        action="append",
        default=[],
        type=_title,
        metavar="TITLE",
        help="train with this mistake of the catalogue too, as in 'twice (W1)'; may be repeated",
    )
    parser.add_argument(
        "--output", metavar="DIR", help="write plots, the trained models and report.html there"
    )
    options.add_json(parser)
    return parser.parse_args(arguments)
