"""One submission from its copy to its outcome, by a process that no submission runs in.

The process that watches becomes the parent of whatever the submission leaves behind, so that
nothing does; the submission's folder is removed with it.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from autograd_ref.commands.grade.grading import MEBIBYTE, Limits
from autograd_ref.commands.grade.isolation.confined import Confinement, live, new_token
from autograd_ref.commands.grade.isolation.listening import (
    MOST_FILES,
    Ears,
    Heard,
    believed,
    listen,
    taken_too_much,
)
from autograd_ref.commands.grade.isolation.own_time import Meter, new_clock, spent
from autograd_ref.commands.grade.isolation.processes import (
    FAILED,
    MORE_PROCESSES,
    descendants,
    end_all,
    forked,
)
from autograd_ref.commands.grade.isolation.source import marks_in
from autograd_ref.commands.grade.outcome import Outcome

GRACE = 1.0
"""Seconds that a submission has to end by itself, after its time. Chosen."""
CHECK = 60.0
"""Seconds that the check may take beside. Chosen: it takes one, and the search 20 at most."""

Check = Callable[[Path, Meter], Outcome]


def watched(
    copy: Callable[[Path], Path], check: Check, limits: Limits, protected: tuple[Path, ...]
) -> Outcome:
    """The outcome of a submission, from a process and a folder of its own.

    Args:
        copy: puts the submission into a folder; returns the file to check.
        check: called with that file, and a meter of the submission's time, in the new process.
        limits: what the new process may take.
        protected: what it may not even read.
    """
    begin = time.monotonic()
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="crosscheck-")))
    try:
        file = copy(folder)
        seen = marks_in(folder)  # before its code can change it
        outcome = _watched_in(folder, file, check, limits, protected)
        outcome = outcome._replace(marks=(*seen, *outcome.marks))
    finally:
        remove(folder)
    return outcome._replace(seconds=time.monotonic() - begin)


def remove(folder: Path) -> None:
    """Remove a folder, whatever its submission has made of the rights to it."""
    for path, names, _files in os.walk(folder):
        for inside in (Path(path) / name for name in names):
            if not inside.is_symlink():
                with suppress(OSError):
                    inside.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def ended_by(status: int | None) -> str:
    """The end of a process that sent no outcome, in words, by the status of os.waitpid."""
    if status is None:
        return "ends without a result"
    code = os.waitstatus_to_exitcode(status)
    if code == FAILED:
        return "breaks the check from inside: its result could not be sent"
    if code >= 0:
        return f"ends the program, with status {code}, before the check is over"
    name = signal.Signals(-code).name
    return f"is ended by {name} ({signal.strsignal(-code)})"


def _watched_in(
    folder: Path, file: Path, check: Check, limits: Limits, protected: tuple[Path, ...]
) -> Outcome:
    (results, to_results), (output, to_output) = os.pipe(), os.pipe()
    clock = new_clock()
    cell = Confinement(folder, file, to_results, to_output, new_token(), clock, limits, protected)
    child = forked(lambda: live(cell, lambda meter: check(file, meter)))
    for descriptor in (to_results, to_output):
        os.close(descriptor)
    until = time.monotonic() + limits.seconds + CHECK
    ears = Ears(results, output, limits.output * 1024)
    found: list[int] = []

    def has_ended() -> bool:
        ended, status = os.waitpid(child, os.WNOHANG) if not found else (0, 0)
        if ended:
            found.append(status)
        return bool(found)

    try:
        heard = listen(ears, has_ended, lambda: _too_much(cell, until))
    finally:
        status = end_all(child)
        for descriptor in (results, output):
            os.close(descriptor)
    return _said(heard, cell, found[0] if found else status)


def _too_much(cell: Confinement, until: float) -> str:
    """The thing that was taken too much of: time, processes or files; empty for nothing."""
    if spent(cell.clock) > cell.limits.seconds + GRACE:
        return "time"
    if time.monotonic() > until:
        return "check"
    # an administrator's processes are not counted by the system itself
    if cell.limits.processes and len(descendants(os.getpid())) > MORE_PROCESSES:
        return "processes"
    return taken_too_much(cell.folder, cell.limits.files * MEBIBYTE)


def _said(heard: Heard, cell: Confinement, status: int | None) -> Outcome:
    """The outcome that was sent; where there is none, the reason in words."""
    outcome, marks = believed(heard.results, cell.token)
    if outcome is None:
        reasons = {
            "time": f"takes longer than {cell.limits.seconds:g} s, and does not end when told to",
            "check": f"could not be checked within {cell.limits.seconds + CHECK:g} s",
            "bytes": f"writes more than {cell.limits.files} MiB",
            "files": f"makes more than {MOST_FILES} files",
            "processes": f"starts more than {MORE_PROCESSES} processes",
        }
        outcome = Outcome(error=reasons.get(heard.ended) or ended_by(status))
    text = heard.output.decode(errors="backslashreplace")
    texts = {"error": outcome.error, "trace": outcome.trace, "output": text}
    # where the copy lay is nobody's business, and differs from run to run
    here = {name: said.replace(f"{cell.file.parent}{os.sep}", "") for name, said in texts.items()}
    return outcome._replace(**here, marks=marks)
