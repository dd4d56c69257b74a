"""The evaluation of a NumPy loss: its numerical gradient, what is allowed, what is not known."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.differences.at_kinks import between_slopes
from autograd_ref.reference.differences.directions import DIRECTIONS, along_directions
from autograd_ref.reference.differences.entries import A, Gradient, Slopes
from autograd_ref.reference.differences.entry import SMALL
from autograd_ref.reference.directional import typical
from autograd_ref.reference.protocol import Evaluation, Level, Tolerances
from autograd_ref.report.data import Note, listed
from autograd_ref.rounding.arithmetic import ALLOWED_UNITS, FUNCTION_FACTOR, OF_ITSELF
from autograd_ref.rounding.terms import largest_in_units
from autograd_ref.tree.leaf import is_real
from autograd_ref.tree.nest import Path, leaves, name_of
from autograd_ref.tree.point import Results

CERTAIN = 1e3
"""A gradient that is off by so many times the accuracy of the derivative is wrong, whatever the
steps; one that is off by less, or may lie beside a kink, is measured again, with care. Chosen."""

MANY, FEW = 300, 24
"""Above so many parameters, blocks of more than so many entries are asked about along random
directions. Chosen: these cost about as much as 30 entries."""

GROSS = 1e-6
"""The tolerance of an entry, relative to itself, that is worth a note. Chosen."""


class NumericalGradient(NamedTuple):
    """The numerical gradient of a loss at a point, as far as it was taken."""

    loss: float
    gradient: Gradient
    """The function, for derivatives that are yet to be taken."""
    unit: float
    """The rounding that is allowed, relative to its terms."""
    found: dict[Path, Slopes]
    large: tuple[Path, ...]
    """The blocks that can only be asked about beside an answer."""
    hand: Results | None = None
    """The gradient under test, once there is one."""

    def evaluation(self) -> Evaluation:
        """The evaluation of the loss."""
        arrays = leaves(self.gradient.base)
        values = {path: slopes.values for path, slopes in self.found.items()}
        unknown = {path: np.full(array.shape, np.nan) for path, array in arrays.items()}
        notes = self._kinks() + self._small_entries()
        gradients = {**unknown, **values}
        found = Evaluation(self.loss, gradients, self._tolerances, notes)
        kinks = {p: _where(slopes.jumps != 0) for p, slopes in self.found.items() if slopes.kinks}
        found = found._replace(kinks=kinks, noise=self._noise())
        return found._replace(beside=self._beside, unseen=self._unseen())

    def _noise(self) -> float:
        """In float64; of values that do not change at all nearby nothing is known."""
        unit = float(np.finfo(np.float64).eps)
        measured_in = min(np.finfo(a.dtype).eps for a in leaves(self.gradient.base).values())
        noise = float(self.gradient.noise or 0.0) * unit / float(measured_in)
        return max(noise, unit * abs(self.loss)) if noise else np.inf

    def _tolerances(self, _level: Level) -> Tolerances:
        of_loss = np.asarray(ALLOWED_UNITS * self.unit * abs(self.loss))
        blocks = {path: self._tolerance(slopes) for path, slopes in self.found.items()}
        unknown = {p: np.full(a.shape, np.inf) for p, a in leaves(self.gradient.base).items()}
        return Tolerances(of_loss, {**unknown, **blocks})

    def _tolerance(self, slopes: Slopes) -> A:
        """The derivative's own accuracy, and what the hand side may round."""
        with np.errstate(over="ignore", invalid="ignore"):
            room = allowed(slopes.values, slopes.curvature, slopes.sizes, self.unit)
            return np.nan_to_num(slopes.accuracy + room, nan=np.inf, posinf=np.inf)

    def _beside(self, answer: Results) -> Evaluation:
        found, told = dict[Path, Slopes](), Results()
        for path, array in leaves(self.gradient.base).items():
            hand = answer.get(path)
            if hand is None or hand.shape != array.shape or not is_real(hand):
                found |= {path: self.found[path]} if path in self.found else {}
            elif path in self.large:
                found[path] = along_directions(self.gradient, path, hand.astype(np.float64))
            else:
                told[path] = hand.astype(np.float64)
                found[path] = self._nearer(path, told[path])
        if not self.large:  # an entry of theirs might share a kink
            found = between_slopes(self.gradient, found, told)
        return self._replace(found=found, hand=told).evaluation()._replace(beside=None)

    def _nearer(self, path: Path, hand: A) -> Slopes:
        """The derivatives, with care where a gradient is off by little more than they are known to.

        The worst entry first, and the next for as long as that one was not off after all.
        """
        slopes = self.found[path]
        for _entry in range(hand.size):
            with np.errstate(all="ignore"):
                share = np.abs(hand - slopes.values) / self._tolerance(slopes)
            share = np.nan_to_num(share, nan=0.0)
            at = tuple(int(i) for i in np.unravel_index(int(np.argmax(share)), hand.shape))
            if not share[at] > 1:
                break
            small = 0 < slopes.sizes[at] < SMALL * typical(slopes.sizes)
            if small or self._is_doubtful(slopes, hand, at):
                slopes = slopes.with_entry(at, self.gradient.closer(path, at))
            if self._is_doubtful(slopes, hand, at):
                slopes = slopes.with_entry(at, self.gradient.carefully(path, at))
            if not abs(hand[at] - slopes.values[at]) <= self._tolerance(slopes)[at]:
                break
        return slopes

    def _is_doubtful(self, slopes: Slopes, hand: A, at: tuple[int, ...]) -> bool:
        """True where an entry is beyond its tolerance, and more steps might show that it is not."""
        error = abs(hand[at] - slopes.values[at])
        certain = error > max(CERTAIN * slopes.accuracy[at], 2 * slopes.blur[at])
        return bool(error > self._tolerance(slopes)[at] and not certain)

    def _kinks(self) -> tuple[Note, ...]:
        """The note about entries at which the loss has a kink."""
        names = [
            f"{name_of(path, root='parameters')}{at}"
            for path, slopes in self.found.items()
            for at in _shown(slopes.jumps != 0)
        ]
        if not names:
            return ()
        text = (
            f"The loss has a kink exactly at {listed(names)}, where any slope between"
            " those of the two sides is right. Check at another point as well."
        )
        return (Note("kink", text),)

    def _small_entries(self) -> tuple[Note, ...]:
        """The entries, small beside others of their block, in which a gross error could pass."""
        few, none = list[str](), list[str]()
        for path, slopes in self.found.items():
            tolerance, own = self._tolerance(slopes), np.abs(slopes.values)
            share = np.divide(tolerance, own, where=own > tolerance, out=np.zeros(own.shape))
            if share.size and share.max() > GROSS:
                few.append(f"that of {_entry(path, share)} is known to {share.max():.1g}")
            hand = np.abs((self.hand or {}).get(path, np.zeros(own.shape)))
            # of a block in which nothing is known the verdict tells, and of a kink another note
            told = bool((own > tolerance).any()) and not slopes.kinks
            lost = (own <= tolerance) & (hand > 0) & told
            if lost.any():
                shown = np.where(lost, hand, 0.0)
                passes = f"{tolerance.flat[int(np.argmax(shown))]:.1g}"
                others = int(lost.sum()) - 1
                more = f", and {others} more of {own.size}" if others else ""
                none.append(f"{_entry(path, shown)} (up to {passes} passes{more})")
        said = ""
        if few:
            said = f"Small derivatives are known to fewer digits: {listed(few)} of itself only."
        if none:
            its = "that" if len(none) == 1 else "those"
            said += f"{' ' * bool(few)}Beside a loss of {self.loss:.3g}, {its} by {listed(none)}"
            said += " cannot be told from zero."
        return (Note("small entries", said),) if said else ()

    def _unseen(self) -> tuple[Note, ...]:
        """The note about all that random directions leave out."""
        if not self.large:
            return ()
        arrays = leaves(self.gradient.base)
        names = listed([name_of(path, root="parameters") for path in self.large])
        count = sum(int(arrays[path].size) for path in self.large)
        text = (
            f"the {count} entries of {names} one by one ({DIRECTIONS} random directions for each"
            " took their place: errors that cancel along all of them stay unseen, and which"
            " entries are wrong; thorough=True takes every entry)"
        )
        return (Note("directions", text),)


