"""Notebooks: code cells run up to the definition, magics left out, lines right, gaps said."""

import io
import json
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import autograd_ref
from autograd_ref.commands import main
from autograd_ref.commands.functions.failures.said import missing_need, notes_on, refusal
from autograd_ref.commands.functions.files.magics import without_magics
from autograd_ref.commands.functions.files.namespace import load_namespace
from autograd_ref.commands.functions.world import their_traceback
from tests.files_of_theirs import notebook, placed, refused, taken
from tests.test_check_command import program

NAME = "hand_in.ipynb"


@pytest.fixture(autouse=True)
def _forget_their_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


def returned(folder: Path, *cells: str, cells_chosen: str | None = None, name: str = "f") -> Any:
    placed(folder, {NAME: notebook(*cells)})
    found = taken(folder, f"{NAME}:{name}", cells_chosen)
    return found.function(), [note.replace(f"{folder}/", "") for note in found.notes]


def test_cells_run_up_to_the_one_that_defines_the_name(tmp_path: Path) -> None:
    cells = ("n = 1", "def f(): return n\nn += 1", "n = 10", "while True: pass")
    assert returned(tmp_path, *cells) == (2, [])


@pytest.mark.parametrize("version", [3, 4])
def test_both_formats_are_read(version: int, tmp_path: Path) -> None:
    placed(tmp_path, {NAME: notebook("x = 2", "def f(): return x", version=version)})
    assert taken(tmp_path, f"{NAME}:f").function() == 2


def test_a_later_cell_with_a_helper_is_run_too(tmp_path: Path) -> None:
    cells = (
        "def f(): return g()",
        "n = 1",
        "def g(): return h() + n",
        "def h(): return 1",
        "1 / 0",
    )
    assert returned(tmp_path, *cells) == (2, [])


def test_the_last_definition_counts_unless_cells_are_chosen(tmp_path: Path) -> None:
    cells = (
        "def f(): raise NotImplementedError",
        "def f(): return 1",
        "x = 1",
        "def f(): return 2",
    )
    note = (
        "hand_in.ipynb defines f in cell 1, line 1, cell 2, line 1 and cell 4, line 1; the last"
        " one counts; --cells chooses another."
    )
    assert returned(tmp_path, *cells) == (2, [note])
    assert returned(tmp_path, *cells, cells_chosen="2-3") == (1, [])
    assert returned(tmp_path, *cells, cells_chosen="4,2,1-2")[0] == 2
    assert returned(tmp_path, *cells)[0] == 2


def test_a_cell_that_fails_does_not_hide_a_later_definition(tmp_path: Path) -> None:
    cells = (
        "import numpy as np",
        "X = np.load('mnist.npy')\nX = X / 255",
        "print(X.shape)\nn = 2",
        "def f(): return n",
    )
    note = (
        "Cell 2, line 1 of hand_in.ipynb could not be run (FileNotFoundError: [Errno 2] No such"
        " file or directory: 'mnist.npy'); f does not need it."
    )
    assert returned(tmp_path, *cells) == (2, [note])


def test_what_needs_a_cell_that_fails_is_refused(tmp_path: Path) -> None:
    placed(tmp_path, {NAME: notebook("X = open('mnist.npy')", "n = len(X)", "def f(): return n")})
    error = refused(tmp_path, f"{NAME}:f")
    assert str(error) == (
        "f needs X, and cell 1, line 1 of hand_in.ipynb cannot make it (FileNotFoundError); it"
        f" needs mnist.npy: put it into the folder that you are in ({tmp_path}), or go to the one"
        " that has it, or give X a value without it"
    )
    assert f'  File "{tmp_path}/hand_in.ipynb, cell 1", line 1, in <module>\n' in error.trace
    assert "    X = open('mnist.npy')\n" in error.trace


def test_a_cell_that_is_no_python_is_said(tmp_path: Path) -> None:
    old = "n = 1\nprint n"
    assert returned(tmp_path, old, "def f(): return 2")[1] == [
        "Cell 1, line 2 of hand_in.ipynb could not be run (SyntaxError: Missing parentheses in"
        " call to 'print'. Did you mean print(...)? (hand_in.ipynb, cell 1, line 2)); f does not"
        " need it."
    ]
    placed(tmp_path, {"other.ipynb": notebook(old, "def f(): return n")})
    error = refused(tmp_path, "other.ipynb:f")
    assert str(error).startswith("f needs n, and cell 1, line 2 of other.ipynb cannot make it")
    assert "is written for Python 2 (line 2: a print statement)" in str(error)
    placed(tmp_path, {"third.ipynb": notebook("def f(:\n    pass")})
    assert str(refused(tmp_path, "third.ipynb:f")) == (
        "cannot run cell 1, line 1 of third.ipynb (SyntaxError); fix the error above"
    )


