"""A wrong step is told in a teacher's words, at its place, with the names of the loss."""

from collections.abc import Callable, Mapping
from itertools import chain

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref.assignment.autograd_reference import network_loss
from autograd_ref.assignment.mistakes.mistake import Shows
from autograd_ref.assignment.mistakes.planted import problem_for
from autograd_ref.recording.linear import Steps
from autograd_ref.recording.recorder import recorded
from autograd_ref.recording.slips.finding.guesses import Guess, SlipClaim
from autograd_ref.recording.slips.finding.ranks import akin, naturalness
from autograd_ref.recording.slips.rules.amounts import Amount, factor
from autograd_ref.recording.slips.rules.axes import axes
from autograd_ref.recording.slips.rules.elementwise import ANOTHERS_OUTPUT, ELEMENTWISE
from autograd_ref.recording.slips.rules.paths import PATHS
from autograd_ref.recording.slips.rules.values import (
    ANOTHERS,
    DIVIDED,
    FACTORS,
    TIMES,
    operand,
    operand_made_otherwise,
    operand_transposed,
)
from autograd_ref.recording.slips.sites import Other, SlipSite
from autograd_ref.recording.slips.slip import Rule, Slip
from autograd_ref.recording.slips.telling.in_words import worded
from autograd_ref.recording.slips.telling.value_names import name
from autograd_ref.recording.tape import Ref, Tape
from autograd_ref.tree.point import Point

Parameters = Mapping[str, Tensor]
A = np.arange(1.0, 7).reshape(2, 3) / 4
POINT = Point({"A": A, "v": A[0]}, ())
RULES = {rule.said: rule for rule in chain(PATHS, ELEMENTWISE, axes(2, (2, 3)))}
LEFT_OUT = RULES["the derivative by {x} is left out"]
NOT_FOLLOWED = RULES["the path to {x} is not followed"]


def taken(text: str) -> Rule:
    return RULES[f"the derivative by {{x}} is taken to be {text}"]


def times(value: float, text: str, kind: str = "") -> Rule:
    return factor(Amount(value, text, 1.3, kind))


def hidden(p: Parameters) -> Tensor:
    z = p["A"] @ p["v"]
    h = torch.tanh(z)
    e = torch.exp(h)
    s = torch.sigmoid(3 * h) * e / torch.sqrt(e)
    masked = s.masked_fill(torch.tensor([False, True]), 0.0)
    r = torch.relu(p["A"].sum(0)).square().mean()
    return (1 - masked).sum() - r.clamp(min=0.1) - torch.exp(p["v"]).cumsum(0).sum() + (-r)


def normed(p: Parameters) -> Tensor:
    y = functional.layer_norm(p["A"], (3,))
    a = torch.softmax(y @ p["v"], 0)
    logits = y * p["v"]
    q = functional.log_softmax(logits, 1)
    u = functional.normalize(p["v"], dim=0)
    return (a**3).sum() + q[:, 0].sum() + u.sum() ** 2


def simple(p: Parameters) -> Tensor:
    n = torch.linalg.vector_norm(p["A"], dim=1, keepdim=True)
    u = p["A"] / n.expand(2, 3)
    return (torch.exp(p["v"]) * torch.reciprocal(p["v"])).sum() + u.sum() ** 2


def stepped(p: Parameters) -> Tensor:
    h = p["v"]
    for _ in range(3):
        h = torch.tanh(h * p["v"])
    return h.sum()


