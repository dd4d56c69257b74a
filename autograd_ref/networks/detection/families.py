"""Networks that may be meant by a gradient: those whose losses differ by a factor are a family."""

from collections.abc import Iterator
from typing import NamedTuple

from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choices import (
    ACTIVATIONS,
    OUTPUTS,
    REDUCTIONS,
    USUAL_LOSS,
    Activation,
    LossName,
    Output,
    Reduction,
)
from autograd_ref.networks.choosing import architecture


class Scaled(NamedTuple):
    """A loss and its reduction, and how much of the loss of their family they are."""

    loss: LossName
    reduction: Reduction
    factor: float


def families(near: Architecture) -> Iterator[Architecture]:
    """Yield one network of each family, summed over samples, without a penalty, the nearest first.

    Args:
        near: the network of which they have the sizes.
    """
    hidden = len(near.layers) > 1
    activations = sorted(ACTIVATIONS if hidden else ("softplus",), key=near.activation.__ne__)
    kinds: list[tuple[Output, LossName]] = [
        (output, loss)
        for output in OUTPUTS
        for loss in dict.fromkeys((family_of(USUAL_LOSS[output]), family_of("mse")))
        if output != "softmax" or near.sizes[-1] > 1
    ]
    kinds.sort(key=lambda kind: (kind[0] != near.output) + (kind[1] != family_of(near.loss)))
    for output, loss in kinds:
        for activation in activations:
            yield _network(near, activation, output, loss)


def members(family: Architecture, samples: int) -> Iterator[Scaled]:
    """Yield the losses of a family, each once, with their factors.

    Args:
        family: one of `families`.
        samples: S.
    """
    n_out = family.sizes[-1]
    over: dict[Reduction, float] = {
        "sum": 1.0,
        "mean-over-samples": 1 / samples,
        "mean-over-entries": 1 / (samples * n_out),
    }
    names: tuple[LossName, ...] = ("mse", "half-mse") if family.loss == "sse" else (family.loss,)
    seen: set[tuple[LossName, Reduction]] = set()
    for loss in names:
        for reduction in REDUCTIONS[1:]:
            chosen = architecture(
                family.sizes, output=family.output, loss=loss, reduction=reduction
            )
            if (chosen.loss, chosen.reduction) not in seen:
                seen.add((chosen.loss, chosen.reduction))
                factor = over[reduction] * (2 if loss == "mse" else 1)
                yield Scaled(chosen.loss, chosen.reduction, factor)


def _network(
    near: Architecture, activation: Activation, output: Output, loss: LossName
) -> Architecture:
    return architecture(
        near.sizes,
        activation=activation,
        output=output,
        loss=loss,
        reduction="sum",
        bias=near.bias,
    )


def family_of(loss: LossName) -> LossName:
    """The loss that names the family: all squared errors differ by factors."""
    return "sse" if loss in ("mse", "half-mse") else loss
