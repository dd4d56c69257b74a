"""The crosscheck command, as a user meets it."""

import importlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_ref
import manual_backprop
from autograd_ref.assignment.finite_difference import ForwardDifference
from autograd_ref.assignment.mistakes.planted import PLANTED
from autograd_ref.assignment.problems import Problem
from autograd_ref.commands import main, options
from autograd_ref.commands.comparison import PENGUINS, run, show, side_by_side
from autograd_ref.commands.mistakes import names, trainable
from autograd_ref.commands.options import Command
from autograd_ref.commands.parser import ALONE, COMMANDS, parsed
from autograd_ref.report.table import display_of
from manual_backprop import NetworkShape, Parameters, initialize

QUANTITIES = ["loss", "y_hat", "e2", "W0", "b0", "W1", "b1"]
Captured = pytest.CaptureFixture[str]


def lines_of(capsys: Captured) -> list[str]:
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out.splitlines()


def test_the_main_job_matches(capsys: Captured) -> None:
    assert main([]) == 0
    lines = lines_of(capsys)
    assert lines[0] == "Palmer penguins: 342 samples, 4 features, seed 0"
    assert lines[2] == "131 parameters from N(0, 0.05), float64"
    firsts = [line.split()[0] for line in lines if line.strip()]
    for name in QUANTITIES:
        assert name in firsts
    assert lines[4].startswith("Match: "), "the verdict comes before the table"
    assert not any(line != line.rstrip() for line in lines)
    assert "\x1b" not in "".join(lines)


def json_of(arguments: list[str], capsys: Captured) -> dict[str, Any]:
    assert main([*arguments, "--json", "-"]) == 0
    return json.loads("\n".join(lines_of(capsys)))


def test_json_has_the_same_content(capsys: Captured) -> None:
    found = json_of([], capsys)
    assert found["network"] == {"inputs": 4, "hidden": 16, "outputs": 3, "parameters": 131}
    assert (found["samples"], found["seed"], found["dtype"]) == (342, 0, "float64")
    assert found["verdict"] == "match"
    assert [row["name"] for row in found["quantities"]] == QUANTITIES
    assert main([]) == 0
    text = "\n".join(lines_of(capsys))
    for row in found["quantities"]:
        assert row["verdict"] == "match"
        by_hand, by_autograd = (f"{row[side]:.17g}" for side in ("hand", "reference"))
        assert re.search(rf"{re.escape(by_hand)}.*\n.*{re.escape(by_autograd)}", text)
        assert row["share"] <= 1
        assert f"{row['max_abs_error']:.1e}" in text
        if row["approx_fprime"] is not None:
            assert row["approx_fprime"]["verdict"] == "match"
            assert f"{row['approx_fprime']['max_abs_error']:.1e}" in text
            assert f"({row['approx_fprime']['tolerance']:.1e})" in text
            assert row["approx_fprime"]["tolerance"] < 1e-5
            assert "share" not in row["approx_fprime"], "its allowance is not rounding alone"
    assert sum(row["approx_fprime"] is not None for row in found["quantities"]) == 4
    assert found["sentence"].split() == text.split("\n\n")[1].split()
    assert found["schema"] == 1


def test_options_reach_the_problem(capsys: Captured) -> None:
    options = ["--hidden", "5", "--seed", "3", "--dtype", "float32", "--samples", "7"]
    found = json_of(options, capsys)
    assert found["network"]["parameters"] == 8 * 5 + 3
    assert (found["samples"], found["seed"], found["dtype"]) == (7, 3, "float32")
    shapes = {row["name"]: row["shape"] for row in found["quantities"]}
    assert shapes["e2"] == [7, 3]
    assert shapes["W0"] == [5, 4]
    dtypes = {row["dtype"] for row in found["quantities"] if row["name"] != "loss"}
    assert dtypes == {"float32"}


def test_the_seed_draws_the_parameters_and_the_samples(capsys: Captured) -> None:
    found = json_of(["--hidden", "5", "--seed", "3", "--samples", "7"], capsys)
    X, Y, _names = manual_backprop.load_penguins()
    rows = np.sort(np.random.default_rng(3).permutation(342)[:7])
    parameters = initialize(NetworkShape(4, 5, 3), seed=3)
    assert found["quantities"][0]["hand"] == manual_backprop.loss(parameters, X[rows], Y[rows])


