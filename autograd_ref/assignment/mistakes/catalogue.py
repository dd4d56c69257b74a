"""All mistakes, each once: what diagnosis tries, what tests plant, and what power is counted of.

Each has one outcome: a mismatch on the problems of its class, and its name as the cause. What goes
wrong in another way has no wrong gradient of its own, and another outcome: what a function does to
its arguments and results is a finding (`probes`, `steadiness`), digits that are lost are a warning
(`caveats`), and a check that cannot fail is inconclusive or refused (`judge`, `arguments`).
"""

from autograd_ref.assignment.mistakes.batch import BATCH
from autograd_ref.assignment.mistakes.earlier_call import KEPT
from autograd_ref.assignment.mistakes.forward_pass import FORWARD_PASS
from autograd_ref.assignment.mistakes.hidden_layer import BACK, BLOCKS, PRECISION, SLOPES
from autograd_ref.assignment.mistakes.mistake import Mistake
from autograd_ref.assignment.mistakes.output_layer import OUTPUT_LAYER
from autograd_ref.diagnosis.relations.fitted import FITTED
from autograd_ref.diagnosis.relations.orders import ORDERS
from autograd_ref.diagnosis.relations.places import PLACES
from autograd_ref.diagnosis.relations.relation import Relation
from autograd_ref.diagnosis.relations.samples import SAMPLES
from autograd_ref.diagnosis.relations.scales import SCALES

RELATIONS: tuple[Relation, ...] = (
    *SCALES,
    *PLACES,
    *SAMPLES,
    *ORDERS,
    KEPT,
    *FITTED,
)
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
"""For the assignment's network."""
