"""Each kind of wrong step is named, in a model whose backward pass has that step wrong."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional, grad

from autograd_ref import check_gradients
from autograd_ref.recording.following import followed, unfollowed
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.finding.effects import all_scored, scored
from autograd_ref.recording.slips.finding.seen import seen
from autograd_ref.recording.sweep import swept
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.tree.point import Point

Operation = Callable[[Tensor], Tensor]
Back = Callable[[Tensor, Tensor, Tensor], Tensor]

GENERATOR = np.random.default_rng(5)
IMAGES = GENERATOR.normal(size=(2, 2, 4, 6))
ROWS = GENERATOR.normal(size=(5, 3))
TARGETS = GENERATOR.uniform(size=(5, 4))
WORDS = torch.tensor([[0, 1, 1], [2, 1, 0], [3, 3, 1]])
SQUARE = GENERATOR.normal(size=(4, 4))
PARAMETERS = {
    "W": GENERATOR.normal(size=(3, 4)),
    "kernel": GENERATOR.normal(size=(2, 2, 3, 3)),
    "table": GENERATOR.normal(size=(4, 3)),
    "square": 0.4 * SQUARE,
    "long": GENERATOR.normal(size=(6, 4)),
}


def with_back(operation: Operation, back: Back) -> Operation:
    """An operation whose derivative is written by hand: from x, y and what comes back to y."""

    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            y = operation(x)
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx: Any, *cotangents: Tensor) -> Tensor:
            x, y = ctx.saved_tensors
            return back(x, y, cotangents[0])

    def applied(x: Tensor) -> Tensor:
        y: Tensor = Written.apply(x)
        return y

    return applied


def explained(loss: Callable[..., Tensor], wrong: Callable[..., Tensor], *names: str) -> str:
    """The explanation of the gradient of `wrong`, held against `loss`."""
    used = {name: PARAMETERS[name] for name in names}

    def gradients(parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        leaves = {
            k: torch.tensor(v, dtype=torch.float64, requires_grad=True)
            for k, v in parameters.items()
        }
        _ = wrong(leaves).backward()
        return {k: leaf.grad.numpy() for k, leaf in leaves.items() if leaf.grad is not None}

    report = check_gradients(gradients, used, loss=loss)
    assert report.verdict == "mismatch"
    return " | ".join(cause.explanation for cause in report.causes)


def softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, 1)


def log_softmax(x: Tensor) -> Tensor:
    return torch.log_softmax(x, 1)


def normalize(x: Tensor) -> Tensor:
    return functional.normalize(x, dim=1)


def layer_norm(x: Tensor) -> Tensor:
    centred = x - x.mean(1, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(1, keepdim=True) + 1e-2)


def pooled(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 2)


SCORES = [
    (softmax, lambda _x, y, c: y * (c - (c * y).sum(0)), "goes over axis 0"),
    (softmax, lambda _x, y, c: y * (c - c.sum(1, keepdim=True)), "lacks the weights"),
    (softmax, lambda _x, y, c: y * c, "sum over"),
    (softmax, lambda _x, y, c: y * (1 - y) * c, "only the diagonal"),
    (log_softmax, lambda _x, y, c: -y.exp() * c.sum(1, keepdim=True), "not subtracted"),
    (log_softmax, lambda x, y, c: c - torch.softmax(x, 0) * c.sum(1, keepdim=True), "over axis 0"),
    (
        log_softmax,
        lambda _x, y, c: (c - y.exp() * c.sum(1, keepdim=True)) * y.exp() * (1 - y.exp()),
        "applied once more",
    ),
    (
        lambda x: torch.logsumexp(x, 1, keepdim=True).expand_as(x),
        lambda x, _y, c: c.sum(1, keepdim=True) * x.exp(),
        "not normalised",
    ),
    (
        normalize,
        lambda x, y, c: (c - y * (c * y).sum(0)) / x.norm(dim=1, keepdim=True),
        "axis 0",
    ),
    (
        layer_norm,
        lambda x, y, c: (
            (c - c.mean(0) - y * (c * y).mean(0))
            / torch.sqrt(x.var(1, correction=0, keepdim=True) + 1e-2)
        ),
        "axis 0",
    ),
    (torch.relu, lambda _x, _y, c: c * (c > 0), "its own sign"),
    (torch.tanh, lambda x, _y, c: c * (1 - x**2), "1 - "),
    (lambda x: x**3, lambda x, _y, c: 2 * c * x, "3 is 3 - 1"),
    (
        lambda x: x.amax(1, keepdim=True).expand_as(x),
        lambda _x, _y, c: c.sum(1, keepdim=True).expand_as(c),
        "goes to all",
    ),
    (lambda x: x.reshape(2, 10).T, lambda x, _y, c: c.reshape(x.shape), "reshaped"),
]


@pytest.mark.untraced
@pytest.mark.parametrize(("operation", "back", "said"), SCORES)
def test_a_wrong_step_among_scores_is_named(operation: Operation, back: Back, said: str) -> None:
    weights = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def made(step: Operation) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            y = step(torch.from_numpy(ROWS) @ p["W"])
            return (y**2 * weights.reshape(y.shape)).sum()

        return loss

    assert said in explained(made(operation), made(with_back(operation, back)), "W")


def of_repeats(kind: str) -> Back:
    def back(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
        found = torch.zeros_like(x)
        for row, cotangents in zip(WORDS, c, strict=True):
            part = torch.zeros_like(x)
            for word, one in zip(row, cotangents, strict=True):
                part[word] = one
            for word in set(row.tolist()):
                found[word] = part[word] if kind == "last" else found[word] + part[word]
        return found

    return back


@pytest.mark.untraced
@pytest.mark.parametrize(("kind", "said"), [("last", "the last time"), ("once", "counts once")])
def test_repeated_words_that_do_not_add_up_are_named(kind: str, said: str) -> None:
    def made(step: Operation) -> Callable[..., Tensor]:
        weights = torch.arange(1.0, 28.0).reshape(3, 3, 3)
        return lambda p: torch.sin(step(p["table"]) * weights).sum()

    def right(table: Tensor) -> Tensor:
        return functional.embedding(WORDS, table)

    assert said in explained(made(right), made(with_back(right, of_repeats(kind))), "table")


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("back", "said"),
    [
        (lambda x, _y, c: c.repeat_interleave(2, 2).repeat_interleave(2, 3), "goes to all"),
        (lambda x, _y, c: c.repeat_interleave(2, 2).repeat_interleave(2, 3) / 4, "is shared"),
    ],
)
def test_a_wrong_derivative_of_pooling_is_named(back: Back, said: str) -> None:
    def made(step: Operation) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            maps = functional.conv2d(torch.from_numpy(IMAGES), p["kernel"], padding=1)
            return (step(maps) ** 2).sum()

        return loss

    assert said in explained(made(pooled), made(with_back(pooled, back)), "kernel")


def unpadded(x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
    image = functional.pad(torch.from_numpy(IMAGES), (0, 2, 0, 2))
    return grad.conv2d_weight(image, x.shape, c)


def test_windows_without_padding_are_named() -> None:
    def right(kernel: Tensor) -> Tensor:
        return functional.conv2d(torch.from_numpy(IMAGES), kernel, padding=1)

    weights = torch.arange(96.0).reshape(2, 2, 4, 6)

    def made(step: Operation) -> Callable[..., Tensor]:
        return lambda p: torch.tanh(step(p["kernel"]) / weights.add(1)).sum()

    assert "without the padding" in explained(
        made(right), made(with_back(right, unpadded)), "kernel"
    )


def test_a_kernel_that_is_flipped_is_named() -> None:
    def made(*axes: int) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            kernel = p["kernel"].flip(axes) if axes else p["kernel"]
            maps = functional.conv2d(torch.from_numpy(IMAGES), kernel, padding=1)
            return (maps**3).sum()

        return loss

    assert "is flipped" in explained(made(), made(2, 3), "kernel")


def recurrent(
    *, at: str = "", cut: Callable[[int], bool] = lambda _t: False
) -> Callable[..., Tensor]:
    """A loop in which some turns do not reach the weights, or the state."""

    def loss(p: Mapping[str, Tensor]) -> Tensor:
        h, total = torch.ones(4, dtype=torch.float64) / 3, torch.zeros((), dtype=torch.float64)
        for t in range(5):
            square = p["square"].detach() if at == "weights" and cut(t) else p["square"]
            state = h.detach() if at == "state" and cut(t) else h
            h = torch.tanh(state @ square + torch.from_numpy(TARGETS[t]))
            total = total + (h**3).sum()
        return total

    return loss


@pytest.mark.untraced
def test_weights_that_only_one_turn_reaches_are_named() -> None:
    right = recurrent()
    first = explained(right, recurrent(at="weights", cut=lambda t: t > 0), "square")
    last = explained(right, recurrent(at="weights", cut=lambda t: t < 4), "square")
    assert "first turn" in first
    assert "last turn" in last


@pytest.mark.untraced
def test_a_state_that_is_not_followed_through_time_is_named() -> None:
    said = explained(recurrent(), recurrent(at="state", cut=lambda _t: True), "square")
    assert "not followed" in said


@pytest.mark.untraced
def test_a_derivative_at_the_state_before_begins_at_the_initial_state() -> None:
    def made(*, wrong: bool) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            h = torch.ones(4, dtype=torch.float64) / 3
            for t in range(5):
                before = h.detach()
                tanh = with_back(torch.tanh, lambda _x, _y, c, b=before: c * (1 - b**2))
                z = h @ p["square"] + torch.from_numpy(TARGETS[t])
                h = (tanh if wrong else torch.tanh)(z)
            return (h**3).sum()

        return loss

    said = explained(made(wrong=False), made(wrong=True), "square")
    assert "is taken at before, not at h" in said


@pytest.mark.untraced
def test_paths_of_one_line_left_out_together_are_named() -> None:
    def made(hidden: Operation) -> Callable[..., Tensor]:
        def loss(p: Mapping[str, Tensor]) -> Tensor:
            z = torch.tanh(torch.from_numpy(ROWS) @ p["W"])
            y = hidden(z)
            kept = y * torch.sin(y)
            return (kept + z**3).sum() + (z.sin() * z.cos()).sum()

        return loss

    said = explained(made(lambda z: z), made(lambda z: z.detach()), "W")
    assert "not followed" in said


def test_parts_of_a_split_in_another_order_are_named() -> None:
    def made(*, wrong: bool) -> Callable[..., Tensor]:
        def back(_x: Tensor, _y: Tensor, c: Tensor) -> Tensor:
            return c[:, [2, 3, 0, 1]]

        def loss(p: Mapping[str, Tensor]) -> Tensor:
            z = torch.tanh(torch.from_numpy(ROWS) @ p["W"])
            one, two = (with_back(torch.clone, back)(z) if wrong else z).chunk(2, 1)
            return (one**2 * torch.sin(two)).sum()

        return loss

    said = explained(made(wrong=False), made(wrong=True), "W")
    assert "in the order (2, 1)" in said


def predators(*, at_next: bool = False, overwritten: bool = False) -> Callable[..., Tensor]:
    def grown(x: Tensor, then: Tensor) -> Tensor:
        return with_back(lambda x: x + 0.1 * x**2, lambda _x, _y, c: c * (1 + 0.2 * then))(x)

    def loss(p: Mapping[str, Tensor]) -> Tensor:
        x, total = p["square"], torch.zeros((), dtype=torch.float64)
        for t in range(6):
            then = x + 0.1 * x**2
            x = grown(x, then.detach()) if at_next else then
            if t % 2 == 1:
                total = total + torch.sin(x).sum()
                x = x.detach() if overwritten and t < 5 else x
        return total

    return loss


@pytest.mark.untraced
def test_an_adjoint_that_is_overwritten_at_an_observation_is_named() -> None:
    said = explained(predators(), predators(overwritten=True), "square")
    assert "overwrites" in said or "first turn only" in said


@pytest.mark.untraced
def test_derivatives_at_the_state_after_the_turn_are_named() -> None:
    said = explained(predators(), predators(at_next=True), "square")
    assert ", not at x of the step before" in said or "at the state after" in said


def test_a_gradient_inside_the_loss_is_followed() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        x = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
        e = torch.tanh((x + torch.from_numpy(ROWS)) @ p["W"].T.T).sum()
        (g,) = torch.autograd.grad(e, x, create_graph=True)
        return (g**2).sum()

    point = Point({"W": PARAMETERS["W"]}, ())
    right = {path: np.asarray(g) for path, g in differentiate(loss, *point)[1].items()}
    assert followed(loss, point, right, apart=False) is not None
    assert unfollowed(loss, point, right) == ""


def test_what_cannot_be_followed_is_said_with_its_place() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        return p["W"].to_sparse().to_dense().pow(2).sum()

    def gradients(p: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"W": np.random.default_rng(3).normal(size=p["W"].shape)}

    report = check_gradients(gradients, {"W": PARAMETERS["W"]}, loss=loss)
    (note,) = [note for note in report.pattern if note.kind == "steps not named"]
    assert 'sparse tensors are not followed, as in `p["W"].to_sparse()`' in note.text


def test_a_name_that_stands_for_many_tensors_under_vmap_is_no_obstacle() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        def one(x: Tensor) -> Tensor:
            return torch.tanh(x @ p["W"]).pow(2).sum()

        return torch.vmap(one)(torch.from_numpy(ROWS)).mean()

    point = Point({"W": PARAMETERS["W"]}, ())
    right = {path: np.asarray(g) for path, g in differentiate(loss, *point)[1].items()}
    assert followed(loss, point, right, apart=True) is not None


def test_every_kind_of_slip_changes_what_is_predicted_of_it() -> None:
    def loss(p: Mapping[str, Tensor]) -> Tensor:
        images, rows = torch.from_numpy(IMAGES), torch.from_numpy(ROWS)
        maps = pooled(torch.relu(functional.conv2d(images, p["kernel"], padding=1)))
        scores = maps.flatten(1) @ torch.linspace(-1, 1, 48, dtype=torch.float64).reshape(12, 4)
        z = rows @ p["W"]
        one, two = z.T.reshape(2, 10).chunk(2)
        products = (p["square"] * p["square"].T) @ torch.softmax(p["square"], 0)
        return (
            functional.binary_cross_entropy_with_logits(layer_norm(z), torch.from_numpy(TARGETS))
            + functional.mse_loss(normalize(z), torch.from_numpy(TARGETS))
            + functional.cross_entropy(scores, torch.tensor([1, 3]))
            + torch.logsumexp(products, 1).sum()
            + (one * two).sum()
            + products.amax(1).sum()
            + p["table"][WORDS].pow(3).sum()
        )

    point = Point({k: PARAMETERS[k] for k in ("W", "kernel", "square", "table")}, ())
    steps = Steps(recorded(loss, point))
    right = swept(steps)
    hand = {path: g[0].numpy() + 1.0 for path, g in right.gradients.items()}
    state = seen(steps, hand, dict.fromkeys(hand, 1e-12))
    found = all_scored(state, scored(state))
    kinds: dict[tuple[str, str, str], int] = {}
    for i, slip in enumerate(found.slips):
        _ = kinds.setdefault((slip.rule.name, slip.sites[0].site.operation, slip.rule.said), i)
    some = [i for i in kinds.values() if np.isfinite(found.effects[i]).all()]
    made = swept(steps, [(found.slips[i],) for i in some], right.cotangents)
    for column, (path, u) in enumerate(zip(state.blocks, state.along, strict=True)):
        change = ((made.gradients[path] - right.gradients[path]) * u).reshape(len(some), -1).sum(1)
        near = np.abs(change.numpy() - found.effects[some, column])
        size = np.abs(found.effects[some, column]) + found.scales[some, column]
        assert (near <= 1e-9 * (1 + size)).all()
    assert len(some) > 300