MAGICS = """%matplotlib inline
%load_ext autoreload
%autoreload 2
!pip install \\
    numpy \\
    scipy
files = !ls
n = 10 % 4
text = '''
%matplotlib inline
!ls
'''
rest = (n
  %3)
f?
?f
f??
%time m = n + rest
if True:
    %timeit n
    !ls
display(n, text)
def f():
    return m / 0 if files else n
files = 0
"""


def test_magics_are_left_out_and_no_line_moves(tmp_path: Path) -> None:
    cells = ("%%bash\nrm -rf /", "%%time\nk = 1", "%%writefile net.py\nthis is = none", MAGICS)
    value, notes = returned(tmp_path, *cells)
    assert (value, notes) == (2, [])
    found = taken(tmp_path, f"{NAME}:f")
    vars(sys.modules["hand_in"])["files"] = 1
    with pytest.raises(ZeroDivisionError) as caught:
        found.function()
    trace = their_traceback(caught.value)
    line = MAGICS.split("\n").index("    return m / 0 if files else n") + 1
    assert f'File "{tmp_path}/hand_in.ipynb, cell 4", line {line}, in f\n    return m / 0' in trace


def test_what_is_no_magic_stays() -> None:
    for source in ("print('%s'\n  % 2)", "x = '''\n%time\n'''", "x = 1 ?", "x = \0", "x = ("):
        assert without_magics(source).split("\n")[0] == source.split("\n")[0] or "?" in source


def test_what_stands_below_a_definition_in_its_cell_may_take_for_ever(tmp_path: Path) -> None:
    assert returned(tmp_path, "def f(): return n\nn = 2\nwhile True: f()")[0] == 2


def test_a_search_says_what_could_not_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    placed(tmp_path, {NAME: notebook("1 / 0", program())})
    assert main(["falsify", NAME, "--examples", "3"]) == 0
    said = f"Cell 1, line 1 of {NAME} could not be run (ZeroDivisionError: division by zero)"
    assert capsys.readouterr().err == f"crosscheck: {said}; gradients does not need it.\n"


def test_three_names_of_a_notebook_are_those_of_one_module(tmp_path: Path) -> None:
    cells = ("runs = []", "runs.append(1)\ndef f(): return runs", "def g(): return runs", "x = 1")
    placed(tmp_path, {NAME: notebook(*cells)})
    first, second = (taken(tmp_path, f"{NAME}:{name}").function for name in "fg")
    assert first() is second()
    assert first() == [1]


