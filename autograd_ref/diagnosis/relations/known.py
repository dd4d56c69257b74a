"""Every relation that is tried, the simplest first."""

from functools import cache

from autograd_ref.diagnosis.relations.fitted import FITTED
from autograd_ref.diagnosis.relations.orders import ORDERS
from autograd_ref.diagnosis.relations.places import PLACES
from autograd_ref.diagnosis.relations.relation import Around, Array, Claim, Relation
from autograd_ref.diagnosis.relations.samples import SAMPLES
from autograd_ref.diagnosis.relations.scales import SCALES, over_counts

ANEW = "compute everything anew in every call, or forget what is kept when the arguments change"


def _kept(hand: Array, around: Around) -> Claim | None:
    return None if around.earlier is None else Claim(hand, around.earlier)


KEPT = Relation(
    "kept from an earlier call",
    "right for the arguments of an earlier call, not for these",
    ANEW,
    _kept,
    lambda _around: (),  # no single call can make it
    wipes=True,
    hides="the function is called once",
)


@cache
def named_scales(counts: tuple[str, ...]) -> tuple[Relation, ...]:
    """Return the factors with a name, for a model with these counts."""
    return (*SCALES, *over_counts(counts))


@cache
def named_relations(counts: tuple[str, ...]) -> tuple[Relation, ...]:
    """Return the relations that fit no number, which claim more."""
    return (*named_scales(counts), *PLACES, *SAMPLES, *ORDERS, KEPT)


@cache
def all_relations(counts: tuple[str, ...]) -> tuple[Relation, ...]:
    """Return all relations."""
    return (*named_relations(counts), *FITTED)
