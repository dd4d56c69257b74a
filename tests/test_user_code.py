"""A user's own function: loaded, called in its own world, and blamed by its own lines alone."""

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from autograd_ref.commands.functions.loading import (
    UserCodeError,
    load,
    require_arguments,
)
from autograd_ref.commands.functions.world import raised_by_user, their_traceback


@pytest.fixture(autouse=True)
def _forget_their_modules(tmp_path: Path) -> Generator[None]:
    yield
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert path.write_text(text, encoding="utf-8") == len(text)
    return path


def refused(spec: str) -> UserCodeError:
    before = sys.path[:]
    with pytest.raises(UserCodeError) as caught:
        _ = load(spec)
    assert sys.path == before
    assert "\n" not in str(caught.value)
    return caught.value


def raised(function: Any) -> Exception:
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


def is_theirs_alone(trace: str, file: Path) -> bool:
    files = [line for line in trace.splitlines() if line.startswith('  File "')]
    return bool(files) and all(line.startswith(f'  File "{file}"') for line in files)


def test_a_function_of_a_file_is_that_function(tmp_path: Path) -> None:
    file = written(tmp_path / "twice_it.py", "def twice(x):\n    return 2 * x\n")
    function = load(f"{file}:twice")
    assert function(21) == 42
    assert function.__name__ == "twice"


def test_a_file_is_named_from_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _ = written(tmp_path / "sub" / "twice_it.py", "def twice(x):\n    return 2 * x\n")
    assert load("sub/twice_it.py:twice")(21) == 42


def test_a_module_of_the_current_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _ = written(tmp_path / "a_package" / "__init__.py", "")
    _ = written(tmp_path / "a_package" / "inner.py", "from .other import twice\n")
    _ = written(tmp_path / "a_package" / "other.py", "def twice(x):\n    return 2 * x\n")
    assert load("a_package.inner:twice")(21) == 42


def test_an_installed_module_is_found() -> None:
    assert load("math:gcd")(12, 18) == 6


def test_a_name_may_have_dots(tmp_path: Path) -> None:
    text = "class Model:\n    @staticmethod\n    def twice(x):\n        return 2 * x\n"
    file = written(tmp_path / "dotted.py", text)
    assert load(f"{file}:Model.twice")(21) == 42


def test_a_file_imports_its_siblings_at_first_and_when_called(tmp_path: Path) -> None:
    _ = written(tmp_path / "sibling_one.py", "ONE = 1\n")
    _ = written(tmp_path / "lib" / "sibling_two.py", "TWO = 2\n")
    file = written(
        tmp_path / "with_siblings.py",
        "import sys, pathlib\n"
        "from sibling_one import ONE\n"
        "sys.path.append(str(pathlib.Path(__file__).parent / 'lib'))\n"
        "def three():\n"
        "    from sibling_two import TWO\n"
        "    return ONE + TWO\n",
    )
    before = sys.path[:]
    function = load(f"{file}:three")
    assert sys.path == before
    assert function() == 3
    assert sys.path == before


def test_a_file_is_run_once_so_that_its_functions_share_their_classes(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Layer:\n    W: float\n"
        "def make():\n    return Layer(1.0)\n"
        "def is_layer(x):\n    return isinstance(x, Layer)\n"
    )
    # the second name is that of a module that is there already
    for name in ("layers_of_mine.py", "random.py"):
        file = written(tmp_path / name, text)
        assert load(f"{file}:is_layer")(load(f"{file}:make")())
        assert list(tmp_path.glob("__pycache__")) == []


def test_a_file_may_have_the_name_of_another_module(tmp_path: Path) -> None:
    file = written(tmp_path / "json.py", "def mine():\n    return 'mine'\n")
    other = sys.modules["json"]
    assert load(f"{file}:mine")() == "mine"
    assert sys.modules["json"] is other


