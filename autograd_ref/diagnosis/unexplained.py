"""What there is to see where no known mistake explains a wrong gradient, and what it rules out."""

from collections.abc import Sequence

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.diagnosis.evidence import Scene
from autograd_ref.diagnosis.search import pairs_are_tried
from autograd_ref.diagnosis.wording import named
from autograd_ref.report.data import Note, listed
from autograd_ref.tree.nest import Path, name_of

MOST_SHOWN = 8

EXPLAINED = 1e-6
"""A difference that samples explain but for so much of it comes of the samples."""

AXES = (("hidden unit", "input"), ("hidden unit",), ("class", "hidden unit"), ("class",))
"""What the rows and columns of W0, b0, W1 and b1 stand for."""

ALL = (0, 1, 2, 3)
LOOK: dict[tuple[int, ...], str] = {
    (0,): "delta1 is right, because b0 is: look at its product with X",
    (1,): "delta1 is right, because W0 is: look at its sum over the samples",
    (2,): "e2 is right, because b1 is: look at its product with a1",
    (3,): "e2 is right, because W1 is: look at its sum over the samples",
    (0, 1): "e2 and a1 are right, because W1 and b1 are: look at e2 @ W1, and the slope",
    (2, 3): "e2 is right where it goes back, because W0 and b0 are: look at what makes W1 and b1",
    (0, 2): "e2 and delta1 are right, because b0 and b1 are: look at the products with X and a1",
    (1, 3): "e2 and delta1 are right, because W0 and W1 are: look at the sums over the samples",
    ALL: "nothing that follows from e2 is right: look at z2, the softmax, Y and the 1/S",
}
"""By the numbers of the blocks that are wrong, in the order W0, b0, W1, b1."""


def pattern(
    scene: Scene, unknown: Sequence[Path], *, loss_is_right: bool = False
) -> tuple[Note, ...]:
    """Where the error of some blocks is, and what follows from that, and from a right loss."""
    pairs = ", alone or with another," if pairs_are_tried(scene) else ""
    text = f"No mistake of the catalogue{pairs} makes {named(unknown)} what you have."
    found = [Note("unknown cause", text)]
    shaped = [n for n in unknown if scene.hand[n].shape == scene.right[n].shape]
    found += [Note("where", _place(scene, name)) for name in shaped]
    if shaped:
        found += _samples(scene, shaped)
    # with a cause for some blocks, the others have mistakes of their own
    if scene.problem is not None and set(unknown) == set(scene.wrong):
        names = list(scene.right)
        look = LOOK.get(tuple(names.index(name) for name in scene.wrong))
        if look == LOOK[ALL] and loss_is_right:
            look = "y_hat is right, because the loss is: look at e2, made of y_hat, Y and the 1/S"
        if look is not None and len(scene.hand) == len(names):
            found.append(Note("ruled out", f"Where to look: {look}."))
    return tuple(found)


def _place(scene: Scene, name: Path) -> str:
    hand, right = scene.hand[name], scene.right[name]
    apart = np.abs(hand - right) > scene.allowed[name]
    said = [
        words
        for axis in range(apart.ndim)
        if (words := _along(scene, name, apart, axis)) is not None
    ]
    count = "every entry" if apart.all() else f"{int(apart.sum())} of {apart.size} entries"
    where = f"{' and '.join(said) or count} is wrong"
    ratios = hand[apart & (right != 0)] / right[apart & (right != 0)]
    if not ratios.size:
        return f"{name_of(name)}: {where}."
    least, most = (f"{x + 0.0:.4g}" for x in (ratios.min(), ratios.max()))
    factor = least if most == least else f"{least} to {most}"
    return f"{name_of(name)}: {where}, {factor} times what it should be."


def _along(scene: Scene, name: Path, apart: A, axis: int) -> str | None:
    """Which rows or columns, where not all are wrong."""
    others = tuple(i for i in range(apart.ndim) if i != axis)
    wrong = np.flatnonzero(apart.any(axis=others))
    if len(wrong) == apart.shape[axis]:
        return None
    words = f"index {axis} =" if apart.ndim > 2 else ("row", "column")[axis]
    if scene.problem is not None:
        words = AXES[list(scene.right).index(name)][axis]
    return f"{words} {_numbers(wrong)} alone (of {apart.shape[axis]})"


def _samples(scene: Scene, names: Sequence[Path]) -> list[Note]:
    """How often each sample counts, where that explains the difference."""
    each = scene.each()
    if each is None:
        return []
    size = {name: scene.sizes[name] or 1.0 for name in names}
    columns = [each[n].reshape(scene.samples, -1) / size[n] for n in names]
    matrix = np.concatenate(columns, axis=1).T
    apart = {n: scene.hand[n] - scene.right[n] for n in names}
    difference = np.concatenate([apart[n].ravel() / size[n] for n in names])
    if len(difference) < 2 * scene.samples:
        return []
    more, *_others = np.linalg.lstsq(matrix, difference)
    left = np.abs(matrix @ more - difference).max()
    if left > EXPLAINED * np.abs(difference).max():
        return []
    wrong = np.flatnonzero(np.abs(more) > EXPLAINED * np.abs(more).max())
    weights = ", ".join(f"{1 + more[i]:.4g}" for i in wrong[:MOST_SHOWN])
    weights += ", ..." if len(wrong) > MOST_SHOWN else ""
    text = f"Of {scene.samples} samples, {_numbers(wrong)} count {weights} times, not once."
    return [Note("samples", text)]


def _numbers(found: A) -> str:
    return listed([str(i) for i in found], MOST_SHOWN)
