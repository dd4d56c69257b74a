"""The progress bar of every command and benchmark."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


def progress(*, threaded: bool = True, shown: bool = True) -> Progress:
    """A bar on standard error, shown on a terminal only; it leaves nothing behind.

    Where it has no thread of its own, it is drawn anew at each refresh.
    """
    console = Console(stderr=True)
    disabled = not (shown and console.is_terminal)
    return Progress(console=console, transient=True, disable=disabled, auto_refresh=threaded)


@contextmanager
def stepping(name: str, total: int, *, shown: bool = True) -> Generator[Callable[..., None]]:
    """A function that moves a bar by one step, and takes a new name for it where it has one."""
    bar = progress(shown=shown)
    task = bar.add_task(name, total=total)

    def step(description: str | None = None) -> None:
        bar.update(task, description=description, advance=1)

    with bar:
        yield step
