"""Whatever goes wrong in a run, its status says what, and its last line what to do."""

import io
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, NoReturn

import pytest

import autograd_ref.commands.comparison.run as comparison
from autograd_ref.commands import guard, main
from tests.test_check_command import program

Captured = pytest.CaptureFixture[str]

MODEL = """
import asyncio, sys
import numpy as np
import pytest

class Bad(Exception):
    def __str__(self): return 1 / 0

class Table:
    def __array__(self, dtype=None, copy=None): raise LookupError("not loaded")

class Lazy(dict):
    def items(self): raise LookupError("not loaded")

def gradients(p): BODY
def loss(p): return (p ** 2).sum()
def make(): return np.ones(3), ()
def cubed(p): return (p["θ∇"] ** 3).sum()
def named(): return {"θ∇": np.ones(2)}, ()
def twice(p): return {"θ∇": 2 * p["θ∇"]}
"""


@pytest.fixture(autouse=True)
def _forget_their_modules(tmp_path: Path) -> Generator[None]:
    yield
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


def model(
    folder: Path, body: str = "return 2 * p", names: str = "gradients loss make"
) -> list[str]:
    file = folder / "model.py"
    text = MODEL.replace("BODY", body)
    assert file.write_text(text, encoding="utf-8") == len(text)
    function, loss, make = names.split()
    return [f"{file}:{function}", "--loss", f"{file}:{loss}", "--parameters", f"{file}:{make}"]


RAISED = {
    "sys.exit(0)": "RuntimeError",
    "sys.exit(1)": "RuntimeError",
    "raise GeneratorExit": "RuntimeError",
    "raise asyncio.CancelledError": "RuntimeError",
    "pytest.skip('not now')": "RuntimeError",
    "raise BaseExceptionGroup('', [KeyboardInterrupt()])": "RuntimeError",
    "raise Bad": "Bad",
    "return gradients(p)": "RecursionError",
    "np.ones(10**15)": "MemoryError",
    "input('number: ')": "EOFError",
    "return Table()": "LookupError",
    "return Lazy()": "LookupError",
}


