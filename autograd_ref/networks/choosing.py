"""Choosing a network: defaults, and choices that do not exist or do not go together."""

import math
from collections.abc import Sequence
from typing import cast

from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choices import (
    ACTIVATIONS,
    LEAKY,
    LOSSES,
    OUTPUTS,
    PENALISED,
    REDUCTIONS,
    USUAL_LOSS,
    USUAL_MEAN,
    USUAL_OUTPUT,
    Activation,
    LossName,
    Output,
    Penalised,
    Reduction,
    default_reduction,
)


def architecture(
    sizes: Sequence[int],
    *,
    activation: str = "softplus",
    output: str | None = None,
    loss: str | None = None,
    reduction: str | None = None,
    l2: float | str = 0.0,
    l2_of: str = "weights",
    bias: bool = True,
) -> Architecture:
    """Choose a network and its loss.

    The loss of a sample, y_hat (N_O,) beside its target y:

        cross-entropy          -sum y ln y_hat                                  of softmax outputs
        binary-cross-entropy   -sum (y ln y_hat + (1 - y) ln(1 - y_hat))        of sigmoid outputs
        mse                    sum (y_hat - y)**2, averaged over all S N_O entries
        half-mse               sum (y_hat - y)**2 / 2, averaged over samples: 1/(2S) times the sum
        sse                    the same, summed over samples: 1/2 times the sum

    Args:
        sizes: N_I, then the sizes of the hidden layers, then N_O; two at least.
        activation: of the hidden layers: softplus, sigmoid, tanh, relu, leaky-relu (slope 0.01;
            leaky-relu-0.2 has another), gelu (by the error function; gelu-tanh is its usual
            approximation) or silu.
        output: softmax, sigmoid, linear or tanh; None is what the loss is usually taken of, and
            softmax.
        loss: as above; None is the usual one for these outputs: cross-entropy,
            binary-cross-entropy, and mse for the others.
        reduction: sum, mean (which is over all entries for mse, and over samples for the others),
            or the one that is meant, mean-over-samples or mean-over-entries; None is mean, but sum
            for sse.
        l2: the penalty added is l2/2 times the sum of the squared weights; "0.7/S" is divided by
            the number of samples, too. For l2 times the sum, give twice the number.
        l2_of: weights, or all for the biases as well.
        bias: False for layers without b0, b1, ...

    Raises:
        TypeError, ValueError: a choice that does not exist, or two that do not go together.

    Examples:
        >>> print(architecture((4, 16, 3)))
        softplus in hidden layers, softmax outputs, cross-entropy averaged over samples
        >>> chosen = architecture((4, 16, 3), activation="tanh", loss="mse")
        >>> print(chosen)
        tanh in hidden layers, linear outputs, squared error averaged over samples and outputs
        >>> chosen.options
        '--activation tanh --loss mse'
    """
    if output is None:
        output = next((usual for one, usual in USUAL_OUTPUT.items() if one == loss), "softmax")
    chosen_output = cast("Output", _one_of("output", output, OUTPUTS))
    chosen_loss = cast("LossName", _one_of("loss", loss or USUAL_LOSS[chosen_output], LOSSES))
    layers = _checked_sizes(sizes)
    _require_together(chosen_output, chosen_loss, layers[-1])
    usual = default_reduction(chosen_loss)
    chosen_reduction = cast("Reduction", _one_of("reduction", reduction or usual, REDUCTIONS))
    if chosen_loss == "sse" and chosen_reduction != "sum":
        raise ValueError(
            f"reduction is {chosen_reduction!r} and loss is 'sse', half the sum of squares; it"
            " needs to be 'sum': its mean over samples is loss 'half-mse'"
        )
    if not isinstance(bias, bool):
        raise TypeError(f"bias is of type {type(bias).__name__}; it needs to be True or False")
    return _in_one_way(
        Architecture(
            layers,
            _activation(activation),
            chosen_output,
            chosen_loss,
            chosen_reduction,
            *_penalty(l2),
            cast("Penalised", _one_of("l2_of", l2_of, PENALISED)),
            bias,
        )
    )


def _activation(given: str) -> Activation:
    if isinstance(given, str) and LEAKY.fullmatch(given):
        return given
    return _one_of("activation", given, ACTIVATIONS)


def _in_one_way(chosen: Architecture) -> Architecture:
    """The choices, where two ways of saying them mean one function, said in the first way."""
    loss, reduction = chosen.loss, chosen.reduction
    if loss == "half-mse" and reduction == "sum":
        loss = "sse"
    averages = reduction != "sum"
    if averages and (chosen.sizes[-1] == 1 or reduction == USUAL_MEAN.get(loss)):
        reduction = "mean"
    everything = chosen.l2_of == "all" and chosen.l2 > 0 and chosen.bias
    return chosen._replace(
        activation=chosen.activation if len(chosen.layers) > 1 else "softplus",
        loss=loss,
        reduction=reduction,
        l2_of="all" if everything else "weights",
    )


def _one_of(name: str, given: object, choices: Sequence[str]) -> str:
    if given not in choices:
        raise ValueError(f"{name} is {given!r}; it needs to be one of {', '.join(choices)}")
    return cast("str", given)


def _require_together(output: Output, loss: LossName, n_out: int) -> None:
    """Refuse a logarithm of what is no probability of its kind, and a softmax of one score.

    Raises:
        ValueError: the choices do not go together.
    """
    if output == "softmax" and n_out == 1:
        raise ValueError(
            "output is 'softmax' and N_O is 1, where it is 1 whatever the parameters are; output"
            " needs to be 'sigmoid' or 'linear', or N_O 2 or more"
        )
    if loss in ("cross-entropy", "binary-cross-entropy") and USUAL_OUTPUT[loss] != output:
        raise ValueError(
            f"loss is {loss!r} and output is {output!r}; it needs to be output"
            f" {USUAL_OUTPUT[loss]!r}, or loss"
            f" {' or '.join(map(repr, dict.fromkeys((USUAL_LOSS[output], 'mse'))))}"
        )


def _checked_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    found = tuple(sizes)
    if len(found) < 2 or any(isinstance(n, bool) or int(n) != n or n < 1 for n in found):
        raise ValueError(
            f"sizes are {found}; they need to be two integers of at least 1 or more: N_I, the"
            " sizes of the hidden layers, N_O, as in 4,16,3"
        )
    return tuple(int(n) for n in found)


def _penalty(l2: float | str) -> tuple[float, bool]:
    text = str(l2).replace(" ", "")
    try:
        found = float(text.removesuffix("/S"))
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise ValueError(f"l2 is {l2!r}; it needs to be a number of at least 0, or as in 0.7/S")
    return found, text.endswith("/S") and found > 0
