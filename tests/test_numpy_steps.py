"""Steps of losses in NumPy: their code runs in PyTorch, and wrong steps have lines and names."""

import functools
import math
from collections.abc import Callable
from functools import partial
from math import exp
from typing import Any

import numpy as np
import numpy.linalg as la
import pytest
import torch
from numpy import sinh, tanh
from numpy.linalg import norm
from scipy import special
from scipy.special import exp2, expit, logsumexp

from autograd_ref import check_gradients, check_hessian, check_hvp, check_jacobian
from autograd_ref.recording.models.numpy_steps import NumpyModel
from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.recording.numpy_code import of_numpy as module
from autograd_ref.recording.numpy_code.of_numpy import of_numpy
from autograd_ref.reference.model import WrongGradient
from autograd_ref.reference.numpy_loss import OnlyValues
from autograd_ref.report.report import Report
from autograd_ref.tree.point import Point

v = np.array([0.6, 1.4, 0.9, 1.1])
M = np.arange(1.0, 17.0).reshape(4, 4) / 10
S = M @ M.T + 4 * np.eye(4)
INDEX = np.array([0, 2, 2])


def filled(x: Any) -> Any:
    r = np.zeros(4)
    r[0] = x[0] * x[1]
    r[1:] += x[1:] ** 2
    return (r**2).sum()


def listed(x: Any) -> Any:
    out = []
    for i, one in enumerate(x):
        out.append(i * one**2)
    return np.sum(np.array([[out[0], out[1]], [out[2], 1.0]])) + np.asarray(out).max()


def turned(x: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.cross(x[:3], x[1:]).sum() + np.outer(x, x)[:, np.newaxis].sum()


def scattered(x: Any) -> Any:
    """Sums into places, of which some are the same, as an assembly has them."""
    forces, table = np.zeros(4), np.zeros((4, 4))
    np.add.at(forces, INDEX, x[1:] ** 2)
    np.add.at(table, (INDEX, INDEX), np.add(x[0], x[1:]))
    return (forces**2).sum() + (table**3).sum()


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: (np.log1p(x) + np.expm1(x) + np.hypot(x, 1) + np.abs(x) ** 1.5).sum(),
    "choice": lambda x: np.where(x > 1, x**2, 3 * x).sum() + np.maximum(x, 1).sum(),
    "products": lambda x: np.einsum("i,ij,j->", x, M, x) + np.dot(x, M).dot(x) + (M @ x).sum(),
    "algebra": lambda x: x @ np.linalg.solve(S, x) + np.linalg.slogdet(S + np.diag(x))[1],
    "moments": lambda x: x.var() + np.std(x) + np.var(M * x, axis=1, ddof=1).sum() + np.mean(x),
    "indices": lambda x: (
        x[INDEX].sum() + x[x > 1].sum() + x[::-1][0] * M[INDEX[:, None], INDEX][0, 1]
    ),
    "shapes": lambda x: (x.reshape(2, 2).T.ravel() ** 2).sum() + np.concatenate([x, x[:1]]).sum(),
    "norms": lambda x: norm(x) + np.linalg.norm(M * x, axis=1).sum(),
    "a module": lambda x: la.norm(x) + np.array([1.0, 2.0, 3.0, 4.0]) @ x,
    "by name": lambda x: (tanh(x) + sinh(x)).sum() + exp(x[0]) + exp2(x).sum(),
    "scipy": lambda x: (expit(x) + special.gammaln(x)).sum() + logsumexp(x) + special.erf(x[0]),
    "along": lambda x: special.softmax(M * x, axis=1)[0, 0] + special.log_softmax(x)[0],
    "math": lambda x: math.exp(x[0]) + math.atan2(x[1], x[2]) + math.pi * math.sqrt(x[3]),
    "filled": filled,
    "listed": listed,
    "turned": turned,
    "scattered": scattered,
    "integral": lambda x: np.trapezoid(x**2, dx=0.1) + sum(xi**2 for xi in x) + len(x) * x[0],
    "constants": lambda x: np.float64(2) * x.sum() + np.pi * x[0] + np.finfo(float).eps * x[1],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_code_has_the_same_value_and_gradient_in_pytorch(name: str) -> None:
    function = FUNCTIONS[name]
    x = torch.tensor(v, requires_grad=True)
    value = of_numpy(function)(x)
    assert float(value.detach()) == pytest.approx(float(function(v)), rel=1e-12)
    (gradient,) = torch.autograd.grad(value, x)
    steps = 1e-6 * np.eye(4)
    numerical = [(function(v + h) - function(v - h)) / 2e-6 for h in steps]
    assert gradient.numpy() == pytest.approx(np.array(numerical), rel=1e-5, abs=1e-6)


def logistic(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    p = 1 / (1 + np.exp(-z))
    r = p - y
    penalty = 0.5 * np.sum(w**2)
    return np.mean(r**2) + penalty


def by_hand(w: Any, X: Any, y: Any, two: float = 2.0, at: float = 1.0, penalty: float = 1.0) -> Any:
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (two * (p - y) * p * (at - p)) / len(y) + penalty * w


RANDOM = np.random.default_rng(0)
w, X = RANDOM.normal(size=3), RANDOM.normal(size=(7, 3))
y = (RANDOM.normal(size=7) > 0).astype(float)


def only(report: Report) -> str:
    assert report.verdict == "mismatch"
    return report.causes[0].explanation


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"two": 1.0},
            "in `r**2` (line {r}), the 2 of the derivative of the square, 2 * r, is left out",
        ),
        ({"penalty": 0.0}, "the path to penalty is not followed"),
    ],
)
def test_a_wrong_step_of_a_numpy_loss_has_its_line(changes: Any, said: str) -> None:
    assert check_gradients(by_hand, w, X, y, loss=logistic).passed
    line = logistic.__code__.co_firstlineno + 5
    report = check_gradients(partial(by_hand, **changes), w, X, y, loss=logistic)
    assert said.format(r=line) in only(report)


