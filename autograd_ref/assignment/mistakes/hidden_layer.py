"""Mistakes on the way back through the hidden layer, and in single blocks."""

from typing import Any

import numpy as np

from autograd_ref.assignment.mistakes.derivation import A, Run, Step
from autograd_ref.assignment.mistakes.mistake import Mistake, Shows, after, both, step
from autograd_ref.assignment.mistakes.other_moment import updated_by

DELTA1 = "delta1 = ({back}) * sigma(z1)"


def _slope(name: str, what: str, wrong: Step, hides: str = "") -> Mistake:
    return Mistake(name, what, DELTA1, step("slope", wrong), hides=hides)


SLOPES = (
    _slope(
        "softplus derivative forgotten",
        "the derivative of softplus is forgotten",
        lambda r: np.ones_like(r.z1),
        "all units saturated",
    ),
    _slope(
        "softplus derivative at a1",
        "the derivative of softplus is taken at a1 instead of z1",
        lambda r: np.exp(-np.logaddexp(0, -r.a1)),
        "all units saturated",
    ),
    _slope(
        "a1 (1 - a1)",
        "the slope is a1 (1 - a1), which is the sigmoid's",
        lambda r: r.a1 * (1 - r.a1),
    ),
    _slope("a1 for the slope", "a1 itself is taken for the slope", lambda r: r.a1),
    _slope("z1 for the slope", "z1 itself is taken for the slope", lambda r: r.z1),
    _slope("tanh for the slope", "the slope is tanh(z1)", lambda r: np.tanh(r.z1)),
    _slope(
        "tanh's derivative",
        "the slope is 1 - tanh(z1)^2, which is tanh's",
        lambda r: 1 / np.cosh(r.z1) ** 2,
    ),
    _slope(
        "1 - a1^2",
        "the slope is 1 - a1^2, which is that of a tanh unit",
        lambda r: 1 - r.a1**2,
    ),
    _slope(
        "sigmoid's derivative",
        "the slope is sigma(z1) (1 - sigma(z1)), one derivative too many",
        lambda r: r.sigma * np.exp(-np.logaddexp(0, r.z1)),
    ),
    _slope(
        "ReLU's derivative",
        "the slope is that of ReLU: 1 where z1 > 0, else 0",
        lambda r: (r.z1 > 0).astype(r.z1.dtype),
        "all units saturated",
    ),
    _slope(
        "sigma(-z1)",
        "the slope is sigma(-z1): the sign of the exponent is wrong",
        lambda r: np.exp(-np.logaddexp(0, r.z1)),
    ),
    _slope(
        "sigma squared",
        "the slope is sigma(z1)^2: it is applied twice",
        lambda r: r.sigma**2,
        "all units saturated",
    ),
    _slope(
        "exp(z1) for the slope",
        "the slope is exp(z1): nothing divides by 1 + exp(z1)",
        lambda r: np.exp(r.z1),
    ),
    _slope(
        "slope without b0",
        "the slope is sigma(z1 - b0): in the backward pass b0 is not added",
        lambda r: np.exp(-np.logaddexp(0, -(r.z1 - r.p.b0))),
    ),
)


def _back(name: str, what: str, wrong: Step, shows: Shows = Shows.ANY) -> Mistake:
    fix = f"{DELTA1}, with the parameter W1 as it was in the forward pass"
    return Mistake(name, what, fix, step("back", wrong), shows)


def _reshaped(matrix: A) -> A:
    return matrix.T.reshape(matrix.shape)


BACK = (
    _back(
        "gradient of W1 for W1",
        "e2 goes back through the gradient of W1 instead of W1",
        lambda r: r.W1,
    ),
    _back(
        "W1 reshaped on the way back",
        "W1 is reshaped where it should be transposed, on the way back",
        lambda r: _reshaped(r.p.W1),
    ),
    _back(
        "W1 transposed on the way back",
        "e2 goes back through W1 transposed",
        lambda r: r.p.W1.T,
        Shows.SQUARE,
    ),
    _back(
        "gradient of W1 transposed for W1",
        "e2 goes back through the gradient of W1, transposed, instead of W1",
        lambda r: r.W1.T,
        Shows.SQUARE,
    ),
    updated_by(0.1),
    Mistake(
        "elementwise product with W1",
        "e2 and W1 are multiplied entry by entry, where their matrix product is meant",
        DELTA1,
        step("delta1", lambda r: (r.e2 * r.back) * r.slope),
        Shows.ALL_EQUAL,
    ),
)


