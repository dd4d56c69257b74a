"""The gradient of a function of arrays, entry by entry, from as few of its values as it takes.

Rounding scatters the values at a point, not those along an entry: it is measured once.
"""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.differences.entry import CREDIBLE, LARGEST, STAGES, Entry
from autograd_ref.reference.differences.numerical import noise_nearby, quantum
from autograd_ref.reference.differences.stencil import Sides, first_step
from autograd_ref.reference.differences.walls import without_walls
from autograd_ref.reference.directional import typical
from autograd_ref.reference.effort.waiting import waiting
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves, rebuilt

A = NDArray[np.float64]
Value = Callable[[Any], Any]
"""A function of the parameters, to a number; not a number where it is not defined."""

Room = Callable[[A, A, A], A]
"""A function of gradients, curvatures and sizes of a block, to the rounding allowed."""


FIGURES = 5
"""The numbers that are kept of each derivative."""

Entries = dict[tuple[int, ...], Entry]
Found = dict[tuple[int, ...], Sides]


class Slopes(NamedTuple):
    """Numerical derivatives by the entries of one block."""

    values: A
    accuracy: A
    curvature: A
    """Absolute second derivatives: how much the gradient moves with its own parameter."""
    blur: A
    """How far the derivatives from the two sides may differ without being seen to."""
    jumps: A
    """How much larger the derivative from above is than that from below, where there is a kink."""
    sizes: A
    """The absolute values of the parameters."""

    @property
    def kinks(self) -> bool:
        """True where an entry has a kink."""
        return bool(self.jumps.any())

    def with_entry(self, index: tuple[int, ...], found: Sides) -> "Slopes":
        """These slopes with another derivative by one entry."""
        figures = np.stack(self[:FIGURES])
        figures[:, *index] = _figures(found)
        return Slopes._make([*figures, self.sizes])


class Gradient(NamedTuple):
    """A function of arrays, at the point where its gradient is taken."""

    value: Value
    base: Any
    """The parameters, all of one dtype."""
    room: Room
    noise: float | None
    """How much rounding scatters the values nearby; None where that is not known."""

    def by_entries(self, but: Collection[Path] = ()) -> dict[Path, Slopes]:
        """The derivative by every entry of all blocks but some."""
        arrays = {path: array for path, array in leaves(self.base).items() if path not in but}
        with waiting(sum(int(array.size) for array in arrays.values())) as one_more:
            return {path: self._of_block(path, array, one_more) for path, array in arrays.items()}

    def closer(self, path: Path, index: tuple[int, ...]) -> Sides:
        """The derivative by one entry, from a few more values."""
        entry = self._entries(path)[index]
        return entry.by_all_steps() if self.noise is None else entry.by_more_steps()

    def carefully(self, path: Path, index: tuple[int, ...]) -> Sides:
        """The derivative by one entry, from as many values as help."""
        return self._entries(path)[index].by_all_steps()

    def _of_block(self, path: Path, array: NDArray[Any], one_more: Callable[[], None]) -> Slopes:
        sizes = np.abs(as_array(array)).astype(np.float64)
        entries = self._entries(path)
        found: Found = {}
        for index, entry in entries.items():
            found[index] = entry.by_all_steps() if self.noise is None else entry.by_few_steps()
            one_more()
        if self.noise is None:
            return _in_arrays(found, sizes)
        if self.noise == 0:
            entries = _with_quantum(entries, typical(sizes))
            found = {index: entry.by_few_steps() for index, entry in entries.items()}
        for stage in STAGES:
            so_far = _in_arrays(found, sizes)
            largest = np.abs(so_far.values).max(initial=0.0)
            room = self.room(so_far.values, so_far.curvature, sizes)
            room = np.minimum(room, CREDIBLE * largest)
            for index, entry in entries.items():
                found[index] = stage(entry, found[index], float(room[index]))
        return _in_arrays(found, sizes)

    def _entries(self, path: Path) -> Entries:
        array: NDArray[Any] = leaves(self.base)[path]
        sizes = np.abs(array).astype(np.float64)
        return {
            index: Entry(
                self._line(path, index), _scales(sizes, index), self.noise or 0.0, array.dtype
            )
            for index in np.ndindex(array.shape)
        }

    def _line(self, path: Path, index: tuple[int, ...]) -> Callable[[Any], Any]:
        """The function along one entry; one value serves several slopes."""

        def at(by: Any) -> Any:
            def move(leaf: NDArray[Any]) -> NDArray[Any]:
                leaf[index] += by
                return leaf

            return self.value(changed(self.base, path, move))

        return without_walls(at)


def gradient_of(value: Value, base: Any, room: Room) -> Gradient:
    """The gradient of a function at a point, yet to be taken."""
    return Gradient(value, base, room, _noise_at(value, base))


def _noise_at(value: Value, base: Any) -> float | None:
    """The noise of the values along a line on which all that is not zero shrinks or grows."""
    random = np.random.default_rng(0)

    def speed(_path: Path, leaf: NDArray[Any]) -> NDArray[Any]:
        scale = leaf if leaf.any() else np.ones_like(leaf)
        # of matrices, * is another product
        return np.multiply(scale, random.uniform(0.5, 1.0, leaf.shape).astype(leaf.dtype))

    speeds = leaves(rebuilt(base, speed))
    for sign in (-1, 1):
        line = without_walls(
            lambda t, sign=sign: value(
                rebuilt(base, lambda path, leaf: leaf + sign * t * speeds[path])
            )
        )
        found = noise_nearby(
            line,
            next(iter(speeds.values())).dtype.type(LARGEST) if speeds else LARGEST,
        )
        if found is not None:
            return found
    return None


def _scales(sizes: A, index: tuple[int, ...]) -> tuple[float, ...]:
    """The scales on which the function may be smooth, rising: that of the entry, of the block."""
    size, whole = float(sizes[index]), typical(sizes)
    return (size, whole) if 0 < size < whole else (whole,)


def _with_quantum(entries: Entries, scale: float) -> Entries:
    """The entries of a function that does not change nearby, with the unit of its values."""
    noise = quantum(
        entry.line(sign * first_step(scale, entry.dtype))
        for entry in entries.values()
        for sign in (-1, 0, 1)
    )
    return {index: entry._replace(noise=noise) for index, entry in entries.items()}


def _figures(found: Sides) -> tuple[float, float, float, float, float]:
    jump = found.after.value - found.before.value if found.jump else 0.0
    return found.slope.value, found.slope.accuracy, found.curvature, found.blur, jump


def _in_arrays(found: Found, sizes: A) -> Slopes:
    figures = np.array([_figures(one) for one in found.values()]).reshape(-1, FIGURES)
    return Slopes._make([*figures.T.reshape(FIGURES, *sizes.shape), sizes])


def changed(base: Any, path: Path, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Any:
    """The parameters with one block changed; every array a new one, which the loss may change."""
    return rebuilt(base, lambda of, leaf: change(leaf.copy()) if of == path else leaf.copy())
