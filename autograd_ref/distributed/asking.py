"""One call of the function under test in every process, and what each of them gave back.

The process of rank 0 hands out parameters and shards; every process calls the function, and hands
in its gradient. What is returned in the process of rank 0 is what a check of one process sees: a
function of the whole batch.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import understood
from autograd_ref.calls.call import Gradients
from autograd_ref.distributed.group import Processes
from autograd_ref.distributed.shards import Division, ShardGiven
from autograd_ref.tree.leaf import as_array, is_numeric, is_tensor, like
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.point import Point, is_array, sample_count
from autograd_ref.user_code import worded

Leaves = dict[Path, Any]


class Task(NamedTuple):
    """One call that a process is asked for, or the end of the check."""

    number: int
    parameters: Leaves
    data: Leaves
    end: Any = None
    """The report, or the error that all processes are to raise."""


class ShardAnswer(NamedTuple):
    """One process's answer: its gradients and its loss, or the error that it raised."""

    gradients: dict[Path, NDArray[Any]]
    loss: NDArray[Any] | None = None
    error: str = ""
    plain: bool = True
    """True where the function returned its gradients and nothing else."""


class ProcessRaised(RuntimeError):
    """The function under test raised in a process, and not in that of rank 0."""


class Asking(NamedTuple):
    """The function under test in all processes, as the process of rank 0 calls it."""

    processes: Processes
    function: Gradients
    all_given: Sequence[ShardGiven]
    batch: Division
    numbers: Iterator[int]

    def all_answers(
        self, parameters: Any, data: tuple[Any, ...], *, shift: int = 0
    ) -> tuple[Any, list[ShardAnswer]]:
        """Return what the function returned here, and the answers of all processes.

        Args:
            parameters: as the function takes them.
            data: the whole batch.
            shift: the shard of a process is that of the process so many ranks on.

        Raises:
            Exception: the function did, here.
            ProcessRaised: it did in another process.
        """
        number, ends = next(self.numbers), self.batch.ends(sample_count(Point(parameters, data)))
        parts = [self.batch.part(data, *end) for end in (*ends[shift:], *ends[:shift])]
        tasks = [
            Task(number, _sent(self.moved(parameters, rank)), _sent(part))
            for rank, part in enumerate(parts)
        ]
        _ = self.processes.handed_out(tasks)
        result = self.processes.call(number, lambda: self.function(parameters, *parts[0]))
        answers = self.processes.gathered(returned(result, parameters), number)
        if isinstance(result, Exception):
            raise result
        for rank, answer in enumerate(answers):
            if answer.error:
                raise ProcessRaised(f"process {rank} raised {answer.error}")
        return result, answers

    def are_apart(self, rank: int) -> bool:
        """Tell whether a process was given other parameters than that of rank 0."""
        mine, its = self.all_given[0].parameters, self.all_given[rank].parameters
        return any(not np.array_equal(values, its[path]) for path, values in mine.items())

    def moved(self, parameters: Any, rank: int) -> Any:
        """Return the parameters of a process, which are further on where it was given others."""
        mine, its = self.all_given[0].parameters, self.all_given[rank].parameters

        def moved(path: Path, leaf: Any) -> Any:
            values = as_array(leaf)
            if np.array_equal(mine[path], its[path]):
                return leaf
            further = values + (its[path].astype(np.float64) - mine[path])
            there = its[path] if np.array_equal(values, mine[path]) else further
            return like(leaf, np.asarray(there).astype(values.dtype))

        return rebuilt(parameters, moved)


def answer_until_the_end(processes: Processes, function: Gradients, own: Point) -> Any:
    """Answer what the process of rank 0 asks; return the end that it tells."""
    task: Task = processes.handed_out()
    while True:
        if task.end is not None:
            return task.end
        point = Point(*(_received(nest, sent) for nest, sent in zip(own, task[1:3], strict=True)))
        result = processes.call(task.number, lambda p=point: function(p.parameters, *p.data))
        _ = processes.gathered(returned(result, point.parameters), task.number)
        task = processes.handed_out(number=task.number)


def returned(result: object, parameters: object) -> ShardAnswer:
    """Return what one process hands in."""
    if isinstance(result, Exception):
        return ShardAnswer({}, error=worded(result))
    answer = understood(result, leaves(parameters))
    gradients = {path: np.array(values) for path, values in answer.gradients.items()}
    loss = None if answer.loss is None else np.array(answer.loss)
    return ShardAnswer(gradients, loss, plain=loss is None and not answer.intermediates)


def equal(one: ShardAnswer, two: ShardAnswer) -> bool:
    """Return whether two processes returned the same gradients, to the last bit."""
    return one.gradients.keys() == two.gradients.keys() and all(
        np.array_equal(values, two.gradients[path], equal_nan=True)
        for path, values in one.gradients.items()
    )


def _sent(nest: Any) -> Leaves:
    """Return the arrays and numbers of a nest, to be sent to another process."""

    def packed(leaf: Any) -> Any:
        return leaf.detach().cpu() if is_tensor(leaf) else leaf

    found = leaves(nest).items()
    return {path: packed(leaf) for path, leaf in found if is_array(leaf) or is_numeric(leaf)}


def _received(nest: Any, sent: Leaves) -> Any:
    """Return this process's own nest with what was sent to it."""

    def replaced(path: Path, leaf: Any) -> Any:
        if path not in sent:
            return leaf
        value = sent[path]
        if not is_tensor(leaf):
            return value
        return value.to(leaf.device).requires_grad_(leaf.requires_grad)

    return rebuilt(nest, replaced)
