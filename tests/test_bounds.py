"""Every term of the bounds is needed: the worst rounding of each kind is put in, and reaches them.

The network is written out once more with an error at each place where section 5 of the derivation
says that one is made. All are as large as they may be, with the signs that move one entry furthest.
"""

from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref.assignment.bounds import bounds_around
from autograd_ref.assignment.problems import Problem
from autograd_ref.network import exact_pass
from autograd_ref.rounding.arithmetic import Arithmetic, Forms
from manual_backprop import Parameters
from manual_backprop.parameters import Array
from manual_backprop.validation import checked_batch

Values = dict[str, Tensor]


class Network(NamedTuple):
    W0: Tensor
    b0: Tensor
    W1: Tensor
    b1: Tensor
    X: Tensor
    Y: Tensor


def results(network: Network, errors: Values) -> Values:
    """All results, each with the errors made on the way; without any they are exact."""
    W0, b0, W1, b1, X, Y = network
    S = len(X)

    def made_at(place: str) -> Tensor | float:
        return errors.get(place, 0.0)

    z1 = X @ W0.T + b0 + made_at("z1")
    a1 = functional.softplus(z1, threshold=700) + made_at("a1")
    sigma = torch.sigmoid(z1) + made_at("sigma")
    z2 = a1 @ W1.T + b1 + made_at("z2")
    p = torch.softmax(z2, 1)
    sum_Y = Y.sum(1, keepdim=True)
    loss = sum_Y[:, 0] * torch.logsumexp(z2, 1) - (Y * z2).sum(1) + made_at("l")
    e2 = (p * sum_Y - Y) / S + made_at("e2")
    delta1 = (e2 @ W1 + made_at("back")) * sigma + made_at("delta1")
    return {
        "loss": loss.sum() / S + made_at("loss"),
        "l": loss,
        "z1": z1,
        "a1": a1,
        "z2": z2,
        "y_hat": p + made_at("y_hat"),
        "e2": e2,
        "delta1": delta1,
        "W0": delta1.T @ X + made_at("W0"),
        "b0": delta1.sum(0) + made_at("b0"),
        "W1": e2.T @ a1 + made_at("W1"),
        "b1": e2.sum(0) + made_at("b1"),
    }


def sizes(network: Network, arithmetic: Arithmetic) -> Values:
    """How large the error at each place may be: the derivation's section 5, line by line."""
    W0, b0, W1, b1, X, Y = network
    exact = results(network, {})
    (S, N_I), (N_O, N_H) = X.shape, W1.shape
    unit, eta, forms, drifting, reference = arithmetic[:5]

    def growth(n: int) -> float:
        return 1 + (n if drifting else n**0.5) / 4

    def summed(terms: Tensor, n: int) -> Tensor:
        return (unit + reference) * growth(n) * terms + n * eta  # (A)

    def function(own: Tensor, theirs: Tensor) -> Tensor:
        return 4 * (unit * own + reference * theirs) + eta

    def hidden(value: Tensor) -> Tensor:
        scale = value.clamp(min=1) if forms is Forms.TEXTBOOK else value
        return function(scale, scale)

    def output(value: Tensor, parts: Tensor) -> Tensor:
        lossy = torch.maximum(value, parts)
        return growth(N_O) * function(lossy if forms is Forms.TEXTBOOK else value, lossy)

    a1, z2, y_hat, e2 = (exact[name] for name in ("a1", "z2", "y_hat", "e2"))
    sigma, sum_Y = torch.sigmoid(exact["z1"]), Y.sum(1, keepdim=True)
    gaps = z2.max(1, keepdim=True).values - z2
    terms = y_hat * (sum_Y - Y) + Y * (1 - y_hat)
    back = (e2 @ W1).abs()
    in_a_row = S if forms is Forms.TEXTBOOK else min(S, 24 + S.bit_length())
    return {
        "z1": summed(X.abs() @ W0.abs().T + b0.abs(), N_I + 1),
        "a1": hidden(a1),  # (B)
        "sigma": hidden(sigma),  # (C)
        "z2": summed(a1 @ W1.abs().T + b1.abs(), N_H + 1) + (unit + reference) * gaps,  # (D)
        "y_hat": growth(N_O) * function(y_hat, y_hat),  # (E)
        "l": output(exact["l"], sum_Y[:, 0]),  # (F)
        "loss": summed(exact["l"], in_a_row).sum() / S,
        "e2": output(terms, y_hat + Y) / S + function(e2.abs(), e2.abs()),  # (G)
        "back": summed(e2.abs() @ W1.abs(), N_O),  # (H)
        "delta1": function(back * sigma, back * sigma),
        "W0": summed((back * sigma).T @ X.abs(), S),  # (I)
        "b0": summed((back * sigma).sum(0), S),
        "W1": summed(e2.abs().T @ a1, S),
        "b1": summed(e2.abs().sum(0), S),
    }


