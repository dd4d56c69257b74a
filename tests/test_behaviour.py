"""A match passes unless the function does harm; which findings do, and which a caller may allow."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import GradientMismatch, assert_gradients_match, check_gradients, falsify
from autograd_ref.report.behaviour import HARMFUL
from tests.mistakes.memory import MEMORY

A = NDArray[Any]
W, X = np.array([1.0, -2.0, 3.0]), np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 7.0]])


def loss(w: Any, X: Any) -> Any:
    return 0.5 * ((X @ w) ** 2).sum()


def right(w: A, X: A) -> A:
    return X.T @ (X @ w)


def data_overwritten() -> Any:
    def gradients(w: A, X: A) -> A:
        found = right(w, X)
        X[...] = 0
        return found

    return gradients


def parameters_stepped() -> Any:
    def gradients(w: A, X: A) -> A:
        found = right(w, X)
        w -= 0.1 * found
        return found

    return gradients


def sorted_in_place() -> Any:
    def gradients(w: A, X: A) -> A:
        found = right(w, X)
        X.sort(axis=0)
        return found

    return gradients


def overwritten_from_the_second_call_on() -> Any:
    calls: list[int] = []

    def gradients(w: A, X: A) -> A:
        calls.append(1)
        found = right(w, X)
        if len(calls) > 1:
            X[...] = 0
        return found

    return gradients


def overwritten_elsewhere_alone() -> Any:
    def gradients(w: A, X: A) -> A:
        found = right(w, X)
        if w[0] != W[0]:
            w[0] = W[0]
        return found

    return gradients


def one_buffer() -> Any:
    buffer = np.empty(3)

    def gradients(w: A, X: A) -> A:
        return np.matmul(X.T, X @ w, out=buffer)

    return gradients


def last_one_cleared() -> Any:
    """Each result is new, and gone at the next call."""
    kept: list[A] = []

    def gradients(w: A, X: A) -> A:
        for old in kept:
            old[...] = np.nan
        kept[:] = [right(w, X)]
        return kept[0]

    return gradients


def memoized() -> Any:
    known: dict[bytes, A] = {}

    def gradients(w: A, X: A) -> A:
        return known.setdefault(w.tobytes() + X.tobytes(), right(w, X))

    return gradients


def torch_buffer() -> Any:
    kept = torch.zeros(3, dtype=torch.float64)

    def gradients(w: A, X: A) -> Tensor:
        return kept.copy_(torch.from_numpy(right(w, X)))

    return gradients


HARM: dict[str, tuple[Callable[[], Any], str]] = {
    "data overwritten": (data_overwritten, "changes its arguments"),
    "parameters stepped": (parameters_stepped, "changes its arguments"),
    "sorted in place": (sorted_in_place, "changes its arguments"),
    "from the second call on": (overwritten_from_the_second_call_on, "changes its arguments"),
    "elsewhere alone": (overwritten_elsewhere_alone, "changes its arguments"),
    "one buffer": (one_buffer, "reuses its result"),
    "the last one cleared": (last_one_cleared, "reuses its result"),
    "memoized": (memoized, "reuses its result"),
    "a tensor that is kept": (torch_buffer, "reuses its result"),
}


@pytest.mark.untraced
@pytest.mark.parametrize("case", HARM)
def test_a_match_that_does_harm_does_not_pass_unless_it_is_allowed(case: str) -> None:
    make, kind = HARM[case]
    report = check_gradients(make(), W, X, loss=loss)
    assert report.verdict == "match", report
    assert [note.kind for note in report.harmful] == [kind]
    with pytest.raises(GradientMismatch) as caught:
        _ = assert_gradients_match(make(), W, X, loss=loss)
    sentence, finding, *_others = flat(caught.value)
    assert sentence.startswith(f"Not passed: the function {kind}. Match: error / tolerance is")
    assert finding == f"Finding: {report.harmful[0].text}"
    assert pickle.loads(pickle.dumps(caught.value)).report.harmful == report.harmful
    allowed = assert_gradients_match(make(), W, X, loss=loss, allow=(kind,))
    assert str(allowed).startswith("Match: error")
    assert f"Finding: {report.harmful[0].text}" in flat(allowed)
    others = set(HARMFUL) - {kind}
    with pytest.raises(GradientMismatch):
        _ = assert_gradients_match(make(), W, X, loss=loss, allow=others)


def flat(text: object) -> list[str]:
    """The paragraphs of a text, each in one line."""
    return [" ".join(paragraph.split()) for paragraph in str(text).split("\n\n")]


def half_the_square(w: Any) -> Any:
    return 0.5 * (w**2).sum()


def test_the_parameter_itself_as_its_gradient_is_told_of_and_passes() -> None:
    report = assert_gradients_match(lambda w: w, W, loss=half_the_square)
    assert [note.kind for note in report.findings] == ["returns a view of its arguments"]
    assert str(report).startswith("Match: ")


def test_one_array_for_two_parameters_is_told_of_and_passes() -> None:
    def gradients(p: dict[str, A]) -> dict[str, A]:
        slope = 2 * (p["a"] + p["b"])
        return {"a": slope, "b": slope}

    parameters = {"a": W, "b": W + 1}
    report = assert_gradients_match(
        gradients, parameters, loss=lambda p: ((p["a"] + p["b"]) ** 2).sum()
    )
    assert [note.kind for note in report.findings] == ["gradients share memory"]


PAIR = {"a": W, "b": W[::-1].copy()}


def squares(p: Any) -> Any:
    return (p["a"] ** 2).sum() + (p["b"] ** 2).sum()


def taken_out(p: dict[str, A]) -> dict[str, A]:
    found = {name: 2 * array for name, array in p.items()}
    _ = p.pop("b")
    return found


def put_in(p: dict[str, A]) -> dict[str, A]:
    found = {name: 2 * array for name, array in p.items()}
    p["kept"] = p["a"] + 1
    return found


def bound_anew(p: dict[str, A]) -> dict[str, A]:
    found = {name: 2 * array for name, array in p.items()}
    p["a"] = p["a"] - 0.1 * found["a"]
    return found


@pytest.mark.parametrize(
    ("gradients", "changed"), [(taken_out, "b"), (put_in, "kept"), (bound_anew, "a")]
)
def test_a_dict_whose_entries_change_is_a_changed_argument(gradients: Any, changed: str) -> None:
    report = check_gradients(gradients, PAIR, loss=squares)
    assert report.verdict == "match", report
    assert [note.text for note in report.findings] == [f"The function changes {changed} in place."]
    assert set(PAIR) == {"a", "b"}


def test_a_number_in_a_list_of_the_data_is_an_argument_too() -> None:
    def gradients(w: A, scales: list[float]) -> A:
        found = 2 * scales[0] * w
        scales.append(3.0)
        scales[0] = 0.0
        return found

    scales = [2.0]
    report = check_gradients(gradients, W, scales, loss=lambda w, s: s[0] * (w**2).sum())
    assert report.verdict == "match"
    texts = [note.text for note in report.findings]
    assert texts == ["The function changes data[0] ([0]) and data[0] ([1]) in place."]
    assert scales == [2.0]


def test_all_that_is_planted_in_memory_is_judged_by_its_findings() -> None:
    """None of them passes, except where nothing goes wrong until the caller changes something."""
    for title, mistake in MEMORY.items():
        kinds = mistake.outcome.findings
        if kinds and mistake.outcome.verdicts == ("match",):
            arguments = mistake.problem(0, np.float64)
            given = (arguments.parameters, *arguments.data)
            report = check_gradients(mistake.wrong(), *given, loss=arguments.loss)
            assert report.passed != any(HARMFUL[kind] for kind in kinds), title


@pytest.mark.parametrize("check", [check_gradients, assert_gradients_match])
def test_what_is_no_kind_of_finding_cannot_be_allowed(check: Any) -> None:
    for allow in (("randomness",), ["changes its arguments", 3]):
        with pytest.raises(
            ValueError, match=r"allow holds .*; it needs kinds of findings: 'changes"
        ):
            _ = check(right, W, X, loss=loss, allow=allow)
    for allow in ("changes its arguments", None, 3):
        with pytest.raises(TypeError, match=r"allow is .*; it needs a tuple of kinds of findings,"):
            _ = check(right, W, X, loss=loss, allow=allow)


@pytest.mark.untraced
def test_a_problem_on_which_it_does_harm_is_a_counterexample_unless_that_is_allowed() -> None:
    def gradients(w: A) -> A:
        found = 1 * w
        if len(w) > 1:
            w[...] = 0
        return found

    sizes = st.integers(1, 4).map(lambda n: (np.arange(1.0, n + 1),))
    found = falsify(gradients, problems=sizes, loss=half_the_square)
    assert found is not None
    assert found.does_harm
    assert len(found.parameters) == 1 + 1
    assert "allow" not in found.code
    kind = ("changes its arguments",)
    assert falsify(gradients, problems=sizes, loss=half_the_square, allow=kind) is None
    wrong = falsify(lambda w: -gradients(w), problems=sizes, loss=half_the_square, allow=kind)
    assert wrong is not None
    assert not wrong.does_harm
    assert "loss=loss, allow=('changes its arguments',)))" in wrong.code


SLOPES = np.array([1.0, 2.0, 3.0])


def linear(w: Any) -> Any:
    return w[0] + 2 * w[1] + 3 * w[2]


def test_a_constant_gradient_is_told_of_and_passes() -> None:
    report = check_gradients(lambda _w: SLOPES, W, loss=linear)
    assert report.passed, report
    (note,) = report.findings
    assert note.kind == "returns a constant array"
    assert note.text.startswith("The gradient of parameters is the same array in every call")
    new = check_gradients(lambda _w: SLOPES.copy(), W, loss=linear)
    assert new.passed
    assert not new.findings
    assert not check_gradients(lambda _w: 2 * SLOPES, W, loss=linear).passed


def test_a_buffer_is_no_constant_whatever_is_in_it_here() -> None:
    buffer = np.zeros(3)

    def added(_w: A) -> A:
        buffer[:] += SLOPES
        return buffer

    kinds = [note.kind for note in check_gradients(added, W, loss=linear).harmful]
    assert kinds == ["accumulates", "reuses its result"]
    # where nothing is asked elsewhere, nobody knows
    report = check_gradients(lambda _w: SLOPES, W, loss=linear, elsewhere=False)
    assert [note.kind for note in report.harmful] == ["reuses its result"]


def test_a_result_that_is_kept_and_cannot_be_written_to_does_no_harm() -> None:
    known: dict[bytes, A] = {}

    def gradients(w: A, X: A) -> A:
        found = known.setdefault(w.tobytes() + X.tobytes(), right(w, X))
        found.flags.writeable = False
        return found

    report = check_gradients(gradients, W, X, loss=loss)
    assert report.passed
    assert not report.findings


def test_what_is_infinite_in_two_calls_that_differ_is_no_warning() -> None:
    """As of a kernel that reads beyond its arrays: what lies there differs from call to call."""
    calls: list[int] = []

    def gradients(_w: A, _X: A) -> A:
        calls.append(0)
        return np.array([np.inf, 1.0, len(calls)])

    report = check_gradients(gradients, W, X, loss=loss)
    assert report.verdict == "mismatch"
