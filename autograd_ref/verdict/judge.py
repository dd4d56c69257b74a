"""One answer of the function under test against the reference, block by block.

The tolerance is looked at again, more closely, before a block is called wrong; and an error that
rounding makes is not reproducible, so that is asked too.
"""

from typing import NamedTuple

import numpy as np

from autograd_ref.calls.answer import Answer
from autograd_ref.calls.call import Call, Gradients
from autograd_ref.observe.compare import compare_block, refused, share_of_tolerance
from autograd_ref.observe.noise import scatter_of_errors
from autograd_ref.reference.protocol import LOSS, Evaluation, Look, Point, Reference, Results
from autograd_ref.report.data import Block, IndependentCheck, Note, Verdict
from autograd_ref.tree import number_format
from autograd_ref.tree.nest import as_array, leaves
from autograd_ref.tree.number_format import dtype_name

SPREADS = 6.0
"""What counts as rounding, where an error is not reproducible: so many standard deviations of its
scatter, entry by entry."""


class Judgement(NamedTuple):
    """What follows from one answer."""

    loss: Block | None
    blocks: tuple[Block, ...]
    shares: Results
    digits: tuple[Note, ...]
    """Where the derivation is right and digits are lost."""
    witness: IndependentCheck | None = None
    """Who is wrong, where values differ and it has been asked."""

    @property
    def quantities(self) -> tuple[Block, ...]:
        """The loss, where there is one, and the blocks."""
        return self.blocks if self.loss is None else (self.loss, *self.blocks)

    @property
    def wrong(self) -> list[str]:
        """The names of the blocks that do not match, the loss under LOSS."""
        names = [block.name for block in self.blocks if block.verdict == "mismatch"]
        return names + [LOSS] * (self.loss is not None and self.loss.verdict == "mismatch")


def judged(
    gradients: Gradients,
    reference: Reference,
    point: Point,
    exact: Evaluation,
    call: Call,
    *,
    steady: bool,
) -> Judgement:
    """Judge every block at the first look that explains it, otherwise at the closest.

    Args:
        gradients: the function under test, to be asked again where rounding may be the cause.
        reference: what it is held against.
        point: where it was called.
        exact: the reference there.
        call: the answer.
        steady: whether the function answers the same question alike; otherwise its errors
            scatter for another reason than rounding.
    """

    def at(tolerances: Results) -> Judgement:
        return _compared(call.answer, point, exact, tolerances)

    result = at(exact.tolerances(Look.FIRST))
    if not _exceeds(result):
        return result
    tolerances = exact.tolerances(Look.SECOND)
    strict = _where_in_doubt(result, at(tolerances))
    if not _exceeds(strict):
        return strict
    textbook = exact.tolerances(Look.TEXTBOOK)
    tolerances = {name: np.maximum(tolerances[name], textbook[name]) for name in tolerances}
    result = _where_in_doubt(strict, at(tolerances))
    if _exceeds(result) and steady:
        doubtful = _names(_exceeds(result))
        scatters = scatter_of_errors(gradients, reference, point, doubtful)
        for name, scatter in scatters.items():
            tolerances[name] = np.maximum(tolerances[name], SPREADS * scatter)
        result = _too_noisy(_where_in_doubt(result, at(tolerances)), doubtful, point)
    accused = _names(_exceeds(result))
    verdicts: dict[str, Verdict] = {block.name: block.verdict for block in result.quantities}
    explained = [block for block in _exceeds(strict) if block.name not in accused]
    notes = (_digits_lost(block, verdicts[block.name]) for block in explained)
    return result._replace(digits=tuple(notes))


def spoiled(result: Judgement, later: Judgement, reason: str) -> Judgement:
    """The loss and the blocks that matched, wrong where they are wrong in a later call.

    Args:
        result: what the first call was found to be.
        later: another call.
        reason: a sentence that begins for the block, with {} for what is wrong there.
    """

    def worse_of(before: Block, after: Block) -> Block:
        if after.verdict != "mismatch" or before.verdict == "mismatch":
            return before
        return after._replace(reason=reason.format(after.reason))

    blocks = map(worse_of, result.blocks, later.blocks)
    loss = result.loss and later.loss and worse_of(result.loss, later.loss)
    worse = {after.name for after in later.blocks if after.verdict == "mismatch"}
    shares = {n: later.shares.get(n, s) if n in worse else s for n, s in result.shares.items()}
    # where the first call was excused, what was asked later says who is wrong
    witness = result.witness if result.wrong else later.witness or result.witness
    return result._replace(blocks=tuple(blocks), loss=loss, shares=shares, witness=witness)


