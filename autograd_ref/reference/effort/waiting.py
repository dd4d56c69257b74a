"""A progress bar for whoever waits at a terminal; nothing is shown anywhere else."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

PATIENCE = 2.0
"""Seconds without a bar. Chosen."""


def nothing(_done: float = 1.0) -> None:
    """Show nothing."""


@contextmanager
def waiting(total: float, name: str = "numerical derivatives") -> Generator[Callable[..., None]]:
    """Show on a terminal how much of a whole is done, and the time left, once it takes long.

    Args:
        total: the whole: the number of times that what is given is called, or the sum of what it
            is called with.
        name: what one waits for.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn(name), BarColumn(), TimeRemainingColumn()
    bar = Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    task = bar.add_task("", total=total)
    begun, shown = time.monotonic(), False

    def one_more(done: float = 1.0) -> None:
        nonlocal shown
        bar.advance(task, done)
        if not shown and time.monotonic() - begun > PATIENCE:
            bar.start()
            shown = True
        if shown:
            bar.refresh()

    try:
        yield one_more
    finally:
        if shown:
            bar.stop()
