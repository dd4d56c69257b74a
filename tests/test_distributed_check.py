"""A check in every process of a group: one report in all, each mistake named, nobody accused."""

import re
import subprocess
import sys
import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref.distributed.group import Processes, ProcessLost
from autograd_ref.distributed.shards import Division
from autograd_ref.report.report import Report
from manual_backprop import NetworkShape, Parameters, initialize
from tests import general_steps, parallel_steps
from tests.pages import ROOT, blocks
from tests.parallel_steps import MISTAKES, RIGHT
from tests.process_groups import ProcessGroup
from tests.thorough import by_profile
from tests.tracing import untraced

pytestmark = pytest.mark.skipif(
    not parallel_steps.distributed.is_available(), reason="PyTorch without torch.distributed"
)

SIZES = [2, 3, 4]
Shard = tuple[Parameters, Any, Any]


@pytest.fixture(scope="module", params=SIZES)
def group(request: pytest.FixtureRequest) -> Generator[ProcessGroup]:
    with untraced():
        found = ProcessGroup(request.param)
    with found:
        yield found


@pytest.fixture(scope="module")
def pair() -> Generator[ProcessGroup]:
    with ProcessGroup(2) as found:
        yield found


def shards(seed: int, counts: list[int], dtype: str = "float64") -> list[Shard]:
    """Random parameters, which all processes have, and a random shard for each."""
    random = np.random.default_rng(seed)
    shape = NetworkShape(*(int(n) for n in random.integers(2, 6, size=3)))
    p = initialize(shape, seed, std=1.0, dtype=dtype)
    return [
        (
            p,
            random.normal(size=(n, shape.inputs)).astype(dtype),
            random.integers(shape.outputs, size=n),
        )
        for n in counts
    ]


def drawn(seed: int, size: int, *, least: int = 1) -> list[Shard]:
    """Shards of different sizes; target rows, since labels of another shard may be right."""
    random = np.random.default_rng(seed)
    counts = random.integers(least, 9, size=size)
    counts[0] = counts[-1] + 1
    return [
        (p, X, random.dirichlet(np.ones(len(p.b1)), size=len(X)))
        for p, X, _labels in shards(seed, counts.tolist())
    ]


def report_of(group: ProcessGroup, name: str, given: list[Shard]) -> Report:
    """The report that all processes have."""
    found = group.call(parallel_steps.checked, [(name, *shard) for shard in given])
    assert all(isinstance(one, Report) for one in found), found
    assert len({one.to_json() for one in found}) == 1
    assert len({str(one) for one in found}) == 1
    return found[0]


@pytest.mark.long
@pytest.mark.parametrize("name", RIGHT)
def test_no_right_step_is_accused(group: ProcessGroup, name: str) -> None:
    for seed in range(by_profile(dev=1, ci=1, thorough=20)):
        report = report_of(group, name, drawn(seed, len(group.processes), least=0))
        assert report.passed, report


@pytest.mark.long
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_and_named(group: ProcessGroup, name: str) -> None:
    kind = MISTAKES[name][1]
    least = 3 if kind == "unequal batches" else 1  # fewer make no batches
    for seed in range(by_profile(dev=1, ci=1, thorough=20)):
        report = report_of(group, name, drawn(seed, len(group.processes), least=least))
        assert report.verdict == "mismatch", name
        assert kind in [cause.kind for cause in report.causes], report


def test_with_equal_shards_the_mean_of_means_is_right(pair: ProcessGroup) -> None:
    assert report_of(pair, "mean_of_means", shards(0, [4, 4])).passed


@pytest.mark.parametrize("name", MISTAKES)
def test_the_causes_of_a_pair(pair: ProcessGroup, name: str) -> None:
    report = report_of(pair, name, shards(1, [5, 4]))
    assert report.causes[0].kind in (MISTAKES[name][1], "sum over processes")
    assert report.causes[0].residual < 1e-9 or name in ("own_parameters", "to_the_first")


def test_parameters_that_differ_where_the_check_is_called(pair: ProcessGroup) -> None:
    (p, X, Y), other = shards(2, [5, 4])
    moved = Parameters(*(block + 0.1 for block in p))
    report = report_of(pair, "weighted", [(p, X, Y), (moved, *other[1:])])
    assert [cause.kind for cause in report.causes] == ["parameters out of step"]
    assert "those of process 1 are not those of process 0" in report.causes[0].explanation


def test_one_process_that_differs_is_judged(pair: ProcessGroup) -> None:
    report = report_of(pair, "one_not_reduced", shards(3, [5, 4]))
    assert {b.name: b.verdict for b in report.blocks}["W1"] == "match"
    assert "processes differ" in [note.kind for note in report.warnings]


