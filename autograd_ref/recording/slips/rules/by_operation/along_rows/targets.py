"""Label smoothing: other weights of the targets in p - t, what a cross-entropy's derivative is.

With eps spread over all K classes a target is 1 - eps + eps / K at its class, eps / K elsewhere.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

CLOSE = 1e-9
"""How far the entries of a row may differ that are alike, relative to its sum. Chosen."""

Weights = Callable[[float, int], tuple[float, float]]
"""The weight of the target's class and of each other one, from eps and the number of classes."""

SMOOTHED: tuple[tuple[str, Weights], ...] = (
    ("eps is spread over the other classes only", lambda eps, k: (1 - eps, eps / (k - 1))),
    ("the factor 1 - eps is missing at the target's class", lambda eps, k: (1 + eps / k, eps / k)),
    ("eps is not divided by the number of classes", lambda eps, _k: (1.0, eps)),
    ("eps is missing at the target's class", lambda eps, k: (1 - eps, eps / k)),
    (
        "eps is missing at the target's class, and not divided by the number of classes",
        lambda eps, _k: (1 - eps, eps),
    ),
    ("the uniform part is missing", lambda eps, _k: (1 - eps, 0.0)),
    ("nothing is smoothed", lambda _eps, _k: (1.0, 0.0)),
)
"""Targets as people write them."""


def targets(node: Node, place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield other targets in what comes back to the logarithm of a softmax."""
    axis = int(node.numbers[0])
    for said, weights in SMOOTHED if place == 0 else ():
        for kept in (True, False):
            yield Rule(
                "another target",
                _made(axis, weights, kept=kept),
                f"in the targets of softmax - target, {said}",
                2.1 if kept else 2.15,
                "use 1 - eps + eps / K at the target's class, eps / K elsewhere",
            )


def _made(
    axis: int, weights: Weights, *, kept: bool
) -> Callable[[At, Tensor | None, Tensor | None], Tensor | None]:
    """The contribution to the logits; kept: the softmax has the weight of the right targets."""

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        classes = at.c.shape[axis]
        total = at.c.sum(axis, keepdim=True)
        share = at.c / total
        most, least = share.amax(axis, keepdim=True), share.amin(axis, keepdim=True)
        is_target = share > (most + least) / 2
        rest = torch.where(is_target, least, share)
        alike = bool((rest - least).abs().max() <= CLOSE) and bool(is_target.sum(axis).eq(1).all())
        eps = float(least.mean()) * classes
        if not alike or not 0 < eps < 1 or bool((least * classes - eps).abs().max() > CLOSE):
            return None
        high, low = weights(eps, classes)
        other = low + (high - low) * is_target.to(at.c.dtype)
        weight = 1.0 if kept else other.sum(axis, keepdim=True)
        return total * (other - weight * torch.softmax(at.x, axis))

    return made
