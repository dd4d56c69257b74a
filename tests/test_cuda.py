"""All that needs a GPU: `pytest -m cuda` runs it, and what is marked so in other files.

What the CPU finds is found there, by the same words; kernels in Triton, right ones and wrong ones.
"""

from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.grad import conv2d_input, conv2d_weight

from autograd_ref import (
    Network,
    check_backward,
    check_gradients,
    check_step,
)
from autograd_ref.report.report import Report
from manual_backprop import NetworkShape
from tests.kernels import KERNELS, Kernel, operation

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:RNN module weights are not part:UserWarning"),
]

FORMATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
NARROW = [torch.float32, torch.bfloat16]
Gradients = dict[str, Tensor]


def drawn(*shapes: tuple[int, ...], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    random = torch.Generator().manual_seed(0)
    tensors = [torch.randn(s, generator=random, dtype=torch.float64) for s in shapes]
    return [tensor.to("cuda", dtype) for tensor in tensors]


def verdicts(report: Report) -> dict[str, str]:
    return {block.name: block.verdict for block in report.blocks}


def wrong(report: Report) -> set[str]:
    return {name for name, verdict in verdicts(report).items() if verdict == "mismatch"}


# a gradient by hand in PyTorch, with parameters and data on the device


def network() -> tuple[dict[str, Tensor], Tensor, Tensor]:
    w, b, v, x, y = drawn((5, 3), (5,), (2, 5), (7, 3), (7, 2))
    return {"w": w / 2, "b": b / 2, "v": v / 2}, x, y


def cost(p: Gradients, x: Tensor, y: Tensor) -> Tensor:
    h = torch.tanh(x @ p["w"].T + p["b"])
    return 0.5 * ((h @ p["v"].T - y) ** 2).sum(1).mean()


def by_hand(p: Gradients, x: Tensor, y: Tensor, mistake: str = "") -> Gradients:
    h = torch.tanh(x @ p["w"].T + p["b"])
    e = (h @ p["v"].T - y) / (1 if mistake == "1/S" else len(x))
    d = e @ p["v"] * (1 - (h if mistake == "square" else h * h))
    if mistake == "ones":
        d = e @ p["v"]
    found = {"w": d.T @ x, "b": d.sum(0), "v": e.T @ h}
    if mistake == "bias of one sample":
        found["b"] = d[0]
    if mistake == "sign":
        found["v"] = -found["v"]
    return found


MISTAKES = "1/S", "square", "ones", "bias of one sample", "sign"


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_a_right_gradient_is_a_match(dtype: torch.dtype) -> None:
    p, x, y = network()
    given = {name: t.to(dtype) for name, t in p.items()}, x.to(dtype), y.to(dtype)
    report = check_gradients(by_hand, *given, loss=cost)
    assert report.verdict == "match", report
    assert not report.findings


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_mistake_is_named_as_on_the_cpu(mistake: str, dtype: torch.dtype) -> None:
    reports: list[Report] = []
    for device in ("cpu", "cuda"):
        p, x, y = network()
        given = {name: t.to(device, dtype) for name, t in p.items()}
        there = x.to(device, dtype), y.to(device, dtype)
        reports.append(
            check_gradients(lambda *a: by_hand(*a, mistake=mistake), given, *there, loss=cost)
        )
    on_cpu, here = reports
    assert here.verdict == "mismatch"
    assert wrong(here) == wrong(on_cpu)
    assert here.causes, here
    told = [[(c.kind, c.blocks, c.explanation, c.fix) for c in report.causes] for report in reports]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "moved", [lambda g: g.cpu(), lambda g: g.cpu().numpy(), lambda g: g.clone()]
)
def test_a_gradient_may_come_back_on_the_cpu(moved: Callable[[Tensor], Any]) -> None:
    p, x, y = network()

    def gradients(*given: Any, mistake: str = "") -> Any:
        return {name: moved(g) for name, g in by_hand(*given, mistake=mistake).items()}

    assert check_gradients(gradients, p, x, y, loss=cost).verdict == "match"
    report = check_gradients(lambda *g: gradients(*g, mistake="sign"), p, x, y, loss=cost)
    assert wrong(report) == {"v"}


