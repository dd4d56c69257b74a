"""The time that a submission's own code takes; the search for its mistake is not its fault.

The process that watches reads the clock too, in memory that both share.
"""

import mmap
import signal
import struct
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

from autograd_ref.commands.functions.world import TimeUp, place_in

Meter = Callable[[], AbstractContextManager[None]]
"""Makes what is entered whenever the submission's code runs."""


class SearchTimeUp(TimeUp):
    """The time is over in which something is looked for; it is not that of a submission."""


FIELDS = struct.Struct("dd")
"""When the code was entered that runs now, 0 for none, and the seconds of all before."""
AGAIN = 0.2
"""Seconds after which a submission that caught the end of its time is told once more. Chosen."""


def new_clock() -> mmap.mmap:
    """A clock that stands at zero; processes that are forked later have the same."""
    return mmap.mmap(-1, FIELDS.size)


def spent(clock: mmap.mmap) -> float:
    """The seconds that the submission's code has taken."""
    begin, before = FIELDS.unpack(clock[:])
    return before + (time.monotonic() - begin if begin else 0.0)


@contextmanager
def metered(clock: mmap.mmap, seconds: float) -> Generator[Meter]:
    """A meter that raises TimeUp in the code that it runs for, after so many seconds in all."""
    told: list[bool] = []

    def end(_number: int, frame: FrameType | None) -> None:
        # not again while the first is on its way out
        if not told or place_in(frame) is not None:
            told.append(True)
            raise TimeUp(seconds)

    @contextmanager
    def running() -> Generator[None]:
        before = spent(clock)
        if before >= seconds:
            raise TimeUp(seconds)
        clock[:] = FIELDS.pack(time.monotonic(), before)
        _ = signal.setitimer(signal.ITIMER_REAL, seconds - before, AGAIN)
        try:
            yield
        finally:
            _ = signal.setitimer(signal.ITIMER_REAL, 0)
            clock[:] = FIELDS.pack(0.0, spent(clock))

    handler = signal.signal(signal.SIGALRM, end)
    try:
        yield running
    finally:
        _ = signal.signal(signal.SIGALRM, handler)


@contextmanager
def at_most(seconds: float) -> Generator[None]:
    """Raise SearchTimeUp in what runs inside after so many seconds of computing, of all code."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SearchTimeUp(seconds)

    handler = signal.signal(signal.SIGVTALRM, end)
    _ = signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        _ = signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        _ = signal.signal(signal.SIGVTALRM, handler)
