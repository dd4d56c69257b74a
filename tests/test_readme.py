"""What the README shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import manual_backprop
from autograd_ref.assignment.mistakes.planted import PLANTED
from autograd_ref.commands import main
from autograd_ref.selftest import measured

TEXT = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
Captured = pytest.CaptureFixture[str]


FENCED = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [block for found, block in FENCED if found == language]


def the_one(language: str, marker: str) -> str:
    (found,) = [block for block in blocks(language) if marker in block]
    return found


def words(text: str) -> list[str]:
    """Everything but the figures and the layout, which depend on the machine."""
    return re.findall(r"[A-Za-z_]{2,}\d?", re.sub(r"\d+e[+-]\d+|-{2,}", " ", text))


def test_the_transcript_is_what_the_command_prints(capsys: Captured) -> None:
    transcript = the_one("", "Palmer penguins: 342")
    assert main([]) == 0
    command, printed = transcript.split("\n", maxsplit=1)
    assert command == "$ .venv/bin/crosscheck"
    assert words(printed) == words(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("file", "marker"),
    [
        ("vectorised.py", "def gradients(theta, X, Y):\n    S = X.shape[1]"),
        ("network.py", "class Network:"),
        ("loop.py", "from math import exp, log"),
    ],
)
def test_a_students_file_is_checked_as_shown(
    file: str, marker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    _ = (tmp_path / file).write_text(the_one("python", marker), encoding="utf-8")
    command, printed = the_one("", f"crosscheck check {file}").split("\n", maxsplit=1)
    start, *arguments = command.removeprefix("$ ").split()
    assert start == ".venv/bin/crosscheck"
    assert main(arguments) == 1
    assert words(printed) == words(capsys.readouterr().out)


def test_training_prints_what_is_shown(capsys: Captured) -> None:
    command, printed = the_one("", "crosscheck train").split("\n", maxsplit=1)
    assert main(command.removeprefix("$ .venv/bin/crosscheck ").split()) == 0
    assert words(printed) == words(capsys.readouterr().out)


def test_every_option_of_train_is_listed(capsys: Captured) -> None:
    section = TEXT.split("\n## Train\n")[1].split("\n## ")[0]
    common = {"--help", "--version"}
    assert offered(["train"], capsys) - common == set(re.findall(r"--[a-z]+", section))


def test_the_selftest_prints_what_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """But for the figures, and for what is in the list of confusions."""
    monkeypatch.setattr(measured, "PAIRS", 1)
    monkeypatch.setattr(measured, "RIGHT", 1)
    monkeypatch.setattr(measured, "planted_in", lambda _dtype: PLANTED[:1])
    command, printed = the_one("", "crosscheck selftest").split("\n", maxsplit=1)
    assert main(command.removeprefix("$ .venv/bin/crosscheck ").split()[:1]) in (0, 1)
    table, _confused = printed.split("Made, and said", maxsplit=1)
    promised = table.split("\n", maxsplit=3)[3]
    found = capsys.readouterr().out.split("\n", maxsplit=3)[3]
    assert words(promised) == words(found)[: len(words(promised))]


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("report = autograd_ref.check_gradients(", "W0 and b0 are wrong"),
        ("check_backward(SquaredRelu", "bias is wrong"),
    ],
)
def test_the_report_of_an_example_is_the_one_shown(
    code: str, printed: str, capsys: Captured
) -> None:
    exec(the_one("python", code), {})
    assert words(the_one("text", printed)) == words(capsys.readouterr().out)


def test_the_pytest_example_passes_and_can_fail(tmp_path: Path) -> None:
    code = the_one("python", "def test_my_gradient(check_gradients)")
    for test, status in ((code, 0), (code.replace("0.02 *", "0.01 *"), 1)):
        _ = (tmp_path / "test_mine.py").write_text(test, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout
    assert "Mismatch: w is wrong; v agrees." in done.stdout


def test_the_scipy_example_runs() -> None:
    names: dict[str, Any] = {}
    exec(the_one("python", "found = minimize(loss"), names)
    assert names["found"].success


def test_the_example_of_training_runs() -> None:
    names: dict[str, Any] = {}
    exec(the_one("python", "import nesterov"), names)
    assert names["last"].accuracy > 0.98
    assert names["found"].success
    assert names["found"].fun < 1e-3


def test_the_examples_of_the_network_and_of_the_strategies_run() -> None:
    names: dict[str, Any] = {"my_loss_and_gradients": manual_backprop.loss_and_gradients}
    exec(the_one("python", "same = autograd_ref"), names)
    assert names["gradients"].W0.shape == (16, 4)
    assert names["same"][0] == pytest.approx(names["value"])
    exec(the_one("python", "@given(problems())"), names)
    names["test_my_gradient"]()


def test_no_example_is_left_out() -> None:
    assert len(blocks("python")) == 10
    assert len(blocks("text")) == 2
    assert len(blocks("")) == 6


def test_the_two_commands_are_one_line_each() -> None:
    assert [block.count("\n") for block in blocks("sh")] == [1, 1]


def offered(arguments: list[str], capsys: Captured) -> set[str]:
    with pytest.raises(SystemExit):
        _ = main([*arguments, "--help"])
    return set(re.findall(r"--[a-z]+", capsys.readouterr().out))


def test_every_option_is_listed(capsys: Captured) -> None:
    table = "".join(re.findall(r"^\| `--.*", TEXT, re.MULTILINE))
    assert offered([], capsys) == set(re.findall(r"--[a-z]+", table))


def test_every_option_of_check_is_explained(capsys: Captured) -> None:
    section = TEXT.split("## Check a file from the command line")[1].split("\n## ")[0]
    common = {"--help", "--version"}
    assert offered(["check"], capsys) - common == set(re.findall(r"--[a-z]+", section))