def test_one_sample_and_float32_are_explained(capsys: Captured) -> None:
    assert main(["--samples", "1", "--dtype", "float32"]) == 0
    text = " ".join(" ".join(lines_of(capsys)).split())
    assert "With one sample, a gradient without its 1/S would look the same." in text
    assert "work in float64 on the same float32 values" in text


def test_json_goes_to_a_file_beside_the_table(capsys: Captured, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert file.write_text("old", encoding="utf-8") == 3
    assert main(["--samples", "5", "--json", str(file)]) == 0
    assert any(line.startswith("Match: ") for line in lines_of(capsys))
    assert json.loads(file.read_text(encoding="utf-8"))["verdict"] == "match"
    assert list(tmp_path.iterdir()) == [file]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def small_problem(outputs: int = 3) -> Problem:
    X = np.random.default_rng(0).normal(size=(4, 2))
    parameters = initialize(NetworkShape(2, 3, outputs), seed=0)
    return Problem(parameters, X, np.arange(4) % outputs)


def setup_of(problem: Problem) -> show.Setup:
    return show.Setup(problem.parameters.shape, len(problem.X), 0, "float64")


@pytest.mark.parametrize("columns", ["80", "40"])
def test_a_terminal_gets_a_table_in_colour(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.delenv("NO_COLOR", raising=False)
    problem = small_problem()
    result = side_by_side.side_by_side(*problem)
    text = show.as_text(setup_of(problem), result, display_of(Terminal()))
    assert "\x1b[32mMatch: " in text
    assert "─" in text
    value = manual_backprop.loss_and_gradients(*problem)[0]
    assert f"{value:.17g}" in text, "a value is broken into two lines"


Wrong = Callable[[Parameters], Parameters]


def plant(monkeypatch: pytest.MonkeyPatch, wrong: Wrong) -> None:
    right = manual_backprop.loss_and_gradients

    def loss_and_gradients(*arguments: Any) -> tuple[float, Parameters]:
        value, gradients = right(*arguments)
        return value, wrong(gradients)

    monkeypatch.setattr(manual_backprop, "loss_and_gradients", loss_and_gradients)


def test_a_wrong_gradient_is_a_mismatch(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, lambda gradients: gradients._replace(W0=gradients.W0 * (1 + 1e-10)))
    assert main([]) == 1
    text = " ".join(" ".join(lines_of(capsys)).split())
    assert "Mismatch: W0 differs by" in text


def test_a_gradient_of_the_wrong_shape_is_a_mismatch(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, lambda gradients: gradients._replace(b1=gradients.b1[:, np.newaxis]))
    assert main(["--samples", "9"]) == 1
    text = " ".join(" ".join(lines_of(capsys)).split())
    assert "Mismatch: b1 has shape (3, 1); it needs (3,)." in text
    assert main(["--samples", "9", "--json", "-"]) == 1
    assert json.loads("\n".join(lines_of(capsys)))["quantities"][-1]["share"] is None


def test_a_contradicting_independent_check_is_a_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    right = side_by_side.forward_difference

    def contradicting(*arguments: Any) -> ForwardDifference:
        found = right(*arguments)
        wrong = found.gradients._replace(W1=found.gradients.W1 + 1e-3)
        return found._replace(gradients=wrong)

    monkeypatch.setattr(side_by_side, "forward_difference", contradicting)
    result = side_by_side.side_by_side(*small_problem())
    assert result.verdict == "mismatch"
    assert show.sentence(result).startswith(
        "Mismatch: hand and autograd agree, but approx_fprime contradicts both: W1 differs by"
    )


def test_a_independent_check_that_is_not_finite_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    right = side_by_side.forward_difference

    def broken(*arguments: Any) -> ForwardDifference:
        found = right(*arguments)
        return found._replace(gradients=found.gradients._replace(b1=np.full(3, np.nan)))

    monkeypatch.setattr(side_by_side, "forward_difference", broken)
    problem = small_problem()
    text = show.as_text(setup_of(problem), side_by_side.side_by_side(*problem))
    assert "the reference is nan at [0]" in text


def test_one_output_is_inconclusive() -> None:
    result = side_by_side.side_by_side(*small_problem(outputs=1))
    assert result.verdict == "inconclusive"
    assert options.EXIT_STATUS[result.verdict] == 3
    assert show.sentence(result).startswith("Inconclusive: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hidden", "0"], "argument --hidden: got '0'; it needs an integer from 1 to 100000"),
        (["--hidden", "many"], "argument --hidden: got 'many'; it needs an integer from 1 to"),
        (
            ["--hidden", "9" * 20],
            f"argument --hidden: got '{'9' * 20}'; it needs an integer from 1",
        ),
        (["--hid", "5"], "unrecognized arguments: --hid 5"),
        (["--seed", "-1"], "argument --seed: got '-1'; it needs an integer at least 0"),
        (["--samples", "343"], "argument --samples: got '343'; it needs an integer from 1 to 342"),
        (["--samples", "0"], "argument --samples: got '0'; it needs an integer from 1 to 342"),
        (["--dtype", "float16"], "argument --dtype: invalid choice: 'float16'"),
        (["--no-such"], "unrecognized arguments: --no-such"),
        (["--json"], "argument --json: expected one argument"),
    ],
)
def test_bad_options_are_one_line_and_status_2(
    arguments: list[str], message: str, capsys: Captured
) -> None:
    with pytest.raises(SystemExit) as stopped:
        _ = main(arguments)
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"crosscheck: {message}")
    assert captured.err.count("\n") == 1