@pytest.mark.parametrize(
    ("counts", "options", "kinds"),
    [
        ((4, 4), {}, []),
        ((4, 7), {}, ["mean of shards' means"]),
        ((4, 7), {"weigh": True}, []),
        ((5, 5), {"again": True}, ["sum over processes", "reduced twice"]),
    ],
)
def test_a_distributed_module(
    pair: ProcessGroup, counts: tuple[int, int], options: dict[str, bool], kinds: list[str]
) -> None:
    random = np.random.default_rng(0)
    given = [(random.normal(size=(n, 4)).astype("f"), random.integers(3, size=n)) for n in counts]
    found = pair.call(_module, [(*shard, options) for shard in given])
    assert [cause.kind for cause in found[0].causes] == kinds, found[0]
    assert found[0].passed == (not kinds)
    assert "loss of the shard" in [note.kind for note in found[0].warnings]


def _module(X: Any, Y: Any, options: dict[str, bool]) -> Report:
    return parallel_steps.checked_module(X, Y, **options)


def test_a_function_that_raises_in_all_processes_raises_in_all(pair: ProcessGroup) -> None:
    given = shards(4, [5, 4])
    small = [(Parameters(*(block / 9 for block in p)), X, Y) for p, X, Y in given]
    found = pair.call(parallel_steps.checked, [("raises_elsewhere", *one) for one in small])
    assert [repr(error) for error in found] == ["ValueError('W0 is small')"] * 2


def test_a_function_that_refuses_other_parameters_is_told(pair: ProcessGroup) -> None:
    given = shards(4, [5, 4])
    p = given[0][0]
    large = Parameters(*(block / np.abs(block).max() * 0.501 for block in p))
    report = report_of(pair, "raises_elsewhere", [(large, X, Y) for _p, X, Y in given])
    assert report.verdict == "match"
    assert "fails in some calls" in [note.kind for note in report.findings]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("raises_in_one", "process 1 raised ArithmeticError: no samples", "no samples today"),
        (
            "dies",
            "process 1 has not come to the end of a call: it has ended, or hangs",
            "has ended",
        ),
        ("hangs", "process 1 has not come to the end of a call: it has ended, or hangs", ""),
    ],
)
def test_a_process_that_raises_ends_or_hangs_ends_the_check_in_all(
    name: str, first: str, last: str
) -> None:
    with ProcessGroup(2, timedelta(seconds=25)) as group:
        group.start(parallel_steps.checked, [(name, *shard) for shard in shards(5, [5, 4])])
        begun = time.monotonic()
        error = group.result(0)
        assert time.monotonic() - begun < 120
        assert type(error).__name__ == "ProcessLost"
        assert str(error).startswith(first)
        if last:
            assert last in str(group.result(1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda p, X, Y: (p, X[:, :1], Y),
            "data[0] has shape (4, 1) and dtype float64 in process 1",
        ),
        (lambda p, X, Y: (p, X.astype("f"), Y), "data[0] has shape (4, "),
        (lambda p, X, Y: (p, X), "data of process 1 holds other arrays than that of process 0"),
        (lambda p, X, Y: (p, X, Y[:2]), "data[1] differs between process 0 and process 1"),
        (lambda p, X, Y: (p._replace(b0=p.b0[:1]), X, Y), "parameters['b0'] has shape (1,)"),
        (lambda p, X, Y: (None, X, Y), "parameters of process 1 holds other arrays"),
    ],
)
def test_arguments_that_make_no_batch_are_told_in_all_processes(
    pair: ProcessGroup, change: Any, said: str
) -> None:
    first, second = shards(6, [5, 4])
    calls = [("weighted", *first), ("weighted", *change(*second))]
    found = pair.call(parallel_steps.checked, calls)
    assert {type(error) for error in found} == {ValueError}
    assert len({str(error) for error in found}) == 1
    assert str(found[0]).startswith(said)


def test_no_samples_in_any_process(pair: ProcessGroup) -> None:
    found = pair.call(parallel_steps.checked, [("weighted", *one) for one in shards(6, [0, 0])])
    assert {str(error) for error in found} == {
        "data holds no samples in any process; each needs its shard of a batch"
    }


