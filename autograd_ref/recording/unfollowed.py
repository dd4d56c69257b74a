"""Why a loss cannot be searched for wrong steps: what stopped its recording, and where."""

from autograd_ref.recording.recorder import CannotFollow, recorded
from autograd_ref.recording.slips.claims import followed
from autograd_ref.recording.tape import Node, Tape
from autograd_ref.reference.protocol import Loss
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt, worded


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
        if any(value.is_complex() for value in node.values):
            return f"complex numbers are not followed, as in {node.place}"
        if _is_cut(tape, node, index):
            return f"autograd does not follow {node.place}, or does so in another way"
    return "its recorded operations, one by one, do not give autograd's gradient"


def _is_cut(tape: Tape, node: Node, index: int) -> bool:
    """Return whether a node is the place at which autograd stops, or does what is not recorded."""
    return index in tape.is_needed and not node.followed