class Model:
    """A loss as an object, as people write who fit models."""

    scale = np.float64(2.0)

    def __init__(self, t: Any) -> None:
        self.t = t

    def __call__(self, p: Any) -> Any:
        return np.sum((p[0] * np.exp(-p[1] * self.t)) ** 2) * self.scale

    def loss(self, p: Any) -> Any:
        return np.sum((p[0] * np.exp(-p[1] * self.t)) ** 2) * self.scale


def closed(t: Any, by: float = 2.0) -> Callable[[Any], Any]:
    def decay(p: Any) -> Any:
        return p[0] * np.exp(-p[1] * t)

    def loss(p: Any, *, times: float = by) -> Any:
        squares = [np.sum(decay(p) ** 2) for _one in range(1)]
        return times * squares[0]

    return loss


def decaying(p: Any, t: Any, factor: float) -> Any:
    return np.sum((p[0] * np.exp(-p[1] * t)) ** 2) * factor


def through(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*arguments: Any) -> Any:
        return function(*arguments)

    return wrapper


T = np.linspace(0.1, 1.0, 5)
STYLES = {
    "function": lambda p: np.sum((p[0] * np.exp(-p[1] * T)) ** 2) * 2.0,
    "object": Model(T),
    "method": Model(T).loss,
    "closure": closed(T),
    "partial": partial(decaying, t=T, factor=2.0),
    "decorated": through(Model(T).loss),
}


@pytest.mark.parametrize("style", STYLES)
def test_losses_are_followed_however_they_are_written(style: str) -> None:
    def gradient(p: Any) -> Any:
        e = np.exp(-p[1] * T)
        return np.array([4 * np.sum(p[0] * e**2), -4 * np.sum(p[0] * T * e**2)])  # p[0] is missing

    (cause, *_others) = check_gradients(gradient, np.array([1.5, 0.7]), loss=STYLES[style]).causes
    assert "np.exp(-p[1] * " in cause.explanation


@pytest.mark.untraced
def test_quantities_beside_the_gradient_are_judged_by_their_names_in_the_loss() -> None:
    def gradients(w: Any, X: Any, y: Any) -> Any:
        p = 1 / (1 + np.exp(-X @ w))
        dr = (p - y) / len(y)  # 2 is missing
        return logistic(w, X, y), X.T @ (dr * p * (1 - p)) + w, {"dr": dr}

    report = check_gradients(gradients, w, X, y, loss=logistic)
    assert [(step.name, step.verdict) for step in report.steps] == [
        ("dr", "mismatch"),
        ("gradient", "inherited"),
    ]


def residuals(p: Any, t: Any) -> Any:
    return p[0] * np.exp(-p[1] * t) - 1 / t


