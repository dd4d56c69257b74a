"""Stale caches: what a function keeps of earlier arguments and uses in a later call."""

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.observe.state.fresh import as_new

A = NDArray[np.float64]
Gradient = Callable[..., Any]
RANDOM = np.random.default_rng(5)
X, Y, W = RANDOM.normal(size=(7, 3)), RANDOM.normal(size=7), RANDOM.normal(size=3)
KIND = "uses earlier values"
A_MODULE = types.ModuleType("a_module_with_a_cache")


def loss(w: Any, X: Any, y: Any) -> Any:
    return ((X @ w - y) ** 2).sum()


def in_numpy(w: Any, X: Any, y: Any) -> Any:
    return np.sum(np.square(np.dot(X, w) - y))


def right(w: A, X: A, y: A) -> A:
    return 2 * X.T @ (X @ w - y)


def gram_kept() -> Gradient:
    kept: dict[str, A] = {}

    def gradients(w: A, X: A, y: A) -> A:
        if "G" not in kept:
            kept["G"] = X.T @ X
        return 2 * (kept["G"] @ w - X.T @ y)

    return gradients


def both_kept() -> Gradient:
    kept: list[A] = []

    def gradients(w: A, X: A, y: A) -> A:
        if not kept:
            kept.extend((X.T @ X, X.T @ y))
        return 2 * (kept[0] @ w - kept[1])

    return gradients


def targets_kept() -> Gradient:
    y_kept: A | None = None

    def gradients(w: A, X: A, y: A) -> A:
        nonlocal y_kept
        if y_kept is None:
            y_kept = y.copy()
        return right(w, X, y_kept)

    return gradients


class Solver:
    """A student's class: what it prepares, it prepares once."""

    def __init__(self) -> None:
        self.prepared = False

    def gradients(self, w: A, X: A, y: A) -> A:
        if not self.prepared:
            self.G, self.prepared = X.T @ X, True
        return 2 * (self.G @ w - X.T @ y)

    __call__ = gradients


SOURCE = """
G = None
def in_a_global(w, X, y):
    global G
    if G is None:
        G = X.T @ X
    return 2 * (G @ w - X.T @ y)
"""


def in_a_global() -> Gradient:
    world: dict[str, Any] = {}
    exec(SOURCE, world)
    return world["in_a_global"]


def with_a_default(default: dict[str, A]) -> Gradient:
    def gradients(w: A, X: A, y: A, kept: dict[str, A] = default) -> A:
        if "G" not in kept:
            kept["G"] = X.T @ X
        return 2 * (kept["G"] @ w - X.T @ y)

    return gradients


KEPT: dict[str, A] = {}


def in_a_function_inside(w: A, X: A, y: A) -> A:
    def prepared() -> A:
        return KEPT.setdefault("G", X.T @ X)

    return 2 * (prepared() @ w - X.T @ y)


def on_itself(w: A, X: A, y: A) -> A:
    self: Any = on_itself
    if not hasattr(self, "G"):
        self.G = X.T @ X
    return 2 * (self.G @ w - X.T @ y)


def by_shape() -> Gradient:
    given: dict[str, A] = {}

    @functools.lru_cache(maxsize=8)
    def gram(_shape: tuple[int, ...]) -> A:
        return given["X"].T @ given["X"]

    def gradients(w: A, X: A, y: A) -> A:
        given["X"] = X
        return 2 * (gram(X.shape) @ w - X.T @ y)

    return gradients


def order_kept() -> Gradient:
    """Samples sorted by the first column: an order that is found once."""
    kept: dict[str, NDArray[np.intp]] = {}

    def gradients(w: A, X: A, y: A) -> A:
        order = kept.setdefault("order", np.argsort(X[:, 0]))
        return 2 * X[order].T @ (X[order] @ w - np.sort(y)[np.argsort(np.argsort(y))][order])

    return gradients


def ranks_kept() -> Gradient:
    """Weights by the ranks of the targets, which are found once."""
    kept: dict[str, A] = {}

    def gradients(w: A, X: A, y: A) -> A:
        ranks = kept.setdefault("ranks", np.argsort(np.argsort(y)).astype(float))
        return 2 * X.T @ (X @ w - ranks)

    return gradients