def excused(result: Judgement, reasons: dict[str, str]) -> Judgement:
    """Nobody can be blamed for these blocks: mismatching values become inconclusive."""
    blocks = [
        block._replace(verdict="inconclusive", reason=reasons[block.name])
        if block.name in reasons and block in _exceeds(result)
        else block
        for block in result.blocks
    ]
    return result._replace(blocks=tuple(blocks))


def _compared(answer: Answer, point: Point, exact: Evaluation, tolerances: Results) -> Judgement:
    wanted = leaves(point.parameters)
    blocks: list[Block] = []
    shares: Results = {}
    for name, leaf in wanted.items():
        if name not in answer.gradients:
            missing = f"is missing: gradients returned {answer.returned}"
            blocks.append(refused(name, as_array(leaf), missing))
            continue
        hand, found = answer.gradients[name], answer.dtypes[name]
        against = exact.gradients[name], tolerances[name]
        blocks.append(compare_block(name, hand, *against, dtype=_needed(found, leaf), found=found))
        if blocks[-1].share is not None:
            share = share_of_tolerance(hand, exact.gradients[name], tolerances[name])
            shares[name] = np.nan_to_num(share, nan=np.inf, posinf=np.inf)
    return Judgement(_loss_block(answer, exact, tolerances), tuple(blocks), shares, ())


def _where_in_doubt(before: Judgement, closer: Judgement) -> Judgement:
    """A closer look at what the look before did not explain; the rest as it was."""
    doubtful = _names(_exceeds(before))

    def chosen(one: Block, two: Block) -> Block:
        return two if one.name in doubtful else one

    blocks = tuple(map(chosen, before.blocks, closer.blocks))
    loss = before.loss and closer.loss and chosen(before.loss, closer.loss)
    shares = {n: closer.shares.get(n, s) if n in doubtful else s for n, s in before.shares.items()}
    return before._replace(loss=loss, blocks=blocks, shares=shares)


def _loss_block(answer: Answer, exact: Evaluation, tolerances: Results) -> Block | None:
    """The loss may be of any real type, and of any shape that holds one number."""
    if answer.loss is None:
        return None
    if answer.loss.size != 1 or answer.loss.dtype.kind not in "iuf":
        what = f"is of shape {answer.loss.shape} and {answer.loss.dtype}; it needs one real number"
        return refused("loss", answer.loss, what)
    value = answer.loss.reshape(()).astype(np.float64)
    return compare_block("loss", value, np.asarray(exact.loss), tolerances[LOSS], dtype="f8")


def _needed(found: str, leaf: object) -> str:
    """A gradient has the dtype of its parameter; that of an integer is of any float type."""
    # Python's own numbers have no dtype to keep
    free = as_array(leaf).dtype.kind != "f" or isinstance(leaf, int | float)
    return found if free and "float" in found else dtype_name(leaf)


def _exceeds(result: Judgement) -> list[Block]:
    """The blocks, and the loss, whose values are further off than their tolerance."""
    return [b for b in result.quantities if b.verdict == "mismatch" and b.share is not None]


def _names(blocks: list[Block]) -> set[str]:
    return {block.name for block in blocks}


def _too_noisy(result: Judgement, doubtful: set[str], point: Point) -> Judgement:
    """What only its scatter explains, and scatters beyond half of its digits, is left open."""
    half = number_format.coarsest(point.parameters).unit ** 0.5

    def judged_again(block: Block) -> Block:
        size = block.max_rel_error
        if block.verdict == "mismatch" or block.name not in doubtful or (size or 0) <= half:
            return block
        reason = (
            f"is off by {size:.1g} of itself, differently at every point nearby: more than half of"
            " its digits are lost (a finite difference, or a kink exactly here?)"
        )
        return block._replace(verdict="inconclusive", reason=reason)

    blocks = tuple(judged_again(block) for block in result.blocks)
    return result._replace(blocks=blocks, loss=result.loss and judged_again(result.loss))


def _digits_lost(strict: Block, verdict: Verdict) -> Note:
    """From the block as formulas that keep their digits would have it, and its verdict."""
    right = verdict == "match"
    said = "is right, but loses digits" if right else "seems to have lost too many digits"
    kink = "" if right else " Or the loss has a kink exactly here."
    at = f"{strict.name}{list(strict.worst_index or ())}" if strict.worst_index else strict.name
    return Note(
        "digits lost",
        f"{strict.name} {said}: at {at} it is {strict.hand:.17g}, exact is"
        f" {strict.reference:.17g}. Somewhere nearly equal numbers are subtracted, as in"
        f" 1 - 1/(1 + exp(z)), or added to something large.{kink}",
    )
