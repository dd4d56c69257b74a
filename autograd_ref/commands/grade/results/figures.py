"""Which mistakes the class made, as a picture."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autograd_ref.commands.grade.graded import NOT_RUN, RIGHT
from autograd_ref.report.table import shortened

COLOURS = {RIGHT: "#009e73", NOT_RUN: "#999999"}
WRONG = "#d55e00"
"""Okabe and Ito's, which people with any colour vision can tell apart."""
MOST_BARS = 20
WIDEST = 48
BAR, AROUND = 0.32, 1.3
"""Inches of height."""


def of_mistakes(counts: Sequence[tuple[str, int]]) -> Figure:
    """A bar for every mistake, as long as the number of submissions that made it."""
    shown = counts[:MOST_BARS][::-1]
    figure = Figure(figsize=(7, AROUND + BAR * len(shown)), layout="constrained")
    panel = figure.subplots()
    names = [shortened(name, WIDEST) for name, _count in shown]
    colours = [COLOURS.get(name, WRONG) for name, _count in shown]
    bars = panel.barh(range(len(shown)), [count for _name, count in shown], color=colours)
    panel.bar_label(bars, padding=3)
    panel.set_yticks(range(len(shown)), names)
    panel.set(title="What the class made", xlabel="submissions")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    return figure
