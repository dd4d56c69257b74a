"""The mistake that was made is named, and nobody is told of one that was not."""

from collections.abc import Callable
from itertools import islice, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import manual_backprop
from autograd_ref import check_gradients
from autograd_ref.assignment.mistakes.catalogue import DERIVATIONS
from autograd_ref.assignment.mistakes.derivation import RIGHT, STEPS, Run, gradients_by
from autograd_ref.assignment.mistakes.mistake import Mistake, Shows, step
from autograd_ref.assignment.mistakes.mistake import both as both_of
from autograd_ref.assignment.mistakes.other_moment import kept_from, updated, updated_by
from autograd_ref.assignment.mistakes.output_layer import BATCH
from autograd_ref.assignment.mistakes.planted import (
    PLANTED,
    Planted,
    gradient_with,
    problem_for,
    right_gradient,
)
from autograd_ref.assignment.network_model import assignment
from autograd_ref.diagnosis.evidence import Predicted, gathered
from autograd_ref.diagnosis.predictions import Tried, composed
from autograd_ref.diagnosis.relations.orders import ORDERS
from autograd_ref.diagnosis.relations.places import PLACES
from autograd_ref.diagnosis.relations.relation import Around, fits
from autograd_ref.reference.model import UNKNOWN, Hypothesis
from autograd_ref.report.report import Report
from autograd_ref.selftest.trials import (
    DTYPES,
    VISIBLE,
    DType,
    differ,
    kinds,
    pairs,
    planted_in,
    trial,
    wrong_blocks,
)
from autograd_ref.tree.nest import leaves, rebuilt
from autograd_ref.tree.point import Point, Results
from manual_backprop import Parameters
from tests.mistakes.state import first_pass_kept
from tests.mistakes.unlisted import IN_ANY_MODEL, UNLISTED
from tests.models import MODELS
from tests.planted import BY_TITLE, wrong
from tests.test_models import problem as problem_of_model
from tests.thorough import by_profile, one_in

A = NDArray[Any]

PROBLEMS = by_profile(dev=1, ci=1, thorough=6)
PAIRS = by_profile(dev=10, ci=10, thorough=400)


EVERY = by_profile(dev=2, ci=2, thorough=1)
"""Where every mistake need not be tried in both number formats."""

RARELY = by_profile(dev=10, ci=10, thorough=1)
"""Where every one need not be searched for, which takes a second each."""

PLANTED_CASES = [
    *((planted, np.float64) for planted in planted_in(np.float64)),
    *((planted, np.float32) for planted in planted_in(np.float32)[::EVERY]),
]


@pytest.mark.long
@pytest.mark.parametrize(
    ("planted", "dtype"), PLANTED_CASES, ids=[f"{p.title}-{d.__name__}" for p, d in PLANTED_CASES]
)
def test_a_mistake_of_the_catalogue_is_found_and_named(planted: Planted, dtype: DType) -> None:
    left_out = 0
    for seed in range(PROBLEMS):
        found = trial([planted], *problem_for(planted.shows, seed, dtype))
        if found is None:
            left_out += 1
            continue
        assert found.found, f"seed {seed}"
        assert found.named, f"seed {seed}: {found.report}"
        first = found.report.causes[0]
        assert first.blocks == wrong_blocks(found.report)
        if not planted.loses_digits:
            assert first.residual < 1e-2 * (first.before or 1)
        assert not found.report.pattern
    assert 100 * left_out <= PROBLEMS


@pytest.mark.long
@pytest.mark.parametrize("dtype", DTYPES)
def test_two_mistakes_are_named_together(dtype: DType) -> None:
    found = [*islice(pairs(0, dtype), PAIRS)]
    assert all(pair.found for pair in found)
    assert sum(pair.named for pair in found) >= 0.85 * PAIRS


