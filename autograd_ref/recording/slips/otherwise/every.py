"""All changes of a loss that are tried, the most natural first."""

from collections.abc import Collection, Iterator

from autograd_ref.recording.slips.loops.updated import updated
from autograd_ref.recording.slips.otherwise.again import ChangedSlopes
from autograd_ref.recording.slips.otherwise.at_once.between_two import several
from autograd_ref.recording.slips.otherwise.at_once.exchanged_steps import exchanged_steps
from autograd_ref.recording.slips.otherwise.at_once.other_rows import rows
from autograd_ref.recording.slips.otherwise.change import AtOperation, Change
from autograd_ref.recording.slips.otherwise.other_axes import axes, orders
from autograd_ref.recording.slips.otherwise.other_numbers import numbers
from autograd_ref.recording.slips.otherwise.other_operands import data, operands
from autograd_ref.recording.slips.otherwise.other_operations import operations
from autograd_ref.recording.slips.spots import RESHAPES
from autograd_ref.recording.tape import Site, Tape
from autograd_ref.reference.effort.budget import Budget
from autograd_ref.tree.point import Results

MOST = 60_000
"""Operations that are computed again at most. Chosen: about a second."""


LESS_NATURAL = 0.3
"""How much less natural it is that a value is changed and its derivative is not. Chosen."""


def likely(
    tape: Tape, hand: Results, without: Collection[Site] = (), budget: Budget | None = None
) -> Iterator[Change]:
    """Yield the changes of a loss that may have a gradient.

    Args:
        tape: the record.
        hand: the gradient.
        without: places that are not looked at.
        budget: what it may take.
    """
    slopes, budget = ChangedSlopes(tape, hand, MOST), budget or Budget()
    found = sorted(changes(tape, without), key=lambda one: one.rank)
    for change in budget.each("changes of the loss", found):
        if slopes.left <= 0:
            return
        if change.by_formula or slopes.fits(change):
            yield change


def changes(tape: Tape, without: Collection[Site] = ()) -> Iterator[Change]:
    """Yield what could be otherwise in a loss."""
    for site, nodes in tape.turns.items():
        if site not in without and nodes[-1] in tape.is_wanted:
            yield from data(AtOperation(tape, nodes[-1]))
        at = AtOperation(tape, nodes[-1])
        if at.node.compute is None or nodes[-1] not in tape.is_wanted or site in without:
            continue
        yield from orders(at)
        if site.operation not in RESHAPES:
            found = [*operations(at), *operands(at), *numbers(at), *axes(at)]
            yield from found
            yield from several(at)
            yield from exchanged_steps(at)
            yield from rows(at)
            if at.number in tape.is_needed and len(at.node.values) == 1:
                yield from (_of_the_value(change) for change in found if not change.by_formula)
    yield from updated(tape)


def _of_the_value(change: Change) -> Change:
    """Return the change of a value that is computed again for the way back."""
    said = f"{change.said}, in the forward pass alone"
    return change._replace(said=said, rank=change.rank + LESS_NATURAL, value_only=True)
