"""`crosscheck train` trains by hand and by autograd, and shows and keeps what came of it."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_ref.assignment import training
from autograd_ref.assignment.mistakes.planted import gradient_with
from autograd_ref.assignment.training import Moment, penguins
from autograd_ref.commands import main
from autograd_ref.commands.mistakes import trainable
from autograd_ref.commands.train import figures, run, runs
from autograd_ref.commands.train.runs import MistakenRun, TrainingRun
from autograd_ref.commands.train.show import outcomes
from manual_backprop import Parameters, loss_and_gradients
from manual_backprop.descent import accuracy, nesterov

Captured = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch

SHORT = ["train", "--standardise", "--hidden", "5", "--iterations", "12"]
FILES = {
    *(f"{name}.{kind}" for name in ("loss", "accuracy", "distance") for kind in ("png", "svg")),
    "nesterov.json",
    "steepest-descent.json",
    "report.html",
}


def json_of(arguments: list[str], status: int, capsys: Captured) -> dict[str, Any]:
    assert main([*arguments, "--json", "-"]) == status
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


@pytest.mark.untraced
def test_both_runs_are_shown_beside_autograd(capsys: Captured) -> None:
    assert main(SHORT) == 0
    text = capsys.readouterr().out
    flat = " ".join(text.split())
    assert text.startswith("Palmer penguins: 280 to train on, 62 to test with, seed 0, features st")
    assert "5 hidden units" in text
    assert "Step 0.1" in text
    assert flat.count("Match: the parameters by hand and by autograd differ by at most 0.") == 2
    assert "Interrupted" not in text
    assert flat.count("match at 0, match at 6, match at 12.") == 2


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("iterations", "shown"),
    [(1, [0, 1]), (2, [0, 1, 2]), (7, [*range(8)]), (12, [0, 1, 3, 5, 6, 8, 10, 12])],
)
def test_a_table_shows_some_moments_the_first_and_the_last_among_them(
    iterations: int, shown: list[int], capsys: Captured
) -> None:
    arguments = [*SHORT, "--iterations", str(iterations), "--optimiser", "nesterov"]
    moments = json_of(arguments, 0, capsys)["runs"][0]["moments"]
    assert main(arguments) == 0
    table = capsys.readouterr().out.split("\n\n")[3]
    rows = [line.split() for line in table.splitlines()[3:]]
    assert [int(row[0]) for row in rows] == shown
    moment = moments[-1]
    assert rows[-1] == [
        str(iterations),
        f"{moment['loss']:.4g}",
        f"{moment['accuracy']:.1%}",
        f"{moment['test_accuracy']:.1%}",
        f"{moment['distance']:.1e}",
        f"{moment['by_rounding']:.1e}",
    ]


def test_the_checks_are_of_the_parameters_there_and_the_training_samples(
    capsys: Captured, monkeypatch: Patch
) -> None:
    checked: list[tuple[Any, ...]] = []
    original = runs.check_gradients

    def check_gradients(*arguments: Any) -> Any:
        checked.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(runs, "check_gradients", check_gradients)
    found = json_of([*SHORT, "--optimiser", "steepest"], 0, capsys)
    _start, data = penguins(0, hidden=5, dtype="float64", standardise=True)
    for iteration, (_function, p, X, Y) in zip((0, 6, 12), checked, strict=True):
        assert loss_and_gradients(p, X, Y)[0] == found["runs"][0]["moments"][iteration]["loss"]
        assert np.array_equal(X, data.X)
        assert np.array_equal(Y, data.Y)


def test_a_check_that_tells_nothing_is_neither(capsys: Captured) -> None:
    far = ["train", "--standardise", "--iterations", "4", "--optimiser", "steepest"]
    (run,) = json_of([*far, "--step", "1e30"], 3, capsys)["runs"]
    assert run["verdict"] == "inconclusive"
    assert "inconclusive at 4" in run["sentence"]
    assert "do not agree" not in run["sentence"]


def test_an_interrupt_before_the_first_check_says_so(capsys: Captured, monkeypatch: Patch) -> None:
    def interrupted(*_arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "check_gradients", interrupted)
    assert main(SHORT) == 130
    assert "No gradient check was made." in " ".join(capsys.readouterr().out.split())


def test_json_has_every_moment(capsys: Captured) -> None:
    options = ["--dtype", "float32", "--seed", "3", "--step", "0.05", "--optimiser", "nesterov"]
    found = json_of([*SHORT, *options], 0, capsys)
    assert (found["dtype"], found["seed"], found["step"]) == ("float32", 3, 0.05)
    assert found["network"] == [4, 5, 3]
    assert (found["iterations"], found["interrupted"]) == (12, False)
    (run,) = found["runs"]
    assert run["optimiser"] == "Nesterov"
    assert run["verdict"] == "match"
    assert [moment["iteration"] for moment in run["moments"]] == list(range(13))
    assert run["checks"] == {"0": "match", "6": "match", "12": "match"}
    losses = [moment["loss"] for moment in run["moments"]]
    assert sorted(losses, reverse=True) == losses


def test_raw_features_have_a_smaller_step(capsys: Captured) -> None:
    found = json_of(["train", "--iterations", "2", "--optimiser", "steepest"], 0, capsys)
    assert (found["standardised"], found["step"]) == (False, 0.01)


@pytest.mark.untraced
def test_where_rounding_leads_elsewhere_it_is_said(capsys: Captured, monkeypatch: Patch) -> None:
    monkeypatch.setattr(training, "PARTED", 1e-14)
    assert main([*SHORT, "--optimiser", "nesterov"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    # what comes later does not count
    assert "differ by at most 0 of the drift from rounding (1 allowed), before iteration 1." in text
    assert "From there on rounding alone separates two runs: the end of a run says nothing" in text
    monkeypatch.undo()
    shorter = [*SHORT, "--optimiser", "nesterov", "--iterations", "4"]
    moments = json_of(shorter, 0, capsys)["runs"][0]["moments"]
    last = moments[-1]["by_rounding"] / moments[-1]["largest"]
    assert last > max(m["by_rounding"] / m["largest"] for m in moments[:-1])
    monkeypatch.setattr(training, "PARTED", last * (1 - 1e-9))
    assert main(shorter) == 0
    assert "before iteration 4. From there on rounding" in " ".join(capsys.readouterr().out.split())


@pytest.mark.untraced
def test_the_folder_holds_plots_models_and_a_page(tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "trained"
    written: list[dict[str, bytes]] = []
    numbers, text = tmp_path / "numbers.json", ""
    for _again in range(2):  # an old one is written over, with the same
        assert main([*SHORT, "--seed", "3", "--output", str(folder), "--json", str(numbers)]) == 0
        written.append({file.name: file.read_bytes() for file in folder.iterdir()})
        text = capsys.readouterr().out
    assert written[0].keys() == FILES
    assert written[0] == written[1]
    assert (folder / "loss.png").read_bytes()[:4] == b"\x89PNG"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href|url)\W{1,2}(http|file)", page)  # nothing is loaded
    assert pictures_in(page) == [written[0][f"{n}.svg"] for n in ("loss", "accuracy", "distance")]
    heading, _steepest, _nesterov, *tables = text.split("\n\n")[:6]
    for line in heading.split("\n"):
        assert page.index(line) < page.index("<img")
        assert page.count(line) == 1
    assert all(part.strip() in page for part in tables)
    model = Parameters.from_json((folder / "nesterov.json").read_text(encoding="utf-8"))
    start, data = penguins(3, hidden=5, dtype="float64", standardise=True)
    *_others, last = islice(nesterov(loss_and_gradients, start, *data[:2], step=0.1), 13)
    assert model.to_vector().tobytes() == last.parameters.to_vector().tobytes()
    moments = json.loads(numbers.read_text(encoding="utf-8"))["runs"][1]["moments"]
    expected = training.side_by_side("Nesterov", start, data, step=0.1, seed=3)
    assert moments == [moment._asdict() for moment, _parameters in islice(expected, 13)]
    assert moments[-1]["accuracy"] == accuracy(model, data.X, data.Y)
    assert moments[-1]["test_accuracy"] == accuracy(model, data.test_X, data.test_Y)


@pytest.mark.untraced
def test_the_page_gives_the_answer_first_and_opens_what_is_wrong(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    def off(p: Parameters, X: Any, Y: Any, **_threads: Any) -> tuple[float, Parameters]:
        value, found = loss_and_gradients(p, X, Y)
        return value, found._replace(W1=found.W1 * 2)

    for module in (runs, training):
        monkeypatch.setattr(module, "loss_and_gradients", off)
    arguments = [*SHORT, "--optimiser", "nesterov", "--output", str(tmp_path)]
    assert main(arguments) == 1
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.index("<b>Nesterov</b>: Mismatch: hand and autograd do") < page.index("<img")
    wrong = re.findall(r"<details open><summary>(Nesterov.*?)</summary>", page)
    assert wrong == [f"Nesterov, iteration {i}: mismatch" for i in (0, 6, 12)]
    monkeypatch.undo()
    assert main(arguments) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    right = re.findall(r"<details><summary>(Nesterov.*?)</summary>", page)
    assert right == [f"Nesterov, iteration {i}: match" for i in (0, 6, 12)]
    assert "<details open" not in page


def pictures_in(page: str) -> list[bytes]:
    return [b64decode(data) for data in re.findall(r'src="data:image/svg\+xml;base64,(.*?)"', page)]


def test_the_course_of_a_mistake_is_a_sentence_with_why_it_ended() -> None:
    course = "Nesterov, with the mistake 'twice': the loss goes from 2 to 0.5 in 2 iterations"
    run = MistakenRun("Nesterov", "twice", [2.0, 1.0, 0.5])
    ended = replace(run, ended="it ended")
    nothing = MistakenRun("Nesterov", "twice")
    assert outcomes([run, nothing, ended]) == [f"{course}.", f"{course}; it ended."]


@pytest.mark.untraced
def test_wrong_gradients_train_as_well(tmp_path: Path, capsys: Captured) -> None:
    mistakes = ["--mistake", "twice (W1)", "--mistake", "1/S twice (b0, b1)"]
    found = json_of([*SHORT, *mistakes, "--output", str(tmp_path / "out")], 0, capsys)
    assert [(w["optimiser"], w["mistake"]) for w in found["wrong"]] == [
        (optimiser, title)
        for optimiser in ("steepest descent", "Nesterov")
        for title in ("twice (W1)", "1/S twice (b0, b1)")
    ]
    for curve in found["wrong"]:
        assert len(curve["losses"]) == 13
        assert curve["losses"][-1] < curve["losses"][0]
    first, right = found["wrong"][0]["losses"], found["runs"][0]["moments"]
    assert first[0] == right[0]["loss"]
    assert first[-1] < right[-1]["loss"]
    drawn = (tmp_path / "out" / "loss.svg").read_text(encoding="utf-8")
    assert "<!-- Nesterov, twice (W1) -->" in drawn
    assert main([*SHORT, *mistakes[:2]]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Nesterov, with the mistake 'twice (W1)': the loss goes from" in said


def test_a_wrong_gradient_that_diverges_ends_its_own_curve(
    capsys: Captured, monkeypatch: Patch
) -> None:
    losses = iter([1.0, 0.9, np.nan])
    monkeypatch.setattr(runs, "loss", lambda *_arguments: next(losses))
    found = json_of([*SHORT, "--mistake", "twice", "--optimiser", "steepest"], 0, capsys)
    assert found["wrong"][0]["losses"] == [1.0, 0.9]
    assert found["wrong"][0]["ended"].startswith("at iteration 2 the loss is nan: the step, 0.1")


@pytest.mark.untraced
@pytest.mark.parametrize("step", [0.01, 10.0])
def test_every_mistake_can_be_trained_with(step: float) -> None:
    start, data = penguins(0, hidden=2, dtype="float32", standardise=False)
    few = data._replace(X=data.X[:20], Y=data.Y[:20])
    task = runs.TrainingTask(start, few, step, 8, 0)
    whole = ended = 0
    for title, planted in trainable().items():
        gradient = gradient_with(planted)
        if runs.can_be_made(gradient, start, few):
            curve = MistakenRun("Nesterov", title)
            runs.train_with_mistake(curve, gradient, task, lambda: None)
            assert np.isfinite(curve.losses).all()
            assert (len(curve.losses) == 9) != bool(curve.ended), title
            whole, ended = whole + (not curve.ended), ended + bool(curve.ended)
    assert whole + ended > 100
    assert bool(ended) == (step > 1)


@pytest.mark.untraced
def test_a_mistake_whose_gradient_is_not_finite_is_said(capsys: Captured) -> None:
    arguments = ["--optimiser", "nesterov", "--mistake", "softmax Jacobian forgotten"]
    found = json_of(["train", "--iterations", "20", *arguments], 0, capsys)
    (curve,) = found["wrong"]
    assert " is not finite: the step, 0.01, is too large" in curve["ended"]
    assert main(["train", "--iterations", "20", *arguments]) == 0
    said = " ".join(capsys.readouterr().out.split())
    last, count = curve["losses"][-1], len(curve["losses"]) - 1
    assert f"to {last:.4g} in {count} iterations; {curve['ended']}." in said


def test_a_mistake_that_can_no_longer_be_made_is_said(capsys: Captured, monkeypatch: Patch) -> None:
    right = iter([True] * 5 + [False])

    def gradient(p: Parameters, X: Any, Y: Any) -> Parameters | None:
        return loss_and_gradients(p, X, Y)[1] if next(right) else None

    monkeypatch.setattr(run, "gradient_with", lambda _planted: gradient)
    found = json_of([*SHORT, "--optimiser", "steepest", "--mistake", "twice"], 0, capsys)
    (curve,) = found["wrong"]
    assert (len(curve["losses"]), curve["ended"]) == (4, "then the mistake can no longer be made")


def test_a_mistake_that_never_gets_anywhere_is_said(capsys: Captured, monkeypatch: Patch) -> None:
    def gradient(p: Parameters, X: Any, Y: Any) -> Parameters:
        found = loss_and_gradients(p, X, Y)[1]
        return found._replace(b1=found.b1 * np.nan)

    monkeypatch.setattr(run, "gradient_with", lambda _planted: gradient)
    assert main([*SHORT, "--optimiser", "steepest", "--mistake", "twice"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "with the mistake 'twice': at iteration 0 an entry of the gradient is not finite" in said


def test_a_mistake_that_is_named_twice_is_tried_once(capsys: Captured) -> None:
    one = [*SHORT, "--optimiser", "nesterov"]
    found = json_of([*one, *["--mistake", "twice (W1)"] * 2], 0, capsys)
    assert len(found["wrong"]) == 1


@pytest.mark.parametrize(
    ("distance", "parted", "verdict"),
    [(1.0, False, "match"), (1.1, False, "mismatch"), (1.1, True, "match")],
)
def test_a_distance_above_that_of_twins_is_a_mismatch_until_they_part(
    distance: float, verdict: str, *, parted: bool
) -> None:
    moment = Moment(1, 0.5, 1.0, 1.0, 2.0, distance, by_rounding=1.0, parted=parted)
    assert TrainingRun("Nesterov", [moment]).verdict == verdict


@pytest.mark.untraced
def test_a_gradient_that_is_wrong_is_found_by_both(capsys: Captured, monkeypatch: Patch) -> None:
    def off(p: Parameters, X: Any, Y: Any, **_threads: Any) -> tuple[float, Parameters]:
        value, found = loss_and_gradients(p, X, Y)
        return value, found._replace(b1=found.b1 * (1 + 1e-6))

    monkeypatch.setattr(training, "loss_and_gradients", off)
    monkeypatch.setattr(runs, "loss_and_gradients", off)
    found = json_of(SHORT, 1, capsys)
    assert [run["verdict"] for run in found["runs"]] == ["mismatch", "mismatch"]
    assert "mismatch at 12" in found["runs"][0]["sentence"]
    said = found["runs"][0]["sentence"]
    assert said.startswith("Mismatch: hand and autograd do not agree, from iteration 1 on.")


def test_a_check_alone_that_fails_is_no_agreement(capsys: Captured, monkeypatch: Patch) -> None:
    def off(p: Parameters, X: Any, Y: Any) -> Parameters:
        return loss_and_gradients(p, X, Y)[1]._replace(b1=np.zeros_like(p.b1))

    monkeypatch.setattr(runs, "loss_and_gradients", off)
    found = json_of([*SHORT, "--optimiser", "steepest"], 1, capsys)
    said = found["runs"][0]["sentence"]
    assert said.startswith("Mismatch: hand and autograd do not agree. Gradient checks by")


def test_an_interrupt_keeps_what_was_done(
    tmp_path: Path, capsys: Captured, monkeypatch: Patch
) -> None:
    original = runs.side_by_side

    def side_by_side(*arguments: Any, **options: Any) -> Any:
        for number, found in enumerate(original(*arguments, **options)):
            if number == 5:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(runs, "side_by_side", side_by_side)
    folder = tmp_path / "trained"
    files = ["--output", str(folder), "--json", str(tmp_path / "f.json")]
    assert main([*SHORT, *files, "--mistake", "twice (W1)"]) == 130
    text = capsys.readouterr().out
    assert "steepest descent" in text
    assert "Nesterov" not in text
    assert text.split("\n\n")[0].endswith("\nInterrupted: all that was not done by then is missing")
    assert {file.name for file in folder.iterdir()} == FILES - {"nesterov.json"}
    assert "twice" not in text + (folder / "loss.svg").read_text(encoding="utf-8")
    found = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert (found["iterations"], found["interrupted"]) == (12, True)
    (run,) = found["runs"]
    assert len(run["moments"]) == 5


@pytest.mark.untraced
def test_an_interrupt_while_pictures_are_drawn_leaves_the_models(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    def interrupted(*_arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(figures, "losses", interrupted)
    assert main([*SHORT, "--output", str(tmp_path)]) == 130
    assert {file.name for file in tmp_path.iterdir()} == {"steepest-descent.json", "nesterov.json"}


def moments_with(losses: list[float]) -> list[Moment]:
    return [Moment(i, loss, 1.0, 1.0, 1.0, 0.0, 1.0, False) for i, loss in enumerate(losses)]


def test_a_loss_that_explodes_does_not_hide_the_others() -> None:
    runs = {"Nesterov": moments_with([1.0, 0.5])}
    for highest, ends in ((9.9, None), (1e304, 10.0)):
        wrong = [("Nesterov", "twice", [1.0, highest, 0.1])]
        (panel,) = figures.losses(runs, wrong).axes
        low, high = panel.get_ylim()
        assert 0.04 < low < 0.1
        assert high == ends or (ends is None and high > highest)


def test_lines_tell_optimisers_and_colours_mistakes() -> None:
    both = {name: moments_with([1.0, 0.5]) for name in training.OPTIMISERS}
    wrong = [(name, title, [1.0, 0.9]) for name in both for title in ("twice", "half")]
    for right_runs in (both, {"Nesterov": both["Nesterov"]}):
        (panel,) = figures.losses(right_runs, wrong).axes
        drawn = {str(line.get_label()): line for line in panel.get_lines()}
        right = drawn["Nesterov"]
        for optimiser in both:
            one, two = (drawn[f"{optimiser}, {title}"] for title in ("twice", "half"))
            assert one.get_linestyle() == two.get_linestyle()
            assert one.get_color() != two.get_color()
            assert (one.get_linestyle() == right.get_linestyle()) == (optimiser == "Nesterov")
        assert right.get_color() == "#d55e00"
        assert drawn["Nesterov, twice"].get_color() == drawn["steepest descent, twice"].get_color()


def test_an_interrupt_before_anything_writes_no_folder(tmp_path: Path, monkeypatch: Patch) -> None:
    def interrupted(*_arguments: Any, **_options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "side_by_side", interrupted)
    assert main([*SHORT, "--output", str(tmp_path / "trained")]) == 130
    assert not list(tmp_path.iterdir())


def test_a_step_that_diverges_writes_nothing(tmp_path: Path, capsys: Captured) -> None:
    assert main([*SHORT, "--step", "1e200", "--output", str(tmp_path / "trained")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("crosscheck: steepest descent, at iteration ")
    assert printed.err.endswith("is too large; try 1e+199\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--json", "no/such/folder/x"], "there is no folder no/such/folder"),
        (["--output", "no/such/folder"], "cannot write into 'no/such/folder': it needs to be a"),
        (["--output", __file__], "it needs to be a folder, or a new name in one"),
        (["--output", ""], "cannot write into ''"),
        (["--output", "-"], "cannot write into '-': it needs to be a folder, or a new name"),
        (["--output", "n" * 300], "nnn': File name too long"),
        (["--json", "n" * 300], "nnn: File name too long"),
        (["--output", "./same", "--json", "same"], "--json writes a file of that name"),
        (
            ["--mistake", "not summed over the batch (b0)"],
            "whose shapes are not those of the parameters",
        ),
        (
            ["--hidden", "4", "--mistake", "reshaped, not transposed (W0)"],
            "whose shapes are not those of",
        ),
    ],
)
def test_what_cannot_be_done_is_said_before_the_work(
    options: list[str], message: str, capsys: Captured, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(runs, "side_by_side", None)
    assert main(["train", *options]) == 2
    assert message in capsys.readouterr().err


def test_the_folder_is_no_file_and_no_link_to_nothing(
    tmp_path: Path, capsys: Captured, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(runs, "side_by_side", None)
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--output", "same", "--json", str(tmp_path / "same")]) == 2
    assert "cannot write into 'same': --json writes a file of that name" in capsys.readouterr().err
    Path("link").symlink_to("nothing")
    assert main(["train", "--output", "link"]) == 2
    assert "cannot write into 'link': it needs to be a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--step", "0"], "got '0'; it needs a number greater than 0"),
        (["--step", "nan"], "got 'nan'; it needs a number greater than 0"),
        (["--step", "fast"], "got 'fast'; it needs a number greater than 0"),
        (["--iterations", "0"], "got '0'; it needs an integer from 1 to 1000000"),
        (["--iterations", "9" * 30], "it needs an integer from 1 to 1000000"),
        (["--hidden", "9" * 30], "it needs an integer from 1 to 100000"),
        (
            ["--mistake", "transposed (W1), square"],
            "unknown mistake 'transposed (W1), square'; did you mean 'transposed (W1)'",
        ),
        (["--mistake", "@"], "unknown mistake '@'; crosscheck mistakes lists all"),
    ],
)
def test_bad_options_are_one_line(options: list[str], message: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as stopped:
        _ = main(["train", *options])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_files_that_cannot_be_written_are_said(
    tmp_path: Path, capsys: Captured, monkeypatch: Patch
) -> None:
    one = [*SHORT, "--optimiser", "steepest"]
    assert main([*one, "--json", "/dev/full"]) == 2
    assert "cannot write /dev/full: No space left on device" in capsys.readouterr().err
    assert main([*one, "--json", "/dev/full", "--output", str(tmp_path / "none")]) == 2
    assert not list(tmp_path.iterdir())

    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autograd_ref.commands.train.files.write_bytes", full)
    assert main([*one, "--output", str(tmp_path / "trained")]) == 2
    assert (
        f"cannot write {tmp_path}/trained/steepest-descent.json: No space left"
        in capsys.readouterr().err
    )