def _rows_of_sums(weights: str) -> Step:
    return lambda r: getattr(r, weights).sum(axis=1)


BLOCKS = (
    Mistake(
        "slope in W0 only",
        "the slope is in the gradient of W0 and not in that of b0",
        f"both come from {DELTA1}",
        step("b0", lambda r: (r.e2 @ r.back).sum(axis=0)),
        hides="all units saturated",
    ),
    Mistake(
        "slope in b0 only",
        "the slope is in the gradient of b0 and not in that of W0",
        f"both come from {DELTA1}",
        step("W0", lambda r: (r.e2 @ r.back).T @ r.X),
        hides="all units saturated",
    ),
    Mistake(
        "z1 for a1 in W1",
        "z1 stands where a1 should in the gradient of W1",
        "the gradient of W1 is {dW1}",
        step("W1", lambda r: r.e2.T @ r.z1),
    ),
    Mistake(
        "sigma for a1 in W1",
        "sigma(z1) stands where a1 should in the gradient of W1",
        "the gradient of W1 is {dW1}",
        step("W1", lambda r: r.e2.T @ r.sigma),
    ),
    Mistake(
        "ReLU for a1 in W1",
        "max(z1, 0) stands where a1 should in the gradient of W1",
        "the gradient of W1 is {dW1}",
        step("W1", lambda r: r.e2.T @ np.maximum(r.z1, 0)),
    ),
    Mistake(
        "elementwise product with a1",
        "e2 and a1 are multiplied entry by entry in the gradient of W1",
        "the gradient of W1 is {dW1}",
        step("W1", lambda r: r.e2 * r.a1),
        Shows.ALL_EQUAL,
    ),
    Mistake(
        "elementwise product with X",
        "delta1 and X are multiplied entry by entry in the gradient of W0",
        "the gradient of W0 is {dW0}",
        step("W0", lambda r: r.delta1.T * r.X),
        Shows.ALL_EQUAL,
    ),
    Mistake(
        "outer product of batch means",
        "W0 and W1 are products of means over the batch, not means of products",
        "multiply sample by sample, then add: {dW0} and {dW1}",
        both(
            step("W0", lambda r: np.outer(r.delta1.sum(axis=0), r.X.mean(axis=0))),
            step("W1", lambda r: np.outer(r.e2.sum(axis=0), r.a1.mean(axis=0))),
        ),
        hides="S = 1",
    ),
    Mistake(
        "b0 summed over the units",
        "delta1 is summed over the hidden units, not over the samples",
        "the gradient of b0 is {db0}",
        step("b0", lambda r: r.delta1.sum(axis=1)),
    ),
    Mistake(
        "b1 summed over the classes",
        "e2 is summed over the classes, not over the samples",
        "the gradient of b1 is {db1}",
        step("b1", lambda r: r.e2.sum(axis=1)),
    ),
    Mistake(
        "b0 the row sums of W0",
        "b0's gradient is the row sums of W0's",
        "the gradient of b0 is {db0}",
        step("b0", _rows_of_sums("W0")),
    ),
    Mistake(
        "b1 the row sums of W1",
        "b1's gradient is the row sums of W1's",
        "the gradient of b1 is {db1}",
        step("b1", _rows_of_sums("W1")),
    ),
)


def _in(name: str, number_format: Any, words: str) -> Mistake:
    def narrowed(_run: Run, values: A) -> A:
        return values.astype(number_format).astype(values.dtype)

    return Mistake(
        f"{name} in {words}",
        f"{name} is computed, or kept, in {words}",
        f"look for what makes {name} {np.dtype(number_format).name}: a dtype=, an array made"
        " without one, a library's default",
        after(name, narrowed),
    )


PRECISION = tuple(
    _in(name, number_format, words)
    for name in ("z1", "a1", "z2", "y_hat", "e2", "delta1")
    for number_format, words in ((np.float32, "float32"), (np.float16, "half precision"))
)
"""Steps that lose digits; visible where the other steps have more of them."""
