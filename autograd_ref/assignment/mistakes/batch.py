"""Mistakes in the sum over the batch, as derivations: they can be made beside another one."""

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A, Run
from autograd_ref.assignment.mistakes.mistake import Change, Mistake, after
from autograd_ref.diagnosis.relations.samples import DROPPED, KEPT, SAMPLES_FIX, counted


def _kept(kept: slice, *, alone: bool) -> Change:
    """The e2 of some samples; alone: divided by their number and not by S."""

    def masked(run: Run, e2: A) -> A:
        found = np.zeros_like(e2)
        found[kept] = e2[kept]
        return found * (run.S / len(found[kept])) if alone else found

    return after("e2", masked)


def _mistakes(names: dict[str, slice]) -> list[Mistake]:
    return [
        Mistake(
            name,
            f"e2 is made with {name}, {counted(alone=alone)}",
            SAMPLES_FIX,
            _kept(kept, alone=alone),
            hides="S = 1",
        )
        for name, kept in names.items()
        for alone in (False, True)
    ]


BATCH = (
    *_mistakes({KEPT[0]: slice(1), KEPT[-1]: slice(-1, None)}),
    *_mistakes({DROPPED[0]: slice(1, None), DROPPED[-1]: slice(-1)}),
)
