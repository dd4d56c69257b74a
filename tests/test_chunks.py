"""The batch in chunks: the same bits for any number of threads, and memory that stays small."""

import os
import subprocess
import sys
import threading
import time
import tracemalloc
from _thread import start_new_thread
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from autograd_ref.assignment.bounds import rounding_bounds
from autograd_ref.assignment.problems import Problem, problems
from autograd_ref.rounding.arithmetic import Forms
from manual_backprop import (
    NetworkShape,
    Parameters,
    batched,
    chunks,
    initialize,
    loss,
    loss_and_gradients,
    network,
)
from manual_backprop.backends import Backend
from manual_backprop.chunks import planned
from manual_backprop.network import Contribution, backward
from manual_backprop.threads import Queue, one_blas_thread, usable_cores, work_off
from tests.agreement import assert_untouched_and_unshared

pytestmark = pytest.mark.usefixtures("each_backend")

Result = tuple[float, Parameters]
SHAPES = [((4, 16, 3), 342), ((30, 40, 10), 500), ((50, 40, 10), 300), ((3, 40, 50), 100)]
LARGE = (4, 64, 3), 30_000
"""Enough for several lanes, as it is."""


def problem(shape: tuple[int, int, int], samples: int, dtype: Any = np.float64) -> Problem:
    random = np.random.default_rng(0)
    X = random.normal(size=(samples, shape[0])).astype(dtype)
    labels = random.integers(shape[2], size=samples)
    return Problem(initialize(NetworkShape(*shape), seed=0, dtype=dtype), X, labels)


def same_bits(one: Result, two: Result) -> bool:
    return one[0] == two[0] and all(map(np.array_equal, one[1], two[1]))


