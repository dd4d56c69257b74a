"""Mistakes with weight decay: LAMBDA/2 (|W0|^2 + |W1|^2) added to the mean cross-entropy."""

from typing import Any

from torch import Tensor
from torch.nn.functional import log_softmax, softplus

from manual_backprop import Parameters
from tests.mistakes.case import Function, Mistake, Outcome
from tests.mistakes.problems import distinct, with_loss
from tests.mistakes.steps import A, Steps

LAMBDA = 0.1

WEIGHTS = ("W0", "W1")


def cross_entropy(p: Any, X: Tensor, Y: Tensor) -> Tensor:
    """Also of targets that do not sum to one."""
    z2 = softplus(X @ p.W0.T + p.b0) @ p.W1.T + p.b1
    return -(Y * log_softmax(z2, dim=1)).sum() / len(X)


def summed_cross_entropy(p: Any, X: Tensor, Y: Tensor) -> Tensor:
    return len(X) * cross_entropy(p, X, Y)


def penalty(p: Any, names: tuple[str, ...]) -> Any:
    return LAMBDA / 2 * sum((getattr(p, name) ** 2).sum() for name in names)


def decayed(p: Any, X: Tensor, Y: Tensor) -> Tensor:
    return cross_entropy(p, X, Y) + penalty(p, WEIGHTS)


def all_decayed(p: Any, X: Tensor, Y: Tensor) -> Tensor:
    return cross_entropy(p, X, Y) + penalty(p, Parameters._fields)


def decayed_by_the_mean(p: Any, X: Tensor, Y: Tensor) -> Tensor:
    return cross_entropy(p, X, Y) + penalty(p, WEIGHTS) / len(X)


def by_hand(
    factor: float = 1,
    *,
    names: tuple[str, ...] = WEIGHTS,
    over_S: bool = False,
    in_loss: float | None = None,
) -> Function:
    """With so many times LAMBDA in the gradient, and in the loss if that is returned."""

    def gradient(p: Parameters, X: A, Y: A) -> Parameters | tuple[float, Parameters]:
        s = Steps(p, X, Y)
        found = s.through()._asdict()
        each = factor * LAMBDA / (s.S if over_S else 1)
        for name in names:
            found[name] = found[name] + each * getattr(p, name)
        gradients = Parameters(**found)
        return gradients if in_loss is None else (s.loss + in_loss * penalty(p, names), gradients)

    return lambda: gradient


def mean_for_sum(*, loss: bool) -> Function:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters | tuple[float, Parameters]:
        s = Steps(p, X, Y)
        return (s.loss, s.through()) if loss else s.through()

    return lambda: gradient


def summed(p: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
    s = Steps(p, X, Y)
    return s.S * s.loss, Parameters(*(s.S * block for block in s.through()))


HAND = Outcome(("mismatch",), side="hand")
LOSSES = Outcome(("mismatch",), side="losses")
PLAIN, DECAYED, ALL_DECAYED, BY_THE_MEAN, SUMMED = (
    with_loss(distinct, loss)
    for loss in (cross_entropy, decayed, all_decayed, decayed_by_the_mean, summed_cross_entropy)
)
RIGHT, UNDECAYED = by_hand(), by_hand(0)
RIGHT_WITH_LOSS = by_hand(in_loss=1)
RIGHT_BY_THE_MEAN = by_hand(over_S=True)
RIGHT_EVERYWHERE = by_hand(names=Parameters._fields)
RIGHT_SUM = lambda: summed  # noqa: E731 - a factory, like all others

REGULARISED: dict[str, Mistake] = {
    "decay in the loss only": Mistake(UNDECAYED, DECAYED, HAND, RIGHT),
    "decay in the gradient only": Mistake(RIGHT, PLAIN, HAND, UNDECAYED),
    "decay doubled": Mistake(by_hand(2), DECAYED, HAND, RIGHT),
    "decay halved": Mistake(by_hand(0.5), DECAYED, HAND, RIGHT),
    "decay subtracted": Mistake(by_hand(-1), DECAYED, HAND, RIGHT),
    "decay of one matrix only": Mistake(by_hand(names=("W0",)), DECAYED, HAND, RIGHT),
    "decay of biases too": Mistake(by_hand(names=Parameters._fields), DECAYED, HAND, RIGHT),
    "decay not of biases": Mistake(RIGHT, ALL_DECAYED, HAND, RIGHT_EVERYWHERE),
    "lambda / S for lambda": Mistake(RIGHT_BY_THE_MEAN, DECAYED, HAND, RIGHT),
    "lambda for lambda / S": Mistake(RIGHT, BY_THE_MEAN, HAND, RIGHT_BY_THE_MEAN),
    "decay in its own loss only": Mistake(by_hand(0, in_loss=1), DECAYED, HAND, RIGHT_WITH_LOSS),
    "decay in its own loss and gradient only": Mistake(
        RIGHT_WITH_LOSS, PLAIN, LOSSES, by_hand(0, in_loss=0)
    ),
    "decay in neither its loss nor its gradient": Mistake(
        by_hand(0, in_loss=0), DECAYED, LOSSES, RIGHT_WITH_LOSS
    ),
    "mean held against a sum": Mistake(mean_for_sum(loss=False), SUMMED, HAND, RIGHT_SUM),
    "mean held against a sum, with its loss": Mistake(
        mean_for_sum(loss=True), SUMMED, LOSSES, RIGHT_SUM
    ),
    "sum held against a mean, with its loss": Mistake(
        RIGHT_SUM, PLAIN, LOSSES, mean_for_sum(loss=True)
    ),
}