def rank_loss(w: Any, X: Any, y: Any) -> Any:
    return ((X @ w - y.argsort().argsort()) ** 2).sum()


STALE: dict[str, tuple[Callable[[], Gradient], str]] = {
    "in a closure": (gram_kept, "data[0]"),
    "both": (both_kept, "data[0] and data[1]"),
    "the targets": (targets_kept, "data[1]"),
    "on an object": (lambda: Solver().gradients, "data[0]"),
    "a callable object": (Solver, "data[0]"),
    "in a partial": (lambda: functools.partial(Solver().gradients), "data[0]"),
    "in a global": (in_a_global, "data[0]"),
    "in a default": (lambda: with_a_default({}), "data[0]"),
    "in a function inside": (lambda: in_a_function_inside, "data[0]"),
    "on the function": (lambda: on_itself, "data[0]"),
    "by shape": (by_shape, "data[0]"),
}


@pytest.mark.untraced
@pytest.mark.parametrize("against", [loss, in_numpy])
@pytest.mark.parametrize("case", STALE)
def test_what_is_kept_of_earlier_data_is_told_and_does_not_pass(case: str, against: Any) -> None:
    made, names = STALE[case]
    report = check_gradients(as_new(made()), W, X, Y, loss=against)
    (note,) = report.harmful
    assert note.kind == KIND
    assert f"it goes on using the earlier {names}, and is wrong" in note.text
    assert report.verdict == "match"
    assert not report.warnings
    assert check_gradients(as_new(made()), W, X, Y, loss=against, allow=(KIND,)).passed


def test_an_order_that_is_kept_is_told() -> None:
    report = check_gradients(ranks_kept(), W, X, Y, loss=rank_loss)
    assert [note.kind for note in report.harmful] == [KIND], report
    assert "earlier data[1]," in report.harmful[0].text
    assert check_gradients(order_kept(), W, X, Y, loss=loss).passed  # any order is right


def by_identity() -> Gradient:
    kept: dict[int, A] = {}

    def gradients(w: A, X: A, y: A) -> A:
        if id(X) not in kept:
            kept[id(X)] = X.T @ X
        return 2 * (kept[id(X)] @ w - X.T @ y)

    return gradients


def forward_kept() -> Gradient:
    """As an optimiser's pair of loss and gradient, where the step is made in place."""
    kept: dict[str, A] = {}

    def gradients(w: A, X: A, y: A) -> A:
        if kept.get("w") is not w:
            kept.update(w=w, r=X @ w - y)
        return 2 * X.T @ kept["r"]

    return gradients


def test_what_is_kept_for_an_array_whatever_it_holds_is_told() -> None:
    report = check_gradients(by_identity(), W, X, Y, loss=loss)
    assert report.verdict == "match"
    (note,) = report.harmful
    assert "in the arrays of an earlier call, it goes on using the earlier data[0];" in note.text


def test_of_parameters_it_is_told_by_writing_into_them() -> None:
    report = check_gradients(forward_kept(), W, X, Y, loss=loss)
    assert report.verdict == "match"
    assert [note.kind for note in report.harmful] == ["misses changes in place"]


def test_a_forward_pass_that_is_kept_for_equal_parameters_is_told() -> None:
    """As scipy.optimize calls loss and gradient, and with other data in the next batch."""
    kept: dict[str, A] = {}

    def gradients(w: A, X: A, y: A) -> A:
        if "w" not in kept or not np.array_equal(kept["w"], w):
            kept.update(w=w.copy(), r=X @ w - y)
        return 2 * X.T @ kept["r"]

    report = check_gradients(gradients, W, X, Y, loss=loss)
    assert report.verdict == "match"
    (note,) = report.harmful
    assert note.kind == "uses earlier values"
    assert "it goes on using the earlier data" in note.text


def test_a_tensor_that_holds_other_values_is_another_argument() -> None:
    kept: dict[int, Any] = {}

    def gradients(w: Any, X: Any, y: Any) -> Any:
        residual = kept.setdefault(id(w), X @ w - y)
        return 2 * X.T @ residual

    tensors = tuple(map(torch.from_numpy, (W, X, Y)))
    (note,) = check_gradients(gradients, *tensors, loss=loss).harmful
    assert note.kind == "misses changes in place"


