"""Operations that one differentiates in one go are named as a whole; running sums; loss parts."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from autograd_ref import Report, check_gradients
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.rules.regions import stretches
from autograd_ref.recording.tape import Ref
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.tree.point import Point
from tests.test_kinds_of_slips import with_back

RANDOM = np.random.default_rng(8)
X = torch.from_numpy(RANDOM.normal(size=(5, 3)))
PARAMETERS = {"W": RANDOM.normal(size=(3, 4)), "V": RANDOM.normal(size=(3, 4))}
ANGLES = torch.arange(5.0)[:, None].double()

Step = Callable[[Tensor], Tensor]
Back = Callable[[Tensor, Tensor, Tensor], Tensor]


def turned(x: Tensor, sign: float = 1) -> Tensor:
    one, two = x[:, 0::2], x[:, 1::2]
    c, s = torch.cos(ANGLES), sign * torch.sin(ANGLES)
    return torch.stack([one * c - two * s, one * s + two * c], dim=-1).reshape(x.shape)


def two_turned(first: Step = turned, second: Step = turned) -> Callable[..., Tensor]:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        q, k = first(X @ p["W"]), second(X @ p["V"])
        return (torch.softmax(q @ k.T, 1) ** 2).sum() + (q**3).sum()

    return loss


def asked(loss: Callable[..., Tensor], wrong: Callable[..., Tensor]) -> Report:
    def gradients(p: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = differentiate(wrong, p, ())[1]
        return {str(path[0]): np.asarray(g) for path, g in found.items()}

    report = check_gradients(gradients, PARAMETERS, loss=loss)
    assert report.verdict == "mismatch"
    return report


def told(loss: Callable[..., Tensor], wrong: Callable[..., Tensor]) -> str:
    return " | ".join(cause.explanation for cause in asked(loss, wrong).causes)


WRONG_WAY = with_back(turned, lambda _x, _y, c: turned(c))
LEFT_OUT = with_back(turned, lambda _x, _y, c: c)


@pytest.mark.untraced
def test_a_rotation_that_is_not_turned_back_is_named() -> None:
    one = told(two_turned(), two_turned(WRONG_WAY))
    both = told(two_turned(), two_turned(WRONG_WAY, WRONG_WAY))
    for said in (one, both):
        assert "q is taken through the steps from x as a value is, not back" in said or (
            "k is taken through the steps from x as a value is, not back" in said
        )


@pytest.mark.untraced
def test_a_rotation_that_is_left_out_on_the_way_back_is_named() -> None:
    assert "is left out: what comes back to q" in told(two_turned(), two_turned(LEFT_OUT))
    assert "is left out: what comes back to" in told(two_turned(), two_turned(LEFT_OUT, LEFT_OUT))


@pytest.mark.untraced
def test_a_rotation_that_is_halved_on_the_way_back_is_no_rotation_left_out() -> None:
    halved = with_back(turned, lambda _x, _y, c: 0.37 * c + 0.1 * c.flip(1))
    assert not told(of_entries(turned), of_entries(halved))


def logistic(x: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-x))


def log_cosh(x: Tensor) -> Tensor:
    return torch.log(torch.cosh(x))


def of_entries(function: Step) -> Callable[..., Tensor]:
    return lambda p: ((function(X @ p["W"]) @ p["V"].T) ** 2).mean()


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("function", "back", "said"),
    [
        (logistic, lambda x, _y, c: c * x * (1 - x), "is taken to be x * (1 - x)"),
        (logistic, lambda _x, y, c: c * (1 - y**2), "is taken to be 1 - y**2"),
        (logistic, lambda _x, _y, c: c, "is left out"),
        (log_cosh, lambda x, _y, c: c * x, "is taken to be x"),
        (log_cosh, lambda x, _y, c: c * torch.sign(x), "is taken to be sign(x)"),
    ],
)
def test_another_derivative_of_a_function_that_is_written_out_is_named(
    function: Step, back: Back, said: str
) -> None:
    explained = told(of_entries(function), of_entries(with_back(function, back)))
    assert said in explained
    assert function.__name__ not in explained  # it is told where it is written, not where called


@pytest.mark.untraced
def test_no_formula_is_claimed_of_a_function_that_is_written_out_where_none_fits() -> None:
    back = with_back(logistic, lambda x, y, c: c * (0.3 * x + y * y))
    assert not told(of_entries(logistic), of_entries(back))


def test_a_stretch_ends_where_something_else_comes_in_or_goes_out() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        h = torch.tanh(X @ p["W"])
        inner = torch.exp(-h)
        y = inner / (1 + inner)
        z = torch.sin(torch.cos(y)) * (X @ p["V"])
        return (z + inner).sum()

    tape = recorded(loss, Point(PARAMETERS, ()))
    at = {node.site.operation: i for i, node in enumerate(tape.nodes)}

    def ends(operation: str) -> list[int]:
        return [stretch.last.node for stretch in stretches(tape, Ref(at[operation]))]

    assert ends("tanh") == [at["exp"]]  # what comes after it is not all that comes of it
    assert ends("exp") == [at["div"], at["cos"], at["sin"]]  # and of these no product with another
    assert ends("div") == [at["sin"]]


RUNNING: list[tuple[Step, Back, str]] = [
    (lambda x: x.cumsum(0), lambda _x, _y, c: c.cumsum(0), "its own place and all later ones"),
    (
        lambda x: x.cumsum(0),
        lambda _x, _y, c: c.sum(0, keepdim=True).expand_as(c),
        "all places, before and after",
    ),
    (
        lambda x: x.cumsum(0),
        lambda _x, _y, c: c.flip(0).cumsum(0).flip(0) - c,
        "the places before, not its own",
    ),
    (
        lambda x: torch.logcumsumexp(x, 0),
        lambda x, y, c: c * (x - y).exp(),
        "only to its own place",
    ),
    (
        lambda x: torch.logcumsumexp(x, 0),
        lambda x, y, c: x.exp() * (c / y.exp()).cumsum(0),
        "its own place and all later ones",
    ),
    (
        lambda x: torch.logcumsumexp(x, 0),
        lambda _x, y, c: (c / y.exp()).flip(0).cumsum(0).flip(0),
        "without the exponential of each place",
    ),
    (
        lambda x: torch.logcumsumexp(x, 0),
        lambda _x, _y, c: (c / torch.arange(1, 6)[:, None]).flip(0).cumsum(0).flip(0),
        "in equal shares",
    ),
    (
        lambda x: torch.logcumsumexp(x, 0),
        lambda x, _y, c: x.exp() * c.flip(0).cumsum(0).flip(0),
        "without the division by the sum",
    ),
]


def of_rows(function: Step) -> Callable[..., Tensor]:
    return lambda p: ((function(X @ p["W"]) @ p["V"].T) ** 3).sum()


@pytest.mark.untraced
@pytest.mark.parametrize(("function", "back", "said"), RUNNING)
def test_a_wrong_derivative_of_a_running_sum_is_named(
    function: Step, back: Back, said: str
) -> None:
    assert said in told(of_rows(function), of_rows(with_back(function, back)))


def test_a_share_of_the_places_before_is_named() -> None:
    def back(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
        e, found = x.exp(), torch.zeros_like(x)
        for j in range(1, len(x)):
            found[:j] += c[j] * e[:j] / e[:j].sum(0)
        return found

    def running(x: Tensor) -> Tensor:
        return torch.logcumsumexp(x, 0)

    said = told(of_rows(running), of_rows(with_back(running, back)))
    assert "its own place is missing" in said


@pytest.mark.untraced
def test_a_running_sum_that_is_none_is_not_named() -> None:
    back = with_back(lambda x: x.cumsum(0), lambda _x, _y, c: c.cumsum(0) + 0.5 * c)
    assert not told(of_rows(lambda x: x.cumsum(0)), of_rows(back))


@pytest.mark.untraced
def test_one_block_that_is_derived_from_another_loss_is_named_alone() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        r = torch.tanh(X @ p["W"])
        return (torch.linalg.solve(r.T @ r + torch.eye(4), (X @ p["V"]).T) ** 2).sum()

    def other(p: Mapping[str, Tensor]) -> Tensor:
        r = torch.tanh(X @ p["W"])
        return (torch.linalg.solve(r.T @ r, (X @ p["V"]).T) ** 2).sum()

    def gradients(p: Mapping[str, np.ndarray]) -> dict[str, Any]:
        right, wrong = differentiate(loss, p, ())[1], differentiate(other, p, ())[1]
        return {"W": np.asarray(right["W",]), "V": np.asarray(wrong["V",])}

    (cause,) = check_gradients(gradients, PARAMETERS, loss=loss).causes[:1]
    assert cause.blocks == ("V",)
    assert "in the derivation by V alone" in cause.explanation
