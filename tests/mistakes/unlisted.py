"""Mistakes of other kinds than those of the catalogue: nobody may be told that they are of it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from autograd_ref.assignment.mistakes.derivation import RIGHT, A, Run, Step, sigma, softmax
from manual_backprop import Parameters

Gradient = Callable[[Parameters, A, A], Parameters]


def _with(**steps: Step) -> Gradient:
    derivation = replace(RIGHT, **steps)
    return lambda p, X, Y: Run(derivation, p, X, Y).gradients


def _block(name: str, wrong: Callable[[Run, A], A]) -> Gradient:
    right: Step = getattr(RIGHT, name)
    return _with(**{name: lambda r: wrong(r, right(r))})


def first_row_missing(_r: Run, W1: A) -> A:
    found = W1.copy()
    found[0] = 0
    return found


def one_entry_twice(_r: Run, W0: A) -> A:
    found = W0.copy()
    found[0, 0] *= 2
    return found


def last_unit_like_the_first(_r: Run, W0: A) -> A:
    found = W0.copy()
    found[-1] = found[0]
    return found


def noise(_r: Run, block: A) -> A:
    random = np.random.default_rng(0)
    return block * (1 + 1e-2 * random.normal(size=block.shape)).astype(block.dtype)


def every_second_unit(_r: Run, delta1: A) -> A:
    found = delta1.copy()
    found[:, ::2] = 0
    return found


def _focal(r: Run) -> A:
    likely = (r.y_hat * r.Y).sum(axis=1, keepdims=True)
    return (1 - likely) ** 2 * (r.y_hat - r.Y) / r.S


def _weights(count: int, like: A) -> A:
    return np.arange(1, count + 1, dtype=like.dtype)


def standardised(X: A) -> A:
    return (X - X.mean(axis=0)) / (X.std(axis=0) + 1)


ALPHA = 0.3

UNLISTED: dict[str, Gradient] = {
    "first row of W1 zero": _block("W1", first_row_missing),
    "one entry of W0 twice": _block("W0", one_entry_twice),
    "one unit has another's gradient": _block("W0", last_unit_like_the_first),
    "noise in W1": _block("W1", noise),
    "noise in delta1": _block("delta1", noise),
    "every second unit without error": _block("delta1", every_second_unit),
    "slope sin z1": _with(slope=lambda r: np.sin(r.z1)),
    "slope sigma(2 z1)": _with(slope=lambda r: sigma(2 * r.z1)),
    "slope leaky ReLU": _with(slope=lambda r: np.where(r.z1 > 0, 1, 0.01).astype(r.z1.dtype)),
    "slope GELU's": _with(slope=lambda r: sigma(1.702 * r.z1) * (1 + r.z1)),
    "slope plus a tenth": _block("slope", lambda _r, slope: slope + slope.dtype.type(0.1)),
    "slope of ELU": _with(slope=lambda r: np.minimum(np.exp(r.z1), 1)),
    "label smoothing": _with(e2=lambda r: (r.y_hat - 0.9 * r.Y - 0.1 / r.Y.shape[1]) / r.S),
    "softmax at another temperature": _with(e2=lambda r: (softmax(r.z2 / 2) - r.Y) / r.S),
    "classes weighted": _block("e2", lambda _r, e2: e2 * _weights(e2.shape[1], e2)),
    "samples weighted": _block("e2", lambda r, e2: e2 * _weights(r.S, e2)[:, np.newaxis]),
    "focal loss": _with(e2=_focal),
    "sign of e2": _block("e2", lambda r, e2: (np.sign(e2) / r.S).astype(e2.dtype)),
    "b0 plus a hundredth": _block("b0", lambda _r, b0: b0 + b0.dtype.type(0.01)),
    "W0 clipped from above": _block("W0", lambda _r, W0: np.minimum(W0, np.median(abs(W0)))),
    "columns of W0 to length one": _block("W0", lambda _r, W0: W0 / np.linalg.norm(W0, axis=0)),
    "W0 summed up row by row": _block("W0", lambda _r, W0: W0.cumsum(axis=0)),
    "W0 lower triangle": _block("W0", lambda _r, W0: np.tril(W0)),
    "W1 squared": _block("W1", lambda _r, W1: W1**2),
    "a1 centred in W1": _with(W1=lambda r: r.e2.T @ (r.a1 - r.a1.mean(axis=0))),
    "X standardised on the way back": _with(W0=lambda r: r.delta1.T @ standardised(r.X)),
    "back through half of W1": _with(back=lambda r: np.triu(r.p.W1)),
    "decay of the squares": _block("W0", lambda r, W0: W0 + r.p.W0.dtype.type(0.1) * r.p.W0**3),
    "a unit and its neighbour mixed": _block(
        "delta1", lambda _r, d: ((1 - ALPHA) * d + ALPHA * np.roll(d, 1, axis=1)).astype(d.dtype)
    ),
}
"""By what they do; all in the network's own derivation."""

IN_ANY_MODEL = {
    "first row of W1 zero": ("one index left out", "one index only"),  # of two rows
    "every second unit without error": ("one index only",),  # of two units
    "slope sin z1": ("another derivative",),
    "sign of e2": (
        "a factor + a factor missing",
        "centred + a factor",
    ),  # 1 - 2 Y
    "a1 centred in W1": ("centred",),
}
"""The mistakes that the search for wrong steps in any model names, and its words for them."""
