"""An LSTM whose quantities are lists over time."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from tests.naming.derivations.made import A, Made, Model, P, Wrong, others


def lstm_point(random: np.random.Generator) -> tuple[dict[str, A], tuple[A, ...]]:
    """Parameters and data."""
    shapes = {"Wx": (3, 16), "Wh": (4, 16), "b": (16,), "V": (4, 2)}
    parameters = {name: random.normal(size=shape) for name, shape in shapes.items()}
    return parameters, (random.normal(size=(5, 6, 3)), random.normal(size=(5, 6, 2)))


def lstm_loss(p: Any, X: Any, Y: Any) -> torch.Tensor:
    """An LSTM with a read-out at every step."""
    h = torch.zeros(X.shape[1], 4)
    c = torch.zeros(X.shape[1], 4)
    total = torch.zeros(())
    for t in range(len(X)):
        a = X[t] @ p["Wx"] + h @ p["Wh"] + p["b"]
        i, f, o = a[:, :4].sigmoid(), a[:, 4:8].sigmoid(), a[:, 8:12].sigmoid()
        g = torch.tanh(a[:, 12:])
        c = f * c + i * g
        s = torch.tanh(c)
        h = o * s
        y = h @ p["V"]
        total = total + ((y - Y[t]) ** 2).sum()
    return total / X.shape[1]


class Turn(NamedTuple):
    """The values of one turn that the backward pass needs."""

    x: A
    h_before: A
    c_before: A
    i: A
    f: A
    o: A
    g: A
    c: A
    s: A
    h: A


def forward(p: P, X: A) -> list[Turn]:
    """The turns of the forward pass."""
    h, c = np.zeros((X.shape[1], 4)), np.zeros((X.shape[1], 4))
    turns: list[Turn] = []
    for x in X:
        a = x @ p["Wx"] + h @ p["Wh"] + p["b"]
        i, f, o = (1 / (1 + np.exp(-part)) for part in np.split(a[:, :12], 3, axis=1))
        g, before = np.tanh(a[:, 12:]), (h, c)
        c = f * c + i * g
        s = np.tanh(c)
        h = o * s
        turns.append(Turn(x, *before, i, f, o, g, c, s, h))
    return turns


def backward(do: Made, p: P, at: Turn, dy: A, later: tuple[A, A]) -> dict[str, A]:
    """The derivatives of one turn."""
    _x, _h_before, before, i, f, o, g, c, s, _h = at
    dh_next, dc_next = later
    dh = do("h", dy @ p["V"].T + dh_next, lambda: dy @ p["V"].T)
    ds = do("s", dh * o, lambda: dh * s)
    do_ = do("o", dh * s, lambda: dh * c)
    dc = do(
        "c",
        ds * (1 - s**2) + dc_next,
        lambda: ds * (1 - s) + dc_next,
        lambda: ds * (1 - s**2),
    )
    di = do("i", dc * g, lambda: dc * f)
    df = do("f", dc * before, lambda: dc * c)
    dg = do("g", dc * i, lambda: dc * o)
    parts = [di * i * (1 - i), df * f * (1 - f), do_ * o * (1 - o), dg * (1 - g**2)]
    da = do(
        "a",
        np.concatenate(parts, axis=1),
        lambda: np.concatenate([*parts[:3], dg * (1 - g)], axis=1),
        lambda: np.concatenate([di * i, *parts[1:]], axis=1),
    )
    return {"y": dy, "h": dh, "s": ds, "o": do_, "c": dc, "i": di, "f": df, "g": dg, "a": da}


def lstm(p: P, X: A, Y: A, wrong: Wrong) -> tuple[float, dict[str, A], dict[str, Any], Made]:
    """The gradients by hand; every quantity on the way is a list over time."""
    do, S = Made(wrong), X.shape[1]
    turns = forward(p, X)
    found: dict[str, list[A]] = {}
    total = {name: np.zeros_like(a) for name, a in p.items()}
    later, value = (np.zeros((S, 4)), np.zeros((S, 4))), 0.0
    for turn, target in reversed(list(zip(turns, Y, strict=True))):
        r = turn.h @ p["V"] - target
        value += float((r**2).sum()) / S
        dy = do("y", 2 * r / S, *_wrong_residuals(r, S))
        d = backward(do, p, turn, dy, later)
        for name, array in d.items():
            found.setdefault(name, []).insert(0, array)
        for name, array in _of_parameters(do, turn, d["a"], dy).items():
            total[name] += array
        later = d["a"] @ p["Wh"].T, d["c"] * turn.f
    return value, total, {**others(found, p), "h": [turn.h for turn in turns]}, do


def _wrong_residuals(r: A, S: int) -> tuple[Callable[[], A], ...]:
    return lambda: r / S, lambda: 2 * r


def _of_parameters(do: Made, turn: Turn, da: A, dy: A) -> dict[str, A]:
    """The share of one turn in the gradients."""
    return {
        "Wx": do("Wx", turn.x.T @ da, lambda: -turn.x.T @ da),
        "Wh": do("Wh", turn.h_before.T @ da, lambda: turn.h.T @ da),
        "b": do("b", da.sum(0), lambda: da.mean(0)),
        "V": do("V", turn.h.T @ dy, lambda: turn.s.T @ dy),
    }


LSTM = Model("lstm", lstm_point, lstm_loss, lstm)
