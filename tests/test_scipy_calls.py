"""Calls of SciPy's solvers as people write them: right derivatives match, each mistake is found."""

import pickle
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import rosen, rosen_der, rosen_hess, rosen_hess_prod
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from autograd_ref import GradientMismatch, ScipyReport, assert_scipy_matches, check_scipy
from autograd_ref.scipy_calls import to_check
from autograd_ref.scipy_calls.box import Box

A = NDArray[np.float64]
AT = [1.3, 0.7, 0.8]
TWO = [0.5, 0.1]


def verdicts(*call: Any, **keywords: Any) -> dict[str, str]:
    return {name: one.verdict for name, one in check_scipy(*call, **keywords).items()}


def rosen_pair(x: A) -> tuple[float, A]:
    return rosen(x), rosen_der(x)


def residuals(x: A) -> A:
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def jac_residuals(x: A) -> A:
    return np.array([[-20 * x[0], 10], [-1, 0]])


def system(x: A) -> tuple[list[float], A]:
    """The example of `scipy.optimize.root`, with its Jacobian."""
    values = [x[0] * np.cos(x[1]) - 4, x[1] * x[0] - x[1] - 5]
    return values, np.array([[np.cos(x[1]), -x[0] * np.sin(x[1])], [x[1], x[0] - 1]])


def cons_f(x: A) -> list[float]:
    """The constraint of SciPy's tutorial, with its derivatives."""
    return [x[0] ** 2 + x[1], x[0] ** 2 - x[1]]


def cons_J(x: A) -> list[list[float]]:
    return [[2 * x[0], 1], [2 * x[0], -1]]


def cons_H(_x: A, v: A) -> A:
    return v[0] * np.array([[2, 0], [0, 0]]) + v[1] * np.array([[2, 0], [0, 0]])


def cons_H_operator(_x: A, v: A) -> LinearOperator:
    return LinearOperator((2, 2), matvec=lambda p: np.array([p[0] * 2 * (v[0] + v[1]), 0]))


def nonlinear(jac: Any = cons_J, hess: Any = cons_H, fun: Any = cons_f) -> Any:
    return so.NonlinearConstraint(fun, -np.inf, 1, jac=jac, hess=hess)


LINEAR = so.LinearConstraint([[1, 2], [2, 1]], [-np.inf, 1], [1, 1])
BOUNDS = so.Bounds([0, -0.5], [1.0, 2.0])
INEQ = {
    "type": "ineq",
    "fun": lambda x: np.array([1 - x[0] - 2 * x[1], 1 - x[0] ** 2 - x[1], 1 - x[0] ** 2 + x[1]]),
    "jac": lambda x: np.array([[-1.0, -2.0], [-2 * x[0], -1.0], [-2 * x[0], 1.0]]),
}
EQ = {
    "type": "eq",
    "fun": lambda x: np.array([2 * x[0] + x[1] - 1]),
    "jac": lambda x: np.array([2.0, 1.0]),
}


def decay(t: A, a: float, b: float, c: float) -> A:
    return a * np.exp(-b * t) + c


def jac_decay(t: A, a: float, b: float, _c: float) -> A:
    return np.stack([np.exp(-b * t), -a * t * np.exp(-b * t), np.ones_like(t)], axis=1)


T = np.linspace(0, 4, 8)
Y = decay(T, 2.5, 1.3, 0.5)


class Foreign:
    """An array as other libraries have them."""

    def __init__(self, values: A) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> A:
        return np.array(self.values, dtype=dtype)


@cache
def cached(*x: float) -> tuple[float, A]:
    return rosen_pair(np.array(x))


class Keeping:
    """A value and a gradient that are computed once at every x."""

    def __init__(self) -> None:
        self.x: A | None = None

    def at(self, x: A) -> "Keeping":
        if self.x is None or not np.array_equal(x, self.x):
            self.x, self.value, self.gradient = np.copy(x), (x**4).sum(), 4 * x**3
        return self

    def fun(self, x: A) -> float:
        return self.at(x).value

    def jac(self, x: A) -> A:
        return self.at(x).gradient


def call(*given: Any, **keywords: Any) -> Callable[..., ScipyReport]:
    return partial(check_scipy, *given, **keywords)