BROKEN = {
    "": "it is empty; save it in Jupyter before it is checked",
    "{": "it is no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char"
    " 1)); open it in Jupyter and save it again",
    "<!DOCTYPE html>": "it is a web page, not a notebook; download the raw file",
    '{"cells": [\n<<<<<<< HEAD\n': "it holds the marks of a merge conflict (<<<<<<<); resolve it",
    "[]": "it is JSON, but no notebook: a list of cells is missing; open it in Jupyter and save",
    '{"nbformat": 4}': "it is JSON, but no notebook: a list of cells is missing",
    '{"nbformat": 2, "worksheets": []}': "it is a notebook of format 2, and 3 and 4 are read",
    '{"nbformat": 4, "cells": []}': "it has no code cells; save it in Jupyter before it is",
    '{"cells": [{"cell_type": "code", "source": 3}]}': "it is JSON, but no notebook",
    '{"cells": [{"cell_type": "code"}]}': "it is JSON, but no notebook",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_notebook_gets_a_sentence(text: str, tmp_path: Path) -> None:
    placed(tmp_path, {NAME: text})
    assert str(refused(tmp_path, f"{NAME}:f")).startswith(f"cannot read {NAME}; {BROKEN[text]}")


def test_a_cell_that_is_not_there_is_said(tmp_path: Path) -> None:
    placed(tmp_path, {NAME: notebook("def f(): pass", "x = 1")})
    assert str(refused(tmp_path, f"{NAME}:f", "1,3-5")) == (
        f"cannot read {NAME}; --cells 1,3-5: it has code cells 1 to 2, and no 3; empty ones do not"
        " count"
    )
    assert str(refused(tmp_path, f"{NAME}:f", "2")) == f"{NAME} has no f; check the name"


@pytest.mark.parametrize("cells", ["", "0", "a", "1,,2", "3-1", "1-", "-2", "1-1000000000"])
def test_a_choice_of_cells_is_numbers(cells: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        _ = main(["check", NAME, "--cells", cells])
    assert stopped.value.code == 2
    assert "needs numbers from 1 and ranges of them, such as 1,3-5" in capsys.readouterr().err


def test_the_namespace_of_a_file_is_all_that_could_be_run(tmp_path: Path) -> None:
    cells = (
        "import numpy as np\nfrom json import loads\n%matplotlib inline",
        "raw = open('no.csv').read()\nn = len(raw)",
        "W1 = np.zeros(3)\nclass Net:\n    def backward(self): return raw",
        "def gradients(W): return W\nnet = Net()\n_hidden = 1\nW1 = W1 + 1",
        "for i in range(2): pass\ntry:\n    import json\nexcept ImportError:\n    json = None",
    )
    placed(tmp_path, {NAME: notebook(*cells)})
    namespace = load_namespace(NAME, tmp_path)
    assert namespace.names == ("W1", "Net", "gradients", "net", "_hidden", "i")
    assert vars(namespace.module)["W1"].sum() == 3
    assert [(one.where, one.kind) for one in namespace.failures] == [
        ("cell 2, line 1", "FileNotFoundError")
    ]
    assert missing_need(namespace, "gradients") is None
    assert refusal(namespace, "gradients") is None
    need = missing_need(namespace, "net.backward")
    assert need is not None
    assert need[0] == "raw"
    assert len(notes_on(namespace, "gradients")) == 1
    whole = refusal(namespace)
    assert whole is not None
    assert str(whole).startswith("cannot run cell 2, line 1 of hand_in.ipynb (FileNotFoundError)")
    assert str(whole).endswith(", or leave its cell out with --cells")


def test_the_only_gradient_of_a_notebook_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = ("%matplotlib inline\nopen('no.csv')", program(), "display(gradients)")
    placed(tmp_path, {NAME: notebook(*cells)})
    assert main(["check", NAME, "--problems", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    words = " ".join(captured.out.split())
    assert words.startswith("hand_in.ipynb:gradients, the only function there that takes")
    assert "Cell 1, line 2 of hand_in.ipynb could not be run (FileNotFoundError: " in words
    assert main(["check", f"{NAME}:gradients", "--cells", "2", "--problems", "1"]) == 0
    assert "could not be run" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        _ = main(["check", NAME, "--json", NAME])
    assert f"--json would replace {NAME}" in capsys.readouterr().err


MANY = {
    "class Net:\n    def forward(self): pass\n    def backward(self): pass\n": (
        "has no function that takes (parameters, X, Y); a method is named by an object: make one"
        " in the file (network = Net(...)) and name hand_in.ipynb:network.backward"
    ),
    "class Net: pass\ndef one(x): pass\n": (
        "has no function that takes (parameters, X, Y), but one; a method is named by an object:"
        " make one in the file (network = Net(...)) and name hand_in.ipynb:network.method"
    ),
    "def one(a, b, c): pass\ndef two(a, b, c): pass\n": "has: one, two",
    "x = 1": (
        "has no function that takes (parameters, X, Y); a method is named PATH.py:object.method"
    ),
}


@pytest.mark.parametrize("cell", MANY)
def test_a_notebook_with_no_function_that_can_be_meant_lists_what_it_has(
    cell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    placed(tmp_path, {NAME: notebook(cell)})
    assert main(["check", NAME]) == 2
    said = capsys.readouterr().err
    assert said == f"crosscheck: expected PATH.ipynb:function; {NAME} {MANY[cell]}\n"


def test_a_notebook_that_fails_before_any_function_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    placed(tmp_path, {NAME: notebook("1 / 0")})
    assert main(["check", NAME]) == 2
    said = (
        f"crosscheck: cannot run cell 1, line 1 of {NAME} (ZeroDivisionError); fix the error above"
    )
    assert capsys.readouterr().err.splitlines()[-1] == said


def test_input_does_not_block_even_where_somebody_could_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("typed\n"))
    placed(tmp_path, {NAME: notebook("rate = input()", "def f(): return 2")})
    assert "EOFError" in taken(tmp_path, f"{NAME}:f").notes[0]


@pytest.mark.untraced
def test_in_a_notebook_a_report_shows_its_html() -> None:
    """Jupyter asks the value of the last expression for _repr_html_."""
    report = autograd_ref.check_gradients(lambda x: 3 * x, [1.0, 2.0], loss=lambda x: (x * x).sum())
    html: str = vars(autograd_ref.Report)["_repr_html_"](report)
    assert "Mismatch" in html
    assert html.lstrip().startswith("<")
    assert "<script" not in html
    assert json.dumps(html)
