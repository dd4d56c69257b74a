"""The gradients that wrong derivations of the model, and dropped samples, predict."""

from collections.abc import Iterator
from typing import NamedTuple

from autograd_ref.diagnosis.evidence import Evidence, Predicted
from autograd_ref.diagnosis.relations.samples import FIRST_OR_LAST
from autograd_ref.diagnosis.wording import Statement, of_hypothesis, of_relation
from autograd_ref.reference.model import Discrepancy, Hypothesis


class Tried(NamedTuple):
    """A wrong derivation that makes a difference here."""

    hypothesis: Hypothesis
    prediction: Predicted


class Derivations(NamedTuple):
    """The wrong derivations that are worth keeping."""

    tried: list[Tried]
    in_pairs: bool
    """True where any two of them can be composed."""


def derivations(evidence: Evidence) -> Derivations:
    """Return the model's wrong derivations that make a difference to this gradient.

    Where pairs cost too much, those that explain no block by themselves are not kept in memory.
    """
    hand = {**evidence.hand, **evidence.near}
    kept: list[Tried] = []
    in_pairs = True
    seen = Discrepancy(evidence.point, hand, evidence.right, evidence.allowed, evidence.earlier)
    for hypothesis in evidence.model.hypotheses(seen):
        composable = hypothesis.derivation is not None
        in_pairs = in_pairs and composable
        found = predicted(evidence, hypothesis)
        if found and (composable or any(evidence.explains(found, k) for k in evidence.wrong)):
            kept.append(Tried(hypothesis, found))
    return Derivations(kept, in_pairs)


def composed(evidence: Evidence, one: Tried, two: Tried) -> Predicted | None:
    """Return what the two make together; None where that makes no difference."""
    both = evidence.model.compose(one.hypothesis, two.hypothesis)
    if both is None:
        return None
    return predicted(evidence, both, (*one.prediction.statements, *two.prediction.statements))


def predicted(
    evidence: Evidence, hypothesis: Hypothesis, statements: tuple[Statement, ...] = ()
) -> Predicted | None:
    """Return what a hypothesis predicts; None where it makes no difference."""
    prediction = Predicted(statements, hypothesis.gradients, hypothesis.in_float32)
    touched = tuple(evidence.touched(prediction))
    if not touched or evidence.contradicts(prediction, touched):
        return None
    return prediction._replace(statements=statements or (of_hypothesis(hypothesis, touched),))


def without_samples(evidence: Evidence) -> Iterator[Predicted]:
    """Yield all wrong blocks without the first or last sample, or made of it alone."""
    right = Predicted((), evidence.right)
    around = [evidence.around(key, right) for key in evidence.wrong]
    fixes = evidence.model.fixes()
    for relation in FIRST_OR_LAST:
        for variants in zip(*map(relation.variants, around), strict=True):
            statement = of_relation(relation, evidence.wrong, variants[0].detail, fixes)
            blocks = dict(zip(evidence.wrong, (v.block for v in variants), strict=True))
            prediction = Predicted((statement,), {**evidence.right, **blocks})
            if evidence.touched(prediction):
                yield prediction


def confirmed(evidence: Evidence, prediction: Predicted) -> list[Statement]:
    """Return the mistakes of a prediction, with what is left of the difference it explains."""
    left = evidence.unexplained(prediction)
    residual = max(
        (
            evidence.relative(key, hand, prediction.gradients[key])
            for key, hand in evidence.hand.items()
            if key not in left
        ),
        default=0.0,
    )
    return [statement._replace(residual=residual) for statement in prediction.statements]
