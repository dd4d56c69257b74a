"""The folder that `crosscheck train` writes: plots, models, and a page that shows it all."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from autograd_ref.commands.output import write_bytes
from autograd_ref.commands.train_page import as_page
from autograd_ref.commands.train_show import About, Run, Wrong


def why_no_folder(name: str | None, file: str | None) -> str:
    """Why there can be no such folder beside that file, in a line; nothing where there can."""
    if name is None:
        return ""
    folder = Path(name)
    if file is not None and folder.absolute() == Path(file).absolute():
        return f"cannot write into {name!r}: --json writes a file of that name"
    try:
        if name not in ("", "-") and (folder.is_dir() or _can_be_made(folder)):
            return ""
    except OSError as error:
        return f"cannot write into {name!r}: {error.strerror}"
    return f"cannot write into {name!r}: it needs to be a folder, or a name for one in a folder"


def _can_be_made(folder: Path) -> bool:
    return folder.parent.is_dir() and not os.path.lexists(folder)


def why_unwritten(name: str, about: About, runs: Sequence[Run], wrong: Sequence[Wrong]) -> str:
    """Write all files, each of them whole; why that could not be done, or nothing."""
    path = folder = Path(name)
    try:
        folder.mkdir(exist_ok=True)
        for file, content in _files(about, runs, wrong):
            path = folder / file
            write_bytes(path, content)
    except OSError as error:
        return f"cannot write {path}: {error.strerror}"
    return ""


def _files(
    about: About, runs: Sequence[Run], wrong: Sequence[Wrong]
) -> Iterator[tuple[str, bytes]]:
    # the models first: drawing takes seconds, in which somebody may lose patience
    for run in runs:
        assert run.parameters is not None, "every moment has them"
        name = run.optimiser.replace(" ", "-").lower()
        yield f"{name}.json", run.parameters.to_json().encode()
    # loaded here: no other command draws
    from autograd_ref.commands import training_figures as figures

    moments = {run.optimiser: run.moments for run in runs}
    curves = [(c.optimiser, c.mistake, c.losses) for c in wrong if c.losses]
    unit = float(np.finfo(about.dtype).eps) / 2
    drawn = {
        "loss": figures.losses(moments, curves),
        "accuracy": figures.accuracies(moments),
        "distance": figures.distances(moments, unit),
    }
    pictures = {name: figures.as_bytes(figure, "svg") for name, figure in drawn.items()}
    for name, figure in drawn.items():
        yield f"{name}.png", figures.as_bytes(figure, "png")
        yield f"{name}.svg", pictures[name]
    yield "report.html", as_page(about, runs, wrong, pictures).encode()
