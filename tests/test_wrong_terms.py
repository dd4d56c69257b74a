"""A penalty of one parameter is derived for another, masks and numbers are exchanged: named."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from autograd_ref import check_gradients
from autograd_ref.reference.torch_loss import differentiate
from tests.test_kinds_of_slips import with_back
from tests.test_wrong_stretches import X, told

RANDOM = np.random.default_rng(4)
LAYER = {"W": RANDOM.normal(size=(3, 4)), "b": RANDOM.normal(size=1)}
KEPT = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0], dtype=torch.float64)


def penalty(kind: str, p: Tensor) -> Tensor:
    return {"abs": p.abs(), "square": p.square(), "power": p**2, "product": p * p}[kind].sum()


@pytest.mark.untraced
@pytest.mark.parametrize("kind", ["abs", "square", "power", "product"])
def test_a_penalty_of_the_weights_that_the_bias_has_as_well_is_named(kind: str) -> None:
    def loss(*, of_both: bool) -> Callable[..., Tensor]:
        def made(p: Mapping[str, Tensor]) -> Tensor:
            cost = torch.tanh(X @ p["W"] + p["b"]).sum() + 0.3 * penalty(kind, p["W"])
            return cost + 0.3 * penalty(kind, p["b"]) if of_both else cost

        return made

    assert "b is penalised as p is" in told_of_layer(loss(of_both=False), loss(of_both=True))


def told_of_layer(right: Callable[..., Tensor], wrong: Callable[..., Tensor]) -> str:
    def gradients(p: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {str(path[0]): np.asarray(g) for path, g in differentiate(wrong, p, ())[1].items()}

    causes = check_gradients(gradients, LAYER, loss=right).causes
    return " | ".join(cause.explanation for cause in causes)


@pytest.mark.untraced
def test_a_product_with_other_numbers_is_no_penalty() -> None:
    def loss(*, of_both: bool) -> Callable[..., Tensor]:
        def made(p: Mapping[str, Tensor]) -> Tensor:
            weighted = (torch.linspace(0.2, 1, 4) * p["W"] ** 2).sum()
            cost = torch.tanh(X @ p["W"] + p["b"]).sum() + weighted
            return cost + 0.3 * (p["b"] ** 2).sum() if of_both else cost

        return made

    assert "is penalised" not in told_of_layer(loss(of_both=False), loss(of_both=True))


def masked(*, opposite: bool) -> Callable[..., Tensor]:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        each, kept = torch.sin(X @ p["W"]).sum(1) + (X @ p["V"]).exp().sum(1), KEPT
        if opposite:
            kept = 1 - kept
        return (each * kept).sum() / kept.sum()

    return loss


@pytest.mark.untraced
def test_a_mask_of_the_others_is_named() -> None:
    assert "1 - kept stands for kept" in told(masked(opposite=False), masked(opposite=True)) or (
        "1 - KEPT stands for KEPT" in told(masked(opposite=False), masked(opposite=True))
    )


def weighted(a: float, b: float) -> Callable[..., Tensor]:
    return lambda p: (a * torch.sin(X @ p["W"]).sum() + b * (X @ p["V"]).exp().sum()) ** 2


@pytest.mark.untraced
def test_weights_of_two_terms_that_are_exchanged_are_named() -> None:
    said = told(weighted(0.7, 0.2), weighted(0.2, 0.7))
    assert "are taken for each other" in said
    assert "are taken for each other" not in told(weighted(0.7, 0.2), weighted(0.2, 0.61))


def square(step: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda p: (torch.sin(step(p["W"][:, :3])) * X[:3]).exp().sum() + p["V"].sum()


@pytest.mark.untraced
def test_factors_in_the_other_order_are_named() -> None:
    b = X[:3].T.contiguous()

    def right(a: Tensor) -> Tensor:
        return a @ b

    for back in (lambda _x, _y, c: b.T @ c, lambda _x, _y, c: b @ c):
        assert "the factors stand in the other order" in told(
            square(right), square(with_back(right, back))
        )


def test_another_gelu_is_named() -> None:
    def gelu(x: Tensor) -> Tensor:
        return torch.nn.functional.gelu(x, approximate="tanh")

    def exact(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
        phi = torch.exp(-(x**2) / 2) / (2 * torch.pi) ** 0.5
        return c * (0.5 * (1 + torch.erf(x / 2**0.5)) + x * phi)

    def quick(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
        s = torch.sigmoid(1.702 * x)
        return c * (s + 1.702 * x * s * (1 - s))

    for back, said in (
        (exact, "of the exact form, with erf"),
        (quick, "sigmoid(1.702 * x)"),
    ):

        def loss(step: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
            def made(p: Mapping[str, Tensor]) -> Tensor:
                z = X @ p["W"]
                return (step(z) * (X @ p["V"])).sum()

            return made

        assert said in told(loss(gelu), loss(with_back(gelu, back)))
