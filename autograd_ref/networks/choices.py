"""The names of what can be chosen of a network, and what is usual."""

import re
from typing import Literal, TypedDict, get_args

Activation = str
"""One of ACTIVATIONS, or leaky-relu with its slope, as in leaky-relu-0.05."""
Output = Literal["softmax", "sigmoid", "linear", "tanh"]
LossName = Literal["cross-entropy", "binary-cross-entropy", "mse", "half-mse", "sse"]
Reduction = Literal["mean", "sum", "mean-over-samples", "mean-over-entries"]
Penalised = Literal["weights", "all"]

ACTIVATIONS: tuple[Activation, ...] = (
    *("softplus", "sigmoid", "tanh", "relu", "leaky-relu", "gelu", "silu"),
    *("leaky-relu-0.1", "leaky-relu-0.2", "gelu-tanh"),
)
LEAKY = re.compile(r"leaky-relu-(0?\.\d+)")
"""leaky-relu with its slope; without it is 0.01."""
OUTPUTS: tuple[Output, ...] = get_args(Output)
LOSSES: tuple[LossName, ...] = get_args(LossName)
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
PENALISED: tuple[Penalised, ...] = get_args(Penalised)

USUAL_LOSS: dict[Output, LossName] = {
    "softmax": "cross-entropy",
    "sigmoid": "binary-cross-entropy",
    "linear": "mse",
    "tanh": "mse",
}
"""The loss where only the outputs are chosen."""

USUAL_OUTPUT: dict[LossName, Output] = {
    "cross-entropy": "softmax",
    "binary-cross-entropy": "sigmoid",
    "mse": "linear",
    "half-mse": "linear",
    "sse": "linear",
}
"""The outputs where only the loss is chosen."""

USUAL_MEAN: dict[LossName, Reduction] = {
    "cross-entropy": "mean-over-samples",
    "binary-cross-entropy": "mean-over-samples",
    "mse": "mean-over-entries",
    "half-mse": "mean-over-samples",
}
"""The meaning of "mean": np.mean((y_hat - Y)**2) for mse, and 1/S for the others, as most code has
it. The sum of squares, sse, has no mean."""


class Choices(TypedDict, total=False):
    """The keywords of `architecture`, but for bias."""

    activation: str
    output: str | None
    loss: str | None
    reduction: str | None
    l2: float | str
    l2_of: str


def default_reduction(loss: LossName) -> Reduction:
    """The reduction where none is chosen."""
    return "sum" if loss == "sse" else "mean"
