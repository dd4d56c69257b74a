"""Code that Numba compiles: its series against exact values, as plain Python, and the choice."""

import math
import platform
import subprocess
import sys
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from manual_backprop import (
    NetworkShape,
    backend,
    backends,
    initialize,
    loss,
    loss_and_gradients,
    network,
)
from manual_backprop.backends import VARIABLE, chosen
from tests.agreement import assert_untouched_and_unshared

numba: Any = pytest.importorskip("numba")

from manual_backprop import compiled  # noqa: E402 - only where Numba is
from manual_backprop.exp_and_log1p import POWERS, exp_and_log1p  # noqa: E402
from manual_backprop.narrow_products import (  # noqa: E402
    product,
    products_of_rows,
    sum_in_pairs,
)

DTYPES = np.dtype(np.float64), np.dtype(np.float32)


def arguments(dtype: Any, kind: str, shape: tuple[int, int, int] = (4, 7, 3), S: int = 9) -> Any:
    random = np.random.default_rng(0)
    parameters = initialize(NetworkShape(*shape), seed=0, std=1.0, dtype=dtype)
    X = (3 * random.normal(size=(S, shape[0]))).astype(dtype)
    labels = random.integers(shape[2], size=S)
    soft = random.dirichlet(np.ones(shape[2]), size=S)
    return parameters, X, labels if kind == "labels" else soft


