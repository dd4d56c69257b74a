"""The Taylor test as a picture that any colour vision can read."""

import io

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

VALUE, DERIVATIVE = "#0072b2", "#d55e00"
"""Colours of Okabe and Ito."""


def drawn(h: Numbers, without_value: Numbers, without_derivative: Numbers) -> Figure:
    """Both remainders over the steps, on logarithmic axes."""
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    panel = figure.subplots()
    lines = (
        (without_value, 1, VALUE, "o", r"$|L(x + hd) - L(x)|$"),
        (without_derivative, 2, DERIVATIVE, "s", r"$|L(x + hd) - L(x) - h\,\langle g, d\rangle|$"),
    )
    for values, slope, colour, marker, label in lines:
        shown = np.where(values > 0, values, np.nan)
        _ = panel.loglog(h, shown, color=colour, marker=marker, markersize=4, label=label)
        known = np.flatnonzero(np.isfinite(shown))
        if known.size:
            expected = shown[known[0]] * (h / h[known[0]]) ** slope
            _ = panel.loglog(h, expected, "--", color=colour, linewidth=1, label=f"slope {slope}")
    finite = np.concatenate([without_value, without_derivative])
    finite = finite[np.isfinite(finite) & (finite > 0)]
    if finite.size:
        _ = panel.set_ylim(bottom=finite.min() / 10)
    _ = panel.set_xlabel("step h")
    _ = panel.set_ylabel("remainder")
    _ = panel.set_title("Taylor test")
    _ = figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def as_svg(figure: Figure) -> str:
    """A picture as SVG."""
    file = io.StringIO()
    figure.savefig(file, format="svg")
    return file.getvalue()
