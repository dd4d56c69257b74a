"""The record of a loss, if the sweep over it is the gradient; or why there is none, and where."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.recorder import CannotFollow, recorded
from autograd_ref.recording.sweep import Wrong, swept
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.reference.protocol import Loss
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt, worded

FOLLOWS = 1e-9
"""How closely the sweep has to give the right gradient. Chosen: float64 loses no more."""


EXTREMES = frozenset(("amax", "amin", "max", "min"))
"""Operations whose result is taken off before exponentials."""


class Following(NamedTuple):
    """How a loss is recorded, by the names of `recorded`."""

    apart: bool
    everything: bool
    detached: bool


def followed(loss: Loss, point: Point, right: Results, *, apart: bool) -> Steps | None:
    """Record a loss; None where the sweep over the record is not its gradient."""
    for everything, detached in ((False, False), (True, False), (True, True)):
        tape = _recorded(loss, point, Following(apart, everything, detached))
        if tape is None:
            continue
        steps = Steps(tape)
        mine = gradients_of(steps)
        if mine is not None and all(_equal(mine[path], right[path]) for path in right):
            return _without_stabilisers(steps)
    return None


def _without_stabilisers(steps: Steps) -> Steps:
    """The record, in which a largest entry is a constant where no derivative goes through it.

    It is taken off before exponentials, and added again or divided out: nobody derives it.
    """
    tape = steps.tape
    found = [i for i in tape.needed if tape.nodes[i].site.operation in EXTREMES]
    if not found:
        return steps
    cotangents = swept(steps).cotangents
    nodes = list(tape.nodes)
    for index in found:
        uses = [Ref(use) for use in tape.uses[Ref(index)]]
        size = sum(float(cotangents[use].abs().sum()) for use in uses if use in cotangents)
        if float(cotangents[Ref(index)].abs().max()) <= FOLLOWS * size:
            nodes[index] = nodes[index]._replace(followed=False)
    return Steps(Tape(nodes, tape.parameters, tape.result, tape.names, tape.bindings))


def _recorded(loss: Loss, point: Point, how: Following) -> Tape | None:
    try:
        tape = attempt(lambda: recorded(loss, point, **how._asdict()))
    except CannotFollow:
        return None
    return None if isinstance(tape, Raised) else tape


def gradients_of(steps: Steps) -> Results | None:
    """Return the gradient by a sweep; None where an operation has no derivative."""
    try:
        [found] = with_slips(steps, [()], {})
    except RuntimeError:  # an operation without a derivative
        return None
    return found


def with_slips(
    steps: Steps, wrong: Sequence[Wrong], right: Mapping[Ref, Tensor]
) -> Iterator[Results]:
    """Yield the gradients by a sweep with slips.

    Args:
        steps: of the tape.
        wrong: for each gradient the slips that are made.
        right: the cotangents without any.
    """
    found = swept(steps, wrong, right).gradients if wrong else {}
    for row in range(len(wrong)):
        yield {path: g[row].numpy() for path, g in found.items()}


def unfollowed(loss: Loss, point: Point, right: Results) -> str:
    """Return what stopped the recording, as the end of a sentence; empty where nothing did.

    Args:
        loss: in PyTorch.
        point: where.
        right: its gradient.
    """
    if followed(loss, point, right, apart=False) is not None:
        return ""
    try:
        tape = attempt(lambda: recorded(loss, point, everything=True))
    except CannotFollow as error:
        return str(error)
    if isinstance(tape, Raised):
        return worded(tape.error)
    for index, node in enumerate(tape.nodes):
        if _is_cut(tape, index):
            return f"autograd does not follow {node.place}, or does so in another way"
    return "its recorded operations, one by one, do not give autograd's gradient"


def _is_cut(tape: Tape, index: int) -> bool:
    """Return whether a node detaches what depends on parameters, on the way to the loss."""
    if tape.nodes[index].site.operation != "detach" or index not in tape.is_wanted:
        return False
    before = {tape.same[ref] for ref in tape.moving if ref.node < index}
    return tape.same.get(Ref(index)) in before


def _equal(one: NDArray[np.float64], two: NDArray[np.float64]) -> bool:
    size = float(np.abs(two).max(initial=0.0))
    return one.shape == two.shape and bool((np.abs(one - two) <= FOLLOWS * size + 1e-300).all())
