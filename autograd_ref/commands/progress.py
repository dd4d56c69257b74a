"""The progress bar of every command and benchmark."""

from rich.console import Console
from rich.progress import Progress


def progress() -> Progress:
    """A bar on standard error, shown on a terminal only; it leaves nothing behind."""
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)
