"""Where in the caller's code an operation was asked for, and what the caller calls its values."""

import linecache
from functools import cache
from inspect import currentframe
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

import numpy as np
import torch

NOT_THE_CALLERS = tuple(
    str(folder)
    for folder in (
        Path(torch.__file__).parent,
        Path(np.__file__).parent,
        Path(__file__).parent.parent,
    )
)
"""The folders of PyTorch, of NumPy and of this package: nobody's mistake is looked for in them."""

BUILT_IN = str(Path(__file__).parent.parent / "assignment" / "autograd_reference.py")
"""The file of the loss of the built-in network, which its users have not seen: it has no lines."""

IN_THE_GRADIENT = str(Path(__file__).parent.parent / "slopes.py")
"""The file that takes the gradient of a loss, for second derivatives: no line of the caller's."""

SHIPPED = (BUILT_IN, IN_THE_GRADIENT, str(Path(__file__).parent.parent / "selftest"))
"""Losses that are anybody's: these, and the models that the package measures itself with."""

LONGEST = 72
"""Characters of an expression that are quoted. Chosen: with a line's number, one line of text."""


class CodePlace(NamedTuple):
    """An expression in the caller's code."""

    text: str
    """The expression itself; empty where its source is not known."""
    line: int
    function: str
    file: str

    def __str__(self) -> str:
        """Return the expression and its line."""
        if not self.line:
            return "the loss"
        if self.file == IN_THE_GRADIENT:
            return "the gradient of the loss"
        at = "the built-in network" if self.file == BUILT_IN else f"line {self.line}"
        return f"`{self.text}` ({at})" if self.text else f"{at} of {self.function}"


Call = FrameType | None
"""The frame that a frame has called: another one each time that it calls."""


class Calls(NamedTuple):
    """Where in the caller's code something is done."""

    frames: list[FrameType]
    """Frames of the caller's code, from the innermost outwards."""
    inner: Call
    """The frame that the innermost of them has called."""


def callers_frames(called_by: CodeType) -> Calls:
    """Return the frames of the caller's code.

    Args:
        called_by: of this package, from where the caller's code was called.
    """
    found: list[FrameType] = []
    inner: Call = None
    frame: FrameType | None = currentframe()
    while frame is not None and frame.f_code is not called_by:
        if not is_foreign(frame.f_code):
            found.append(frame)
        elif not found:
            inner = frame
        frame = frame.f_back
    return Calls(found, inner)


@cache
def is_foreign(code: CodeType) -> bool:
    """Return whether code is PyTorch's, NumPy's or of this package."""
    name = code.co_filename
    ours = name.startswith(NOT_THE_CALLERS) and not name.startswith(SHIPPED)
    return ours or name.startswith("<frozen")


def place_of(frame: FrameType) -> CodePlace:
    """The expression that a frame is at."""
    return _place(frame.f_code, frame.f_lasti, frame.f_lineno)


@cache
def _place(code: CodeType, instruction: int, line: int) -> CodePlace:
    positions = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    text = " ".join(_source(code.co_filename, positions).split())
    if len(text) > LONGEST:
        text = text[: LONGEST - 4].rstrip() + " ..."
    return CodePlace(text, positions[0] or line, code.co_name, code.co_filename)


def _source(file: str, positions: tuple[int | None, ...]) -> str:
    """The source between two positions; columns count bytes."""
    first, last, start, end = positions
    if first is None or last is None or start is None or end is None:
        return ""
    lines = [linecache.getline(file, number).encode() for number in range(first, last + 1)]
    if not all(lines):
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    return b"".join(lines).decode(errors="replace")
