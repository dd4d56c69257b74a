"""Where a result is to be written, settled before any work is done.

A user's code may change the current folder, and what cannot be written is to be known at once.
"""

import argparse
import os
import re
import stat
from errno import EACCES, ELOOP
from pathlib import Path
from typing import NamedTuple

from autograd_ref.commands.options import Parser, Unusable

STANDARD_OUTPUT = 1
STANDARD_ERROR = 2
STANDARD = {"/dev/stdout": STANDARD_OUTPUT, "/dev/stderr": STANDARD_ERROR}
OPEN = re.compile(r"(?:/dev/fd|/proc/(?:self|\d+)/fd)/(\d+)")
"""The names of what the shell has opened: 2>>log is /dev/stderr, >(program) is /dev/fd/63."""

LINKS = 40
"""As many as Linux follows from one name."""


class Destination(NamedTuple):
    """A file by its path, or what is open already by its descriptor."""

    name: str
    """As the user gave it."""
    path: Path | None
    descriptor: int | None = None

    @property
    def is_output(self) -> bool:
        """True for standard output."""
        return self.descriptor == STANDARD_OUTPUT

    def is_same(self, other: "Destination") -> bool:
        """True if both write to one place, and the second would replace the first."""
        same = (self.path, self.descriptor) == (other.path, other.descriptor)
        return same and (self.path is None or self.path.is_file() or not self.path.exists())


def destination(name: str) -> Destination:
    """The type of an option that takes a file's name; `-` is standard output.

    What is open already is not opened again: that would replace what it holds, or fail.
    """
    if name == "-":
        return Destination(name, None, STANDARD_OUTPUT)
    descriptor = _descriptor(name)
    if descriptor is not None:
        return Destination(name, None, descriptor)
    try:
        path = Path(os.path.realpath(name))
    except FileNotFoundError:
        raise argparse.ArgumentTypeError(f"got {name!r}; the current folder is gone") from None
    descriptor = _shared_with(path)
    return Destination(name, path if descriptor is None else None, descriptor)


def add_file(parser: Parser, option: str, content: str) -> None:
    """Add an option that takes the file to which the content is written."""
    meaning = f"write {content}; - for stdout"
    parser.add_argument(option, type=destination, metavar="FILE", help=meaning)


def add_json(parser: Parser) -> None:
    """Add the option --json, which every command has."""
    add_file(parser, "--json", "the result as JSON")


def require_writable(target: Destination) -> None:
    """Make sure that the result can be written there; nothing that is there changes.

    Raises:
        Unusable: it cannot.
    """
    name = target.name
    try:
        if target.path is None:
            if not target.is_output:
                _ = os.write(target.descriptor or 0, b"")
            return
        if not name or target.path.is_dir():
            raise Unusable(f"cannot write {name!r}: it needs to be the name of a file")
        for folder in (Path(name).parent, target.path.parent):
            if not folder.is_dir():
                raise Unusable(f"cannot write {name}: there is no folder {folder}")
        _try_to_open(target.path)
    except OSError as error:
        raise Unusable(f"cannot write {name}: {error.strerror}") from None


def new_file(folder: Path, mode: int) -> tuple[Path, int]:
    """A file of a name that no other has, and its descriptor.

    Raises:
        OSError: no file can be made there.
    """
    path = folder / f".crosscheck-{os.urandom(4).hex()}.tmp"
    return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)


def try_to_write_into(folder: Path) -> None:
    """Make a file there, and remove it.

    Raises:
        OSError: that is not possible.
    """
    path, descriptor = new_file(folder, 0o600)
    os.close(descriptor)
    path.unlink()


def _descriptor(name: str) -> int | None:
    """The descriptor that a name, or what it links to, stands for."""
    for _ in range(LINKS):
        name = os.path.normpath(name)
        found = OPEN.fullmatch(name)
        if name in STANDARD or found:
            return STANDARD[name] if found is None else int(found[1])
        try:
            name = str(Path(name).parent / Path(name).readlink())
        except OSError:  # it is no link
            break
    return None


def _shared_with(path: Path) -> int | None:
    """Standard output or error, where that is the file itself: it must not be replaced then."""
    try:
        there = path.stat()
        for descriptor in (STANDARD_OUTPUT, STANDARD_ERROR):
            if stat.S_ISREG(there.st_mode) and os.path.samestat(there, os.fstat(descriptor)):
                return descriptor
    except OSError:  # no such file yet, or no such output
        pass
    return None


def _try_to_open(path: Path) -> None:
    """Open what is there, or make a file beside where it is to be.

    Raises:
        OSError: neither is possible.
    """
    if path.is_symlink():  # links that lead anywhere have been followed
        raise OSError(ELOOP, os.strerror(ELOOP))
    if path.is_file():
        os.close(os.open(path, os.O_WRONLY))
    elif path.exists():  # a pipe or a device: to open it may wait, or tell somebody
        if not os.access(path, os.W_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
    else:
        try_to_write_into(path.parent)
