"""Mistakes in e2, the derivative of the loss by z2, and in its batch: all blocks are wrong."""

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A, Run, sigma, softmax
from autograd_ref.assignment.mistakes.mistake import Change, Mistake, Shows, after, step
from autograd_ref.diagnosis.relations.samples import DROPPED, KEPT, SAMPLES_FIX, counted

RIGHT_E2 = "e2 = (y_hat - Y) / S, with Y as one-hot {row}s"
SOFTMAX = "normalise each sample by itself: {y_hat}"


def jacobian_again(r: Run) -> A:
    """Apply the softmax Jacobian, diag(y_hat) - y_hat y_hat^T, to what is past it."""
    e2 = (r.y_hat - r.Y) / r.S
    return r.y_hat * (e2 - (e2 * r.y_hat).sum(axis=1, keepdims=True))


def one_off_the_rows(r: Run) -> A:
    """Do as y_hat[labels] -= 1, once for every label that occurs."""
    e2 = r.y_hat.copy()
    e2[r.labels] -= 1
    return e2 / r.S


def one_off_the_columns(r: Run) -> A:
    """Do as y_hat[:, labels] -= 1."""
    e2 = r.y_hat.copy()
    e2[:, r.labels] -= 1
    return e2 / r.S


OUTPUT_LAYER = (
    Mistake(
        "target not subtracted",
        "e2 is y_hat / S: the targets are not subtracted",
        RIGHT_E2,
        step("e2", lambda r: r.y_hat / r.S),
    ),
    Mistake(
        "labels off by one",
        "the targets are those of the next class: labels are off by one",
        "labels count from 0",
        step("e2", lambda r: (r.y_hat - np.roll(r.Y, 1, axis=1)) / r.S),
    ),
    Mistake(
        "labels off by minus one",
        "the targets are those of the class before: labels are off by minus one",
        "labels count from 0",
        step("e2", lambda r: (r.y_hat - np.roll(r.Y, -1, axis=1)) / r.S),
        hides="N_O = 2, where it is the same as off by one",
    ),
    Mistake(
        "targets of the next sample",
        "each sample has the target of the next one",
        "X and Y need to be shuffled and cut alike",
        step("e2", lambda r: (r.y_hat - np.roll(r.Y, -1, axis=0)) / r.S),
        hides="equal targets",
    ),
    Mistake(
        "softmax over the batch",
        "the softmax is taken over the samples instead of the classes",
        SOFTMAX,
        step("e2", lambda r: (softmax(r.z2, 0) - r.Y) / r.S),
    ),
    Mistake(
        "softmax over the whole matrix",
        "the softmax is normalised over the whole matrix, samples and classes together",
        SOFTMAX,
        step("e2", lambda r: (softmax(r.z2, None) - r.Y) / r.S),
        hides="S = 1",
    ),
    Mistake(
        "softmax not normalised",
        "exp(z2) stands in e2 where the softmax should: nothing divides by the sum",
        SOFTMAX,
        step("e2", lambda r: (np.exp(r.z2) - r.Y) / r.S),
    ),
    Mistake(
        "softmax forgotten",
        "z2 stands in e2 where y_hat should: the softmax is forgotten",
        RIGHT_E2,
        step("e2", lambda r: (r.z2 - r.Y) / r.S),
    ),
    Mistake(
        "sigmoid for softmax",
        "sigma(z2) stands in e2 where the softmax should",
        SOFTMAX,
        step("e2", lambda r: (sigma(r.z2) - r.Y) / r.S),
        hides="N_O = 1",
    ),
    Mistake(
        "softmax Jacobian again",
        "the Jacobian of the softmax is applied once more, to y_hat - Y",
        f"y_hat - Y is past the softmax already: {RIGHT_E2}",
        step("e2", jacobian_again),
    ),
    Mistake(
        "softmax Jacobian's diagonal only",
        "of the softmax's Jacobian only the diagonal is used, y_hat (1 - y_hat)",
        f"the other entries are -y_hat_i y_hat_j; together with the loss it is {RIGHT_E2}",
        step("e2", lambda r: -r.Y * (1 - r.y_hat) / r.S),
    ),
    Mistake(
        "softmax Jacobian forgotten",
        "e2 is -Y / y_hat, the derivative by y_hat: the softmax's Jacobian is forgotten",
        RIGHT_E2,
        step("e2", lambda r: -r.Y / r.y_hat / r.S),
    ),
    Mistake(
        "squared-error delta",
        "e2 is (y_hat - Y) y_hat (1 - y_hat), as for squared error with a sigmoid",
        f"with cross-entropy and softmax it is {RIGHT_E2}",
        step("e2", lambda r: (r.y_hat - r.Y) * r.y_hat * (1 - r.y_hat) / r.S),
    ),
    Mistake(
        "logarithm of the softmax",
        "ln y_hat stands in e2 where y_hat should",
        RIGHT_E2,
        step("e2", lambda r: (r.z2 - np.logaddexp.reduce(r.z2, axis=1)[:, None] - r.Y) / r.S),
    ),
    Mistake(
        "labels subtracted from y_hat",
        "the labels themselves are subtracted from every {column} of y_hat, as numbers",
        "make one-hot {row}s of them: Y = {one_hot}",
        step("e2", lambda r: (r.y_hat - r.labels[:, np.newaxis]) / r.S),
    ),
    Mistake(
        "y_hat[labels] -= 1",
        "1 is subtracted from whole {row}s, those whose number is a label",
        "{at_labels} -= 1",
        step("e2", one_off_the_rows),
        Shows.MANY_SAMPLES,
    ),
    Mistake(
        "y_hat[:, labels] -= 1",
        "1 is subtracted from whole {column}s, those of all labels that occur",
        "{at_labels} -= 1",
        step("e2", one_off_the_columns),
    ),
)


def _kept(kept: slice, *, alone: bool) -> Change:
    """Keep the e2 of some samples; alone: divided by their number and not by S."""

    def masked(run: Run, e2: A) -> A:
        found = np.zeros_like(e2)
        found[kept] = e2[kept]
        return found * (run.S / len(found[kept])) if alone else found

    return after("e2", masked)


def _of_samples(names: dict[str, slice]) -> list[Mistake]:
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
    *_of_samples({KEPT[0]: slice(1), KEPT[-1]: slice(-1, None)}),
    *_of_samples({DROPPED[0]: slice(1, None), DROPPED[-1]: slice(-1)}),
)
"""Derivations with the names of relations, so that they can be made beside another mistake."""
