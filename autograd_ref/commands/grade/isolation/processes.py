"""Processes: what one may take, those that came of it, and the end of them all.

Linux tells who came of whom in /proc. Elsewhere a process group is all that can be ended.
"""

import os
import resource
import signal
import time
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from autograd_ref.commands.grade.grading import MEBIBYTE, Limits

PROC = Path("/proc")
MORE_PROCESSES = 16
"""A submission that may start processes may have so many at a time. Chosen."""
HIGHEST_FILE = 256
"""Files that may be open at a time: what macOS allows from the start. A check needs some ten."""
PATIENCE = 5.0
"""Seconds in which processes that are told to end are waited for. Chosen: it takes milliseconds."""
FAILED = 70
"""The exit status of a process of ours that raised."""


class Process(NamedTuple):
    """A line of /proc/PID/stat."""

    number: int
    parent: int
    threads: int
    user: int


def forked(action: Callable[[], None]) -> int:
    """The number of a new process, which does this and ends."""
    with warnings.catch_warnings():
        # of threads, which Python counts since 3.12: a test runner's; those here hold no lock
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork() or _in_child(action)


def limit(limits: Limits, proc: Path = PROC) -> None:
    """Limit memory, files, and processes for this process and its children, where that works."""
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, HIGHEST_FILE)
    _lower(resource.RLIMIT_FSIZE, limits.files * MEBIBYTE)
    taken = address_space(proc)
    if taken is not None:
        _lower(resource.RLIMIT_AS, taken + limits.memory * MEBIBYTE)
    if limits.processes and taken is not None:
        mine = sum(one.threads for one in processes(proc) if one.user == os.getuid())
        _lower(resource.RLIMIT_NPROC, mine + MORE_PROCESSES)


def not_limited(version: int, proc: Path = PROC) -> str:
    """A sentence about limits that this machine lacks; empty where it has all.

    The version is that of Landlock, 0 for none.
    """
    open_ = [] if version else ["writing outside a submission's folder is refused by Python alone"]
    if address_space(proc) is None:
        open_ += ["memory is not limited", "a process that leaves its group is not ended"]
    elif os.getuid() == 0:
        open_ += ["the system does not count an administrator's processes"]
    return "; ".join(open_)


def address_space(proc: Path = PROC) -> int | None:
    """The bytes of addresses that this process has; None where nobody tells."""
    with suppress(OSError, ValueError):
        pages = int((proc / "self/statm").read_text().split()[0])
        return pages * resource.getpagesize()
    return None


def processes(proc: Path = PROC) -> Iterator[Process]:
    """All processes, where somebody tells."""
    for folder in proc.glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            # the name in brackets may hold anything
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            number, user = int(folder.name), folder.stat().st_uid
            yield Process(number, int(fields[1]), int(fields[17]), user)


def descendants(of: int, proc: Path = PROC) -> set[int]:
    """The children of a process, theirs, and so on."""
    parents = {one.number: one.parent for one in processes(proc)}
    found = {of}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {of}


def end_all(child: int) -> int | None:
    """End a child with its group and, where they are known, all descendants of this process.

    Returns:
        The status of the child, by os.waitpid; None where it cannot be had.
    """
    status: int | None = None
    until = time.monotonic() + PATIENCE
    with suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    _send([child], signal.SIGKILL)
    while time.monotonic() < until:
        _stop_and_kill()
        try:
            ended, found = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        status = found if ended == child else status
        if not ended:
            time.sleep(0.001)
    return status


def _in_child(action: Callable[[], None]) -> NoReturn:
    status = FAILED
    try:
        action()
        status = 0
    finally:
        os._exit(status)


def _stop_and_kill() -> None:
    """Kill all descendants, stopped first: while some end, others would start new ones."""
    stopped: set[int] = set()
    while more := descendants(os.getpid()) - stopped:
        _send(more, signal.SIGSTOP)
        stopped |= more
    _send(stopped, signal.SIGKILL)


def _send(numbers: Collection[int], number: signal.Signals) -> None:
    for process in numbers:
        with suppress(OSError):
            os.kill(process, number)


def _lower(which: int, most: int) -> None:
    """Lower a limit; where it is lower already, or is no limit here, it stays."""
    _soft, hard = resource.getrlimit(which)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(which, (most, most))
