"""The Taylor test: what is left of a loss without its value, and without its derivative too.

Along a direction d, |L(x + h d) - L(x)| shrinks like h, and |L(x + h d) - L(x) - h <g, d>| like h^2
where g is the gradient of L; where it is not, like h as well.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autograd_ref.report.table import table
from autograd_ref.report.words import wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Numbers = NDArray[np.float64]

ROUNDING = 2.0**-46
"""Remainders below this part of the loss are taken for rounding. Chosen: 100 units of float64, so
that a slope is known to a hundredth."""

LAST = 3
"""The remainders, the smallest above rounding, that a slope is read off. Chosen."""


@dataclass(frozen=True, eq=False)
class Taylor:
    """The Taylor test of a gradient; print it, show it in a notebook, or draw its figure.

    Examples:
        >>> import numpy as np
        >>> from autograd_ref import check_gradients
        >>> def loss(x):
        ...     return (x**3).sum()
        >>> right, wrong = lambda x: 3 * x**2, lambda x: 2 * x**2
        >>> x = np.array([1.0, 2.0])
        >>> [f"{check_gradients(g, x, loss=loss).taylor().slope:.1f}" for g in (right, wrong)]
        ['2.0', '1.0']
    """

    h: Numbers
    """The steps, the largest first."""
    without_value: Numbers
    """|L(x + h d) - L(x)| for every step; NaN where L has no value."""
    without_derivative: Numbers
    """|L(x + h d) - L(x) - h <g, d>| for every step."""
    loss: float
    """L(x)."""
    derivative: float
    """<g, d>, of the gradient under test."""
    blocks: tuple[str, ...]
    """The blocks that move along d."""

    @property
    def first_slope(self) -> float:
        """The slope of `without_value` at small steps, about 1; NaN where it is all rounding."""
        return self._slope(self.without_value)

    @property
    def slope(self) -> float:
        """The slope of `without_derivative` at small steps: about 2 where the gradient is right."""
        return self._slope(self.without_derivative)

    def __str__(self) -> str:
        """Return a table of the remainders and their slopes, and what follows, in 80 columns."""
        ways = (self.without_value, self.without_derivative)
        one, two = (["", *map(_shown, self._between(way))] for way in ways)
        rows = [
            [f"{h:.1e}", f"{a:.2e}", p, f"{b:.2e}", q]
            for h, a, p, b, q in zip(self.h, ways[0], one, ways[1], two, strict=True)
        ]
        header = ["h", "without L(x)", "slope", "and without h<g, d>", "slope"]
        moved = ", ".join(self.blocks)
        about = f"Taylor test of {moved} along a random direction d, L(x) = {self.loss:.6g},"
        return "\n\n".join(
            [
                wrapped(f"{about} <g, d> = {self.derivative:.6g}:"),
                table(header, rows, numbers=range(5)),
                wrapped(self._said()),
            ]
        )

    def figure(self) -> "Figure":
        """Draw both remainders over h, on logarithmic axes, with lines of slope 1 and 2.

        Returns:
            a figure of matplotlib; `figure().savefig("taylor.png")` writes a file.
        """
        from autograd_ref.report.taylor.picture import drawn  # here: matplotlib takes a while

        return drawn(self.h, self.without_value, self.without_derivative)

    def _repr_svg_(self) -> str:
        """Return the figure, for notebooks."""
        from autograd_ref.report.taylor.picture import as_svg

        return as_svg(self.figure())

    def _said(self) -> str:
        slope = self.slope
        if np.isnan(slope):
            return (
                "The second remainder is rounding at almost every step: along d, L is a straight"
                " line, and g its slope."
            )
        at = f"Where it is smallest and more than rounding, it shrinks like h^{slope:.2f}: "
        if slope > 1.5:
            return at + "the gradient is right along d, as far as a Taylor test can see."
        return at + "the gradient is wrong along d."

    def _usable(self, remainders: Numbers) -> NDArray[np.bool_]:
        # rounding is that of the sum, whatever is left of it
        size = np.abs(self.loss) + np.nan_to_num(self.without_value)
        return np.isfinite(remainders) & (remainders > ROUNDING * size)

    def _slope(self, remainders: Numbers) -> float:
        usable = np.flatnonzero(self._usable(remainders))[-LAST:]
        if len(usable) < LAST:
            return float("nan")
        h, left = np.log2(self.h[usable]), np.log2(remainders[usable])
        return float((left[0] - left[-1]) / (h[0] - h[-1]))

    def _between(self, remainders: Numbers) -> Numbers:
        """The slopes between neighbours; NaN where one of them is rounding."""
        left = np.full(len(self.h), np.nan)
        usable = self._usable(remainders)
        left[usable] = np.log2(remainders[usable])
        return np.diff(left) / np.diff(np.log2(self.h))


def _shown(slope: float) -> str:
    return "" if np.isnan(slope) else f"{slope:.2f}"