LEAST = partial(call, so.least_squares, residuals)
OF_X = {"jac": rosen_der, "hess": rosen_hess, "method": "trust-constr"}
TRUST = partial(call, so.minimize, rosen, TWO, **OF_X)
CUBE: dict[str, Any] = {"x0": 0.7, "fprime": lambda x: 3 * x**2}

HONEST: dict[str, tuple[Callable[..., ScipyReport], str]] = {
    "a function and its gradient": (call(rosen, AT, jac=rosen_der), "jac"),
    "trust-exact": (
        call(
            so.minimize,
            rosen,
            AT,
            method="trust-exact",
            jac=rosen_der,
            hess=rosen_hess,
            options={"gtol": 1e-8, "disp": True},
        ),
        "jac hess",
    ),
    "trust-ncg": (
        call(so.minimize, rosen, AT, (), "", rosen_der, hessp=rosen_hess_prod),
        "jac hessp",
    ),
    "a pair": (call(so.minimize, rosen_pair, AT, jac=True, hess=rosen_hess), "jac hess"),
    "a Hessian alone": (call(so.minimize, rosen, TWO, jac="2-point", hess=rosen_hess), "hess"),
    "args that are no tuple": (
        call(so.minimize, lambda x, a: a * x @ x, [1, 2], 3.0, jac=lambda x, a: 2 * a * x),
        "jac",
    ),
    "a loss of shape (1,), of one number": (
        call(so.minimize, lambda x: x**2, 3, jac=lambda x: 2 * x[0], hess=lambda x: 2.0),
        "jac hess",
    ),
    "a column, in whole numbers": (call(rosen, [[2], [1]], jac=rosen_der), "jac"),
    "whole numbers": (
        call(
            so.minimize,
            lambda x: 2 * x[0] + x[1],
            TWO,
            jac=lambda x: np.array([2, 1]),
            constraints={
                "fun": lambda x: [x[0], x[1]],
                "jac": lambda x: sp.csr_array(np.eye(2, dtype=int)),
            },
        ),
        "jac constraints[0].jac",
    ),
    "arrays of another library": (
        call(
            so.least_squares,
            lambda x: Foreign(residuals(x)),
            TWO,
            jac=lambda x: Foreign(jac_residuals(x)),
        ),
        "jac",
    ),
    "a cache of all results": (
        call(
            so.minimize,
            lambda x: cached(*x)[0],
            AT,
            jac=lambda x: cached(*x)[1],
            bounds=[(0, 2)] * 3,
        ),
        "jac",
    ),
    "a kept gradient": (call(so.minimize, Keeping().fun, AT, jac=Keeping().jac), "jac"),
    "a constant gradient": (
        call(so.minimize, lambda x: x @ T[:3], AT, jac=lambda x: T[:3]),
        "jac",
    ),
    "L-BFGS-B takes a row": (
        call(so.minimize, rosen, AT, jac=lambda x: rosen_der(x)[None], method="L-BFGS-B"),
        "jac",
    ),
    "and is the method for bounds": (
        call(so.minimize, rosen, AT, jac=lambda x: rosen_der(x)[:, None], bounds=[(0, 2)] * 3),
        "jac",
    ),
    "least squares": (LEAST([2, 2], jac_residuals, bounds=([-np.inf, 1.5], np.inf)), "jac"),
    "a sparse Jacobian": (LEAST([2, 2], lambda x: sp.csr_matrix(jac_residuals(x))), "jac"),
    "residuals with keywords": (
        call(
            so.least_squares,
            lambda p, t, k=1: k * p[0] * t,
            [2.0],
            lambda p, t, k=1: k * t[:, None],
            args=[T],
            kwargs={"k": 3},
        ),
        "jac",
    ),
    "a system with its Jacobian": (call(so.root, system, [1, 1], jac=True, method="lm"), "jac"),
    "columns for outputs": (
        call(
            so.fsolve,
            lambda x: system(x)[0],
            [1, 1],
            fprime=lambda x: system(x)[1].T,
            col_deriv=True,
        ),
        "fprime",
    ),
    "columns by options": (
        call(
            so.root,
            lambda x: system(x)[0],
            [1, 1],
            jac=lambda x: system(x)[1].T,
            options={"col_deriv": 1},
        ),
        "jac",
    ),
    "a function of SciPy 0.5": (
        call(
            so.leastsq,
            lambda p, t, y: decay(t, *p) - y,
            [1, 1, 1],
            (T, Y),
            lambda p, t, y: jac_decay(t, *p),
        ),
        "Dfun",
    ),
    "a pair of old": (call(so.fmin_l_bfgs_b, rosen_pair, AT), "fprime"),
    "products of old": (
        call(so.fmin_ncg, rosen, AT, rosen_der, fhess_p=rosen_hess_prod),
        "fprime fhess_p",
    ),
    "a fit": (call(so.curve_fit, decay, T, Y, jac=jac_decay, sigma=0.1 + T), "jac"),
    "a fit inside bounds": (
        call(so.curve_fit, decay, list(T), Y, (2, 1, 0.1), bounds=(0, [3, 1, 0.5]), jac=jac_decay),
        "jac",
    ),
    "a fit that starts where curve_fit does": (
        call(
            so.curve_fit, decay, T, Y, bounds=so.Bounds([2, 3, -9], [4, np.inf, -1]), jac=jac_decay
        ),
        "jac",
    ),
    "Newton": (call(so.root_scalar, lambda x: x**3 - 1, **CUBE), "fprime"),
    "Halley": (
        call(so.root_scalar, lambda x: x**3 - 1, **CUBE, fprime2=lambda x: 6 * x),
        "fprime fprime2",
    ),
    "Halley at once": (
        call(
            so.root_scalar,
            lambda x: (x**3 - 1, 3 * x**2, 6 * x),
            x0=1,
            fprime=True,
            fprime2=True,
        ),
        "fprime fprime2",
    ),
    "newton": (
        call(so.newton, lambda x, a: x**2 - a, 2, lambda x, a: 2 * x, (3,)),
        "fprime",
    ),
    "trust-constr": (
        TRUST(constraints=[LINEAR, nonlinear()], bounds=BOUNDS),
        "jac hess constraints[1].jac constraints[1].hess",
    ),
    "sparse matrices and operators": (
        TRUST(constraints=nonlinear(lambda x: sp.csc_matrix(cons_J(x)), cons_H_operator)),
        "jac hess constraints[0].jac constraints[0].hess",
    ),
    "one constraint of one number": (
        TRUST(
            constraints=nonlinear(
                lambda x: [2 * x[0] * x[1], x[0] ** 2],
                lambda x, v: v[0] * np.array([[2 * x[1], 2 * x[0]], [2 * x[0], 0]]),
                fun=lambda x: x[0] ** 2 * x[1],
            )
        ),
        "jac hess constraints[0].jac constraints[0].hess",
    ),
    "SLSQP": (
        call(so.minimize, rosen, TWO, jac=rosen_der, constraints=[EQ, INEQ], bounds=BOUNDS),
        "jac constraints[0].jac constraints[1].jac",
    ),
    "args of a constraint": (
        call(
            rosen,
            TWO,
            jac=rosen_der,
            constraints={
                "fun": lambda x, r: r**2 - x @ x,
                "jac": lambda x, r: -2 * x,
                "args": 2.0,
            },
        ),
        "jac constraints[0].jac",
    ),
}


