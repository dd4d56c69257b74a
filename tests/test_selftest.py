"""The installation measures itself, and says so where a bound does not hold."""

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.assignment.mistakes.mistake import Shows
from autograd_ref.assignment.mistakes.planted import (
    PLANTED,
    go_together,
    problem_for,
    right_gradient,
)
from autograd_ref.check import check_gradients
from autograd_ref.commands import main
from autograd_ref.commands.selftest import run
from autograd_ref.commands.selftest.show import Size, as_json, as_text
from autograd_ref.report.report import Report
from autograd_ref.selftest import false_accusations, measured, naming, smallest_error, trials
from autograd_ref.selftest.measured import Measured, bounds, steps
from autograd_ref.selftest.naming import is_named, named_in
from autograd_ref.selftest.other_models import OTHER_MODELS, OtherModel
from autograd_ref.selftest.smallest_error import ERRORS, KINDS, smallest_found
from autograd_ref.selftest.trials import (
    DTYPES,
    CheckedMistakes,
    Why,
    pairs,
    planted_in,
    trial,
    wrong_blocks,
)
from manual_backprop import NetworkShape, Parameters, initialize, loss_and_gradients
from tests.planted import BY_TITLE
from tests.undiagnosed import undiagnosed

Captured = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch

FEW = ["twice (W1)", "softplus derivative at a1", "1/S missing"]


def only_few(monkeypatch: Patch) -> None:
    """Three mistakes of the catalogue, and little of everything."""
    monkeypatch.setattr(measured, "planted_in", lambda _dtype: [BY_TITLE[t] for t in FEW])
    monkeypatch.setattr(measured, "PAIRS", 2)
    monkeypatch.setattr(measured, "RIGHT", 2)
    monkeypatch.setattr(measured, "KINDS", KINDS[:1])
    monkeypatch.setattr(measured, "OTHER_MODELS", OTHER_MODELS[2:])
    monkeypatch.setattr(smallest_error, "check_gradients", undiagnosed)


@pytest.fixture(autouse=True)
def few(monkeypatch: Patch) -> None:
    only_few(monkeypatch)


def measure(monkeypatch: Patch) -> Measured:
    """By a check that a test has changed, which the mistakes in other models do not ask."""
    monkeypatch.setattr(measured, "OTHER_MODELS", ())
    return measured.measured(1, 0, watch=lambda _step: None)


@pytest.fixture(scope="module")
def told() -> list[str]:
    """The steps that the measurements below announced."""
    return []


