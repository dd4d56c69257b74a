"""Complex values on the way back: conjugated where they are not to be, Fourier transforms.

The derivative of a complex value z = a + ib is that by a plus i times that by b. Back through
multiplication by w leads multiplication by the conjugate of w; back through a discrete Fourier
transform the transform in the other direction, without its 1/n.
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import prod

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.tape import Node

UNSCALED = {True: 0, False: 2}
"""How PyTorch numbers the usual scaling: none to a spectrum, 1/n back from it."""

Change = Callable[[At], Tensor]

TRANSFORMS = frozenset(("_fft_r2c", "_fft_c2r", "_fft_c2c"))
"""The Fourier transforms among the operations of PyTorch."""


def spectra(node: Node, place: int, x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield the wrong steps from an operation on complex values to an operand."""
    if not (x.is_complex() or y.is_complex()):
        return
    if node.site.operation in TRANSFORMS:
        yield from _transform(node, x, y)
        return
    if y.is_complex():
        said = "what comes back to {y} is conjugated on the way to {x}"
        yield _rule("conjugated", _cotangent_conjugated, said, 2.2, "leave out that conjugation")
    if node.site.operation == "mul" and len(node.operands) == 2:
        said = f"{{operand{1 - place}}} is not conjugated on the way back to {{x}}"
        fix = f"multiply by the conjugate of {{operand{1 - place}}}"
        yield _rule("conjugated", _not_conjugated, said, 1.9, fix)


def _rule(name: SlipName, change: Change, said: str, rank: float, fix: str) -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor:
        return change(at)

    return Rule(name, made, said, rank, fix)


def _conjugate(x: Tensor) -> Tensor:
    return x.conj().resolve_conj()


def _back(at: At, c: Tensor) -> Tensor:
    assert at.step is not None, "made at steps only"
    return at.step.back({0: c[None]})[at.place][0]


def _cotangent_conjugated(at: At) -> Tensor:
    return _back(at, _conjugate(at.c))


def _not_conjugated(at: At) -> Tensor:
    assert at.step is not None, "made at steps only"
    other = 1 - at.place
    step = at.step.with_operand(other, _conjugate(at.step.operands[other]))
    return step.back({0: at.c[None]})[at.place][0]


def _other_direction(at: At) -> Tensor:
    found = _back(at, _conjugate(at.c))
    return _conjugate(found) if at.x.is_complex() else found


def _transform(node: Node, x: Tensor, y: Tensor) -> Iterator[Rule]:
    """Yield the wrong steps of a Fourier transform."""
    *axes, scaling, _flag = (int(number) for number in node.numbers)
    to_half, to_whole = y.is_complex() > x.is_complex(), x.is_complex() > y.is_complex()
    whole = y if to_whole else x
    yield _rule(
        "the other direction",
        _other_direction,
        "the transform in the same direction as in the loss stands for the way back",
        1.2,
        "take the conjugate transform",
    )
    if not (to_half or to_whole):
        return
    twice = _twice(whole.shape[axes[-1]], axes[-1], x.ndim)
    entries = prod(whole.shape[axis] for axis in axes)
    called, counts = ("irfft", "counts") if to_half else ("rfft", "does not count")
    said = f"{called} stands for the way back: it {counts} twice what stands for two entries"
    for by in {1.0, float(entries) if scaling == UNSCALED[to_half] else 1.0}:
        more = f", and {'divides' if to_half else 'does not divide'} by {entries}" * (by > 1)
        made = partial(_inverse, twice if to_half else 1 / twice, by if to_half else 1 / by)
        fix = "take the transposed transform"
        yield _rule("the inverse transform", made, said + more, 2.1 - 0.1 * (by > 1), fix)


def _inverse(twice: Tensor, by: float, at: At) -> Tensor:
    """The inverse transform, of half a spectrum or to one, from the transposed one."""
    return at.right * twice / by if at.x.is_complex() else _back(at, at.c * twice) / by


def _twice(length: int, axis: int, ndim: int) -> Tensor:
    """2 for the entries of half a spectrum that stand for two of the whole, else 1."""
    both = torch.full((length // 2 + 1,), 2.0, dtype=torch.float64, device="cpu")
    both[0] = 1.0
    if length % 2 == 0:
        both[-1] = 1.0
    return both.reshape(-1, *(1,) * (ndim - 1 - axis % ndim))