def test_a_folder_that_is_not_there_is_noticed_before_the_work(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(run, "side_by_side")
    assert main(["--json", "no/such/folder/x.json"]) == 2
    message = "crosscheck: cannot write no/such/folder/x.json: there is no folder no/such/folder\n"
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("name", [".", ""])
def test_what_is_no_files_name_is_noticed_before_the_work(
    name: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(run, "side_by_side")
    assert main(["--json", name]) == 2
    message = f"crosscheck: cannot write {name!r}: it needs to be the name of a file\n"
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("command", [["--samples", "2"], ["falsify", "HAND", "--examples", "1"]])
def test_a_file_that_cannot_be_written_is_one_line_and_status_2(
    command: list[str], capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [part.replace("HAND", "manual_backprop:loss_and_gradients") for part in command]
    assert main([*given, "--json", "/dev/full"]) == 2
    message = "crosscheck: cannot write /dev/full: No space left on device\n"
    assert capsys.readouterr().err == message
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_is_one_line_and_status_2(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_arguments: Any, **_options: Any) -> Parameters:
        raise MemoryError

    monkeypatch.setattr(run, "initialize", too_large)
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "crosscheck: this machine's memory is too small for that; try a smaller size\n"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("penguins", "unknown command 'penguins'; the commands are check, falsify, grade, "),
        ("chek", "unknown command 'chek'; did you mean check?"),
        ("selftests", "unknown command 'selftests'; did you mean selftest?"),
    ],
)
def test_an_unknown_command_is_one_line_and_status_2(
    given: str, message: str, capsys: Captured
) -> None:
    with pytest.raises(SystemExit) as stopped:
        _ = main([given])
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"crosscheck: {message}")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_the_help_shows_every_command_with_an_example(capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        _ = main(["--help"])
    text = capsys.readouterr().out
    for command in (ALONE, *COMMANDS):
        assert f"{command.name or '(none)':<10}{command.summary}\n" in text
        assert f" {command.example}\n" in text
        assert len(f"  {command.name:<10}{command.summary}") <= 80


@pytest.mark.parametrize("command", [ALONE, *COMMANDS], ids=lambda command: command.name)
def test_every_example_can_be_parsed(command: Command) -> None:
    chosen = parsed(command.example.split()[1:])
    assert chosen.run is command.run
    assert chosen.json is None or command.name == "mistakes"


LIGHT = [
    (["--help"], 0),
    (["--version"], 0),
    (["chek"], 2),
    (["check", "--help"], 0),
    (["check", "nofile.py:f"], 2),
    (["check", "nofile.py"], 2),
    (["falsify", "nofile.py:f"], 2),
    (["train", "--help"], 0),
    (["train", "--mistake", "twise"], 2),
    (["selftest", "--help"], 0),
    (["mistakes", "--help"], 0),
    (["mistakes"], 0),
]
LOADED = """
import sys
from autograd_ref.commands import main
try:
    status = main(sys.argv[1:])
except SystemExit as stopped:
    status = stopped.code
print(status, *{name.partition(".")[0] for name in sys.modules})
"""


@pytest.mark.untraced
@pytest.mark.parametrize(("arguments", "status"), LIGHT, ids=str)
def test_these_load_no_torch(arguments: list[str], status: int) -> None:
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found, *loaded = done.stdout.splitlines()[-1].split()
    assert found == str(status)
    assert not {"torch", "scipy", "hypothesis", "rich", "matplotlib"} & {*loaded}


def test_the_test_above_can_fail() -> None:
    command = [sys.executable, "-c", LOADED, "--samples", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert {"torch", "rich"} <= {*done.stdout.splitlines()[-1].split()}


def test_all_penguins_are_the_default() -> None:
    assert len(manual_backprop.load_penguins().X) == PENGUINS


def test_the_version_is_that_of_the_distribution(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit):
        _ = main(["check", "--version"])
    assert capsys.readouterr().out == f"crosscheck {autograd_ref.__version__}\n"
    assert autograd_ref.__version__ == metadata.version("backprop-crosscheck")

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert autograd_ref.__version__ == "0+not.installed"


def test_the_catalogue_is_listed_with_every_title(capsys: Captured, tmp_path: Path) -> None:
    assert main(["mistakes", "--json", str(tmp_path / "m.json")]) == 0
    text = " ".join(" ".join(lines_of(capsys)).split())
    found = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["mistakes"]
    assert [one["title"] for one in found] == [planted.title for planted in PLANTED]
    assert text.startswith(f"{len(PLANTED)} mistakes, {len(trainable())} of which crosscheck")
    for one in found:
        assert one["title"] in text
        assert f"{one['what']}. Fix: {one['fix']}." in text
        assert "{" not in one["what"]
        assert one["train"] == (one["title"] in trainable())
    assert text.count("Not for crosscheck train; it needs ") >= 4
    assert {*names()} <= {*(" ".join(text.split(": ")[-1][:-1].split()).split("; "))} | {
        one["name"] for one in found
    }


@pytest.mark.parametrize(("option", "word"), [("--version", "crosscheck "), ("--help", "usage: ")])
def test_version_and_help(option: str, word: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as stopped:
        _ = main([option])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith(word)


def test_python_dash_m_is_the_same_command() -> None:
    """In a process of its own: pytest loads the package of a plugin in a way of its own."""
    command = [sys.executable, "-m", "autograd_ref", "--samples", "3", "--json", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["samples"] == 3
    assert importlib.import_module("autograd_ref.__main__").main is main


def test_an_interrupt_ends_quietly(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run", interrupted)
    assert main([]) == 130
    assert capsys.readouterr() == ("", "")


COMMAND = [sys.executable, "-m", "autograd_ref"]


LONG_RUN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent may have had it ignored
import torch
from autograd_ref.commands import main
print("ready", flush=True)
sys.exit(main(["--hidden", "20000"]))
"""


def test_ctrl_c_in_a_long_run_ends_quietly() -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", LONG_RUN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        time.sleep(1.0)
        assert running.poll() is None, "the run was to be a long one"
        running.send_signal(signal.SIGINT)
        output, errors = running.communicate(timeout=60)
    finally:
        running.kill()
    assert (output, errors, running.returncode) == ("", "", 130)


@pytest.mark.parametrize("arguments", [[], ["--json", "-"]])
def test_a_closed_pipe_ends_quietly(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "--samples", "5", *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("arguments", [[], ["--json", "-"]])
def test_a_closed_pipe_is_noticed_in_process(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, in this process, where coverage can see it."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["--samples", "5", *arguments]) == 141


@pytest.mark.parametrize("arguments", [[], ["--json", "-"]])
def test_output_that_cannot_be_written_is_one_line_and_status_2(
    arguments: list[str], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8", buffering=1) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["--samples", "5", *arguments]) == 2
    expected = "crosscheck: cannot write standard output: No space left on device\n"
    assert capsys.readouterr().err == expected


def test_a_closed_output_is_one_line_and_status_2(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["--samples", "5"]) == 2
    monkeypatch.undo()
    assert capsys.readouterr().err == "crosscheck: standard output is closed\n"