def test_a_forward_pass_that_is_never_made_anew_is_a_mismatch_and_told() -> None:
    kept: dict[str, A] = {}

    def gradients(w: A, X: A, y: A) -> A:
        return 2 * X.T @ kept.setdefault("r", X @ w - y)

    report = check_gradients(gradients, W, X, Y, loss=loss)
    assert report.verdict == "mismatch"
    (note,) = report.harmful
    assert "Called with other parameters, after the first calls" in note.text


def by_content() -> Gradient:
    kept: dict[bytes, A] = {}

    def gradients(w: A, X: A, y: A) -> A:
        key = X.tobytes()
        if key not in kept:
            kept[key] = X.T @ X
        return 2 * (kept[key] @ w - X.T @ y)

    return gradients


def if_equal() -> Gradient:
    kept: dict[str, A] = {}

    def gradients(w: A, X: A, y: A) -> A:
        if "X" not in kept or not np.array_equal(kept["X"], X):
            kept.update(X=X.copy(), G=X.T @ X)
        return 2 * (kept["G"] @ w - X.T @ y)

    return gradients


def lengths() -> Gradient:
    count = functools.lru_cache(len)

    def gradients(w: A, X: A, y: A) -> A:
        return right(w, X, y) * count(tuple(y)) / len(y)

    return gradients


@pytest.mark.parametrize("made", [by_content, if_equal, lengths, lambda: right])
@pytest.mark.parametrize("against", [loss, in_numpy])
def test_a_cache_that_knows_its_arguments_by_their_values_passes(made: Any, against: Any) -> None:
    report = check_gradients(made(), W, X, Y, loss=against)
    assert report.passed, report
    assert not report.findings
    assert not report.warnings


def test_data_that_come_from_somewhere_else_than_the_arguments_are_told() -> None:
    report = check_gradients(lambda w, _X, y: right(w, X, y), W, X, Y, loss=loss)
    (note,) = report.harmful
    assert "its gradient is right for these" in note.text
    assert "the earlier data[0]:" in note.text

    def kept_far_away(w: A, X: A, y: A) -> A:
        there: Any = A_MODULE
        there.pair = getattr(there, "pair", (X, y))
        return right(w, *there.pair)

    (note,) = check_gradients(kept_far_away, W, X, Y, loss=loss).harmful
    assert "earlier data[0] and data[1]:" in note.text


def test_beside_a_number_that_is_given_too() -> None:
    def penalised(w: Any, X: Any, y: Any, much: float, plainly: bool) -> Any:
        return loss(w, X, y) + much * (w @ w) * plainly

    def gradients(w: A, _X: A, y: A, much: float, plainly: bool) -> A:
        return right(w, X, y) + 2 * much * w * plainly

    (note,) = check_gradients(gradients, W, X, Y, 0.3, True, loss=penalised).harmful
    assert "the earlier data[0]:" in note.text


def test_beside_a_number_of_which_the_loss_takes_no_other_nothing_is_said() -> None:
    def strict(w: Any, X: Any, y: Any, much: float) -> Any:
        if much != 0.3:
            raise ValueError("it needs to be 0.3")
        return loss(w, X, y) + much * (w @ w)

    def gradients(w: A, _X: A, y: A, much: float) -> A:
        return right(w, X, y) + 2 * much * w

    report = check_gradients(gradients, W, X, Y, 0.3, loss=strict)
    assert [note.kind for note in report.warnings] == ["depends on the order of the data"]


def test_what_refuses_to_be_called_with_the_others_first_is_compared_all_the_same() -> None:
    kept: list[A] = []

    def gradients(w: A, X: A, y: A) -> A:
        if not kept:
            assert len(set(y)) == len(y), "samples occur twice"
            kept.append(X)
        return right(w, kept[0], y)

    (note,) = check_gradients(gradients, W, X, Y, loss=loss).harmful
    assert "the earlier data[0]:" in note.text


def test_what_overflows_elsewhere_has_its_own_warning() -> None:
    def gradients(w: A, X: A, y: A) -> A:
        return right(w, X, y) * (np.inf if y[-1] == y[-2] else 1)

    report = check_gradients(gradients, W, X, Y, loss=loss)
    assert not report.findings
    assert [note.kind for note in report.warnings] == ["overflows elsewhere"]


