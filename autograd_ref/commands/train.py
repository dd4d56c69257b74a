"""`crosscheck train`: the assignment's training run, by hand and by autograd side by side."""

import argparse
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

import numpy as np

from autograd_ref.check import check_gradients
from autograd_ref.commands import options, train_files, train_show
from autograd_ref.commands.output import why_unwritable, why_unwritten
from autograd_ref.commands.progress import progress
from autograd_ref.commands.train_show import About, Run, Wrong
from autograd_ref.mistakes.derivation import A
from autograd_ref.mistakes.mistake import Shows
from autograd_ref.mistakes.planted import PLANTED, Gradient, gradient_with
from autograd_ref.training import OPTIMISERS, Data, side_by_side
from manual_backprop import NetworkShape, Parameters, initialize, loss, loss_and_gradients
from manual_backprop.descent import Diverged
from manual_backprop.penguins import split

DESCRIPTION = """Train the assignment's network on the Palmer penguins, by steepest descent and by
Nesterov's accelerated gradient, with the hand-derived gradient and with autograd side by side."""

EPILOG = """Exit status: 0 hand and autograd agree, 1 they do not, 2 unusable input, 130 interrupted
(what was done until then is shown and written all the same)."""

STEPS = {True: 0.1, False: 0.01}
"""By default, with features standardised and as they are."""

NAMES = {"steepest": ("steepest descent",), "nesterov": ("Nesterov",), "both": tuple(OPTIMISERS)}

SHOWN = "(default: %(default)s)"

Watch = Callable[[], object]


class Task(NamedTuple):
    """What every run has in common."""

    start: Parameters
    data: Data
    step: float
    iterations: int
    seed: int


def run(arguments: Sequence[str]) -> int:
    """Train, show, and return the exit status."""
    chosen = _parse(arguments)
    reason = why_unwritable(chosen.json) or train_files.why_no_folder(chosen.output)
    if reason:
        return options.unusable(reason)
    start, data = _problem(chosen)
    step: float = STEPS[chosen.standardise] if chosen.step is None else chosen.step
    about = About(start.shape, chosen.seed, chosen.dtype, step, standardised=chosen.standardise)
    for title in chosen.mistake:
        if not _can_be_made(title, start, data):
            return options.unusable(
                f"--mistake {title!r} gives no gradient of these shapes, to train with"
            )
    task = Task(start, data, step, chosen.iterations, chosen.seed)
    runs = [Run(name) for name in NAMES[chosen.optimiser]]
    wrong = [Wrong(one.optimiser, title) for one in runs for title in chosen.mistake]
    try:
        with _progress((chosen.iterations + 1) * (len(runs) + len(wrong))) as watch:
            for one in runs:
                _train(one, task, watch)
            for curve in wrong:
                _train_wrongly(curve, task, watch)
        status = 0 if all(one.agrees for one in runs) else 1
    except Diverged as error:
        return options.unusable(str(error))
    except KeyboardInterrupt:
        status = options.INTERRUPTED
    done = [one for one in runs if one.moments]
    return _written(chosen, about, done, wrong) or status


def _train(one: Run, task: Task, watch: Watch) -> None:
    """Append every moment to the run as it comes, and check the gradient at some of them."""
    start, data, step, last, seed = task
    moments = side_by_side(one.optimiser, start, data, step=step, seed=seed)
    for moment, parameters in islice(moments, last + 1):
        one.moments.append(moment)
        one.parameters = parameters
        if moment.iteration in (0, last // 2, last):
            report = check_gradients(loss_and_gradients, parameters, *data[:2])
            one.checks[moment.iteration] = report
        watch()


def _train_wrongly(curve: Wrong, task: Task, watch: Watch) -> None:
    """The true loss, as it falls by a gradient with a mistake; as long as it is finite."""
    start, data, step, last, _seed = task
    gradient, rows = _gradient(curve.mistake), _rows(start, data)

    def mistaken(p: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
        found = gradient(p, X, Y)
        assert found is not None, "what cannot be made here was refused"
        return loss(p, X, Y), found

    descent = OPTIMISERS[curve.optimiser](mistaken, start, data.X, rows, step=step)
    try:
        for iterate in islice(descent, last + 1):
            curve.losses.append(iterate.loss)
            watch()
    except Diverged:
        return


def _gradient(title: str) -> Gradient:
    (planted,) = (planted for planted in PLANTED if planted.title == title)
    return gradient_with(planted)


def _rows(start: Parameters, data: Data) -> A:
    return np.eye(start.shape.outputs, dtype=start.W0.dtype)[data.Y]


def _can_be_made(title: str, start: Parameters, data: Data) -> bool:
    found = _gradient(title)(start, data.X, _rows(start, data))
    return found is not None and [a.shape for a in found] == [a.shape for a in start]


def _problem(chosen: argparse.Namespace) -> tuple[Parameters, Data]:
    train, test = split(chosen.seed)
    mean, std = 0.0, 1.0
    if chosen.standardise:
        mean, std = train.X.mean(axis=0), train.X.std(axis=0)
    X, test_X = (((part.X - mean) / std).astype(chosen.dtype) for part in (train, test))
    shape = NetworkShape(X.shape[1], chosen.hidden, len(train.names))
    start = initialize(shape, chosen.seed, dtype=chosen.dtype)
    return start, Data(X, train.Y, test_X, test.Y)


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


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = options.parser(DESCRIPTION)
    parser.prog, parser.epilog = "crosscheck train", EPILOG
    number = options.integer
    parser.add_argument(
        "--hidden", type=number(1), default=16, metavar="N_H", help=f"hidden units {SHOWN}"
    )
    parser.add_argument(
        "--iterations", type=number(1), default=350, metavar="N", help=f"steps {SHOWN}"
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
        choices=[planted.title for planted in PLANTED if planted.shows is Shows.ANY],
        metavar="TITLE",
        help="train with this mistake of the catalogue too, as in 'twice (W1)'; may be repeated",
    )
    parser.add_argument(
        "--output", metavar="DIR", help="write plots, the trained models and report.html there"
    )
    options.add_json(parser)
    return parser.parse_args(arguments)
