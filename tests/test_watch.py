"""A user's code that takes long is watched: its line is said, and --timeout and Ctrl-C end it."""

import _thread
import io
import signal
import threading
import time
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from types import FrameType

import pytest

from autograd_ref.commands import main
from autograd_ref.commands.functions import watch
from autograd_ref.commands.functions.loading import load
from autograd_ref.commands.functions.watch import Lookout, watching
from autograd_ref.commands.functions.world import TimeUp, UserPlace
from tests.files_of_theirs import notebook

Captured = pytest.CaptureFixture[str]

TRAINS = """
import time
def fit():
    for _ in range(1000):
        time.sleep(0.01)
fit()
"""
LOOPS = """
import time
def gradients(parameters, X, Y):
    while True:
        time.sleep(0.01)
"""
STUBBORN = "try: time.sleep(0.01)\n        except BaseException: pass"


def written(folder: Path, text: str) -> str:
    file = folder / "student.py"
    assert file.write_text(text, encoding="utf-8") == len(text)
    return f"{file}:gradients"


@pytest.fixture(autouse=True)
def _as_before() -> Generator[None]:
    """In the background of a shell interrupts are ignored: here they have to come through."""
    outside = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)
    threads = threading.active_count()
    yield
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert threading.active_count() == threads
    _ = signal.signal(signal.SIGINT, outside)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long call takes a tenth of a second."""
    for name in ("LONG_CALL", "AGAIN", "GRACE"):
        monkeypatch.setattr(watch, name, getattr(watch, name) / 30)
    monkeypatch.setattr(watch, "TICK", 0.01)


class Ended(Exception):
    """In place of the end of the process."""


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The statuses with which the process would have ended; then its main thread is stopped."""
    statuses: list[int] = []

    def leave(status: int) -> None:
        statuses.append(status)
        if threading.current_thread() is threading.main_thread():
            raise Ended
        monkeypatch.setattr(watch.time, "sleep", None)  # the loop of the user's ends

    monkeypatch.setattr(watch.os, "_exit", leave)
    return statuses


@pytest.mark.untraced
@pytest.mark.usefixtures("hasty")
def test_a_file_that_trains_at_import_is_said_with_its_line(
    tmp_path: Path, capsys: Captured
) -> None:
    assert main(["check", written(tmp_path, TRAINS), "--timeout", "0.4"]) == 2
    first, last = capsys.readouterr().err.splitlines()
    place = f"{tmp_path / 'student.py'}:5, in fit"
    remedy = 'what stands below if __name__ == "__main__": would not run'
    assert first.startswith("crosscheck: still running after 0 s: ")
    assert first.endswith(f": {place}; {remedy}")
    assert last == f"crosscheck: --timeout 0.4: the time is over: {place}"


