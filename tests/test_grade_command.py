"""`crosscheck grade`: whatever a submission does, the others get points, and nothing stays."""

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_ref.commands import main
from autograd_ref.commands.grade import checking, pool, run
from autograd_ref.commands.grade.asked.submitted import Submitted, submitted
from autograd_ref.commands.grade.grading import DEFAULT, grading_from, grading_of
from autograd_ref.commands.grade.isolation import confined, processes, watched
from autograd_ref.commands.grade.isolation.kernel import landlock_version
from autograd_ref.commands.grade.isolation.processes import descendants
from tests.files_of_theirs import placed
from tests.tracing import untraced

Captured = pytest.CaptureFixture[str]

RIGHT = """
import numpy as np

def gradients(parameters, X, Y):
    W0, b0, W1, b1 = parameters
    S = len(X)
    z1 = X @ W0.T + b0
    a1 = np.log1p(np.exp(z1))
    y_hat = np.exp(a1 @ W1.T + b1)
    y_hat /= y_hat.sum(axis=1, keepdims=True)
    loss = -np.log(y_hat[np.arange(S), Y]).mean()
    e2 = y_hat
    e2[np.arange(S), Y] -= 1
    e2 = e2 / S
    delta1 = (e2 @ W1) / (1 + np.exp(-z1))
    return loss, (delta1.T @ X, delta1.sum(axis=0), e2.T @ a1, e2.sum(axis=0))
"""
WITH = RIGHT.replace("def gradients", "def _right")
"""The right gradient under another name, for a function that follows."""

IN_A_CALL = """
def gradients(parameters, X, Y):
    {}
    return _right(parameters, X, Y)
"""


def in_a_call(code: str) -> str:
    return WITH + IN_A_CALL.format(code.replace("\n", "\n    "))


NEEDED = """
def _done():
    {}
    return True

_needed = _done()

def gradients(parameters, X, Y):
    return _right(parameters, X, Y) if _needed else None
"""


def needed(code: str) -> str:
    """A file whose gradient needs what the code does: else it would not be run."""
    return WITH + NEEDED.format(code.replace("\n", "\n    "))