def units_off(found: Any, exact: Any, dtype: np.dtype[Any]) -> float:
    """The largest error, in units of roundoff of the exact value, or in smallest normal numbers."""
    info: Any = np.finfo(dtype)
    unit, least = mpmath.mpf(float(info.eps)) / 2, mpmath.mpf(float(info.smallest_normal))
    return max(
        float(abs(mpmath.mpf(float(a)) - b) / max(abs(b) * unit, least))
        for a, b in zip(found, exact, strict=True)
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_and_log1p_are_right_to_two_and_a_half_units(dtype: np.dtype[Any]) -> None:
    exp, log1p = exp_and_log1p(dtype)
    far = float(np.log(np.finfo(dtype).smallest_normal))
    random = np.random.default_rng(0)
    y = np.array([0.0, far, 2 * far, -1e30, *random.uniform(1.01 * far, 0, 500)], dtype)
    y = np.append(y, (-(10.0 ** random.uniform(-20, 0, 300))).astype(dtype))
    t = np.array([0.0, 1.0, *random.uniform(0, 1, 500)], dtype)
    t = np.append(t, (10.0 ** random.uniform(-30, 0, 300)).astype(dtype))
    with mpmath.workdps(40), np.errstate(over="ignore", under="ignore"):
        of_y = [mpmath.exp(mpmath.mpf(float(one))) for one in y]
        of_t = [mpmath.log1p(mpmath.mpf(float(one))) for one in t]
        for jit in (lambda function: function, numba.njit(fastmath={"contract"})):
            assert units_off([*map(jit(exp), y)], of_y, dtype) < 2
            assert units_off([*map(jit(log1p), t)], of_t, dtype) < 2.5
    assert exp(dtype.type(0)) == 1
    assert log1p(dtype.type(0)) == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_the_series_leave_out_is_below_half_a_unit(dtype: np.dtype[Any]) -> None:
    """At the ends of the ranges, relative to the value; the series are derived in derivation.md."""
    half_unit = Fraction(float(np.finfo(dtype).eps)) / 4
    last_exp, last_log = POWERS[dtype.name]
    r = Fraction(math.log(2)) / 2
    left = 2 * r ** (last_exp + 1) / math.factorial(last_exp + 1)
    assert left < half_unit * Fraction(7, 10)  # exp(-r) is more than 7/10
    q = Fraction(3 - 2 * math.sqrt(2))  # of f = sqrt(2) - 1
    assert q ** (2 * last_log + 2) / (2 * last_log + 3) / (1 - q * q) < half_unit


@pytest.mark.parametrize("kind", ["labels", "rows"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_source_is_the_same_as_plain_python(
    dtype: np.dtype[Any], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = arguments(dtype, kind)
    with_numba = loss_and_gradients(*given, backend="compiled")
    monkeypatch.setattr(compiled, "compiled", lambda name, dtype: compiled.formulas(dtype)[name])
    value, gradients = loss_and_gradients(*given, backend="compiled")
    few = 30 * float(np.finfo(dtype).eps)
    assert value == pytest.approx(with_numba[0], rel=few)
    assert loss(*given, backend="compiled") == value
    for name, block in gradients._asdict().items():
        other = getattr(with_numba[1], name)
        assert block.dtype == other.dtype == dtype
        assert np.allclose(block, other, rtol=few, atol=few * np.abs(block).max())


@pytest.mark.parametrize("kind", ["labels", "rows"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_some_samples_contribute_what_they_do_with_numpy(dtype: np.dtype[Any], kind: str) -> None:
    parameters, X, Y = arguments(dtype, kind)
    few = 30 * float(np.finfo(dtype).eps)
    for samples in (slice(0, 9), slice(2, 7)):
        ours = compiled.gradients_of(parameters, X, Y, samples)
        theirs = network.gradients_of(parameters, X, Y, samples)
        assert ours.loss == pytest.approx(theirs.loss, rel=few)
        for one, two in zip(ours.gradients, theirs.gradients, strict=True):
            assert np.allclose(one, two, rtol=few, atol=few * np.abs(two).max())


@pytest.mark.parametrize("jit", [lambda function: function, numba.njit])
@pytest.mark.parametrize("shape", [(3, 5, 40), (6, 2, 40), (6, 5, 40), (1, 1, 1), (9, 4, 3)])
def test_narrow_products_are_products(jit: Any, shape: tuple[int, int, int]) -> None:
    m, n, samples = shape
    random = np.random.default_rng(0)
    for dtype in DTYPES:
        A, B = (random.normal(size=size).astype(dtype) for size in ((m, n), (n, samples)))
        few = 4 * n * float(np.finfo(dtype).eps)
        for given in (B, np.asfortranarray(B)):
            found = jit(product)(A, given)
            assert found.dtype == dtype
            assert np.allclose(found, A @ B, rtol=few, atol=few)
            found = jit(products_of_rows)(A @ B, given)
            assert found.dtype == dtype
            assert np.allclose(found, (A @ B) @ B.T, rtol=samples * few, atol=samples * few)


@pytest.mark.parametrize("jit", [lambda function: function, numba.njit])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 1_000])
def test_a_sum_in_pairs_is_a_sum(jit: Any, count: int) -> None:
    terms = np.full(count, 0.1, np.float32)
    found = jit(sum_in_pairs)(terms)
    exact = count * float(np.float32(0.1))
    assert abs(found - exact) <= np.log2(count + 1) * np.spacing(np.float32(exact))


@pytest.mark.untraced
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
@pytest.mark.parametrize("name", ["compiled", "numpy"])
def test_memory_is_kept_from_call_to_call(name: str) -> None:
    """Memory that the system takes back is filled with zeros again: a quarter of the time."""
    code = f"""
import resource
import numpy as np
from manual_backprop import NetworkShape, initialize, loss_and_gradients
given = initialize(NetworkShape(64, 100, 10), 0), np.ones((1797, 64)), np.zeros(1797, int)
for _warm in range(3):
    loss_and_gradients(*given, threads=1, backend="{name}")
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _call in range(20):
    loss_and_gradients(*given, threads=1, backend="{name}")
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 20)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(done.stdout) < 50  # pages for each call; 447 and 621 if nothing is kept


def test_memory_may_be_of_any_kind() -> None:
    """In another order, not aligned, read-only: as if it were copied."""
    parameters, X, Y = arguments(np.float64, "labels")
    right = loss_and_gradients(parameters, X, Y, backend="compiled")
    bytes_of_X = np.zeros(X.nbytes + 1, np.uint8)
    unaligned = bytes_of_X[1:].view(np.float64).reshape(X.shape)
    unaligned[...] = X
    for other in (np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], unaligned):
        value, gradients = loss_and_gradients(parameters, other, Y, backend="compiled")
        assert value == right[0]
        assert all(map(np.array_equal, gradients, right[1]))
    turned = parameters._replace(W0=np.asfortranarray(parameters.W0))
    assert loss(turned, X, Y, backend="compiled") == right[0]
    assert_untouched_and_unshared(
        lambda *given: loss_and_gradients(*given, backend="compiled"), network_problem()
    )


def network_problem() -> Any:
    from autograd_ref.assignment.problems import Problem

    return Problem(*arguments(np.float64, "labels"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_two_formulas_have_one_name(dtype: np.dtype[Any]) -> None:
    """Numba names what it keeps by it: of two, a process may run one in the other's place."""
    found = compiled.formulas(dtype)
    assert len({formula.__qualname__ for formula in found.values()}) == len(found) == 4


def test_where_no_folder_can_be_written_the_process_compiles_for_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, caches = numba.njit, []

    def njit(*types: Any, cache: bool = False, **options: Any) -> Any:
        caches.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(*types, **options)

    monkeypatch.setattr(numba, "njit", njit)
    formula = compiled.compiled.__wrapped__("loss", DTYPES[0])
    assert caches == [True, False]
    parameters, X, _Y = arguments(np.float64, "labels")
    one_hot = np.repeat([[1.0], [0.0], [0.0]], 9, axis=1)
    assert np.isfinite(formula(9.0, tuple(parameters), X, (one_hot, np.ones(9), 1 - one_hot))[0])


@pytest.mark.parametrize(
    ("variable", "installed", "found"),
    [
        (None, True, "compiled"),
        (None, False, "numpy"),
        ("", False, "numpy"),
        ("numpy", True, "numpy"),
        ("compiled", True, "compiled"),
    ],
)
def test_the_backend_follows_from_the_variable_and_from_what_is_installed(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, installed: bool, found: str
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(VARIABLE, variable)
    monkeypatch.setattr(backends, "_has_numba", lambda: installed)
    assert backend() == found


def test_a_backend_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    given = arguments(np.float64, "labels")
    with pytest.raises(ValueError, match="backend is 'cuda'; it needs to be 'numpy' or 'compiled'"):
        _ = loss(*given, backend="cuda")
    monkeypatch.setenv(VARIABLE, "Numba")
    with pytest.raises(ValueError, match=f"the environment variable {VARIABLE} is 'Numba'; it"):
        _ = loss_and_gradients(*given)
    monkeypatch.setattr(backends, "_has_numba", lambda: False)
    with pytest.raises(ModuleNotFoundError, match="backend is 'compiled'; that needs Numba: pip"):
        _ = loss(*given, backend="compiled")


def test_the_argument_comes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "compiled")
    assert chosen("numpy").gradients_of is network.gradients_of
    assert chosen(None).gradients_of is compiled.gradients_of