def test_what_they_print_does_not_mix_with_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "talks.py", "print('hello')\ndef f():\n    print('there')\n")
    load(f"{file}:f")()
    assert capsys.readouterr() == ("", "hello\nthere\n")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("student.py", "expected PATH.py:function, got 'student.py'"),
        (":f", "expected PATH.py:function, got ':f'"),
        ("student.py:", "expected PATH.py:function, got 'student.py:'"),
        ("C:\\student.py", "expected PATH.py:function, got 'C:\\\\student.py'"),
        ("notes.ipynb:f", "cannot read notes.ipynb: No such file or directory"),
        ("a/student:f", "expected PATH.py:function or package.module:function, got 'a/student:f'"),
        ("no_such.py:f", "cannot read no_such.py: No such file or directory"),
        ("no_such:f", "there is no module no_such, neither in the current folder nor installed"),
        ("json.no_such:f", "there is no module json.no_such, neither in the current folder nor"),
    ],
)
def test_what_is_not_there_is_one_line(
    spec: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = refused(spec)
    assert str(error).startswith(message)
    assert error.trace == ""


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    assert str(refused(f"{tmp_path}/folder.py:f")).endswith("folder.py: Is a directory")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("def f(:\n", " (SyntaxError); fix the error above", "    def f(:"),
        (
            "import no_such\n",
            "(pip install no_such, if that is its name)",
            "    import no_such",
        ),
        (
            "from json import lods\n",
            " (ImportError); json is there without that name",
            "    from json import lods",
        ),
        (
            "from .a import b\n",
            "there is no a in test_a_file_that_does_not_impo",
            "    from .a import b",
        ),
        ("1 / 0\n", " (ZeroDivisionError); fix the error above", "    1 / 0"),
        ("import json\njson.loads('{')\n", "(JSONDecodeError)", "    json.loads('{')"),
        (
            "import sys\nsys.exit(0)\n",
            "put the code that ends it under: if __name__",
            "    sys.exit(0)",
        ),
    ],
)
def test_a_file_that_does_not_import_shows_its_own_line_and_no_other(
    text: str, message: str, line: str, tmp_path: Path
) -> None:
    file = written(tmp_path / "broken.py", text)
    error = refused(f"{file}:f")
    assert str(error).removeprefix("cannot import ").startswith(f"{file} ")
    assert message in str(error)
    assert line in error.trace.splitlines()
    assert is_theirs_alone(error.trace, file)
    assert "broken" not in sys.modules


def test_a_sibling_that_does_not_import_shows_both_of_their_lines(tmp_path: Path) -> None:
    _ = written(tmp_path / "broken_sibling.py", "x = 1\n1 / 0\n")
    file = written(tmp_path / "innocent.py", "import broken_sibling\n")
    trace = refused(f"{file}:f").trace.splitlines()
    assert [line for line in trace if line.startswith("    ") and "~" not in line] == [
        "    import broken_sibling",
        "    1 / 0",
    ]


def test_a_module_of_theirs_that_misses_another_shows_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = written(tmp_path / "misses_one.py", "import no_such_thing\n")
    error = refused("misses_one:f")
    assert "there is no module no_such_thing: put no_such_thing.py beside" in str(error)
    assert is_theirs_alone(error.trace, file)


