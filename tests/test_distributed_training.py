"""`crosscheck train --distributed`: the run of one process, in several, and what ends it."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from autograd_ref.assignment import training
from autograd_ref.commands.guard import guarded
from autograd_ref.commands.train import samples
from manual_backprop import Parameters
from tests.process_groups import ProcessGroup

SHORT = ["train", "--standardise", "--iterations", "6", "--optimiser", "nesterov"]
EARLY = 3
"""The iteration at which something happens."""


class Ended(NamedTuple):
    """How a command ended in one process."""

    status: int
    out: str
    error: str


def trained(arguments: Sequence[str], happens: str = "", limit: int = 0) -> Ended:
    """Run the command in a process of a group; something happens in that of rank 1."""
    if happens and os.environ["RANK"] == "1":
        _happening(happens)
    if limit:
        _limit_memory(limit)
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        status = guarded(arguments)
    return Ended(status, out.getvalue(), error.getvalue())


def _happening(what: str) -> None:
    right, calls = training._on_test, list[None]()  # pyright: ignore[reportPrivateUsage]

    def then(*arguments: Any) -> float | None:
        calls.append(None)
        if len(calls) == EARLY:
            if what == "raises":
                raise ArithmeticError("no samples today")
            signal.raise_signal(getattr(signal, what))  # in this thread, and at once
        return right(*arguments)

    training._on_test = then  # pyright: ignore[reportPrivateUsage]


def _limit_memory(extra: int) -> None:
    import resource

    _ = np.ones((400, 400)) @ np.ones((400, 400))  # BLAS takes its memory
    _ = torch.ones(400, 400) @ torch.ones(400, 400)
    text = Path("/proc/self/status").read_text()
    most = 1024 * int(re.search(r"VmData:\s+(\d+) kB", text)[1]) + extra  # pyright: ignore[reportOptionalSubscript]
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


@pytest.fixture(scope="module")
def pair() -> Generator[ProcessGroup]:
    with ProcessGroup(2, joined=False) as found:
        yield found


def in_processes(group: ProcessGroup, *arguments: str) -> list[Ended]:
    return group.call(trained, [([*arguments, "--distributed"],)] * len(group.processes))


def model(folder: Path, name: str = "nesterov") -> np.ndarray[Any, Any]:
    return Parameters.from_json((folder / f"{name}.json").read_text()).to_vector()


def test_several_processes_train_as_one_does(tmp_path: Path, pair: ProcessGroup) -> None:
    assert guarded([*SHORT, "--output", str(tmp_path / "one")]) == 0
    with ProcessGroup(3, joined=False) as three:
        runs = [
            (group, folder, in_processes(group, *SHORT, "--output", str(tmp_path / folder)))
            for group, folder in ((pair, "two"), (pair, "again"), (three, "three"))
        ]
    for group, folder, found in runs:
        count = len(group.processes)
        assert [one.status for one in found] == [0] * count, found
        assert f"in {count} processes\n" in found[0].out
        assert [one.out + one.error for one in found[1:]] == [""] * (count - 1)
        far = np.abs(model(tmp_path / folder) - model(tmp_path / "one")).max()
        assert far < 1e-14
    same = {f.name: f.read_bytes() for f in (tmp_path / "two").iterdir()}
    assert same == {f.name: f.read_bytes() for f in (tmp_path / "again").iterdir()}
    assert {"nesterov.json", "report.html", "loss.png"} <= same.keys()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("SIGKILL", "another process has ended"),
        ("raises", "process 1 raised ArithmeticError: no samples today"),
        ("SIGINT", "process 1 raised KeyboardInterrupt: "),
        ("SIGSTOP", "another process has not answered in time; it hangs, or has ended"),
    ],
)
def test_a_process_that_ends_or_hangs_ends_the_others(tmp_path: Path, what: str, said: str) -> None:
    folder = tmp_path / "out"
    arguments = [*SHORT, "--distributed", "--timeout", "20", "--output", str(folder)]
    with ProcessGroup(2, joined=False) as group:
        group.start(trained, [(arguments, what)] * 2)
        found = group.result(0)
        assert found == found._replace(status=2, error=f"crosscheck: the group has ended: {said}\n")
        assert "Interrupted: all that was not done by then is missing" in found.out
        assert {f.suffix for f in folder.iterdir()} == {".json", ".png", ".svg", ".html"}
        if what in ("raises", "SIGINT"):
            other = group.result(1)
            assert other.status == {"raises": 2, "SIGINT": 130}[what]
            assert other.out == ""


@pytest.mark.parametrize(("local", "threads"), [("1", 6), ("2", 3), ("4", 1), ("8", 1)])
def test_processes_of_one_machine_share_its_cores(
    monkeypatch: pytest.MonkeyPatch, local: str, threads: int
) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", local)
    monkeypatch.setattr(samples, "usable_cores", lambda: 6)
    assert samples.own_cores() == threads


def test_without_torchrun_there_is_no_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded([*SHORT, "--distributed"]) == 2
    assert "--distributed cannot join a group: MASTER_ADDR, MASTER" in capsys.readouterr().err


def test_a_backend_that_there_is_not() -> None:
    with ProcessGroup(1, joined=False) as group:
        arguments = [*SHORT, "--distributed", "--backend", "pigeons"]
        (found,) = group.call(trained, [(arguments,)])
    assert found.status == 2
    assert "crosscheck: --distributed cannot join a group: AssertionError: Unknown" in found.error


def test_torchrun_starts_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    file = tmp_path / "found.json"
    arguments = [*SHORT, "--distributed", "--json", str(file)]
    done = subprocess.run(
        [*command, "-m", "autograd_ref", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(file.read_text())["processes"] == 2


def files(folder: Path, X: Any, Y: Any) -> list[str]:
    np.save(folder / "X.npy", X)
    np.save(folder / "Y.npy", Y)
    return ["--data", str(folder / "X.npy"), "--targets", str(folder / "Y.npy")]


@pytest.mark.parametrize("rows", [False, True])
def test_files_are_trained_on(tmp_path: Path, pair: ProcessGroup, *, rows: bool) -> None:
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(30, 5)).astype("f"), random.integers(4, size=30)
    given = files(tmp_path, X, np.eye(4)[Y] if rows else Y)
    arguments = ["train", *given, "--iterations", "5", "--step", "0.1"]
    folders = tmp_path / "one", tmp_path / "two"
    assert guarded([*arguments, "--output", str(folders[0])]) == 0
    found = in_processes(pair, *arguments, "--output", str(folders[1]))
    assert [one.status for one in found] == [0, 0], found
    assert "X.npy: 30 samples to train on, seed 0" in found[0].out
    assert np.abs(model(folders[0]) - model(folders[1])).max() < 1e-14
    assert len(model(folders[0])) == 16 * (5 + 1) + 4 * (16 + 1)
    assert " - " in found[0].out  # there are no samples to test with


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_a_batch_larger_than_the_memory_of_a_process(tmp_path: Path) -> None:
    shape, limit = (24_000, 4_000), 192 << 20
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, shape)
    X[:: shape[0] // 10, :3] = 1.0  # a sparse file: its other pages are zeros
    X.flush()
    np.save(tmp_path / "Y.npy", np.arange(shape[0]) % 3)
    assert X.nbytes > 1.5 * limit
    given = ["--data", str(tmp_path / "X.npy"), "--targets", str(tmp_path / "Y.npy")]
    arguments = ["train", *given, "--iterations", "1", "--hidden", "2", "--optimiser", "steepest"]
    with ProcessGroup(2, joined=False) as group:
        found = group.call(trained, [([*arguments, "--distributed"], "", limit)] * 2)
        refused = group.call(_reads_whole, [(str(tmp_path / "X.npy"),)] * 2)
    assert [one.status for one in found] == [0, 0], found
    assert refused == ["MemoryError"] * 2


def _reads_whole(name: str) -> str:
    try:
        return str(np.load(name).shape)
    except MemoryError:
        return "MemoryError"


@pytest.mark.parametrize(
    ("X", "Y", "said"),
    [
        (np.ones(3), np.ones(3, int), "--data holds an array of dtype float64 and shape (3,)"),
        (np.ones((3, 2), int), np.ones(3, int), "--data holds an array of dtype int64"),
        (np.ones((3, 2)), np.ones(3), "--targets holds an array of dtype float64 and shape (3,)"),
        (np.ones((3, 2)), np.ones((3, 1, 1)), "--targets holds an array of dtype float64"),
        (np.ones((3, 2)), np.ones(4, int), "--data has 3 rows and --targets 4"),
        (np.ones((0, 2)), np.ones(0, int), "--data has 0 rows and --targets 0"),
    ],
)
def test_files_that_do_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], X: Any, Y: Any, said: str
) -> None:
    assert guarded(["train", *files(tmp_path, X, Y)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "X.npy"], "--data and --targets go together"),
        (["--data", "X", "--targets", "Y", "--standardise"], "--standardise is for the penguins"),
        (["--distributed", "--mistake", "twice (W1)"], "--mistake is for the penguins"),
        (["--data", "/nowhere.npy", "--targets", "Y"], "cannot read --data '/nowhere.npy'"),
        (["--data", __file__, "--targets", "Y"], f"cannot read --data '{__file__}' as a .npy file"),
    ],
)
def test_options_that_do_not_go_together(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    try:
        status = guarded(["train", *arguments])
    except SystemExit as error:
        status = error.code
    assert status == 2
    assert said in capsys.readouterr().err