def furthest(network: Network, size: Values, name: str) -> Array:
    """How far each entry of a result gets with all errors at once, each in its worst direction."""
    exact = results(network, {})[name]
    found = torch.zeros(exact.numel(), dtype=torch.float64)
    for entry in range(exact.numel()):
        none = {place: torch.zeros_like(s).requires_grad_() for place, s in size.items()}
        value = results(network, none)[name].reshape(-1)[entry]
        slopes = cast(
            "tuple[Tensor | None, ...]",
            torch.autograd.grad(value, list(none.values()), allow_unused=True),
        )
        for outwards in (1, -1):
            errors = {
                place: torch.zeros_like(s) if slope is None else outwards * slope.sign() * s
                for (place, s), slope in zip(size.items(), slopes, strict=True)
            }
            moved = results(network, errors)[name] - exact
            found[entry] = max(found[entry], moved.reshape(-1)[entry].abs())
    return found.reshape(exact.shape).numpy()


def problem(size: Callable[[str], tuple[float, float]], samples: int) -> Problem:
    """Mean and spread of each block by its name; three outputs, two inputs, two hidden units."""
    random = np.random.default_rng(0)
    shapes = {"W0": (2, 2), "b0": (2,), "W1": (3, 2), "b1": (3,)}
    blocks = {name: random.normal(*size(name), size=shape) for name, shape in shapes.items()}
    X = random.normal(size=(samples, 2))
    return Problem(Parameters(**blocks), X, random.integers(3, size=samples))


SIZES: dict[str, dict[str, tuple[float, float]]] = {
    "ordinary": {"W0": (0, 1), "b0": (0, 1), "W1": (0, 1e-3), "b1": (0, 0)},
    "hidden units nearly off": {"W0": (0, 0.1), "b0": (-10, 0), "W1": (0, 1e-3), "b1": (0, 0)},
    "outputs far apart": {"W0": (0, 1), "b0": (0, 0), "W1": (0, 1e-3), "b1": (0, 5)},
    "nothing but constants": {"W0": (0, 0), "b0": (0, 0), "W1": (0, 1e-6), "b1": (0, 0)},
}
SMALL = Arithmetic(1e-9, 0.0, Forms.STABLE)
UNDERFLOW = Arithmetic(0.0, 1e-9, Forms.STABLE)
LARGE = Arithmetic(0.2, 0.0, Forms.STABLE)


def reached(arithmetic: Arithmetic, found: Problem, *names: str) -> dict[str, Array]:
    """The largest error by the bound on it, for each entry; 1 where both are zero."""
    batch = checked_batch(*found)
    network = Network(*(torch.from_numpy(a) for a in (*found.parameters, *batch)))
    bounds = bounds_around(exact_pass(*found), found.parameters, batch, arithmetic)
    size = sizes(network, arithmetic)
    largest = {name: furthest(network, size, name) for name in names or bounds}
    with np.errstate(invalid="ignore"):
        return {name: np.nan_to_num(far / bounds[name], nan=1.0) for name, far in largest.items()}


@pytest.mark.untraced
@pytest.mark.parametrize("forms", Forms)
@pytest.mark.parametrize(("drifting", "reference"), [(True, 0.0), (False, 1e-9)])
@pytest.mark.parametrize(
    ("kind", "samples", "arithmetic"),
    [
        ("ordinary", 3, SMALL),
        ("hidden units nearly off", 3, SMALL),
        ("outputs far apart", 1, SMALL),
        ("outputs far apart", 1, UNDERFLOW),
        ("nothing but constants", 1, LARGE),
    ],
)
def test_the_worst_rounding_reaches_the_bound(
    kind: str,
    samples: int,
    arithmetic: Arithmetic,
    drifting: bool,
    reference: float,
    forms: Forms,
) -> None:
    arithmetic = arithmetic._replace(forms=forms, drifting=drifting, reference_unit=reference)
    for name, shares in reached(arithmetic, problem(SIZES[kind].__getitem__, samples)).items():
        assert shares.max() <= 1 + 1e-6, name
        assert shares.min() >= 0.99, name


@pytest.mark.untraced
@pytest.mark.parametrize("unit", [0.01, 0.2, 1.0])
@pytest.mark.parametrize("kind", SIZES)
def test_the_worst_rounding_stays_within_the_bound_where_it_is_large(
    kind: str, unit: float
) -> None:
    """The slopes change on the way: the first order alone would not be enough."""
    for name, shares in reached(
        SMALL._replace(unit=unit), problem(SIZES[kind].__getitem__, 2)
    ).items():
        assert shares.max() <= 1 + 1e-9, name


@pytest.mark.parametrize("forms", Forms)
def test_numpys_sum_of_losses_adds_fewer_in_a_row_than_a_loop_does(forms: Forms) -> None:
    many = problem(SIZES["ordinary"].__getitem__, 100)
    (share,) = reached(SMALL._replace(forms=forms), many, "loss").values()
    assert 0.99 <= share <= 1
