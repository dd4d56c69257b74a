"""One answer of the function under test against the reference, block by block.

The tolerance is looked at again, more closely, before a block is called wrong; and an error that
rounding makes is not reproducible, so that is asked too.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref import number_format
from autograd_ref.answer import Answer
from autograd_ref.compare import compare_block, refused, share_of_tolerance
from autograd_ref.evaluation import LOSS, Evaluation, Look, Point, Reference, Results
from autograd_ref.number_format import dtype_name
from autograd_ref.probes import Call, Gradients, called, own_copy
from autograd_ref.report import Block, Note, Witness
from autograd_ref.structure import as_array, is_numeric, leaves, like, rebuilt

REPETITIONS = 15

FIRST_REPETITIONS, CLEARLY = 3, 1_000.0
"""After so few of them, an error so many times as large as its scatter is clearly a mistake."""

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
    witness: Witness | None = None
    """Who is wrong, where values differ and it has been asked."""

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
    """Judge the answer at the first look that explains it, otherwise at the closest.

    Args:
        gradients: the function under test, to be asked again where rounding may be the cause.
        reference: what it is held against.
        point: where it was called.
        exact: the reference there.
        call: the answer.
        steady: whether the function answers the same question alike; otherwise its errors
            scatter for another reason than rounding.
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
    if _exceeds(result) and steady:
        for name, scatter in _scatter(gradients, reference, point, _exceeds(result)).items():
            tolerances[name] = np.maximum(tolerances[name], SPREADS * scatter)
        result = _compared(call.answer, point, exact, tolerances)
    explained = [block for block in _exceeds(strict) if block.name not in _names(_exceeds(result))]
    return result._replace(digits=tuple(_digits_lost(block) for block in explained))


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
    witness = result.witness or later.witness
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
        if blocks[-1].units is not None:
            share = share_of_tolerance(hand, exact.gradients[name], tolerances[name])
            shares[name] = np.nan_to_num(share, nan=np.inf, posinf=np.inf)
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


def _needed(found: str, leaf: object) -> str:
    """A gradient has the dtype of its parameter; that of an integer is of any float type."""
    # Python's own numbers have no dtype to keep
    free = as_array(leaf).dtype.kind != "f" or isinstance(leaf, int | float)
    return found if free and "float" in found else dtype_name(leaf)


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
        try:
            near, exact = _evaluated_nearby(reference, point, seed)
            answer = called(gradients, near).answer
        except Exception:  # not asked for by the user, so not theirs to see
            return {}
        for name, found in errors.items():
            theirs = answer.loss if name == "loss" else answer.gradients.get(name)
            ours = np.asarray(exact.loss) if name == "loss" else exact.gradients[name]
            if theirs is None or theirs.shape != ours.shape:
                return {}
            found.append(theirs.astype(np.float64) - ours)
        if seed + 1 == FIRST_REPETITIONS:
            errors = {name: e for name, e in errors.items() if _is_noise(np.stack(e), CLEARLY)}
            if not errors:
                return {}
    return {
        LOSS if name == "loss" else name: np.std(found, axis=0, ddof=1)
        for name, found in errors.items()
        if _is_noise(np.stack(found), STEADY)
    }


def _is_noise(errors: NDArray[np.float64], most: float) -> bool:
    """Whether their mean is at most so many times as large as their scatter, in Euclidean norms."""
    if not np.isfinite(errors).all():
        return False
    mean, deviation = errors.mean(axis=0), errors.std(axis=0, ddof=1)
    return float(np.linalg.norm(mean)) <= most * float(np.linalg.norm(deviation))


def _evaluated_nearby(reference: Reference, point: Point, seed: int) -> tuple[Point, Evaluation]:
    """Parameters and data moved a little; the parameters alone, where those data are refused."""
    random = np.random.default_rng(seed)
    copy = own_copy(point)
    near = Point(_nudged(copy.parameters, random), _nudged(copy.data, random))
    try:
        return near, reference.evaluate(near)
    except ValueError:  # targets that have to sum to one, say
        near = near._replace(data=copy.data)
        return near, reference.evaluate(near)


def _nudged(nest: object, random: np.random.Generator) -> Any:
    """Every float moved by some units of roundoff of its own format; never by half its digits."""

    def nudge(_name: str, leaf: Any) -> object:
        array = as_array(leaf) if is_numeric(leaf) else None
        if array is None or array.dtype.kind != "f":
            return leaf
        unit = number_format.of_leaf(leaf).unit
        by = min(NUDGE * unit, unit**0.5) * random.choice([-1, 1], array.shape)
        return like(leaf, np.asarray(array * (1 + by)).astype(array.dtype))

    return rebuilt(nest, nudge)


def _digits_lost(strict: Block) -> Note:
    """From the block as formulas that keep their digits would have it."""
    at = f"{strict.name}{list(strict.worst_index or ())}" if strict.worst_index else strict.name
    return Note(
        "digits lost",
        f"{strict.name} is right, but loses digits: at {at} it is {strict.hand:.17g}, exact is"
        f" {strict.reference:.17g}. Somewhere nearly equal numbers are subtracted, as in"
        " 1 - 1/(1 + exp(z)), or added to something large.",
    )