CASES: list[tuple[Callable[[Parameters], Tensor], str, int | None, Rule, str, str]] = [
    (simple, "exp", 0, LEFT_OUT, "the derivative of exp, exp itself, is left out", "multiply by"),
    (simple, "reciprocal", 0, times(-1, "-1"), "the minus of the derivative of the reciproc", "-"),
    (simple, "mul", 0, LEFT_OUT, 'the factor `torch.reciprocal(p["v"])` is left out', "multiply"),
    (
        hidden,
        "tanh",
        0,
        LEFT_OUT,
        "the derivative of tanh, 1 - h**2, is left out",
        "dz = dh * (1 - h**2)",
    ),
    (hidden, "exp", 0, LEFT_OUT, "the derivative of exp, e, is left out", "dh = de * e"),
    (
        hidden,
        "sqrt",
        0,
        LEFT_OUT,
        "1 / (2 * torch.sqrt(e)), is left out",
        "1 / (2 * torch.sqrt(e))",
    ),
    (hidden, "mul", 0, LEFT_OUT, "the factor 3 is left out on the way back to h", "multiply by 3"),
    (hidden, "div", 0, LEFT_OUT, "the division by `torch.sqrt(e)` is left out", "divide by"),
    (hidden, "masked_fill", 0, LEFT_OUT, "the mask is left out on the way back to s", "masked"),
    (hidden, "mv", 0, LEFT_OUT, "the derivative by A is left out", "multiply by that derivative"),
    (hidden, "clamp", 0, LEFT_OUT, "1 between the limits, 0 beyond them, is left out", "1 between"),
    (hidden, "tanh", 0, NOT_FOLLOWED, "the path through the tanh to z is not followed", "add what"),
    (hidden, "sub", 0, NOT_FOLLOWED, "is not followed", "add what comes back along that path"),
    (
        hidden,
        "tanh",
        0,
        taken("1 - {x}**2"),
        "it is taken at its input z, not at its output h",
        "dz =",
    ),
    (hidden, "pow", 0, taken("2 * {y}"), "it is taken at its output", "2 * torch.relu"),
    (
        hidden,
        "tanh",
        0,
        taken("{y} * (1 - {y})"),
        "which is that of the sigmoid; it is 1 - h**2",
        "",
    ),
    (hidden, "tanh", 0, taken("1 - {y}"), "is taken to be 1 - h; it is 1 - h**2", ""),
    (hidden, "tanh", 0, taken("1 - tanh({y})**2"), "applied a second time, to its output", ""),
    (
        hidden,
        "tanh",
        0,
        taken("the derivative of sigmoid at {x}"),
        "to be that of the sigmoid;",
        "",
    ),
    (hidden, "cumsum", 0, taken("1 - {y}"), "the derivative by `torch.exp(", "use the derivative"),
    (
        hidden,
        "tanh",
        0,
        RULES["the derivative by {x} is applied twice"],
        "1 - h**2, is applied twice",
        "once",
    ),
    (
        hidden,
        "cumsum",
        0,
        RULES["the derivative by {x} is applied twice"],
        "is applied twice",
        "once",
    ),
    (
        hidden,
        "pow",
        0,
        times(0.5, "1/2"),
        "the 2 of the derivative of the square, 2 * torch.relu(",
        "",
    ),
    (hidden, "sqrt", 0, times(2, "2"), "the 1/2 of the derivative of the root", ""),
    (hidden, "tanh", 0, times(2, "2"), "what reaches z has a factor 2 too many", "divide by 2"),
    (hidden, "mv", 0, times(2, "2"), "what reaches A has a factor 2 too many", "divide by 2"),
    (hidden, "mean", 0, times(3, "3", "rows"), "the 1/3 of the mean is left out on the way", ""),
    (
        hidden,
        "sum",
        0,
        times(0.5, "1/2", "rows"),
        "is divided by 2: averaged, where it is summed",
        "",
    ),
    (hidden, "sum", 0, times(4, "4", "rows"), "has a factor 4 (rows) too many", ""),
    (
        hidden,
        "rsub",
        0,
        times(-1, "-1"),
        "the minus in front of masked is left out",
        "flip the sign",
    ),
    (hidden, "sub", 1, times(-1, "-1"), "the minus in front of", "flip the sign"),
    (hidden, "div", 1, times(-1, "-1"), "the minus of the derivative by", "**2"),
    (hidden, "neg", 0, times(-1, "-1"), "the minus sign is left out on the way back to r", "flip"),
    (hidden, "tanh", 0, times(-1, "-1"), "the sign of what reaches z is wrong", "flip the sign"),
    (hidden, "tanh", None, times(-1, "-1"), "the sign of what reaches h is wrong", "flip the sign"),
    (
        normed,
        "_softmax",
        0,
        taken("{y} * (1 - {y})"),
        "only the diagonal of the softmax's derivative is taken, a * (1 - a)",
        "sum(c * a)",
    ),
    (normed, "pow", 0, LEFT_OUT, "the derivative of the power, 3 * a**2, is left out", "3 * a**2"),
    (
        stepped,
        "tanh",
        0,
        RULES["only the last index along axis 0 of {y} counts"],
        "only the last index along axis 0 of h counts",
        "+=",
    ),
]


