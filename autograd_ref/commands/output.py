"""Files that are written whole or not at all."""

import os
import sys
from pathlib import Path


def why_unwritable(*names: str | None) -> str:
    """Why no file of such a name can be written, in a line, before any work is done; or nothing.

    Args:
        names: as for `write_whole`; None is no file.
    """
    for name in names:
        if name is None or name == "-":
            continue
        path = Path(name)
        try:
            is_folder = path.is_dir()
        except OSError as error:
            return f"cannot write {name!r}: {error.strerror}"
        if not name or is_folder:
            return f"cannot write {name!r}: it needs to be the name of a file"
        if not path.parent.is_dir():
            return f"cannot write {name}: there is no folder {path.parent}"
    return ""


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


def why_unwritten(name: str, text: str) -> str:
    """Write as `write_whole` does; why it could not be done, in a line, or nothing where it was.

    Raises:
        OSError: standard output cannot be written, which is looked after further out.
    """
    try:
        write_whole(name, text)
    except OSError as error:
        if name == "-":
            raise
        return f"cannot write {name}: {error.strerror}"
    return ""
