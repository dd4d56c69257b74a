"""A verdict and the comparison it follows from, as the block of a report."""

from autograd_ref.report.data import Block
from autograd_ref.verdict.facts import Alone, Comparison
from autograd_ref.verdict.rows import Ruling, is_zero_everywhere, of_quantity


def block_by(name: str, comparison: Comparison) -> Block:
    """The block of a quantity that is judged by one comparison alone."""
    return block_of(name, of_quantity(Alone(comparison)))


def block_of(name: str, ruling: Ruling) -> Block:
    """The block of that name."""
    c = ruling.facts.comparison
    return Block(
        name=name,
        shape=c.shape,
        dtype=c.dtype,
        verdict=ruling.verdict,
        reason=ruling.reason,
        max_abs_error=c.max_abs_error,
        max_rel_error=c.max_rel_error,
        share=c.share,
        tolerance=c.tolerance,
        worst_index=c.worst_index,
        hand=c.hand,
        reference=c.reference,
        cosine=c.cosine,
        norm_ratio=c.norm_ratio,
        resolution=_resolution(ruling),
    )


def _resolution(ruling: Ruling) -> float | None:
    """The resolution; a match that a call in float64 made one is right to a part of it here."""
    c = ruling.facts.comparison
    if c.resolution is None or ruling.verdict != "match":
        return c.resolution
    return None if is_zero_everywhere(ruling.facts) else min(c.resolution, c.coarsest)
