"""`crosscheck train`: the order of events."""

import argparse
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from autograd_ref.assignment.mistakes.planted import Gradient, gradient_with
from autograd_ref.assignment.training import OPTIMISERS, penguins
from autograd_ref.commands.mistakes import trainable
from autograd_ref.commands.options import EXIT_STATUS, INTERRUPTED, Unusable
from autograd_ref.commands.output import write_results
from autograd_ref.commands.progress import progress
from autograd_ref.commands.train import files
from autograd_ref.commands.train.runs import (
    MistakenRun,
    TrainingRun,
    TrainingSetup,
    TrainingTask,
    Watch,
    can_be_made,
    train_by_both,
    train_with_mistake,
)
from autograd_ref.commands.train.show import as_json, as_text
from autograd_ref.report.data import overall
from autograd_ref.report.table import display_of
from manual_backprop.descent import Diverged

STEPS = {True: 0.1, False: 0.01}
"""By default, with features standardised and as they are."""

NAMES = {"steepest": ("steepest descent",), "nesterov": ("Nesterov",), "both": tuple(OPTIMISERS)}


def run(chosen: argparse.Namespace) -> int:
    """Train, show, and return the exit status."""
    setup, task = _task(chosen)
    mistakes = _gradients_with(chosen.mistake, task)
    runs = [TrainingRun(name) for name in NAMES[chosen.optimiser]]
    mistaken = [MistakenRun(one.optimiser, title) for one in runs for title in mistakes]
    running = ""
    try:
        with _progress((chosen.iterations + 1) * (len(runs) + len(mistaken))) as watch:
            for one in runs:
                running = one.optimiser
                train_by_both(one, task, watch)
            for curve in mistaken:
                train_with_mistake(curve, mistakes[curve.mistake], task, watch)
        status = EXIT_STATUS[overall(one.verdict for one in runs)]
    except Diverged as error:
        raise Unusable(f"{running}, {error}") from None
    except KeyboardInterrupt:
        status, setup = INTERRUPTED, setup._replace(interrupted=True)
    _write(chosen, setup, [one for one in runs if one.moments], mistaken)
    return status


def _task(chosen: argparse.Namespace) -> tuple[TrainingSetup, TrainingTask]:
    start, data = penguins(
        chosen.seed, hidden=chosen.hidden, dtype=chosen.dtype, standardise=chosen.standardise
    )
    step: float = STEPS[chosen.standardise] if chosen.step is None else chosen.step
    setup = TrainingSetup(
        start.shape,
        chosen.seed,
        chosen.dtype,
        step,
        chosen.iterations,
        standardised=chosen.standardise,
    )
    return setup, TrainingTask(start, data, step, chosen.iterations, chosen.seed)


def _gradients_with(titles: Sequence[str], task: TrainingTask) -> dict[str, Gradient]:
    """The gradients with these mistakes, by title."""
    gradients = {title: gradient_with(trainable()[title]) for title in titles}
    for title, gradient in gradients.items():
        if not can_be_made(gradient, task.start, task.data):
            raise Unusable(
                f"--mistake {title!r} gives a gradient whose shapes are not those of the parameters"
            )
    return gradients


@contextmanager
def _progress(total: int) -> Generator[Watch]:
    bar = progress()
    task = bar.add_task("train", total=total)
    with bar:
        yield lambda: bar.advance(task)


def _write(
    chosen: argparse.Namespace,
    setup: TrainingSetup,
    done: Sequence[TrainingRun],
    mistaken: Sequence[MistakenRun],
) -> None:
    """Show and write the runs that were done."""
    write_results(
        lambda: as_text(setup, done, mistaken, display_of(sys.stdout)),
        {chosen.json: lambda: as_json(setup, done, mistaken)},
    )
    if chosen.output is not None and done:
        files.write(chosen.output, setup, done, mistaken)
