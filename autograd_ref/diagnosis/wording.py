"""A mistake as a sentence: its name, the blocks that it explains, and how to fix it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from autograd_ref.diagnosis.relations.relation import Relation
from autograd_ref.reference.model import Hypothesis
from autograd_ref.report.data import listed
from autograd_ref.tree.complex_parts import IMAG
from autograd_ref.tree.nest import Path, name_of

CONJUGATE = "right except for the sign: it is the conjugate of what is right"
"""The relation of an imaginary part."""


class Statement(NamedTuple):
    """One mistake, and the blocks that it explains."""

    name: str
    blocks: tuple[Path, ...]
    said: str
    """A statement about these blocks: a sentence that begins with their names."""
    fix: str
    residual: float = 0.0
    """The largest difference that is left, corrected for it, relative to the right block."""


def names_of(keys: Sequence[Path]) -> str:
    """Return the names of some blocks as a sentence has them."""
    return listed([name_of(key) for key in keys])


def of_relation(
    relation: Relation,
    blocks: tuple[Path, ...],
    detail: str,
    fixes: Mapping[str, str],
    residual: float = 0.0,
) -> Statement:
    """Return that blocks are in a relation to the right ones."""
    if relation.name == "sign flipped" and all(path[-1:] == (IMAG,) for path in blocks):
        relation = replace(relation, name="conjugate", what=CONJUGATE, fix="take the conjugate")
    said = f"{names_of(blocks)} {_is(blocks)} {relation.what.format(detail)}"
    fix = fixes.get(relation.name, relation.fix)
    return Statement(relation.name, blocks, said, fix, residual)


def of_hypothesis(hypothesis: Hypothesis, blocks: tuple[Path, ...]) -> Statement:
    """Return that blocks are what a wrong derivation gives."""
    said = f"{names_of(blocks)} {_is(blocks)} what comes out if {hypothesis.what}"
    return Statement(hypothesis.name, blocks, said, hypothesis.fix)


def _is(blocks: tuple[Path, ...]) -> str:
    return "is" if len(blocks) == 1 else "are"