def lanes_of(shape: tuple[int, int, int], samples: int) -> list[range]:
    inputs, hidden, outputs = shape
    return batched.planned(hidden, inputs, outputs, samples, 8).lanes


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that small problems have many of everything."""
    monkeypatch.setattr(chunks, "CHUNK", 512)
    monkeypatch.setattr(chunks, "LEAST", 8)
    monkeypatch.setattr(chunks, "LANE", 1e3)
    monkeypatch.setattr(chunks, "SHORT_LANE", 1e3)
    monkeypatch.setattr(chunks, "ONE_THREAD_ANYWAY", {"vector": 0, "matrix": 0})
    monkeypatch.setattr(batched, "planned", planned.__wrapped__)  # without memory of other limits


def the_bits_are_those_of_one_thread(
    given_problem: Problem, counts: Sequence[int | None] = (2, 3, 4, None)
) -> None:
    """The gradients' and the loss's, for each of the counts of threads."""
    alone = loss_and_gradients(*given_problem, threads=1)
    for threads in counts:
        assert same_bits(loss_and_gradients(*given_problem, threads=threads), alone)
        assert loss(*given_problem, threads=threads) == alone[0]


@pytest.mark.untraced
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("shape", "samples"), SHAPES)
def test_the_number_of_threads_changes_no_bit(
    shape: tuple[int, int, int], samples: int, dtype: Any
) -> None:
    assert len(lanes_of(shape, samples)) > 2
    the_bits_are_those_of_one_thread(problem(shape, samples, dtype))


def test_nor_does_it_where_nothing_is_made_small_for_a_test() -> None:
    assert len(lanes_of(*LARGE)) > 1
    the_bits_are_those_of_one_thread(problem(*LARGE))


@pytest.mark.untraced
@pytest.mark.usefixtures("small_chunks")
def test_a_hundred_runs_give_the_same_bits() -> None:
    given_problem = problem((4, 16, 3), 342)
    first = loss_and_gradients(*given_problem, threads=4)
    runs = (loss_and_gradients(*given_problem, threads=4) for _run in range(100))
    assert all(same_bits(found, first) for found in runs)


@pytest.mark.parametrize(
    ("shape", "samples"),
    [*SHAPES, LARGE, ((2, 2, 2), 15_000), ((1, 2, 2), 30_000), ((4, 64, 3), 300)],
)
def test_the_threads_of_blas_change_no_bit(shape: tuple[int, int, int], samples: int) -> None:
    given_problem = problem(shape, samples)
    found: list[Result] = []
    for limit in (1, 2, 4):
        with threadpool_limits(limit, user_api="blas"):
            found.append(loss_and_gradients(*given_problem))
    assert all(same_bits(one, found[0]) for one in found)


@pytest.mark.untraced
@pytest.mark.usefixtures("small_chunks")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems(max_samples=40), st.integers(1, 4))
def test_many_lanes_and_chunks_are_within_the_same_bounds(
    given_problem: Problem, threads: int
) -> None:
    value, gradients = loss_and_gradients(*given_problem, threads=threads)
    assert loss(*given_problem) == value or not np.isfinite(value)
    whole = backward(*given_problem).gradients
    bounds = rounding_bounds(*given_problem, forms=Forms.STABLE)
    for name, found in gradients._asdict().items():
        assert (np.abs(found - getattr(whole, name)) <= 2 * bounds[name]).all(), name


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("samples", [1, 2, 7, 64, 1000, 100_000])
def test_a_batch_is_divided_completely(samples: int) -> None:
    lanes = lanes_of((4, 16, 3), samples)
    rows = [
        s
        for lane in lanes
        for start in lane
        for s in range(start, min(start + lane.step, lane.stop))
    ]
    assert rows == list(range(samples))


@pytest.mark.parametrize(
    ("shape", "samples", "lanes", "chunk"),
    [
        ((4, 64, 3), 1_024, 1, 1_024),  # one chunk in cache
        ((64, 100, 10), 1_797, 2, 655),  # enough for two threads
        ((784, 128, 10), 256, 2, 794),  # and for no more of them, with 128 samples each
        ((784, 128, 10), 512, 4, 794),
        ((64, 100, 10), 6_000, 4, 655),  # as many as two threads share evenly, not five
        ((784, 512, 10), 8_192, 10, 794),  # as many samples as a unit has weights
        ((4, 256, 3), 65_536, 30, 256),  # some milliseconds each
        ((4, 10**5, 3), 300, 37, 8),  # wide: memory for a few samples
        ((10**5, 4, 3), 300, 2, 16_384),
    ],
)
def test_lanes_and_chunks_follow_from_the_shape(
    shape: tuple[int, int, int], samples: int, lanes: int, chunk: int
) -> None:
    found = lanes_of(shape, samples)
    assert (len(found), found[0].step) == (lanes, chunk)


@pytest.mark.parametrize(
    ("shape", "samples", "small"),
    [
        ((4, 16, 3), 280, True),
        ((4, 64, 3), 1_024, False),
        ((4, 16, 3), 600, False),  # its sums over samples could wake a thread
        ((100, 1, 2), 100, False),  # and so could products with vectors
        ((100, 1, 2), 80, True),
    ],
)
def test_small_problems_do_without_the_limit_of_blas(
    shape: tuple[int, int, int], samples: int, small: bool
) -> None:
    inputs, hidden, outputs = shape
    assert planned(hidden, inputs, outputs, samples, 8).is_small == small


def peak_of(function: Any, *arguments: Any) -> int:
    function(*arguments)  # what is kept for later is there by now
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def two_threads(*arguments: Any) -> Result:
    return loss_and_gradients(*arguments, threads=2)


@pytest.mark.untraced
@pytest.mark.parametrize("kind", ["labels", "rows"])
def test_memory_does_not_grow_with_the_batch(kind: str) -> None:
    peaks: list[int] = []
    for samples in (200_000, 800_000):
        parameters, X, Y = problem((4, 32, 3), samples)
        targets = np.eye(3)[Y] if kind == "rows" else Y
        peaks.append(peak_of(two_threads, parameters, X, targets))
    assert max(peaks) < 20e6
    assert peaks[1] < peaks[0] + 2e6, "some chunks more that wait; all activations take 150 MB more"


@pytest.mark.untraced
def test_memory_does_not_grow_with_the_hidden_layer_but_by_the_gradients() -> None:
    for hidden in (5_000, 50_000):
        given_problem = problem((2, hidden, 2), 300)
        gradients = 8 * sum(block.size for block in given_problem.parameters)
        assert peak_of(two_threads, *given_problem) < 20e6 + 12 * gradients


@pytest.mark.untraced
def test_memory_does_not_grow_with_inputs_nor_with_strides() -> None:
    parameters, X, Y = problem((32, 1, 2), 131_072)
    assert peak_of(two_threads, parameters, X, Y) < 20e6
    assert peak_of(two_threads, parameters, X, np.repeat(Y, 2)[::2]) < 20e6
    parameters, X, Y = problem((200, 16, 3), 20_000)
    every_other = np.repeat(X, 2, axis=1)[:, ::2]
    assert peak_of(two_threads, parameters, every_other, Y) < 20e6


@pytest.mark.untraced
def test_arrays_on_disk_are_read_chunk_by_chunk(tmp_path: Path) -> None:
    parameters, X, Y = problem((40, 4, 3), 300_000)
    X.tofile(tmp_path / "X")
    Y.tofile(tmp_path / "Y")
    X_on_disk = np.memmap(tmp_path / "X", dtype=X.dtype, mode="r", shape=X.shape)
    Y_on_disk = np.memmap(tmp_path / "Y", dtype=Y.dtype, mode="r", shape=Y.shape)
    found = loss_and_gradients(parameters, X_on_disk, Y_on_disk)
    assert same_bits(found, loss_and_gradients(parameters, X, Y))
    assert X.nbytes > 90e6
    assert peak_of(two_threads, parameters, X_on_disk, Y_on_disk) < 30e6


@pytest.mark.parametrize(
    ("threads", "error", "message"),
    [
        (0, ValueError, "threads is 0; it needs to be at least 1"),
        (1.5, TypeError, "threads is 1.5, of type float; it needs"),
        ("two", TypeError, "threads is 'two', of type str; it needs"),
    ],
)
def test_a_number_of_threads_that_is_none_is_named(
    threads: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        _ = loss_and_gradients(*problem((4, 9, 3), 5), threads=threads)


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info()]


def threads_of_the_process() -> int:
    """Python's and others'; 0 where the system does not list them."""
    folder = Path("/proc/self/task")
    return len([*folder.iterdir()]) if folder.exists() else 0


def watched(monkeypatch: pytest.MonkeyPatch, at: Callable[[int], None]) -> list[int]:
    """Call `at` before each chunk, with how many came before; return all that have begun."""
    begun: list[int] = []

    def gradients_of(*arguments: Any) -> Contribution:
        begun.append(len(begun))
        at(len(begun) - 1)
        return network.gradients_of(*arguments)

    monkeypatch.setattr(batched, "chosen", lambda _name: Backend(network.loss_of, gradients_of))
    return begun


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("stopped", [KeyboardInterrupt, ZeroDivisionError, IndexError])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupted_gradient_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, stopped: type[BaseException], threads: int
) -> None:
    """No other lanes are begun than those that wait, and BLAS has its threads again."""
    given_problem = problem((4, 16, 3), 10_000)
    before = blas_threads()

    def fails(number: int) -> None:
        if number == 3:
            raise stopped("mine")

    running = threads_of_the_process()
    with monkeypatch.context() as patched:
        begun = watched(patched, fails)
        with pytest.raises(stopped, match="mine"):
            _ = loss_and_gradients(*given_problem, threads=threads)
        count = len(begun)
        time.sleep(0.02)
        assert len(begun) == count, "nothing goes on in another thread"
    assert len(begun) < sum(map(len, lanes_of((4, 16, 3), 10_000))) / 4
    assert threads_of_the_process() == running
    assert blas_threads() == before
    assert np.isfinite(loss_and_gradients(*given_problem, threads=3)[0])


@pytest.mark.usefixtures("small_chunks")
def test_an_interrupt_of_the_caller_ends_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a sum is added, the other lanes being under way."""

    def interrupted(*_sums: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        begun = watched(patched, lambda _number: None)
        patched.setattr(batched, "_added", interrupted)
        with pytest.raises(KeyboardInterrupt):
            _ = loss_and_gradients(*problem((4, 16, 3), 10_000), threads=2)
    assert len(begun) < sum(map(len, lanes_of((4, 16, 3), 10_000))) / 4


@pytest.mark.usefixtures("small_chunks")
def test_what_the_caller_has_told_numpy_holds_in_every_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: set[tuple[bool, str]] = set()
    main = threading.current_thread()

    def look(_number: int) -> None:
        found.add((threading.current_thread() is main, np.geterr()["over"]))

    _ = watched(monkeypatch, look)
    for told in ("ignore", "raise"):
        with np.errstate(over=told):
            _ = loss_and_gradients(*problem((4, 16, 3), 200), threads=2)
    assert found == {(False, "ignore"), (False, "raise")}


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("inputs", [4, 50])
def test_chunks_leave_their_arguments_alone_and_share_nothing(inputs: int, threads: int) -> None:
    assert_untouched_and_unshared(
        lambda *given: loss_and_gradients(*given, threads=threads), problem((inputs, 16, 3), 60)
    )


@pytest.mark.usefixtures("small_chunks")
def test_inputs_may_lie_in_memory_as_they_like() -> None:
    parameters, X, Y = problem((50, 16, 3), 60)
    expected = loss_and_gradients(parameters, X, Y)
    for other in (np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X[::-1][::-1]):
        value, gradients = loss_and_gradients(parameters, other, Y)
        assert value == pytest.approx(expected[0], rel=1e-14)
        for block, right in zip(gradients, expected[1], strict=True):
            assert np.allclose(block, right, rtol=1e-12, atol=1e-15)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("given_out", [0, 1, 2])
@pytest.mark.parametrize("fails", [False, True])
def test_where_the_system_gives_no_more_threads_those_there_are_do_all(
    monkeypatch: pytest.MonkeyPatch, given_out: int, fails: bool
) -> None:
    """The caller, where there is none."""
    given_problem = problem((4, 16, 3), 1_000)
    right = loss_and_gradients(*given_problem)
    started: list[int] = []

    def start(function: Any, arguments: Any) -> int:
        if len(started) == given_out:
            raise RuntimeError("can't start new thread")
        started.append(start_new_thread(function, arguments))
        return started[-1]

    monkeypatch.setattr("manual_backprop.threads.start_new_thread", start)
    assert same_bits(loss_and_gradients(*given_problem, threads=3), right)
    assert len(started) == given_out
    if fails:
        given_problem.X[500] = np.nan
        with pytest.raises(ValueError, match=r"X\[500, 0\] is nan"):
            _ = loss_and_gradients(*given_problem, threads=3)


def test_what_has_been_cancelled_is_not_begun() -> None:
    to_do: Queue = SimpleQueue()
    cancelled, wanted = Future[int](), Future[int]()
    assert cancelled.cancel()
    for one in ((cancelled, 1), (wanted, 2), None):
        to_do.put(one)
    done: list[int] = []
    work_off(done.append, to_do)
    assert (done, wanted.done()) == ([2], True)


def test_several_callers_hold_blas_together_and_the_last_lets_go() -> None:
    def threads_of_blas() -> set[int]:
        return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"):
        before = threads_of_blas()
        entered, leave = threading.Event(), threading.Event()

        def other() -> None:
            with one_blas_thread(None):
                entered.set()
                assert leave.wait(10)

        helper = threading.Thread(target=other)
        with one_blas_thread(None):
            helper.start()
            assert entered.wait(10)
        assert threads_of_blas() == {1}, "the other is still inside"
        leave.set()
        helper.join()
        assert threads_of_blas() == before


def test_a_forked_child_is_free_of_its_parents_threads_and_limits() -> None:
    """The parent forks while a gradient of its own is under way in another thread."""
    code = """
import os, sys, threading
import numpy as np
from threadpoolctl import threadpool_info
from manual_backprop import NetworkShape, initialize, loss_and_gradients
from manual_backprop.threads import one_blas_thread

def blas_threads():
    return [library["num_threads"] for library in threadpool_info()]

def gradient():
    X = np.random.default_rng(0).normal(size=(30_000, 4))
    parameters = initialize(NetworkShape(4, 64, 3), 0)
    return loss_and_gradients(parameters, X, np.zeros(30_000, int), threads=2, backend="numpy")[0]

mine, before = gradient(), blas_threads()
entered, leave = threading.Event(), threading.Event()

def inside():
    with one_blas_thread(None):
        entered.set()
        leave.wait()

other = threading.Thread(target=inside)
other.start()
entered.wait()
child = os.fork()
if child == 0:
    os._exit(0 if gradient() == mine and blas_threads() == before else 1)
leave.set()
other.join()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    done = subprocess.run(command, check=False, timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_system_without_affinity_has_all_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores() == (os.cpu_count() or 1)


def test_gradients_share_no_memory() -> None:
    parameters, X, Y = problem((4, 16, 3), 20)
    arrays = [*parameters, X, *loss_and_gradients(parameters, X, Y)[1]]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[i + 1 :])


@pytest.mark.parametrize("place", [0, 150_000, 199_999])
def test_what_is_wrong_is_found_in_whichever_part_of_the_batch(place: int) -> None:
    parameters, X, Y = problem((4, 9, 3), 200_000)
    rows = np.eye(3)[Y]
    rows[place, 0] += 0.5
    with pytest.raises(ValueError, match=rf"Y\[{place}\] sums to"):
        _ = loss_and_gradients(parameters, X, rows)
    labels = Y.copy()
    labels[place] = 3
    with pytest.raises(ValueError, match=rf"Y\[{place}\] is the label 3"):
        _ = loss_and_gradients(parameters, X, labels)
    X[place, 2] = np.nan
    with pytest.raises(ValueError, match=rf"X\[{place}, 2\] is nan"):
        _ = loss_and_gradients(parameters, X, Y)


def test_parameters_may_be_anything_that_becomes_an_array() -> None:
    parameters, X, Y = problem((4, 9, 3), 50)
    lists = Parameters(*(block.tolist() for block in parameters))
    assert same_bits(loss_and_gradients(lists, X, Y), loss_and_gradients(parameters, X, Y))
    slices = Parameters(*(np.repeat(block, 2, axis=0)[::2] for block in parameters))
    assert same_bits(loss_and_gradients(slices, X, Y), loss_and_gradients(parameters, X, Y))


KINDS = [((4, 9, 3), 50), ((4, 64, 3), 5_000), ((50, 64, 3), 2_000), ((500, 300, 3), 201)]
"""All at once; in several lanes, of few inputs and of many; and with few samples."""


@pytest.mark.parametrize(("shape", "samples"), KINDS)
@pytest.mark.parametrize("threads", [1, 2])
def test_numbers_whose_squares_overflow_are_numbers(
    shape: tuple[int, int, int], samples: int, threads: int
) -> None:
    parameters, X, Y = problem(shape, samples)
    W0 = parameters.W0.copy()
    W0[:, 0], X[:, 0] = 0.0, 1e200
    b0 = parameters.b0.copy()
    b0[-1] = -1e200  # whose softplus is zero
    same = problem(shape, samples)
    same.X[:, 0] = 0.0
    found = loss_and_gradients(Parameters(W0, b0, *parameters[2:]), X, Y, threads=threads)
    right = loss_and_gradients(
        parameters._replace(W0=W0, b0=np.where(b0 < -1e9, -1e9, b0)), same.X, Y, threads=threads
    )
    assert found[0] == pytest.approx(right[0], rel=1e-14)
    assert np.allclose(found[1].W1, right[1].W1, rtol=1e-11, atol=1e-15)
    assert all(np.isfinite(block).all() for block in found[1])


@pytest.mark.parametrize(("shape", "samples"), KINDS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_large_arguments_of_softplus_are_right_in_every_chunk(
    sign: int, shape: tuple[int, int, int], samples: int
) -> None:
    """Thousands in z1, as the product of two negative numbers too."""
    parameters, X, Y = problem(shape, samples)
    W0 = sign * np.abs(parameters.W0)
    X = sign * np.abs(X) * np.array([1e4] + (shape[0] - 1) * [1.0])
    large = parameters._replace(W0=W0, W1=parameters.W1 / 1e4)
    with np.errstate(over="raise"):
        value, gradients = loss_and_gradients(large, X, Y)
        whole = backward(large, X, Y).gradients
    assert np.isfinite(value)
    for block, right in zip(gradients, whole, strict=True):
        assert np.allclose(block, right, rtol=1e-9, atol=1e-12 * np.abs(right).max())


@pytest.mark.parametrize(("shape", "samples"), KINDS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["W0", "b0", "W1", "b1", "X"])
@pytest.mark.parametrize("function", [loss, loss_and_gradients])
def test_what_is_not_finite_is_named_wherever_it_is(
    function: Callable[..., Any], name: str, value: float, shape: tuple[int, int, int], samples: int
) -> None:
    """Minus infinity too, of which softplus and exp make a harmless zero."""
    parameters, X, Y = problem(shape, samples)
    arrays = {**parameters._asdict(), "X": X}
    arrays[name].reshape(-1)[-1] = value
    index = ", ".join(str(length - 1) for length in arrays[name].shape)
    with pytest.raises(ValueError, match=rf"{name}\[{index}\] is {value}; every entry"):
        _ = function(parameters, X, Y)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("inputs", [4, 50])
def test_what_overflows_is_no_error(inputs: int) -> None:
    """The arguments are numbers, so it is NumPy that tells, as it was told to."""
    parameters, X, Y = problem((inputs, 16, 3), 60)
    large = Parameters(*(1e200 * block for block in parameters))
    with np.errstate(over="ignore"):
        assert not np.isfinite(loss_and_gradients(large, 1e200 * X, Y, threads=2)[0])
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        _ = loss_and_gradients(large, 1e200 * X, Y, threads=2)
