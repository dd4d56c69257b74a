"""check_scipy: the order of events."""

from collections.abc import Collection
from functools import partial
from typing import Any

import numpy as np

from autograd_ref.calls import random_state
from autograd_ref.calls.arguments import require_bool
from autograd_ref.check import check_gradients
from autograd_ref.hessian import check_hessian
from autograd_ref.hessian_product import check_hvp
from autograd_ref.jacobian import check_jacobian
from autograd_ref.mismatch import GradientMismatch
from autograd_ref.report.data import Note
from autograd_ref.report.report import Report
from autograd_ref.scipy_calls.bound_call import bound_call
from autograd_ref.scipy_calls.box import box_of
from autograd_ref.scipy_calls.scipy_report import ScipyReport
from autograd_ref.scipy_calls.to_check import Question, is_zero_of_constant, questions_of

OTHER = 0.1
"""The distance to another point, relative to each entry, where a constant is the same. Chosen."""


def check_scipy(
    solver: Any,
    *arguments: Any,
    seed: int = 0,
    accuracy: float | None = None,
    elsewhere: bool = True,
    allow: Collection[str] = (),
    thorough: bool = False,
    **keywords: Any,
) -> ScipyReport:
    """Check every derivative in a call of one of SciPy's solvers, or of a function.

    Args:
        solver: a solver of scipy.optimize: minimize, least_squares, root, curve_fit, root_scalar,
            newton, fsolve, leastsq, fmin_bfgs, fmin_cg, fmin_ncg, fmin_l_bfgs_b or fmin_tnc. Or
            the function itself, fun(x, *args), which returns a number or a vector.
        arguments: the arguments of that solver, as it takes them; those of a function are as of
            minimize: x0, args and so on. What has no part in derivatives is left aside.
        seed: for the second point and for the directions of rounding.
        accuracy: the relative accuracy that the functions or the derivatives have.
        elsewhere: False for no calls with other parameters or with other data.
        allow: kinds of findings that are accepted.
        thorough: True to take a numerical derivative by every entry, however many there are.
        keywords: arguments of the solver by keyword. jac, hess and hessp are checked where they are
            functions, those of constraints as well. No function is called outside of the bounds.

    Returns:
        The reports, by the names of the derivatives: jac is checked against the function, hess and
        hessp against jac where it is right, else against the function.

    Raises:
        TypeError, ValueError: an argument cannot be used, or there is nothing to check.
        Exception: whatever the functions raise.

    Examples:
        >>> from scipy.optimize import minimize, rosen, rosen_der, rosen_hess
        >>> def wrong(x):
        ...     return -rosen_hess(x)
        >>> report = check_scipy(minimize, rosen, [1.3, 0.7], jac=rosen_der, hess=wrong, tol=1e-8)
        >>> report
        <ScipyReport: Mismatch: hess is wrong; jac agrees.>
        >>> report["hess"].causes[0].kind
        'sign flipped'
    """
    require_bool(elsewhere=elsewhere, thorough=thorough)
    with random_state.kept():
        call = bound_call(solver, arguments, keywords)
        ends = {"vector": True, "number": False, "either": None}[call.returns]
        box = box_of(call.bounds, call.x, call.names.start, ends=ends)
        questions, notes = questions_of(call, box, thorough=thorough)
        if not questions:
            said = "; ".join(note.text for note in notes) or "no derivative is given"
            raise ValueError(
                f"there is nothing to check: {said}. It needs a function as jac, hess or hessp, or"
                " as jac or hess of a constraint"
            )
        inside = partial(box.moved_inside, call.x) if box else np.asarray
        other = inside(call.x + OTHER * (1 + np.abs(call.x)))
        options: dict[str, Any] = {
            "seed": seed,
            "accuracy": accuracy,
            "elsewhere": inside if box and elsewhere else elsewhere,
            "allow": allow,
            "thorough": thorough,
        }
        reports = dict[str, Report]()
        for question in questions:
            first = reports.get(question.after)
            by_first = first is not None and first.verdict == "match"
            if by_first and elsewhere and is_zero_of_constant(question, call.x, other):
                said = f"{question.name}, which is zero, as {question.after} is constant"
                notes = (*notes, Note("zero", said))
                continue
            reports[question.name] = _checked(question, call.x, options, by_first=by_first)
    return ScipyReport(reports, notes)


def _checked(asked: Question, x: Any, options: dict[str, Any], *, by_first: bool) -> Report:
    """The report of one derivative."""
    derivative, function, data = asked.derivative, asked.function, asked.data
    if asked.kind == "gradient":
        return check_gradients(derivative, x, *data, loss=function, **options)
    if asked.kind == "jacobian":
        return check_jacobian(derivative, x, *data, function=function, **options)
    check = check_hessian if asked.kind == "hessian" else check_hvp
    against = {"gradients": asked.first} if by_first else {"loss": function}
    return check(derivative, x, *data, **against, **options)


def assert_scipy_matches(
    solver: Any,
    *arguments: Any,
    seed: int = 0,
    accuracy: float | None = None,
    elsewhere: bool = True,
    allow: Collection[str] = (),
    thorough: bool = False,
    **keywords: Any,
) -> ScipyReport:
    """Check every derivative as `check_scipy` does, and raise an error unless all of them pass.

    Args:
        solver: a solver of scipy.optimize, or a function.
        arguments: the arguments of the solver, or of minimize without it.
        seed: for the second point and for the directions of rounding.
        accuracy: the relative accuracy that the functions or the derivatives have.
        elsewhere: False for no calls with other parameters or with other data.
        allow: kinds of findings that are accepted.
        thorough: True to take a numerical derivative by every entry, however many there are.
        keywords: arguments of the solver by keyword.

    Returns:
        The reports of checks that passed.

    Raises:
        GradientMismatch: one did not pass; its report is the first such one, its text all of them.
        TypeError, ValueError: an argument cannot be used, or there is nothing to check.
        Exception: whatever the functions raise.

    Examples:
        >>> from scipy.optimize import rosen, rosen_der, rosen_hess_prod
        >>> assert_scipy_matches(rosen, [1.3, 0.7], jac=rosen_der, hessp=rosen_hess_prod).verdict
        'match'
    """
    __tracebackhide__ = True  # pytest shows the line of the test instead
    found = check_scipy(
        solver,
        *arguments,
        seed=seed,
        accuracy=accuracy,
        elsewhere=elsewhere,
        allow=allow,
        thorough=thorough,
        **keywords,
    )
    for report in found.values():
        if not report.passed:
            raise GradientMismatch(report, str(found))
    return found