@pytest.fixture(scope="module")
def usual(told: list[str]) -> Measured:
    """The measurements with nothing changed but their number."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        only_few(monkeypatch)
        return measured.measured(1, 0, told.append)


@pytest.fixture
def measured_before(usual: Measured, monkeypatch: Patch) -> None:
    """The command need not measure again."""
    monkeypatch.setattr(run, "measured", lambda *_, **__: usual)


def broken(found: Measured) -> set[str]:
    return {f"{bound.what}, {bound.dtype}" for bound in bounds(found) if not bound.holds}


@pytest.mark.untraced
def test_all_is_as_promised_and_written_in_both_forms(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "found.json"
    assert main(["selftest", "--problems", "2", "--seed", "2", "--json", str(file)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    rows = [line.split() for line in printed.out.splitlines()]
    assert [*"mistakes and pairs found".split(), *"10 of 10 10 of 10 all".split()] in rows
    assert [*"mistakes named".split(), *"6 of 6 6 of 6 98%, 90%".split()] in rows
    assert "2 problems for each mistake, 4 pairs of mistakes; seed 2" in printed.out
    assert printed.out.startswith("All bounds hold.\n"), "the answer comes first"
    found = json.loads(file.read_text(encoding="utf-8"))
    assert (found["problems"], found["seed"], found["versions"]["NumPy"]) == (2, 2, np.__version__)
    assert all(bound["holds"] for bound in found["bounds"])
    for dtype in ("float64", "float32"):
        row = {"problems": 2, "left_out": 0, "found": 2, "named": 2}
        assert found["mistakes"][dtype] == [{"mistake": title, **row} for title in FEW]
        assert found["pairs"][dtype]["found"] == 4
        assert found["right"][dtype]["problems"] == 4
        assert sum(found["right"][dtype]["checks"].values()) >= 12
    assert all(0 < e <= 5e-4 for row in found["smallest_errors"] for e in row["found"])


@pytest.mark.usefixtures("measured_before")
def test_json_alone_goes_to_standard_output(capsys: Captured) -> None:
    assert main(["selftest", "--problems", "1", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == 1


def answering(change: Callable[[Report], Report]) -> Callable[..., Report]:
    """Another check, that names no mistake."""
    return lambda *arguments: change(undiagnosed(*arguments))


@pytest.mark.untraced
def test_a_check_that_finds_nothing_is_found_out(monkeypatch: Patch) -> None:
    blind = answering(lambda report: replace(report, blocks=(), loss=None))
    monkeypatch.setattr(trials, "check_gradients", blind)
    found = broken(measure(monkeypatch))
    assert "mistakes and pairs found, float64" in found
    assert "mistakes and pairs found, float32" in found


@pytest.mark.untraced
def test_a_check_that_names_nothing_is_found_out(monkeypatch: Patch, capsys: Captured) -> None:
    monkeypatch.setattr(trials, "check_gradients", undiagnosed)
    found = measure(monkeypatch)
    named = {f"{w} named, {d}" for w in ("mistakes", "pairs of mistakes") for d in found.single}
    assert broken(found) == named
    text = as_text(Size(1, 0), found)
    assert [*FEW[0].split(), "2", "unknown", "cause"] in [ln.split() for ln in text.splitlines()]
    assert text.startswith("Bounds that do not hold: mistakes named (float64); mistakes named")
    assert json.loads(as_json(Size(1, 0), found))["confused"][0] == {
        "made": FEW[0],
        "said": "unknown cause",
        "kind": "unknown",
    }
    monkeypatch.setattr(run, "measured", lambda *_, **__: found)
    assert main(["selftest", "--problems", "1"]) == 1
    assert "Bounds that do not hold: " in capsys.readouterr().out


@pytest.mark.untraced
def test_a_check_that_lets_small_errors_pass_is_found_out(monkeypatch: Patch) -> None:
    def blunt(report: Report) -> Report:
        largest = max(block.max_rel_error or 0 for block in report.blocks)
        return report if largest > 1e-2 else replace(report, blocks=(), loss=None)

    monkeypatch.setattr(smallest_error, "check_gradients", answering(blunt))
    assert broken(measure(monkeypatch)) == {
        f"{kind.name}, {d}" for kind in KINDS[:1] for d in kind.needed
    }


@pytest.mark.untraced
def test_a_check_that_accuses_the_right_is_found_out(monkeypatch: Patch) -> None:
    def strict(report: Report) -> Report:
        blocks = tuple(block._replace(verdict="mismatch") for block in report.blocks)
        return replace(report, blocks=blocks)

    monkeypatch.setattr(false_accusations, "check_gradients", answering(strict))
    found = measure(monkeypatch)
    assert broken(found) == {f"right gradients called wrong, {d}" for d in found.right}
    text = as_text(Size(1, 0), found)
    assert "seed 0, float64: manual_backprop, W0, b0, W1, b1" in text


def test_every_right_gradient_that_is_accused_is_counted(monkeypatch: Patch) -> None:
    def strict(report: Report) -> Report:
        return replace(report, blocks=tuple(b._replace(verdict="mismatch") for b in report.blocks))

    monkeypatch.setattr(false_accusations, "check_gradients", answering(strict))
    count = false_accusations.verdicts_on(0, np.float64)
    assert len(count.accused) == sum(count.checks.values()) > 1
    assert "seed 0, float64: manual_backprop, W0, b0, W1, b1" in count.accused


def test_what_is_inconclusive_is_no_accusation(monkeypatch: Patch) -> None:
    def unsure(report: Report) -> Report:
        blocks = tuple(block._replace(verdict="inconclusive") for block in report.blocks)
        return replace(report, blocks=blocks)

    monkeypatch.setattr(false_accusations, "check_gradients", answering(unsure))
    counts = [false_accusations.verdicts_on(seed, np.float64) for seed in range(8)]
    assert not any(count.accused for count in counts)
    assert [len(count.undecided) for count in counts] == [count.ordinary for count in counts]
    assert {count.ordinary for count in counts} == {0, 1}


def test_a_mistake_that_seldom_makes_a_difference_is_found_out(usual: Measured) -> None:
    found = usual
    (first, *others) = found.single["float64"]
    rare = found._replace(single={"float64": (first._replace(left_out=2, problems=3), *others)})
    assert "left out: no difference to see, float64" in broken(rare)
    rare = found._replace(single={"float64": (first._replace(left_out=2, problems=200), *others)})
    assert "left out: no difference to see, float64" not in broken(rare)


def with_row(before: Measured, **changed: Any) -> Measured:
    """With the first mistake, in float64, found otherwise."""
    (first, *others) = before.single["float64"]
    rows = first._replace(**changed), *others
    return before._replace(single={**before.single, "float64": rows})


def test_every_bound_is_held_to(usual: Measured) -> None:
    found = usual
    assert not broken(found)
    assert not broken(with_row(found, problems=5, left_out=1, found=4, named=4))
    alone = found._replace(single={"float64": found.single["float64"][:1]})
    nothing = with_row(alone, left_out=1, found=0, named=0)
    none = nothing.pairs["float64"]._replace(problems=0, found=0, named=0)
    nothing = nothing._replace(pairs={**nothing.pairs, "float64": none})
    assert "mistakes and pairs found, float64" in broken(nothing)  # all of none
    pairs = found.pairs["float32"]._replace(problems=100, found=100, named=84)
    assert broken(found._replace(pairs={**found.pairs, "float32": pairs})) == {
        "pairs of mistakes named, float32"
    }
    (first, *others) = found.smallest
    seldom = first._replace(errors=(1e-13, 1e-3))
    assert broken(found._replace(smallest=(seldom, *others))) == {
        f"{first.kind.name}, {first.dtype}"
    }


def test_a_check_that_sees_no_error_at_all_is_written_too(usual: Measured) -> None:
    blind = usual.smallest[0]._replace(errors=(float("inf"),))
    content = json.loads(as_json(Size(1, 0), usual._replace(smallest=(blind,))))
    assert content["smallest_errors"][0]["found"] == [None]


def test_what_is_said_instead_is_shown_by_kind(usual: Measured) -> None:
    explained = (
        ("twice", "1/S missing"),
        ("not summed over the batch (b1)", "softmax Jacobian's diagonal only"),
    )
    made = [trial([BY_TITLE[title] for title in titles], *problem(6)) for titles in explained]
    confused = tuple(one for one in made if one is not None)
    pairs = usual.pairs["float64"]._replace(confused=confused)
    text = as_text(Size(1, 0), usual._replace(pairs={**usual.pairs, "float64": pairs}))
    (head,) = (line for line in text.splitlines() if line.split()[:2] == ["injected", "same"])
    (same,) = (line for line in text.splitlines() if line.startswith("twice + 1/S missing"))
    (part,) = (line for line in text.splitlines() if line.startswith("not summed over"))
    assert same[head.index("same") + 3] == part[head.index("part") + 3] == "1"


@pytest.mark.untraced
def test_the_seed_chooses_the_problems(monkeypatch: Patch) -> None:
    seen: list[float] = []

    def noted(gradients: Any, p: Parameters, *data: Any) -> Report:
        seen.append(float(p.W0[0, 0]))
        return undiagnosed(gradients, p, *data)

    monkeypatch.setattr(trials, "check_gradients", noted)
    monkeypatch.setattr(false_accusations, "check_gradients", noted)
    monkeypatch.setattr(smallest_error, "check_gradients", noted)
    monkeypatch.setattr(measured, "OTHER_MODELS", ())
    _ = measured.measured(1, 0, watch=lambda _step: None)
    first = set(seen)
    seen.clear()
    _ = measured.measured(1, 1, watch=lambda _step: None)
    assert not first & set(seen)


@pytest.mark.usefixtures("usual")
def test_every_step_is_announced(told: list[str]) -> None:
    few, all_mistakes = len(FEW) * len(DTYPES), 258
    assert len({*told}) == 9
    assert len(told) == steps(1) == few + len(DTYPES) * (2 + 2 + 1) + 1
    assert steps(3) == few + 3 * len(DTYPES) * (2 + 2 + 1) + 3
    assert steps(30) == few + 30 * len(DTYPES) * (2 + 2 + 1) + measured.POINTS
    assert sum(len(planted_in(dtype)) for dtype in DTYPES) == all_mistakes


def test_float32_has_no_digits_to_lose() -> None:
    assert planted_in(np.float64) == [*PLANTED]
    assert {p.title for p in {*PLANTED} - {*planted_in(np.float32)}} == {
        p.title for p in PLANTED if p.loses_digits
    }


# trials


def problem(samples: int = 4) -> tuple[Parameters, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    p = initialize(NetworkShape(3, 5, 2), 0, std=0.5)
    return p, random.normal(size=(samples, 3)), np.eye(2)[random.integers(2, size=samples)]


@pytest.mark.parametrize(
    ("titles", "samples"),
    [
        (["1/S missing"], 1),  # no difference
        (["twice", "half"], 4),  # each undoes the other
        (["1/S missing", "twice"], 1),  # one of two makes no difference
        (
            ["another block's gradient (W0, W1)"],
            4,
        ),  # cannot be made: no two blocks have the same shape
    ],
)
def test_what_makes_no_difference_is_left_out_without_asking_the_check(
    titles: list[str], samples: int, monkeypatch: Patch
) -> None:
    mistakes = [BY_TITLE[title] for title in titles]
    monkeypatch.setattr(trials, "check_gradients", None)
    assert trial(mistakes, *problem(samples)) is None


def test_where_no_cause_is_named_nothing_is_explained(monkeypatch: Patch) -> None:
    monkeypatch.setattr(trials, "check_gradients", undiagnosed)
    found = trial([BY_TITLE["twice (W1)"]], *problem(6))
    assert found is not None
    assert not found.named
    assert (found.said, found.why) == ("unknown cause", Why.UNKNOWN)


@pytest.mark.untraced
def test_what_is_said_instead_is_told_by_how_much_it_explains() -> None:
    def why(*titles: str) -> Why:
        found = trial([BY_TITLE[title] for title in titles], *problem(6))
        assert found is not None
        assert not found.named
        return found.why

    assert why("twice", "1/S missing") is Why.SAME
    assert why("not summed over the batch (b1)", "softmax Jacobian's diagonal only") is Why.PART
    assert why("reshaped, not transposed (W0)", "absolute values (W0)") is Why.UNKNOWN


def test_a_block_that_is_wrong_in_its_dtype_alone_needs_no_cause() -> None:
    p, X, Y = problem_for(Shows.ANY, 6, np.float32)

    def gradients(p: Parameters, X: A, Y: A) -> Parameters:
        g = right_gradient(p, X, Y)
        return g._replace(W0=2 * g.W0, b1=g.b1.astype(np.float64))

    report = check_gradients(gradients, p, X, Y)
    assert [block.verdict for block in report.blocks] == ["mismatch", "match", "match", "mismatch"]
    assert wrong_blocks(report) == ("W0",)


def test_a_pair_is_named_only_where_both_are() -> None:
    found = trial([BY_TITLE["sign flipped (b1)"], BY_TITLE["transposed (W0)"]], *problem())
    assert found is not None
    assert found.made == "sign flipped (b1) + transposed (W0)"
    assert found.named
    assert not CheckedMistakes(found.mistakes[:1], found.report).named


def test_what_is_the_same_on_a_problem_counts_as_named() -> None:
    """With S = 4 and N_O = 2, a factor 2 is S/N_O."""
    found = trial([BY_TITLE["divided by N_O"]], *problem(4))
    assert found is not None
    assert found.said == "twice"
    assert found.named


def test_pairs_can_be_made_together(monkeypatch: Patch) -> None:
    monkeypatch.setattr(trials, "check_gradients", lambda *_arguments: None)
    assert all(go_together(*pair.mistakes) for pair in islice(pairs(0, np.float64), 12))


@pytest.mark.untraced
def test_pairs_are_the_same_for_the_same_seed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(trials, "check_gradients", lambda *_arguments: None)
    made = [[pair.made for pair in islice(pairs(seed, np.float64), 3)] for seed in (0, 0, 1)]
    assert made[0] == made[1] != made[2]


@pytest.mark.untraced
def test_the_smallest_error_is_where_the_check_begins_to_see(monkeypatch: Patch) -> None:
    found: list[tuple[float, str]] = []

    def noted(gradients: Any, p: Parameters, X: Any, Y: Any) -> Report:
        report = undiagnosed(gradients, p, X, Y)
        right, wrong = loss_and_gradients(p, X, Y)[1], gradients(p, X, Y)
        assert all(np.array_equal(a, b) for a, b in zip(right[1:], wrong[1:], strict=True))
        error = float((abs(wrong.W0 - right.W0) / abs(right.W0)).max())
        found.append((error, report.verdict))
        return report

    for kind in KINDS:
        monkeypatch.setattr(smallest_error, "check_gradients", noted)
        found.clear()
        smallest = smallest_found(kind, 0, np.float64)
        assert smallest in ERRORS
        assert 1e-13 < smallest <= kind.needed["float64"]
        seen = min(error for error, verdict in found if verdict == "mismatch")
        assert seen == pytest.approx(smallest, rel=1e-2)
        assert max(error for error, verdict in found if verdict == "match") < smallest
    blind = answering(lambda report: replace(report, blocks=(), loss=None))
    monkeypatch.setattr(smallest_error, "check_gradients", blind)
    assert smallest_found(KINDS[0], 0, np.float64) == float("inf")


# other models


@pytest.mark.parametrize("model", OTHER_MODELS)
def test_another_models_gradient_is_right_without_its_mistakes(model: OtherModel) -> None:
    parameters, data = model.point(np.random.default_rng(0))
    report = check_gradients(model.gradients, parameters, *data, loss=model.loss, elsewhere=False)
    assert report.verdict == "match", report
    lines = inspect.getsource(model.loss)
    assert all(place in lines for place in model.mistakes.values())


@pytest.mark.untraced
@pytest.mark.parametrize("model", OTHER_MODELS)
def test_mistakes_in_another_model_are_named_at_their_line(model: OtherModel) -> None:
    found = named_in(model, 0)
    assert found.checks == found.found == 4
    assert found.named >= 3, found.unnamed


def test_mistakes_in_other_models_that_are_not_named_are_found_out(
    usual: Measured, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(naming, "check_gradients", undiagnosed)
    others = named_in(OTHER_MODELS[0], 0)
    assert (others.found, others.named) == (4, 0)
    found = usual._replace(others=others)
    assert broken(found) == {"mistakes in other models named, float64"}
    text = as_text(Size(1, 0), found)
    assert "Mistakes in other models that were not named at their line:\nperceptron, z for" in text
    assert "seed 0: unknown cause" in text
    blind = others._replace(found=3)
    assert "mistakes in other models found, float64" in broken(usual._replace(others=blind))


def test_a_name_at_another_line_or_for_a_part_is_none() -> None:
    model = OTHER_MODELS[0]
    first = model.loss.__code__.co_firstlineno

    def report(line: int, *blocks: str) -> Any:
        wrong = [SimpleNamespace(name=n, verdict="mismatch", reason="") for n in ("W1", "b1")]
        cause = SimpleNamespace(blocks=blocks, explanation=f"in `x` (line {line})")
        return SimpleNamespace(blocks=wrong, causes=[cause])

    assert is_named(model, "torch.tanh", report(first + 3, "W1", "b1"))
    assert not is_named(model, "torch.tanh", report(first + 2, "W1", "b1"))
    assert not is_named(model, "torch.tanh", report(first + 3, "W1"))
    assert is_named(model, "", report(first + 2, "W1", "b1"))


# around the command


@pytest.mark.usefixtures("measured_before")
def test_a_file_that_cannot_be_written_is_unusable(tmp_path: Path, capsys: Captured) -> None:
    assert main(["selftest", "--json", str(tmp_path / "no" / "file")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert main(["selftest", "--problems", "1", "--json", "/dev/full"]) == 2
    assert "cannot write /dev/full" in capsys.readouterr().err


def test_an_interrupt_leaves_no_file(tmp_path: Path, monkeypatch: Patch, capsys: Captured) -> None:
    def interrupted(*_: object, **__: object) -> Measured:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "measured", interrupted)
    assert main(["selftest", "--json", str(tmp_path / "found.json")]) == 130
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.iterdir())
