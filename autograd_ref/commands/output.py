"""Files that are written whole or not at all, and what is printed beside them."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from autograd_ref.commands.options import Unusable


def require_writable(*names: str | None) -> None:
    """Make sure that files of these names can be written, before any work is done.

    Args:
        names: as for `write_whole`; None is no file.

    Raises:
        Unusable: one of them cannot.
    """
    for name in names:
        if name is None or name == "-":
            continue
        path = Path(name)
        try:
            is_folder = path.is_dir()
        except OSError as error:
            raise Unusable(f"cannot write {name!r}: {error.strerror}") from None
        if not name or is_folder:
            raise Unusable(f"cannot write {name!r}: it needs to be the name of a file")
        if not path.parent.is_dir():
            raise Unusable(f"cannot write {name}: there is no folder {path.parent}")


def write_results(text: Callable[[], str], files: Mapping[str | None, Callable[[], str]]) -> None:
    """Print a text, and write files; where a file is standard output, the text is left out.

    Args:
        text: makes what is printed.
        files: by name, what makes the content; the name None is no file.

    Raises:
        Unusable: a file cannot be written.
        OSError: standard output cannot be written.
    """
    if "-" not in files:
        sys.stdout.write(text())
    for name, content in files.items():
        if name is None:
            continue
        try:
            write_whole(name, content())
        except OSError as error:
            if name == "-":
                raise
            raise Unusable(f"cannot write {name}: {error.strerror}") from None


def write_whole(name: str, text: str) -> None:
    """Write text to the file of that name; `-` is standard output.

    An existing file keeps its old content until the new one is complete. What is not a plain
    file, a pipe or a device, is written to as it is, because it must not be replaced by one.

    Raises:
        OSError: the file cannot be written.
    """
    if name == "-":
        sys.stdout.write(text)
        return
    path = Path(name).resolve()
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a plain file; an existing one keeps its old content until the new is complete.

    Raises:
        OSError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
