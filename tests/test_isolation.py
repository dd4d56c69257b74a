"""The pieces of a submission's cell: what is marked, heard, limited and ended."""

import inspect
import json
import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_ref.commands.functions.world import TimeUp, entered
from autograd_ref.commands.grade import pool
from autograd_ref.commands.grade.grading import grading_of
from autograd_ref.commands.grade.isolation import kernel, listening, processes
from autograd_ref.commands.grade.isolation.confined import in_time
from autograd_ref.commands.grade.isolation.listening import (
    FALSE_RESULT,
    MOST_FILES,
    Ears,
    believed,
    listen,
    taken_too_much,
)
from autograd_ref.commands.grade.isolation.marks import Rules, hook, importing, innermost
from autograd_ref.commands.grade.isolation.own_time import (
    AGAIN,
    FIELDS,
    Meter,
    at_most,
    new_clock,
    spent,
)
from autograd_ref.commands.grade.isolation.processes import (
    address_space,
    descendants,
    end_all,
    forked,
    limit,
    not_limited,
)
from autograd_ref.commands.grade.isolation.unchanged import functions_loaded, replaced_since
from autograd_ref.commands.grade.isolation.watched import ended_by, remove
from autograd_ref.commands.grade.outcome import Mark, Outcome, as_line

LIMITS = grading_of(None).limits
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="it needs /proc")

Seen = list[tuple[str, str]]
Told = Callable[..., str]


@contextmanager
def watching(folder: Path, *, processes: bool = False) -> Generator[tuple[Told, Seen]]:
    """A function that tells a hook of an event, and what the hook sees; this file is "theirs"."""
    seen: Seen = []
    rules = Rules(folder, (folder / "secret",), processes)
    told = hook(rules, lambda kind, what: seen.append((kind, what)))

    def tell(event: str, *arguments: object) -> str:
        try:
            told(event, arguments)
        except PermissionError as refused:
            return str(refused)
        return ""

    yield tell, seen


CHANGES = [
    ("open", ("/elsewhere", "w", 0)),
    ("open", ("/elsewhere", None, os.O_CREAT)),
    ("open", ("/elsewhere", "r+", 0)),
    ("os.remove", ("/elsewhere", -1)),
    ("os.rename", ("mine", "/elsewhere", -1, -1)),
    ("os.mkdir", (b"/elsewhere", 0o777, -1)),
]


@pytest.mark.parametrize(("event", "arguments"), CHANGES)
def test_a_change_outside_is_refused_and_marked(event: str, arguments: Any, tmp_path: Path) -> None:
    with watching(tmp_path) as (tell, seen):
        inside = [str(tmp_path / "mine") if a == "mine" else a for a in arguments]
        assert tell(event, *inside) == "the grader does not allow it: to change /elsewhere"
        assert seen == [("outside", "changes /elsewhere")]


def test_what_is_inside_or_nowhere_may_be_changed(tmp_path: Path) -> None:
    with watching(tmp_path) as (tell, seen):
        assert not tell("open", str(tmp_path / "new"), "w", 0)
        assert not tell("os.rename", str(tmp_path / "a"), str(tmp_path / "b"), -1, -1)
        assert not tell("open", os.devnull, "w", 0)
        assert not tell("open", 3, "w", 0)
        assert not tell("open", "no\0name", "w", 0)
        assert not tell("open", "/elsewhere", "r", os.O_RDONLY)
        assert not tell("some.event")
        assert seen == []


def test_the_graders_files_may_not_be_read(tmp_path: Path) -> None:
    with watching(tmp_path) as (tell, seen):
        assert tell("open", str(tmp_path / "secret" / "seeds"), "r", 0)
        assert seen == [("grader", f"opens {tmp_path}/secret/seeds")]


EVENTS = [
    ("os.fork", "processes"),
    ("os.kill", "processes"),
    ("socket.connect", "network"),
    ("ctypes.dlopen", "native"),
]


@pytest.mark.parametrize(("event", "kind"), EVENTS)
def test_what_belongs_to_no_answer_is_refused_and_marked(
    event: str, kind: str, tmp_path: Path
) -> None:
    with watching(tmp_path) as (tell, seen):
        assert tell(event) == f"the grader does not allow it: to call {event}"
        assert seen == [(kind, f"calls {event}")]