@pytest.mark.long
@pytest.mark.parametrize(
    ("dtype", "unlisted"),
    [(np.float64, [*UNLISTED][::RARELY]), (np.float32, [*UNLISTED][RARELY - 1 :: RARELY])],
)
def test_a_mistake_of_another_kind_is_unknown(dtype: DType, unlisted: list[str]) -> None:
    tried, accused = 0, list[str]()
    for name, seed in product(unlisted, range(PROBLEMS)):
        gradient = UNLISTED[name]
        p, X, Y = problem_for(Shows.ANY, seed, dtype)
        if not differ(gradient(p, X, Y), right_gradient(p, X, Y), VISIBLE[dtype]):
            continue
        report = check_gradients(gradient, p, X, Y)
        tried += 1
        kinds = {cause.kind for cause in report.causes} - {*IN_ANY_MODEL.get(name, ())}
        accused += [f"{name}, seed {seed}: {report.causes}"] if kinds else []
        assert report.causes or report.pattern[0].kind == "unknown cause"
        assert report.causes or "Unknown cause" in str(report)
    assert tried >= 20 / RARELY
    assert 100 * len(accused) <= tried, accused


def test_no_two_mistakes_of_the_catalogue_have_the_same_title() -> None:
    assert len(BY_TITLE) == len(PLANTED)


@settings(max_examples=settings().max_examples // 6)
@given(seed=st.integers(0, 2**32 - 1), dtype=st.sampled_from(DTYPES))
def test_the_derivation_that_mistakes_start_from_is_right(seed: int, dtype: DType) -> None:
    report = check_gradients(right_gradient, *problem_for(Shows.ANY, seed, dtype))
    assert report.verdict == "match"
    assert report.causes == report.pattern == ()


@pytest.mark.untraced
@pytest.mark.parametrize("mistake", DERIVATIONS, ids=lambda mistake: mistake.name)
def test_a_wrong_derivation_says_which_steps_it_changes(mistake: Mistake) -> None:
    assert mistake.steps
    assert mistake.steps <= set(STEPS)


def test_a_relation_that_cannot_be_made_makes_no_gradient() -> None:
    both = BY_TITLE["not summed over the batch (b0)"], BY_TITLE["weight decay"]
    assert gradient_with(*both)(*problem_for(Shows.ANY, 0, np.float64)) is None


def test_a_derivation_has_no_other_quantities() -> None:
    with pytest.raises(AttributeError, match="W2"):
        _ = Run(RIGHT, *problem_for(Shows.ANY, 0, np.float64)).W2


# what is said


def report_of(*titles: str) -> Report:
    return check_gradients(wrong(*titles), *problem_for(Shows.ANY, 3, np.float64))


def test_a_cause_says_what_was_done_and_how_to_mend_it() -> None:
    report = report_of("softplus derivative at a1")
    (cause,) = report.causes
    assert cause.blocks == ("W0", "b0")
    assert cause.explanation == (
        "Your W0 and b0 are what comes out if the derivative of softplus is taken at a1 instead of"
        " z1."
    )
    assert "sigma(z1)" in cause.fix
    assert cause.before is not None
    assert cause.residual < 1e-14 < 1e-3 < cause.before
    text = " ".join(str(report).split())
    assert f"Cause: {cause.explanation} With that fixed, the relative error" in text
    assert f"Fix: {cause.fix}." in text
    assert report.to_dict()["causes"] == [{**cause._asdict(), "blocks": ["W0", "b0"]}]


def test_mistakes_in_blocks_of_their_own_are_named_each_with_its_blocks() -> None:
    report = report_of("sign flipped (b1)", "transposed (W0)")
    assert report.causes[0].blocks == ("W0", "b1")
    assert report.causes[0].explanation == (
        "Your b1 is right except for the sign. Beside that, your W0 is right, but transposed."
    )
    assert report.causes[0].before == pytest.approx(2)  # of b1; W0 has no difference


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("titles", "said"),
    [
        (
            ("twice (W0)", "in another order (W0, b0)"),
            "Your W0 is too large by a factor 2. Beside that, your W0 is right, but in another"
            " order: rows 1, 0. Beside that, your b0 is right, but in another order: entries 1, 0.",
        ),
        (
            ("weight decay", "sign flipped (b0)"),
            "Your W0, b0, W1 and b1 are right, except that 0.001 times the parameter is added."
            " Beside that, your b0 is right except for the sign.",
        ),
        (
            ("1/S missing", "only the last sample (b1)"),
            "Your W0, b0 and W1 are too large by a factor S, the number of samples: summed over the"
            " batch, not averaged. Beside that, your b1 is what comes of only the last sample,"
            " divided by their number.",
        ),
        (
            ("a constant factor", "in another shape (b1)"),
            "Your W0, b0, W1 and b1 are off by a factor 1.01. Beside that, your b1 is"
            " right, but of shape (1, 4) for (4,).",
        ),
    ],
)
def test_of_two_relations_each_is_said_of_the_blocks_that_it_is_in(
    titles: tuple[str, ...], said: str
) -> None:
    first = report_of(*titles).causes[0]
    assert first.explanation == said
    assert first.residual < 1e-14


