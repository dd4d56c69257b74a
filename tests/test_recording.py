"""The sweep over the record of a loss is autograd's gradient, and places are the caller's own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from autograd_ref.recording.following import followed
from autograd_ref.recording.frames import LONGEST
from autograd_ref.recording.linear import Linear, Steps
from autograd_ref.recording.recorder import OUTSIDE, CannotFollow, recorded
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Node, Ref, Site, Tape
from autograd_ref.recording.through import tangents
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.tree.point import Point, Results

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
W, V, B = RANDOM.normal(size=(3, 3)), RANDOM.normal(size=(3, 3)), RANDOM.normal(size=3)
X, TARGETS = RANDOM.normal(size=(4, 3)), torch.tensor([0, 2, 1, 2])
POINT = {"W": W, "V": V, "b": B}


def point(*data: Any) -> Point:
    return Point({name: block.copy() for name, block in POINT.items()}, data or (X,))


def is_followed(loss: Callable[..., Any], at: Point, **how: bool) -> Tape:
    """The record of a loss, once its sweep is seen to be the gradient."""
    tape = recorded(loss, at, **how)
    found = swept(Steps(tape)).gradients
    _value, right = differentiate(loss, *at)
    for path, expected in right.items():
        size = max(1.0, float(expected.abs().max()))
        torch.testing.assert_close(found[path][0], expected, rtol=0, atol=1e-11 * size)
    return tape


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Any, **_: Any) -> Any:
        ctx.save_for_backward(inputs[0])
        return inputs[0] ** 3

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return 3 * ctx.saved_tensors[0] ** 2 * grads[0]


def in_place(p: Any, x: Any) -> Any:
    h = x @ p["W"]
    h += p["b"]
    h[:, 0] *= 2
    h[1:].relu_()
    return (h**2).sum()


def into_a_view_of_an_expansion(p: Any, x: Any) -> Any:
    h = p["b"].expand(4, -1).clone()
    row = h[1]
    h.transpose(0, 1)[0] = x[:, 0] * p["W"][0, 0]
    row.mul_(3)
    return (h * x).sum() + row.exp().sum()


def filled_entry_by_entry(p: Any, x: Any) -> Any:
    out = torch.zeros(4, 3, dtype=x.dtype)
    for i in range(4):
        out[i] = torch.tanh(x[i] @ p["W"])
    return (out**2).mean()


def a_loop(p: Any, x: Any) -> Any:
    h = torch.zeros(3, dtype=x.dtype)
    for row in x:
        h = torch.tanh(row @ p["W"] + h @ p["V"] + p["b"])
    return h.sum()


def until_it_is_small(p: Any, x: Any) -> Any:
    h = p["b"]
    while float(h.detach().abs().max()) > 0.1:
        h = h * torch.sigmoid(p["W"][0, 0])
    return (h * x[0]).sum()


def with_dropout(p: Any, x: Any) -> Any:
    _ = torch.manual_seed(0)
    return functional.dropout(x @ p["W"], 0.5).pow(2).sum()


def under_vmap(p: Any, x: Any) -> Any:
    return torch.vmap(lambda row: torch.tanh(row @ p["W"]).sum())(x).pow(2).sum()


def without_gradient(p: Any, x: Any) -> Any:
    with torch.no_grad():
        scale = (x @ p["W"]).abs().max()
    return ((x @ p["W"]) / scale).sum() + (p["b"].detach() * p["b"]).sum()


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3, dtype=torch.float64)
        self.out = nn.Linear(3, 3, dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(functional.gelu(self.norm(x)))


_ = torch.manual_seed(1)
LAYER, IN_USE = Layer(), Layer().eval()

LOSSES: dict[str, Callable[..., Any]] = {
    "in place": in_place,
    "into a view of an expansion": into_a_view_of_an_expansion,
    "filled": filled_entry_by_entry,
    "a loop": a_loop,
    "a loop of as many turns as it takes": until_it_is_small,
    "dropout": with_dropout,
    "vmap": under_vmap,
    "no_grad and detach": without_gradient,
    "einsum": lambda p, x: torch.einsum("si,ij,kj->sk", x, p["W"], p["V"]).pow(2).sum(),
    "indices": lambda p, x: p["W"][[0, 2, 2]][:, [1, 1]].exp().sum() + (x @ p["b"])[-1],
    "a module": lambda p, x: LAYER(x @ p["W"]).pow(2).sum() + p["b"].sum(),
    "a module in use": lambda p, x: IN_USE(x @ p["W"]).pow(2).sum(),
    "several outputs": lambda p, x: sum(
        ((i + 1) * part.exp()).sum() for i, part in enumerate((x @ p["W"]).split(1, 1))
    ),
    "max": lambda p, x: (x @ p["W"]).max(1).values.sum() + torch.topk(p["b"], 2)[0].prod(),
    "no derivative forwards": lambda p, x: torch.cdist(x, p["W"]).sum(),
    "a parameter is the loss": lambda p, _x: p["b"][0],
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("apart", [False, True])
def test_the_sweep_is_the_gradient(name: str, apart: bool) -> None:
    _ = is_followed(LOSSES[name], point(), apart=apart)


def test_running_statistics_are_left_as_they_are() -> None:
    layer = Layer()
    once = Layer()
    _ = once.load_state_dict(layer.state_dict())
    _value = once.norm(torch.from_numpy(X @ W))
    tape = recorded(lambda p, x: layer.norm(x @ p["W"]).pow(3).sum(), point())
    _ = swept(Steps(tape))
    torch.testing.assert_close(layer.norm.running_mean, once.norm.running_mean)


def cubes(p: Any, x: Any) -> Any:
    return Cube.apply(x @ p["W"]).sum()


def test_a_custom_function_is_followed_inside() -> None:
    tape = is_followed(cubes, point(), everything=True)
    assert "pow" in {node.site.operation for node in tape.nodes}


def gradient_of(loss: Callable[..., Any], at: Point) -> Results:
    _value, found = differentiate(loss, *at)
    return {path: tensor.numpy() for path, tensor in found.items()}


def test_it_is_followed_where_autograd_does_not_look() -> None:
    """Recorded with and without regard to no_grad, and what passes is kept."""
    for loss in (cubes, without_gradient):
        steps = followed(loss, point(), gradient_of(loss, point()), apart=False)
        assert steps is not None


def complex_values(p: Any, x: Any) -> Any:
    return torch.fft.fft(x @ p["W"]).abs().pow(2).sum()


def raises(_p: Any, _x: Any) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize("loss", [complex_values, raises])
def test_what_cannot_be_followed_is_not(loss: Callable[..., Any]) -> None:
    right = gradient_of(in_place, point())
    assert followed(loss, point(), right, apart=False) is None


def test_a_loss_without_its_parameters_cannot_be_recorded() -> None:
    constant = torch.ones((), dtype=torch.float64)

    def loss(_p: Any, _x: Any) -> Any:
        return constant

    with pytest.raises(CannotFollow, match="does not depend on the parameters"):
        _ = recorded(loss, point())
    assert followed(loss, point(), gradient_of(in_place, point()), apart=False) is None


def seeded(function: Callable[..., Any], *arguments: Any) -> Any:
    _ = torch.manual_seed(0)
    return function(*arguments)


def attention(p: Any, x: Any, **how: Any) -> Any:
    heads = (x @ p["W"], x @ p["V"], x * p["b"])
    q, k, v = (part.reshape(1, 1, 4, 3) for part in heads)
    how = {name: m.to(x.dtype) if isinstance(m, Tensor) else m for name, m in how.items()}
    return functional.scaled_dot_product_attention(q, k, v, **how)


COMPOSITES: dict[str, Callable[..., Any]] = {
    "addmm": lambda p, x: torch.addmm(p["b"], x, p["W"]),
    "addmm with factors": lambda p, x: torch.addmm(p["b"], x, p["W"], beta=2, alpha=3),
    "baddbmm": lambda p, x: torch.baddbmm(p["V"][None], x[None, :3], p["W"][None]),
    "addmv": lambda p, _x: torch.addmv(p["b"], p["W"], p["b"]),
    "softmax": lambda p, x: torch.softmax(x @ p["W"], 1),
    "log_softmax": lambda p, x: torch.log_softmax(x @ p["W"], 0),
    "logsumexp": lambda p, x: torch.logsumexp(x @ p["W"], 1),
    "logsumexp, axes kept": lambda p, x: torch.logsumexp(x @ p["W"], 1, keepdim=True),
    "cross_entropy": lambda p, x: functional.cross_entropy(x @ p["W"], TARGETS),
    "cross_entropy, weighted": lambda p, x: functional.cross_entropy(
        x @ p["W"], TARGETS, weight=x[0].abs(), ignore_index=0
    ),
    "cross_entropy, some left out": lambda p, x: functional.cross_entropy(
        x @ p["W"], TARGETS, ignore_index=2, reduction="sum"
    ),
    "cross_entropy, each": lambda p, x: functional.cross_entropy(
        x @ p["W"], TARGETS, reduction="none"
    ),
    "cross_entropy of one": lambda p, x: functional.cross_entropy(x[0] @ p["W"], TARGETS[0]),
    "mse": lambda p, x: functional.mse_loss(x @ p["W"], x),
    "mse, each": lambda p, x: functional.mse_loss(x @ p["W"], x, reduction="none"),
    "smooth l1": lambda p, x: functional.smooth_l1_loss(x @ p["W"], x, reduction="sum"),
    "huber": lambda p, x: functional.huber_loss(x @ p["W"], x, delta=0.7),
    "bce with logits": lambda p, x: functional.binary_cross_entropy_with_logits(
        x @ p["W"], torch.sigmoid(x)
    ),
    "bce with logits, weighted": lambda p, x: functional.binary_cross_entropy_with_logits(
        x @ p["W"], torch.sigmoid(x), weight=x[0].abs(), pos_weight=x[1].abs()
    ),
    "bce": lambda p, x: functional.binary_cross_entropy(
        torch.sigmoid(x @ p["W"]), torch.sigmoid(x)
    ),
    "bce, weighted": lambda p, x: functional.binary_cross_entropy(
        torch.sigmoid(x @ p["W"]), torch.sigmoid(x), weight=x[0].abs(), reduction="sum"
    ),
    "gelu": lambda p, x: functional.gelu(x @ p["W"]),
    "gelu by tanh": lambda p, x: functional.gelu(x @ p["W"], approximate="tanh"),
    "silu": lambda p, x: functional.silu(x @ p["W"]),
    "softplus": lambda p, x: functional.softplus(x @ p["W"], beta=2),
    "softplus beyond its threshold": lambda p, x: functional.softplus(30 * x @ p["W"]),
    "log_sigmoid": lambda p, x: functional.logsigmoid(x @ p["W"]),
    "mean": lambda p, x: (x @ p["W"]).mean(),
    "mean of rows": lambda p, x: (x @ p["W"]).mean(1, keepdim=True),
    "var": lambda p, x: (x @ p["W"]).var(),
    "var of columns": lambda p, x: (x @ p["W"]).var(0, unbiased=False),
    "std": lambda p, x: (x @ p["W"]).std(0),
    "norm": lambda p, x: (x @ p["W"]).norm(),
    "norm of rows": lambda p, x: torch.linalg.vector_norm(x @ p["W"], dim=1),
    "another norm": lambda p, x: torch.linalg.vector_norm(x @ p["W"], 3, dim=1),
    "layer_norm": lambda p, x: functional.layer_norm(x @ p["W"], (3,), p["b"], p["V"][0]),
    "layer_norm alone": lambda p, x: functional.layer_norm(x @ p["W"], (3,)),
    "batch_norm": lambda p, x: functional.batch_norm(
        x @ p["W"], None, None, p["b"], p["V"][0], training=True
    ),
    "batch_norm alone": lambda p, x: functional.batch_norm(x @ p["W"], None, None, training=True),
    "batch_norm in use": lambda p, x: functional.batch_norm(
        x @ p["W"], x.mean(0), x.var(0), p["b"], p["V"][0]
    ),
    "dropout": lambda p, x: seeded(torch.native_dropout, x @ p["W"], 0.4, True)[0],
    "attention": attention,
    "causal attention": lambda p, x: attention(p, x, is_causal=True),
    "masked attention": lambda p, x: attention(p, x, attn_mask=torch.tril(torch.ones(4, 4)).log()),
}


@pytest.mark.parametrize("name", COMPOSITES)
def test_a_composite_taken_apart_has_its_value_and_gradient(name: str) -> None:
    def loss(p: Any, x: Any) -> Any:
        found = COMPOSITES[name](p, x)
        weights = torch.arange(1, found.numel() + 1, dtype=x.dtype).reshape(found.shape)
        return (found * torch.cos(weights)).sum()

    tape = is_followed(loss, point(), apart=True)
    torch.testing.assert_close(tape.value(tape.result), loss(*tensors(point())))


def tensors(at: Point) -> tuple[Any, ...]:
    as_tensors = {name: torch.from_numpy(block) for name, block in at.parameters.items()}
    return (as_tensors, *(torch.from_numpy(array) for array in at.data))


OPERATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "tanh": lambda a, _b: torch.tanh(a),
    "softmax": lambda a, _b: torch.softmax(a, -1),
    "add": lambda a, b: a + b,
    "times": lambda a, b: a * torch.sin(b),
    "divided": lambda a, b: a / (1 + b**2),
    "matrix": lambda a, b: a @ b / 3,
    "turned": lambda a, _b: a.T.contiguous(),
    "a row": lambda a, b: a + b[1].expand(3, 3),
    "columns": lambda a, b: torch.cat([a[:, :1], b[:, 1:]], 1),
    "centred": lambda a, _b: a - a.mean(0, keepdim=True),
    "one entry written": lambda a, b: a.clone().index_put_((torch.tensor([0]),), b[2]),
    "written over": lambda a, b: a.clone().mul_(b).add_(1),
    "largest": torch.maximum,
    "a triangle": lambda a, b: a.tril() + b.triu(1),
    "detached": lambda a, b: a + b.detach(),
}


@pytest.mark.untraced
@given(program=st.lists(st.tuples(st.sampled_from([*OPERATIONS]), st.integers(0, 9)), max_size=6))
def test_the_sweep_over_any_program_is_its_gradient(program: list[tuple[str, int]]) -> None:
    def loss(p: Any, x: Any) -> Any:
        values = [p["W"], p["V"], x[:3] + p["b"]]
        for name, which in program:
            values.append(OPERATIONS[name](values[-1], values[which % len(values)]))
        return (values[-1] * torch.cos(values[0])).sum()

    tape = is_followed(loss, point(), apart=True)
    steps = Steps(tape)
    # and how far the loss moves is what the gradient says
    right = swept(steps).gradients
    for path, ref in tape.parameters.items():
        u = torch.cos(1 + torch.arange(float(tape.value(ref).numel()), dtype=torch.float64))
        u = u.reshape(tape.value(ref).shape)
        moved = tangents(steps, {ref: u[None]}).get(tape.result, torch.zeros(1, dtype=u.dtype))
        torch.testing.assert_close(moved[0], (right[path][0] * u).sum(), rtol=1e-9, atol=1e-9)


class Item(torch.autograd.Function):
    """Its derivative takes a number out: not for many at once, and not forwards."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any, **_: Any) -> Any:
        ctx.factor = 3
        return inputs[0] * ctx.factor, inputs[0].detach()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0] * (ctx.factor + 0 * grads[0].sum().item())


