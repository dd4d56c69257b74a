"""Windows, questions and our own command line, which would stop a file that is only imported."""

import ast
import contextlib
import io
import os
import sys
import warnings
from collections.abc import Generator
from types import ModuleType

from autograd_ref.commands.functions.files.statements import Piece

BACKEND = "MPLBACKEND"
NO_WINDOW = ".*non-interactive.*cannot be shown"
"""The warning of matplotlib where show() is called and no window can open."""
LEFT_OUT = ("matplotlib.use(", "mpl.use(", "plt.switch_backend(", "plt.ion(", "get_ipython()")
"""How statements begin that only choose where plots are shown, or that only Jupyter can run."""


@contextlib.contextmanager
def alone(file: str) -> Generator[None]:
    """Let code meet an empty command line and no input, and let its plots open no window."""
    before = sys.argv, sys.stdin, os.environ.get(BACKEND)
    sys.argv, sys.stdin = [file], io.StringIO()
    os.environ.setdefault(BACKEND, "Agg")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", NO_WINDOW)
            yield
    finally:
        sys.argv, sys.stdin, backend = before
        if backend is None:
            _ = os.environ.pop(BACKEND, None)


def is_left_out(one: Piece) -> bool:
    """True for a statement that says nothing but where plots are shown."""
    return ast.unparse(one.node).startswith(LEFT_OUT)


def furnish(module: ModuleType) -> None:
    """Give a notebook what Jupyter gives it."""
    vars(module)["display"] = _display


def _display(*_things: object, **_options: object) -> None:
    """Show nothing."""