def test_what_is_the_same_on_a_problem_is_named_as_well() -> None:
    """With S = 4 and N_O = 2, a factor 2 is S/N_O."""
    X = np.random.default_rng(0).normal(size=(4, 3))
    p = manual_backprop.initialize(manual_backprop.NetworkShape(3, 5, 2), 0, std=0.5)
    report = check_gradients(wrong("twice"), p, X, np.eye(2)[[0, 1, 1, 0]])
    assert [cause.kind for cause in report.causes][:2] == ["twice", "divided by N_O"]
    assert "Equally consistent with: Your W0" in str(report)


@pytest.mark.untraced
def test_what_is_explained_in_part_is_told_from_what_is_not() -> None:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = right_gradient(p, X, Y)
        return found._replace(W0=np.tril(found.W0), b1=-found.b1)

    report = check_gradients(gradient, *problem_for(Shows.ANY, 0, np.float64))
    assert [(cause.kind, cause.blocks) for cause in report.causes] == [("sign flipped", ("b1",))]
    assert report.pattern[0].text.endswith("gives your W0.")


def test_what_is_wrong_elsewhere_is_named_there() -> None:
    """With these parameters every entry is positive; with others it is not."""
    problems = (problem_for(Shows.ANY, seed, np.float64) for seed in range(100))
    p, X, Y = next(problem for problem in problems if (right_gradient(*problem).b0 > 0).all())

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = right_gradient(p, X, Y)
        return found._replace(b0=abs(found.b0))

    report = check_gradients(gradient, p, X, Y)
    assert "agrees here" in report.blocks[1].reason
    assert report.causes[0].kind == "absolute values"


def test_lower_precision_is_told_from_a_small_error() -> None:
    for kind, named in ((np.float32, "in lower precision"), (np.float64, "a constant factor")):
        p, X, Y = problem_for(Shows.ANY, 1, np.float64)

        def gradient(p: Parameters, X: A, Y: A, kind: DType = kind) -> Parameters:
            found = right_gradient(p, X, Y)
            return found._replace(W0=(found.W0 * (1 + 1e-9)).astype(kind).astype("f8"))

        assert kinds(check_gradients(gradient, p, X, Y))[0] == {named}


@pytest.mark.parametrize(("factor", "said"), [(1.05, "1.05"), (1 - 2e-9, "1 - 2e-09")])
def test_a_factor_is_given_so_that_it_can_be_told_from_one(factor: float, said: str) -> None:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = right_gradient(p, X, Y)
        return found._replace(W0=factor * found.W0)

    report = check_gradients(gradient, *problem_for(Shows.ANY, 1, np.float64))
    assert report.causes[0].explanation == f"Your W0 is off by a factor {said}."


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("rate", "said"), [(1e-3, "W1 - 0.001 dW1"), (2.5, "W1 - 2.5 dW1")])
def test_a_step_that_was_taken_too_early_is_measured(rate: float, said: str, dtype: DType) -> None:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = right_gradient(p, X, Y)
        W1 = p.W1 - dtype(rate) * found.W1
        e2 = (manual_backprop.forward(p, X).y_hat - Y) / dtype(len(X))
        delta1 = (e2 @ W1) / (1 + np.exp(-manual_backprop.forward(p, X).z1))
        return found._replace(W0=delta1.T @ X, b0=delta1.sum(axis=0))

    report = check_gradients(gradient, *problem_for(Shows.ANY, 2, dtype))
    (cause,) = report.causes
    assert cause.kind == "W1 already updated"
    assert said in cause.explanation