def test_an_interrupt_is_not_their_error(tmp_path: Path) -> None:
    file = written(tmp_path / "interrupted.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        _ = load(f"{file}:f")


def test_a_name_that_is_not_there_suggests_one_that_is(tmp_path: Path) -> None:
    file = written(tmp_path / "names.py", "def gradients():\n    pass\nNUMBER = 1\n")
    assert str(refused(f"{file}:gradient")) == f"{file} has no gradient; did you mean gradients?"
    assert str(refused(f"{file}:zzz")) == f"{file} has no zzz; check the name"
    assert str(refused(f"{file}:NUMBER")) == (
        f"{file}:NUMBER is of type int; it needs to be a function"
    )


def test_a_module_that_fails_when_asked_for_a_name_is_explained(tmp_path: Path) -> None:
    file = written(tmp_path / "lazy.py", "def __getattr__(name):\n    return 1 / 0\n")
    assert is_theirs_alone(refused(f"{file}:f").trace, file)


@pytest.mark.untraced
@pytest.mark.parametrize("parameters", ["theta, X", "theta, X, Y, Z", "theta, X, *, Y"])
def test_the_wrong_number_of_parameters_is_noticed_before_the_call(
    parameters: str, tmp_path: Path
) -> None:
    file = written(tmp_path / "arity.py", f"def f({parameters}):\n    1 / 0\n")
    spec = f"{file}:f"
    with pytest.raises(UserCodeError) as caught:
        require_arguments(load(spec), spec, ["parameters", "X", "Y"])
    assert str(caught.value) == f"{spec} takes ({parameters}); it is called as f(parameters, X, Y)"


def test_a_method_without_an_object_is_told_how_it_is_named(tmp_path: Path) -> None:
    code = "class Net:\n    def grad(self, theta, X, Y):\n        return 1\n"
    spec = f"{written(tmp_path / 'method.py', code)}:Net.grad"
    with pytest.raises(UserCodeError) as caught:
        require_arguments(load(spec), spec, ["parameters", "X", "Y"])
    assert str(caught.value) == (
        "Net.grad is a method: make an object in the file (network = Net()) and name"
        f" {tmp_path / 'method.py'}:network.grad"
    )


@pytest.mark.untraced
@pytest.mark.parametrize("parameters", ["theta, X, Y", "*all", "theta, X, Y, decay=0"])
def test_three_parameters_are_the_right_number(parameters: str, tmp_path: Path) -> None:
    file = written(tmp_path / "right_arity.py", f"def f({parameters}):\n    return 1\n")
    spec = f"{file}:f"
    require_arguments(load(spec), spec, ["parameters", "X", "Y"])


def test_a_function_that_does_not_say_what_it_takes_is_not_refused() -> None:
    require_arguments(load("builtins:max"), "builtins:max", ["parameters", "X", "Y"])


RAISING = """
import numpy as np
def inner(x):
    return np.linalg.inv(x)
def f():
    try:
        return inner(np.zeros((2, 2)))
    except np.linalg.LinAlgError as error:
        raise ValueError("no inverse") from error
def group():
    raise ExceptionGroup("several", [raised() for _ in range(1)])
def raised():
    try:
        inner(np.zeros((2, 2)))
    except np.linalg.LinAlgError as error:
        return error
def stops():
    raise SystemExit(0)
"""


def test_an_exception_shows_their_lines_and_those_of_its_causes(tmp_path: Path) -> None:
    file = written(tmp_path / "raising.py", RAISING)
    for name, lines in (
        ("f", ["return inner(np.zeros((2, 2)))", "return np.linalg.inv(x)", "raise ValueError("]),
        ("group", ["raise ExceptionGroup(", "inner(np.zeros((2, 2)))", "return np.linalg.inv(x)"]),
    ):
        error = raised(load(f"{file}:{name}"))
        assert raised_by_user(error)
        trace = their_traceback(error)
        assert all(line in trace for line in lines)
        shown = [line for line in trace.splitlines() if 'File "' in line]
        assert all(f'File "{file}"' in line for line in shown)
        assert len(shown) >= 3


def test_a_function_cannot_end_the_program(tmp_path: Path) -> None:
    file = written(tmp_path / "stopping.py", RAISING)
    error = raised(load(f"{file}:stops"))
    assert str(error) == "the function ended the program"
    assert raised_by_user(error)
    assert "    raise SystemExit(0)" in their_traceback(error)


@pytest.mark.untraced
def test_an_exception_of_somebody_else_is_not_theirs() -> None:
    assert not raised_by_user(raised(lambda: require_arguments(len, "len", ["x", "y"])))
