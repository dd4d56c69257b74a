"""Bad input is refused by name, beside the nearest good input."""

import re
from typing import Any

import numpy as np
import pytest

import autograd_ref
from manual_backprop import NetworkShape, Parameters, forward, initialize, loss, loss_and_gradients

P = initialize(NetworkShape(inputs=2, hidden=4, outputs=3), seed=0)
X = np.arange(10.0).reshape(5, 2)
LABELS = np.array([0, 1, 2, 1, 0])
ROWS = np.eye(3)[LABELS]


def with_nan(array: Any, value: float = np.nan) -> Any:
    result = array.copy()
    result.flat[-1] = value
    return result


def with_row(row: list[float], dtype: Any = np.float64) -> Any:
    rows = ROWS.astype(dtype)
    rows[3] = row
    return rows


narrow = np.float32
N = Parameters(*(block.astype(narrow) for block in P))

GOOD: dict[str, tuple[Any, Any, Any]] = {
    "labels": (P, X, LABELS),
    "labels of a small type": (P, X, LABELS.astype(np.uint8)),
    "rows": (P, X, ROWS),
    "boolean rows": (P, X, ROWS.astype(bool)),
    "integer rows": (P, X, ROWS.astype(int)),
    "soft rows": (P, X, with_row([0.25, 0.5, 0.25])),
    "rows that sum to one but for rounding": (P, X, with_row([0.1 + 1e-15, 0.2, 0.7])),
    "rows of another float type": (P, X, with_row([0.3, 0.3, 0.4], narrow)),
    "half-precision rows": (P, X, with_row([0.3, 0.3, 0.4], np.float16)),
    "negative parts that sum to one": (P, X, with_row([-0.5, 0.5, 1.0])),
    "float32": (N, X.astype(narrow), LABELS),
    "float32 and float64 rows": (N, X.astype(narrow), with_row([0.3, 0.3, 0.4])),
    "one sample": (P, X[:1], LABELS[:1]),
    "rows in extended precision": (P, X, np.full((5, 3), np.longdouble(1) / 3)),
    "rows almost as far off as is allowed": (P, X, with_row([0.0, 0.0, 1 + 7 * 3 * 2.0**-53])),
    "lists": (P, X.tolist(), LABELS.tolist()),
    "Fortran order": (P, np.asfortranarray(X), LABELS),
    "not contiguous": (P, np.repeat(X, 2, axis=1)[:, ::2], np.repeat(LABELS, 2)[::2]),
    "huge but finite": (P, with_nan(X, 1e300), LABELS),
}