def test_what_is_no_step_is_none() -> None:
    p, X, Y = problem_for(Shows.ANY, 2, np.float64)
    assert updated([None] * 4, p, X, Y) is None
    assert updated([np.zeros((2, 2)), *p[1:]], p, X, Y) is None
    alone = [np.ones_like(p.W0), None, None, None]  # with b0 missing, any W0 has a rate
    assert updated(alone, p, X, Y) is None
    certain = p._replace(W1=p.W1[:1], b1=p.b1[:1])  # one class: no gradient at all
    assert updated(p, certain, X, np.ones((len(X), 1))) is None
    upwards = gradients_by(updated_by(-0.3).change(RIGHT), p, X, Y)
    assert upwards is not None
    assert updated(upwards, p, X, Y) is None


def test_an_error_in_the_only_entry_of_delta1_is_no_step() -> None:
    """Any would be."""
    p = manual_backprop.initialize(manual_backprop.NetworkShape(3, 1, 3), 0, std=0.5)
    X, Y = np.array([[0.3, -0.7, 1.1]]), np.eye(3)[:1]
    report = check_gradients(wrong("tanh's derivative"), p, X, Y)
    assert {"W1 already updated"} not in kinds(report)
    assert {"tanh's derivative"} in kinds(report)


@pytest.mark.untraced
@pytest.mark.parametrize("which", [0, 1])
def test_two_wrong_steps_are_named_where_one_comes_in_two_ways(which: int) -> None:
    """Divided by the number of the samples that are left, or still by S."""
    dropped = [m for m in BATCH if m.name == "the first sample dropped"][which]
    (tanh,) = (m for m in DERIVATIONS if m.name == "tanh's derivative")
    both = both_of(dropped.change, tanh.change)

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        return Run(both(RIGHT), p, X, Y).gradients

    report = check_gradients(gradient, *problem_for(Shows.ANY, 2, np.float64))
    assert {"the first sample dropped", "tanh's derivative"} in kinds(report)


# what is kept from call to call

QUANTITIES = ("z1", "a1", "y_hat", "e2", "delta1", "slope", "W1", "a1 in W1", "X", "Y")


@pytest.mark.untraced
@pytest.mark.parametrize("quantity", ["activations", *QUANTITIES])
def test_what_is_kept_from_an_earlier_call_is_named(quantity: str) -> None:
    name = f"{quantity} of an earlier call"
    kept: list[Mistake] = []

    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        if not kept:
            kept.extend(m for m in kept_from(p, X, Y) if m.name == name)
        return Run(kept[0].change(RIGHT), p, X, Y).gradients

    report = check_gradients(gradient, *problem_for(Shows.ANY, 1, np.float64))
    assert all("agrees here" in b.reason for b in report.blocks if b.verdict == "mismatch")
    assert {name} in kinds(report)
    assert all("of an earlier call" in cause.explanation for cause in report.causes)
    assert "in every call" in report.causes[0].fix


@pytest.mark.untraced
@pytest.mark.parametrize("name", ["logistic regression", "three layers"])
def test_a_gradient_that_is_kept_is_named_in_any_model(name: str) -> None:
    kept: list[Any] = []
    parameters, data = problem_of_model(name, 3, 12, np.float64)

    def gradient(parameters: Any, *data: A) -> Any:
        kept.append(MODELS[name].gradients(parameters, *data))
        return rebuilt(kept[0], lambda _name, leaf: np.array(leaf))

    report = check_gradients(gradient, parameters, *data, loss=MODELS[name].loss)
    (cause,) = report.causes
    assert cause.kind == "kept from an earlier call"
    assert cause.explanation.endswith("right for the arguments of an earlier call, not for these.")


def test_a_pass_that_is_kept_by_a_class_is_named() -> None:
    report = check_gradients(first_pass_kept(), *problem_for(Shows.ANY, 1, np.float64))
    assert kinds(report)[0] == {"activations of an earlier call"}


# where nothing can be said


@pytest.mark.parametrize(
    "changed",
    [
        lambda W0: np.where(W0 > 0, np.nan, W0),
        lambda W0: W0 * (1 + 4e-13),
    ],
    ids=["not finite", "off by a few tolerances"],
)
def test_what_has_another_reason_or_is_too_small_has_no_cause(
    changed: Callable[[A], A],
) -> None:
    def gradient(p: Parameters, X: A, Y: A) -> Any:
        found = right_gradient(p, X, Y)
        return found._replace(W0=changed(found.W0))

    report = check_gradients(gradient, *problem_for(Shows.ANY, 1, np.float64))
    assert report.verdict == "mismatch"
    assert report.causes == report.pattern == ()


