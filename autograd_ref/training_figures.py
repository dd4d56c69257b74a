"""Training runs as pictures, readable in print and with any colour vision."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from autograd_ref.training import Moment

Runs = Mapping[str, Sequence[Moment]]
"""By optimiser."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00")
"""Okabe and Ito's."""
LINES = ("-", "--", ":", "-.")


def losses(runs: Runs, wrong: Mapping[str, Sequence[float]]) -> Figure:
    """The loss on a logarithmic axis; of wrong gradients too, by what they are called."""
    figure, panel = _panel("loss of the training samples")
    for i, (name, moments) in enumerate(runs.items()):
        panel.plot([m.loss for m in moments], LINES[i], color=COLOURS[i], label=name)
    for i, (name, values) in enumerate(wrong.items(), start=len(runs)):
        style = LINES[i % len(LINES)]
        panel.plot(values, style, color=COLOURS[i % len(COLOURS)], linewidth=1, label=name)
    panel.set_yscale("log")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def accuracies(runs: Runs) -> Figure:
    """Of the training samples and of the test samples."""
    figure, panel = _panel("predicted rightly (%)")
    for i, (name, moments) in enumerate(runs.items()):
        training = [100 * m.accuracy for m in moments]
        test = [100 * m.test_accuracy for m in moments]
        panel.plot(training, "-", color=COLOURS[i], label=f"{name}, training")
        panel.plot(test, "--", color=COLOURS[i], linewidth=1, label=f"{name}, test")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def distances(runs: Runs, unit: float) -> Figure:
    """How far hand and autograd are apart, in units of rounding, and how far rounding leads."""
    figure, panel = _panel("largest difference, in units of roundoff")
    for i, (name, moments) in enumerate(runs.items()):
        apart = [m.distance / (unit * m.largest) for m in moments]
        leads = [m.by_rounding / (unit * m.largest) for m in moments]
        panel.plot(apart, "-", color=COLOURS[i], label=f"{name}, hand and autograd")
        panel.plot(leads, "--", color=COLOURS[i], linewidth=1, label=f"{name}, rounding leads")
    panel.set_yscale("log")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def as_bytes(figure: Figure, kind: str) -> bytes:
    """A file of this kind, png or svg; the same figure gives the same bytes."""
    file = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else None
    # with random names, two runs of the same training would write different files
    with mpl.rc_context({"svg.hashsalt": "crosscheck"}):
        figure.savefig(file, format=kind, dpi=150, metadata=metadata)
    return file.getvalue()


def _panel(label: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7, 4.8), layout="constrained")
    panel = figure.subplots()
    panel.set(xlabel="iteration", ylabel=label)
    panel.grid(color="0.92")
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    return figure, panel
