"""Functions that keep results between calls: by identity, by contents, or from the loss."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref import GradientMismatch, assert_gradients_match, check_gradients
from autograd_ref.report.report import Report

A = NDArray[Any]
POINT = np.array([1.3, 0.4, 0.7])
IN_PLACE, AFTER = "misses changes in place", "works only right after the loss"


def loss(x: A) -> Any:
    return (np.sin(x) ** 2).sum()


def in_torch(x: Tensor) -> Tensor:
    return (torch.sin(x) ** 2).sum()


def kinds(report: Report) -> list[str]:
    return [note.kind for note in report.findings]


class Kept:
    """A gradient that keeps the sine of its argument; `knows` tells when."""

    def __init__(self, knows: Callable[[Any, A], bool], key: Callable[[A], Any]) -> None:
        self.knows, self.key = knows, key
        self.last: Any = None
        self.sine: Any = None

    def __call__(self, x: A) -> A:
        if self.last is None or not self.knows(self.last, x):
            self.last, self.sine = self.key(x), np.sin(np.asarray(x))
        return 2 * np.cos(np.asarray(x)) * self.sine

    def loss(self, x: A) -> Any:
        _ = self(x)
        return (self.sine**2).sum()


BY_IDENTITY: dict[str, Callable[[], Kept]] = {
    "is": lambda: Kept(lambda last, x: last is x, lambda x: x),
    "id": lambda: Kept(lambda last, x: last[0] == id(x), lambda x: (id(x), x)),
    "no copy": lambda: Kept(np.array_equal, lambda x: x),
    "memory": lambda: Kept(np.shares_memory, lambda x: x),
    "view": lambda: Kept(np.array_equal, lambda x: x[:]),
}
BY_CONTENTS: dict[str, Callable[[], Kept]] = {
    "copy": lambda: Kept(np.array_equal, lambda x: x.copy()),
    "bytes": lambda: Kept(lambda last, x: last == x.tobytes(), lambda x: x.tobytes()),
    "both": lambda: Kept(
        lambda last, x: last[0] is x and last[1] == x.tobytes(), lambda x: (x, x.tobytes())
    ),
}


@pytest.mark.parametrize("make", BY_IDENTITY.values(), ids=BY_IDENTITY)
@pytest.mark.parametrize("shared", [False, True])
def test_a_cache_by_identity_does_harm(make: Callable[[], Kept], *, shared: bool) -> None:
    kept = make()
    report = check_gradients(kept, POINT, loss=kept.loss if shared else in_torch)
    assert report.verdict == "match", report
    assert not report.passed
    assert kinds(report) == [IN_PLACE]
    assert check_gradients(make(), POINT, loss=in_torch, allow=(IN_PLACE,)).passed


@pytest.mark.parametrize("make", BY_CONTENTS.values(), ids=BY_CONTENTS)
@pytest.mark.parametrize("shared", [False, True])
def test_a_cache_by_contents_is_honest(make: Callable[[], Kept], *, shared: bool) -> None:
    kept = make()
    report = check_gradients(kept, POINT, loss=kept.loss if shared else in_torch)
    assert report.passed, report
    assert not report.findings


def test_a_wrong_gradient_with_a_cache_is_wrong() -> None:
    kept = BY_IDENTITY["is"]()
    report = check_gradients(lambda x: 1.01 * kept(x), POINT, loss=in_torch)
    assert report.verdict == "mismatch"


def test_a_gradient_that_is_right_here_only_is_a_mismatch_and_no_cache() -> None:
    factor = loss(POINT)
    report = check_gradients(
        lambda x: 2 * np.cos(x) * np.sin(x) * loss(x) / factor, POINT, loss=in_torch
    )
    assert report.verdict == "mismatch"
    assert not report.findings


@pytest.mark.parametrize(
    "parameters",
    [
        {"w": POINT, "b": 0.3},
        [POINT, 0.3],
        {"inner": [{"w": POINT, "c": 0.2}], "b": torch.tensor(0.3, dtype=torch.float64)},
    ],
)
def test_a_cache_by_the_identity_of_a_container_does_harm(parameters: Any) -> None:
    last: list[Any] = []

    def gradients(given: Any) -> Any:
        if not last or last[0] is not given:
            last[:] = [given, twice(given)]
        return twice(last[1], by=1)

    def squares(given: Any) -> Any:
        if isinstance(given, dict | list):
            return sum(map(squares, given.values() if isinstance(given, dict) else given))
        return (given * given).sum() if hasattr(given, "sum") else given * given

    report = check_gradients(gradients, parameters, loss=squares)
    assert report.verdict == "match", report
    assert kinds(report) == [IN_PLACE]
    assert check_gradients(twice, parameters, loss=squares).passed


def twice(nest: Any, by: float = 2) -> Any:
    if isinstance(nest, dict):
        return {name: twice(item, by) for name, item in nest.items()}
    if isinstance(nest, list):
        return [twice(item, by) for item in nest]
    return by * nest


def test_a_tensor_is_changed_as_an_optimiser_changes_it() -> None:
    """In place, with another version, and without the gradient of the step before."""

    def by_engine(w: Tensor) -> Any:
        _ = in_torch(w.requires_grad_()).backward()
        return w.grad

    versions: dict[tuple[int, int], Tensor] = {}

    def by_version(w: Tensor) -> Tensor:
        found = versions.setdefault((id(w), w._version), torch.sin(w))
        return 2 * torch.cos(w) * found

    identities: dict[int, tuple[Tensor, Tensor]] = {}

    def by_identity(w: Tensor) -> Tensor:
        return 2 * torch.cos(w) * identities.setdefault(id(w), (w, torch.sin(w)))[1]

    tensor = torch.from_numpy(POINT)
    assert check_gradients(by_engine, tensor, loss=in_torch).passed
    assert check_gradients(by_version, tensor, loss=in_torch).passed
    assert kinds(check_gradients(by_identity, tensor, loss=in_torch)) == [IN_PLACE]


@pytest.mark.parametrize(
    "parameters",
    [
        (POINT, 0.3),
        np.broadcast_to(np.array(0.7), (3,)),
        torch.tensor(0.7, dtype=torch.float64).expand(3),
        np.float64(0.3),
    ],
)
def test_what_cannot_be_changed_in_place_is_given_anew(parameters: Any) -> None:
    def gradients(given: Any) -> Any:
        return tuple(2 * g for g in given) if isinstance(given, tuple) else 2 * given

    def squares(given: Any) -> Any:
        parts = given if isinstance(given, tuple) else (given,)
        return sum((part**2).sum() if hasattr(part, "sum") else part**2 for part in parts)

    assert check_gradients(gradients, parameters, loss=squares).passed


def test_a_function_that_takes_its_parameters_away_is_called_with_new_ones() -> None:
    def gradients(given: dict[str, A]) -> dict[str, A]:
        return {"w": 2 * given.pop("w")}

    report = check_gradients(gradients, {"w": POINT}, loss=lambda p: (p["w"] ** 2).sum())
    assert report.verdict == "match", report
    assert kinds(report) == ["changes its arguments"]


def test_a_gradient_of_another_shape_or_memory_stays_what_it_is() -> None:
    """Arrays that the function locks, or replaces by others, are given anew."""

    def locks(x: A) -> A:
        x.flags.writeable = False
        return 2 * x

    def replaces(given: dict[str, A]) -> dict[str, A]:
        given["w"] = np.float32(1) * given["w"].astype("f4")
        return {"w": 2 * POINT if len(given) > 1 else 2.0 * POINT}

    assert check_gradients(locks, POINT, loss=lambda x: (x**2).sum()).passed
    report = check_gradients(replaces, {"w": POINT}, loss=lambda p: (p["w"] ** 2).sum())
    assert report.verdict == "mismatch"


class Layers(NamedTuple):
    """Parameters of three kinds."""

    first: dict[str, Any]
    last: list[Any]


def test_numbers_change_inside_of_their_containers() -> None:
    kept: dict[int, Any] = {}

    def gradients(given: Layers) -> Layers:
        held, size = kept.setdefault(id(given.first), (given.first, given.first["b"]))
        return Layers({"b": 2 * size * given.last[0] * len(held)}, [size**2])

    def scaled(given: Layers) -> Any:
        return given.first["b"] ** 2 * given.last[0]

    report = check_gradients(gradients, Layers({"b": 0.3}, [0.7]), loss=scaled)
    assert report.verdict == "match", report
    assert kinds(report) == [IN_PLACE]


def test_an_array_that_the_function_replaces_by_a_number_is_given_anew() -> None:
    def gradients(given: dict[str, Any]) -> dict[str, Any]:
        found = 2 * given["w"]
        given["w"] = 0.0
        return {"w": found}

    report = check_gradients(gradients, {"w": POINT}, loss=lambda p: (p["w"] ** 2).sum())
    assert report.verdict == "match", report
    assert kinds(report) == ["changes its arguments"]


@pytest.mark.parametrize("wrong_from", [3, 4])
def test_what_goes_wrong_from_some_call_on_is_no_cache(wrong_from: int) -> None:
    calls: list[int] = []

    def gradients(x: A) -> A:
        calls.append(1)
        return 2 * x * (len(calls) if len(calls) >= wrong_from else 1)

    report = check_gradients(gradients, POINT, loss=lambda x: (x**2).sum())
    assert report.verdict == ("mismatch" if wrong_from == 3 else "match"), report
    assert IN_PLACE not in kinds(report)


def test_a_function_that_raises_when_it_is_called_back_is_compared_where_it_does_not() -> None:
    calls: list[int] = []

    def gradients(x: A) -> A:
        calls.append(1)
        if len(calls) == 4:
            raise ValueError
        return 2 * x

    assert check_gradients(gradients, POINT, loss=lambda x: (x**2).sum()).passed


X, Y = np.random.default_rng(0).normal(size=(5, 3)), np.arange(5.0)


class Fit:
    """Least squares whose gradient reads the residuals that the loss stored."""

    def loss(self, w: Any) -> Any:
        if isinstance(w, Tensor):
            found = torch.from_numpy(X) @ w - torch.from_numpy(Y)
            self.residuals = found.detach().numpy()
        else:
            found = self.residuals = X @ w - Y
        self.at = w.detach().numpy().copy() if isinstance(w, Tensor) else w.copy()
        return (found**2).sum()

    def gradient(self, _w: A) -> A:
        return 2 * X.T @ self.residuals

    def value_and_gradient(self, w: A) -> tuple[Any, A]:
        return (self.residuals**2).sum(), self.gradient(w)

    def checked(self, w: A) -> A:
        if not np.array_equal(w, self.at):
            _ = self.loss(w)
        return self.gradient(w)


class InTorch(Fit):
    def loss(self, w: Any) -> Any:
        return super().loss(torch.as_tensor(w))


@pytest.mark.untraced
@pytest.mark.parametrize("fit", [Fit, InTorch])
@pytest.mark.parametrize("given", [POINT, torch.from_numpy(POINT)])
@pytest.mark.parametrize("method", ["gradient", "value_and_gradient"])
def test_what_is_right_only_after_the_loss_is_so_in_both_libraries(
    fit: type[Fit], given: Any, method: str
) -> None:
    found = fit()
    gradients = getattr(found, method)
    if isinstance(given, Tensor):
        gradients = in_tensors(gradients)
    report = check_gradients(gradients, given, loss=found.loss)
    assert report.verdict == "match", report
    assert kinds(report) == [AFTER]
    assert str(report).startswith(f"Not passed: the function {AFTER}. Match")
    with pytest.raises(GradientMismatch, match="reads"):
        _ = assert_gradients_match(gradients, given, loss=found.loss)


def in_tensors(gradients: Callable[[A], Any]) -> Callable[[Tensor], Any]:
    def called(w: Tensor) -> Any:
        found = gradients(w.numpy())
        if isinstance(found, tuple):
            return found[0], torch.from_numpy(found[1])
        return torch.from_numpy(found)

    return called


@pytest.mark.parametrize("fit", [Fit, InTorch])
def test_what_compares_with_the_parameters_of_the_loss_is_honest(fit: type[Fit]) -> None:
    found = fit()
    report = check_gradients(found.checked, POINT, loss=found.loss)
    assert report.passed, report


@pytest.mark.untraced
@pytest.mark.parametrize("fit", [Fit, InTorch])
def test_a_wrong_gradient_from_what_the_loss_stored_is_wrong(fit: type[Fit]) -> None:
    found = fit()
    report = check_gradients(lambda w: found.gradient(w) / 5, POINT, loss=found.loss)
    assert report.verdict == "mismatch"


@pytest.mark.parametrize("data", [(), (X, Y)])
def test_a_gradient_that_was_seen_at_one_point_only_does_not_pass(data: tuple[A, ...]) -> None:
    def squares(x: Any, *_data: Any) -> Any:
        return (x**2).sum()

    def here_only(x: A, *_data: A) -> A:
        if x[0] != POINT[0]:
            raise ZeroDivisionError
        return 2 * x

    report = check_gradients(here_only, POINT, *data, loss=squares)
    assert report.verdict == "match"
    assert kinds(report) == ["fails in some calls"]
    assert "seen at one point only" in report.findings[0].text
    assert check_gradients(
        here_only, POINT, *data, loss=squares, allow=("fails in some calls",)
    ).passed
    assert check_gradients(here_only, POINT, *data, loss=squares, elsewhere=False).passed


def test_what_refuses_matrices_off_a_set_is_warned_of_only() -> None:
    """Where multiples of the parameters lie in the set, they are tried first."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])

    def gradients(R: A) -> A:
        if not np.allclose(R.T @ R, np.eye(2)):
            raise ValueError("R needs to be a rotation")
        return 2 * R

    report = check_gradients(gradients, turn, loss=lambda R: (R**2).sum())
    assert report.passed, report
    assert [note.kind for note in report.warnings] == ["raises elsewhere"]