def test_a_missing_block_does_not_hide_the_mistake_in_another() -> None:
    def gradient(p: Parameters, X: A, Y: A) -> dict[str, A]:
        found = right_gradient(p, X, Y)._asdict()
        del found["b0"]
        return {**found, "W1": 2 * found["W1"]}

    report = check_gradients(gradient, *problem_for(Shows.ANY, 1, np.float64))
    assert report.causes[0][:2] == ("twice", ("W1",))


@pytest.mark.untraced
def test_a_large_problem_is_not_searched_for_pairs() -> None:
    random = np.random.default_rng(0)
    p = manual_backprop.initialize(manual_backprop.NetworkShape(20, 100, 5), 0, std=0.3)
    X, labels = random.normal(size=(500, 20)), random.integers(5, size=500)
    alone = check_gradients(wrong("sigma squared"), p, X, np.eye(5)[labels])
    assert kinds(alone)[0] == {"sigma squared"}
    pair = wrong("sigma squared", "gradient of W1 for W1")
    report = check_gradients(pair, p, X, np.eye(5)[labels])
    assert report.causes == ()
    assert report.pattern[0].text == "None of the known mistakes gives your W0 and b0."


# where no mistake is known


def unlisted(name: str, seed: int = 3) -> list[str]:
    report = check_gradients(UNLISTED[name], *problem_for(Shows.ANY, seed, np.float64))
    return [note.text for note in report.pattern[1:]]


@pytest.mark.untraced
def test_the_rows_columns_and_entries_that_are_wrong_are_named() -> None:
    def off_in_a_row(p: Parameters, X: A, Y: A) -> Parameters:
        found = right_gradient(p, X, Y)
        found.W1[0] += 0.01 * np.arange(1, 1 + len(p.b0))
        return found

    report = check_gradients(off_in_a_row, *problem_for(Shows.ANY, 3, np.float64))
    assert report.pattern[1].text.startswith("W1: wrong in class 0 only (of 4), off by up to 0.")
    assert unlisted("one entry of W0 twice")[0] == (
        "W0: wrong in hidden unit 0 only (of 2) and input 0 only (of 7), off by up to 0.87 of the"
        " largest entry."
    )
    assert unlisted("columns of W0 to length one")[0].startswith("W0: wrong in every entry, 3.2")


@pytest.mark.untraced
def test_samples_that_count_more_or_less_than_once_are_named() -> None:
    assert "Of 6 samples, 1, 2, 3, 4 and 5 count 2, 3, 4, 5, 6 times, not once." in unlisted(
        "samples weighted"
    )
    (text,) = (text for text in unlisted("samples weighted", seed=5) if text.startswith("Of "))
    assert text.endswith(", ... times, not once.")


def test_a_right_loss_says_that_it_is_e2() -> None:
    def with_loss(p: Parameters, X: A, Y: A) -> tuple[float, Parameters]:
        return manual_backprop.loss(p, X, Y), UNLISTED["focal loss"](p, X, Y)

    problem = problem_for(Shows.ANY, 3, np.float64)
    assert (
        "look at z2, the softmax"
        in check_gradients(UNLISTED["focal loss"], *problem).pattern[-1].text
    )
    assert check_gradients(with_loss, *problem).pattern[-1].text == (
        "Where to look: y_hat is right, because the loss is: look at e2, made of y_hat, Y and the"
        " 1/S."
    )


@pytest.mark.untraced
def test_where_some_blocks_have_a_cause_the_others_rule_nothing_out() -> None:
    def gradient(p: Parameters, X: A, Y: A) -> Parameters:
        found = right_gradient(p, X, Y)
        return Parameters(np.tril(found.W0), found.b0**2, -found.W1, -found.b1)

    report = check_gradients(gradient, *problem_for(Shows.ANY, 3, np.float64))
    assert report.causes[0].blocks == ("W1", "b1")
    assert not any("Where to look" in note.text for note in report.pattern)


def test_digits_that_are_lost_are_not_corrected() -> None:
    text = " ".join(str(report_of("in lower precision (W0)")).split())
    assert "only to the precision of float32. The relative error is" in text