# not formatted, so that every case keeps to its two lines
BAD: dict[str, tuple[Any, Any, Any, type[Exception], str]] = {
    "one column too many": (
        P, np.ones((5, 3)), LABELS, ValueError,
        "X has shape (5, 3); W0 expects N_I = 2 columns",
    ),
    "X one-dimensional": (
        P, X[0], LABELS, ValueError, "X has shape (2,); it needs the axes (S, N_I)",
    ),
    "empty batch": (
        P, X[:0], LABELS[:0], ValueError,
        "X has shape (0, 2); it needs the axes (S, N_I), none of length 0",
    ),
    "X and Y of different length": (
        P, X, LABELS[:4], ValueError, "Y has 4 rows and X has 5; they need to be as many",
    ),
    "rows of different length": (
        P, X, ROWS[:4], ValueError, "Y has 4 rows and X has 5; they need to be as many",
    ),
    "label too large": (
        P, X, with_nan(LABELS, 3), ValueError,
        "Y[4] is the label 3; with N_O = 3 outputs, labels need to be from 0 to 2",
    ),
    "label negative": (P, X, with_nan(LABELS, -1), ValueError, "Y[4] is the label -1"),
    "label float": (
        P, X, LABELS.astype(float), TypeError,
        "Y holds labels of dtype float64; labels (S,) need an integer dtype",
    ),
    "label boolean": (P, X, LABELS > 0, TypeError, "Y holds labels of dtype bool"),
    "rows that do not sum to one": (
        P, X, with_row([0.0, 0.5, 0.25]), ValueError,
        "Y[3] sums to 0.75; every target row needs to sum to 1, because equation (7)",
    ),
    "rows that sum to one in a coarser type only": (
        P, X, with_row([0.3, 0.3, 0.4 + 1e-7]), ValueError, "every target row needs to sum to 1",
    ),
    "rows a little further off than is allowed": (
        P, X, with_row([0.0, 0.0, 1 + 10 * 3 * 2.0**-53]), ValueError, "needs to sum to 1",
    ),
    "rows that exceed the parameters' type": (
        N, X.astype(narrow), with_row([1e300, -1e300, 1.0]), ValueError, "Y[3, 0] is inf",
    ),
    "a row of zeros": (P, X, with_row([0, 0, 0], int), ValueError, "Y[3] sums to 0.0"),
    "one column of targets too few": (
        P, X, ROWS[:, :2], ValueError, "Y has shape (5, 2); b1 expects N_O = 3 columns",
    ),
    "targets with three axes": (
        P, X, ROWS[np.newaxis], ValueError,
        "Y has shape (1, 5, 3); it needs to be labels (S,) or target rows (S, N_O)",
    ),
    "a scalar target": (P, X, np.int64(1), ValueError, "Y has shape ()"),
    "complex rows": (
        P, X, ROWS * 1j, TypeError, "the dtype of Y is complex128; target rows need real numbers",
    ),
    "rows of objects": (P, X, ROWS.astype(object), TypeError, "the dtype of Y is object"),
    "NaN in X": (
        P, with_nan(X), LABELS, ValueError,
        "X[4, 1] is nan; every entry of X needs to be finite",
    ),
    "Inf in X": (P, with_nan(X, -np.inf), LABELS, ValueError, "X[4, 1] is -inf"),
    "NaN in Y": (P, X, with_nan(ROWS), ValueError, "Y[4, 2] is nan"),
    "integer X": (
        P, X.astype(int), LABELS, TypeError,
        "the dtype of X is int64 and that of the parameters is float64; they need to be the same",
    ),
    "X narrower than the parameters": (P, X.astype(narrow), LABELS, TypeError, "dtype of X"),
    "X wider than the parameters": (N, X, LABELS, TypeError, "the dtype of X is float64"),
    "X with rows of unequal length": (
        P, [[1.0, 2.0], [3.0]], LABELS, ValueError, "X cannot be read as an array: ",
    ),
    "X of objects": (P, X.astype(object), LABELS, TypeError, "the dtype of X is object"),
    "parameters in a tuple": (
        tuple(P), X, LABELS, TypeError,
        "parameters is of type tuple; it needs to be manual_backprop.Parameters(W0, b0, W1, b1)",
    ),
    "integer parameters": (
        P._replace(b0=np.zeros(4, dtype=int)), X, LABELS, TypeError,
        "the dtype of b0 is int64; it needs to be float64 or float32",
    ),
    "parameters of objects": (
        P._replace(W0=P.W0.astype(object)), X, LABELS, TypeError, "the dtype of W0 is object",
    ),
    "half-precision parameters": (
        P._replace(W0=P.W0.astype(np.float16)), X, LABELS, TypeError, "the dtype of W0 is float16",
    ),
    "parameters in the other byte order": (
        P._replace(W0=P.W0.astype(P.W0.dtype.newbyteorder())), X, LABELS, TypeError,
        "the dtype of W0 is >f8",
    ),
    "masked features": (
        P, np.ma.masked_array(X, X > 8), LABELS, TypeError,
        "X is a masked array; it needs to be one without masked entries",
    ),
    "masked labels": (P, X, np.ma.masked_array(LABELS, LABELS == 2), TypeError, "Y is a masked"),
    "a masked parameter": (
        P._replace(W1=np.ma.masked_array(P.W1, P.W1 > 0)), X, LABELS, TypeError, "W1 is a masked",
    ),
    "mixed parameters": (
        P._replace(b1=P.b1.astype(narrow)), X, LABELS, TypeError,
        "the dtype of b1 is float32 and that of W0 is float64; they need to be the same",
    ),
    "a parameter of another rank": (
        P._replace(b0=P.b0[:, np.newaxis]), X, LABELS, ValueError,
        "b0 has shape (4, 1); it needs the axes (N_H,)",
    ),
    "W1's columns and W0's rows": (
        P._replace(W1=np.ones((3, 5))), X, LABELS, ValueError,
        "W1 has shape (3, 5); it needs 4 columns, because W0 has N_H = 4 rows",
    ),
    "b0 and W0's rows": (
        P._replace(b0=np.ones(3)), X, LABELS, ValueError,
        "b0 has shape (3,); it needs 4 entries, because W0 has N_H = 4 rows",
    ),
    "b1 and W1's rows": (
        P._replace(b1=np.ones(4)), X, LABELS, ValueError,
        "b1 has shape (4,); it needs 3 entries, because W1 has N_O = 3 rows",
    ),
    "no hidden units": (
        Parameters(np.ones((0, 2)), np.ones(0), np.ones((3, 0)), np.ones(3)), X, LABELS,
        ValueError, "W0 has shape (0, 2); it needs the axes (N_H, N_I), none of length 0",
    ),
    "no inputs": (
        P._replace(W0=np.ones((4, 0))), X[:, :0], LABELS, ValueError, "W0 has shape (4, 0)",
    ),
    "NaN in a parameter": (
        P._replace(W1=with_nan(P.W1)), X, LABELS, ValueError, "W1[2, 3] is nan",
    ),
    "Inf in a parameter": (
        P._replace(b1=with_nan(P.b1, np.inf)), X, LABELS, ValueError, "b1[2] is inf",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_good_input_is_accepted_by_both(name: str) -> None:
    by_hand = loss_and_gradients(*GOOD[name])
    by_autograd = autograd_ref.loss_and_gradients(*GOOD[name])
    assert by_hand[0] == pytest.approx(by_autograd[0], rel=1e-6)
    assert loss(*GOOD[name]) == by_hand[0]


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_both_and_named(name: str) -> None:
    *arguments, error, message = BAD[name]
    for function in (loss_and_gradients, loss, autograd_ref.loss_and_gradients):
        with pytest.raises(error, match=re.escape(message)):
            _ = function(*arguments)


def test_what_is_too_small_is_no_error_and_what_is_too_large_is() -> None:
    small = P._replace(b0=np.full(4, -740.0), b1=np.array([0.0, -740.0, -740.0]))
    large = P._replace(W0=P.W0 * 1e200)
    for function in (loss_and_gradients, loss, lambda p, x, _y: forward(p, x)):
        with np.errstate(all="raise"):
            _ = function(small, X, LABELS)
            with pytest.raises(FloatingPointError, match="overflow"):
                _ = function(large, X * 1e200, LABELS)


def test_rows_of_zeros_do_not_sum_to_one_in_any_precision() -> None:
    parameters = initialize(NetworkShape(inputs=2, hidden=4, outputs=1000), seed=0)
    with pytest.raises(ValueError, match=re.escape("Y[0] sums to 0.0")):
        _ = loss(parameters, X, np.zeros((5, 1000), np.float16))


def test_forward_needs_no_targets_and_refuses_the_same() -> None:
    assert forward(P, X).y_hat.shape == (5, 3)
    with pytest.raises(ValueError, match="W0 expects N_I = 2 columns"):
        _ = forward(P, np.ones((5, 3)))
