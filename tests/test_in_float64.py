"""A loss in PyTorch is evaluated in float64, and draws what it draws outside."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional, init

from autograd_ref import check_gradients
from autograd_ref.rounding.in_float64 import InFloat64
from tests.undiagnosed import undiagnosed

A = NDArray[Any]
Make = Callable[[], Tensor]
WHOLE, MASK = torch.arange(4), torch.arange(4) > 1
WIDE = torch.arange(4, dtype=torch.float64)


@pytest.fixture(autouse=True)
def the_default_dtype_stays() -> Iterator[None]:
    assert torch.get_default_dtype() == torch.float32
    yield
    assert torch.get_default_dtype() == torch.float32


def inside(make: Make) -> Tensor:
    with InFloat64():
        return make()


def in_a_process_of_float64(make: Make) -> Tensor:
    torch.set_default_dtype(torch.float64)
    try:
        return make()
    finally:
        torch.set_default_dtype(torch.float32)


def of_the_default_dtype(number: float) -> Tensor:
    return torch.tensor(number, dtype=torch.get_default_dtype())


def several_of_the_default_dtype() -> Tensor:
    return torch.stack([torch.tensor(x, dtype=torch.get_default_dtype()) for x in (0.1, 0.2)])


class OfTheDefault(torch.autograd.Function):
    """Multiplies by a tenth, and makes the tenth anew in the backward pass."""

    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> Tensor:
        return x * torch.tensor(0.1)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        assert ctx
        return upstream[0] * torch.tensor(0.1)


MADE: dict[str, Make] = {
    "tensor": lambda: torch.tensor(0.1),
    "tensor that requires grad": lambda: torch.tensor([0.1], requires_grad=True),
    "list": lambda: torch.as_tensor([0.1, 0.2]),
    "full": lambda: torch.full((3,), 0.1),
    "filled": lambda: torch.empty(3).fill_(0.1),
    "linspace": lambda: torch.linspace(0, 1, 7),
    "arange": lambda: torch.arange(0, 1, 0.1),
    "window": lambda: torch.hann_window(5),
    "frequencies": lambda: torch.fft.fftfreq(7),
    "sparse": lambda: torch.sparse_coo_tensor(
        torch.tensor([[0, 1], [1, 0]]), [0.1, 0.2], check_invariants=True
    ).to_dense(),
    "pi": lambda: torch.pi * torch.ones(2),
    "quotient of integers": lambda: WHOLE / 3,
    "product with a number": lambda: 0.1 * WHOLE,
    "quotient of a number": lambda: 1 / (WHOLE + 2),
    "power": lambda: 0.3**WHOLE,
    "root": lambda: torch.sqrt(WHOLE),
    "mask times number": lambda: MASK * 0.1,
    "mean of a mask": lambda: MASK.sum() / 3,
    "choice": lambda: torch.where(MASK, 0.1, 0.2),
    "choice of integers": lambda: WHOLE.where(MASK, 0.3),
    "one-hot": lambda: functional.one_hot(WHOLE) * 0.1,
    "complex": lambda: torch.tensor(0.1j),
    "Fourier transform of integers": lambda: torch.fft.fft(WHOLE),
    "normal density": lambda: torch.distributions.Normal(0.1, 0.3).log_prob(WIDE),
    "asked for": lambda: of_the_default_dtype(0.1),
    "asked for in a comprehension": several_of_the_default_dtype,
    "integers to the default": lambda: WHOLE.to(torch.get_default_dtype()) / 3,
    "explicitly float64": lambda: torch.tensor(0.1, dtype=torch.float64),
    "stacked": lambda: torch.stack([torch.tensor(0.1), WIDE[1]]),
    "vmap": lambda: torch.vmap(lambda x: x * torch.tensor(0.1))(WIDE),
}


@pytest.mark.parametrize("case", MADE)
def test_what_names_no_dtype_is_what_a_process_of_float64_makes(case: str) -> None:
    found, needed = inside(MADE[case]), in_a_process_of_float64(MADE[case])
    assert found.dtype == needed.dtype
    assert found.requires_grad == needed.requires_grad
    assert torch.equal(found, needed)


LEFT: dict[str, tuple[Make, torch.dtype]] = {
    "float32 by name": (lambda: torch.tensor(0.1, dtype=torch.float32), torch.float32),
    "a method that names it": (lambda: WHOLE.float() / 3, torch.float32),
    "a tensor of float32": (lambda: WIDE.float() * 0.1, torch.float32),
    "what has its own memory": (lambda: torch.from_numpy(np.ones(2, np.float32)), torch.float32),
    "integers": (lambda: torch.tensor([1, 2]), torch.int64),
    "half": (lambda: torch.ones(2).half(), torch.float16),
}


@pytest.mark.parametrize("case", LEFT)
def test_what_names_a_dtype_keeps_it(case: str) -> None:
    make, dtype = LEFT[case]
    assert inside(make).dtype == dtype
    assert torch.equal(inside(make), in_a_process_of_float64(make))


def test_what_cannot_be_computed_in_float64_is_widened() -> None:
    """An array that NumPy made of a tensor and of numbers in float32 becomes a tensor again."""
    found = inside(lambda: WHOLE.__array_wrap__(np.array([0.1], np.float32)))
    assert found.dtype == torch.float64
    assert found.item() == np.float32(0.1)


DRAWN: dict[str, Make] = {
    "rand": lambda: torch.rand(5),
    "randn": lambda: torch.randn(2, 5),
    "with a generator": lambda: torch.rand(5, generator=torch.Generator().manual_seed(3)),
    "requires grad": lambda: torch.randn(3, requires_grad=True),
    "normal": lambda: torch.normal(0.0, 1.0, (3,)),
    "normal of tensors": lambda: torch.normal(torch.zeros(3), torch.ones(3)),
    "bernoulli": lambda: torch.bernoulli(torch.full((20,), 0.3)),
    "bernoulli of a product": lambda: torch.bernoulli(0.3 * torch.ones(20)),
    "like a tensor of the default": lambda: torch.rand_like(torch.zeros(4)),
    "like the sum of two": lambda: torch.rand_like(torch.zeros(4) + torch.ones(4)),
    "like a stack": lambda: torch.rand_like(torch.stack([torch.tensor(1.0), torch.tensor(2.0)])),
    "like one in float64": lambda: torch.randn_like(WIDE),
    "like a sum with float64": lambda: torch.randn_like(WIDE + torch.zeros(4)),
    "like one made float64": lambda: torch.rand_like(torch.zeros(4).double()),
    "like one changed in place": lambda: torch.rand_like(torch.zeros(4).add_(1.0)),
    "like a complex one": lambda: torch.randn_like(WIDE * 1j),
    "float64 by name": lambda: torch.rand(5, dtype=torch.float64),
    "into a tensor": lambda: torch.empty(5).uniform_(),
    "into one in float64": lambda: torch.empty(5, dtype=torch.float64).uniform_(),
    "into what is given": lambda: torch.rand(3, out=torch.empty(3, dtype=torch.float64)),
    "initialised": lambda: init.xavier_uniform_(torch.empty(3, 4)),
    "dropout": lambda: functional.dropout(WIDE, 0.5),
    "a module": lambda: torch.nn.Dropout(0.5)(WIDE),
    "a distribution": lambda: torch.distributions.Bernoulli(0.3).sample((20,)),
    "integers": lambda: torch.randint(0, 9, (5,)),
    "an order": lambda: torch.randperm(5),
}


@pytest.mark.parametrize("case", DRAWN)
def test_what_is_drawn_is_what_is_drawn_outside_with_more_digits(case: str) -> None:
    _ = torch.manual_seed(0)
    outside = DRAWN[case]()
    _ = torch.manual_seed(0)
    found = inside(DRAWN[case])
    wide = torch.complex128 if outside.is_complex() else torch.float64
    whole = not (outside.is_floating_point() or outside.is_complex())
    assert found.dtype == (torch.int64 if whole else wide)
    assert found.requires_grad == outside.requires_grad
    assert torch.equal(found.detach(), outside.detach().to(found.dtype))


@pytest.mark.parametrize("make", [torch.tensor, torch.as_tensor])
def test_an_array_in_float32_is_widened_with_its_values(make: Callable[[A], Tensor]) -> None:
    array = np.array([[0.1, 0.2], [0.3, 0.4]], dtype=np.float32)
    found = inside(lambda: make(array))
    assert found.dtype == torch.float64
    assert np.array_equal(found.numpy(), array.astype(np.float64))


def test_where_float64_is_the_default_all_is_drawn_in_it() -> None:
    def drawn() -> Tensor:
        _ = torch.manual_seed(0)
        return torch.rand(3) * torch.tensor(0.1)

    assert torch.equal(
        in_a_process_of_float64(lambda: inside(drawn)), in_a_process_of_float64(drawn)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_what_is_drawn_like_a_parameter_is_drawn_in_its_dtype(dtype: Any) -> None:
    narrow = torch.arange(4).to(torch.from_numpy(np.zeros(1, dtype)).dtype)
    for outside in (narrow, narrow.numpy()):
        mode = InFloat64()
        mode.stands_for({"w": outside, "n": 3, "s": "x"}, {"w": WIDE, "n": WHOLE, "s": "x"})
        _ = torch.manual_seed(0)
        with mode:
            found = torch.rand_like(WIDE.exp())
        _ = torch.manual_seed(0)
        assert torch.equal(found, torch.rand_like(narrow).double())


# in a check


def noise_of(case: str, shape: tuple[int, ...]) -> Tensor:
    if case == "mask of rand":
        return (torch.rand(shape) > 0.5) / 0.5
    if case == "randn":
        return torch.randn(shape)
    if case == "bernoulli":
        return torch.bernoulli(torch.full(shape, 0.5)) * 2
    if case == "in place":
        return torch.empty(shape).uniform_(-1, 1)
    return torch.distributions.Normal(0.0, 1.0).sample(shape)


X, W = np.random.default_rng(0).normal(size=(9, 3)), np.array([0.5, -1.0, 2.0])
NOISES = ("mask of rand", "randn", "bernoulli", "in place", "sample")


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", NOISES)
def test_both_sides_draw_the_same_from_the_same_seed(case: str, dtype: Any) -> None:
    def loss(w: Tensor, X: Tensor) -> Tensor:
        _ = torch.manual_seed(7)
        return (torch.tanh(X @ w) * noise_of(case, (9,))).sum()

    def gradient(w: A, X: A, seed: int = 7) -> A:
        _ = torch.manual_seed(seed)
        noise = noise_of(case, (9,)).double().numpy()
        return (X.T @ (noise * (1 - np.tanh(X @ w) ** 2))).astype(dtype)

    w, data = W.astype(dtype), X.astype(dtype)
    report = check_gradients(gradient, w, data, loss=loss)
    assert report.passed, report
    (block,) = report.blocks
    assert block.resolution is not None
    assert block.resolution < (1e-12 if dtype == np.float64 else 1e-3)
    other = undiagnosed(lambda w, X: gradient(w, X, 8), w, data, loss=loss)
    assert other.verdict == "mismatch"


@pytest.mark.untraced
@pytest.mark.parametrize("p", [0.5, 0.3])
def test_seeded_dropout_is_the_same_on_both_sides(p: float) -> None:
    def hidden(w: Tensor, X: Tensor) -> Tensor:
        _ = torch.manual_seed(1)
        return functional.dropout(torch.relu(X @ w), p)

    def gradient(w: A, X: A, scale: float = 1 / (1 - p)) -> A:
        kept = (hidden(torch.from_numpy(w), torch.from_numpy(X)) != 0).numpy()
        return scale * X.T @ kept

    check = check_gradients(gradient, W, X, loss=lambda w, X: hidden(w, X).sum())
    assert check.passed, check
    unscaled = check_gradients(
        lambda w, X: gradient(w, X, 1.0), W, X, loss=lambda w, X: hidden(w, X).sum()
    )
    assert unscaled.verdict == "mismatch"


def test_a_constant_in_a_backward_pass_has_all_digits() -> None:
    def loss(w: Tensor) -> Any:
        return OfTheDefault.apply(w).sum()

    assert check_gradients(lambda w: np.full_like(w, 0.1), W, loss=loss).passed
    single = float(np.float32(0.1))
    report = check_gradients(lambda w: np.full_like(w, single), W, loss=loss)
    assert report.verdict == "mismatch"


@pytest.mark.untraced
def test_a_constant_in_a_distribution_has_all_digits() -> None:
    def loss(w: Tensor) -> Tensor:
        return torch.distributions.Normal(0.1, 0.3).log_prob(w).sum()

    assert check_gradients(lambda w: -(w - 0.1) / 0.3**2, W, loss=loss).passed
    report = check_gradients(lambda w: -(w - 0.1) / 0.3**2 * (1 + 1e-9), W, loss=loss)
    assert report.verdict == "mismatch"


def test_a_number_taken_out_of_a_tensor_is_no_warning() -> None:
    w = WIDE.clone().requires_grad_()
    with InFloat64():
        assert float(w[2]) == 2.0
        assert torch.equal(torch.tensor([w[2], w[3]]), WIDE[2:])
        assert torch.equal(torch.as_tensor([w[2], 0.1])[1], torch.tensor(0.1))
        assert torch.as_tensor(w).requires_grad