@pytest.mark.untraced
def test_what_agrees_says_where_to_look() -> None:
    assert unlisted("slope leaky ReLU")[-1] == (
        "Where to look: e2 and a1 are right, because W1 and b1 are: look at e2 @ W1, and the slope."
    )


@pytest.mark.untraced
@pytest.mark.parametrize("name", ["first row of W1 zero", "slope sin z1", "a1 centred in W1"])
def test_what_the_catalogue_has_not_is_named_as_in_any_model(name: str) -> None:
    report = check_gradients(UNLISTED[name], *problem_for(Shows.ANY, 3, np.float64))
    assert [cause.kind for cause in report.causes] == [*IN_ANY_MODEL[name][:1]]
    assert " (the built-in network), " in report.causes[0].explanation
    assert not report.pattern


@pytest.mark.untraced
def test_two_slips_that_the_catalogue_has_not_are_named_together() -> None:
    def gradients(p: Parameters, X: A, Y: A) -> Parameters:
        slope = step("slope", lambda r: np.sin(r.z1))
        centred = step("W1", lambda r: r.e2.T @ (r.a1 - r.a1.mean(axis=0)))
        return Run(both_of(slope, centred)(RIGHT), p, X, Y).gradients

    report = check_gradients(gradients, *problem_for(Shows.ANY, 3, np.float64))
    assert {frozenset(cause.kind.split(" + ")) for cause in report.causes} == {
        frozenset(("another derivative", "centred"))
    }


@pytest.mark.untraced
def test_a_slope_that_nobody_takes_is_unknown() -> None:
    def gradients(p: Parameters, X: A, Y: A) -> Parameters:
        return Run(step("slope", lambda r: np.sin(r.z1 + 0.1))(RIGHT), p, X, Y).gradients

    report = check_gradients(gradients, *problem_for(Shows.ANY, 3, np.float64))
    assert report.causes == ()
    assert report.pattern[0].kind == "unknown cause"


# what must not be claimed


def cubes(p: dict[str, Any]) -> Any:
    return sum((block**3).sum() for block in p.values()) / 3


W, LONG, SHORT = np.arange(1.0, 13).reshape(4, 3) / 7, np.array([1.5, -0.4, 2.5]), np.array([0.7])


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("blocks", "change", "said"),
    [
        (  # one entry may have any factor, which is then no factor of another block
            {"a": LONG, "b": SHORT},
            lambda p: {"a": -(p["a"] ** 2), "b": p["b"] ** 2 + 0.5},
            ["Your a is right except for the sign."],
        ),
        (
            {"W": W, "b": SHORT},
            lambda p: {"W": 1.05 * p["W"] ** 2, "b": p["b"] ** 2 + 0.5},
            ["Your W is off by a factor 1.05."],
        ),
        (  # twice and twice again is no pair of mistakes
            {"W": W, "b": LONG},
            lambda p: {"W": 4 * p["W"] ** 2, "b": (p["b"] ** 2)[[1, 2, 0]]},
            [
                "Your W is off by a factor 4. Beside that, your b is right, but in another"
                " order: entries 1, 2, 0.",
                "Your W is off by a factor 4. Beside that, your b is made of the right"
                " numbers, in other places.",
            ],
        ),
        (  # and not: both twice, and W besides by 0.525
            {"V": LONG, "W": W},
            lambda p: {"V": 2 * p["V"] ** 2, "W": 1.05 * p["W"] ** 2},
            ["Your V is too large by a factor 2. Beside that, your W is off by a factor 1.05."],
        ),
    ],
)
def test_the_plainest_of_what_explains_it_is_said(
    blocks: dict[str, A], change: Callable[[dict[str, A]], dict[str, A]], said: list[str]
) -> None:
    report = check_gradients(change, blocks, loss=cubes)
    assert [cause.explanation for cause in report.causes] == said