@pytest.mark.parametrize("body", RAISED)
def test_whatever_a_user_raises_is_status_2_with_the_line(
    body: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["check", *model(tmp_path, body)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    advice = "raises {} on the parameters and data of seed 0; fix the error above"
    assert captured.err.splitlines()[-1] == f"crosscheck: your code {advice.format(RAISED[body])}"
    assert f'File "{tmp_path / "model.py"}", line ' in captured.err
    assert "autograd_ref" not in captured.err


def test_a_loss_that_raises_is_shown_with_its_line(tmp_path: Path, capsys: Captured) -> None:
    arguments = model(tmp_path, "raise ValueError('mine')", "gradients gradients make")
    assert main(["check", *arguments]) == 2
    error = capsys.readouterr().err
    assert "ValueError: mine\n" in error
    assert "crosscheck: your code raises ValueError on the parameters and data of seed 0" in error


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("raise GeneratorExit", "cannot import FILE (GeneratorExit); fix the error above"),
        (
            "import pytest; pytest.skip('', allow_module_level=True)",
            "cannot import FILE (Skipped); fix the error above",
        ),
        ("def f(): f()\nf()", "cannot import FILE (RecursionError); fix the error above"),
        (
            "n = int(input('number: '))",
            "cannot import FILE (EOFError); it reads standard input, which is empty here; put the"
            " code that reads it under: if __name__ == '__main__'",
        ),
    ],
)
def test_whatever_ends_an_import_is_status_2(
    line: str, advice: str, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "ends.py"
    assert file.write_text(line, encoding="utf-8") == len(line)
    assert main(["check", f"{file}:gradients"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"crosscheck: {advice.replace('FILE', str(file))}"


@pytest.mark.untraced
def test_an_exception_without_a_text_is_said_for_every_convention(
    tmp_path: Path, capsys: Captured
) -> None:
    bad = "class Bad(Exception):\n    def __str__(self): return 1 / 0\n"
    file = tmp_path / "student.py"
    _ = file.write_text(bad + program(wrong="raise Bad"), encoding="utf-8")
    assert main(["check", f"{file}:gradients"]) == 2
    assert ": Bad: (its text raises ZeroDivisionError)\n" in capsys.readouterr().err


def test_a_file_may_change_the_current_folder(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    first, *others = (part.replace(f"{tmp_path}/", "") for part in model(tmp_path))
    _ = (tmp_path / "helper_of_mover.py").write_text(MODEL.replace("BODY", "return 2 * p"))
    text = f"import os\nos.chdir({str(elsewhere)!r})\nfrom helper_of_mover import gradients\n"
    _ = (tmp_path / "mover.py").write_text(text, encoding="utf-8")
    spec = first.replace("model", "mover")
    assert main(["check", spec, *others, "--json", "r.json", "--html", "r.html"]) == 0
    assert {"r.json", "r.html"} < {path.name for path in tmp_path.iterdir()}
    assert list(elsewhere.iterdir()) == []
    assert capsys.readouterr().err == ""


@pytest.mark.untraced
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("page", ["-", "/dev/null"])
def test_a_terminal_without_the_characters_gets_escapes(
    encoding: str, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    assert main(["check", *model(tmp_path, names="twice cubed named"), "--html", page]) == 1
    if page == "-":
        assert "θ∇" in written.getvalue().decode(), "a page says itself that it is UTF-8"
    else:
        assert b"['\\u03b8\\u2207'] is wrong" in written.getvalue()


def test_a_string_in_place_of_standard_output_takes_a_page_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    assert main(["check", *model(tmp_path, names="twice cubed named"), "--html", "-"]) == 1
    assert "θ∇" in written.getvalue()


@pytest.mark.parametrize(("command", "status"), [("check", 2), ("falsify", 1)])
def test_an_escape_sequence_does_not_reach_the_terminal(
    command: str, status: int, tmp_path: Path, capsys: Captured
) -> None:
    odd = "class Odd(Exception):\n    def __repr__(self): return str(self)\n"
    text = program(wrong="if S != 4: raise Odd('\\x1b[2J \\u202ered')")
    file = tmp_path / "student.py"
    _ = file.write_text(odd + text, encoding="utf-8")
    assert main([command, f"{file}:gradients"]) == status
    captured = capsys.readouterr()
    both = captured.err + captured.out
    assert "\\x1b[2J \\u202ered" in both
    assert not {"\x1b", "\u202e"} & {*both}


@pytest.mark.untraced
@pytest.mark.parametrize("arguments", [["--sam\x1b[2J"], ["\x1b[2J"], ["check", "\x1b[2J.py"]])
def test_an_escape_sequence_in_the_command_line_is_escaped(
    arguments: list[str], capsys: Captured
) -> None:
    try:
        status = main(arguments)
    except SystemExit as stopped:
        status = stopped.code
    assert status == 2
    error = capsys.readouterr().err
    assert "\\x1b[2J" in error
    assert "\x1b" not in error


def fails(error: BaseException) -> Any:
    def run(*_arguments: object, **_named: object) -> NoReturn:
        raise error

    return run


def test_an_error_of_our_own_is_status_70_with_what_to_report(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "side_by_side", None)
    monkeypatch.setattr(guard, "PACKAGES", ("numpy", "no_such_thing"))
    assert main(["--samples", "3"]) == 70
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Traceback (most recent call last):\n")
    last = captured.err.splitlines()[-1]
    assert last.startswith("crosscheck: this is an error of crosscheck's own, and says nothing")
    assert ", no no_such_thing, " in last


def test_a_users_error_outside_every_call_is_theirs(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "side_by_side", fails(LookupError("\x1b[2J")))
    assert main(["--samples", "3"]) == 2
    error = capsys.readouterr().err
    assert error.endswith("crosscheck: your code raises LookupError; fix the error above\n")
    assert "LookupError: \\x1b[2J\n" in error


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_without_an_open_standard_error_the_status_is_the_same(closed: str) -> None:
    line = f"{sys.executable} -m autograd_ref check no_such.py:f {closed}"
    assert subprocess.run(["bash", "-c", line], check=False).returncode == 2


def test_an_interrupt_while_we_load_ends_quietly(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "guarded", fails(KeyboardInterrupt()))
    assert main(["--samples", "3"]) == 130
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("stream", "text"), [(Terminal("typed"), "typed"), (io.StringIO("a list"), ""), (None, "")]
)
def test_users_read_from_a_terminal_and_from_nothing_else(
    stream: io.StringIO | None,
    text: str,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or else their code would read the rest of the list that a loop goes through."""
    monkeypatch.setattr(sys, "stdin", stream)
    body = f"sys.stdin.seek(0); assert sys.stdin.read() == {text!r}; return 2 * p"
    assert main(["check", *model(tmp_path, body)]) == 0
    assert sys.stdin is stream
    assert capsys.readouterr().err == ""


def test_an_uninstalled_tree_runs(tmp_path: Path) -> None:
    """Without site-packages there is no metadata; NumPy is found by its path."""
    source = Path(guard.__file__).parents[2]
    for package in ("autograd_ref", "manual_backprop"):
        (tmp_path / package).symlink_to(source / package)
    done = subprocess.run(
        [sys.executable, "-S", "-m", "autograd_ref", "--version"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "crosscheck 0+not.installed\n", "")
