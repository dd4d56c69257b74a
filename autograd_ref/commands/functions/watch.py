"""A watch over the user's code: says where it is when it takes long, and ends it in time."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from types import FrameType

from autograd_ref.commands.functions.world import TimeUp, UserPlace, place_in
from autograd_ref.commands.options import INTERRUPTED, UNUSABLE_INPUT, Parser, positive
from autograd_ref.commands.output import say_to

LONG_CALL = 3.0
"""Seconds in one call of the user's code after which its line is said. Chosen: people doubt by
then that anything happens."""
CALLS_IN_A_RUN = 10
"""How many times as long many calls may take together before a line is said. Chosen."""
SPARSER = 10
"""Each line is said after so many times the time of the one before. Chosen."""
TICK = 0.1
"""Seconds between two looks. Chosen: a place is said in time, and a look takes some 40 us."""
AGAIN = 1.0
"""Seconds after which a user's code that caught the end of its time is told once more. Chosen."""
CURRENT_FRAMES: Callable[[], dict[int, FrameType]] = vars(sys)["_current_frames"]
"""Documented for such purposes, although its name begins with an underscore."""
SHORTEST = 0.001
"""Seconds that a timer can be set to; zero would be none. Chosen."""
GRACE = 5.0
"""Seconds after the end of its time in which a user's code may still end by itself. Chosen."""


class Lookout(threading.Thread):
    """Looks at what another thread runs, until it is told to end."""

    def __init__(self, thread: int, timeout: float | None, last: float | None) -> None:
        super().__init__(daemon=True)
        self.thread, self.timeout = thread, timeout
        self.last = last  # seconds after which nothing else has helped
        self.stream = sys.stderr  # the user's own output may be hidden
        self.begin = time.monotonic()
        self.due = LONG_CALL
        self.over = threading.Event()

    def run(self) -> None:
        """Look, and say; not before anything may have to be said.

        A look is not free of risk: Python 3.11 crashes where a frame of another thread is read
        that is just left, while an array in it is freed and lets threads change.
        """
        while not self.over.wait(TICK):
            total = time.monotonic() - self.begin
            if total < min(self.due, self.last or self.due):
                continue
            place = place_in(CURRENT_FRAMES().get(self.thread))
            if place is not None:
                self.look(place, time.monotonic())

    def look(self, place: UserPlace, now: float) -> None:
        """Say the place if it is time to; end the program if nothing else can."""
        total, call = now - self.begin, now - place.since
        if max(call, total / CALLS_IN_A_RUN) >= self.due:
            self.due *= SPARSER
            self.say(f"still running after {total:.0f} s: {place}; {self.advice(place)}")
        if self.timeout is not None and self.last is not None and total >= self.last:
            self.say(f"{TimeUp(self.timeout)}: {place}")
            os._exit(UNUSABLE_INPUT)

    def advice(self, place: UserPlace) -> str:
        """A remedy for code that takes long."""
        limit = "" if self.timeout is not None else ", --timeout SECONDS limits it"
        if place.in_notebook:
            return f"--cells chooses the cells that are run{limit}"
        if place.importing:
            return f'what stands below if __name__ == "__main__": would not run{limit}'
        return f"Ctrl-C ends the run{limit}"

    def say(self, text: str) -> None:
        """Write a line, on a terminal below whatever is drawn there."""
        below = "\n" if self.stream is not None and self.stream.isatty() else ""
        say_to(self.stream, f"{below}crosscheck: {text}\n")


def add_timeout(parser: Parser) -> None:
    """Add the option --timeout."""
    parser.add_argument(
        "--timeout",
        type=positive,
        metavar="SECONDS",
        help="end the run after so long, with the line that it was in and status 2",
    )


@contextmanager
def watching(timeout: float | None) -> Generator[None]:
    """Watch what this thread runs meanwhile; raise TimeUp in it after so many seconds."""
    in_main = threading.current_thread() is threading.main_thread()  # where signals arrive
    timed = timeout is not None and in_main and hasattr(signal, "setitimer")
    last = timeout + GRACE if timeout is not None and timed else timeout
    watch = Lookout(threading.get_ident(), timeout, last)
    watch.start()
    with ExitStack() as stack:
        stack.callback(watch.join)
        stack.callback(watch.over.set)
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            stack.enter_context(_insistent(watch))
        if timed and timeout is not None:
            stack.enter_context(_timer(timeout))
        yield


@contextmanager
def _insistent(watch: Lookout) -> Generator[None]:
    """End the program at the second Ctrl-C, if the user's code has caught the first."""
    told: list[bool] = []

    def interrupt(_number: int, frame: FrameType | None) -> None:
        place = place_in(frame)
        if told and place is not None:
            watch.say(f"interrupted: {place}")
            os._exit(INTERRUPTED)
        told.append(True)
        raise KeyboardInterrupt

    _ = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        _ = signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _timer(timeout: float) -> Generator[None]:
    """Raise TimeUp when the time is over, and again as long as the user's code goes on."""
    told: list[bool] = []

    def end(_number: int, frame: FrameType | None) -> None:
        # not again while the first is on its way out
        if not told or place_in(frame) is not None:
            told.append(True)
            raise TimeUp(timeout)

    before = signal.signal(signal.SIGALRM, end)
    seconds = min(max(timeout, SHORTEST), threading.TIMEOUT_MAX)
    _ = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        _ = signal.setitimer(signal.ITIMER_REAL, 0)
        _ = signal.signal(signal.SIGALRM, before)
