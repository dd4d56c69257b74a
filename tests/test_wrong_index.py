"""An index applied again, another one, or that of the step before, on the way back: named."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.test_confusions import X, by_hand, told

RANDOM = np.random.default_rng(6)
ROWS = {"W": RANDOM.normal(size=(3, 2)), "table": RANDOM.normal(size=(6, 2))}
ORDER = torch.tensor([2, 0, 3, 4, 1])
SENDERS, RECEIVERS = torch.tensor([0, 1, 1, 3, 4, 2, 0]), torch.tensor([1, 2, 4, 0, 0, 3, 3])
TOKENS = [0, 3, 3, 1, 5, 2]
WEIGHTS = torch.tensor(RANDOM.normal(size=(7, 2)))


def put(c: Tensor, index: Tensor, rows: int) -> Tensor:
    return torch.zeros(rows, *c.shape[1:], dtype=c.dtype).index_add(0, index, c)


def sorted_rows(take: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        rows = torch.sin(X @ p["W"])
        return (torch.cumsum(take(rows, ORDER), 0) ** 2).sum()

    return loss


def index(x: Tensor, where: Tensor) -> Tensor:
    return x[where]


def index_select(x: Tensor, where: Tensor) -> Tensor:
    return x.index_select(0, where)


def scattered(x: Tensor, where: Tensor) -> Tensor:
    return torch.zeros_like(x).index_add(0, where, x)


@pytest.mark.untraced
@pytest.mark.parametrize("take", [index, index_select, scattered])
def test_an_index_that_is_applied_again_is_named(take: Callable[..., Tensor]) -> None:
    wrong = by_hand(take, lambda c, _x, where: (take(c, where), None))
    found = told(sorted_rows(take), sorted_rows(wrong), {"W": ROWS["W"]})
    assert "the index is applied once more to what comes back" in found


def test_another_permutation_is_no_index_of_the_loss() -> None:
    wrong = by_hand(index, lambda c, _x, _where: (c[[4, 3, 1, 0, 2]], None))
    found = told(sorted_rows(index), sorted_rows(wrong), {"W": ROWS["W"]})
    assert "index" not in found.replace("one index", "")


@pytest.mark.untraced
@pytest.mark.parametrize("back", [RECEIVERS, RECEIVERS.flip(0)])
def test_the_other_end_of_an_edge_is_named_where_it_is_one(back: Tensor) -> None:
    def graph(take: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            src, dst = SENDERS.clone(), RECEIVERS.clone()
            h = torch.sin(X @ p["W"])
            messages = take(h, src) * WEIGHTS
            total = torch.zeros_like(h).index_add(0, dst, messages)
            return torch.logsumexp((WEIGHTS[:5] * total**2).flatten(), 0)

        return loss

    wrong = by_hand(index, lambda c, _x, _where: (put(c, back, 5), None))
    found = told(graph(index), graph(wrong), {"W": ROWS["W"]})
    assert ("with dst in the place of src" in found) == (back is RECEIVERS)


def one_row(x: Tensor, where: Tensor) -> Tensor:
    return x[int(where)]


def one_of(x: Tensor, where: Tensor) -> Tensor:
    return x[where[None]]


def sequence(
    take: Callable[..., Tensor], back: Sequence[int] | None = None, first: int = 0
) -> Callable[..., Tensor]:
    """A loop over tokens; perhaps with other indices on the way back."""

    def loss(p: Mapping[str, Tensor]) -> Tensor:
        state = torch.zeros(2, dtype=torch.float64)
        if first:
            state = torch.sin(take(p["table"], torch.tensor(TOKENS[0])))
        for turn, token in enumerate(TOKENS[first:]):
            used = take
            if back is not None:
                to = torch.tensor([back[turn]])
                used = by_hand(
                    take, lambda c, _x, _where, to=to: (put(c.reshape(1, 2), to, 6), None)
                )
            state = torch.tanh(state @ p["W"][:2] + used(p["table"], torch.tensor(token)))
        return (state**2).sum()

    return loss


@pytest.mark.traced("1-back4--one_of")
@pytest.mark.parametrize("take", [one_row, one_of])
@pytest.mark.parametrize(
    ("first", "back", "said"),
    [
        (0, [TOKENS[0], *TOKENS[:-1]], "of the step before"),
        (0, [TOKENS[-1], *TOKENS[:-1]], "goes to the index of the step before, round the ends."),
        (0, [*TOKENS[1:], TOKENS[-1]], "of the step after"),
        (1, TOKENS[:-1], "of the step before"),
        (1, TOKENS[::-1], ""),
    ],
)
def test_the_index_of_another_step_is_named(
    take: Callable[..., Tensor], first: int, back: Sequence[int], said: str
) -> None:
    found = told(sequence(take, first=first), sequence(take, back, first), ROWS)
    assert said in found
    assert said or "of the step" not in found


@pytest.mark.untraced
@pytest.mark.parametrize("by", [1, -1, 2])
def test_lags_that_are_off_by_one_are_named(by: int) -> None:
    y = torch.tensor(RANDOM.normal(size=9))

    def series(lag: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            phi, total = p["phi"], torch.zeros((), dtype=torch.float64)
            for t in range(3, 7):
                total = total + torch.sin(
                    lag(phi[0], y[t - 1], y[t - 1 + by]) + lag(phi[1], y[t - 2], y[t - 2 + by])
                )
            return total

        return loss

    wrong = by_hand(lambda a, b, _other: a * b, lambda c, _a, _b, other: (c * other, None, None))
    right = series(lambda a, b, _other: a * b)
    found = told(right, series(wrong), {"phi": RANDOM.normal(size=2)})
    so = {1: "after", -1: "before"}.get(by, "beside")
    assert (f"with the entry {so} the one of y that the loss takes" in found) == (by != 2)


@pytest.mark.untraced
def test_entries_of_several_arrays_have_no_index_of_another_step() -> None:
    def loss(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def made(p: Mapping[str, Tensor]) -> Tensor:
            state = torch.zeros(2, dtype=torch.float64)
            for turn, array in enumerate((p["W"], p["table"], p["W"], p["table"])):
                state = function(state * 0.5 + array[turn % 3]) + (array[0] if turn else 0)
            return (state**2).sum()

        return made

    wrong = by_hand(torch.sin, lambda c, x: (c * torch.cos(x) * x.exp(),))
    assert "index" not in told(loss(torch.sin), loss(wrong), ROWS)


@pytest.mark.untraced
def test_places_that_are_alike_need_not_all_take_entries() -> None:
    def loss(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def made(p: Mapping[str, Tensor]) -> Tensor:
            state, images = p["table"][:1, :1].expand(5, 2), torch.stack([X, X + 1, X - 1])
            for step in range(3):
                state = function(images[step] @ p["W"] + state @ p["table"][:2])
            return (state**2).sum()

        return made

    wrong = by_hand(torch.sin, lambda c, x: (c * torch.cos(x) * x.exp(),))
    assert "index" not in told(loss(torch.sin), loss(wrong), ROWS)
