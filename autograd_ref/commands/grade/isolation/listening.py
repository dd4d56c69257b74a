"""Messages of a submission's process, believed as far as they carry the token of the run."""

import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from autograd_ref.commands.grade.outcome import Mark, Outcome, outcome_in

TICK = 0.05
"""Seconds between two looks at a submission that sends nothing. Chosen."""
CHUNK = 1 << 16
MOST_READS = 100
"""Reads of the rest in the pipes, which hold a chunk or a few. Chosen."""
LONGEST = 4 << 20
"""Bytes of results that are kept: those of a usual report are some 10,000. Chosen."""
MOST_FILES = 10_000
"""Files that a submission may make. Chosen."""

FALSE_RESULT = Mark("result", "writes to where the grader's results come from")


class Heard(NamedTuple):
    """The pieces of an outcome, as they came."""

    results: bytes = b""
    output: bytes = b""
    ended: str = ""
    """The reason why it was not listened to any longer; empty where it ended by itself."""


class Ears(NamedTuple):
    """The pipes to listen to, and how much of it is kept."""

    results: int
    output: int
    kept: int
    """Bytes of output."""


def listen(ears: Ears, has_ended: Callable[[], bool], too_much: Callable[[], str]) -> Heard:
    """All that is sent until the process has ended, or has taken too much.

    Args:
        ears: the pipes.
        has_ended: true once the process has ended.
        too_much: what the submission has taken too much of, empty for nothing.
    """
    heard, looked = Heard(), 0.0
    open_ = {ears.results, ears.output}
    while not has_ended():
        heard = _more(heard, ears, open_, TICK)
        now = time.monotonic()
        if now - looked >= TICK:  # a flood of output is no reason to look more often
            looked = now
            reason = too_much()
            if reason:
                return heard._replace(ended=reason)
    for _ in range(MOST_READS):  # what it sent before is in the pipes; its children may send more
        before, heard = heard, _more(heard, ears, open_, 0.0)
        if heard is before:
            break
    return heard


def believed(results: bytes, token: str) -> tuple[Outcome | None, tuple[Mark, ...]]:
    """The outcome and the marks in what was sent; what carries no token is a mark itself."""
    outcome: Outcome | None = None
    marks: dict[Mark, None] = {}
    *lines, last = results.split(b"\n")
    lines += [] if token.encode().startswith(last[: len(token)]) else [last]  # or it is cut off
    for line in lines:
        word, _, content = line.decode(errors="replace").partition(" ")
        kind, _, content = content.partition(" ")
        try:
            if word != token:
                marks |= {FALSE_RESULT: None} if line else {}
            elif kind == "mark":
                marks |= {Mark(*content.split(" ", 1)): None}
            else:
                outcome = outcome_in(content)
        except (TypeError, ValueError):  # not from us
            marks |= {FALSE_RESULT: None}
    return outcome, (*marks,)


def taken_too_much(folder: Path, most: int) -> str:
    """The thing that a submission has written too much of, bytes or files; empty for nothing."""
    size = count = 0
    for path, _folders, files in os.walk(folder):
        for name in files:
            count += 1
            try:
                size += (Path(path) / name).lstat().st_size
            except OSError:  # removed meanwhile
                continue
            if size > most or count > MOST_FILES:
                return "bytes" if size > most else "files"
    return ""


def _more(heard: Heard, ears: Ears, open_: set[int], wait: float) -> Heard:
    """With what can be read now, or within so many seconds; the same where that is nothing."""
    if not open_:
        time.sleep(wait)
        return heard
    readable, _, _ = select.select(open_, [], [], wait)
    for descriptor in readable:
        content = os.read(descriptor, CHUNK)
        if not content:
            open_.discard(descriptor)
        elif descriptor == ears.output:
            heard = heard._replace(output=(heard.output + content)[: ears.kept])
        else:
            heard = heard._replace(results=(heard.results + content)[:LONGEST])
    return heard