def test_the_page_shows_what_torchrun_prints(tmp_path: Path) -> None:
    page = (ROOT / "autograd_ref/distributed/README.md").read_text(encoding="utf-8")
    code = next(block for block in blocks(page) if block.mark == "file: step.py").text
    shown = [line[4:] for line in page.splitlines() if line.startswith("    ") or not line]
    begin, end = (next(i for i, one in enumerate(shown) if said in one) for said in ENDS)
    _ = (tmp_path / "step.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*command, str(tmp_path / "step.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert figures_left_out("\n".join(shown[begin : end + 1])) in figures_left_out(done.stdout)


def figures_left_out(text: str) -> str:
    return re.sub(r"[\d.]+(e-\d+)?", "#", text)


ENDS = "Mismatch: gradient is wrong.", "all_reduce of the sums, and of the counts."


X9 = np.random.default_rng(7).normal(size=(9, 3))


def general(group: ProcessGroup, name: str, loss: str = "total", cut: int = 5) -> list[Any]:
    return group.call(general_steps.checked, [(name, loss, X9[:cut]), (name, loss, X9[cut:])])


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("summed", []),
        ("averaged", ["divided by the processes"]),
        ("of_another_loss", []),
        ("with_wrong_loss", []),
        ("without_b", []),
        ("of_another_shape", []),
    ],
)
def test_a_sum_over_samples(pair: ProcessGroup, name: str, kinds: list[str]) -> None:
    found = general(pair, name)[0]
    assert found.passed == (name == "summed"), found
    assert [cause.kind for cause in found.causes] == kinds


def test_tensors_are_divided_and_handed_out(pair: ProcessGroup) -> None:
    X = torch.from_numpy(X9)
    calls = [("in_tensors", "total", X[:5]), ("in_tensors", "total", X[5:])]
    assert pair.call(general_steps.checked, calls)[0].passed


def test_an_empty_shard_is_no_shard_left_out(pair: ProcessGroup) -> None:
    found = general(pair, "averaged", cut=9)[0]
    assert "divided by the processes" in [cause.kind for cause in found.causes]


def test_without_the_loss_of_a_shard_no_step_is_named(pair: ProcessGroup) -> None:
    found = general(pair, "averaged", "of_nine")[0]
    assert found.verdict == "mismatch"
    assert [cause.kind for cause in found.causes] == ["half"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises_alone", "ProcessRaised('process 1 raised ArithmeticError: not here')"),
        ("raises_what_cannot_be_sent", "RuntimeError('Unsendable: 2 and 5')"),
    ],
)
def test_errors_reach_all_processes(pair: ProcessGroup, name: str, said: str) -> None:
    own, other = pair.call(_raised, [(name, "total", X9[:5]), (name, "total", X9[5:])])
    assert other == said
    assert own == said.replace("RuntimeError('Unsendable: ", "Unsendable('")


def _raised(*arguments: Any) -> str:
    with pytest.raises(Exception) as raised:
        _ = general_steps.checked(*arguments)
    return repr(raised.value)


def test_where_one_process_alone_checks_it_is_told() -> None:
    given = shards(5, [5, 4])
    with ProcessGroup(2, timedelta(seconds=25)) as group:
        group.start(_checked_by_the_first, [("weighted", *shard) for shard in given])
        said = "process 1 has not called check_gradients within 25 s: in a group every process"
        assert str(group.result(0)).startswith(said)


def _checked_by_the_first(*arguments: Any) -> Report | None:
    return parallel_steps.checked(*arguments) if parallel_steps.rank() == 0 else None


def test_arguments_of_one_process_that_cannot_be_used(pair: ProcessGroup) -> None:
    circle: list[Any] = []
    circle.append(circle)
    found = pair.call(_with_parameters, [([1.0],), (circle,)])
    assert str(found[0]).startswith("the arguments of process 1 cannot be used: parameters cont")
    assert {type(error) for error in found} == {ValueError}


def _with_parameters(p: Any) -> Report:
    return general_steps.check_gradients(general_steps.summed, p, X9, 1.0, "", loss=None)


class NobodyComes:
    """A store in which the others put nothing."""

    def set(self, _key: str, _value: str) -> None:
        """Forget it."""

    def wait(self, _keys: list[str], _timeout: timedelta) -> None:
        raise RuntimeError("wait timeout")

    def check(self, _keys: list[str]) -> bool:
        return False


def test_a_process_that_raises_does_not_wait_for_ever() -> None:
    def raises() -> None:
        raise ArithmeticError("no samples today")

    with pytest.raises(ArithmeticError, match="no samples today"):
        _ = Processes(1, 2, None, NobodyComes(), "a check").call(1, raises)


def test_a_process_that_waits_for_an_answer_in_vain_says_whose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def closed(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("connection closed by peer")

    monkeypatch.setattr(parallel_steps.distributed, "gather_object", closed)
    said = "process 0 has not come to the end of a call: it has ended, or hangs. In process 1: Run"
    with pytest.raises(ProcessLost, match=said):
        _ = Processes(1, 2, None, NobodyComes(), "a check").gathered(3)


def test_other_batches_are_divided_evenly() -> None:
    assert Division((5, 4), frozenset()).ends(9) == [(0, 5), (5, 9)]
    assert Division((5, 4), frozenset()).ends(3) == [(0, 1), (1, 3)]
    assert Division((5, 4), frozenset()).ends(0) == [(0, 0), (0, 0)]