@pytest.mark.parametrize(("loss", "operation", "place", "rule", "said", "fix"), CASES)
def test_a_wrong_step_is_told(
    loss: Callable[[Parameters], Tensor],
    operation: str,
    place: int | None,
    rule: Rule,
    said: str,
    fix: str,
) -> None:
    name, what, mend = told(loss, operation, place, rule)
    assert name == rule.name
    assert what.startswith("in `")
    assert said in what, what
    assert fix in mend, mend


@pytest.mark.parametrize(
    ("operation", "place", "rule", "other", "said"),
    [
        ("sigmoid", 0, DIVIDED, "sigmoid", "of the derivative of the sigmoid,"),
        ("tanh", 0, TIMES, "sqrt", "the division by `torch.sqrt(e)` is left out in what reaches z"),
        ("tanh", 0, DIVIDED, "sqrt", "is divided by `torch.sqrt(e)` once too often"),
        ("tanh", 0, TIMES, "mv", "what reaches z is multiplied by z"),
        ("tanh", 0, FACTORS[2], "sqrt", "the division by `torch.sqrt(e)`**2 is left out in what"),
        ("tanh", 0, FACTORS[3], "sqrt", "is divided by `torch.sqrt(e)`**2 once too often"),
        ("tanh", 0, FACTORS[2], "mv", "what reaches z is multiplied by z**2"),
        ("tanh", None, FACTORS[3], "exp", "the factor e**2 is missing in what reaches"),
        ("tanh", 0, DIVIDED, "mv", "the factor z is missing in what reaches z"),
        ("tanh", None, DIVIDED, "exp", "the factor e, the derivative of exp, is missing"),
        ("tanh", 0, ANOTHERS, "mv", "the derivative by z is used where that by h is due"),
        ("tanh", 0, operand(0), "nothing", "taken at another value, not at z"),
    ],
)
def test_another_value_is_told(
    operation: str, place: int | None, rule: Rule, other: str, said: str
) -> None:
    what = told(hidden, operation, place, rule, other)[1]
    assert said in what, what


def test_a_value_inside_another_expression_is_told_by_that_expression() -> None:
    def cost(p: Parameters) -> Tensor:
        h = torch.tanh(p["A"])
        return functional.cross_entropy(h * p["v"], torch.tensor([0, 2]))

    what = told(cost, "tanh", 0, TIMES, "_log_softmax")[1]
    assert "multiplied by the log-softmax in `functional.cross_entropy(" in what


def test_a_divisor_is_one_behind_a_view_of_it() -> None:
    what = told(simple, "div", 0, TIMES, "linalg_vector_norm")[1]
    assert "the division by n is left out in what reaches A" in what


def test_some_entries_that_are_taken_inside_an_expression_are_a_part_of_the_array() -> None:
    def loss(p: Parameters) -> Tensor:
        return torch.exp(p["W"][0, 1])

    tape = recorded(loss, Point({"W": np.ones((2, 3))}, ()))
    row = next(i for i, node in enumerate(tape.nodes) if node.site.operation == "select")
    assert name(tape, Ref(row)) == "a part of W"


