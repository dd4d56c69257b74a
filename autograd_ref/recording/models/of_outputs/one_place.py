"""Jacobians that are wrong in one row, in one column or in one entry, and right in all others."""

from collections.abc import Iterator

import numpy as np

from autograd_ref.recording.models.of_outputs.entry_names import column_name, row_name
from autograd_ref.reference.jacobians.copies import Copies
from autograd_ref.reference.model import Hypothesis
from autograd_ref.tree.point import Results

ALL = 1e-9
"""The part of the largest error below which an entry counts as right here. Chosen: what is claimed
has to agree to rounding."""


def one_place(copies: Copies, hand: Results, right: Results) -> Iterator[Hypothesis]:
    """Yield the right Jacobian but for the entry, the column or the row that alone is off."""
    for path in right:
        if path not in hand or hand[path].shape != right[path].shape or not right[path].size:
            continue
        mine, theirs = copies.matrix(path, hand[path]), copies.matrix(path, right[path])
        off = np.abs(mine - theirs)
        wrong = off > ALL * off.max()
        rows, columns = np.flatnonzero(wrong.any(axis=1)), np.flatnonzero(wrong.any(axis=0))
        if not rows.size:
            continue
        row = row_name(copies, path, int(rows[0]))
        column = column_name(copies, path, int(columns[0]))
        if len(rows) == len(columns) == 1 < mine.size:
            name, said = "one entry", f"the derivative of {row} by {column}"
        elif len(columns) == 1 < mine.shape[1]:
            name, said = "one column", f"the column of {column}"
        elif len(rows) == 1 < mine.shape[0]:
            name, said = "one row", f"the row of {row}"
        else:
            continue
        changed = np.where(wrong, mine, theirs)
        yield Hypothesis(
            name,
            f"{said} is wrong, and all else is right",
            f"derive {said} again",
            right | {path: changed.reshape(right[path].shape)},
            lambda: None,
            fitted=True,
        )
