"""Constants of an operation that are other ones in its derivative: an exponent, an eps, a slope."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

OTHERS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("0", lambda _n: 0),
    ("1", lambda _n: 1),
    ("{n} + 1", lambda n: n + 1),
    ("{n} - 1", lambda n: n - 1),
    ("2 * {n}", lambda n: 2 * n),
    ("{n} / 2", lambda n: n / 2),
    ("{n}**2", lambda n: n * n),
    ("1/{n}", lambda n: 1 / n),
    ("-{n}", lambda n: -n),
)

HAVE_THEM = frozenset(
    "pow native_layer_norm native_batch_norm _native_batch_norm_legit native_group_norm"
    " leaky_relu elu softplus smooth_l1_loss huber_loss gelu celu hardtanh clamp".split()
)
"""Operations whose derivative has a constant in it."""


DEFAULTS: dict[str, tuple[float, ...]] = {
    "leaky_relu": (0.01, 0.1, 0.2),
    "native_layer_norm": (1e-5, 1e-6),
}
"""Numbers that stand there where one does not say another."""


def _instead(number: float, _own: Any) -> float:
    return number


def constants(node: Node, _place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield the derivatives with another constant."""
    of_power = node.site.operation == "pow"
    for which, number in enumerate(node.numbers):
        seen = {number}
        defaults = DEFAULTS.get(node.site.operation, ())
        others = [(f"{n:g}", partial(_instead, n)) for n in defaults]
        for text, change in (*OTHERS, *others):
            if number == 0 and text in ("1/{n}", "-{n}"):
                continue
            if change(number) not in seen:
                seen.add(change(number))
                said = f"{number:g} is {text.format(n=f'{number:g}')} in the derivative by {{x}}"
                yield Rule(
                    "another constant",
                    _with(which, change, of_power=of_power),
                    said,
                    2.5,
                    "use the same number",
                )


def gelu(node: Node, _place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield wrong derivatives of GELU: of another form of it, without the density's constant."""
    assert isinstance(node.compute, Replay), "asked before"
    is_tanh = node.compute.kwargs.get("approximate") == "tanh"
    forms: tuple[tuple[str, Callable[[Tensor], Tensor]], ...] = (
        ("of the exact form, with erf,", functional.gelu)
        if is_tanh
        else ("of the form with tanh", partial(functional.gelu, approximate="tanh")),
        ("of x * sigmoid(1.702 * x)", lambda x: x * torch.sigmoid(1.702 * x)),
    )
    fix = "use the derivative of the form that is computed"
    for said, form in forms:
        yield Rule("another form", _derived(form), f"the derivative {said} is taken", 1.9, fix)

    def by_density(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        x = at.x
        return at.c * (0.5 + 0.5 * torch.erf(x / 2**0.5) + x * torch.exp(-(x**2) / 2))

    said = "the density in its derivative lacks the factor 1/sqrt(2 pi)"
    yield Rule("a factor missing", by_density, said, 1.9, "multiply it by 1/sqrt(2 pi)")


def _derived(
    form: Callable[[Tensor], Tensor],
) -> Callable[[At, Tensor | None, Tensor | None], Tensor | None]:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        leaf = at.x.detach().requires_grad_()
        with torch.enable_grad():
            (found,) = cast("tuple[Tensor]", torch.autograd.grad(form(leaf), leaf, at.c))
        return found

    return made


def _with(
    which: int, change: Callable[[Any], Any], *, of_power: bool
) -> Callable[[At, Tensor | None, Tensor | None], Tensor | None]:
    def typed(old: Any) -> Any:
        if isinstance(old, int) and not of_power:
            raise ValueError("a count, an axis, a choice: no constant of a formula")
        new = change(old)
        return int(new) if isinstance(old, int) and new == int(new) else new

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        step = at.step
        if step is None or not isinstance(step.node.compute, Replay):
            return None
        compute = step.node.compute.with_number(which, typed)
        return step.computing(compute).back({0: at.c.unsqueeze(0)})[at.place][0]

    return made