@pytest.mark.usefixtures("hasty")
def test_a_cell_that_trains_is_said_with_its_line(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "student.ipynb"
    cells = "x = 1", TRAINS
    assert file.write_text(notebook(*cells), encoding="utf-8")
    assert main(["check", str(file), "--timeout", "0.4"]) == 2
    first, last = capsys.readouterr().err.splitlines()
    place = f"{file}, cell 2, line 5, in fit"
    assert first.endswith(f": {place}; --cells chooses the cells that are run")
    assert last == f"crosscheck: --timeout 0.4: the time is over: {place}"


@pytest.mark.untraced
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("command", ["check", "falsify"])
def test_a_gradient_that_loops_is_said_with_its_line(
    command: str, tmp_path: Path, capsys: Captured
) -> None:
    """Also where the convention is detected, and what the user's code writes is hidden."""
    _ = import_module(f"autograd_ref.commands.{command}.run")  # which takes its own time
    spec = written(tmp_path, LOOPS)
    assert main([command, spec, "--timeout", "0.5"]) == 2
    place = f"{tmp_path / 'student.py'}:5, in gradients"
    first, last = capsys.readouterr().err.splitlines()
    assert first.endswith(f": {place}; Ctrl-C ends the run")
    assert last == f"crosscheck: --timeout 0.5: the time is over: {place}"


def test_a_line_is_said_sparsely() -> None:
    looking = Lookout(threading.get_ident(), None, None)
    looking.begin, looking.stream = 0.0, io.StringIO()
    said: list[tuple[int, float]] = []
    for tick in range(20_000):
        now = tick / 10
        for stay in (0.2, now):  # calls that are short, and one that does not end
            before = looking.stream.tell()
            looking.look(UserPlace("f.py", 1, "f", False, now - stay), now)
            if looking.stream.tell() > before:
                said.append((tick, stay))
    assert [tick for tick, _stay in said] == [30, 300, 3000]
    assert all(stay == tick / 10 for tick, stay in said)
    text = looking.stream.getvalue()
    assert text.startswith(
        "crosscheck: still running after 3 s: f.py:1, in f; Ctrl-C ends the run,"
    )


def test_many_short_calls_are_said_later() -> None:
    looking = Lookout(threading.get_ident(), 99.0, None)
    looking.begin, looking.stream = 0.0, None
    due = looking.due
    looking.look(UserPlace("f.py", 1, "f", False, 29.8), 29.9)
    assert looking.due == due
    looking.look(UserPlace("f.py", 1, "f", False, 30.0), 30.1)
    assert looking.due == 10 * due
    assert looking.advice(UserPlace("f.py", 1, "f", False, 0.0)) == "Ctrl-C ends the run"


@pytest.mark.parametrize("last", [None, 0.1])
def test_no_frame_is_read_before_something_may_have_to_be_said(
    monkeypatch: pytest.MonkeyPatch, last: float | None
) -> None:
    """A line, or the end of the time: a look may crash Python 3.11, though hardly ever."""
    looks: list[float] = []

    def frames() -> dict[int, FrameType]:
        looks.append(time.monotonic())
        return {}

    monkeypatch.setattr(watch, "TICK", 0.001)
    monkeypatch.setattr(watch, "CURRENT_FRAMES", frames)
    looking = Lookout(threading.get_ident(), None, last)
    looking.due = 0.1 if last is None else 99.0
    looking.start()
    time.sleep(0.3)
    looking.over.set()
    looking.join()
    assert looks
    assert min(looks) - looking.begin >= 0.1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_line_is_below_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(watch.sys, "stderr", terminal)
    Lookout(threading.get_ident(), None, None).say("\x1b[2J")
    assert terminal.getvalue() == "\ncrosscheck: \\x1b[2J\n"


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("platform", ["with timers", "without"])
def test_code_that_catches_everything_is_ended(
    platform: str,
    exits: list[int],
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if platform == "without":
        monkeypatch.delattr(signal, "setitimer")
    text = f"import time\ndef f():\n    while time.sleep:\n        {STUBBORN}\n"
    function = load(written(tmp_path, text).replace("gradients", "f"))
    with watching(0.2):
        function()
    assert set(exits) == {2}
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .startswith(f"crosscheck: --timeout 0.2: the time is over: {tmp_path / 'student.py'}:")
    )


def test_the_second_interrupt_ends_code_that_catches_the_first(
    exits: list[int], tmp_path: Path, capsys: Captured
) -> None:
    loop = STUBBORN.replace("BaseException", "KeyboardInterrupt")
    text = f"import time\ndef f():\n    while True:\n        {loop}\n"
    function = load(written(tmp_path, text).replace("gradients", "f"))

    def until_it_ends() -> None:
        time.sleep(0.1)
        while not exits:  # on a busy machine two at once count as one
            _thread.interrupt_main()
            time.sleep(0.1)

    timer = threading.Thread(target=until_it_ends, daemon=True)

    def run() -> None:
        with watching(None):
            timer.start()
            function()

    with pytest.raises(Ended):
        run()
    timer.join()
    assert exits == [130]
    said = f"crosscheck: interrupted: {tmp_path / 'student.py'}:4, in f\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("seconds", [1e300, 1e-300])
def test_any_time_can_be_allowed(seconds: float) -> None:
    def run() -> None:
        with watching(seconds):
            time.sleep(0.05)

    if seconds > 1:
        run()
    else:
        with pytest.raises(TimeUp):
            run()


def test_a_thread_of_the_callers_can_watch_too() -> None:
    found: list[str] = []

    def run() -> None:
        with watching(5.0):
            found.append("ran")

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == ["ran"]


def test_the_end_of_the_time_is_told_once_where_no_code_of_theirs_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "AGAIN", 0.01)

    def run() -> None:
        with watching(0.05):
            try:
                time.sleep(5)
            finally:
                time.sleep(0.05)

    with pytest.raises(TimeUp, match="the time is over") as caught:
        run()
    assert caught.value.__context__ is None
