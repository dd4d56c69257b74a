"""Data-parallel gradients of other losses than the built-in one, right and wrong, for tests."""

from typing import Any

import numpy as np
import torch

from autograd_ref import check_gradients
from autograd_ref.report.report import Report
from tests.parallel_steps import all_reduced, rank


def total(p: Any, X: Any, rate: float, note: str) -> Any:
    """A sum over samples, with a number and a word beside them."""
    assert note
    return rate * ((X @ p["w"]) ** 2).sum() + len(X) * (p["b"] ** 2).sum()


def of_nine(p: Any, X: Any, rate: float, note: str) -> Any:
    """A loss of nine samples and no other number."""
    if len(X) != 9:
        raise ValueError("not nine")
    return total(p, X, rate, note)


def summed(p: Any, X: Any, rate: float, _note: str) -> Any:
    X, w = np.asarray(X), np.asarray(p["w"])
    by_w, by_b = all_reduced([2 * rate * X.T @ (X @ w), 2 * len(X) * p["b"]])
    return {"w": by_w, "b": by_b}


def in_tensors(p: Any, X: Any, rate: float, note: str) -> Any:
    found = summed({name: tensor.numpy() for name, tensor in p.items()}, X, rate, note)
    return {name: torch.from_numpy(np.asarray(block)) for name, block in found.items()}


def averaged(p: Any, X: Any, rate: float, note: str) -> Any:
    found = summed(p, X, rate, note)
    return {**found, "w": found["w"] / 2}


def without_empty(p: Any, X: Any, rate: float, note: str) -> Any:
    found = summed(p, X, rate, note)
    return {**found, "w": 0 * found["w"] if not len(X) else found["w"]}


def of_another_loss(p: Any, X: Any, rate: float, note: str) -> Any:
    found = summed(p, X, rate, note)
    return {**found, "w": found["w"] * np.cos(found["w"]) + 0.1}


def with_wrong_loss(p: Any, X: Any, rate: float, note: str) -> Any:
    return 7.0, summed(p, X, rate, note)


def without_b(p: Any, X: Any, rate: float, note: str) -> Any:
    found = summed(p, X, rate, note)
    return {"w": found["w"]} if rank() else found


def of_another_shape(p: Any, X: Any, rate: float, note: str) -> Any:
    found = summed(p, X, rate, note)
    return {**found, "w": found["w"][:2]} if rank() else found


def raises_alone(p: Any, _X: Any, _rate: float, _note: str) -> Any:
    if rank():
        raise ArithmeticError("not here")
    return {"w": 0 * p["w"], "b": 0 * p["b"]}


class Unsendable(Exception):
    """An error that cannot be made from its text."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def raises_what_cannot_be_sent(p: Any, X: Any, _rate: float, _note: str) -> Any:
    raise Unsendable(len(p), len(X))


STEPS = {
    step.__name__: step
    for step in (
        *(summed, in_tensors, averaged, without_empty, of_another_loss, with_wrong_loss),
        *(without_b, of_another_shape, raises_alone, raises_what_cannot_be_sent),
    )
}
LOSSES = {"total": total, "of_nine": of_nine}


def checked(name: str, loss: str, X: Any, *, rate: float = 0.5, w: Any = None) -> Report:
    """The report of a step, as one process has it; X in tensors makes parameters tensors, too."""
    p: dict[str, Any] = {"w": np.array([1.0, -2.0, 0.5]) if w is None else w, "b": np.ones(2)}
    if isinstance(X, torch.Tensor):
        p = {key: torch.from_numpy(block) for key, block in p.items()}
    return check_gradients(STEPS[name], p, X, rate, "a note", loss=LOSSES[loss])
