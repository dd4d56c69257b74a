"""check_hessian: right Hessians pass, wrong ones are found to the last digits, and named."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import rosen, rosen_der, rosen_hess
from scipy.sparse.linalg import aslinearoperator
from torch.nn import functional

from autograd_ref import (
    GradientMismatch,
    assert_hessian_matches,
    check_hessian,
    check_hvp,
    jacobian_trial,
)
from tests.thorough import by_profile
from tests.undiagnosed import without_causes

Hessian = Callable[..., Any]

x = np.array([1.1, 0.7, -0.4, 0.9])
t = np.linspace(0.0, 2.0, 9)
y = 3 * np.exp(-0.7 * t) + 0.1 * np.sin(9 * t)
p = np.array([2.0, 1.0])

random = np.random.default_rng(1)
X = random.normal(size=(30, 3))
labels = random.integers(4, size=30)
W = random.normal(size=(4, 3))


def rosenbrock(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def squares(p: Any, t: Any, y: Any) -> Any:
    r = p[0] * torch.exp(-p[1] * t) - y
    return 0.5 * (r**2).sum()


def squares_hessian(p: Any, t: Any, y: Any, curved: float = 1.0) -> Any:
    e = np.exp(-p[1] * t)
    r = p[0] * e - y
    J = np.stack([e, -p[0] * t * e], axis=1)
    mixed, second = (-t * e * r).sum(), (p[0] * t * t * e * r).sum()
    return J.T @ J + curved * np.array([[0, mixed], [mixed, second]])


def softmax_loss(W: Any, X: Any, labels: Any) -> Any:
    return functional.cross_entropy(X @ W.T, labels)


def softmax_hessian(W: Any, X: Any, _labels: Any, cross: float = 1.0) -> Any:
    z = np.exp(X @ W.T)
    probabilities = z / z.sum(axis=1, keepdims=True)
    K, D = W.shape
    H = np.zeros((K, D, K, D))
    for row, q in zip(X, probabilities, strict=True):
        H += np.einsum("ij,k,l->ikjl", np.diag(q) - cross * np.outer(q, q), row, row)
    return H / len(X)


def by_probabilities(W: Any, X: Any, labels: Any) -> Any:
    q = functional.softmax(X @ W.T, 1)
    return -torch.log(q[torch.arange(30), labels]).mean()


signs = np.where(np.arange(30) % 2, 1.0, -1.0)

nest = {"mean": np.array([0.3, -0.2]), "log_scale": np.float64(0.4)}


def normal(theta: Any, data: Any) -> Any:
    z = (data - theta["mean"]) / torch.exp(theta["log_scale"])
    return (0.5 * z**2).sum() + data.numel() * theta["log_scale"]


def normal_hessian(theta: Any, data: Any) -> Any:
    e = np.exp(-2 * theta["log_scale"])
    off = data - theta["mean"]
    mixed = 2 * off.sum(axis=0) * e
    return {
        "mean": {"mean": len(data) * e * np.eye(2), "log_scale": mixed},
        "log_scale": {"mean": mixed, "log_scale": 2 * (off**2).sum() * e},
    }


points = random.normal(size=(7, 2))


def changed(change: Callable[[Any], Any], of: Hessian = rosen_hess) -> Hessian:
    """A Hessian that is made of a right one."""

    def hessian(*arguments: Any) -> Any:
        result = of(*arguments)
        found = change(result)
        return result if found is None else found

    return hessian


def with_entry(factor: float) -> Hessian:
    def change(H: Any) -> None:
        H[0, 1] *= factor

    return changed(change)


RIGHT: dict[str, tuple[Hessian, Any, tuple[Any, ...], dict[str, Any]]] = {
    "of a loss in PyTorch": (rosen_hess, x, (), {"loss": rosenbrock}),
    "of a gradient in NumPy": (rosen_hess, x, (), {"gradients": rosen_der}),
    "of a loss in NumPy": (rosen_hess, x, (), {"loss": rosen}),
    "of both": (rosen_hess, x, (), {"loss": rosen, "gradients": rosen_der}),
    "of both in PyTorch": (
        rosen_hess, x, (), {"loss": rosenbrock, "gradients": torch.func.grad(rosenbrock)},
    ),
    "of a gradient in PyTorch": (
        rosen_hess, x, (), {"gradients": torch.func.grad(rosenbrock)},
    ),
    "of a gradient with its loss": (
        rosen_hess, x, (), {"gradients": lambda x: (rosen(x), rosen_der(x))},
    ),
    "of a gradient with its loss in PyTorch": (
        rosen_hess, x, (),
        {"gradients": lambda x: (rosenbrock(x), torch.func.grad(rosenbrock)(x))},
    ),
    "in lists": (changed(lambda H: H.tolist()), [1.1, 0.7, -0.4], (), {"loss": rosenbrock}),
    "sparse": (changed(scipy.sparse.csr_matrix), x, (), {"loss": rosenbrock}),
    "an operator": (changed(aslinearoperator), x, (), {"loss": rosenbrock}),
    "of a matrix": (softmax_hessian, W, (X, labels), {"loss": softmax_loss}),
    "of a matrix in rows": (
        changed(lambda H: H.reshape(12, 12), softmax_hessian), W, (X, labels),
        {"loss": softmax_loss},
    ),
    "of a nest": (normal_hessian, nest, (points,), {"loss": normal}),
    "a curve fit": (squares_hessian, p, (t, y), {"loss": squares}),
    "float32": (
        changed(lambda H: H.astype("f4"), squares_hessian), p.astype("f4"),
        (t.astype("f4"), y.astype("f4")), {"loss": squares},
    ),
}  # fmt: skip


@pytest.mark.traced("of a gradient with its loss", "of both")
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_hessian_passes(name: str) -> None:
    hessian, x, data, of = RIGHT[name]
    report = check_hessian(hessian, x, *data, **of)
    assert report.passed, str(report)


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("of", "error", "said"),
    [
        ({"loss": rosenbrock}, 1e-10, "autograd of autograd of the given loss, in float64"),
        ({"gradients": rosen_der}, 1e-8, "a numerical derivative of the given NumPy gradient"),
        ({"loss": rosen}, 1e-6, "a numerical derivative of the numerical derivative of the given"),
    ],
)
def test_one_entry_that_is_off_by_little_is_found(
    of: dict[str, Any], error: float, said: str
) -> None:
    report = check_hessian(with_entry(1 + error), x, **of)
    assert report.verdict == "mismatch"
    assert report.reference.startswith(said)
    assert "the derivative of x[0] by x[1] is wrong" in report.causes[0].explanation
    (note,) = [note for note in report.warnings if note.kind == "not symmetric"]
    assert "by x[0] and x[1] it is" in note.text


@pytest.mark.long
@settings(max_examples=by_profile(dev=10, ci=10, thorough=1_000))
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 5))
def test_no_right_hessian_is_accused_and_no_wrong_entry_passes(seed: int, size: int) -> None:
    random = np.random.default_rng(seed)
    A, b, w = random.normal(size=(6, size)), random.normal(size=6), random.normal(size=size)

    def loss(w: Any, A: Any, b: Any) -> Any:
        return torch.nn.functional.softplus(A @ w + b).sum() + 0.1 * (w**4).sum()

    def hessian(w: Any, A: Any, b: Any) -> Any:
        s = 1 / (1 + np.exp(-A @ w - b))
        return (A.T * (s * (1 - s))) @ A + np.diag(1.2 * w**2)

    honest = check_hessian(hessian, w, A, b, loss=loss)
    assert honest.verdict != "mismatch", str(honest)
    i, j = random.integers(size, size=2)
    much = 1e-9 * np.abs(hessian(w, A, b)).max()

    def off(H: Any) -> None:
        H[i, j] += much

    with without_causes(jacobian_trial):
        assert check_hessian(changed(off, hessian), w, A, b, loss=loss).verdict == "mismatch"


def without_cross(blocks: Any) -> None:
    blocks["mean"]["log_scale"] = 0 * blocks["mean"]["log_scale"]
    blocks["log_scale"]["mean"] = 0 * blocks["log_scale"]["mean"]


def one_sign(blocks: Any) -> None:
    blocks["mean"]["log_scale"] = -blocks["mean"]["log_scale"]


def diagonals(blocks: Any) -> None:
    without_cross(blocks)
    blocks["mean"]["mean"] = np.diag(np.diag(blocks["mean"]["mean"]))


def coupled(theta: Any) -> Any:
    """Second derivatives that are zero nowhere."""
    a, b = theta["a"], theta["b"]
    return torch.exp(a[0] * a[1] + b[0] * a[1] - b[1] * a[0] * b[0])


coupled_at = {"a": np.array([0.3, -0.6]), "b": np.array([0.4, 0.8])}


def coupled_hessian(theta: Any) -> Any:
    tensors = {name: torch.as_tensor(value) for name, value in theta.items()}
    found = torch.func.jacrev(torch.func.jacrev(coupled))(tensors)
    return {a: {b: h.numpy() for b, h in row.items()} for a, row in found.items()}


def only_the_diagonal(blocks: Any) -> Any:
    return {
        a: {b: np.diag(np.diag(h)) if a == b else 0 * h for b, h in row.items()}
        for a, row in blocks.items()
    }


def only_blocks_on_it(blocks: Any) -> Any:
    return {a: {b: h if a == b else 0 * h for b, h in row.items()} for a, row in blocks.items()}


particles = np.array([[0.0, 0.1], [1.2, -0.3], [0.4, 1.1]])


def repulsion(x: Any) -> Any:
    """The energy of particles in the plane, each a row of x, or two numbers of a vector."""
    x = x.reshape(-1, 2)
    distances = [((x[i] - x[j]) ** 2).sum() for i in range(3) for j in range(i)]
    return sum(d**-3 + 0.1 * d for d in distances)


def between_particles(factor: float, *, later: bool = False, every: bool = False) -> Hessian:
    """The Hessian of their energy with a factor at what is between different ones.

    Args:
        factor: what is wrong.
        later: False for all of that, True for the half above the diagonal.
        every: True for what is between the first coordinates and the second, instead.
    """

    def hessian(x: Any) -> Any:
        H = torch.func.jacrev(torch.func.jacrev(repulsion))(torch.as_tensor(x)).numpy()
        part = np.arange(6) % 2 if every else np.arange(6) // 2
        off = part[:, None] < part if later else part[:, None] != part
        return np.where(off, factor, 1.0) * H.reshape(6, 6)

    return hessian


counts = np.random.default_rng(2).poisson(2.0, size=30).astype(float)


def poisson(beta: Any, X: Any, counts: Any) -> Any:
    """The gradient of a negative log likelihood."""
    mu = 1.5 * np.exp(X @ beta)
    return -X.T @ (counts - mu)


def weighted(weights: Callable[[Any, Any], Any]) -> Hessian:
    def hessian(beta: Any, X: Any, counts: Any) -> Any:
        mu = 1.5 * np.exp(X @ beta)
        return (X.T * weights(mu, counts)) @ X

    return hessian


def slope_of_slope(w: Any, s: Any, X: Any) -> Any:
    p = 1 / (1 + np.exp(-s * (X @ w)))
    slope = p * (1 - p)
    return (X.T * (slope * (1 - slope))) @ X


WRONG: dict[str, tuple[Hessian, Any, tuple[Any, ...], dict[str, Any], str, str]] = {
    "the sign between particles": (
        between_particles(-1.0), particles, (), {"loss": repulsion},
        "sign flipped", "the derivatives of x[i, :] by x[j, :] with i != j have the wrong sign",
    ),
    "between later particles": (
        between_particles(0.0, later=True), particles, (), {"loss": repulsion},
        "off the diagonal blocks", "the derivatives of x[i, :] by x[j, :] with i < j are zero",
    ),
    "the sign between two in a row": (
        between_particles(-1.0), particles.ravel(), (), {"loss": repulsion},
        "sign flipped", "of x[2*i:2*i+2] by x[2*j:2*j+2] with i != j have the wrong sign",
    ),
    "the sign between every second": (
        between_particles(-1.0, every=True), particles.ravel(), (), {"loss": repulsion},
        "sign flipped", "of x[i::2] by x[j::2] with i != j have the wrong sign",
    ),
    "signs without an order": (
        lambda a: np.where(np.arange(16).reshape(4, 4) % 3, 1, -1) * np.exp(a.sum()), x, (),
        {"loss": lambda a: torch.exp(a.sum())},
        "entries", "6 of 16 entries of hessian have the wrong sign",
    ),
    "the observed for the expected": (
        weighted(lambda _mu, counts: counts), W[0], (X, counts), {"gradients": poisson},
        "another derivative", "the derivative of mu by `X @ beta` is taken to be counts",
    ),
    "the outer product of scores": (
        weighted(lambda mu, counts: (mu - counts) ** 2), W[0], (X, counts),
        {"gradients": poisson},
        "another derivative", "is taken to be the square of `counts - mu`",
    ),
    "the slope of a slope": (
        slope_of_slope, W[0], (signs, X),
        {"loss": lambda w, s, X: -functional.logsigmoid(s * (X @ w)).sum()},
        "another derivative", "is taken to be s * (1 - s) of s, that of sigmoid at",
    ),
    "Gauss-Newton": (
        lambda *a: squares_hessian(*a, curved=0.0), p, (t, y), {"loss": squares},
        "Gauss-Newton", "the Gauss-Newton matrix",
    ),
    "upper triangle": (
        changed(np.triu), x, (), {"loss": rosenbrock}, "upper triangle only", "only the upper",
    ),
    "lower triangle": (
        changed(np.tril), x, (), {"gradients": rosen_der}, "lower triangle only", "only the lower",
    ),
    "diagonal": (
        changed(lambda H: np.diag(np.diag(H))), x, (), {"gradients": rosen_der},
        "diagonal only", "all but the diagonal is left out",
    ),
    "a penalty": (
        changed(lambda H: H - 0.2 * np.eye(4)), x, (), {"gradients": rosen_der},
        "diagonal", "the diagonal is off by -0.2 in every entry",
    ),
    "twice": (changed(lambda H: 2 * H), x, (), {"gradients": rosen_der}, "twice", "by a factor 2"),
    "one coupling": (
        changed(lambda H: H * (1 - np.eye(4)[[1, 0, 2, 3]] * [1, 1, 0, 0])), x, (),
        {"gradients": rosen_der},
        "zero", "the derivatives of x[0] by x[1] and x[1] by x[0] are zero",
    ),
    "between classes": (
        lambda *a: softmax_hessian(*a, cross=0.0), W, (X, labels), {"loss": softmax_loss},
        "a derivative left out", "at its log-softmax, the derivative by `X @ W.T` is left out",
    ),
    "between probabilities": (
        lambda *a: softmax_hessian(*a, cross=0.5), W, (X, labels), {"loss": by_probabilities},
        "a factor missing", "in `functional.softmax(X @ W.T, 1)`",
    ),
    "a sigmoid": (
        lambda w, s, X: (X.T / (1 + np.exp(-s * (X @ w)))) @ X, W[0], (signs, X),
        {"loss": lambda w, s, X: -functional.logsigmoid(s * (X @ w)).sum()},
        "a factor missing", "of the derivative of the sigmoid",
    ),
    "a step that is smooth": (
        lambda w, X: (X.T / (1 + np.exp(-2 * X @ w))) @ X, W[0], (X,),
        {"loss": lambda w, X: functional.softplus(X @ w, beta=2).sum()},
        "another derivative", "by x = `X @ w` is taken to be y",
    ),
    "blocks beside the diagonal": (
        changed(without_cross, normal_hessian), nest, (points,), {"loss": normal},
        "zero", "Your mean.log_scale and log_scale.mean are zero everywhere",
    ),
    "a block's sign": (
        changed(one_sign, normal_hessian), nest, (points,), {"loss": normal},
        "sign flipped", "Your mean.log_scale is right except for the sign",
    ),
    "the diagonal of a nest": (
        changed(only_the_diagonal, coupled_hessian), coupled_at, (), {"loss": coupled},
        "diagonal only", "all but the diagonal is left out",
    ),
    "the blocks of a nest": (
        changed(only_blocks_on_it, coupled_hessian), coupled_at, (), {"loss": coupled},
        "zero", "Your a.b and b.a are zero everywhere",
    ),
}  # fmt: skip


@pytest.mark.traced(
    "between later particles",
    "between probabilities",
    "the sign between two in a row",
    "between classes",
    "a step that is smooth",
    "a sigmoid",
    "blocks beside the diagonal",
    "signs without an order",
    "a penalty",
    "diagonal",
    "one coupling",
    "lower triangle",
)
@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named(name: str) -> None:
    hessian, x, data, of, kind, said = WRONG[name]
    report = check_hessian(hessian, x, *data, **of)
    assert report.verdict == "mismatch", str(report)
    assert [cause.kind for cause in report.causes][:1] == [kind], str(report)
    assert said in report.causes[0].explanation


@pytest.mark.untraced
def test_at_equal_parameters_an_error_is_as_wrong_as_at_others() -> None:
    """Copies of equal parameters are a symmetric matrix, which is no set that they live in."""
    x = np.ones(3)

    def off(H: Any) -> Any:
        return H + np.triu(np.ones((3, 3)), 1) - np.tril(np.ones((3, 3)), -1)

    report = check_hessian(changed(off), x, loss=rosenbrock, elsewhere=False)
    assert report.verdict == "mismatch"


@pytest.mark.untraced
def test_what_is_symmetric_is_not_told_of() -> None:
    report = check_hessian(changed(lambda H: 2 * H), x, loss=rosenbrock)
    assert not any(note.kind == "not symmetric" for note in report.warnings)


@pytest.mark.untraced
def test_a_hessian_that_is_missing_or_raises_nearby_is_a_mismatch_like_any() -> None:
    report = check_hessian(lambda _x: None, x, loss=rosenbrock)
    assert "is missing: hessian returned None" in str(report)


@pytest.mark.untraced
@pytest.mark.parametrize("check", [check_hessian, check_hvp])
def test_a_gradient_that_is_wrong_is_refused_with_its_report(check: Any) -> None:
    with pytest.raises(ValueError, match="gradients is not the gradient of loss") as raised:
        _ = check(rosen_hess, x, loss=rosen, gradients=lambda x: 2 * rosen_der(x))
    assert "too large by a factor 2" in raised.value.__notes__[0]


def test_an_error_of_the_gradient_comes_out_as_it_is() -> None:
    def gradients(_x: Any) -> Any:
        raise ValueError("of mine")

    with pytest.raises(ValueError, match="of mine"):
        _ = check_hessian(rosen_hess, x, loss=rosen, gradients=gradients)


def test_an_accuracy_is_allowed_the_gradient_as_well() -> None:
    def rough(x: Any) -> Any:
        return rosen_der(x) * (1 + 1e-7)

    given: dict[str, Any] = {"loss": rosen, "gradients": rough}
    with pytest.raises(ValueError, match="gradients is not the gradient of loss"):
        _ = check_hessian(rosen_hess, x, **given)
    assert check_hessian(rosen_hess, x, **given, accuracy=1e-5).passed


def test_a_product_that_is_missing_is_called_by_its_name() -> None:
    report = check_hvp(lambda _x, _v: None, x, loss=rosenbrock)
    assert "is missing: hvp returned None" in str(report)


def test_a_product_may_have_both_references() -> None:
    report = check_hvp(lambda x, v: rosen_hess(x) @ v, x, loss=rosenbrock, gradients=rosen_der)
    assert report.passed, str(report)
    assert report.reference.startswith("autograd of the given loss's derivative")
    report = check_hvp(lambda x, v: rosen_hess(x) @ v, x, loss=rosen, gradients=rosen_der)
    assert report.passed
    assert "NumPy" in report.reference


# not formatted, so that every case keeps to its two lines
BAD: dict[str, tuple[tuple[Any, ...], dict[str, Any], type[Exception], str]] = {
    "no function": (
        (np.eye(4), x), {"loss": rosen}, TypeError,
        "hessian is of type ndarray; it needs to be a function of (x, *data)",
    ),
    "no reference": (
        (rosen_hess, x), {}, TypeError,
        "neither loss nor gradients are given; one of them is needed",
    ),
    "a loss that is none": (
        (rosen_hess, x), {"loss": 1.0}, TypeError,
        "loss is of type float; it needs to be a function of (x, *data)",
    ),
    "a gradient that is none": (
        (rosen_hess, x), {"gradients": 1.0}, TypeError,
        "gradients is of type float; it needs to be a function of (x, *data)",
    ),
    "a gradient of another form": (
        (normal_hessian, nest, points), {"gradients": lambda theta, _data: {"mean": theta["mean"]}},
        ValueError, "gradients returned no gradient by log_scale; it needs to return one",
    ),
    "a loss that is a vector": (
        (rosen_hess, x), {"loss": torch.exp}, TypeError,
        "loss is exp, and it returned a Tensor of shape (4,) (is a sum or a mean missing?)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_arguments_that_cannot_be_used_are_refused_by_name(name: str) -> None:
    arguments, given, error, text = BAD[name]
    with pytest.raises(error, match=re.escape(text)):
        _ = check_hessian(*arguments, **given)


def test_the_assertion_raises_the_report() -> None:
    assert assert_hessian_matches(rosen_hess, x, gradients=rosen_der).passed
    with pytest.raises(GradientMismatch, match="upper triangle"):
        _ = assert_hessian_matches(changed(np.triu), x, gradients=rosen_der)


def test_the_fixture_is_the_assertion(check_hessian: Any) -> None:
    assert check_hessian is assert_hessian_matches
