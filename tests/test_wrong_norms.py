"""Wrong derivatives of what is normalised are named by the part of the formula that is wrong."""

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.test_kinds_of_slips import with_back
from tests.test_wrong_stretches import X, told

GAIN = torch.linspace(0.5, 1.5, 4, dtype=torch.float64)
EPS = 1e-3

Form = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""The derivative from x, n, s and what comes back to n."""


def mean(c: Tensor) -> Tensor:
    return c.mean(1, keepdim=True)


def centred(x: Tensor) -> Tensor:
    d = x - x.mean(1, keepdim=True)
    return d / torch.sqrt((d**2).mean(1, keepdim=True) + EPS)


def by_root(x: Tensor) -> Tensor:
    return x * torch.rsqrt((x**2).mean(1, keepdim=True) + EPS)


def by_norm(x: Tensor) -> Tensor:
    return x / x.norm(dim=1, keepdim=True)


SCALES: dict[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]] = {
    centred: lambda x: torch.sqrt(x.var(1, correction=0, keepdim=True) + EPS),
    by_root: lambda x: torch.sqrt((x**2).mean(1, keepdim=True) + EPS),
    by_norm: lambda x: x.norm(dim=1, keepdim=True),
}

WRONG: list[tuple[Callable[[Tensor], Tensor], Form, str]] = [
    (centred, lambda x, n, s, c: (c - mean(c) - x * mean(c * n)) / s, "x stands for the first n"),
    (centred, lambda _x, n, s, c: (c - mean(c) - n * mean(c)) / s, "the last n is missing"),
    (centred, lambda _x, n, s, c: (c - mean(c) - n * s * mean(c * n)) / s, "for the first n"),
    (centred, lambda _x, n, s, c: (c - 4 * (mean(c) + n * mean(c * n))) / s, "sums stand"),
    (centred, lambda _x, n, s, c: (c - 4 / 3 * (mean(c) + n * mean(c * n))) / s, "divide by 3"),
    (by_root, lambda x, _n, s, c: (c - x * mean(c * x)) / s, "x stands for n"),
    (by_root, lambda x, n, s, c: (c - n * mean(c * x)) / s, "is missing in what reaches"),
    (by_root, lambda _x, n, s, c: (c - n * (c * n).mean(0)) / s, "along axis 0, not along axis 1"),
    (by_norm, lambda x, n, s, c: (c - x * (c * n).sum(1, keepdim=True)) / s, "for the first n"),
    (by_norm, lambda _x, n, s, c: (c - n * (c * n).sum(0)) / s, "axis 0 of x"),
]


def of_rows(step: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda p: (torch.tanh(step(X @ p["W"]) @ p["V"].T) ** 2).sum()


@pytest.mark.untraced
@pytest.mark.parametrize(("step", "form", "said"), WRONG)
def test_a_wrong_part_of_the_formula_is_named(
    step: Callable[[Tensor], Tensor], form: Form, said: str
) -> None:
    wrong = with_back(step, lambda x, y, c: form(x, y, SCALES[step](x), c))
    assert said in told(of_rows(step), of_rows(wrong))


@pytest.mark.untraced
def test_a_formula_that_nobody_writes_is_not_named() -> None:
    form = with_back(centred, lambda x, y, c: c - 0.83 * mean(c) - y * mean(c * y) + 0.1 * x)
    assert not told(of_rows(centred), of_rows(form))


def grouped(x: Tensor, groups: int = 2, *, late: bool = False, over: int | None = None) -> Tensor:
    """Groups of channels, with a gain for each channel, and what is wrong on the way back."""

    def forward(x: Tensor) -> Tensor:
        rows = x.reshape(len(x), groups, -1)
        d = rows - rows.mean(2, keepdim=True)
        return (d / torch.sqrt((d**2).mean(2, keepdim=True) + EPS)).reshape(x.shape)

    def back(x: Tensor, y: Tensor, c: Tensor) -> Tensor:
        rows = x.reshape(len(x), groups, -1)
        s = torch.sqrt(rows.var(2, correction=0, keepdim=True) + EPS)
        c, y = (t.reshape(len(x), over or groups, -1) for t in (c, y))
        back = c - c.mean(2, keepdim=True) - y * (c * y).mean(2, keepdim=True)
        found = (back.reshape(rows.shape) / s).reshape(x.shape)
        return found * GAIN[:, None] if late else found

    if not late:
        return GAIN[:, None] * (with_back(forward, back)(x) if over else forward(x))

    def scaled(x: Tensor) -> Tensor:
        return GAIN[:, None] * forward(x)

    return with_back(scaled, lambda x, y, c: back(x, y / GAIN[:, None], c))(x)


def of_groups(*, over: int | None = None, late: bool = False) -> Callable[..., Tensor]:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        images = (X @ p["W"]).reshape(5, 4, 1) * torch.tensor([1.0, 0.4, -1.2])
        return (torch.sin(grouped(images, over=over, late=late)) * images).sum()

    return loss


@pytest.mark.untraced
def test_statistics_of_other_groups_and_a_gain_that_comes_late_are_named() -> None:
    assert "the means are over groups of 12 entries, not of 6" in told(
        of_groups(), of_groups(over=1)
    )
    assert "the means are over groups of 3 entries, not of 6" in told(
        of_groups(), of_groups(over=4)
    )
    assert "is multiplied on last" in told(of_groups(), of_groups(late=True))


@pytest.mark.untraced
def test_a_group_norm_of_pytorch_is_taken_apart() -> None:
    def right(x: Tensor) -> Tensor:
        return functional.group_norm(x, 2, eps=EPS)

    def back(x: Tensor, y: Tensor, c: Tensor) -> Tensor:
        rows = x.reshape(5, 2, -1)
        s = torch.sqrt(rows.var(2, correction=0, keepdim=True) + EPS)
        c, y = c.reshape(rows.shape), y.reshape(rows.shape)
        return ((c - c.sum(2, keepdim=True) - y * (c * y).sum(2, keepdim=True)) / s).reshape(
            x.shape
        )

    def loss(step: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
        return lambda p: (step(X @ p["W"]) * (X @ p["V"]).exp()).sum()

    assert "sums stand for the means" in told(loss(right), loss(with_back(right, back)))


def test_the_constant_beside_the_root_is_named() -> None:
    def loss(*, outside: bool) -> Callable[..., Tensor]:
        def made(p: Mapping[str, Tensor]) -> Tensor:
            v = (X @ p["W"]).var(1, correction=0)
            root = torch.sqrt(v) + 0.1 if outside else torch.sqrt(v + 0.1)
            return (torch.sin(X @ p["V"]) / root[:, None]).sum()

        return made

    assert "0.1 is added to the root, not under it" in told(loss(outside=False), loss(outside=True))
