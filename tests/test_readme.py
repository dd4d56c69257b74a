"""What the README shows is what happens."""

import re
from pathlib import Path
from typing import Any

import pytest

import manual_backprop
from autograd_ref.commands import main

TEXT = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def words(text: str) -> list[str]:
    """Everything but the figures and the layout, which depend on the machine."""
    return re.findall(r"[A-Za-z_]{2,}\d?", re.sub(r"\d+e[+-]\d+|-{2,}", " ", text))


def test_the_transcript_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    (transcript,) = [block for block in blocks("") if "crosscheck" in block]
    assert main([]) == 0
    command, printed = transcript.split("\n", maxsplit=1)
    assert command == "$ .venv/bin/crosscheck"
    assert words(printed) == words(capsys.readouterr().out)


def test_the_python_examples_run() -> None:
    first, second = blocks("python")
    names: dict[str, Any] = {"my_loss_and_gradients": manual_backprop.loss_and_gradients}
    exec(first, names)
    assert names["gradients"].W0.shape == (16, 4)
    assert names["same"][0] == pytest.approx(names["value"])
    exec(second, names)
    names["test_my_gradient"]()


def test_the_two_commands_are_one_line_each() -> None:
    assert [block.count("\n") for block in blocks("sh")] == [1, 1]


def test_every_option_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _ = main(["--help"])
    offered = set(re.findall(r"--[a-z]+", capsys.readouterr().out))
    listed = set(re.findall(r"--[a-z]+", "".join(re.findall(r"^\| `--.*", TEXT, re.MULTILINE))))
    assert offered == listed
