"""A wrong step is offered where it can be made, and a change where the loss has what it changes."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref.recording.linear import Steps
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.otherwise.again import ChangedSlopes, altered
from autograd_ref.recording.slips.otherwise.every import changes
from autograd_ref.recording.slips.rules.by_operation.along_rows.normalised import normalised
from autograd_ref.recording.slips.rules.by_operation.along_rows.statistics import statistics
from autograd_ref.recording.slips.rules.elementwise import ANOTHERS_OUTPUT, ELEMENTWISE
from autograd_ref.recording.slips.rules.groups import grouped
from autograd_ref.recording.slips.rules.of_operation import of_operation
from autograd_ref.recording.slips.rules.values import (
    ANOTHERS,
    operand,
    operand_made_otherwise,
    operand_transposed,
)
from autograd_ref.recording.slips.sites import Edge, Other, SlipSite
from autograd_ref.recording.slips.slip import AroundStep, Rule, Slip
from autograd_ref.recording.sweep import swept
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.tree.point import Point, Results

Parameters = Mapping[str, Tensor]
Loss = Callable[[Parameters], Tensor]
RANDOM = np.random.default_rng(11)
PARAMETERS = {
    "A": RANDOM.normal(size=(4, 4)),
    "R": RANDOM.normal(size=(2, 3)),
    "v": RANDOM.normal(size=4),
    "seven": RANDOM.normal(size=7),
    "images": RANDOM.normal(size=(2, 1, 4, 5)),
    "kernel": RANDOM.normal(size=(1, 1, 3, 3)),
    "bias": RANDOM.normal(size=1),
}
GIVEN = torch.from_numpy(RANDOM.normal(size=(4, 4)))
SHARES = torch.sigmoid(GIVEN[0])


def record(loss: Loss) -> Tape:
    """The record at the parameters that the loss uses."""
    used = set[str]()

    class Watched(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            used.add(key)
            return super().__getitem__(key)

    _ = loss(Watched({name: torch.from_numpy(b) for name, b in PARAMETERS.items()}))
    return recorded(loss, Point({name: PARAMETERS[name] for name in sorted(used)}, ()))


def index_of(tape: Tape, operation: str, which: int = 0) -> int:
    return [i for i, node in enumerate(tape.nodes) if node.site.operation == operation][which]


def rules(loss: Loss, operation: str, place: int = 0) -> list[Rule]:
    tape = record(loss)
    node = tape.nodes[index_of(tape, operation)]
    return [*of_operation(node, place, tape.value(node.operands[place]), node.values[0])]


@cache
def sweep(tape: Tape) -> tuple[Steps, dict[Ref, Tensor]]:
    steps = Steps(tape)
    return steps, swept(steps).cotangents


def made(
    tape: Tape, index: int, rule: Rule, place: int | None = 0, other: Ref | None = None
) -> Tensor | None:
    """The contribution to an operand by a slip; None where the slip cannot be made."""
    steps, found = sweep(tape)
    given = {ref.output: c for ref, c in found.items() if ref.node == index}
    right = given[0] if place is None else steps[index].back(given)[place]
    site = tape.nodes[index].site
    another = None if other is None else Other(tape.nodes[other.node].site, other.output)
    around = AroundStep(steps, Edge(index, place), given, found, found, {})
    return Slip(rule, (SlipSite(site, place),), another).made(around.row(0, right[0]))


def named(tape: Tape, name: str) -> Ref:
    return next(ref for ref, known in tape.names.items() if known == name)


def largest(p: Parameters) -> Tensor:
    h = torch.tanh(p["v"])
    largest = p["A"].amax(1, keepdim=True)
    level = p["A"].mean()
    return (largest.amax(1) * h).sum() * level + (p["A"].sin() * p["A"].exp() * h).sum()


def test_the_derivative_of_a_function_is_that_of_entries_one_by_one() -> None:
    """At a maximum over several entries there is none; over one there is."""
    tape = record(largest)
    for rule in ELEMENTWISE:
        assert made(tape, index_of(tape, "amax"), rule) is None
        assert made(tape, index_of(tape, "tanh"), rule) is not None


def test_a_value_of_another_shape_stands_for_no_operand() -> None:
    tape = record(largest)
    tanh = index_of(tape, "tanh")
    for rule in (operand(0), ANOTHERS_OUTPUT, ANOTHERS):
        for name in ("largest", "level"):
            assert made(tape, tanh, rule, 0, named(tape, name)) is None
        assert made(tape, tanh, rule, 0, named(tape, "h")) is not None
    product = next(
        i
        for i, node in enumerate(tape.nodes)
        if node.site.operation == "mul" and node.values[0].shape == (4, 4)
    )
    assert made(tape, product, operand(1), 0, named(tape, "h")) is None  # it would be repeated


def of_matrices(p: Parameters) -> Tensor:
    one, two = torch.exp(p["A"]).split([3, 1])
    square = torch.tanh(p["A"]) @ p["A"]
    return (one @ square).sum() + (two @ p["v"]).sum() + (GIVEN @ p["A"]).sin().sum()


def test_an_operand_is_transposed_where_it_is_a_square_that_is_computed() -> None:
    tape = record(of_matrices)
    square, cut, data = (index_of(tape, "mm", which) for which in range(3))
    assert made(tape, square, operand_made_otherwise(0, 0), 1) is not None
    for index, rule in (
        (square, operand(5)),
        (square, operand_transposed(5)),
        (square, operand_made_otherwise(5, 0)),
        (square, operand_made_otherwise(0, 5)),
        (data, operand_made_otherwise(0, 0)),  # it is given
        (cut, operand_made_otherwise(0, 0)),  # one of several results
    ):
        assert made(tape, index, rule, 1, named(tape, "square")) is None, rule.said
    rows = record(lambda p: (torch.tanh(p["R"]) @ p["A"][:3]).sum())
    assert made(rows, index_of(rows, "mm"), operand_made_otherwise(0, 0), 1) is None


def swinging(p: Parameters, turns: int = 4) -> Tensor:
    x, s = p["v"], torch.cos(p["v"])
    for _ in range(turns):
        s = s + 0.3 * torch.sin(x) * x
        x = torch.tanh(x + 0.5 * s * s * GIVEN[0])
    return (x * s).sum()


def test_a_derivative_at_the_state_after_the_turn_is_that_of_the_turn_computed_there() -> None:
    tape = record(swinging)
    rule = next(rule for _p, _t, rule in grouped(tape) if "after the turn" in rule.said)
    x = torch.from_numpy(PARAMETERS["v"])
    s, states = torch.cos(x), list[tuple[Tensor, Tensor]]()
    for _ in range(4):
        s = s + 0.3 * torch.sin(x) * x
        x = torch.tanh(x + 0.5 * s * s * GIVEN[0])
        states.append((x, s))
    tanhs = [i for i, node in enumerate(tape.nodes) if node.site.operation == "tanh"]
    cotangents = swept(Steps(tape)).cotangents
    for index, (x, s) in zip(tanhs, states, strict=True):
        anew = s + 0.3 * torch.sin(x) * x
        z = x + 0.5 * anew * anew * GIVEN[0]
        found = made(tape, index, rule)
        assert found is not None
        np.testing.assert_allclose(found, cotangents[Ref(index)][0] * (1 - torch.tanh(z) ** 2))


def test_a_loop_of_two_turns_has_no_one_turn_among_many() -> None:
    texts = {
        turns: " ".join(f"{of} {rule.said}" for _p, of, rule in grouped(tape))
        for turns in (2, 4)
        for tape in [record(lambda p, n=turns: swinging(p, n))]
    }
    assert "all but the" in texts[4]
    assert "all but the" not in texts[2]


def test_a_normalisation_is_derived_along_other_axes_only_where_there_is_one() -> None:
    tape = record(lambda p: (p["A"] / p["A"].norm(dim=1, keepdim=True) @ p["v"]).sum())
    ref, other = (tape.parameters[name,] for name in ("A", "v"))
    (rule, *_) = normalised(tape, ref)
    assert made(tape, ref.node, rule, None) is not None
    assert made(tape, other.node, rule, None) is None


def of_rows(p: Parameters) -> Tensor:
    return (p["A"] / p["A"].exp().sum(1, keepdim=True)).sin().sum()


def test_a_statistic_is_one_of_several_entries_that_meets_them_again() -> None:
    tape = record(of_rows)
    index = index_of(tape, "sum")
    (rule, *_) = found = [*statistics(tape, index)]
    assert found
    unreached = AroundStep(Steps(tape), Edge(index, 0), {0: torch.ones(1, 4, 1)}, {}, {}, {})
    right = torch.ones(4, 4, dtype=torch.float64)
    assert Slip(rule, (SlipSite(tape.nodes[index].site, 0),)).made(unreached.row(0, right)) is None
    for loss in (
        lambda p: (p["v"][:, None] / p["v"][:, None].sum(1, keepdim=True)).sum(),  # of one entry
        lambda p: p["A"].sum(1, keepdim=True).expand(4, 4).sum(0).sin().sum(),  # never again
    ):
        tape = record(loss)
        assert not [*statistics(tape, index_of(tape, "sum"))]


def test_wrong_steps_of_an_operation_belong_to_what_it_takes() -> None:
    def cost(p: Parameters) -> Tensor:
        return functional.mse_loss(p["v"], p["v"].sin())

    def maps(p: Parameters) -> Tensor:
        return functional.conv2d(p["images"], p["kernel"], p["bias"]).sum()

    assert rules(cost, "mse_loss", 0)
    assert not rules(cost, "mse_loss", 1)
    assert rules(maps, "convolution", 1)
    assert not rules(maps, "convolution", 2)
    assert not rules(lambda p: p["v"][:, None].amax(1).sum(), "amax")
    assert rules(lambda p: p["A"].amax(1).sum(), "amax")
    said = [rule.said for rule in rules(lambda p: p["A"].clamp(min=0, max=2).sum(), "clamp")]
    assert any("0 is 1" in text for text in said)
    assert not any("1/0" in text or "-0" in text for text in said)
    of_vector = rules(lambda p: (torch.softmax(p["v"], 0) ** 2).sum(), "_softmax")
    of_matrix = rules(lambda p: (torch.softmax(p["A"], 0) ** 2).sum(), "_softmax")
    assert {rule.name for rule in of_matrix} - {rule.name for rule in of_vector} == {
        "the wrong axis"
    }
    (only,) = rules(lambda p: p["v"].reshape(2, 2).sin().sum(), "view")
    assert "the axes of {y} in the order (1, 0)" in only.said
    assert not rules(
        lambda p: sum((x.sin() for x in p["seven"].unbind()), start=GIVEN.sum()), "unbind"
    )


def test_an_operation_that_writes_has_no_constant_in_its_derivative() -> None:
    """The operation is done again on copies of the memory that it writes into."""

    def batches(p: Parameters) -> Tensor:
        mean, var = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
        plain = functional.batch_norm(p["A"], None, None, training=True)
        kept = functional.batch_norm(p["A"].sin(), mean, var, training=True)
        return (plain**3).sum() + (kept**3).sum()

    tape = record(batches)
    plain, kept = (
        next(
            i
            for i, node in enumerate(tape.nodes)
            if "batch_norm" in node.site.operation and len(node.operands) == n
        )
        for n in (1, 3)
    )
    node = tape.nodes[plain]
    found = [*of_operation(node, 0, tape.value(node.operands[0]), node.values[0])]
    rule = next(rule for rule in found if "1e-05 is 0" in rule.said)
    assert made(tape, plain, rule) is not None
    assert made(tape, kept, rule) is None
    node = tape.nodes[kept]
    assert not [*of_operation(node, 0, tape.value(node.operands[0]), node.values[0])]


def test_parts_of_other_sizes_are_not_exchanged() -> None:
    tape = record(lambda p: sum((x.sin().sum() for x in p["v"].split([1, 3])), start=GIVEN.sum()))
    index = next(i for i, node in enumerate(tape.nodes) if node.site.operation.startswith("split"))
    node = tape.nodes[index]
    for rule in of_operation(node, 0, tape.value(node.operands[0]), node.values[0]):
        assert made(tape, index, rule) is None
    assert "parts exchanged in the loss" not in {change.name for change in changes(tape)}


def test_a_convolution_goes_back_through_the_kernel_as_it_is() -> None:
    tape = record(lambda p: functional.conv2d(p["images"], p["kernel"], padding=(0, 1)).sin().sum())
    index = index_of(tape, "convolution")
    node = tape.nodes[index]
    found = {
        rule.name: rule
        for rule in of_operation(node, 0, tape.value(node.operands[0]), node.values[0])
    }
    c = swept(Steps(tape)).cotangents[Ref(index)][0]
    kernel = torch.from_numpy(PARAMETERS["kernel"])

    def back(through: Tensor) -> Tensor:
        images = torch.from_numpy(PARAMETERS["images"]).requires_grad_()
        maps = functional.conv2d(images, through, padding=(0, 1))
        return torch.autograd.grad(maps, images, c)[0]

    right, turned = back(kernel), back(kernel.flip(2, 3))
    torch.testing.assert_close(made(tape, index, found["kernel not turned"]), turned)
    shifted = made(tape, index, found["shifted by the padding"])  # the last one: backwards
    assert shifted is not None
    torch.testing.assert_close(shifted[..., :-1], right[..., 1:])
    assert not shifted[..., -1].any()


def changed(loss: Loss, name: str) -> Iterator[str]:
    return (change.said for change in changes(record(loss)) if change.name == name)


def test_a_change_is_offered_where_the_loss_has_what_it_changes() -> None:
    axis, order = "another axis in the loss", "another order in the loss"
    assert [*changed(lambda p: p["A"].sin().sum((1,)).exp().sum(), axis)]
    assert not [*changed(lambda p: p["A"].sin().sum((0, 1)), axis)]
    assert [*changed(lambda p: p["A"].reshape(2, 2, 4).sin().sum(), order)]
    assert not [*changed(lambda p: p["A"].reshape(2, 8).sin().sum(), order)]
    size = "another size in the loss"
    assert any("4 - 1" in said for said in changed(lambda p: p["A"].mean(1).sin().sum(), size))
    single = [*changed(lambda p: p["v"][:, None].mean(1).sin().sum(), size)]
    assert single
    assert not any("1 - 1" in said for said in single)


def test_an_operation_that_writes_is_not_replaced() -> None:
    def loss(p: Parameters) -> Tensor:
        weights = torch.empty(4, 4, dtype=torch.float64)
        _ = torch.exp(GIVEN, out=weights)
        return (weights @ p["v"]).sin().sum()

    said = "exp - 1 stands for exp"
    assert said not in changed(loss, "another operation in the loss")
    assert said in changed(
        lambda p: (torch.exp(GIVEN) @ p["v"]).sin().sum(), "another operation in the loss"
    )


def test_a_target_that_is_left_out_is_zero() -> None:
    tape = record(lambda p: functional.mse_loss(GIVEN @ p["v"], SHARES))
    (change,) = [
        change
        for change in changes(tape)
        if change.name == "the target left out" and not change.value_only
    ]
    zeros = record(lambda p: functional.mse_loss(GIVEN @ p["v"], torch.zeros_like(SHARES)))
    hand = {path: g[0].numpy() for path, g in swept(Steps(zeros)).gradients.items()}
    new = altered(Steps(tape), change)
    assert new is not None
    np.testing.assert_array_equal(swept(new).gradients["v",][0], hand["v",])
    assert ChangedSlopes(tape, hand, 1000).fits(change)


def test_what_is_joined_in_one_turn_only_is_not_exchanged() -> None:
    def loss(p: Parameters) -> Tensor:
        total = torch.zeros(4, dtype=torch.float64)
        for t in range(2):
            one = p["v"] * GIVEN[0]
            two = p["v"].sin() * GIVEN[1]
            total = total + (one + two if t == 1 else one.exp() * two.exp())
        return total.exp().sum()

    tape = record(loss)
    hand: Results = {("v",): np.ones(4)}
    found = [
        change
        for change in changes(tape)
        if "are exchanged" in change.said and len(change.made) == 2
    ]
    assert found
    for change in found:
        assert altered(Steps(tape), change) is None
        assert not ChangedSlopes(tape, hand, 1000).fits(change)


def test_pieces_of_a_loop_are_not_exchanged_with_one_outside() -> None:
    def loss(p: Parameters) -> Tensor:
        h = before = p["v"]
        for _ in range(3):
            before = h
            h = torch.tanh(h * before[:2].sum())
        return (h[:2] * before[2:]).sum()

    assert not [*changed(loss, "parts exchanged in the loss")]
    assert [
        *changed(lambda p: (p["v"][:2].exp() * p["v"][2:]).sum(), "parts exchanged in the loss")
    ]
