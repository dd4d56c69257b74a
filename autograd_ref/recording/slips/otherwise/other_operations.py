"""An operation left out of a loss, or another in its place."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.replay import Replay
from autograd_ref.recording.slips.otherwise.change import (
    AtOperation,
    Change,
    Compute,
    inner,
    on_result,
)
from autograd_ref.recording.slips.telling.vocabulary import called
from autograd_ref.recording.tape import Node

PARTS = {
    **dict.fromkeys(("add", "add_", "sub", "sub_", "rsub"), "{rest} is left out"),
    **dict.fromkeys(("mul", "mul_"), "the factor {rest} is left out"),
    **dict.fromkeys(("div", "div_"), "the division by {rest} is left out"),
    **dict.fromkeys(("masked_fill", "masked_fill_"), "the mask is left out"),
}
"""How it is said that only one operand of two stands there."""

INSTEAD: dict[str, tuple[tuple[str, str], ...]] = {
    "ge": (("gt", "> stands for >="), ("le", "<= stands for >="), ("lt", "< stands for >=")),
    "gt": (("ge", ">= stands for >"), ("lt", "< stands for >"), ("le", "<= stands for >")),
    "le": (("lt", "< stands for <="), ("ge", ">= stands for <="), ("gt", "> stands for <=")),
    "lt": (("le", "<= stands for <"), ("gt", "> stands for <"), ("ge", ">= stands for <")),
    "eq": (("ne", "!= stands for =="),),
    "ne": (("eq", "== stands for !="),),
    "amax": (("amin", "the smallest is taken for the largest"),),
    "amin": (("amax", "the largest is taken for the smallest"),),
    "maximum": (("minimum", "the smaller is taken for the larger"),),
    "minimum": (("maximum", "the larger is taken for the smaller"),),
    "tanh": (("sigmoid", "a sigmoid stands for tanh"), ("relu", "a ReLU stands for tanh")),
    "sigmoid": (("tanh", "tanh stands for the sigmoid"), ("exp", "exp stands for the sigmoid")),
    "relu": (("abs", "an absolute value stands for ReLU"), ("tanh", "tanh stands for ReLU")),
    "softplus": (("exp", "exp stands for softplus"), ("relu", "ReLU stands for softplus")),
    "sin": (("cos", "cos stands for sin"),),
    "cos": (("sin", "sin stands for cos"),),
    "exp": (("expm1", "exp - 1 stands for exp"), ("square", "a square stands for exp")),
    "log": (("log1p", "log(1 + ...) stands for log"), ("log2", "log2 stands for log")),
    "log1p": (("log", "log stands for log(1 + ...)"),),
    "log2": (("log", "log stands for log2"),),
    "sqrt": (("square", "a square stands for the root"),),
    "abs": (("square", "a square stands for the absolute value"),),
    "mul": (("div", "a quotient stands for the product"), ("add", "a sum stands for the product")),
    "div": (("mul", "a product stands for the quotient"),),
    "add": (("sub", "a minus stands for the plus"), ("mul", "a product stands for the sum")),
    "sub": (("add", "a plus stands for the minus"),),
    "triu": (("tril", "the lower triangle is taken for the upper"),),
    "tril": (("triu", "the upper triangle is taken for the lower"),),
    "logcumsumexp": (("logsumexp", "the sum goes over all places, not up to each place only"),),
    "cumsum": (("sum", "the sum goes over all places, not up to each place only"),),
}


def operations(at: AtOperation) -> Iterator[Change]:
    """Yield what may stand for an operation."""
    yield from _left_out(at)
    for name, said in INSTEAD.get(at.site.operation, ()):
        if isinstance(at.node.compute, Replay) and (called_so := getattr(torch, name, None)):

            def instead(node: Node, function: object = called_so) -> Compute:
                return _called(node, function)

            yield at.computed("another operation in the loss", said, 2.4, instead)
    if at.node.values and at.node.values[0].dtype == torch.bool:
        for everywhere in (True, False):
            said = f"{{y}} is {'true' if everywhere else 'false'} everywhere: nothing is masked"
            yield at.computed(
                "a mask forgotten in the loss", said, 2.05, _filled(float(everywhere))
            )
    if at.site.operation == "sum" and not at.tape.moves(at.number):
        count = at.tape.value(at.node.operands[0]).numel() / max(1, at.node.values[0].numel())
        said = f"{count:g} stands for {{y}}: every entry is counted"
        yield at.computed("another size in the loss", said, 2.1, _filled(count))
    if at.site.operation in ("sqrt", "rsqrt"):
        yield from _outside_the_root(at)
    if at.site.operation in ("logcumsumexp", "cumsum", "cumprod"):
        yield from _running(at)


def _outside_the_root(at: AtOperation) -> Iterator[Change]:
    """Yield sqrt(x) + eps for sqrt(x + eps)."""
    before = at.tape.nodes[at.node.operands[0].node]
    if before.site.operation not in ("add", "add_") or len(before.numbers) != 1:
        return
    eps = before.numbers[0]

    def outside(node: Node) -> Compute:
        def made(x: Tensor) -> Tensor:
            root = torch.sqrt(x - eps) + eps
            return root if node.site.operation == "sqrt" else 1 / root

        return made

    said = f"{eps:g} is added to the root, not under it"
    yield at.computed("another formula in the loss", said, 2.1, outside)


def _filled(number: float) -> Callable[[Node], Compute]:
    return lambda node: on_result(node, lambda y: torch.full_like(y, number))


def _left_out(at: AtOperation) -> Iterator[Change]:
    node = at.node
    y = node.values[0]
    several = [i for i, _x in at.operands]
    for place, x in at.operands:
        if len(node.values) > 1 or not _fits(x, y):
            continue
        rest = [i for i in range(len(node.operands)) if i != place]
        said = PARTS.get(at.site.operation, "only {keep} stands there").format(
            keep=f"{{operand{place}}}", rest="".join(f"{{operand{i}}}" for i in rest) or "{number}"
        )
        if len(node.operands) == 1 and at.site.operation not in PARTS:
            said = f"the {called(at.site.operation)} is left out"
        if at.site.operation in ("div", "rsub", "sub") and place != next(iter(several)):
            said = f"only {{operand{place}}} stands there"

        def only(node: Node, place: int = place) -> Compute:
            return lambda *o: o[place].expand(node.values[0].shape)

        yield at.computed("an operation left out of the loss", said, 2.0, only)


def _fits(x: Tensor, y: Tensor) -> bool:
    """Return whether one tensor is repeated to be like another, entry by entry."""
    pairs = zip(reversed(x.shape), reversed(y.shape), strict=False)
    return x.ndim <= y.ndim and x.dtype == y.dtype and all(a in (1, b) for a, b in pairs)


def _called(node: Node, function: object) -> Compute:
    replay = node.compute
    assert isinstance(replay, Replay), "asked before"

    def compute(*operands: Tensor) -> object:
        args, kwargs = replay.args, replay.kwargs
        if function in (torch.square, torch.exp, torch.relu, torch.tanh, torch.log):
            args, kwargs = args[:1], {}  # whatever further arguments the operation has
        found = Replay(function, args, kwargs)(*operands)
        shape = node.values[0].shape
        return found.expand(shape) if isinstance(found, Tensor) else found

    return compute


def _running(at: AtOperation) -> Iterator[Change]:
    """Yield other running sums: from the other end, and without the entry itself."""
    axis = int(at.node.numbers[0]) if at.node.numbers else 0
    neutral = {"logcumsumexp": -torch.inf, "cumsum": 0.0, "cumprod": 1.0}[at.site.operation]

    def backwards(node: Node) -> Compute:
        compute = inner(node)

        def made(x: Tensor) -> Tensor:
            return torch.flip(_tensor(compute(torch.flip(x, (axis,)))), (axis,))

        return made

    def before(node: Node) -> Compute:
        def shifted(y: Tensor) -> Tensor:
            first = torch.full_like(y.narrow(axis, 0, 1), neutral)
            return torch.cat([first, y.narrow(axis, 0, y.shape[axis] - 1)], axis)

        return on_result(node, shifted)

    said = "it runs from the other end"
    yield at.computed("another order in the loss", said, 2.3, backwards)
    said = "each place itself is left out: only those before it are summed"
    yield at.computed("one index left out of the loss", said, 2.3, before)


def _tensor(found: object) -> Tensor:
    assert isinstance(found, Tensor), "a running sum is one"
    return found
