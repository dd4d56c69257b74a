"""Several submissions at a time, each watched by a process forked from this one.

The packages that a check needs are loaded here already, once for all of them.
"""

import os
import select
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from autograd_ref.commands.grade.isolation.kernel import end_with_parent, inherit_orphans
from autograd_ref.commands.grade.isolation.processes import forked
from autograd_ref.commands.grade.outcome import Outcome, as_line, outcome_in

CHUNK = 1 << 16
TICK = 0.2
"""Seconds between two looks at the processes, in which somebody else may do something. Chosen."""

Thing = TypeVar("Thing")


class Watcher(NamedTuple):
    """A process that watches one submission."""

    number: int
    place: int
    pieces: list[bytes]


def outcomes(
    things: Sequence[Thing],
    judge: Callable[[Thing], Outcome],
    at_a_time: int,
    idle: Callable[[], None],
) -> Generator[tuple[Thing, Outcome]]:
    """The result of `judge` for each, in a process of its own, in the order in which they are done.

    Args:
        things: the submissions.
        judge: called in a new process.
        at_a_time: how many run at once.
        idle: called now and then.
    """
    running: dict[int, Watcher] = {}
    waiting = list(enumerate(things))[::-1]
    try:
        while waiting or running:
            while waiting and len(running) < at_a_time:
                place, thing = waiting.pop()
                descriptor, number = _started(thing, judge)
                running[descriptor] = Watcher(number, place, [])
            for descriptor in select.select([*running], [], [], TICK)[0]:
                content = os.read(descriptor, CHUNK)
                running[descriptor].pieces.append(content)
                if not content:
                    done = running.pop(descriptor)
                    yield things[done.place], _finished(descriptor, done)
            idle()
    finally:
        for descriptor, watcher in running.items():
            with suppress(ProcessLookupError):
                os.kill(watcher.number, signal.SIGTERM)
            _ = os.waitpid(watcher.number, 0)
            os.close(descriptor)


def _started(thing: Thing, judge: Callable[[Thing], Outcome]) -> tuple[int, int]:
    """The end of the pipe to read from, and the number of the new process."""
    reading, writing = os.pipe()

    def work() -> None:
        # Ctrl-C reaches the whole group: the one that shows results says what is to be done
        _ = signal.signal(signal.SIGINT, signal.SIG_IGN)
        _ = signal.signal(signal.SIGTERM, _leave)
        end_with_parent(signal.SIGTERM)
        _ = inherit_orphans()
        line = as_line(judge(thing)).encode()
        while line:
            line = line[os.write(writing, line) :]

    number = forked(work)
    os.close(writing)
    return reading, number


def _finished(descriptor: int, done: Watcher) -> Outcome:
    os.close(descriptor)
    _ = os.waitpid(done.number, 0)
    try:
        return outcome_in(b"".join(done.pieces).decode())
    except ValueError:
        return Outcome(error="could not be graded: the process that watched it has ended")


def _leave(_number: int, _frame: object) -> None:
    """End, by way of what is to be done at the end."""
    raise SystemExit(1)