@pytest.mark.untraced
def test_a_block_that_is_missing_or_nearly_right_contradicts_what_would_change_it() -> None:
    problem = problem_for(Shows.ANY, 1, np.float64)

    def without_b0(p: Parameters, X: A, Y: A) -> dict[str, A]:
        found = right_gradient(p, X, Y)._asdict()
        del found["b0"]
        return {**found, "W0": np.sin(3 * found["W0"])}

    def W0_alone(p: Parameters, X: A, Y: A) -> Parameters:
        found = right_gradient(p, X, Y)
        wrong_W0 = wrong("softplus derivative at a1")(p, X, Y).W0
        return found._replace(W0=wrong_W0, b0=found.b0 * (1 + 2e-13))

    def of_another_shape(p: Parameters, X: A, Y: A) -> Parameters:
        found = right_gradient(p, X, Y)
        return found._replace(b0=found.b0 * (1 + 2e-13), W0=np.sin(3 * found.W0))

    for gradient in (without_b0, W0_alone, of_another_shape):
        report = check_gradients(gradient, *problem)
        assert report.verdict == "mismatch"
        told = [cause.explanation for cause in report.causes]
        assert all("in the derivation by W0 alone" in text for text in told)
        assert bool(told) is (gradient is W0_alone)


def test_numbers_whose_squares_overflow_are_wrong_all_the_same() -> None:
    report = check_gradients(lambda p: 2e300 * p, LONG, loss=lambda p: (p**2).sum())
    assert report.verdict == "mismatch"


# any model


def with_one_block(model: str, change: Callable[[A], A], index: int = 0) -> Callable[..., Any]:
    """The model's gradient with one block changed."""

    def gradients(parameters: Any, *data: A) -> Any:
        found = MODELS[model].gradients(parameters, *data)
        name = list(leaves(found))[index % len(leaves(found))]
        return rebuilt(found, lambda n, leaf: change(np.asarray(leaf)) if n == name else leaf)

    return gradients


CHANGES: dict[str, Callable[[A], A]] = {
    "sign flipped": lambda block: -block,
    "zero": np.zeros_like,
    "transposed": lambda block: block.T,
    "in another shape": lambda block: block[np.newaxis],
    "in another order": lambda block: block[::-1] if block.ndim else block,
    "a constant factor": lambda block: block * 1.05,
}


@pytest.mark.long
@pytest.mark.parametrize(("name", "change"), one_in(5, product(MODELS, CHANGES)))
def test_relations_are_found_in_any_model(name: str, change: str) -> None:
    """In one block each, another for every change; in all of them, in a thorough run."""
    parameters, data = problem_of_model(name, 3, 12, np.float64)
    model = MODELS[name]
    right = leaves(model.gradients(parameters, *data))
    visible: list[int] = []
    for index, block in enumerate(right.values()):
        found = CHANGES[change](np.asarray(block))
        same = found.shape == np.shape(block) and np.allclose(found, block)
        if not (same or np.size(block) < 3 or np.ptp(block) == 0):
            visible.append(index)
    turn = [*CHANGES].index(change) % max(1, len(visible))
    for index in (visible[turn:] + visible[:turn])[: by_profile(dev=1, ci=1, thorough=99)]:
        gradients = with_one_block(name, CHANGES[change], index)
        report = check_gradients(gradients, parameters, *data, loss=model.loss)
        if report.verdict == "mismatch":
            assert {change} in kinds(report), report


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("only the last sample", [-1]),
        ("only one sample", [2]),
        ("the first sample dropped", range(1, 7)),
        ("one sample dropped", [0, 1, 2, 4, 5, 6]),
    ],
)
@pytest.mark.parametrize("divided_by", [7, None])
def test_samples_that_do_not_count_are_found_in_any_model(
    kind: str, kept: Any, divided_by: int | None
) -> None:
    random = np.random.default_rng(0)
    w, X, y = random.normal(size=4), random.normal(size=(7, 4)), random.normal(size=7)

    def loss(w: Any, X: Any, y: Any) -> Any:
        return ((X @ w - y) ** 2).mean()

    def gradients(w: A, X: A, y: A) -> A:
        X, y = X[list(kept)], y[list(kept)]
        return 2 * X.T @ (X @ w - y) / (divided_by or len(X))

    report = check_gradients(gradients, w, X, y, loss=loss)
    assert kinds(report)[0] == {kind}
    alone = "divided by their number" if divided_by is None else "still divided by S"
    assert alone in report.causes[0].explanation