def jacobian(p: Any, t: Any) -> Any:
    e = np.exp(-p[1] * t)
    return np.stack([e, -p[0] * t * e], axis=1)


def objective(p: Any) -> Any:
    r = residuals(p, T)
    return np.sum(r**4)


def slope(p: Any) -> Any:
    r = residuals(p, T)
    return 4 * jacobian(p, T).T @ r**3


def curvature(p: Any, power: int = 2) -> Any:
    r, J = residuals(p, T), jacobian(p, T)
    second = np.zeros((2, 2))
    second[0, 1] = second[1, 0] = np.sum(r**3 * -T * J[:, 0])
    second[1, 1] = np.sum(r**3 * T**power * p[0] * J[:, 0])
    return 4 * (3 * (J.T * r**2) @ J + second)


P = np.array([1.5, 0.7])


@pytest.mark.parametrize(
    "given", [{"loss": objective}, {"gradients": slope}], ids=["loss", "gradient"]
)
def test_second_derivatives_of_numpy_are_followed(given: Any) -> None:
    assert check_hessian(curvature, P, **given).verdict == "match"
    hessian = check_hessian(partial(curvature, power=1), P, **given)
    product = check_hvp(lambda p, v: curvature(p, 1) @ v, P, **given)
    for report in (hessian, product):
        assert "the factor t is missing" in only(report)


@pytest.mark.untraced
def test_a_wrong_step_of_the_function_of_a_jacobian_has_its_line() -> None:
    def wrong(p: Any, t: Any) -> Any:
        return np.stack([jacobian(p, t)[:, 0], -p[0] * np.exp(-p[1] * t)], axis=1)  # t is missing

    report = check_jacobian(wrong, P, T, function=residuals)
    assert report.verdict == "mismatch"
    assert report.causes


@pytest.mark.untraced
def test_a_gradient_of_another_kind_has_no_cause_and_is_followed_all_the_same() -> None:
    report = check_gradients(lambda w, X, y: np.sin(3 * w + 1), w, X, y, loss=logistic)
    assert report.verdict == "mismatch"
    assert not report.causes
    assert not any("only values are seen" in note.text for note in report.pattern)


@pytest.mark.untraced
@pytest.mark.parametrize(
    "again", [lambda: None, lambda: (Point(w, (X, y)), {(): w}, {(): 2 * w})], ids=["none", "other"]
)
def test_one_point_has_to_do_where_nothing_is_known_of_another(again: Any) -> None:
    """There is none, or the gradient by PyTorch is not the numerical one there."""
    wrong, right = by_hand(w, X, y, two=1.0), by_hand(w, X, y)
    seen = WrongGradient(Point(w, (X, y)), {(): wrong}, {(): right}, {(): 1e-9}, ((),), again)
    model = NumpyModel(TorchModel(of_numpy(logistic)), OnlyValues())
    assert [step.name for step in model.slips(seen, 1)] == ["a factor missing"]


def counted(w: Any) -> Any:
    return float(w[0]) ** 2 + w[1] ** 2


def in_a_table(w: Any) -> Any:
    return special.jv(0, w[0]) + w[1] ** 2


@pytest.mark.parametrize("loss", [counted, in_a_table])
def test_where_pytorch_has_no_such_gradient_nothing_but_values_is_seen(
    loss: Callable[[Any], Any],
) -> None:
    """A number taken out of an array, and a function that PyTorch has not."""

    def gradients(w: Any) -> Any:
        dw = np.array([w[0] * 7.7, np.exp(w[1])])
        return loss(w), dw, {"dh": 2 * dw}

    report = check_gradients(gradients, np.array([0.5, 0.3]), loss=loss)
    assert report.verdict == "mismatch"
    assert not report.causes
    assert any("only values are seen" in note.text for note in report.pattern)
    assert any("only a loss in PyTorch" in note.text for note in report.not_checked)


def test_nothing_is_translated_before_something_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("nobody asked for a cause")

    monkeypatch.setattr(module, "_Translation", refuse)
    assert check_gradients(by_hand, w, X, y, loss=logistic).passed


def test_the_program_keeps_its_own_values() -> None:
    before = dict(logistic.__globals__)
    _ = of_numpy(logistic)(torch.tensor(w), torch.tensor(X), torch.tensor(y))
    assert logistic.__globals__ is globals()
    assert {name: globals()[name] for name in before} == before or globals()["np"] is np
    assert globals()["np"] is np