def class_of(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder with these submissions."""
    place = folder / "submissions"
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        _ = (place / name).write_text(text, encoding="utf-8")
    return place


def grade(folder: Path, files: Mapping[str, str], grading: str = "", *more: str) -> dict[str, Any]:
    """The results of each submission, as in grades.json."""
    file = folder / "grading.toml"
    _ = file.write_text(grading, encoding="utf-8")
    output = folder / "results"
    place = class_of(folder, files)
    before = sorted(place.rglob("*"))
    assert main(["grade", str(place), "--grading", str(file), "--output", str(output), *more]) == 0
    assert sorted(place.rglob("*")) == before
    assert not descendants(os.getpid())
    found = json.loads((output / "grades.json").read_text(encoding="utf-8"))
    return {one["name"]: one for one in found["submissions"]}


ORDINARY = {
    "right.py": (RIGHT, 10, ""),
    "folder/main.py": (RIGHT + "\nassert open('data.txt').read() == 'here'", 10, ""),
    "sum.py": (RIGHT.replace("e2 = e2 / S", "pass"), 0.8 * 8 + 2, "1/S missing"),
    "no_array.py": (in_a_call("return None"), 0, ""),
    "ends.py": (RIGHT + "\nimport sys; sys.exit(0)", 10, ""),
}
HOSTILE = {
    "exits.py": (needed("import sys; sys.exit(0)"), "ends the program when it is imported"),
    "leaves.py": (in_a_call("import os; os._exit(3)"), "ends the program, with status 3, before"),
    "raises.py": (needed("1 / 0"), "of raises.py cannot make it (ZeroDivisionError)"),
    "deep.py": ("def gradients(p, X, Y): return gradients(p, X, Y)", "raises in all conventions"),
    "memory.py": (needed("more = np.ones(10**10)"), "of memory.py cannot make it ("),
    "crashes.py": (in_a_call("import faulthandler; faulthandler._sigsegv()"), "ended by SIGSEGV"),
    "closes.py": (needed("import os; os.closerange(0, 1024)"), "result could not be sent"),
    "nothing/a.py": (RIGHT, "has no file main.py"),
}
MARKED = {
    "torch.py": ("import torch\nimport torch.nn\n", "imports", "imports torch"),
    "by_name.py": ("import importlib; importlib.import_module('jax')\n", "imports", "imports jax"),
    "ours.py": ("from autograd_ref import loss_and_gradients\n", "imports", "imports autograd_ref"),
    "frames.py": ("import sys; sys._getframe(0)\n", "memory", "calls sys._getframe"),
    "stack.py": ("import inspect; inspect.stack()\n", "memory", "calls sys._getframe"),
    "trace.py": (
        "try: 1 / 0\nexcept Exception as e: e.__traceback__.tb_frame\n",
        "memory",
        "reads tb_frame",
    ),
    "fake.py": (
        "import os\nfor n in range(3, 999):\n"
        "  try: os.write(n, b'outcome {}\\n')\n  except OSError: pass\n",
        "result",
        "writes to where the grader's results come from",
    ),
    "replaces.py": (
        "import json; json.dumps = lambda *a, **k: '{}'\n",
        "functions",
        "replaces json.dumps",
    ),
    "spies.py": (
        "try: open({grading!r})\nexcept OSError: pass\n",
        "grader",
        "opens {grading}",
    ),
}
TRIES = """
import ctypes, os, socket
def _tried(action, *arguments):
    try: action(*arguments)
    except Exception: print(action.__name__)
_tried(open, {outside!r}, 'w')
_tried(os.remove, {victim!r})
_tried(os.rename, {victim!r}, 'mine')
_tried(os.fork)
_tried(os.kill, os.getppid(), 9)
_tried(socket.create_connection, ('127.0.0.1', 9))
_tried(ctypes.CDLL, None)
"""
REFUSED = ["open", "remove", "rename", "fork", "kill", "create_connection", "CDLL"]
"""The accesses that a submission tries in vain."""
FLAGGED = {
    "outside": "changes {outside}",
    "processes": "calls os.fork",
    "network": "calls socket.connect",
    "native": "calls ctypes.dlopen",
}
"""Each kind is said once."""


def named(text: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        text = text.replace(f"{{{name}!r}}", repr(place)).replace(f"{{{name}}}", place)
    return text


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = Path(os.path.realpath(tmp_path_factory.mktemp("class")))
    victim = folder / "victim.txt"
    assert victim.write_text("mine", encoding="utf-8")
    places = {
        "outside": str(folder / "outside.txt"),
        "victim": str(victim),
        "grading": str(folder / "grading.toml"),
    }
    files = {name: text for name, (text, *_rest) in (ORDINARY | HOSTILE).items()}
    files |= {"folder/data.txt": "here"}
    for name, (first, *_rest) in MARKED.items():
        whole = name in ("torch.py", "replaces.py")  # the others need no gradient to be seen
        files[name] = named(first, places) + (RIGHT if whole else "")
    files["tries.py"] = named(TRIES, places) + RIGHT
    files |= {
        "deletes.py": RIGHT + "\nimport os, shutil\nos.remove(__file__)\n"
        "shutil.rmtree(os.path.dirname(__file__))",
        "floods.py": in_a_call("print('all is right\\n' * 30_000)"),
        "autograd/main.py": RIGHT + "\nimport jax",
        "autograd/jax.py": "theirs = True",
    }
    grading = (
        'file = "main.py"\nseeds = [1]\n[credit]\n"1/S missing" = 0.8\n'
        "[limits]\nseconds = 60\noutput = 1\nmemory = 512\n"
    )
    with pytest.MonkeyPatch.context() as patch, untraced():
        # the kernel's help has a test of its own
        patch.setattr(confined, "may_write_only", lambda _paths: False)
        found = grade(folder, files, grading)
    assert victim.read_text(encoding="utf-8") == "mine"
    assert not (folder / "outside.txt").exists()
    assert found.keys() == {name.partition("/")[0] for name in files}
    return {"by name": found, "places": places, "folder": folder}


def one_of(graded: dict[str, Any], name: str) -> dict[str, Any]:
    return graded["by name"][name.partition("/")[0]]


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_submission_gets_its_points(name: str, graded: dict[str, Any]) -> None:
    _text, points, mistake = ORDINARY[name]
    one = one_of(graded, name)
    assert one["points"] == pytest.approx(points), one
    assert not mistake or one["mistake"] == mistake
    assert not one["outcome"]["marks"]
    assert one["most"] == 10


@pytest.mark.parametrize("name", HOSTILE)
def test_how_a_submission_ends_is_said_in_words(name: str, graded: dict[str, Any]) -> None:
    one = one_of(graded, name)
    assert HOSTILE[name][1] in one["outcome"]["error"]
    assert (one["points"], one["mistake"]) == (0, "not checked")
    assert str(graded["folder"]) not in one["outcome"]["trace"]


@pytest.mark.parametrize("name", MARKED)
def test_what_is_no_answer_takes_the_points(name: str, graded: dict[str, Any]) -> None:
    _first, kind, what = MARKED[name]
    one = one_of(graded, name)
    said = {"kind": kind, "what": named(what, graded["places"])}
    assert said in one["outcome"]["marks"]
    assert (one["points"], one["zeroed"], one["mistake"]) == (0, True, "no points, by a mark")


def test_what_may_have_a_reason_is_refused_and_said_and_costs_nothing(
    graded: dict[str, Any],
) -> None:
    one = one_of(graded, "tries.py")
    said = {kind: named(what, graded["places"]) for kind, what in FLAGGED.items()}
    assert {mark["kind"]: mark["what"] for mark in one["outcome"]["marks"]} == said
    assert one["outcome"]["output"].split() == REFUSED
    assert (one["points"], one["zeroed"]) == (10, False)
    assert one["review"] == "; ".join(said.values())


def test_what_it_does_to_its_own_files_is_its_own_affair(graded: dict[str, Any]) -> None:
    for name in ("deletes.py", "floods.py", "autograd"):
        assert one_of(graded, name)["points"] == 10
    assert one_of(graded, "autograd")["outcome"]["marks"] == []
    assert len(one_of(graded, "floods.py")["outcome"]["output"]) == 1024


ENDLESS = {
    "import.py": (needed("while True: pass"), "at the end it ran import.py:"),
    "call.py": (in_a_call("while True: pass"), ", in gradients"),
    "catches.py": (
        in_a_call(
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
        ),
        "takes longer than 0.3 s",
    ),
    "deaf.py": (
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
        "does not end when told to",
    ),
    "talks.py": ("while True: print('x' * 100_000)", "at the end it ran talks.py:1"),
    "writes.py": (
        "n = 0\nwhile True:\n    n += 1\n    open(str(n), 'w').write('x' * 200_000)",
        "writes more than 1 MiB",
    ),
}


def test_what_never_ends_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    files = {name: text for name, (text, _error) in ENDLESS.items()}
    begin = time.monotonic()
    found = grade(tmp_path, files, "[limits]\nseconds = 0.3\nfiles = 1\n")
    assert time.monotonic() - begin < 30
    for name, (_text, error) in ENDLESS.items():
        assert error in found[name]["outcome"]["error"], found[name]


LEAVES = """
import os, sys, time
for _ in range({}):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
        print(os.getpid(), flush=True)
        time.sleep(600)
while len(open("/proc/self/task/%d/children" % os.getpid()).read().split()) < {}: pass
time.sleep(0.2)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, who came of whom is not told")
def test_no_process_is_left_behind(tmp_path: Path) -> None:
    files = {"few.py": LEAVES.format(2, 2) + RIGHT, "many.py": LEAVES.format(40, 999)}
    found = grade(tmp_path, files, "[limits]\nseconds = 60\nprocesses = true\n")
    assert found["few.py"]["points"] == 10
    numbers = [int(n) for n in found["few.py"]["outcome"]["output"].split()]
    assert numbers
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
    assert found["many.py"]["outcome"]["error"] == "starts more than 16 processes"


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
def test_the_kernel_holds_where_python_does_not_look(tmp_path: Path) -> None:
    tried = (
        f"import os\nplace = os.open({str(tmp_path)!r}, os.O_RDONLY)\n"
        "try: os.open('escaped.txt', os.O_CREAT | os.O_WRONLY, dir_fd=place)\n"
        "except PermissionError: print('refused')\n"
    )
    found = grade(tmp_path, {"one.py": tried + RIGHT}, "[limits]\nseconds = 60\n")
    assert found["one.py"]["outcome"]["output"] == "refused\n"
    assert found["one.py"]["points"] == 10
    assert not (tmp_path / "escaped.txt").exists()


def test_the_example_is_printed_and_is_a_grading(capsys: Captured) -> None:
    assert main(["grade", "--example"]) == 0
    assert capsys.readouterr().out == DEFAULT
    assert grading_of(None).points["W0"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the folder of the submissions is missing"),
        (["--resume", "."], "--resume takes up what --output holds: give both"),
        (["nowhere"], "cannot read nowhere: No such file or directory"),
        ([".", "--grading", "none.toml"], "cannot read none.toml: No such file or directory"),
        (["."], ". holds no submissions"),
    ],
)
def test_what_cannot_be_graded_is_one_line_and_status_2(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    monkeypatch.chdir(tmp_path)
    with suppress(SystemExit):  # where the options are wrong
        assert main(["grade", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_where_processes_cannot_be_limited_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delattr(os, "fork")
    assert main(["grade", "."]) == 2
    assert "on Windows, run it in WSL or in a container" in capsys.readouterr().err


QUICK = "seeds = [1]\n[limits]\nseconds = 60\n"


def test_the_terminal_gets_a_table_and_says_what_is_not_limited(
    tmp_path: Path, capsys: Captured
) -> None:
    _ = grade(tmp_path, {"a.py": RIGHT, "b.py": "pi = 3"}, QUICK)
    out, err = capsys.readouterr()
    assert out.startswith("2 submissions graded, 1 of them right; 5 of 10 points on average.\n")
    assert err == "" or err.startswith("crosscheck: not limited on this machine: ")
    results = tmp_path / "results"
    assert {file.name for file in results.iterdir()} == {
        *("a.py", "b.py", "grades.csv", "grades.json", "mistakes.png", "mistakes.svg")
    }
    assert {file.name for file in (results / "a.py").iterdir()} == {
        *("results.json", "page.html", "outcome.json")
    }


def test_a_folder_without_the_file_is_an_outcome(tmp_path: Path) -> None:
    found = grade(tmp_path, {"nothing/a.py": RIGHT}, f"file = 'main.py'\n{QUICK}")
    assert "has no file main.py" in found["nothing"]["outcome"]["error"]
    assert found["nothing"]["points"] == 0


def test_without_a_folder_for_results_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    place = class_of(tmp_path, {"a.py": "pi = 3"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processes, "not_limited", lambda _version: "nothing")
    assert main(["grade", str(place), "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["submissions"][0]["name"] == "a.py"
    assert err == "crosscheck: not limited on this machine: nothing\n"
    assert [file.name for file in tmp_path.iterdir()] == ["submissions"]


def test_an_interrupt_keeps_what_is_done_and_resume_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    place = class_of(tmp_path, {"a.py": RIGHT, "b.py": RIGHT, "c.py": RIGHT})
    results = tmp_path / "results"
    grading = tmp_path / "grading.toml"
    assert grading.write_text(QUICK, encoding="utf-8")
    arguments = ["grade", str(place), "--output", str(results), "--grading", str(grading)]
    written: list[str] = []
    right = run.write_one

    def write_one(folder: Path, one: Any, *others: Any) -> None:
        right(folder, one, *others)
        written.append(one.submission.name)
        if len(written) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(run, "write_one", write_one)
    assert main([*arguments, "--workers", "1"]) == 130
    assert written == ["a.py"]
    assert "1 submission graded" in capsys.readouterr().out
    kept = json.loads((results / "grades.json").read_text(encoding="utf-8"))
    assert kept["not_graded"] == 2
    assert (place / "c.py").write_text("pi = 3", encoding="utf-8")
    assert main([*arguments, "--resume"]) == 0
    assert sorted(written) == ["a.py", "b.py", "c.py"]
    assert main([*arguments, "--resume"]) == 0
    assert len(written) == 3, "nothing has changed"
    assert "3 submissions graded, 2 of them right" in capsys.readouterr().out
    assert (results / "b.py" / "outcome.json").write_text("{}", encoding="utf-8")
    assert grading.write_text(f"page = 'where'\n{QUICK}", encoding="utf-8")
    assert main([*arguments, "--resume"]) == 0
    assert len(written) == 6, "another grading asks for other results"


def test_an_interrupt_before_anything_is_done_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    place = class_of(tmp_path, {"a.py": RIGHT})

    def outcomes(*_arguments: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(pool, "outcomes", outcomes)
    assert main(["grade", str(place), "--output", str(tmp_path / "results")]) == 130
    said = " ".join(capsys.readouterr().out.split())
    assert said == "No submission was graded. 1 submission not graded yet: --resume goes on."
    assert not (tmp_path / "results").exists()


THEIRS = RIGHT.replace("def gradients(parameters, X, Y)", "def backward(Y, X, parameters)")
ADAPTER = "def adapt(module): return lambda p, X, Y: module.backward(Y, X, p)"


@pytest.mark.untraced
def test_one_adapter_serves_all(tmp_path: Path) -> None:
    assert (tmp_path / "adapter.py").write_text(ADAPTER, encoding="utf-8")
    files = {"a.py": THEIRS, "b.py": RIGHT}
    found = grade(tmp_path, files, f"adapter = 'adapter.py:adapt'\n{QUICK}")
    assert found["a.py"]["points"] == 10
    assert "has no attribute 'backward'" in found["b.py"]["outcome"]["trace"]


def test_what_an_adapter_makes_of_a_submission_is_checked(tmp_path: Path) -> None:
    placed(tmp_path, {"adapter.py": ADAPTER, "a.py": THEIRS})
    grading = grading_from({"adapter": "adapter.py:adapt", "seeds": [1]}, tmp_path, "")
    found = checking.check_submission(tmp_path / "a.py", grading)
    assert set(found.verdicts.values()) == {"match"}


def test_a_named_function_and_a_convention_are_used(tmp_path: Path) -> None:
    convention = "[convention]\ntargets = 'labels'\nshape = [4, 16, 3]"
    files = {"a.py": f"def other(a, b, c): pass\n{RIGHT}"}
    found = grade(tmp_path, files, f"function = 'gradients'\n{QUICK}{convention}")
    assert found["a.py"]["points"] == 10
    assert found["a.py"]["outcome"]["where"].startswith("a random problem, shape 4,16,3, ")


def test_results_that_cannot_be_written_are_one_line(tmp_path: Path, capsys: Captured) -> None:
    place = class_of(tmp_path, {"a.py": "pi = 3"})
    results = tmp_path / "results"
    results.mkdir()
    assert (results / "a.py").write_text("in the way", encoding="utf-8")
    assert main(["grade", str(place), "--output", str(results)]) == 2
    assert f"cannot write {results / 'a.py'}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raises", "said"),
    [
        (lambda *_: np.ones(10**15), "needs more memory than 1024 MiB"),
        (
            lambda *_: grading_from({"x": 1}, Path(), ""),
            "could not be checked, by an error of crosscheck's: ValueError: the file has 'x'",
        ),
    ],
)
def test_what_goes_wrong_in_a_check_is_an_outcome(
    raises: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (tmp_path / "a.py").write_text(RIGHT, encoding="utf-8")
    monkeypatch.setattr(checking, "submitted", raises)
    found = checking.check_submission(tmp_path / "a.py", grading_of(None))
    assert found.error.startswith(said)


def test_what_a_result_raises_is_the_submissions_own(tmp_path: Path) -> None:
    text = (
        "class Table:\n    def __array__(self, *a, **k): raise OverflowError('mine')\n"
        "def gradients(p, X, Y): return [Table()] * 4\n"
    )
    assert (tmp_path / "table.py").write_text(text, encoding="utf-8")
    found = checking.check_submission(tmp_path / "table.py", grading_of(None))
    assert "OverflowError" in f"{found.error}{found.trace}"


def test_a_submission_that_cannot_be_copied_stops_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_arguments: object) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "copied", no_room)
    found = grade(tmp_path, {"a.py": RIGHT}, QUICK)
    assert "cannot be copied: " in found["a.py"]["outcome"]["error"]
    assert "No space left" in found["a.py"]["outcome"]["error"]


def test_a_search_that_takes_too_long_leaves_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: Any) -> Submitted:
        right = submitted(*arguments)

        def endless(cases: Any, *, diagnose: bool = True) -> Any:
            while diagnose:
                pass
            yield from right.plan.reports(cases, diagnose=diagnose)

        return right._replace(plan=right.plan._replace(reports=endless))

    file = tmp_path / "summed.py"
    assert file.write_text(RIGHT.replace("e2 = e2 / S", "pass"), encoding="utf-8")
    monkeypatch.setattr(checking, "submitted", never)
    monkeypatch.setattr(checking, "SEARCH", 0.02)
    found = checking.check_submission(file, grading_of(None))
    assert found.verdicts["W0"] == "mismatch"
    assert found.called[-1] == "The search for the mistake was not carried to its end."


def test_intermediates_are_looked_at_where_they_have_points(tmp_path: Path) -> None:
    file = tmp_path / "steps.py"
    text = RIGHT.replace("e2.sum(axis=0))", "e2.sum(axis=0)), {'e2': e2, 'a1': 2 * a1}")
    assert file.write_text(text, encoding="utf-8")
    grading = grading_from({"points": {"intermediates": 2}}, Path(), "")
    steps = (checking.check_submission(file, grading).report or {})["intermediates"]
    assert {step["name"]: step["verdict"] for step in steps} == {"a1": "mismatch", "e2": "match"}


def test_a_check_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "CHECK", 0.0)
    monkeypatch.setattr(checking, "check_submission", lambda *_: time.sleep(600))
    found = grade(tmp_path, {"a.py": RIGHT}, "[limits]\nseconds = 0.1\n")
    assert found["a.py"]["outcome"]["error"] == "could not be checked within 0.1 s"
