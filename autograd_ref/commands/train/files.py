"""The folder that `crosscheck train` writes: plots, models, and a page that shows it all."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograd_ref.commands.destination import Destination, try_to_write_into
from autograd_ref.commands.options import Unusable
from autograd_ref.commands.output import write_bytes

if TYPE_CHECKING:
    from autograd_ref.commands.train.runs import MistakenRun, TrainingRun, TrainingSetup


def require_folder(name: str | None, file: Destination | None) -> None:
    """Make sure that there can be such a folder beside that file.

    Raises:
        Unusable: there cannot.
    """
    if name is None:
        return
    folder = Path(name)
    if file is not None and file.path == Path(os.path.realpath(folder)):
        raise Unusable(f"cannot write into {name!r}: --json writes a file of that name")
    try:
        can_be_made = folder.parent.is_dir() and not os.path.lexists(folder)
        if name not in ("", "-") and (folder.is_dir() or can_be_made):
            try_to_write_into(folder if folder.is_dir() else folder.parent)
            return
    except OSError as error:
        raise Unusable(f"cannot write into {name!r}: {error.strerror}") from None
    raise Unusable(f"cannot write into {name!r}: it needs to be a folder, or a new name in one")


def write(
    name: str,
    setup: "TrainingSetup",
    runs: "Sequence[TrainingRun]",
    mistaken: "Sequence[MistakenRun]",
) -> None:
    """Write all files, each of them whole.

    Raises:
        Unusable: one of them cannot be written.
    """
    path = folder = Path(name)
    try:
        folder.mkdir(exist_ok=True)
        for file, content in _files(setup, runs, mistaken):
            path = folder / file
            write_bytes(path, content)
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}") from None


def _files(
    setup: "TrainingSetup", runs: "Sequence[TrainingRun]", mistaken: "Sequence[MistakenRun]"
) -> Iterator[tuple[str, bytes]]:
    # the models first: drawing takes seconds, and may be interrupted
    for run in runs:
        assert run.parameters is not None, "every moment has them"
        name = run.optimiser.replace(" ", "-").lower()
        yield f"{name}.json", run.parameters.to_json().encode()
    # loaded here: no other command draws
    from autograd_ref.commands.train import figures, page

    drawn = figures.drawn(setup, runs, mistaken)
    pictures = {name: figures.as_bytes(figure, "svg") for name, figure in drawn.items()}
    for name, figure in drawn.items():
        yield f"{name}.png", figures.as_bytes(figure, "png")
        yield f"{name}.svg", pictures[name]
    yield "report.html", page.as_page(setup, runs, mistaken, pictures).encode()