def test_a_further_result_of_an_operation_has_a_name() -> None:
    tape = recorded(normed, POINT)
    site = next(site for site in tape.turns if site.operation == "native_layer_norm")
    at = next(site for site in tape.turns if site.operation == "mul")
    for output, said in ((1, "the mean"), (2, "1 / the standard deviation")):
        slip = Slip(TIMES, (SlipSite(at, 0),), Other(site, output))
        assert said in worded(SlipClaim(Guess(apart=False, slips=(slip,)), Steps(tape), {}))[1]


def told(
    loss: Callable[[Parameters], Tensor],
    operation: str,
    place: int | None,
    rule: Rule,
    other: str = "",
    turns: str = "all",
    before: int = 0,
) -> tuple[str, str, str]:
    steps = Steps(recorded(loss, POINT))
    slip = slip_at(steps.tape, operation, place, rule, other, turns, before)
    return worded(SlipClaim(Guess(apart=False, slips=(slip,)), steps, {}))


def slip_at(
    tape: Tape,
    operation: str,
    place: int | None,
    rule: Rule,
    other: str = "",
    turns: str = "all",
    before: int = 0,
) -> Slip:
    site = next(site for site in tape.turns if site.operation == operation)
    that = next((site for site in tape.turns if site.operation == other), site)
    if other == "nothing":
        that = site._replace(operation=other)
    return Slip(rule, (SlipSite(site, place),), Other(that, 0, before) if other else None, turns)


def test_a_value_of_another_turn_is_told_by_its_step() -> None:
    what = told(stepped, "tanh", 0, ANOTHERS, "tanh", "last")[1]
    assert "in the last turn" in what
    what = told(stepped, "tanh", 0, ANOTHERS_OUTPUT, "tanh", before=1)[1]
    assert "is taken at h of the step before, not at h of the same step" in what
    what = told(stepped, "mul", 0, operand(0), "tanh")[1]
    assert "with h of the same step in the place of h of the step before" in what
    what = told(stepped, "mul", 0, operand(0), "mul", before=1)[1]
    assert "of the step before in the place of h" in what
    what = told(stepped, "mul", 0, operand(0), "mul", turns="first", before=-1)[1]
    assert "of the step after" in what
    assert "in the first turn" in what


def test_what_is_inside_an_expression_is_written_as_a_formula() -> None:
    steps = Steps(recorded(normed, POINT, apart=True))
    found = [
        worded(
            SlipClaim(
                Guess(apart=True, slips=(Slip(NOT_FOLLOWED, (SlipSite(site, place),)),)), steps, {}
            )
        )[1]
        for site, nodes in steps.tape.turns.items()
        for place, ref in enumerate(steps.tape.nodes[nodes[-1]].operands)
        if ref in steps.tape.moving
    ]
    text = "\n".join(found)
    assert "the path to `mean(A)` is not followed" in text
    assert "`sqrt(mean((A - mean(A))**2) + 1e-05)`" in text
    assert "the path to logits itself is not followed: the one-hot target is not subtracted" in text
    assert "the path through the normalisation is not followed: the softmax is missing" in text
    assert "`max(sqrt(sum(v**2)), 1e-12)`" in text


def test_places_alike_are_told_by_their_lines() -> None:
    tape = recorded(hidden, POINT)
    steps = Steps(tape)
    sites = [SlipSite(site, 0) for site in tape.turns if site.operation in ("tanh", "exp", "relu")]
    slip = Slip(NOT_FOLLOWED, tuple(sites[:2]))
    what = worded(SlipClaim(Guess(apart=False, slips=(slip, slip)), steps, {}))[1]
    assert " and alike in line " in what
    assert "; and if " in what
    what = worded(
        SlipClaim(Guess(apart=False, slips=(Slip(NOT_FOLLOWED, tuple(sites)),)), steps, {})
    )
    assert " and alike in lines " in what[1]


def test_places_alike_in_the_built_in_network_are_quoted_since_nobody_sees_its_lines() -> None:
    p, X, Y = problem_for(Shows.ANY, 0, np.float64)
    tape = recorded(network_loss, Point(p, (X, Y)))
    sites = tuple(SlipSite(site, 0) for site in tape.turns if site.operation == "mm")
    claim = SlipClaim(Guess(apart=False, slips=(Slip(NOT_FOLLOWED, sites),)), Steps(tape), {})
    assert worded(claim)[1].startswith(
        "in `X @ W0.T` (the built-in network) and alike in `a1 @ W1.T`, "
    )