@pytest.mark.traced(
    "a fit inside bounds",
    "one constraint of one number",
    "residuals with keywords",
    "columns by options",
    "products of old",
    "a pair of old",
)
@pytest.mark.parametrize("case", HONEST)
def test_right_derivatives_pass_under_their_names(case: str) -> None:
    check, names = HONEST[case]
    report = check()
    assert report.passed, report
    assert report.verdict == "match"
    assert [*report] == names.split()


def half(x: A, v: A) -> A:
    return cons_H(x, v) / 2


WRONG: dict[str, tuple[Callable[..., ScipyReport], str]] = {
    "jac": (TRUST(jac=lambda x: rosen_der(x) * [1, 1.001]), "jac"),
    "hess": (TRUST(hess=lambda x: rosen_hess(x) * [[1, 1], [1, 0.999]]), "hess"),
    "hessp": (
        call(so.minimize, rosen, AT, jac=rosen_der, hessp=lambda x, p: -rosen_hess_prod(x, p)),
        "hessp",
    ),
    "hessp without jac": (call(rosen, TWO, hessp=lambda x, p: p), "hessp"),
    "constraint jac": (
        TRUST(constraints=[LINEAR, nonlinear(lambda x: np.abs(cons_J(x)))]),
        "constraints[1].jac",
    ),
    "constraint hess": (
        TRUST(constraints=[nonlinear(), nonlinear(hess=half)]),
        "constraints[1].hess",
    ),
    "least squares": (LEAST([2, 2], lambda x: jac_residuals(x) * 2), "jac"),
    "transposed": (LEAST([2, 2], lambda x: jac_residuals(x).T), "jac"),
    "a Jacobian with sigma": (
        call(so.curve_fit, decay, T, Y, jac=lambda t, *p: jac_decay(t, *p) / (0.1 + t)[:, None]),
        "jac",
    ),
    "Halley": (call(so.newton, lambda x: x**3, 0.7, lambda x: 3 * x**2, fprime2=np.sin), "fprime2"),
    "BFGS takes no row": (
        call(so.minimize, rosen, AT, jac=lambda x: rosen_der(x)[None], method="BFGS"),
        "jac",
    ),
    "col_deriv is missing": (
        call(so.fsolve, lambda x: system(x)[0], [1, 1], fprime=lambda x: system(x)[1].T),
        "fprime",
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_found_under_its_name_alone(case: str) -> None:
    check, name = WRONG[case]
    report = check()
    assert report.verdict == "mismatch"
    assert [wrong for wrong, one in report.items() if one.verdict == "mismatch"] == [name], report


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix, aslinearoperator])
def test_a_large_hessian_is_multiplied_by_a_vector(
    form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_check, "ENTRIES", 8)
    for factor, verdict in ((1, "match"), (1.001, "mismatch")):

        def hess(x: A, factor: float = factor) -> Any:
            found = rosen_hess(x)
            found[0, 1] *= factor
            return form(found)

        report = check_scipy(rosen, AT, jac=rosen_der, hess=hess)
        assert report.verdict == report["hess"].verdict == verdict
        assert report["hess"].blocks[0].shape == (3,)
        assert report.not_checked[0].text.startswith("hess entry by entry (it is large")
    every = check_scipy(rosen, AT, jac=rosen_der, hess=hess, thorough=True)
    assert every["hess"].blocks[0].shape == (3, 3)
    assert not every.not_checked


