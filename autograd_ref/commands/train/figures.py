"""Training runs as pictures, readable in print and with any colour vision."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from autograd_ref.assignment.training import OPTIMISERS, Moment
from autograd_ref.commands.train.runs import MistakenRun, TrainingRun, TrainingSetup

HIGHEST = 10
"""The upper end of the loss axis, times the largest loss of a right run."""

Runs = Mapping[str, Sequence[Moment]]
"""By optimiser."""

COLOURS = dict(zip(OPTIMISERS, ("#0072b2", "#d55e00"), strict=True))
LINES = dict(zip(OPTIMISERS, ("-", "--"), strict=True))
OF_MISTAKES = ("#009e73", "#cc79a7", "#000000", "#e69f00")
"""All colours are Okabe and Ito's."""


def drawn(
    setup: TrainingSetup, runs: Sequence[TrainingRun], mistaken: Sequence[MistakenRun]
) -> dict[str, Figure]:
    """All pictures, by name."""
    moments = {run.optimiser: run.moments for run in runs}
    curves = [(run.optimiser, run.mistake, run.losses) for run in mistaken if run.losses]
    return {
        "loss": losses(moments, curves),
        "accuracy": accuracies(moments),
        "distance": distances(moments, float(np.finfo(setup.dtype).eps) / 2),
    }


def losses(runs: Runs, wrong: Sequence[tuple[str, str, Sequence[float]]]) -> Figure:
    """The loss on a logarithmic axis, with the right and with mistaken gradients.

    An optimiser has its kind of line, a mistake its colour; what rises far above every right run
    leaves the picture.
    """
    figure, panel = _panel("Loss on the training samples", "cross-entropy, mean over the samples")
    for name, moments in runs.items():
        panel.plot([m.loss for m in moments], LINES[name], color=COLOURS[name], label=name)
    highest = HIGHEST * max(m.loss for moments in runs.values() for m in moments)
    mistakes = list(dict.fromkeys(mistake for _optimiser, mistake, _values in wrong))
    for name, mistake, values in wrong:
        colour = OF_MISTAKES[mistakes.index(mistake) % len(OF_MISTAKES)]
        inside = [min(value, 2 * highest) for value in values]  # an axis of 300 decades overflows
        panel.plot(inside, LINES[name], color=colour, linewidth=1, label=f"{name}, {mistake}")
    panel.set_yscale("log")
    panel.set_ylim(top=min(panel.get_ylim()[1], highest))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def accuracies(runs: Runs) -> Figure:
    """The accuracy on the training samples and on the test samples."""
    figure, panel = _panel("Accuracy on the training and test samples", "accuracy (%)")
    for name, moments in runs.items():
        training = [100 * m.accuracy for m in moments]
        test = [100 * m.test_accuracy for m in moments if m.test_accuracy is not None]
        panel.plot(training, "-", color=COLOURS[name], label=f"{name}, training")
        if test:
            panel.plot(test, "--", color=COLOURS[name], linewidth=1, label=f"{name}, test")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def distances(runs: Runs, unit: float) -> Figure:
    """The distance between hand and autograd, and the drift from rounding, in units of roundoff."""
    figure, panel = _panel(
        "Parameters by hand and by autograd", "largest difference, in units of roundoff"
    )
    for name, moments in runs.items():
        apart = [m.distance / (unit * m.largest) for m in moments]
        drift = [m.by_rounding / (unit * m.largest) for m in moments]
        panel.plot(apart, "-", color=COLOURS[name], label=f"{name}, hand and autograd")
        panel.plot(
            drift, "--", color=COLOURS[name], linewidth=1, label=f"{name}, drift from rounding"
        )
    panel.set_yscale("log")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def as_bytes(figure: Figure, kind: str) -> bytes:
    """The content of a png or svg file; the same figure gives the same bytes."""
    file = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else None
    # with random names, two runs of the same training would write different files
    with mpl.rc_context({"svg.hashsalt": "crosscheck"}):
        figure.savefig(file, format=kind, dpi=150, metadata=metadata)
    return file.getvalue()


def _panel(title: str, label: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7, 4.8), layout="constrained")
    panel = figure.subplots()
    panel.set(title=title, xlabel="iteration", ylabel=label)
    panel.grid(color="0.92")
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    return figure, panel
