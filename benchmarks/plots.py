"""The benchmarks as pictures; matplotlib is loaded where one is asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import measuring

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmarks import accuracy, checkers, scaling

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


def save(file: Path, figure: "Figure") -> None:
    """As PNG, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    figure.savefig(part, format="png", dpi=120)
    _ = part.replace(file)


def times(rows: Sequence[measuring.Row]) -> "Figure":
    """Time of each contestant divided by that of the first, cell by cell; a panel for a dtype."""
    dtypes = list(dict.fromkeys(row.dtype for row in rows))
    figure, panels = _panels(1, len(dtypes), 4.4)
    for panel, dtype in zip(panels, dtypes, strict=True):
        here = [row for row in rows if row.dtype == dtype]
        cells = list(dict.fromkeys(row.cell for row in here))
        first, *_others = names = list(here[0].times)
        for i, name in enumerate(names):
            ratios = [measuring.ratio(name, first, here, cell) for cell in cells]
            panel.plot(ratios, range(len(cells)), label=name, **_style(i), linestyle="none")
        panel.axvline(1, color="0.6", linewidth=1, zorder=0)
        panel.set_yticks(range(len(cells)), cells)
        panel.invert_yaxis()
        panel.set(xscale="log", title=dtype, xlabel=f"time / {first}", ylabel="N_I, N_H, N_O, S")
        panel.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        panel.minorticks_off()
        panel.grid(axis="both", color="0.92")
    _legend(figure, panels[0])
    return figure


def growth(found: dict[str, list["scaling.Found"]], who: Sequence[str]) -> "Figure":
    """Time and peak memory, against each of the sizes."""
    figure, panels = _panels(len(found), 2, 3.4)
    for row, (name, sizes) in enumerate(found.items()):
        for i, label in enumerate(who):
            known = [(one.along(name), one.points[i]) for one in sizes]
            fits = [(size, point) for size, point in known if point is not None]
            x = [size for size, _point in fits]
            panels[2 * row].plot(x, [p.seconds for _x, p in fits], label=label, **_style(i))
            memory = [max(p.peak, 1e5) / 1e6 for _x, p in fits]
            panels[2 * row + 1].plot(x, memory, label=label, **_style(i))
        for panel, what in zip(panels[2 * row :], ("seconds", "MB beyond the data"), strict=False):
            panel.set(xscale="log", yscale="log", xlabel=name, ylabel=what)
            panel.minorticks_off()
            panel.grid(color="0.92")
    _legend(figure, panels[0])
    return figure


def errors(found: Sequence["accuracy.Found"]) -> "Figure":
    """Units of roundoff: a row of panels for pre-activations, one for margins."""
    figure, panels = _panels(2, (len(found) + 1) // 2, 3.4)
    for panel, one in zip(panels, found, strict=False):
        for i, (name, units) in enumerate(one.errors.items()):
            style = {**_style(i), "markersize": 3}
            panel.plot(one.points, np.maximum(units, 0.05), label=name, **style)
        panel.set(yscale="log", xlabel=one.axis, ylabel="units of roundoff", title=one.dtype)
        panel.set_xscale("symlog", linthresh=1)
        panel.grid(color="0.92")
    _legend(figure, panels[0])
    return figure


def costs(found: Sequence["checkers.Cost"]) -> "Figure":
    """A check against the number of parameters, in units of one hand and one reference gradient."""
    figure, (panel,) = _panels(1, 1, 4.0)
    curves = {
        "check_gradients": [one.ratio[1] for one in found],
        "check_gradients, loss=": [one.given_loss for one in found],
        "torch gradcheck, fast_mode": [one.fast_gradcheck for one in found],
        "torch gradcheck": [one.gradcheck for one in found if one.gradcheck is not None],
    }
    for i, (label, ratios) in enumerate(curves.items()):  # the slow one has the small sizes only
        parameters = [one.parameters for one in found][: len(ratios)]
        panel.plot(parameters, ratios, label=label, **_style(i))
    panel.set(xscale="log", yscale="log", xlabel="parameters", ylabel="time / (hand + reference)")
    panel.grid(color="0.92")
    _legend(figure, panel)
    return figure


def _panels(rows: int, columns: int, height: float) -> "tuple[Figure, list[Any]]":
    from matplotlib.figure import Figure  # where it is needed: it takes a while

    figure = Figure(figsize=(5.2 * columns, height * rows + 0.6), layout="constrained")
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def _style(i: int) -> dict[str, Any]:
    return {"color": COLOURS[i % 9], "marker": MARKERS[i % 9], "markersize": 5, "linewidth": 1}


def _legend(figure: "Figure", panel: Any) -> None:
    """Of one panel, for all of them."""
    _ = figure.legend(
        *panel.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