def test_so_is_a_large_jacobian_unless_its_shape_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(to_check, "ENTRIES", 20)
    for factor, verdict in ((1, "match"), (1.001, "mismatch")):
        report = check_scipy(
            so.curve_fit, decay, T, Y, jac=lambda *of, by=factor: jac_decay(*of) * [1, by, 1]
        )
        assert report.verdict == verdict
        assert report["jac"].blocks[0].shape == (3,)
    report = check_scipy(so.curve_fit, decay, T, Y, jac=lambda *of: jac_decay(*of).T)
    assert report.verdict == "mismatch"
    assert "has shape (3, 8); it needs (8, 3)" in report["jac"].blocks[0].reason


@pytest.mark.untraced
def test_a_hessian_beside_a_wrong_gradient_is_checked_against_the_function() -> None:
    for hess, verdict in ((rosen_hess, "match"), (lambda x: -rosen_hess(x), "mismatch")):
        report = check_scipy(rosen, TWO, jac=lambda x: rosen_der(x) / 2, hess=hess)
        assert report["hess"].verdict == verdict
        assert "of the numerical derivative" in report["hess"].reference
    assert "gradient" in check_scipy(rosen, TWO, jac=rosen_der, hess=rosen_hess)["hess"].reference


def zeros(_x: A) -> A:
    return np.zeros((2, 2))


@pytest.mark.parametrize("bounds", [None, [(0, 1)] * 2])
def test_a_hessian_that_is_zero_is_left_aside_where_the_gradient_is_constant(bounds: Any) -> None:
    def call_of(fun: Any, jac: Any, hess: Any = zeros) -> ScipyReport:
        return check_scipy(so.minimize, fun, TWO, jac=jac, hess=hess, bounds=bounds)

    def linear(x: A) -> float:
        return 2 * x[0] + x[1]

    report = call_of(linear, lambda x: [2, 1])
    assert report.passed
    assert [note.text for note in report.not_checked] == ["hess, which is zero, as jac is constant"]
    curved = call_of(lambda x: x[0] ** 3 + x[1], lambda x: [3 * x[0] ** 2, 1])
    assert curved["hess"].verdict == "mismatch"
    both = call_of(lambda x: x[0] ** 3 + x[1], lambda x: [2, 1])
    assert [one.verdict for one in both.values()] == ["mismatch", "mismatch"]
    here = call_of(linear, lambda x: [2, 1], lambda x: np.diag(x - TWO))
    assert here["hess"].verdict == "mismatch"
    flat = call_of(linear, lambda x: [2, 1], lambda x: np.zeros(2))
    assert flat["hess"].verdict == "mismatch"


