"""Files that are written whole or not at all, and what is printed beside them."""

import os
import shutil
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from autograd_ref.commands.destination import Destination, new_file
from autograd_ref.commands.options import Unusable
from autograd_ref.report.words import encodable, printable


class ReaderGone(Exception):
    """Nobody reads standard output any more."""


def write_results(
    text: Callable[[], str], files: Mapping[Destination | None, Callable[[], str]]
) -> None:
    """Print a text, and write files; where a file is standard output, the text is left out.

    Args:
        text: makes what is printed.
        files: by destination, what makes the content; None is no file.

    Raises:
        Unusable: a file, or standard output, cannot be written.
        ReaderGone: nobody reads standard output.
    """
    wanted = {target: content for target, content in files.items() if target is not None}
    if not any(target.is_output for target in wanted):
        print_whole(text())
    for target, content in wanted.items():
        write_whole(target, content())


def print_whole(text: str = "") -> None:
    """Write a text to standard output, with escapes for characters that its encoding lacks.

    Raises:
        Unusable: it cannot be written.
        ReaderGone: nobody reads it.
    """
    stream = sys.stdout
    _printed(lambda: stream.write(encodable(text, encoding_of(stream))))


def write_whole(target: Destination, text: str) -> None:
    """Write a text, in UTF-8, to a file or to what is open already.

    An existing file keeps its old content until the new one is complete. What is not a plain
    file, a pipe or a device, is written to as it is, because it must not be replaced by one.

    Raises:
        Unusable: it cannot be written.
        ReaderGone: it is standard output, and nobody reads it.
    """
    content = text.encode("utf-8", "backslashreplace")  # a file's name may be no UTF-8
    if target.is_output:
        _printed(lambda: _as_bytes(content))
        return
    try:
        if target.path is not None:
            write_bytes(target.path, content)
        else:
            sys.stderr.flush()  # which may be what is written to
            with os.fdopen(os.dup(target.descriptor or 0), "wb") as stream:
                _ = stream.write(content)
    except OSError as error:
        raise Unusable(f"cannot write {target.name}: {error.strerror}") from None


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; an existing one keeps its mode, and its old content until the new is complete.

    What cannot be replaced, such as a file in a folder that nobody may change, is overwritten.

    Raises:
        OSError: the file cannot be written.
    """
    there = path.stat() if path.exists() else None
    if there is not None and not stat.S_ISREG(there.st_mode):
        path.write_bytes(content)
        return
    try:
        temporary, descriptor = new_file(path.parent, 0o666 if there is None else 0o600)
    except OSError:
        if there is None:
            raise
        path.write_bytes(content)
        return
    try:
        with os.fdopen(descriptor, "wb") as stream:
            _ = stream.write(content)
        if there is not None:
            with suppress(OSError, LookupError):  # only an administrator can give a file away
                shutil.chown(temporary, there.st_uid, there.st_gid)
            temporary.chmod(stat.S_IMODE(there.st_mode))
        try:
            temporary.replace(path)
        except OSError:  # a file that is mounted by itself, as containers do
            if there is None:
                raise
            path.write_bytes(content)
    finally:
        temporary.unlink(missing_ok=True)


def say(text: str) -> None:
    """Write to standard error, with escapes for what is no printable character there.

    Users' exceptions are said here: an escape sequence in one would reach the terminal.
    """
    say_to(sys.stderr, text)


def say_to(stream: TextIO | None, text: str) -> None:
    """Write to this stream as `say` does to standard error; None is one that is closed."""
    if stream is None:
        return
    with suppress(OSError, ValueError):  # nobody reads it, or the user's code has closed it
        stream.write(printable(text, encoding_of(stream)))
        stream.flush()


def encoding_of(stream: object) -> str:
    """The encoding of a stream; a string's has no limits."""
    return getattr(stream, "encoding", None) or "utf-8"


def _as_bytes(content: bytes) -> None:
    """Write to standard output what is UTF-8, whatever the encoding of text there."""
    stream = sys.stdout
    stream.flush()
    if hasattr(stream, "buffer"):
        _ = stream.buffer.write(content)
    else:
        _ = stream.write(content.decode())


def _printed(write: Callable[[], object]) -> None:
    try:
        _ = write()
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()
        raise ReaderGone from None
    except OSError as error:
        _give_up_output()
        raise Unusable(f"cannot write standard output: {error.strerror}") from None


def _give_up_output() -> None:
    """Drop what Python still holds back: written at exit, it would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
