"""How the suite compares two sides: one assertion, which is shown the errors it must find."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

import manual_backprop
from autograd_ref.assignment.problems import Problem
from autograd_ref.network import autograd_pass, exact_pass
from autograd_ref.observe.compare import Values, compare
from autograd_ref.verdict.block import block_by
from manual_backprop import Parameters
from manual_backprop.network import backward
from manual_backprop.parameters import Array

Results = dict[str, NDArray[Any]]
"""loss, y_hat, e2, W0, b0, W1 and b1, by these names."""

LossAndGradients = Callable[[Parameters, Array, NDArray[Any]], tuple[float, Parameters]]


def by_hand(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> Results:
    value, gradients = manual_backprop.loss_and_gradients(parameters, X, Y)
    y_hat = manual_backprop.forward(parameters, X).y_hat
    e2 = backward(parameters, X, Y).e2
    return {"loss": np.asarray(value), "y_hat": y_hat, "e2": e2, **gradients._asdict()}


def by_autograd(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike, *, exact: bool = False
) -> Results:
    found = (exact_pass if exact else autograd_pass)(parameters, X, Y)
    loss = np.asarray(found.loss)
    return {"loss": loss, "y_hat": found.y_hat, "e2": found.e2, **found.gradients._asdict()}


def assert_match(
    hand: Mapping[str, Array],
    reference: Mapping[str, Array],
    tolerance: Mapping[str, Array],
    *,
    dtype: DTypeLike,
) -> None:
    """Every quantity of hand is within its tolerance of the reference, entry by entry.

    dtype is that of the parameters; the loss is a Python float in either format.
    """
    assert hand, "nothing to compare"
    blocks = [
        block_by(
            name,
            compare(
                Values(values, reference[name], np.float64 if name == "loss" else dtype),
                tolerance[name],
            ),
        )
        for name, values in hand.items()
    ]
    wrong = [block for block in blocks if block.verdict == "mismatch"]
    assert not wrong, "\n".join(f"{block.name}: {block.reason}\n  {block}" for block in wrong)


def assert_untouched_and_unshared(function: LossAndGradients, problem: Problem) -> None:
    """Two calls on read-only arrays change none of them, and every output has its own memory."""
    arrays = [*problem.parameters, problem.X, problem.Y]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    outputs = [block for _call in range(2) for block in function(*problem)[1]]
    for array, copy in zip(arrays, before, strict=True):
        assert np.array_equal(array, copy)
    for i, output in enumerate(outputs):
        assert output.flags.writeable
        assert not isinstance(output.base, np.ndarray), "a view of something else"
        assert not any(np.shares_memory(output, other) for other in (*arrays, *outputs[:i]))


def doubled(bounds: Mapping[str, Array]) -> Results:
    """For two results that may both be off by their bound."""
    return {name: 2 * bound for name, bound in bounds.items()}