def _entry(path: Path, sizes: A) -> str:
    """The name of the entry of a block that is the largest of some sizes."""
    at = [int(i) for i in np.unravel_index(int(np.argmax(sizes)), sizes.shape)]
    return f"{name_of(path, root='parameters')}{at if at else ''}"


def _where(kinks: NDArray[np.bool_]) -> str:
    """The entries of a block at kinks, in words."""
    if kinks.all():
        return "in each of its entries" if kinks.size > 1 else "there"
    shown = _shown(kinks)
    return f"in its {'entry' if len(shown) == 1 else 'entries'} {listed(shown)}"


def _shown(where: NDArray[np.bool_]) -> list[str]:
    """The places as they are written in brackets."""
    return [str(place) if (place := index.tolist()) else "" for index in np.argwhere(where)]


def large_blocks(parameters: Any) -> tuple[Path, ...]:
    """The blocks that are asked about along random directions only."""
    sizes = {path: int(leaf.size) for path, leaf in leaves(parameters).items()}
    many = sum(sizes.values()) > MANY
    return tuple(path for path, size in sizes.items() if many and size > FEW)


def allowed(gradients: A, curvature: A, sizes: A, unit: float) -> A:
    """The rounding that the side under test is allowed, entry by entry.

    Of its formulas nothing is known. They are allowed units of the block's largest entry, in the
    units of measurement of each parameter; and what the gradient moves when a parameter does by
    units of itself (something cancels).
    """
    with np.errstate(all="ignore"):
        own = np.abs(gradients)
        by_block = largest_in_units(own, sizes)
        rounding = np.minimum(unit * np.maximum(by_block, own), OF_ITSELF * own)
        return np.asarray(rounding + FUNCTION_FACTOR * unit * curvature * sizes)
