"""All mistakes, each once: what diagnosis tries, what tests plant, and what power is counted of.

Each has one outcome: a mismatch on the problems of its class, and its name as the cause. Mistakes
without a wrong gradient of their own have another outcome: what a function does to its arguments
and results is a finding, digits that are lost are a warning, and a check that cannot fail is
inconclusive or refused.
"""

from autograd_ref.assignment.mistakes.forward_pass import FORWARD_PASS
from autograd_ref.assignment.mistakes.hidden_layer import BACK, BLOCKS, PRECISION, SLOPES
from autograd_ref.assignment.mistakes.mistake import Mistake
from autograd_ref.assignment.mistakes.output_layer import BATCH, OUTPUT_LAYER
from autograd_ref.diagnosis.relations.known import all_relations
from autograd_ref.diagnosis.relations.relation import Relation
from manual_backprop.parameters import Parameters

COUNTS = ("N_I", "N_H", "N_O")

RELATIONS: tuple[Relation, ...] = all_relations(COUNTS)
"""For any gradient, the simplest first."""

DERIVATIONS: tuple[Mistake, ...] = (
    *OUTPUT_LAYER,
    *SLOPES,
    *BACK,
    *BLOCKS,
    *BATCH,
    *FORWARD_PASS,
    *PRECISION,
)
"""Wrong derivations of the network."""

Places = tuple[tuple[str, ...], ...]
ALL, WEIGHTS, BIASES = Parameters._fields, ("W0", "W1"), ("b0", "b1")
EACH_WEIGHT: Places = (("W0",), ("W1",))
EACH_BIAS: Places = (("b0",), ("b1",))

PLACES: dict[str, Places] = {
    **dict.fromkeys(("sign flipped", "twice", "half"), (ALL, *EACH_WEIGHT, *EACH_BIAS)),
    "1/S twice": (ALL, BIASES),
    "zero": (*EACH_WEIGHT, *EACH_BIAS),
    **dict.fromkeys(("transposed", "reshaped, not transposed", "absolute values"), EACH_WEIGHT),
    **dict.fromkeys(("not summed over the batch", "in another shape"), EACH_BIAS),
    "another block's gradient": (WEIGHTS, BIASES),
    "filled with the total sum": (("b0",),),  # the sum of b1 is zero
    "filled with its first entry": EACH_BIAS,
    # what is left of a loop over samples is its last turn, in one block as in all
    "only the last sample": (ALL, *EACH_BIAS),
    "in another order": (("W0", "b0"), ("W0",)),
    "in other places": EACH_WEIGHT,
    "kept from an earlier call": (),  # no single call can make it
    "in lower precision": (ALL, ("W0",)),
    **dict.fromkeys(("a constant factor", "weight decay"), (ALL, WEIGHTS)),
}
"""In which blocks people make a relation's mistake, by its name; by default in all at once."""

FIXES = {
    "1/S twice": "divide by S once: e2 may hold it already",
    "in another order": (
        "loop in the order of the parameters (rows of W0, b0 and columns of W1 are hidden units)"
    ),
    "not summed over the batch": "sum over the samples: {sum}",
    "filled with the total sum": "sum over the samples only: {sum}",
}
"""Fixes of relations, in the network's own words."""


def places(relation: Relation) -> Places:
    """Return the sets of blocks in which people make this mistake."""
    return PLACES.get(relation.name, (ALL,))
