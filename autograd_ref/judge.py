"""One answer of the function under test against the reference, block by block.

The tolerance is looked at again, more closely, before a block is called wrong; and an error that
rounding makes is not reproducible, so that is asked too.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.answer import Answer
from autograd_ref.compare import compare_block, refused, share_of_tolerance
from autograd_ref.evaluation import LOSS, Evaluation, Look, Point, Reference, Results
from autograd_ref.probes import Call, Gradients, called, own_copy
from autograd_ref.report import Block, Note
from autograd_ref.structure import as_array, is_numeric, leaves, like, rebuilt

REPETITIONS = 15

STEADY = 2.5
"""An error whose mean is beyond so many of its standard deviations stays what it is from point to
point: a mistake. Long sums drift, so that rounding may have a mean as well, of up to one or two."""

SPREADS = 6.0
"""What counts as rounding then: so many standard deviations of the scatter, entry by entry."""

NUDGE = 512
"""By how many units of roundoff the arguments are moved for it: enough to round long sums anew,
and too little to round anew what was put through a format of half as many digits."""


class Judgement(NamedTuple):
    """What follows from one answer."""

    loss: Block | None
    blocks: tuple[Block, ...]
    shares: Results
    digits: tuple[Note, ...]
    """Where the derivation is right and digits are lost."""

    @property
    def wrong(self) -> list[str]:
        """The names of the blocks that do not match, the loss under LOSS."""
        names = [block.name for block in self.blocks if block.verdict == "mismatch"]
        return names + [LOSS] * (self.loss is not None and self.loss.verdict == "mismatch")


def judged(
    gradients: Gradients, reference: Reference, point: Point, exact: Evaluation, call: Call
) -> Judgement:
    """Judge the answer at the first look that explains it, otherwise at the closest.

    Args:
        gradients: the function under test, to be asked again where rounding may be the cause.
        reference: what it is held against.
        point: where it was called.
        exact: the reference there.
        call: the answer.
    """
    tolerances = exact.tolerances(Look.FIRST)
    result = _compared(call.answer, point, exact, tolerances)
    if not _exceeds(result):
        return result
    tolerances = exact.tolerances(Look.SECOND)
    strict = _compared(call.answer, point, exact, tolerances)
    if not _exceeds(strict):
        return strict
    textbook = exact.tolerances(Look.TEXTBOOK)
    tolerances = {name: np.maximum(tolerances[name], textbook[name]) for name in tolerances}
    result = _compared(call.answer, point, exact, tolerances)
    if _exceeds(result):
        for name, scatter in _scatter(gradients, reference, point, _exceeds(result)).items():
            tolerances[name] = np.maximum(tolerances[name], SPREADS * scatter)
        result = _compared(call.answer, point, exact, tolerances)
    explained = [block for block in _exceeds(strict) if block.name not in _names(_exceeds(result))]
    return result._replace(digits=tuple(_digits_lost(block) for block in explained))


def spoiled(result: Judgement, later: Judgement, reason: str) -> Judgement:
    """The blocks that matched, wrong where they are wrong in a later call.

    Args:
        result: what the first call was found to be.
        later: another call.
        reason: a sentence that begins for the block, with {} for what is wrong there.
    """
    blocks = [
        after._replace(reason=reason.format(after.reason))
        if after.verdict == "mismatch" and before.verdict != "mismatch"
        else before
        for before, after in zip(result.blocks, later.blocks, strict=True)
    ]
    worse = {after.name for after in later.blocks if after.verdict == "mismatch"}
    shares = {n: later.shares.get(n, s) if n in worse else s for n, s in result.shares.items()}
    return result._replace(blocks=tuple(blocks), shares=shares)


def excused(result: Judgement, reason: str) -> Judgement:
    """Nobody can be blamed: mismatching values become inconclusive."""
    blocks = [
        block._replace(verdict="inconclusive", reason=reason)
        if block in _exceeds(result)
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
        hand = answer.gradients[name]
        dtype = _needed(hand, leaf)
        blocks.append(
            compare_block(name, hand, exact.gradients[name], tolerances[name], dtype=dtype)
        )
        if blocks[-1].units is not None:
            shares[name] = share_of_tolerance(hand, exact.gradients[name], tolerances[name])
    return Judgement(_loss_block(answer, exact, tolerances), tuple(blocks), shares, ())


def _loss_block(answer: Answer, exact: Evaluation, tolerances: Results) -> Block | None:
    """The loss may be of any real type, and of any shape that holds one number."""
    if answer.loss is None:
        return None
    if answer.loss.size != 1 or answer.loss.dtype.kind not in "iuf":
        what = f"is of shape {answer.loss.shape} and {answer.loss.dtype}; it needs one real number"
        return refused("loss", answer.loss, what)
    value = answer.loss.reshape(()).astype(np.float64)
    return compare_block("loss", value, np.asarray(exact.loss), tolerances[LOSS], dtype="f8")


def _needed(hand: NDArray[Any], leaf: object) -> np.dtype[Any]:
    """A gradient has the dtype of its parameter; that of an integer is of any float type."""
    dtype = as_array(leaf).dtype
    is_number = isinstance(leaf, int | float)  # Python's own, which has no dtype to keep
    return hand.dtype if hand.dtype.kind == "f" and (dtype.kind != "f" or is_number) else dtype


def _exceeds(result: Judgement) -> list[Block]:
    """The blocks, and the loss, whose values are further off than their tolerance."""
    quantities = [*result.blocks, *([result.loss] if result.loss else [])]
    return [b for b in quantities if b.verdict == "mismatch" and b.units is not None]


def _names(blocks: list[Block]) -> set[str]:
    return {block.name for block in blocks}


def _scatter(
    gradients: Gradients, reference: Reference, point: Point, doubtful: list[Block]
) -> Results:
    """The standard deviation of each error over nearby points, where the mean error is only noise.

    A mistake is the same a few units of roundoff further on; what rounding did there is not.
    """
    errors: dict[str, list[NDArray[np.float64]]] = {block.name: [] for block in doubtful}
    for seed in range(REPETITIONS):
        near = _nudged(point, seed)
        try:
            exact, answer = reference.evaluate(near), called(gradients, near).answer
        except Exception:  # not asked for by the user, so not theirs to see
            return {}
        for name, found in errors.items():
            theirs = answer.loss if name == "loss" else answer.gradients.get(name)
            ours = np.asarray(exact.loss) if name == "loss" else exact.gradients[name]
            if theirs is None or theirs.shape != ours.shape:
                return {}
            found.append(theirs.astype(np.float64) - ours)
    return {
        LOSS if name == "loss" else name: np.std(found, axis=0, ddof=1)
        for name, found in errors.items()
        if _is_noise(np.stack(found))
    }


def _is_noise(errors: NDArray[np.float64]) -> bool:
    """Whether the errors scatter about as far as they are large, in Euclidean norms."""
    if not np.isfinite(errors).all():
        return False
    mean, deviation = errors.mean(axis=0), errors.std(axis=0, ddof=1)
    return float(np.linalg.norm(mean)) <= STEADY * float(np.linalg.norm(deviation))


def _nudged(point: Point, seed: int) -> Point:
    """Every float moved by a few units of roundoff of its own format."""
    random = np.random.default_rng(seed)

    def nudge(_name: str, leaf: Any) -> object:
        if not is_numeric(leaf):
            return leaf
        array = as_array(leaf)
        if array.dtype.kind != "f":
            return leaf
        unit = np.finfo(array.dtype).eps / 2
        by = random.choice([-NUDGE * unit, NUDGE * unit], array.shape)
        return like(leaf, (array * (1 + by)).astype(array.dtype))

    copy = own_copy(point)
    return Point(rebuilt(copy.parameters, nudge), tuple(rebuilt(d, nudge) for d in copy.data))


def _digits_lost(strict: Block) -> Note:
    """From the block as formulas that keep their digits would have it."""
    at = f"{strict.name}{list(strict.worst_index or ())}" if strict.worst_index else strict.name
    return Note(
        "digits lost",
        f"{strict.name} is right, but loses digits: at {at} it is {strict.hand:.17g}, exact is"
        f" {strict.reference:.17g}. Somewhere nearly equal numbers are subtracted, as in"
        " 1 - 1/(1 + exp(z)), or added to something large.",
    )