def test_processes_may_be_allowed_but_no_signals(tmp_path: Path) -> None:
    with watching(tmp_path, processes=True) as (tell, seen):
        assert not tell("os.fork")
        assert tell("os.kill")
        assert seen == [("processes", "calls os.kill")]


LIBRARY = "/usr/lib/python3/site-packages/library.py"
OURS = str(kernel.__file__)


def test_what_a_library_does_on_its_own_account_is_refused_without_a_mark(tmp_path: Path) -> None:
    seen: Seen = []
    direct = hook(Rules(tmp_path, ()), lambda kind, what: seen.append((kind, what)))
    names: dict[str, Any] = {"direct": direct}
    refused = compile("direct(event, arguments)", LIBRARY, "exec")
    for event in ("os.fork", "socket.connect"):
        with pytest.raises(PermissionError):
            exec(refused, names | {"event": event, "arguments": ()})
    exec(refused, names | {"event": "sys._getframe", "arguments": ()})
    assert seen == []
    with pytest.raises(PermissionError):
        exec(refused, names | {"event": "open", "arguments": ("/elsewhere", "w", 0)})
    assert seen == [("outside", "changes /elsewhere")], "it was asked to"


def test_what_the_grader_does_itself_is_no_mark(tmp_path: Path) -> None:
    seen: Seen = []
    direct = hook(Rules(tmp_path, ()), lambda kind, what: seen.append((kind, what)))
    events = ["'open', ('/elsewhere', 'w', 0)", "'os.fork', ()", "'sys._getframe', ()"]
    text = "\n".join(f"direct({event})" for event in events)
    exec(compile(text, OURS, "exec"), {"direct": direct})
    # a text without a file of its own belongs to who runs it
    inside = compile(text, "<string>", "exec")
    exec(compile("exec(inside)", OURS, "exec"), {"inside": inside, "direct": direct})
    assert seen == []


def test_frames_and_objects_are_marked_and_read(tmp_path: Path) -> None:
    seen: Seen = []
    direct = hook(Rules(tmp_path, ()), lambda kind, what: seen.append((kind, what)))
    direct("gc.get_objects", ())
    direct("object.__getattr__", (None, "tb_frame"))
    direct("object.__getattr__", (None, "__code__"))
    assert seen == [("memory", "calls gc.get_objects"), ("memory", "reads tb_frame")]
    seen.clear()
    code = "direct('sys._getframe', ())\ndirect('object.__getattr__', (None, 'tb_frame'))"
    exec(compile(code, inspect.__file__, "exec"), {"direct": direct})
    assert seen == [("memory", "calls sys._getframe")]


def test_an_event_of_the_hooks_own_is_no_event(tmp_path: Path) -> None:
    seen: Seen = []

    def again(kind: str, what: str) -> None:
        seen.append((kind, what))
        direct("os.fork", ())

    direct = hook(Rules(tmp_path, ()), again)
    with pytest.raises(PermissionError):
        direct("os.fork", ())
    assert seen == [("processes", "calls os.fork")]
    assert innermost(None, ()) == "", "nobody"


def test_an_import_is_marked_unless_the_module_is_their_own(tmp_path: Path) -> None:
    seen: Seen = []
    told = importing(lambda name: name, tmp_path, lambda *mark: seen.append(mark))
    assert told("torch.nn") == "torch.nn"
    assert told("numpy") == "numpy"
    assert seen == [("imports", "imports torch")]
    folder = Path(sys.modules["torch"].__file__ or "").parent
    own = importing(lambda name: name, folder, lambda *mark: seen.append(mark))
    assert own("torch") == "torch"
    assert len(seen) == 1


def pipes() -> tuple[Ears, int, int]:
    (results, to_results), (output, to_output) = os.pipe(), os.pipe()
    return Ears(results, output, 8), to_results, to_output


