"""The page of the commands has them all, with every option; its files lie in tests/examples.

That it shows what the commands print is tested with the other pages, in test_readme.py.
"""

import re
from typing import Any

import pytest

from autograd_ref.commands import main
from autograd_ref.commands.options import Command
from autograd_ref.commands.parser import ALONE, COMMANDS
from tests.pages import PAGES, PROMPT, ROOT, blocks, the_block

NAME = "autograd_ref/commands/README.md"
PAGE = (ROOT / NAME).read_text(encoding="utf-8")
EXAMPLES = {file.name: file.read_text("utf-8") for file in (ROOT / "tests/examples").glob("*.py")}
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", PAGE, flags=re.MULTILINE))


def section_of(command: Command) -> str:
    return SECTIONS[f"crosscheck {command.name}".strip()]


def test_the_page_is_among_those_whose_examples_are_run() -> None:
    assert NAME in PAGES


def test_every_command_has_its_section_in_the_order_of_the_help() -> None:
    assert [*SECTIONS] == [f"crosscheck {c.name}".strip() for c in (ALONE, *COMMANDS)]


@pytest.mark.parametrize("command", [ALONE, *COMMANDS], ids=lambda command: command.name)
def test_every_command_but_the_selftest_is_shown_with_its_output(command: Command) -> None:
    shown = f"{PROMPT} {command.name}".strip() in section_of(command)
    assert shown == (command.name != "selftest"), "it takes an hour: the catalogue's page has it"


def test_the_files_that_are_shown_are_those_of_the_examples() -> None:
    marked = [block for block in blocks(PAGE) if block.mark.startswith("file: ")]
    assert {block.mark.removeprefix("file: "): block.text for block in marked} == EXAMPLES


@pytest.mark.parametrize("command", [ALONE, *COMMANDS], ids=lambda command: command.name)
def test_every_option_is_in_a_table_of_its_section(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        _ = main([command.name, "--help"] if command.name else ["--help"])
    options = capsys.readouterr().out.partition("\noptions:\n")[2].rpartition("\nExit status")[0]
    offered = set(re.findall(r"^  (?:-h, )?(--[a-z]+)", options, flags=re.MULTILINE))
    table = "".join(re.findall(r"^\| `--.*", section_of(command), flags=re.MULTILINE))
    assert offered - {"--help", "--version"} == set(re.findall(r"--[a-z]+", table))


def test_the_example_of_training_trains() -> None:
    names: dict[str, Any] = {}
    exec(the_block(PAGE, "import nesterov").text, names)
    assert names["last"].accuracy > 0.98
    assert names["found"].success
    assert names["found"].fun < 1e-3
