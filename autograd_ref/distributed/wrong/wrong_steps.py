"""Which mistake a data-parallel step made: the one that gives the gradient under test."""

from collections.abc import Sequence
from itertools import chain

from autograd_ref.calls.trial import Trial
from autograd_ref.diagnosis.evidence import Evidence, gathered
from autograd_ref.diagnosis.predictions import confirmed, predicted
from autograd_ref.distributed.asking import Asking, ShardAnswer, equal
from autograd_ref.distributed.wrong.wrong_batches import in_batches
from autograd_ref.distributed.wrong.wrong_shards import OUT_OF_STEP, hypotheses
from autograd_ref.distributed.wrong.wrong_weights import NOT_REDUCED
from autograd_ref.reference.model import Hypothesis
from autograd_ref.report.data import Cause
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import Path, name_of
from autograd_ref.tree.point import own_copy
from autograd_ref.user_code import user_code


def causes_of(
    report: Report, trial: Trial, asking: Asking, answers: Sequence[ShardAnswer], rank: int
) -> tuple[Cause, ...]:
    """Return the mistakes of a data-parallel step that explain all that is wrong.

    Args:
        report: with what is wrong.
        trial: of the whole batch.
        asking: the function in all processes.
        answers: what they returned at the point of the trial.
        rank: the process whose gradient was judged.
    """
    names = {block.name for block in report.blocks if block.verdict == "mismatch"}
    wrong = [path for path in trial.exact.gradients if name_of(path) in names]
    hand, right = answers[rank].gradients, trial.exact.gradients
    shapes = {path: block.shape for path, block in hand.items()}
    if not wrong or any(shapes.get(path) != right[path].shape for path in wrong):
        return ()
    evidence = gathered(hand, wrong, trial.reference, (trial.point, trial.exact))
    found: dict[str, Cause] = {}
    alike = all(equal(one, answers[0]) for one in answers)
    for hypothesis in chain(
        hypotheses(trial, asking, rank, alike=alike), in_batches(evidence, asking.batch.counts)
    ):
        gradients = {**evidence.right, **{path: hypothesis.gradients[path] for path in wrong}}
        cause = _cause(evidence, hypothesis._replace(gradients=gradients))
        if cause is not None:
            _ = found.setdefault(hypothesis.name, cause)
    if not found and evidence.wrong:
        found = _if_some_are_right(evidence, answers, rank) or _if_processes_disagree(
            evidence, trial, asking, rank
        )
    return tuple(found.values())


def _cause(evidence: Evidence, hypothesis: Hypothesis) -> Cause | None:
    """Return a hypothesis as a cause, where it explains the gradient."""
    prediction = predicted(evidence, hypothesis)
    if prediction is None or evidence.unexplained(prediction):
        return None
    (statement,) = confirmed(evidence, prediction)
    right, hand = evidence.right, evidence.hand
    before = max(evidence.relative(path, hand[path], right[path]) for path in statement.blocks)
    blocks = tuple(name_of(path) for path in statement.blocks)
    said = f"Your {statement.said}."
    return Cause(statement.name, blocks, said, statement.fix, before, statement.residual)


def _if_some_are_right(
    evidence: Evidence, answers: Sequence[ShardAnswer], rank: int
) -> dict[str, Cause]:
    """Return that the sum has not come to this process, where others have it."""

    def is_right(answer: ShardAnswer) -> bool:
        found = [(path, answer.gradients.get(path)) for path in evidence.wrong]
        return all(
            block is not None
            and block.shape == evidence.right[path].shape
            and evidence.close(path, block, evidence.right[path])
            for path, block in found
        )

    right = [str(r) for r, answer in enumerate(answers) if is_right(answer)]
    if not right:
        return {}
    said = f"The gradient is right in process {', '.join(right)}, and not in process {rank}."
    fix = "give the sum to every process: all_reduce in the place of reduce"
    return {NOT_REDUCED: _observed(evidence, NOT_REDUCED, said, fix, evidence.wrong)}


def _observed(evidence: Evidence, kind: str, said: str, fix: str, paths: Sequence[Path]) -> Cause:
    """Return a cause that is seen, and not computed."""
    names = tuple(name_of(path) for path in paths)
    before = max(evidence.relative(p, evidence.hand[p], evidence.right[p]) for p in paths)
    return Cause(kind, names, said, fix, before, before)


def _if_processes_disagree(
    evidence: Evidence, trial: Trial, asking: Asking, rank: int
) -> dict[str, Cause]:
    """Return that the processes compute different things, where other shards show it."""
    copy = own_copy(trial.point)
    with user_code():
        _result, answers = asking.all_answers(copy.parameters, copy.data, shift=1)
    there = answers[rank].gradients
    differ = [
        path
        for path in evidence.wrong
        if path in there and not evidence.close(path, evidence.hand[path], there[path], 4.0)
    ]
    if not differ:
        return {}
    said = (
        "Your gradients are others where the processes take each other's shards: they do not"
        " compute the same, as where their parameters are not the same."
    )
    kind, fix = OUT_OF_STEP
    return {kind: _observed(evidence, kind, said, fix, differ)}