def test_what_is_sent_is_heard_to_the_end_and_output_is_cut_off() -> None:
    ears, to_results, to_output = pipes()
    assert os.write(to_results, b"x" * 60_000) == 60_000
    assert os.write(to_output, b"a longer text") == 13
    heard = listen(ears, lambda: True, lambda: "")
    assert (heard.results, heard.output, heard.ended) == (b"x" * 60_000, b"a longer", "")
    looks = iter([False, False, False, True])
    os.close(to_results)
    os.close(to_output)
    assert listen(ears, lambda: next(looks), lambda: "").ended == ""


def test_what_takes_too_long_or_too_much_is_heard_no_longer() -> None:
    ears, *_ends = pipes()
    taken = iter(["", "bytes"])
    assert listen(ears, lambda: False, lambda: next(taken)).ended == "bytes"


def test_what_children_send_for_ever_is_heard_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    ears, to_results, to_output = pipes()
    assert os.write(to_results, b"x") == os.write(to_output, b"y") == 1
    monkeypatch.setattr(listening, "MOST_READS", 1)
    heard = listen(ears, lambda: True, lambda: "")
    assert (heard.results, heard.output) == (b"x", b"y")


def test_only_what_carries_the_token_is_believed() -> None:
    outcome = Outcome(function="mine.py:gradients")
    right = f"word mark imports imports torch\nword outcome {as_line(outcome)}\n"
    assert believed(right.encode(), "word") == (outcome, (Mark("imports", "imports torch"),))
    assert believed(right.encode()[:-5], "word")[0] is None
    assert believed(right.encode()[:-5], "word")[1] == (Mark("imports", "imports torch"),)
    assert believed(b"wo", "word") == (None, ())
    without = f"outcome {as_line(outcome)}\n"
    for fake in (without, "x", "word outcome {}\n", "word mark x\n", "w\n"):
        assert believed(fake.encode(), "word") == (None, (FALSE_RESULT,))
    assert believed(b"\n\xff\n" + right.encode(), "word")[1][0] == FALSE_RESULT


def test_a_folder_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (tmp_path / "a").write_bytes(b"x" * 100)
    (tmp_path / "b").symlink_to("gone")
    assert taken_too_much(tmp_path, 200) == ""
    assert taken_too_much(tmp_path, 99) == "bytes"
    found = [(str(tmp_path), [], [f"n{i}" for i in range(MOST_FILES + 2)])]
    monkeypatch.setattr(os, "walk", lambda _folder: found)
    assert taken_too_much(tmp_path, 99) == "", "none of them is there any more"
    found[0][2][-1] = "a"
    assert taken_too_much(tmp_path, 200) == "files"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (None, "ends without a result"),
        (3 << 8, "ends the program, with status 3, before the check is over"),
        (70 << 8, "breaks the check from inside: its result could not be sent"),
        (signal.SIGSEGV, "is ended by SIGSEGV (Segmentation fault)"),
    ],
)
def test_an_end_is_said_in_words(status: int | None, said: str) -> None:
    assert ended_by(status) == said


def run_in_a_child(action: Callable[[], object]) -> int:
    """The exit code of a process that does this."""
    child = forked(lambda: None if action() is None else os._exit(1))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@LINUX
def test_limits_hold() -> None:
    def greedy() -> None:
        limit(LIMITS._replace(memory=64, processes=True))
        with pytest.raises(MemoryError):
            _ = np.ones(10**8)
        assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == LIMITS.files << 20
        limit(LIMITS._replace(memory=64_000))
        with pytest.raises(MemoryError):
            _ = np.ones(10**8)

    assert run_in_a_child(greedy) == 0


def test_where_nobody_tells_of_processes_less_is_limited(tmp_path: Path) -> None:
    assert address_space(tmp_path) is None
    assert not descendants(os.getpid(), tmp_path)
    assert "memory is not limited" in not_limited(0, tmp_path)
    assert "by Python alone" in not_limited(0, tmp_path)
    assert "by Python alone" not in not_limited(3, tmp_path)

    def limited() -> None:
        before = resource.getrlimit(resource.RLIMIT_AS)
        limit(LIMITS, tmp_path)
        assert resource.getrlimit(resource.RLIMIT_AS) == before

    assert run_in_a_child(limited) == 0


@LINUX
def test_an_administrators_processes_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert not_limited(3) == "the system does not count an administrator's processes"
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert not_limited(3) == ""