def test_what_pytorch_cannot_do_at_once_is_done_one_by_one() -> None:
    x = torch.from_numpy(B)
    node = Node(Site((), "item", 0), 0, OUTSIDE, (Ref(0),), Item.apply, (x,), followed=True)
    step = Linear(node, [x], [0])
    found = step.back({0: torch.eye(3, dtype=torch.float64)})
    torch.testing.assert_close(found[0], 3 * torch.eye(3, dtype=torch.float64))
    forwards = step.forward({0: torch.stack([x, 2 * x])})
    torch.testing.assert_close(forwards[0], torch.stack([3 * x, 6 * x]))
    assert not step.back({1: x[None]})[0].any()


def quoted(p: Any, x: Any) -> Any:
    h = torch.tanh(
        x @ p["W"] + p["b"],
    )
    for _ in range(2):
        h = h @ p["V"]
    return helped(h)


def helped(h: Any) -> Any:
    return (h**2).sum()


def test_places_quote_the_callers_expressions() -> None:
    tape = recorded(quoted, point())
    first = quoted.__code__.co_firstlineno
    said = {
        (n.place.line - first, n.place.text) for n in tape.nodes if n.place.function == "quoted"
    }
    assert (2, 'x @ p["W"]') in said
    assert (2, 'x @ p["W"] + p["b"]') in said
    assert (1, 'torch.tanh( x @ p["W"] + p["b"], )') in said
    assert (5, 'h @ p["V"]') in said
    inside = {n.place.text for n in tape.nodes if n.place.function == "helped"}
    assert {"h**2", "(h**2).sum()"} <= inside
    products = [n for n in tape.nodes if n.place.text == 'h @ p["V"]' and n.site.operation == "mm"]
    assert [n.turn for n in products] == [0, 1]
    assert len({n.site for n in products}) == 1
    assert "h" in tape.names.values()


def test_a_place_says_what_is_known_of_it() -> None:
    names: dict[str, Any] = {"torch": torch}
    exec(compile("def loss(p, x):\n    return torch.tanh(p['b']).sum()", "<made>", "exec"), names)
    nodes = recorded(names["loss"], point()).nodes
    places = {str(n.place) for n in nodes if n.compute and n.place != OUTSIDE}
    assert places == {"line 2 of loss"}

    def long(p: Any, x: Any) -> Any:
        return (p["b"] + x[0] + x[1] + x[2] + x[3] + x[0] + x[1] + x[2] + x[3] + x[0] + x[1]).sum()

    texts = {n.place.text for n in recorded(long, point()).nodes}
    assert any(text.endswith(" ...") and len(text) <= LONGEST for text in texts)


def test_data_keep_the_name_that_they_were_first_used_by() -> None:
    def loss(p: Any, x: Any) -> Any:
        x = x @ p["W"]
        return (x**2).sum()

    tape = recorded(loss, point())
    [product] = [n for n in tape.nodes if n.site.operation == "mm"]
    assert tape.names[product.operands[0]] == "x"
    assert product.operands[1] not in tape.names, "a parameter has its own"