def test_one_buffer_for_all_results_does_harm() -> None:
    """BFGS subtracts a gradient from the one before."""
    buffer = np.empty(3)

    def jac(x: A) -> A:
        return np.multiply(4, x**3, out=buffer)

    report = check_scipy(so.minimize, lambda x: (x**4).sum(), AT, jac=jac)
    assert report.verdict == "match"
    assert not report.passed
    assert "Match: jac agrees. Not passed: see the finding about jac." in str(report)


# ----------------------------------------------------------------------------- bounds


def strict(lower: Any, upper: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which nobody may call outside."""

    def inside(x: Any, *data: Any) -> Any:
        assert (np.asarray(x) >= lower).all(), x
        assert (np.asarray(x) <= upper).all(), x
        return function(x, *data)

    return inside


@pytest.mark.untraced
@pytest.mark.parametrize("x", [[1, 2, 1.5], [1.0001, 1.9999, 2], [1.2, 1.4, 1.7]])
def test_no_function_is_called_outside_of_the_bounds(x: list[float]) -> None:
    inside = partial(strict, 1, 2)
    given: dict[str, Any] = {
        "hess": inside(lambda x: np.diag(0.75 * x**-0.5)),
        "hessp": inside(lambda x, p: 0.75 * x**-0.5 * p),
        "constraints": nonlinear(
            inside(lambda x: np.diag(0.5 * x**-0.5)),
            inside(lambda x, v: np.diag(-0.25 * v * x**-1.5)),
            fun=inside(np.sqrt),
        ),
        "bounds": so.Bounds(1, 2),
    }
    fun = inside(lambda x: (x**1.5).sum())
    report = check_scipy(so.minimize, fun, x, jac=inside(lambda x: 1.5 * x**0.5), **given)
    assert report.passed, report
    assert not any(one.not_checked for one in report.values())
    wrong = inside(lambda x: 1.5 * x**0.5 * [1, 1, 1.0001])
    assert verdicts(so.minimize, fun, x, jac=wrong, bounds=given["bounds"]) == {"jac": "mismatch"}


def test_the_second_point_is_inside_the_bounds() -> None:
    """Where every multiple of the start is outside."""

    def right_at_two(x: A) -> A:
        return 3 * x**2 + (x != 2)

    bounds = [(1.9, 2.1)] * 2
    fun = strict(1.9, 2.1, lambda x: (x**3).sum())
    assert verdicts(so.minimize, fun, [2, 2], jac=right_at_two, bounds=bounds) == {
        "jac": "mismatch"
    }
    once = check_scipy(so.minimize, fun, [2, 2], jac=right_at_two, bounds=bounds, elsewhere=False)
    assert once.verdict == "match"
    assert once["jac"].not_checked


def test_a_number_with_equal_bounds_is_differentiated_all_the_same() -> None:
    bounds = [(0, 2), (0.7, 0.7), (None, None)]
    assert check_scipy(rosen, AT, jac=rosen_der, bounds=bounds).passed


def test_other_numbers_are_mirrored_into_the_box() -> None:
    box = Box(np.array([0.0, 1.0, 0.0]), np.array([2.0, 1.0, np.inf]))
    x, other = np.array([0.0, 1.0, 3.0]), np.array([-0.5, 1.5, 2.0])
    assert box.moved_inside(x, other).tolist() == [0.5, 1.0, 2.0]
    assert [box.holds(at) for at in (x, other, np.array([0.0, 9.0, 3.0]))] == [True, False, True]


@pytest.mark.parametrize(
    "bounds",
    [
        None,
        (),
        so.Bounds(),
        so.Bounds(0, [2, 3, 4]),
        [(0, None), (None, 3), (None, None)],
        np.array([[0, 2], [0, 3], [0, 4]]),
        ((0, 2),) * 3,
        (0, np.inf),
        ([0, 0, 0], [2, 2, 2]),
    ],
)
def test_a_function_may_have_bounds_in_any_form(bounds: Any) -> None:
    assert check_scipy(rosen, AT, jac=rosen_der, bounds=bounds).passed


# ----------------------------------------------------------------------------- what is said

NOTHING = "jac, which is None: SciPy approximates it"
ERRORS: dict[str, tuple[Callable[..., ScipyReport], str]] = {
    "nothing": (call(rosen, AT), f"there is nothing to check: {NOTHING}. It needs a function as"),
    "texts": (
        call(so.minimize, rosen, AT, jac="2-point", hess=so.BFGS()),
        "jac, which is '2-point': SciPy approximates it; hess, which is BFGS: SciPy approx",
    ),
    "a number for jac": (
        call(rosen, AT, jac=np.ones(3)),
        "jac is of type ndarray; it needs to be a function; or None, a text such as",
    ),
    "jac=True is missing": (
        call(rosen_pair, AT, jac=rosen_der),
        "fun returned a tuple of float64, ndarray: its value and its derivative",
    ),
    "jac=True is missing in a system": (
        call(so.root, lambda x: (x**2, np.diag(2 * x)), AT, jac=rosen_hess),
        "fun returned a tuple of ndarray, ndarray: its value and its derivative. It needs to return"
        " the vector alone",
    ),
    "no pair": (
        call(so.minimize, rosen, AT, jac=True),
        "fun returned a float64; where a derivative is given as True, it needs to return (number,"
        " derivative)",
    ),
    "jac returns the pair": (
        call(rosen, AT, jac=rosen_pair),
        "jac returned a tuple of float64, ndarray: a value and its derivative; it needs to",
    ),
    "no triple": (
        call(so.root_scalar, lambda x: (1, 1), x0=1, fprime=True, fprime2=True),
        "f returned a tuple of int, int; where a derivative is given as True, it needs to return"
        " (number, derivative, second derivative)",
    ),
    "a vector for minimize": (
        call(so.minimize, lambda x: x, AT, jac=rosen_der),
        "fun returned an array of shape (3,) (is a sum or a mean missing?); it needs to return a",
    ),
    "no value": (call(lambda x: None, AT, jac=rosen_der), "returned None (is a return missing?)"),
    "a misspelt argument": (
        call(so.least_squares, residuals, TWO, jacobian=jac_residuals),
        "unexpected keyword argument 'jacobian'; the arguments need to be those of"
        " scipy.optimize.least_squares",
    ),
    "and without a solver": (
        call(rosen, AT, jaco=1),
        "of scipy.optimize.minimize where no solver is named",
    ),
    "an unknown solver": (call(so.brute, rosen, AT, jac=rosen_der), "x0 is a function"),
    "no function": (call(AT, rosen), "fun is of type list; it needs to be a function, or a solver"),
    "no start": (call(so.root_scalar, rosen, fprime=rosen_der), "x0 is missing"),
    "a text": (call(rosen, "here", jac=rosen_der), "x0 cannot be used: could not convert string"),
    "many for one": (call(so.newton, np.sin, AT, np.cos), "x0 has 3 numbers; it needs to be one"),
    "outside": (
        call(rosen, AT, jac=rosen_der, bounds=[(0, 1)] * 3),
        "x0[0] is 1.3, outside of its bounds 0 and 1; it needs to be inside",
    ),
    "outside of a fit": (
        call(so.curve_fit, decay, T, Y, (1, 2, 3), bounds=(2, 9), jac=jac_decay),
        "p0[0] is 1, outside of its bounds 2 and 9",
    ),
    "too few pairs": (
        call(rosen, AT, jac=rosen_der, bounds=[(0, 1)] * 2),
        "bounds has 2 items; it needs to have a pair (lower, upper) for each of the 3 numbers",
    ),
    "pairs for ends": (
        LEAST(TWO, jac_residuals, bounds=[(0, 1)] * 3),
        "bounds has 3 items; it needs",
    ),
    "ends of another length": (
        LEAST(TWO, jac_residuals, bounds=(0, [1, 1, 1])),
        "bounds do not fit the 2 numbers in x0",
    ),
    "a constraint without a function": (
        call(rosen, AT, jac=rosen_der, constraints={"type": "eq"}),
        "constraints[0] is of type dict, without a function fun; it needs to be a dict with one",
    ),
    "how many parameters": (
        call(so.curve_fit, lambda t, *p: t, T, Y, jac=jac_decay),
        "p0 is missing, and f takes any number; it needs to be given",
    ),
    "elsewhere": (
        call(rosen, AT, jac=rosen_der, elsewhere=1),
        "elsewhere is of type int; it needs",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_says_what_is_needed(case: str) -> None:
    check, said = ERRORS[case]
    with pytest.raises((TypeError, ValueError)) as error:
        _ = check()
    assert said in str(error.value)


def test_what_a_function_raises_is_raised() -> None:
    def fun(_x: A) -> float:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        _ = check_scipy(so.minimize, fun, AT, jac=rosen_der)


def test_a_report_is_a_mapping_that_says_what_it_left_out() -> None:
    report = check_scipy(
        so.minimize,
        rosen,
        TWO,
        jac=rosen_der,
        hess=lambda x: -rosen_hess(x),
        constraints=[LINEAR, {"fun": cons_f}, so.Bounds(0, 1)],
    )
    assert dict(report) == report.reports
    assert len(report) == 2
    assert repr(report) == "<ScipyReport: Mismatch: hess is wrong; jac agrees.>"
    assert [note.text for note in report.not_checked] == [
        "constraints[0], a LinearConstraint: SciPy has its derivatives",
        "constraints[1].jac, which is None: SciPy approximates it",
        "constraints[2], a Bounds: SciPy has its derivatives",
    ]
    text = str(report)
    places = [
        text.index(part) for part in ("Mismatch: hess", "==== jac", "==== hess", "Not checked")
    ]
    assert places == sorted(places)
    assert str(report["hess"]) in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_verdict_is_the_worst_one() -> None:
    zero: dict[str, Any] = {"jac": lambda x: np.ones(2), "hess": lambda x: np.zeros((2, 2))}
    report = check_scipy(so.minimize, lambda x: x[0] + x[1], TWO, **zero, elsewhere=False)
    assert (report.verdict, report.passed) == ("inconclusive", False)
    assert str(report).startswith("Inconclusive: hess cannot be decided; jac agrees.")


def test_the_assertion_has_every_report_in_its_text_and_the_first_bad_one() -> None:
    bad: dict[str, Any] = {
        "jac": rosen_der,
        "hess": lambda x: 2 * rosen_hess(x),
        "hessp": lambda x, p: p,
    }
    with pytest.raises(GradientMismatch) as error:
        _ = assert_scipy_matches(so.minimize, rosen, TWO, **bad)
    assert "Mismatch: hess and hessp are wrong; jac agrees." in str(error.value)
    assert error.value.report.causes[0].kind == "twice"
    again = pickle.loads(pickle.dumps(error.value))
    assert str(again) == str(error.value)
    assert assert_scipy_matches(rosen, TWO, jac=rosen_der)["jac"].passed


def test_the_fixture_is_the_assertion(check_scipy: Callable[..., ScipyReport]) -> None:
    assert check_scipy is assert_scipy_matches


def test_what_is_given_stays_as_it_is() -> None:
    x, data = np.array(AT), np.array([1.0, 2.0, 3.0])

    def fun(x: A, data: A) -> float:
        x *= 2
        data *= 2
        return float(x @ data)

    report = check_scipy(so.minimize, fun, x, (data,), jac=lambda x, data: 4 * data)
    assert report["jac"].verdict in ("match", "mismatch")
    assert x.tolist() == AT
    assert data.tolist() == [1, 2, 3]


def test_no_function_is_called_outside_the_bounds() -> None:
    """Nor where it has a value there, which no error would tell."""
    asked: list[A] = []

    def seen(x: Any) -> Any:
        asked.append(np.array(x, dtype=float))
        return x

    lower, upper = np.array([0.0, -1.0]), np.array([1.0, 2.0])
    report = check_scipy(
        so.minimize,
        lambda x: (seen(x) ** 4).sum(),
        [1.0, -0.999],
        jac=lambda x: 4 * seen(x) ** 3,
        bounds=list(zip(lower, upper, strict=True)),
    )
    assert report.verdict == "match"
    assert all((lower <= x).all() and (x <= upper).all() for x in asked)