def test_all_that_reaches_a_parameter_has_no_place() -> None:
    tape = recorded(hidden, POINT)
    site = tape.nodes[tape.parameters["v",].node].site
    slip = Slip(times(2, "2"), (SlipSite(site, None),))
    what = worded(SlipClaim(Guess(apart=False, slips=(slip,)), Steps(tape), {}))[1]
    assert what == "what reaches v has a factor 2 too many"


def test_a_factor_belongs_where_the_derivative_has_it() -> None:
    tape = recorded(hidden, POINT)

    def rank(operation: str, place: int | None, rule: Rule, other: str = "") -> float:
        return naturalness(tape, slip_at(tape, operation, place, rule, other))

    half, two, minus = times(0.5, "1/2"), times(2, "2"), times(-1, "-1")
    assert rank("pow", 0, half) < rank("tanh", 0, half) - 0.5
    assert rank("sqrt", 0, two) < rank("tanh", 0, two) - 0.5
    assert rank("mean", 0, times(3, "3")) < rank("mv", None, times(3, "3")) - 0.5
    for operation, place in (("rsub", 0), ("sub", 1), ("div", 1), ("neg", 0)):
        assert rank(operation, place, minus) < rank("tanh", 0, minus) - 0.5
    assert rank("mul", 0, LEFT_OUT) < rank("mv", 0, LEFT_OUT) - 0.5
    assert rank("sigmoid", 0, operand(0), "sigmoid") > rank("sigmoid", 0, operand(0), "mv") + 1
    assert rank("sigmoid", 0, DIVIDED, "sigmoid") < rank("tanh", 0, DIVIDED, "exp")
    assert rank("tanh", 0, DIVIDED, "nothing") < rank("tanh", 0, DIVIDED, "sqrt")
    assert rank("sub", 0, NOT_FOLLOWED) < rank("sqrt", 0, NOT_FOLLOWED)
    assert rank("outside", None, two) > rank("tanh", None, two)
    inside = recorded(normed, POINT, apart=True)
    composite, plain = (
        naturalness(inside, slip_at(inside, "pow", 0, TIMES, other)) for other in ("sqrt", "mv")
    )
    assert composite > plain
    last = slip_at(tape, "tanh", 0, LEFT_OUT, turns="last")
    assert naturalness(tape, last) > rank("tanh", 0, LEFT_OUT)


def test_derivatives_are_taken_for_one_another_where_steps_keep_the_shape() -> None:
    tape = recorded(hidden, POINT)
    names = {name: ref for ref, name in tape.names.items()}
    like = akin(tape, names["h"])
    assert {names["z"], names["e"], names["s"]} <= like
    assert Ref(tape.parameters["A",].node) not in like


def products(p: Parameters) -> Tensor:
    S, v = p["A"][:, :2] + 1, p["v"][:2]
    once, turned = S @ (S - 1), torch.exp(S) @ S.T
    one, two = torch.sin(v).square(), torch.cos(v).square()
    parted = (one * two).sum() + torch.exp(-(v / (1 + v.square()))).sum()
    long = functional.normalize(torch.sin(once @ turned + turned @ once + once.sum()), dim=0)
    return (once * turned).sum() + long.sum() ** 2 + parted