SUMS = X.T @ X, X.T @ Y
PREPARED: dict[str, tuple[Any, ...]] = {
    "sums as arrays": SUMS,
    "sums in a dict": ({"G": SUMS[0], "b": SUMS[1]},),
    "counted": (*SUMS, 7),
}


@pytest.mark.parametrize("case", PREPARED)
def test_sums_over_the_data_that_are_given_beside_them_are_no_cache(case: str) -> None:
    """Rearranged data no longer go with them: a weakness of the check and none of the function."""

    def gradients(w: A, _X: A, _y: A, *others: Any) -> A:
        G, b = others[0].values() if isinstance(others[0], dict) else others[:2]
        return 2 * (G @ w - b)

    def against(w: Any, X: Any, y: Any, *_others: Any) -> Any:
        return loss(w, X, y)

    report = check_gradients(gradients, W, X, Y, *PREPARED[case], loss=against)
    assert report.passed, report
    assert [note.kind for note in report.warnings] == ["depends on the order of the data"]


def test_a_formula_for_data_of_one_kind_is_no_cache() -> None:
    """Right for centred data only; nothing is kept."""
    centred, y = X - X.mean(axis=0), Y - Y.mean()

    def against(w: Any, X: Any, y: Any) -> Any:
        return (((X - X.mean(0)) @ w - (y - y.mean())) ** 2).sum()

    report = check_gradients(right, W, centred, y, loss=against)
    assert report.passed
    assert [note.kind for note in report.warnings] == ["depends on the order of the data"]


def test_the_number_of_calls_is_no_earlier_value() -> None:
    calls: list[int] = []

    def gradients(w: A, X: A, y: A) -> A:
        calls.append(1)
        return right(w, X, y) * (1 if len(calls) < 4 else 2)

    assert KIND not in [n.kind for n in check_gradients(gradients, W, X, Y, loss=loss).findings]


def test_a_function_that_raises_the_second_time_is_not_asked_again() -> None:
    """Nor is one whose copy does."""
    seen: list[int] = []

    def gradients(w: A, X: A, y: A) -> A:
        seen.append(1)
        if len(seen) > 4:
            raise RuntimeError("enough")
        return right(w, X, y)

    assert check_gradients(gradients, W, X, Y, loss=loss).passed


def test_data_whose_entries_share_memory_are_given_in_new_arrays() -> None:
    y = np.broadcast_to(np.float64(0.5), (7,))
    assert check_gradients(by_content(), W, X, y, loss=loss).passed


class Node:
    """An object that leads back to itself."""

    def __init__(self) -> None:
        self.me, self.kept, self.names = self, [dict[str, float]()], {"one"}

    def count(self) -> int:
        self.me.kept.append({})
        self.names.add(str(len(self.kept)))
        return len(self.names)


class Slotted:
    __slots__ = ("kept",)


def test_a_copy_keeps_nothing_of_later_calls() -> None:
    def outer() -> Callable[[int], int]:
        kept: list[int] = []

        def inner(n: int) -> int:
            kept.append(n)
            return inner(n - 1) if n else len(kept)

        return inner

    function = outer()
    other = as_new(function)
    assert (function(3), function(3), other(0), function(0)) == (4, 8, 1, 9)
    node = Node()
    count = as_new(node.count)
    assert (node.count(), node.count(), count()) == (2, 3, 2)


def test_a_copy_shares_what_keeps_nothing_or_is_large() -> None:
    big = list(range(2000))
    assert as_new(functools.partial(len, big))() == 2000
    assert as_new(np.sin) is np.sin
    assert as_new(pytest.raises) is pytest.raises
    slotted: Any = Slotted()
    assert as_new(slotted) is slotted
    deep: Any = functools.partial(int, 1)
    for _step in range(100):
        deep = functools.partial(lambda f: f(), deep)
    assert as_new(deep)() == 1


def test_a_variable_without_a_value_is_copied_as_such() -> None:
    def inner() -> int:
        return later

    copied = as_new(inner)
    later = 1
    assert inner() == later
    with pytest.raises(NameError):
        assert copied()
