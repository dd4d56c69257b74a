"""Pictures of data that the measurements hand over; matplotlib is loaded when one is drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = [
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#000000",
    "#999999",
    "#882255",
]
"""Okabe and Ito's, which people with any colour vision tell apart."""
MARKERS = "osD^vP*X<"

TICKS = [0.5, 1, 2, 5, 10, 20]

MANY = 50
"""Points of a curve beyond which its markers are smaller."""


class Curves(NamedTuple):
    """A panel with a curve for each label, on a logarithmic y axis."""

    x: str
    y: str
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    """By label: x and y."""
    title: str = ""
    x_scale: str = "log"


class Dots(NamedTuple):
    """A panel with a row of dots for each category."""

    x: str
    y: str
    categories: Sequence[str]
    dots: Mapping[str, Sequence[float]]
    """By label: a value for each category."""
    title: str = ""


def save(file: Path, figure: "Figure") -> None:
    """Write the figure as PNG, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    figure.savefig(part, format="png", dpi=120)
    _ = part.replace(file)


def curves(panels: Sequence[Curves], columns: int, height: float = 3.4) -> "Figure":
    """Draw panels of curves, so many in a row, with one legend for all."""
    figure, axes = _axes(-(-len(panels) // columns), columns, height)
    for panel, one in zip(axes, panels, strict=False):
        for i, (label, (x, y)) in enumerate(one.curves.items()):
            size = 3 if len(x) > MANY else 5
            panel.plot(x, y, label=label, **_style(i), markersize=size)
        panel.set(xscale=one.x_scale, yscale="log", xlabel=one.x, ylabel=one.y, title=one.title)
        if one.x_scale == "log":
            panel.minorticks_off()
        panel.grid(color="0.92")
    _legend(figure, axes[0], columns)
    return figure


def dots(panels: Sequence[Dots]) -> "Figure":
    """Draw panels of dots side by side, with a line at 1 and one legend for all."""
    figure, axes = _axes(1, len(panels), 4.4)
    for panel, one in zip(axes, panels, strict=True):
        places = range(len(one.categories))
        for i, (label, values) in enumerate(one.dots.items()):
            panel.plot(values, places, label=label, **_style(i), markersize=5, linestyle="none")
        panel.axvline(1, color="0.6", linewidth=1, zorder=0)
        panel.set_yticks(places, one.categories)
        panel.invert_yaxis()
        panel.set(xscale="log", title=one.title, xlabel=one.x, ylabel=one.y)
        panel.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        panel.minorticks_off()
        panel.grid(axis="both", color="0.92")
    _legend(figure, axes[0], len(panels))
    return figure


def _axes(rows: int, columns: int, height: float) -> "tuple[Figure, list[Any]]":
    from matplotlib.figure import Figure  # here, because it takes a while to load

    figure = Figure(figsize=(5.2 * columns, height * rows + 0.6), layout="constrained")
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def _style(i: int) -> dict[str, Any]:
    return {"color": COLOURS[i % 9], "marker": MARKERS[i % 9], "linewidth": 1}


def _legend(figure: "Figure", panel: Any, columns: int) -> None:
    """Add one legend below all panels, no wider than they are."""
    labels = panel.get_legend_handles_labels()
    _ = figure.legend(*labels, loc="outside lower center", ncols=2 * columns, frameon=False)