@LINUX
def test_children_of_children_are_found_and_ended() -> None:
    def watch() -> None:
        assert kernel.inherit_orphans()
        reading, writing = os.pipe()

        def child() -> None:
            if os.fork() == 0:
                os.setsid()
                _ = os.write(writing, b"x")
                time.sleep(600)
            time.sleep(600)

        first = forked(child)
        assert os.read(reading, 1) == b"x"
        assert len(descendants(os.getpid())) == 2
        assert end_all(first) == signal.SIGKILL
        assert not descendants(os.getpid())
        assert end_all(first) is None

    assert run_in_a_child(watch) == 0


def test_what_cannot_be_ended_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.0)

    def watch() -> None:
        child = forked(lambda: time.sleep(600))
        assert end_all(child) is None
        _ = os.waitpid(child, 0)

    assert run_in_a_child(watch) == 0


@pytest.mark.skipif(not kernel.landlock_version(), reason="this kernel has no Landlock")
@pytest.mark.parametrize("version", [1, 3, 4, 7])
def test_the_kernel_refuses_to_write_elsewhere(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = kernel.landlock_version()
    monkeypatch.setattr(kernel, "landlock_version", lambda: min(version, newest))
    mine = tmp_path / "mine"
    mine.mkdir()

    def confined() -> None:
        assert kernel.may_write_only([mine, Path(os.devnull)])
        assert (mine / "new").write_text("x", encoding="utf-8") == 1
        assert Path(os.devnull).write_text("x", encoding="utf-8") == 1
        with pytest.raises(PermissionError):
            _ = (tmp_path / "new").write_text("x", encoding="utf-8")

    assert run_in_a_child(confined) == 0
    assert not (tmp_path / "new").exists()


def test_without_landlock_nothing_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "landlock_version", lambda: 0)
    assert not kernel.may_write_only([tmp_path])
    monkeypatch.setattr(kernel, "landlock_version", lambda: 99)
    monkeypatch.setattr(kernel, "CREATE_RULESET", -1)
    assert not kernel.may_write_only([tmp_path])
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not kernel.inherit_orphans()
    kernel.end_with_parent(signal.SIGTERM)


def endless() -> None:
    while True:
        pass


def deaf() -> None:
    try:
        endless()
    except BaseException:
        endless()


def late() -> None:
    try:
        time.sleep(60)
    finally:
        time.sleep(2 * AGAIN)


def ended_after(code: Callable[[], None], *, by_grader: bool = False) -> str:
    """The words about a submission that runs this code."""

    def work(meter: Meter) -> Outcome:
        with meter():
            code() if by_grader else entered(code, [])
        return Outcome()

    return in_time(work, new_clock(), 0.05).error


def test_the_end_of_its_time_says_the_line() -> None:
    said = ended_after(endless)
    assert said.startswith("takes longer than 0.05 s: at the end it ran ")
    assert said.endswith(", in endless")
    assert ended_after(lambda: time.sleep(60), by_grader=True) == "takes longer than 0.05 s"


def test_who_catches_the_end_of_its_time_is_told_again() -> None:
    assert "in endless" in ended_after(deaf)


def test_who_is_on_the_way_out_is_not_told_again() -> None:
    assert ended_after(late, by_grader=True) == "takes longer than 0.05 s"


def test_only_a_submissions_own_time_counts() -> None:
    clock = new_clock()

    def work(meter: Meter) -> Outcome:
        time.sleep(0.1)
        with meter():
            time.sleep(0.02)
            assert 0.02 <= spent(clock) < 60
        before = spent(clock)
        time.sleep(0.02)
        assert spent(clock) == before
        clock[:] = FIELDS.pack(0.0, 60.0)
        with meter():
            raise AssertionError("its time is over")

    assert in_time(work, clock, 60.0) == Outcome(error="takes longer than 60 s")


def test_a_search_ends_in_time_and_leaves_no_timer() -> None:
    with pytest.raises(TimeUp), at_most(0.02):
        endless()
    with at_most(0.02):
        pass
    begin = time.process_time()
    while time.process_time() < begin + 0.05:
        pass