def test_arrays_may_be_moved_to_the_device_by_the_loss() -> None:
    """Constants of the loss lie there as well, and some are made there."""
    scale = torch.full((4,), 0.5, device="cuda", dtype=torch.float64)

    def loss(w: Tensor, X: Tensor) -> Tensor:
        z = X.cuda() @ (w.cuda() * scale)
        return (torch.log1p(z**2) * torch.arange(1, 7, device="cuda")).sum()

    def gradient(w: Any, X: Any, factor: float = 1.0) -> Any:
        z = X @ (w * 0.5)
        return factor * 0.5 * X.T @ (np.arange(1, 7) * 2 * z / (1 + z**2))

    random = np.random.default_rng(0)
    w, X = random.normal(size=4), random.normal(size=(6, 4))
    assert check_gradients(gradient, w, X, loss=loss).verdict == "match"
    report = check_gradients(lambda w, X: gradient(w, X, factor=2.0), w, X, loss=loss)
    assert report.verdict == "mismatch"
    assert report.causes, report


def test_a_step_is_judged_there() -> None:
    p, x, y = network()

    def step(p: Gradients, x: Tensor, y: Tensor, mistake: str = "") -> Gradients:
        return {name: p[name] - 0.1 * g for name, g in by_hand(p, x, y, mistake).items()}

    assert check_step(step, p, x, y, rate=0.1, loss=cost).verdict == "match"
    report = check_step(lambda *g: step(*g, mistake="ones"), p, x, y, rate=0.1, loss=cost)
    assert wrong(report) == {"w", "b"}


def test_sums_by_atomic_additions_are_no_fault() -> None:
    """Each call adds them up in another order; one entry left out is found."""
    random = torch.Generator().manual_seed(1)
    rows = torch.randint(5, (4096,), generator=random).cuda()
    (table, u) = drawn((5, 8), (4096, 8), dtype=torch.float32)

    def loss(table: Tensor, u: Tensor) -> Tensor:
        return (table[rows] * u).sum()

    def gradient(_table: Tensor, u: Tensor, *, left_out: bool = False) -> Tensor:
        found = torch.zeros(5, 8, device="cuda")
        return found.index_add_(0, rows[left_out:], u[left_out:])

    calls = [gradient(table, u) for _ in range(20)]
    assert any(not torch.equal(calls[0], call) for call in calls), "atomics were in order"
    for seed in range(5):
        report = check_gradients(gradient, table, u, loss=loss, seed=seed)
        assert report.passed, report
        assert not report.findings
    report = check_gradients(lambda *g: gradient(*g, left_out=True), table, u, loss=loss)
    assert report.verdict == "mismatch"


# losses of operations that a GPU has kernels of its own for


def recurrent(p: Gradients, x: Tensor, y: Tensor) -> Tensor:
    zeros = x.new_zeros(1, x.shape[0], 4)
    weights = [p[name] for name in ("i", "h", "b", "c")]
    found: Any = torch.lstm(x, [zeros, zeros], weights, True, 1, 0.0, True, False, True)
    return ((found[0] - y) ** 2).mean()


def normalised(p: Gradients, x: Tensor, y: Tensor) -> Tensor:
    z = functional.batch_norm(x.flatten(0, 1), None, None, p["s"], p["t"], training=True)
    return ((z.reshape(x.shape) * y.mean()) ** 3).mean()


def attentive(p: Gradients, x: Tensor, y: Tensor) -> Tensor:
    q, k, v = x @ p["q"], x @ p["k"], x @ p["v"]
    return ((functional.scaled_dot_product_attention(q, k, v, is_causal=True) - y) ** 2).mean()


def convolved(p: Gradients, x: Tensor, y: Tensor) -> Tensor:
    return ((functional.conv1d(x.mT, p["kernel"], padding=1).mT - y) ** 2).mean()


