"""Pages as data: their fenced blocks, and what those print when they are run as they stand.

A comment on the line before a fence says what is special about its block:

    <!-- continues -->    it uses the names of the block before
    <!-- file: NAME -->   it is written to a file of that name, for the commands that follow
    <!-- pytest -->       it is a test file that passes
    <!-- long -->         it takes too long: a test of its own runs it at a smaller size
    <!-- ci: STEP -->     `.ci/run` executes it
"""

import io
import linecache
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from autograd_ref.commands import main

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "autograd_ref/README.md",
    "autograd_ref/commands/README.md",
    "autograd_ref/commands/STUDENTS.md",
    "autograd_ref/commands/TEACHERS.md",
    "autograd_ref/assignment/mistakes/README.md",
    "autograd_ref/recording/README.md",
    "autograd_ref/networks/README.md",
    "autograd_ref/distributed/README.md",
    "autograd_ref/recording/EXAMPLES.md",
    "manual_backprop/README.md",
    "tests/README.md",
)
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>.*) -->\n)?^```(?P<language>.*)\n(?P<text>(?:.*\n)*?)^```$", re.MULTILINE
)
PROMPT = "$ .venv/bin/crosscheck"
QUICK = """
from hypothesis import HealthCheck, Phase, settings

quick = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", quick)
settings.load_profile("quick")
"""
"""The conftest.py of the test files that pages show: a slow machine is no failure, and the first
example that fails is enough."""
LEFT_OUT = re.compile(r"^\.\.\.\n", re.MULTILINE)
"""Stands for any number of paragraphs of an output."""


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    mark: str
    text: str
    place: slice
    """Where the text stands in the page."""


class Output(NamedTuple):
    """A block that shows an output, and the text that was printed in fact."""

    block: Block
    printed: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(m["language"], m["mark"] or "", m["text"], slice(*m.span("text")))
        for m in FENCE.finditer(page)
    ]


def the_block(page: str, contents: str) -> Block:
    """The only block with these contents."""
    (found,) = [block for block in blocks(page) if contents in block.text]
    return found


def outputs(page: str, folder: Path) -> Iterator[Output]:
    """Run the blocks of a page in this folder, all but the long ones; what those with output print.

    A `text` block shows what the `python` block before it prints, a `console` block begins with its
    command.
    """
    names: dict[str, Any] = {}
    printed = ""
    for block in blocks(page):
        name = block.mark.partition(": ")[0]
        if name == "long":
            continue
        if name == "file":
            _write(block, folder)
        elif name == "pytest":
            run_tests(block.text, folder)
        elif block.language == "python":
            names = names if name == "continues" else {}
            printed = _printed_by_code(block.text, names, folder)
        elif block.language == "text":
            yield Output(block, printed)
        elif block.language == "console":
            command, _, shown = block.text.partition("\n")
            place = slice(block.place.stop - len(shown), block.place.stop)
            output = block._replace(text=shown, place=place)
            yield Output(output, printed_by(command, folder))


def write_files(page: str, folder: Path) -> None:
    """Write the files of a page into this folder."""
    for block in blocks(page):
        _write(block, folder)


def _write(block: Block, folder: Path) -> None:
    name, _, value = block.mark.partition(": ")
    if name == "file":
        (folder / value).parent.mkdir(parents=True, exist_ok=True)
        _ = (folder / value).write_text(block.text, encoding="utf-8")


def printed_by(command: str, folder: Path, onto: io.StringIO | None = None) -> str:
    """The output of a crosscheck command, given with its prompt; whatever its exit status.

    Args:
        command: with its prompt.
        folder: that in which it runs.
        onto: a stream that stands for standard output, if it is not to be a file.
    """
    if not command.startswith(PROMPT):
        raise ValueError(f"the command is {command!r}; it needs to begin with {PROMPT}")
    with redirect_stdout(onto or io.StringIO()) as output, chdir(folder):
        _ = main(command.removeprefix(PROMPT).split())
    return output.getvalue()


def run_tests(code: str, folder: Path) -> None:
    """Run a test file in a fresh interpreter.

    Raises:
        AssertionError: a test fails; the text is pytest's output.
    """
    _ = (folder / "conftest.py").write_text(QUICK, encoding="utf-8")
    _ = (folder / "test_mine.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--assert=plain"]
    command += ["test_mine.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)


def as_shown(output: Output) -> str:
    """The printed text; where the block leaves something out, only the paragraphs that it shows.

    The paragraph meant is the first that begins with the same word.
    """
    shown, printed = output.block.text, output.printed
    if not LEFT_OUT.search(shown):
        return printed
    by_first_word = {p.split()[0]: p for p in reversed(_paragraphs(printed))}
    for paragraph in _paragraphs(LEFT_OUT.sub("\n", shown)):
        shown = shown.replace(paragraph, by_first_word.get(paragraph.split()[0], ""))
    return shown


def words(text: str) -> list[str]:
    """Everything but the figures and the layout, which depend on the machine."""
    return re.findall(r"[A-Za-z_]{2,}\d?", re.sub(r"\d+e[+-]\d+|-{2,}", " ", text))


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip("\n") for paragraph in text.split("\n\n") if paragraph.strip()]


def _printed_by_code(code: str, names: dict[str, Any], folder: Path) -> str:
    file = f"<block {hash(code)}>"
    # as of a file, so that reports can quote it
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    with redirect_stdout(io.StringIO()) as output, chdir(folder):
        exec(compile(code, file, "exec"), names)
    return output.getvalue()