def test_the_matrix_that_is_due_is_written_down() -> None:
    sites = [s for s in recorded(products, POINT).turns if s.operation == "mm"]
    for site, place, wrong, due in (
        (sites[0], 1, "S", "S.T"),
        (sites[1], 0, "`S.T`", "S"),
        (sites[1], 1, "`torch.exp(S)`", "torch.exp(S).T"),
    ):
        _name, what, fix = of_slips(
            products, Slip(operand_transposed(1 - place), (SlipSite(site, place),))
        )
        assert f"{wrong} stands where `{due}` is due on the way back to" in what
        assert fix == f"use `{due}`"
    steps = Steps(recorded(attention, POINT, apart=True))
    site = [s for s in steps.tape.turns if s.operation in ("mm", "bmm")][-1]
    inside = Slip(operand_transposed(0), (SlipSite(site, 1),))
    what = of_slips(attention, inside, apart=True)[1]
    assert "its softmax has a transposition too few or too many on the way back to" in what
    turned = Slip(operand_transposed(0), (SlipSite(sites[0], 0),))
    assert "has a transposition too few or too many" in of_slips(products, turned)[1]
    inner = Slip(operand_made_otherwise(0, 0), (SlipSite(sites[2], 1),))
    assert "once is computed with S transposed on the way back to" in of_slips(products, inner)[1]


def attention(p: Parameters) -> Tensor:
    S = p["A"][None, :, :2]
    return functional.scaled_dot_product_attention(S, S, S).sum()


def of_slips(
    loss: Callable[[Parameters], Tensor], *slips: Slip, apart: bool = False
) -> tuple[str, str, str]:
    steps = Steps(recorded(loss, POINT, apart=apart))
    return worded(SlipClaim(Guess(apart=apart, slips=slips), steps, {}))


def test_what_is_done_to_several_values_names_them_and_their_expressions() -> None:
    tape = recorded(products, POINT)
    squares = [s for s in tape.turns if s.operation == "pow"][:2]
    both = tuple(SlipSite(site, None) for site in squares)
    what = of_slips(products, Slip(times(-1, "-1"), both))[1]
    assert "and alike in `torch.cos(v).square()`, the sign of what reaches one and two" in what
    many = [s for s in tape.turns if s.operation in ("sin", "cos", "pow", "exp", "mul", "neg")]
    what = of_slips(products, Slip(NOT_FOLLOWED, tuple(SlipSite(s, 0) for s in many)))[1]
    assert " and alike in lines " in what
    line = next(s for s in squares).where
    assert line


def test_a_formula_that_is_long_is_shortened() -> None:
    tape = recorded(products, POINT, apart=True)
    site = next(s for s in tape.turns if s.operation == "clamp_min")
    what = of_slips(products, Slip(NOT_FOLLOWED, (SlipSite(site, 0),)), apart=True)[1]
    assert "at `max(norm(...), 1e-12)`, the path to `norm(" in what or "through the limit" in what


def test_a_slip_may_be_told_at_another_expression_than_its_own() -> None:
    tape = recorded(products, POINT)
    site = next(s for s in tape.turns if s.operation == "sin")
    quotient = next(s for s in tape.turns if s.operation == "div" and s.ordinal == 0)
    rule, place = (
        times(2, "2")._replace(told_at=quotient),
        tape.nodes[tape.turns[quotient][0]].place,
    )
    what = of_slips(products, Slip(rule, (SlipSite(site, None),)))[1]
    assert what.startswith(f"in {place}, what reaches ")
    assert place != tape.nodes[tape.turns[site][0]].place


def test_a_quotient_is_derived_with_its_own_operands() -> None:
    tape = recorded(products, POINT)
    site = next(s for s in tape.turns if s.operation == "div" and s.ordinal == 0)
    what = of_slips(products, Slip(times(-1, "-1"), (SlipSite(site, 1),)))[1]
    assert "the minus of the derivative by `1 + v.square()`, -v / (1 + v.square())**2," in what


def test_the_derivative_of_a_function_at_another_value_is_written_down() -> None:
    name, what, fix = told(hidden, "tanh", 0, operand(0), "mul")
    assert name == "another value used"
    assert "the derivative of tanh is taken at `3 * h`, not at z" in what
    assert fix == "multiply by the right derivative: dz = dh * (1 - h**2)"
    what = told(normed, "_softmax", 0, operand(0), "mul")[1]
    assert "the softmax of logits stands where that of `y @ p[" in what
    what = told(hidden, "cumsum", 0, operand(0), "exp")[1]
    assert "is taken with e in the place of `torch.exp(" in what
