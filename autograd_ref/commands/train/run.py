"""`crosscheck train`: the order of events."""

import argparse
from collections.abc import Sequence
from functools import partial

from autograd_ref.assignment.mistakes.planted import Gradient, gradient_with
from autograd_ref.assignment.training import OPTIMISERS, as_it_is
from autograd_ref.commands.mistakes import trainable
from autograd_ref.commands.options import EXIT_STATUS, INTERRUPTED, UNUSABLE_INPUT, Unusable
from autograd_ref.commands.output import write_results
from autograd_ref.commands.paragraphs import printed
from autograd_ref.commands.progress import stepping
from autograd_ref.commands.train import files
from autograd_ref.commands.train.runs import (
    MistakenRun,
    TrainingRun,
    TrainingSetup,
    TrainingTask,
    can_be_made,
    train_by_both,
    train_with_mistake,
)
from autograd_ref.commands.train.samples import group_of, own_cores, samples_of
from autograd_ref.commands.train.show import as_json, as_text
from autograd_ref.distributed.group import ProcessLost
from autograd_ref.distributed.joining import CannotJoin
from autograd_ref.distributed.summing import over_shards
from autograd_ref.report.data import overall
from manual_backprop.descent import Diverged

STEPS = {True: 0.1, False: 0.01}
"""By default, with features standardised and as they are."""

NAMES = {"steepest": ("steepest descent",), "nesterov": ("Nesterov",), "both": tuple(OPTIMISERS)}


def run(chosen: argparse.Namespace) -> int:
    """Train, alone or in a group, show, and return the exit status."""
    try:
        with group_of(chosen) as (rank, size):
            return _run(chosen, rank, size)
    except CannotJoin as error:
        raise Unusable(f"--distributed cannot join a group: {error}") from None


def _run(chosen: argparse.Namespace, rank: int, size: int) -> int:
    setup, task = _task(chosen, rank, size)
    mistakes = _gradients_with(chosen.mistake, task)
    runs = [TrainingRun(name) for name in NAMES[chosen.optimiser]]
    mistaken = [MistakenRun(one.optimiser, title) for one in runs for title in mistakes]
    running, lost = "", ""
    try:
        steps = (chosen.iterations + 1) * (len(runs) + len(mistaken))
        with stepping("train", steps, shown=rank == 0) as watch:
            for one in runs:
                running = one.optimiser
                train_by_both(one, task, watch)
            for curve in mistaken:
                train_with_mistake(curve, mistakes[curve.mistake], task, watch)
        status = EXIT_STATUS[overall(one.verdict for one in runs)]
    except Diverged as error:
        raise Unusable(f"{running}, {error}") from None
    except KeyboardInterrupt:
        if rank != 0:  # which the others are told
            raise
        status, setup = INTERRUPTED, setup._replace(interrupted=True)
    except ProcessLost as error:
        status, lost, setup = UNUSABLE_INPUT, str(error), setup._replace(interrupted=True)
    if rank == 0:  # which writes for all: they have the same
        _write(chosen, setup, [one for one in runs if one.moments], mistaken)
    if lost:
        raise Unusable(f"the group has ended: {lost}")
    return status


def _write(
    chosen: argparse.Namespace,
    setup: TrainingSetup,
    runs: list[TrainingRun],
    mistaken: list[MistakenRun],
) -> None:
    results = (setup, runs, mistaken)
    write_results(printed(as_text, *results), {chosen.json: partial(as_json, *results)})
    if chosen.output is not None and runs:
        files.write(chosen.output, *results)


def _task(chosen: argparse.Namespace, rank: int, size: int) -> tuple[TrainingSetup, TrainingTask]:
    start, data, about = samples_of(chosen, rank, size)
    alone = chosen.data is None and not chosen.distributed
    over = as_it_is if alone else over_shards
    threads = own_cores() if chosen.distributed else None
    step: float = STEPS[chosen.standardise] if chosen.step is None else chosen.step
    setup = TrainingSetup(
        start.shape,
        chosen.seed,
        chosen.dtype,
        step,
        chosen.iterations,
        standardised=chosen.standardise,
        samples=about,
        processes=size,
    )
    return setup, TrainingTask(start, data, step, chosen.iterations, chosen.seed, over, threads)


def _gradients_with(titles: Sequence[str], task: TrainingTask) -> dict[str, Gradient]:
    """The gradients with these mistakes, by title."""
    gradients = {title: gradient_with(trainable()[title]) for title in titles}
    for title, gradient in gradients.items():
        if not can_be_made(gradient, task.start, task.data):
            raise Unusable(
                f"--mistake {title!r} gives a gradient whose shapes are not those of the parameters"
            )
    return gradients