@pytest.mark.untraced
def test_a_loss_that_needs_all_samples_has_no_gradient_of_each() -> None:
    random = np.random.default_rng(0)
    w, X = random.normal(size=4), random.normal(size=(7, 4))

    def loss(w: Any, X: Any) -> Any:
        if len(X) < 7:
            raise ValueError("too few")
        return (X @ w).std()

    def coupled(w: Any, X: Any) -> Any:
        return ((X @ w) - (X @ w).mean()).square().mean()

    for function in (loss, coupled):
        report = check_gradients(lambda w, X: w**3, w, X, loss=function)
        assert report.pattern[0].kind == "unknown cause"


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("shape", "said"),
    [((3, 4), "row 0 only (of 3)"), ((3, 4, 2), "index 0 = 0 only (of 3)")],
)
def test_parts_of_another_model_have_no_names(shape: tuple[int, ...], said: str) -> None:
    W = np.random.default_rng(0).normal(size=shape)

    def gradients(W: A) -> A:
        found = 2 * W
        found[0] *= np.linspace(1, 2, found[0].size).reshape(found[0].shape) + 0.5
        return found

    report = check_gradients(gradients, W, loss=lambda W: (W**2).sum())
    assert said in report.pattern[1].text


def test_many_blocks_each_with_a_mistake_of_its_own_take_no_longer_than_few() -> None:
    random = np.random.default_rng(0)
    layers = [random.normal(size=(4, 3)) for _ in range(20)]

    def gradients(layers: list[A]) -> list[A]:
        return [(2 + i / 10) * W for i, W in enumerate(layers)]

    report = check_gradients(
        gradients, layers, loss=lambda layers: sum((W**2).sum() for W in layers)
    )
    (cause,) = report.causes
    assert cause.kind == "a constant factor"
    assert len(cause.blocks) == 19  # the first is right
    assert report.pattern == ()


def around_of(right: A) -> Around:
    """A block that is alone."""
    return Around(
        right=right,
        parameter=np.ones_like(right),
        others={},
        samples=0,
        counts={},
        each=lambda: None,
        close=lambda one, two, coarser=1.0: bool(np.allclose(one, two, rtol=1e-12 * coarser)),
        unit=1e-16,
    )


@pytest.mark.parametrize(
    ("shape", "summed", "said"),
    [
        ((2, 5, 3), lambda hand: hand.sum((0, 1)), "axes 0 and 1"),
        ((3, 5), lambda hand: hand.sum(1), "axis 1"),
        ((6,), lambda hand: hand.reshape(2, 3).sum(1), "3 at a time along axis 0"),
        ((6,), lambda hand: hand.reshape(3, 2).sum(0), "3 at a time along axis 0"),
        ((4, 6), lambda hand: hand.sum(0, keepdims=True), "axis 0"),
        ((6,), lambda hand: hand[:2], None),
        ((5,), lambda hand: hand[:2], None),
        ((2, 2), lambda hand: 3 * hand, None),
    ],
)
def test_what_is_repeated_and_not_summed_is_told(
    shape: tuple[int, ...], summed: Callable[[A], A], said: str | None
) -> None:
    hand = np.random.default_rng(0).normal(size=shape)
    not_summed = next(one for one in PLACES if one.name == "not summed")
    claim = fits(not_summed, hand, around_of(summed(hand)))
    assert (claim and claim.detail) == said


def test_a_block_of_one_number_has_no_order() -> None:
    around = around_of(np.array(2.0))
    in_another_order = next(r for r in ORDERS if r.name == "in another order")
    assert list(in_another_order.variants(around)) == []
    row = around._replace(right=np.array([1.0, 2.0, 3.0]))
    assert [list(made.block) for made in in_another_order.variants(row)] == [[3.0, 1.0, 2.0]]


def test_what_a_model_cannot_compose_predicts_nothing() -> None:
    """Two wrong steps may raise together where each of them runs."""
    p, X, Y = problem_for(Shows.ANY, 0, np.float64)
    found = right_gradient(p, X, Y)._asdict()
    blocks: Results = {(name,): 2 * gradient for name, gradient in found.items()}
    point = Point(p, (X, Y))
    reference = assignment()._replace(model=UNKNOWN)
    exact = reference.evaluate(point)
    evidence = gathered(blocks, list(blocks), reference, (point, exact), None)
    one = Hypothesis("one", "", "", exact.gradients, lambda: None, derivation="a")
    tried = Tried(one, Predicted((), exact.gradients))
    assert composed(evidence, tried, tried) is None