def test_several_run_at_a_time_and_one_that_dies_stops_none() -> None:
    def judge(thing: int) -> Outcome:
        if thing == 1:
            os._exit(9)
        return Outcome(function=str(thing))

    idle: list[None] = []
    found = dict(pool.outcomes(range(5), judge, 2, lambda: idle.append(None)))
    assert found.pop(1).error == "could not be graded: the process that watched it has ended"
    assert {thing: one.function for thing, one in found.items()} == {n: str(n) for n in found}
    assert sorted(found) == [0, 2, 3, 4]
    assert idle


def test_who_stops_early_leaves_no_process(tmp_path: Path) -> None:
    def judge(thing: int) -> Outcome:
        if thing:
            try:
                (tmp_path / "started").touch()
                time.sleep(600)
            finally:
                (tmp_path / "tidied").touch()
        while not (tmp_path / "started").exists():
            time.sleep(0.01)
        return Outcome()

    before = descendants(os.getpid())  # such as what multiprocessing leaves of other tests
    running = pool.outcomes([1, 0], judge, 2, lambda: None)
    assert next(running)[0] == 0
    assert descendants(os.getpid()) > before
    running.close()
    assert descendants(os.getpid()) <= before
    assert (tmp_path / "tidied").exists()


def test_a_folder_is_removed_whatever_it_has_become(tmp_path: Path) -> None:
    folder = tmp_path / "cell"
    (folder / "closed" / "inside").mkdir(parents=True)
    (folder / "link").symlink_to(tmp_path, target_is_directory=True)
    (folder / "closed").chmod(0)
    remove(folder)
    assert list(tmp_path.iterdir()) == []


class System:
    """The C library of a kernel with this version of Landlock, which refuses one call."""

    def __init__(self, version: int, refused: int = 0) -> None:
        self.version, self.refused = version, refused
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, _name: None) -> "System":
        return self

    def prctl(self, *arguments: Any) -> int:
        self.calls.append(("prctl", *arguments))
        return 0

    def syscall(self, number: int, *arguments: Any) -> int:
        self.calls.append((number, *arguments))
        if number == self.refused:
            return -1
        if number == kernel.CREATE_RULESET:
            return self.version if arguments[0] is None else os.dup(0)
        return 0


@pytest.mark.parametrize(("version", "size"), [(1, 8), (2, 8), (3, 8), (4, 16), (6, 24), (7, 24)])
def test_the_kernel_is_asked_for_what_it_knows(
    version: int, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    system = System(version)
    monkeypatch.setattr(kernel.ctypes, "CDLL", system)
    assert kernel.may_write_only([tmp_path, Path(os.devnull)])
    (ruleset,) = (call[1] for call in system.calls if call[0] == kernel.CREATE_RULESET and call[1])
    assert len(ruleset) == size
    rules = [call for call in system.calls if call[0] == kernel.ADD_RULE]
    assert len(rules) == 2
    folder, file = (int.from_bytes(call[3][:8], sys.byteorder) for call in rules)
    assert folder == int.from_bytes(ruleset[:8], sys.byteorder)
    assert file == folder & kernel.ON_A_FILE
    assert not kernel.may_write_only([]) or system.calls[-1][0] == kernel.RESTRICT_SELF


@pytest.mark.parametrize("refused", [kernel.ADD_RULE, kernel.RESTRICT_SELF])
def test_what_the_kernel_refuses_is_not_promised(
    refused: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(kernel.ctypes, "CDLL", System(7, refused))
    assert not kernel.may_write_only([tmp_path])


def test_a_function_that_is_replaced_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    before = functions_loaded({name: sys.modules[name] for name in ("json", "numpy", "math")})
    assert replaced_since(before) == ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "abs", np.zeros_like)
        assert replaced_since(before) == "numpy.abs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json.decoder.JSONDecoder, "decode", len)
        patch.setattr(np, "new", len, raising=False)
        assert replaced_since(before) == ""
        both = functions_loaded({"json.decoder": json.decoder, "warnings": warnings})
    assert replaced_since(both) == "json.decoder.JSONDecoder.decode"
    monkeypatch.delitem(sys.modules, "math")
    assert replaced_since(before).startswith("math.")
