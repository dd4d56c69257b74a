"""The diagnosis knows a model only by what the model tells it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import check_gradients, diagnosis
from autograd_ref.diagnosis.diagnosis import Diagnosis, diagnosed
from autograd_ref.diagnosis.evidence import gathered
from autograd_ref.reference import model as seam
from autograd_ref.reference.model import (
    UNKNOWN,
    Discrepancy,
    Hypothesis,
    ReturnedBeside,
    UnknownModel,
)
from autograd_ref.reference.torch_loss import torch_loss
from autograd_ref.report.html import as_html
from autograd_ref.report.report import Report
from autograd_ref.tree import nest
from autograd_ref.tree.nest import leaves
from autograd_ref.tree.point import Point
from tests.test_imports import imported_by
from tests.thorough import one_in

A = NDArray[Any]
Gradients = dict[str, A]

OF_THE_NETWORK = re.compile(
    r"\b(e2|e1|delta1|d?W[01]|d?b[01]|N_[IHO]|y_hat|[az][12]|hidden units?|the assignment|softplus"
    r"|built-in network)\b"
)


# a model of two blocks, with a wrong derivation for each step of its backward pass


def loss(p: Any, X: Tensor) -> Tensor:
    return (torch.tanh(X @ p["emission"].T) @ p["mix"]).square().mean()


RIGHT = {"slope": "1 - h * h", "c": "2 * (h @ mix)[:, None] / len(X)"}


def derived(p: Gradients, X: A, **wrong: str) -> Gradients:
    """By hand; a step may be replaced."""
    mix, z = p["mix"], X @ p["emission"].T
    names = {"np": np, "X": X, "mix": mix, "z": z, "h": np.tanh(z)}
    steps = {**RIGHT, **wrong}
    slope, c = (eval(steps[name], names) for name in ("slope", "c"))
    return {"emission": (c * mix * slope).T @ X, "mix": (c * np.tanh(z)).sum(axis=0)}


def problem() -> tuple[Gradients, A]:
    random = np.random.default_rng(0)
    return {"emission": random.normal(size=(4, 3)), "mix": random.normal(size=4)}, (
        random.normal(size=(6, 3))
    )


# nothing of the network is said to anybody else

CHANGES: dict[str, Callable[[A, A], A]] = {
    "sign": lambda g, _p: -g,
    "twice": lambda g, _p: 2 * g,
    "half": lambda g, _p: g / 2,
    "times S": lambda g, _p: 6 * g,
    "by S": lambda g, _p: g / 6,
    "by S - 1": lambda g, _p: g * 6 / 5,
    "a factor": lambda g, _p: 1.05 * g,
    "decay": lambda g, p: g + 0.01 * p,
    "zero": lambda g, _p: 0 * g,
    "transposed": lambda g, _p: g.T,
    "reshaped": lambda g, _p: g.T.reshape(g.shape),
    "another shape": lambda g, _p: g[None],
    "reversed": lambda g, _p: g[::-1],
    "sorted": lambda g, _p: np.sort(g, axis=None).reshape(g.shape),
    "its sum": lambda g, _p: np.full_like(g, g.sum()),
    "its first entry": lambda g, _p: np.full_like(g, g.flat[0]),
    "absolute": lambda g, _p: abs(g),
    "float32": lambda g, _p: g.astype("f4").astype("f8"),
    "unknown": lambda g, _p: np.sin(3 * g),
    "some entries": lambda g, _p: np.where(g > np.median(g), g, 0.9 * g),
    "nan": lambda g, _p: np.where(g > np.median(g), np.nan, g),
}


def gradients_with(changes: Mapping[str, str]) -> Callable[[Gradients, A], Gradients]:
    def gradients(p: Gradients, X: A) -> Gradients:
        found = derived(p, X)
        return {k: CHANGES[changes[k]](g, p[k]) if k in changes else g for k, g in found.items()}

    return gradients


def with_samples(kept: slice) -> Callable[[Gradients, A], Gradients]:
    return lambda p, X: derived(p, X[kept])


def keeping() -> Callable[[Gradients, A], Gradients]:
    kept: list[Gradients] = []

    def gradients(p: Gradients, X: A) -> Gradients:
        kept.append(derived(p, X))
        return {name: block.copy() for name, block in kept[0].items()}

    return gradients


def with_intermediates(p: Gradients, X: A) -> tuple[float, Gradients, dict[str, Any]]:
    return 0.0, derived(p, X, slope="h"), {"score": X, "dscore": X, "states": [X, X]}


def in_float32(p: Gradients, X: A) -> Gradients:
    return {name: block.astype("f4") for name, block in derived(p, X).items()}


MISTAKES: dict[str, Callable[[Gradients, A], Any]] = {
    **{f"{name}: {c}": gradients_with({name: c}) for name in ("emission", "mix") for c in CHANGES},
    **{f"both: {c}": gradients_with({"emission": c, "mix": c}) for c in CHANGES},
    **{
        f"{one}, {two}": gradients_with({"emission": one, "mix": two})
        for one, two in combinations([*CHANGES][::4], 2)
    },
    **{f"{slope} for the slope": partial(derived, slope=slope) for slope in ("h", "1", "z")},
    "the first sample": with_samples(slice(1)),
    "no last sample": with_samples(slice(-1)),
    "the first call": keeping(),
    "intermediate quantities": with_intermediates,
    "a wrong loss": lambda p, X: (1.0, derived(p, X)),
    "none": lambda _p, _X: None,
    "too many": lambda p, X: {**derived(p, X), "bias": X},
    "lower precision": in_float32,
    "none wrong": derived,
}


def said_by(report: Report) -> str:
    return f"{report}\n{report.to_json()}\n{as_html(report)}\n{report!r}"


def of_the_network(text: str) -> list[str]:
    return [found.group() for found in OF_THE_NETWORK.finditer(text)]


@cache
def report_on(name: str) -> Report:
    p, X = problem()
    return check_gradients(MISTAKES[name], p, X, loss=loss)


@pytest.mark.long
@pytest.mark.parametrize("name", one_in(4, MISTAKES))
def test_nobody_else_is_told_of_the_network(name: str) -> None:
    assert of_the_network(said_by(report_on(name))) == []


@pytest.mark.untraced
def test_those_mistakes_have_many_causes_or_none() -> None:
    reports = [report_on(name) for name in [*MISTAKES][:: len(MISTAKES) // 20]]
    assert len({cause.kind for report in reports for cause in report.causes}) >= 5
    assert any(report.pattern for report in reports)


@pytest.mark.untraced
def test_the_network_is_told() -> None:
    """So that the search above can find something."""
    random = np.random.default_rng(0)
    blocks = {"W0": (4, 3), "b0": 4, "W1": (2, 4), "b1": 2}
    p = {name: random.normal(size=size) for name, size in blocks.items()}

    def cubes(p: Any, _X: Any, _Y: Any) -> Any:
        return {name: block**3 for name, block in p.items()}

    report = check_gradients(cubes, p, random.normal(size=(5, 3)), np.arange(5) % 2)
    assert {"e2", "W0", "z2"} <= {*of_the_network(said_by(report))}


FILES = [*Path(diagnosis.__path__[0]).rglob("*.py"), Path(seam.__file__)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_line_of_the_diagnosis_knows_the_network(file: Path) -> None:
    assert of_the_network(file.read_text(encoding="utf-8")) == []
    imported = imported_by(file)
    assert not any(name.startswith("autograd_ref.assignment") for name in imported)
    assert not any(name.startswith("manual_backprop") for name in imported)


# what a model tells is used

EMISSION, MIX = ("emission",), ("mix",)
SLOPES = {"h": "h for the slope", "1": "no slope", "h * h": "h squared for the slope"}


class Step(NamedTuple):
    wrong: dict[str, str]
    point: Point


class TwoBlocks(UnknownModel):
    """The model above; of unknown ones only what is said here is another."""

    def __init__(self, *, in_pairs: bool = True) -> None:
        self.in_pairs = in_pairs

    def axes(self, _point: Point, key: nest.Path, /) -> tuple[str, ...]:
        return ("class",) if key == MIX else ("state", "symbol")

    def counts(self, point: Point, /) -> Mapping[str, int]:
        return {"N_S": len(point.parameters["mix"])}

    def fixes(self) -> Mapping[str, str]:
        return {"transposed": "states are rows"}

    def advice(self, _point: Point, wrong: Sequence[nest.Path], loss_is_right: bool, /) -> str:
        return "look at the mixture" if tuple(wrong) == (MIX,) and loss_is_right else ""

    def hypotheses(self, seen: Discrepancy, /) -> Iterator[Hypothesis]:
        point, hand, earlier = seen.point, seen.hand, seen.earlier
        for slope, name in SLOPES.items():
            yield self.hypothesis(name, f"{name} stands there", Step({"slope": slope}, point))
        c = {"c": "2 * abs(h @ mix)[:, None] / len(X)"}
        yield self.hypothesis("absolute", "the absolute value is taken", Step(c, point))
        if EMISSION in hand:
            found = self.hypothesis("fitted", "all is fitted", Step({}, point))
            fitted = np.full_like(hand[EMISSION], hand[EMISSION].flat[0])
            gradients = {**found.gradients, EMISSION: fitted}
            yield found._replace(gradients=gradients, fitted=True)
        if earlier is not None:
            old = derived(earlier.parameters, *earlier.data)["mix"]
            found = self.hypothesis("an old mixture", "it is kept", Step({}, point))
            yield found._replace(gradients={**found.gradients, MIX: old})

    def hypothesis(self, name: str, what: str, step: Step) -> Hypothesis:
        gradients = leaves(derived(step.point.parameters, *step.point.data, **step.wrong))
        derivation = step if self.in_pairs else None
        return Hypothesis(name, what, "do not", gradients, lambda: None, derivation=derivation)

    def compose(self, one: Hypothesis, two: Hypothesis, /) -> Hypothesis | None:
        first, second = one.derivation, two.derivation
        assert isinstance(first, Step)
        assert isinstance(second, Step)
        both = Step({**first.wrong, **second.wrong}, first.point)
        return self.hypothesis("both", "both", both)


def diagnosis_of(
    gradients: Callable[[Gradients, A], Gradients],
    model: UnknownModel,
    *,
    loss_is_right: bool = False,
    kept: bool = False,
) -> Diagnosis:
    """The diagnosis of a gradient at the problem, or, kept from there, at another point."""
    p, X = problem()
    reference = torch_loss(loss, 0)._replace(model=model)
    hand = gradients(p, X)
    point, earlier = Point(p, (X,)), None
    if kept:
        earlier = (point, reference.evaluate(point))
        point = Point({name: 0.7 * block for name, block in p.items()}, (X,))
        hand = {**derived(point.parameters, X), "mix": hand["mix"]}
    exact = reference.evaluate(point)
    found = leaves(hand)
    wrong = [path for path, right in exact.gradients.items() if not equal(found[path], right)]
    evidence = gathered(found, wrong, reference, (point, exact), earlier)
    return diagnosed(evidence, loss_is_right=loss_is_right)


def equal(hand: A, right: A) -> bool:
    return hand.shape == right.shape and np.allclose(hand, right, rtol=1e-10, atol=0)


def kinds(found: Diagnosis) -> list[str]:
    return [cause.kind for cause in found.causes]


def test_a_wrong_derivation_of_the_model_is_a_cause() -> None:
    (cause,) = diagnosis_of(partial(derived, slope="1"), TwoBlocks()).causes
    assert cause.explanation == "Your emission is what comes out if no slope stands there."
    assert cause.fix == "do not"
    assert kinds(diagnosis_of(partial(derived, slope="1"), UNKNOWN)) == []


@pytest.mark.parametrize("in_pairs", [True, False])
def test_two_wrong_derivations_are_composed_where_they_can_be(*, in_pairs: bool) -> None:
    both = partial(derived, slope="h", c="2 * abs(h @ mix)[:, None] / len(X)")
    found = diagnosis_of(both, TwoBlocks(in_pairs=in_pairs))
    if in_pairs:
        assert kinds(found) == ["absolute + h for the slope"]
        assert not found.pattern
    else:
        assert [(c.kind, c.blocks) for c in found.causes] == []
        assert found.pattern[0].text.startswith("None of the known mistakes gives your emission")


@pytest.mark.untraced
def test_counts_words_and_fixes_are_the_models() -> None:
    model = TwoBlocks()
    by_count = diagnosis_of(lambda p, X: {k: g * 6 / 4 for k, g in derived(p, X).items()}, model)
    assert kinds(by_count)[0] == "divided by N_S"
    (cause,) = diagnosis_of(gradients_with({"emission": "transposed"}), model).causes
    assert cause.fix == "states are rows"

    def columns(p: Gradients, X: A) -> Gradients:
        found = derived(p, X)
        found["emission"][:, 1:] **= 2
        return found

    def classes(p: Gradients, X: A) -> Gradients:
        found = derived(p, X)
        return {**found, "mix": found["mix"] * [1, 2, 3, 1]}

    assert "in symbols 1 and 2 only (of 3)" in diagnosis_of(columns, model).pattern[1].text
    assert "in columns 1 and 2 only (of 3)" in diagnosis_of(columns, UNKNOWN).pattern[1].text
    assert "in classes 1 and 2 only (of 4)" in diagnosis_of(classes, model).pattern[1].text


def test_advice_follows_from_the_blocks_that_are_wrong() -> None:
    wrong = gradients_with({"mix": "unknown"})
    found = diagnosis_of(wrong, TwoBlocks(), loss_is_right=True)
    assert found.pattern[-1] == ("ruled out", "Where to look: look at the mixture.")
    assert "ruled out" not in [note.kind for note in diagnosis_of(wrong, TwoBlocks()).pattern]
    assert "ruled out" not in [
        note.kind for note in diagnosis_of(wrong, UNKNOWN, loss_is_right=True).pattern
    ]


def test_what_an_earlier_call_had_is_a_hypothesis() -> None:
    found = diagnosis_of(derived, TwoBlocks(), kept=True)
    assert {"kept from an earlier call", "an old mixture"} == {*kinds(found)}
    assert kinds(diagnosis_of(derived, UNKNOWN, kept=True)) == ["kept from an earlier call"]


def test_what_is_fitted_comes_after_what_is_not() -> None:
    filled = gradients_with({"emission": "its first entry"})
    assert kinds(diagnosis_of(filled, TwoBlocks())) == ["filled with its first entry"]
    constant = gradients_with({"emission": "its sum"})
    assert kinds(diagnosis_of(constant, TwoBlocks())) == ["filled with the total sum"]

    def one_number(p: Gradients, X: A) -> Gradients:
        return {**derived(p, X), "emission": np.full_like(p["emission"], 0.7)}

    assert kinds(diagnosis_of(one_number, TwoBlocks())) == ["fitted"]


def test_the_unknown_model_knows_nothing() -> None:
    point = Point(*problem()[:1], problem()[1:])
    nothing = Hypothesis("", "", "", {}, lambda: None)
    assert UNKNOWN.axes(point, MIX) == ("row", "column")
    assert not UNKNOWN.counts(point)
    assert not UNKNOWN.fixes()
    assert not list(UNKNOWN.hypotheses(Discrepancy(point, {}, {}, {})))
    nowhere = ReturnedBeside(point, {}, {}, {})
    assert not UNKNOWN.steps(nowhere, (), lambda: None).steps
    assert UNKNOWN.compose(nothing, nothing) is None
    assert UNKNOWN.advice(point, [MIX], True) == ""
    assert UNKNOWN.detectable(point) is None
