"""The process of a submission: what it gives up before a line of the submission runs, and after.

It is not trusted: whoever reads from it believes a line only after the token of this run, and
nothing that comes without.
"""

import fcntl
import io
import mmap
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from autograd_ref.commands.functions.world import TimeUp, place_raised
from autograd_ref.commands.grade.grading import Limits
from autograd_ref.commands.grade.isolation.kernel import end_with_parent, may_write_only
from autograd_ref.commands.grade.isolation.marks import Rules, watch
from autograd_ref.commands.grade.isolation.own_time import Meter, metered
from autograd_ref.commands.grade.isolation.processes import HIGHEST_FILE, limit
from autograd_ref.commands.grade.isolation.unchanged import functions_loaded, replaced_since
from autograd_ref.commands.grade.outcome import Outcome, as_line

KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT")
"""The variables of the environment that are kept: a teacher's own may hold passwords."""
SET = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}

HIGHEST_OPEN = 1 << 16
"""Above what the grader can have open. Chosen: it has some ten."""

Work = Callable[[Meter], Outcome]


class Confinement(NamedTuple):
    """Where a submission lives: folders of its own, and the ends of two pipes."""

    folder: Path
    """All that it may write to."""
    file: Path
    """The copy of what was handed in, in the folder."""
    results: int
    output: int
    token: str
    clock: mmap.mmap
    limits: Limits
    protected: tuple[Path, ...]
    """Paths that a submission may not even read."""


def new_token() -> str:
    """A word that nobody can guess."""
    return secrets.token_hex(16)


def live(cell: Confinement, work: Work) -> None:
    """Do the work in the cell, and send its outcome; the process ends after it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        _ = signal.signal(number, signal.SIG_DFL)
    end_with_parent(signal.SIGKILL)
    pipe = _own_pipe(cell)
    _leave_all_others(pipe)
    _change_world(cell)
    limit(cell.limits)
    _ = may_write_only([cell.folder, Path(os.devnull)])

    write = os.write  # these, whatever the submission puts in their place

    def send(word: str, content: str) -> None:
        line = f"{cell.token} {word} {content}\n".encode("utf-8", "backslashreplace")
        while line:
            line = line[write(pipe, line) :]

    def seen(kind: str, what: str) -> None:
        if kind not in told:  # at once: what has left cannot be taken back
            told.add(kind)
            send("mark", f"{kind} {what}".replace("\n", " "))

    told: set[str] = set()
    watch(Rules(cell.folder, cell.protected, cell.limits.processes), seen)
    before = functions_loaded(dict(sys.modules))
    outcome = in_time(work, cell.clock, cell.limits.seconds)
    if place := replaced_since(before):
        seen("functions", f"replaces {place}")
    send("outcome", as_line(outcome))


def in_time(work: Work, clock: mmap.mmap, seconds: float) -> Outcome:
    """The outcome of the work; after so many seconds of the submission's own, where it was."""
    try:
        with metered(clock, seconds) as meter:
            return work(meter)
    except TimeUp as error:
        place = place_raised(error)
        where = "" if place is None else f": at the end it ran {place}"
        return Outcome(error=f"takes longer than {seconds:g} s{where}")


def _own_pipe(cell: Confinement) -> int:
    """The results' pipe under a number that is not always the same."""
    number = HIGHEST_FILE // 4 + secrets.randbelow(HIGHEST_FILE // 2)
    pipe = fcntl.fcntl(cell.results, fcntl.F_DUPFD_CLOEXEC, number)
    os.dup2(cell.output, 1)
    os.dup2(cell.output, 2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    return pipe


def _leave_all_others(pipe: int) -> None:
    """Close whatever else the grader has open."""
    os.closerange(3, pipe)
    os.closerange(pipe + 1, HIGHEST_OPEN)


def _change_world(cell: Confinement) -> None:
    """A session, a folder, streams and an environment of its own."""
    os.setsid()
    os.chdir(cell.file.parent)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    home = str(cell.folder)
    os.environ.clear()
    os.environ.update({**kept, **SET, "HOME": home, "TMPDIR": home, "TEMP": home})
    tempfile.tempdir = None
    sys.argv = [cell.file.name]
    sys.stdin = io.StringIO()
    sys.stdout, sys.stderr = _stream(1), _stream(2)


def _stream(descriptor: int) -> io.TextIOWrapper:
    """Standard output or error, written at once: what a submission prints last tells most."""
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True
    )