LOSSES: dict[str, tuple[Any, dict[str, tuple[int, ...]]]] = {
    "lstm": (recurrent, {"i": (16, 4), "h": (16, 4), "b": (16,), "c": (16,)}),
    "batch norm": (normalised, {"s": (4,), "t": (4,)}),
    "attention": (attentive, {"q": (4, 4), "k": (4, 4), "v": (4, 4)}),
    "convolution": (convolved, {"kernel": (4, 4, 3)}),
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_of_the_devices_own_kernels_is_a_reference(name: str, dtype: torch.dtype) -> None:
    loss, shapes = LOSSES[name]
    x, y, *blocks = drawn((3, 6, 4), (3, 6, 4), *shapes.values(), dtype=dtype)
    p = dict(zip(shapes, blocks, strict=True))

    def gradient(p: Gradients, x: Tensor, y: Tensor, factor: float = 1.0) -> Gradients:
        leaves = {name: t.detach().clone().requires_grad_() for name, t in p.items()}
        loss(leaves, x, y).backward()
        return {name: factor * g for name, t in leaves.items() if (g := t.grad) is not None}

    assert check_gradients(gradient, p, x, y, loss=loss).verdict == "match"
    report = check_gradients(lambda *given: gradient(*given, factor=18.0), p, x, y, loss=loss)
    assert wrong(report) == set(shapes)
    assert all(
        (block.resolution or 1.0) < (1e-9 if dtype == torch.float64 else 0.1)
        for block in report.blocks
    )
    assert report.causes or name == "lstm", report  # no other device can repeat its steps


# operations


def on_the_device(kernel: Kernel, dtype: torch.dtype) -> list[Tensor]:
    return [tensor.cuda() for tensor in kernel.inputs(dtype)]


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize("name", KERNELS)
def test_operations_are_judged_as_on_the_cpu(name: str, dtype: torch.dtype) -> None:
    kernel = KERNELS[name]
    for backward in (kernel.right, kernel.wrong):
        function = operation(kernel.forward, backward)
        reports = [
            check_backward(function, kernel.reference, *given)
            for given in (kernel.inputs(dtype), on_the_device(kernel, dtype))
        ]
        assert verdicts(reports[0]) == verdicts(reports[1]), reports[1]
        assert [c.kind for c in reports[0].causes] == [c.kind for c in reports[1].causes]
        is_right = backward is kernel.right
        assert reports[1].verdict == ("match" if is_right else "mismatch")


SMALLEST = {
    torch.float64: 1e-14,
    torch.float32: 1e-5,
    torch.float16: 5e-3,
    torch.bfloat16: 5e-2,
}
"""A relative error of the gradient by a weight that is found; measured on an H200, and doubled."""


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_the_smallest_error_found_is_that_of_the_cpu(dtype: torch.dtype) -> None:
    def forward(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        ctx.save_for_backward(x, w)
        return torch.tanh(x @ w.T)

    def backward(ctx: Any, u: Tensor, error: float = 0.0) -> tuple[Tensor, Tensor]:
        x, w = ctx.saved_tensors
        d = u * (1 - torch.tanh(x @ w.T) ** 2)
        return d @ w, d.T @ x * (1 + error)

    def found(error: float, device: str) -> set[str]:
        given = [t.to(device) / 2 for t in drawn((5, 4), (3, 4), dtype=dtype)]
        function = operation(forward, lambda ctx, u: backward(ctx, u, error))
        return wrong(check_backward(function, lambda x, w: torch.tanh(x @ w.T), *given))

    errors = [m * 10.0**e for e in range(-15, 1) for m in (1, 2, 5)]
    smallest = {
        device: next(error for error in errors if found(error, device))
        for device in ("cpu", "cuda")
    }
    assert smallest["cuda"] <= min(SMALLEST[dtype], 2.5 * smallest["cpu"]), smallest
    assert found(SMALLEST[dtype], "cuda") == {"w"}
    assert not found(0.0, "cuda")


def compiled_subjects() -> tuple[str, set[str]]:
    """The verdict about a compiled function, and the blocks in which another one is wrong."""

    def layer(x: Tensor, w: Tensor) -> Tensor:
        return functional.gelu(x @ w.T, approximate="tanh")

    def other(x: Tensor, w: Tensor) -> Tensor:
        return layer(x, w) + 0.01 * (w.detach() - w).sum()

    given = drawn((6, 4), (3, 4), dtype=torch.float32)
    right, spoilt = (check_backward(torch.compile(f), layer, *given) for f in (layer, other))
    return right.verdict, wrong(spoilt)


def test_a_compiled_function_is_a_subject() -> None:
    """In a process of its own: the compiler gives warnings, and keeps threads."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(compiled_subjects).result() == ("match", {"w"})


@pytest.fixture(scope="module")
def custom_operator() -> Any:
    @torch.library.custom_op("crosscheck_tests::cubed_on_cuda", mutates_args=())
    def cubed(x: Tensor, factor: float) -> Tensor:
        return x**3 * factor

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:  # noqa: ARG001 - torch names it
        ctx.save_for_backward(inputs[0])
        ctx.factor = inputs[1]

    def backward(ctx: Any, upstream: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return upstream * x**2 * ctx.factor * (3 if ctx.factor == 1 else 2), None

    cubed.register_autograd(backward, setup_context=setup_context)
    return cubed


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_a_custom_operator_is_a_subject(custom_operator: Any, dtype: torch.dtype) -> None:
    def composed(x: Tensor, factor: float) -> Tensor:
        return x**3 * factor

    (x,) = drawn((5, 4), dtype=dtype)
    assert check_backward(custom_operator, composed, x, 1.0).verdict == "match"
    assert wrong(check_backward(custom_operator, composed, x, 2.0)) == {"x"}


# TF32: products of matrices in float32 with the digits of float16


@contextmanager
def tf32(*, allowed: bool) -> Generator[None]:
    matmul: Any = torch.backends.cuda.matmul
    cudnn: Any = torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = allowed
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


def is_in_tf32(report: Report) -> bool:
    """True where it is off by more than float32 explains, so that the test tests something."""
    return (report.blocks[0].max_rel_error or 0.0) > 1e-4


class Affine(torch.autograd.Function):
    factor = 1.0

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        ctx.save_for_backward(x, w)
        return x @ w.T

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor]:
        x, w = ctx.saved_tensors
        return upstream[0] @ w, upstream[0].T @ x * Affine.factor


@pytest.mark.parametrize("allowed", [False, True])
def test_nobody_is_accused_of_tf32(allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given = drawn((64, 128), (32, 128), dtype=torch.float32)

    def product(x: Tensor, w: Tensor) -> Tensor:
        return x @ w.T

    with tf32(allowed=allowed):
        report = check_backward(Affine, product, *given)
        assert report.verdict == "match", report
        assert is_in_tf32(report) == allowed
        monkeypatch.setattr(Affine, "factor", 1.02 if allowed else 1.001)
        assert wrong(check_backward(Affine, product, *given)) == {"w"}


@pytest.mark.parametrize("allowed", [False, True])
def test_a_gradient_by_hand_is_not_accused_of_tf32(allowed: bool) -> None:
    x, w, y = drawn((256, 128), (64, 128), (256, 64), dtype=torch.float32)

    def loss(w: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return 0.5 * ((x @ w.T - y) ** 2).sum(1).mean()

    def gradient(w: Tensor, x: Tensor, y: Tensor, factor: float = 1.0) -> Tensor:
        return factor * (x @ w.T - y).T @ x / len(x)

    with tf32(allowed=allowed):
        report = check_gradients(gradient, w, x, y, loss=loss)
        assert report.verdict == "match", report
        assert is_in_tf32(report) == allowed
        spoilt = check_gradients(lambda *g: gradient(*g, factor=1.05), w, x, y, loss=loss)
        assert spoilt.verdict == "mismatch", spoilt


@pytest.mark.parametrize("allowed", [False, True])
def test_a_convolution_in_tf32_is_no_fault(allowed: bool) -> None:
    given = drawn((8, 64, 32, 32), (64, 64, 3, 3), dtype=torch.float32)

    def forward(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        ctx.save_for_backward(x, w)
        return functional.conv2d(x, w)

    def backward(ctx: Any, u: Tensor, factor: float = 1.0) -> tuple[Tensor, Tensor]:
        x, w = ctx.saved_tensors
        by_w = conv2d_weight(x, w.shape, u)
        return conv2d_input(x.shape, w, u), by_w * factor

    with tf32(allowed=allowed):
        report = check_backward(operation(forward, backward), functional.conv2d, *given)
        assert report.verdict == "match", report
        assert is_in_tf32(report) == allowed
        spoilt = operation(forward, lambda ctx, u: backward(ctx, u, 1.05))
        assert wrong(check_backward(spoilt, functional.conv2d, *given)) == {"weight"}


# what is kept as it was


def state() -> dict[str, object]:
    return {
        "random": [t.numpy().tobytes() for t in torch.cuda.get_rng_state_all()],
        "cpu": torch.get_rng_state().numpy().tobytes(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "current": torch.cuda.current_device(),
        "stream": torch.cuda.current_stream(),
        "autocast": (torch.is_autocast_enabled("cuda"), torch.get_autocast_dtype("cuda")),
        "tf32": (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "benchmark": torch.backends.cudnn.benchmark,
        "grad": torch.is_grad_enabled(),
    }


def elsewhere() -> AbstractContextManager[Any]:
    return torch.cuda.stream(torch.cuda.Stream())


@pytest.mark.parametrize(
    "around",
    [
        nullcontext,
        elsewhere,
        lambda: torch.autocast("cuda", torch.bfloat16),
        lambda: torch.device("cuda"),
        torch.no_grad,
    ],
    ids=["plain", "stream", "autocast", "default device", "no_grad"],
)
def test_a_check_leaves_the_device_as_it_was(
    around: Callable[[], AbstractContextManager[Any]],
) -> None:
    p, x, y = network()

    def drawing(p: Gradients, x: Tensor, y: Tensor) -> Gradients:
        _ = torch.rand(3, device="cuda")
        return by_hand(p, x, y)

    kernel = KERNELS["rms norm"]
    given = on_the_device(kernel, torch.float32)
    with around():
        before = state()
        report = check_gradients(drawing, p, x, y, loss=cost)
        assert report.verdict == "match", report
        spoilt = check_gradients(lambda *g: by_hand(*g, mistake="sign"), p, x, y, loss=cost)
        assert wrong(spoilt) == {"v"}
        right = operation(kernel.forward, kernel.right)
        assert check_backward(right, kernel.reference, *given).passed
        assert state() == before


def test_dropout_on_the_device_is_drawn_alike() -> None:
    def dropped(x: Tensor) -> Tensor:
        _ = torch.manual_seed(3)
        return functional.dropout(x * 2, 0.5)

    def plain(x: Tensor) -> Tensor:
        _ = torch.manual_seed(3)
        return functional.dropout(2 * x, 0.5)

    (x,) = drawn((6, 5), dtype=torch.float32)
    before = state()
    assert check_backward(dropped, plain, x).verdict == "match"
    assert state() == before

    def twice(x: Tensor) -> Tensor:
        return dropped(x) + (x - x.detach())

    assert wrong(check_backward(twice, plain, x)) == {"x"}


def test_a_module_on_the_device_is_a_subject() -> None:
    def layers() -> torch.nn.Module:
        _ = torch.manual_seed(0)
        return torch.nn.Sequential(
            torch.nn.Linear(4, 6), torch.nn.LayerNorm(6), torch.nn.GELU(), torch.nn.Linear(6, 2)
        ).cuda()

    (x,) = drawn((5, 4), dtype=torch.float32)
    assert check_backward(layers(), layers(), x).verdict == "match"


def test_the_built_in_network_is_the_same_there() -> None:
    for dtype in (np.float64, np.float32):
        here, there = (
            Network.from_seed(NetworkShape(3, 5, 4), 0, dtype=dtype, device=device)
            for device in ("cpu", "cuda")
        )
        X = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 3)).astype(dtype))
        near = 64 * float(np.finfo(dtype).eps)
        for one, other in zip(here(X), there(X.cuda()), strict=True):
            assert other.device.type == "cuda"
            torch.testing.assert_close(one, other.cpu(), rtol=near, atol=near)


# kernels in Triton


@pytest.fixture(scope="module")
def kernels() -> Any:
    from tests import triton_kernels

    return triton_kernels


def norm_inputs(dtype: torch.dtype) -> list[Tensor]:
    x, w, b = drawn((13, 100), (100,), (100,), dtype=torch.float64)
    return [t.to(dtype) for t in (x, 1 + w / 4, b / 4)]


def cost_inputs(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    (z,) = drawn((9, 77), dtype=dtype)
    return z, torch.arange(70, 79, device="cuda") % 77


@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_right_kernels_are_a_match(kernels: Any, dtype: torch.dtype) -> None:
    for report in (
        check_backward(kernels.layer_norm(), kernels.plain_layer_norm, *norm_inputs(dtype)),
        check_backward(kernels.cross_entropy(), kernels.plain_cross_entropy, *cost_inputs(dtype)),
    ):
        assert report.verdict == "match", report
        assert report.passed, report


WRONG_NORMS = [
    ("no mask", "x", ""),
    ("size of the block", "x", ""),
    ("no scale", "x", "a factor missing"),
    ("one row", "w", "one index only"),
    ("no atomic", "w", ""),
    ("no strides", "x", "memory layout"),
]
"""Mistakes, a block that is wrong, and the cause that is named in float32."""


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize(("mistake", "block", "cause"), WRONG_NORMS)
def test_a_wrong_layer_norm_is_a_mismatch(
    kernels: Any, mistake: str, block: str, cause: str, dtype: torch.dtype
) -> None:
    function, given = kernels.layer_norm(mistake), norm_inputs(dtype)
    report = check_backward(function, kernels.plain_layer_norm, *given)
    assert report.verdict == "mismatch", report
    assert wrong(report) == ({block} if mistake != "no strides" else {"output", "x", "w", "b"})
    if dtype == torch.float32:
        assert [c.kind for c in report.causes] == ([cause] if cause else []), report


def test_sums_in_bfloat16_of_a_kernel_in_float32_are_a_mismatch(kernels: Any) -> None:
    function = kernels.layer_norm("sums in bfloat16")
    report = check_backward(function, kernels.plain_layer_norm, *norm_inputs(torch.float32))
    assert wrong(report) == {"w", "b"}
    assert "only to the precision of bfloat16" in report.causes[0].explanation


WRONG_COSTS = [
    ("last block left out", ""),
    ("no label", "target left out"),
    ("first upstream", "first entry of the upstream gradient"),
]


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize(("mistake", "cause"), WRONG_COSTS)
def test_a_wrong_cross_entropy_is_a_mismatch(
    kernels: Any, mistake: str, cause: str, dtype: torch.dtype
) -> None:
    function, given = kernels.cross_entropy(mistake), cost_inputs(dtype)
    report = check_backward(function, kernels.plain_cross_entropy, *given)
    assert wrong(report) == {"z"}, report
    if dtype == torch.float32:
        assert [c.kind for c in report.causes] == ([cause] if cause else []), report


def test_probabilities_in_bfloat16_of_a_kernel_in_float32_are_a_mismatch(kernels: Any) -> None:
    function = kernels.cross_entropy("in bfloat16")
    report = check_backward(function, kernels.plain_cross_entropy, *cost_inputs(torch.float32))
    assert wrong(report) == {"z"}, report


@pytest.mark.parametrize("precision", ["ieee", "tf32"])
def test_a_kernel_of_products_is_a_match_in_tf32(kernels: Any, precision: str) -> None:
    """It is Triton's default in float32."""
    given = drawn((40, 70), (50, 70), dtype=torch.float32)
    report = check_backward(kernels.linear(precision), kernels.plain_linear, *given)
    assert report.verdict == "match", report
    assert is_in_tf32(report) == (precision == "tf32")
    spoilt = kernels.linear(precision, mistake=1.05)
    assert wrong(check_backward(spoilt, kernels.plain_linear, *given)) == {"w"}
