"""Operations with every kind of derivative, as people write them: right ones, and their parts."""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.autograd import Function

from autograd_ref.report.report import Report


def drawn(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=random, dtype=torch.float64).to(dtype)


def wrong(report: Report) -> list[str]:
    """The names of the blocks that are a mismatch."""
    return [block.name for block in report.blocks if block.verdict == "mismatch"]


def said(report: Report) -> str:
    """All causes, and what is said where none is known."""
    return " ".join([*(c.explanation for c in report.causes), *(n.text for n in report.pattern)])


def not_checked(report: Report) -> list[str]:
    return [note.text for note in report.not_checked]


def saved(ctx: Any, x: Tensor) -> Tensor:
    """The forward pass of a square, in the older style."""
    ctx.save_for_backward(x)
    return x * x


def stands_for_many(tensor: Tensor) -> bool:
    """True under vmap, where a tensor has no memory of its own."""
    try:
        _ = tensor.data_ptr()
    except RuntimeError:
        return True
    return False


def function(forward: Callable[..., Any], **others: Any) -> type[Function]:
    """A torch.autograd.Function that saves its inputs, then its outputs, for both directions."""

    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        outputs = cast("tuple[Any, ...]", output if isinstance(output, tuple) else (output,))
        tensors = [t for t in (*inputs, *outputs) if isinstance(t, Tensor)]
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    members = {"forward": forward, "setup_context": setup_context, **others}
    methods = {name: staticmethod(f) if callable(f) else f for name, f in members.items()}
    return type("Kernel", (Function,), methods)


def of_saved(formula: Callable[..., Any]) -> Callable[..., Any]:
    """A backward pass or a jvp that is a formula of the saved tensors and what comes in."""
    return lambda ctx, *given: formula(*ctx.saved_tensors, *given)


class Formulas(NamedTuple):
    """An operation, by its formulas of saved inputs and outputs."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    jvp: Callable[..., Any]
    inputs: tuple[Tensor, ...]

    def operation(self, **changed: Any) -> type[Function]:
        """The operation with other parts: a formula for backward or jvp, or any other member."""
        formulas = {"backward": self.backward, "jvp": self.jvp}
        formulas |= {name: changed.pop(name) for name in list(changed) if name in formulas}
        parts = {name: of_saved(formula) for name, formula in formulas.items()}
        return function(self.forward, **{"generate_vmap_rule": True, **parts, **changed})


def _normed(x: Tensor) -> tuple[Tensor, Tensor]:
    r = (x.var(-1, unbiased=False, keepdim=True) + 1e-5).rsqrt()
    return (x - x.mean(-1, keepdim=True)) * r, r


def layer_norm(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return torch.nn.functional.layer_norm(x, x.shape[-1:], w, b)


def _centred(x_hat: Tensor, r: Tensor, g: Tensor) -> Tensor:
    return r * (g - g.mean(-1, keepdim=True) - x_hat * (g * x_hat).mean(-1, keepdim=True))


def layer_norm_backward(x: Tensor, w: Tensor, _b: Tensor, _y: Tensor, u: Tensor) -> Any:
    x_hat, r = _normed(x)
    return _centred(x_hat, r, u * w), (u * x_hat).sum(0), u.sum(0)


def layer_norm_jvp(x: Tensor, w: Tensor, _b: Tensor, _y: Tensor, *along: Tensor) -> Tensor:
    (x_hat, r), (by_x, by_w, by_b) = _normed(x), along
    return w * _centred(x_hat, r, by_x) + by_w * x_hat + by_b


LINEAR = Formulas(
    lambda x, w, b: x @ w.mT + b,
    lambda x, w, _b, _y, u: (u @ w, u.mT @ x, u.sum(0)),
    lambda x, w, _b, _y, tx, tw, tb: tx @ w.mT + x @ tw.mT + tb,
    (drawn(3, 2), drawn(4, 2), drawn(4)),
)
TANH = Formulas(
    lambda x: x.tanh(),
    lambda _x, y, u: u * (1 - y * y),
    lambda _x, y, t: t * (1 - y * y),
    (drawn(3, 2),),
)
LAYER_NORM = Formulas(
    layer_norm, layer_norm_backward, layer_norm_jvp, (drawn(3, 5), drawn(5), drawn(5, seed=1))
)
SIN_COS = Formulas(
    lambda x: (x.sin(), x.cos()),
    lambda _x, s, c, u, v: u * c - v * s,
    lambda _x, s, c, t: (t * c, -t * s),
    (drawn(3, 2),),
)
RIGHT: dict[str, Formulas] = {
    "softplus": Formulas(
        lambda x: torch.log1p(x.exp()),
        lambda x, _y, u: u * torch.sigmoid(x),
        lambda x, _y, t: t * torch.sigmoid(x),
        (drawn(3, 2),),
    ),
    "log-softmax": Formulas(
        lambda x: torch.log_softmax(x, -1),
        lambda _x, y, u: u - y.exp() * u.sum(-1, keepdim=True),
        lambda _x, y, t: t - (y.exp() * t).sum(-1, keepdim=True),
        (drawn(3, 4),),
    ),
    "linear": LINEAR,
    "layer norm": LAYER_NORM,
    "two outputs": SIN_COS,
    "exp": Formulas(
        lambda x: x.exp(), lambda _x, y, u: u * y, lambda _x, y, t: t * y, (drawn(3, 2),)
    ),
    "sigmoid": Formulas(
        lambda x: x.sigmoid(),
        lambda _x, y, u: u * y * (1 - y),
        lambda _x, y, t: t * y * (1 - y),
        (drawn(3, 2),),
    ),
    "tanh": TANH,
    "complex product": Formulas(
        lambda a, b: a * b,
        lambda a, b, _y, u: (u * b.conj(), u * a.conj()),
        lambda a, b, _y, t, v: t * b + a * v,
        (torch.complex(drawn(3), drawn(3, seed=1)), torch.complex(drawn(3, seed=2), drawn(3))),
    ),
}
