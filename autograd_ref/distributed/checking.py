"""A check that every process of a group makes together, and of which each has the same report."""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from autograd_ref.calls.call import Gradients
from autograd_ref.calls.trial import Trial
from autograd_ref.distributed.asking import (
    Asking,
    ShardAnswer,
    Task,
    answer_until_the_end,
    equal,
)
from autograd_ref.distributed.group import Processes, ProcessLost, conversation
from autograd_ref.distributed.shards import ShardGiven, batch_of, given, joined
from autograd_ref.distributed.wrong.wrong_steps import causes_of
from autograd_ref.report.data import Note
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import nested, rebuilt
from autograd_ref.tree.point import Point, Results, own_copy
from autograd_ref.user_code import as_raised, user_code, worded

TrialOf = Callable[[Gradients, tuple[Any, ...]], Trial]
Examine = Callable[..., Report]


def checked_in_group(
    function: Gradients, point: Point, trial_of: TrialOf, examine: Examine
) -> Report:
    """Return the report of a data-parallel gradient, the same in every process.

    Args:
        function: the function under test, which sums over the processes itself.
        point: the parameters, and this process's shard.
        trial_of: makes the trial of a function of the whole batch, with the data of all processes.
        examine: examines it.

    Raises:
        ProcessLost: another process raised, ended, or did not answer in time.
        Exception: what the check raises in the process of rank 0, in every process.
    """
    with conversation() as processes:
        all_given = processes.gathered(given(point))
        if processes.rank:
            end = answer_until_the_end(processes, function, point)
        else:
            asked = partial(_asked, processes, function, point, all_given, trial_of, examine)
            end = _end_of(asked)
            _ = processes.handed_out([Task(0, {}, {}, _sendable(end))] * processes.size)
    if isinstance(end, Report):
        return end
    raise end


def _end_of(check: Callable[[], Report]) -> Report | Exception:
    """Return the report, or what is raised in its place, in all processes alike."""
    try:
        return replace(as_raised(check), remainders=None)
    except ProcessLost:
        raise
    except Exception as error:  # raised again in every process
        return error


def _sendable(end: Report | Exception) -> Report | Exception:
    """Return what the other processes can be sent; the class of an error may not let it."""
    if isinstance(end, Report):
        return end
    try:
        _ = pickle.loads(pickle.dumps(end))
    except Exception:  # the user's class: its text has to do
        return RuntimeError(worded(end))
    return end


def _asked(
    processes: Processes,
    function: Gradients,
    point: Point,
    all_given: Sequence[ShardGiven],
    trial_of: TrialOf,
    examine: Examine,
) -> Report:
    """Run the check, in the process of rank 0."""
    asking = Asking(processes, function, all_given, batch_of(all_given), count(1))
    whole = joined(asking.batch, point.data, all_given)
    trial = trial_of(partial(_of_one, asking, 0, loss=True), whole)
    copy = own_copy(Point(point.parameters, whole))
    with user_code():
        _result, answers = asking.all_answers(copy.parameters, copy.data)
    rank, loss = _worst(answers, trial.exact.gradients), _have_one_loss(answers)
    if rank or not loss:
        trial = trial_of(partial(_of_one, asking, rank, loss=loss), whole)
    report = examine(trial, diagnose=False)
    if report.verdict == "mismatch":
        causes = causes_of(report, trial, asking, answers, rank)
        report = replace(report, causes=causes) if causes else examine(trial)
    return replace(
        report,
        reference=f"{report.reference}, over the shards of {len(answers)} processes",
        warnings=(*report.warnings, *_notes(answers, rank, loss)),
    )


def _of_one(asking: Asking, rank: int, parameters: Any, *data: Any, loss: bool) -> object:
    """Return what one process returns for the whole batch."""
    result, answers = asking.all_answers(parameters, data)
    answer = answers[rank]
    if rank == 0 and answer.plain:
        return result
    if answer.gradients.keys() != answers[0].gradients.keys():
        return nested(answer.gradients)
    gradients = rebuilt(parameters, lambda path, _leaf: answer.gradients[path])
    return gradients if answer.loss is None or not loss else (answer.loss, gradients)


def _worst(answers: Sequence[ShardAnswer], right: Results) -> int:
    """Return the rank of the process whose gradient is the furthest from what is right.

    A process that returns nothing is left out: the sum may be wanted in one only.
    """

    def error(answer: ShardAnswer) -> float:
        if answer.gradients.keys() != right.keys():
            return np.inf
        pairs = [(answer.gradients[path], one) for path, one in right.items()]
        if any(mine.shape != one.shape for mine, one in pairs):
            return np.inf
        found = [
            np.abs(mine - one).max(initial=0.0) / (np.abs(one).max(initial=0.0) or 1.0)
            for mine, one in pairs
        ]
        return float(np.nan_to_num(max(found), nan=np.inf))

    ranks = [rank for rank, answer in enumerate(answers) if answer.gradients or rank == 0]
    return max(ranks, key=lambda rank: error(answers[rank]))


def _have_one_loss(answers: Sequence[ShardAnswer]) -> bool:
    """Tell whether no process returns another loss than the first, as that of its shard is."""
    first = answers[0].loss
    return first is None or all(
        one.loss is not None and np.array_equal(one.loss, first) for one in answers
    )


def _notes(answers: Sequence[ShardAnswer], rank: int, loss: bool) -> list[Note]:
    found: list[Note] = []
    if any(not equal(one, answers[0]) for one in answers if one.gradients):
        text = (
            "The gradient is not the same in every process, so that their parameters go apart;"
            f" the figures are those of process {rank}, which is the furthest off."
        )
        found.append(Note("processes differ", text))
    if not loss:
        text = "The loss differs between processes, as that of each shard does: it is not judged."
        found.append(Note("loss of the shard", text))
    return found
