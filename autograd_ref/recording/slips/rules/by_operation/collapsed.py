"""Wrong collapsed derivatives of losses that compare a prediction with a target."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

Form = Callable[[Tensor, Tensor], Tensor]


def _twice(x: Tensor, t: Tensor) -> Tensor:
    p = torch.sigmoid(x)
    return (p - t) * p * (1 - p)


def _by_p(x: Tensor, t: Tensor) -> Tensor:
    p = torch.sigmoid(x)
    return (p - t) / (p * (1 - p))


SQUARES: tuple[tuple[str, Form, float], ...] = (
    ("2 * {x}", lambda x, _t: 2 * x, 1.9),
    ("{x} - {foperand1}", lambda x, t: x - t, 1.7),
    ("sign({x} - {foperand1})", lambda x, t: torch.sign(x - t), 2.4),
    ("({x} - {foperand1})**2", lambda x, t: (x - t) ** 2, 2.4),
    ("abs({x} - {foperand1})", lambda x, t: (x - t).abs(), 2.5),
)
LOGITS: tuple[tuple[str, Form, float], ...] = (
    ("p", lambda x, _t: torch.sigmoid(x), 1.9),
    ("p - (1 - {foperand1})", lambda x, t: torch.sigmoid(x) - (1 - t), 2.2),
    ("{x} - {foperand1}", lambda x, t: x - t, 2.0),
    ("(p - {foperand1}) * p * (1 - p)", _twice, 1.9),
    ("(p - {foperand1}) / (p * (1 - p))", _by_p, 1.9),
    ("-{foperand1} * (1 - p)", lambda x, t: -t * torch.sigmoid(-x), 2.1),
    ("(1 - {foperand1}) * p", lambda x, t: (1 - t) * torch.sigmoid(x), 2.1),
    ("tanh({x}) - {foperand1}", lambda x, t: torch.tanh(x) - t, 2.6),
    ("(p > 1/2) - {foperand1}", lambda x, t: (x > 0).to(x.dtype) - t, 2.4),
)


def losses(node: Node, place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield what people write for 2 * (x - t) and for sigmoid(x) - t."""
    if place > 0:
        return
    squared = node.site.operation == "mse_loss"
    of = "" if squared else ", with p = sigmoid({x})"
    fix = "use 2 * ({fx} - {foperand1})" if squared else "use sigmoid({x}) - {foperand1}"
    for text, form, rank in SQUARES if squared else LOGITS:
        said = f"the derivative by {{x}} is taken to be {text}{of}"
        yield Rule("another derivative", _made(form, squared), said, rank, fix)


def _made(form: Form, squared: bool) -> Callable[[At, Tensor | None, Tensor | None], Tensor | None]:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        x, t = at.step.operands[:2]
        right = 2 * (x - t) if squared else torch.sigmoid(x) - t
        return at.right / right * form(x, t)  # weights, and the division by the count

    return made


def ignoring(node: Node, place: int, _x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield what comes back to rows that a loss of classes ignores."""
    assert isinstance(node.compute, Replay), "asked before"
    ignored = int(node.compute.args[4])
    if place > 0 or ignored < 0:
        return

    def counted(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        target = at.step.operands[1]
        taken = torch.zeros_like(at.x).scatter(-1, target.unsqueeze(-1), 1.0)
        kept = (target != ignored).unsqueeze(-1)
        one = at.right[kept.expand_as(at.right) & (taken > 0)]
        return at.right + taken * ~kept * one.mean() if one.numel() else None

    said = f"rows of the class that is ignored, {ignored}, come back as the others do"
    yield Rule("ignored rows counted", counted, said, 1.9, "give them a gradient of zeros")


def sigmoid(_node: Node, _place: int, x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield c * (x - t) for c * (p - t), what the derivative of a loss of p collapses to.

    The factor c is 1 or what a mean over an axis, or over all, divides by.
    """
    for count in dict.fromkeys((1, *x.shape, x.numel())):
        for sign in (1, -1):

            def made(
                at: At, _other: Tensor | None, _c: Tensor | None, by: float = sign / count
            ) -> Tensor:
                return at.right + by * (at.x - at.y)

            said = "{x} itself stands in the derivative of the loss where its sigmoid is due"
            yield Rule("logits for probabilities", made, said, 2.2, "use its sigmoid")
