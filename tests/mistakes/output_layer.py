"""Mistakes in e2, the gradient by the pre-activations of the output."""

from collections.abc import Callable

import numpy as np

from manual_backprop import Parameters
from tests.mistakes.steps import A, Gradient, Steps, correct, with_e2


def jacobian_twice(s: Steps) -> A:
    return s.y_hat * (s.e2 - (s.e2 * s.y_hat).sum(axis=1, keepdims=True))


def shifted(targets: A) -> A:
    return np.roll(targets, 1, axis=1)


ANY_SHAPE: dict[str, Gradient] = {
    "target not subtracted": with_e2(lambda s: s.y_hat / s.S),
    "y - y_hat": with_e2(lambda s: (s.Y - s.y_hat) / s.S),
    "labels off by one": with_e2(lambda s: (s.y_hat - shifted(s.Y)) / s.S),
    "softmax over the batch": with_e2(
        lambda s: (np.exp(s.z2) / np.exp(s.z2).sum(axis=0, keepdims=True) - s.Y) / s.S
    ),
    "softmax over the whole matrix": with_e2(
        lambda s: (np.exp(s.z2) / np.exp(s.z2).sum() - s.Y) / s.S
    ),
    "softmax Jacobian again": with_e2(jacobian_twice),
    "softmax Jacobian's diagonal only": with_e2(lambda s: -s.Y * (1 - s.y_hat) / s.S),
    "squared-error delta": with_e2(lambda s: s.e2 * s.y_hat * (1 - s.y_hat)),
}


def correct_from_labels(p: Parameters, X: A, labels: A) -> Parameters:
    return correct(p, X, np.eye(len(p.b1), dtype=X.dtype)[labels])


def with_labels(subtracted: Callable[[A, A], A]) -> Gradient:
    """Integer labels where one-hot rows are needed: S e2 from y_hat and the labels."""

    def gradient(p: Parameters, X: A, labels: A) -> Parameters:
        s = Steps(p, X, np.eye(len(p.b1), dtype=X.dtype)[labels])
        e2 = subtracted(s.y_hat.copy(), labels) / s.S
        return s.through(e2=e2.astype(X.dtype))

    return gradient


def one_off_the_rows_of_the_labels(y_hat: A, labels: A) -> A:
    y_hat[labels] -= 1
    return y_hat


def one_off_the_columns_of_the_labels(y_hat: A, labels: A) -> A:
    y_hat[:, labels] -= 1
    return y_hat


LABELS: dict[str, Gradient] = {
    "labels subtracted from y_hat": with_labels(lambda y_hat, labels: y_hat - labels[:, None]),
    "y_hat[labels] -= 1": with_labels(one_off_the_rows_of_the_labels),
    "y_hat[:, labels] -= 1": with_labels(one_off_the_columns_of_the_labels),
}
"""Where Y is labels, and there are more samples than classes."""
