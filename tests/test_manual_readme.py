"""Every Python block of manual_backprop/README.md runs as it stands, and its files exist."""

import re
from pathlib import Path

import pytest

import manual_backprop

FOLDER = Path(manual_backprop.__path__[0])
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_block_runs_as_it_stands(block: str) -> None:
    exec(compile(block, "README.md", "exec"), {})


def test_every_block_is_found_and_a_wrong_one_fails() -> None:
    assert len(BLOCKS) == TEXT.count("```python") == 4
    with pytest.raises(AssertionError):
        test_the_block_runs_as_it_stands(BLOCKS[0].replace("(16, 4)", "(4, 16)"))


def test_every_module_is_in_the_reading_order() -> None:
    table = TEXT.split("## Reading order")[1]
    assert {file.name for file in FOLDER.glob("*.py")} - {"__init__.py"} == {
        *re.findall(r"\((\w+\.py)\)", table)
    }
