"""One mistake, as part of what explains a gradient, and how it is put into words."""

from collections.abc import Sequence
from typing import NamedTuple

from autograd_ref.assignment.mistakes.mistake import Mistake
from autograd_ref.diagnosis.relations.relation import Relation
from autograd_ref.report.data import listed
from autograd_ref.tree.nest import Path, name_of


class Part(NamedTuple):
    """One mistake, and the blocks that it explains."""

    name: str
    blocks: tuple[Path, ...]
    said: str
    """What is true of these blocks: a sentence that begins with their names."""
    fix: str
    residual: float = 0.0
    """The largest difference that is left, corrected for it, relative to the right block."""


def of_relation(
    relation: Relation, blocks: tuple[Path, ...], detail: str, residual: float = 0.0
) -> Part:
    """Blocks in a relation to the right ones."""
    said = f"{named(blocks)} {_is(blocks)} {relation.what.format(detail)}"
    return Part(relation.name, blocks, said, relation.fix, residual)


def of_mistake(mistake: Mistake, touched: tuple[Path, ...]) -> Part:
    """Blocks that are another where a derivation is wrong."""
    said = f"{named(touched)} {_is(touched)} what comes out if {mistake.what}"
    return Part(mistake.name, touched, said, mistake.fix)


def named(blocks: Sequence[Path]) -> str:
    """Blocks by their names, as a sentence has them."""
    return listed([name_of(path) for path in blocks])


def _is(blocks: tuple[Path, ...]) -> str:
    return "is" if len(blocks) == 1 else "are"
