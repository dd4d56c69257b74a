"""Jacobians that are wrong in some place, and right everywhere else.

Where all that is wrong has one factor, the factor is said as well.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.recording.models.of_outputs.entry_names import Matrix
from autograd_ref.recording.models.of_outputs.named_places import BETWEEN, OFF, Region, region_of
from autograd_ref.recording.models.of_outputs.numbers_at import numbers_at
from autograd_ref.reference.jacobians.copied_inputs import Copies
from autograd_ref.reference.model import Discrepancy, Hypothesis
from autograd_ref.tree.point import Point

A = NDArray[np.float64]
Where = NDArray[np.bool_]

IS = {"is": "is", "has": "has"}
ARE = {"is": "are", "has": "have"}

FACTORS = (
    (0.0, "zero", "{is} zero", "fill in what is zero"),
    (-1.0, "sign flipped", "{has} the wrong sign", "flip the sign"),
    (2.0, "double", "{is} twice as large as right", "divide by 2"),
    (0.5, "half", "{is} half as large as right", "multiply by 2"),
    (math.pi / 180, "degrees", "{has} a factor pi/180, as of degrees", "leave out pi/180"),
    (180 / math.pi, "radians", "{has} a factor 180/pi, as of radians", "leave out 180/pi"),
    (1e3, "unit", "{is} 1000 times as large as right", "look at the units"),
    (1e-3, "unit", "{is} 1000 times as small as right", "look at the units"),
)

LEFT_OUT = {OFF: "diagonal only", BETWEEN: BETWEEN}
"""Names of places that are zero."""

NAMED = {kind for _factor, kind, _what, _fix in FACTORS} | {*LEFT_OUT.values()}


class Fault(NamedTuple):
    """A mistake in a block, and the values that it gives there."""

    kind: str
    what: str
    fix: str
    values: A


def where_off(copies: Copies, once: Point, seen: Discrepancy) -> Iterator[Hypothesis]:
    """Yield the right Jacobian but for the place that alone is off, block by block.

    Args:
        copies: the form of the parameters.
        once: the parameters, which are no copies, and the data.
        seen: the Jacobian that is wrong.
    """
    for path, right in seen.right.items():
        if path not in seen.hand or seen.hand[path].shape != right.shape:
            continue
        mine, theirs = copies.matrix(path, seen.hand[path]), copies.matrix(path, right)
        wrong = np.abs(mine - theirs) > seen.allowed[path]
        if not wrong.any():
            continue
        block = _OffBlock(Matrix(copies, path), mine, theirs, wrong, seen.allowed[path], once)
        found = block.found(alone=len(seen.right) == 1)
        if found is not None:
            values = np.where(wrong, found.values, theirs).reshape(right.shape)
            blocks = seen.right | {path: values}
            kind, what, fix, _values = found
            fitted = kind not in NAMED
            yield Hypothesis(kind, what, fix, blocks, lambda: None, fitted=fitted)


class _OffBlock(NamedTuple):
    """One block, and where it is wrong."""

    matrix: Matrix
    mine: A
    theirs: A
    wrong: Where
    allowed: float
    once: Point

    def found(self, *, alone: bool) -> Fault | None:
        """The mistake in it; None where all of the only block is off, and by no factor."""
        region = region_of(self.matrix, self.wrong, self.theirs)
        if region is None:
            by = self._by_a_factor(self._all_wrong())
            if by is not None and by.kind != "a constant factor":
                return by
            what = f"{self.matrix.name} is wrong, and all other blocks are right"
            fix = f"derive {self.matrix.name} again"
            return None if alone else Fault("one block", what, fix, self.mine)
        verb = "are" if region.several else "is"
        what = f"{region.said} {verb} wrong, and all else is right"
        found = self._by_a_factor(region) or self._by_a_shift(region)
        return found or Fault(region.kind, what, f"derive {region.said} again", self.mine)

    def _all_wrong(self) -> Region:
        """All that is wrong, where that is no place with a name."""
        if bool((self.wrong | (self.theirs == 0)).all()):
            return Region("", f"all of {self.matrix.name}")
        count = f"{self.wrong.sum()} of {self.wrong.size} entries of {self.matrix.name}"
        return Region("entries", count, several=True, whole=False)

    def _by_a_factor(self, region: Region) -> Fault | None:
        """One factor of all that is wrong, with its name where it has one."""
        m, t = self.mine[self.wrong], self.theirs[self.wrong]
        verbs = ARE if region.several else IS
        for factor, kind, said, fix in FACTORS:
            if self._agrees(m, factor * t, factor):
                what = f"{region.said} {said.format(**verbs)}"
                named = kind if factor else LEFT_OUT.get(region.kind, kind)
                return Fault(named if region.whole else "entries", what, fix, factor * self.theirs)
        factor = float((m * t).sum() / (t * t).sum()) if t.any() else 0.0
        if len(m) < 2 or not factor or not self._agrees(m, factor * t, factor):
            return None
        name = next(numbers_at(self.once, factor), "")
        what = f"{region.said} {verbs['is']} {factor:.6g} times as large as right"
        what += f": {name}" if name else ""
        fix = f"find the factor {name or f'{factor:.6g}'}"
        return Fault("a constant factor", what, fix, factor * self.theirs)

    def _by_a_shift(self, region: Region) -> Fault | None:
        """One number too many on a diagonal, as a penalty or the identity has it."""
        off = self.mine[self.wrong] - self.theirs[self.wrong]
        much = float(np.median(off))
        if region.kind != "diagonal" or np.abs(off - much).max() > self.allowed:
            return None
        verb = "are" if region.several else "is"
        name = next(numbers_at(self.once, much), "")
        what = f"{region.said} {verb} off by {much:.6g} in every entry{f': {name}' if name else ''}"
        return Fault("diagonal", what, "look at penalties, and at the identity", self.theirs + much)

    def _agrees(self, mine: A, other: A, factor: float) -> bool:
        return bool(np.abs(mine - other).max() <= self.allowed * max(1.0, abs(factor)))
