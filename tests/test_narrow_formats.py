"""Operations in float16 and bfloat16, long sums in float32: right ones match, doubled ones not."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import Function

from autograd_ref import check_backward, check_gradients
from tests.thorough import by_profile, one_in

Formula = Callable[..., Tensor]
FORMATS = [torch.float16, torch.bfloat16]


def kernel(formula: Formula, factor: float = 1.0) -> type[Function]:
    """Everything in float32, and the results rounded: what kernels in float16 do."""

    class Kernel(Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Tensor) -> Tensor:
            ctx.save_for_backward(*tensors)
            return formula(*(t.float() for t in tensors)).to(tensors[0].dtype)

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:
            with torch.enable_grad():
                wide = [t.detach().float().requires_grad_() for t in ctx.saved_tensors]
                output = formula(*wide)
            found = torch.autograd.grad(output, wide, upstream[0].float())
            narrow = [g.to(t.dtype) for g, t in zip(found, ctx.saved_tensors, strict=True)]
            return (factor * narrow[0], *narrow[1:])

    return Kernel


def normalised(x: Tensor, weight: Tensor) -> Tensor:
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * weight


def attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.softmax(q @ k.T / q.shape[-1] ** 0.5, -1) @ v


CASES: dict[str, tuple[Formula, list[tuple[int, ...]]]] = {
    "normalisation": (normalised, [(8, 1024), (1024,)]),
    "softmax": (lambda x: torch.softmax(x, -1), [(4, 1024)]),
    "product": (lambda x, w: x @ w.T / 32, [(16, 2048), (8, 2048)]),
    "attention": (attended, [(8, 512), (8, 512), (8, 512)]),
    "sum": (lambda x, s: (x * s).sum(0), [(20_000, 2), (2,)]),
}


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", CASES)
def test_a_right_kernel_matches_with_long_sums_too(name: str, dtype: torch.dtype) -> None:
    formula, shapes = CASES[name]
    random = torch.Generator().manual_seed(0)
    inputs = [torch.randn(*shape, generator=random).to(dtype) for shape in shapes]
    report = check_backward(kernel(formula), formula, *inputs)
    assert report.verdict == "match", report


@pytest.mark.long
@pytest.mark.parametrize(("dtype", "name"), one_in(2, product(FORMATS, CASES)))
def test_one_that_is_doubled_does_not(dtype: torch.dtype, name: str) -> None:
    """Where its number format could explain that, it is called in float64 as well."""
    formula, shapes = CASES[name]
    random = torch.Generator().manual_seed(0)
    inputs = [torch.randn(*shape, generator=random).to(dtype) for shape in shapes]
    report = check_backward(kernel(formula, 2.0), formula, *inputs)
    wrong = [block.name for block in report.blocks if block.verdict == "mismatch"]
    assert wrong == [report.blocks[1].name], report


def test_what_refuses_float64_stays_undecided() -> None:
    formula, shapes = CASES["attention"]

    def native_only(*inputs: Tensor) -> Tensor:
        if inputs[0].dtype == torch.float64:
            raise TypeError("expected scalar type Half")
        return kernel(formula, 2.0).apply(*inputs)

    random = torch.Generator().manual_seed(0)
    inputs = [torch.randn(*shape, generator=random).bfloat16() for shape in shapes]
    report = check_backward(native_only, formula, *inputs)
    assert report.verdict == "inconclusive", report


@pytest.mark.untraced
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_batch_norm_over_many_rows_in_float32_is_decided(factor: float) -> None:
    def loss(p: Any, X: Any) -> Any:
        z = X * p["w"]
        a = (z - z.mean(0)) / ((z - z.mean(0)) ** 2).mean(0) ** 0.5
        return (a * p["g"] + p["b"]).pow(4).mean()

    def gradients(p: Any, X: Any) -> Any:
        z = X * p["w"]
        centred = z - z.mean(0)
        scale = (centred**2).mean(0) ** np.float32(-0.5)
        a = centred * scale
        e = 4 * (a * p["g"] + p["b"]) ** 3 / np.float32(a.size)
        delta = e * p["g"]
        dz = scale * (delta - delta.mean(0) - a * (delta * a).mean(0))
        return {
            "w": (dz * X).sum(0),
            "g": np.float32(factor) * (e * a).sum(0),
            "b": e.sum(0),
        }

    random = np.random.default_rng(0)
    X = random.normal(size=(30_000, 2)).astype("f4")
    p = {name: np.array([0.7, 1.3], "f4") for name in "wgb"}
    report = check_gradients(gradients, p, X, loss=loss)
    found = {block.name: block.verdict for block in report.blocks}
    assert found == {"w": "match", "g": "match" if factor == 1 else "mismatch", "b": "match"}


# a mistake far below what the rounding of 16 bits could explain

C = (2 / torch.pi) ** 0.5


def gelu(x: Tensor) -> Tensor:
    return x * (1 + torch.tanh(C * (x + 0.044715 * x**3))) / 2


def by_gelu(x: Tensor, three: float = 3.0) -> Tensor:
    t = torch.tanh(C * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x * (1 - t * t) * C * (1 + three * 0.044715 * x * x) / 2


def by_silu(x: Tensor, part: float = 1.0) -> Tensor:
    s = torch.sigmoid(x)
    return s * (1 + part * x * (1 - s))


def by_softplus(x: Tensor, beta: float = 1.0) -> Tensor:
    return torch.sigmoid(beta * x)


def entrywise(by: Formula, work: Formula, forward: Formula) -> type[Function]:
    """The computation of a kernel: work(x) is x in the format in which it computes."""

    class Entrywise(Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Tensor) -> Tensor:
            ctx.save_for_backward(*inputs)
            return forward(work(inputs[0])).to(inputs[0].dtype)

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            return (work(upstream[0]) * by(work(x))).to(x.dtype)

    return Entrywise


SMOOTH: dict[str, tuple[Formula, Formula, Formula]] = {
    "gelu without the three": (gelu, by_gelu, lambda x: by_gelu(x, 1.0)),
    "silu with a tenth too little": (torch.nn.functional.silu, by_silu, lambda x: by_silu(x, 0.9)),
    "softplus of 1.1 x": (torch.nn.functional.softplus, by_softplus, lambda x: by_softplus(x, 1.1)),
}
WORK: dict[str, Formula] = {
    "every operation in it": lambda x: x,
    "float32 inside": Tensor.float,
    "bfloat16 inside, whatever it is called in": Tensor.bfloat16,
    "float16 inside, whatever it is called in": Tensor.half,
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "work", "dtype"), one_in(5, product(SMOOTH, list(WORK)[:2], FORMATS))
)
def test_a_mistake_of_two_per_cent_in_16_bits_is_found_in_float64(
    name: str, work: str, dtype: torch.dtype
) -> None:
    forward, _right, wrong = SMOOTH[name]
    x = 1.5 * torch.randn(9, 7, generator=torch.Generator().manual_seed(0))
    report = check_backward(entrywise(wrong, WORK[work], forward), forward, x.to(dtype))
    assert [block.verdict for block in report.blocks] == ["match", "mismatch"], report


@pytest.mark.long
@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("name", SMOOTH)
def test_rounding_inside_is_no_mistake_though_it_is_the_same_in_float64(
    name: str, work: str
) -> None:
    """Each point nearby rounds otherwise."""
    forward, right, _wrong = SMOOTH[name]
    dtype = torch.float16 if "float16 inside" in work else torch.bfloat16
    for seed in range(by_profile(dev=1, ci=1, thorough=3)):
        x = 1.5 * torch.randn(9, 7, generator=torch.Generator().manual_seed(seed))
        report = check_backward(entrywise(right, WORK[work], forward), forward, x.to(dtype))
        assert report.verdict != "mismatch", report


def normalised_anew(x: Tensor, weight: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + 1e-5) * weight


@pytest.mark.untraced
@pytest.mark.parametrize("formula", [normalised_anew, lambda x, w: torch.softmax(x, -1) * w])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_what_rounds_to_16_bits_inside_is_not_accused_where_sums_cancel(
    formula: Formula, dtype: torch.dtype
) -> None:
    """In float64 it is off by as much, and alike: it had been a mismatch."""

    class Rounds(Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Tensor) -> Tensor:
            ctx.save_for_backward(*inputs)
            return formula(*(t.to(dtype) for t in inputs)).to(inputs[0].dtype)

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Any:
            with torch.enable_grad():
                given = [t.detach().to(dtype).requires_grad_() for t in ctx.saved_tensors]
                output = formula(*given)
            found = torch.autograd.grad(output, given, upstream[0].to(dtype))
            return tuple(g.to(upstream[0].dtype) for g in found)

    for seed in range(2):
        random = torch.Generator().manual_seed(seed)
        given = [torch.randn(*shape, generator=random).to(dtype) for shape in ((6, 10), (10,))]
        report = check_backward(Rounds, formula, *given)
        assert report.verdict != "mismatch", report


def only_in(dtype: torch.dtype, function: type[Function]) -> Formula:
    def native(x: Tensor) -> Tensor:
        if x.dtype != dtype:
            raise TypeError("expected scalar type BFloat16")
        found: Tensor = function.apply(x)
        return found

    return native


@pytest.mark.untraced
@pytest.mark.parametrize("name", SMOOTH)
def test_where_float64_is_refused_a_mistake_of_two_per_cent_is_no_match(name: str) -> None:
    """Sums that drift in 16 bits would be off alike, so that nobody is accused."""
    forward, right, wrong = SMOOTH[name]
    x = 1.5 * torch.randn(9, 7, generator=torch.Generator().manual_seed(0)).bfloat16()
    for by, verdict in ((right, "match"), (wrong, "inconclusive")):
        function = only_in(torch.bfloat16, entrywise(by, WORK["every operation in it"], forward))
        report = check_backward(function, forward, x)
        assert [block.verdict for block in report.blocks] == ["match", verdict], report
    assert "the same at points nearby" in report.blocks[1].reason


def test_another_error_in_float64_is_not_the_one_in_16_bits() -> None:
    class Two(Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Tensor) -> Tensor:
            ctx.save_for_backward(*inputs)
            return inputs[0] ** 2

        @staticmethod
        def backward(ctx: Any, *upstream: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            off = -0.03 if x.dtype == torch.float64 else 0.03
            part = 1 + off * torch.cos(torch.arange(len(x)) * torch.pi).to(x)
            return 2 * x * part * upstream[0]

    x = torch.randn(9, generator=torch.Generator().manual_seed(0)).bfloat16()
    assert check_backward(Two, lambda x: x**2, x).verdict != "mismatch"
