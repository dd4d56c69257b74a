"""check_jacobian: the order of events.

A Jacobian is judged as the gradient of the sum of all outputs, each with a copy of the parameters
of its own (`reference.jacobians.copied_inputs`). So everything that is true of gradients, from the
tolerance to the line that is wrong, is true of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from autograd_ref.calls import random_state
from autograd_ref.calls.arguments import checked_point, require_bool
from autograd_ref.calls.complex_pairs import complex_among, functions_by_parts
from autograd_ref.calls.stated.asked_blocks import Blocks
from autograd_ref.calls.stated.points import Project
from autograd_ref.calls.trial import Options, require_usable
from autograd_ref.jacobian_products import adjoint_of, product_report
from autograd_ref.jacobian_trial import NAMES, derivative_of, examined, trial_of
from autograd_ref.mismatch import GradientMismatch
from autograd_ref.operations.other_derivatives.reports import joined
from autograd_ref.reference.jacobians.answered import Jacobian
from autograd_ref.reference.jacobians.by_products import Product
from autograd_ref.reference.jacobians.outputs import Function
from autograd_ref.report.behaviour import known
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import with_vectors
from autograd_ref.user_code import as_raised


def check_jacobian(
    jacobian: Jacobian | None,
    x: Any,
    *data: Any,
    function: Function,
    jvp: Product | None = None,
    vjp: Product | None = None,
    seed: int = 0,
    accuracy: float | None = None,
    at: Sequence[Any] = (),
    elsewhere: bool | Project = True,
    only: Blocks = None,
    except_: Blocks = None,
    allow: Collection[str] = (),
    thorough: bool = False,
) -> Report:
    """Compare a Jacobian with autograd, or with the numerical derivative of a function in NumPy.

    Args:
        jacobian: the function under test. jacobian(x, *data) returns a row for every output and a
            column for every parameter: an array of shape (*output.shape, *x.shape), or (outputs,
            parameters); a sparse matrix or a LinearOperator of SciPy; where x or the outputs are
            nests, a nest of outputs in which each is a nest of parameters.
        x: the parameters: one array, or a nest of arrays.
        data: passed on to jacobian and to function.
        function: the function that is differentiated, function(x, *data): in PyTorch or in NumPy,
            to an array or a nest of arrays.
        jvp: the product jvp(x, v, *data) = J v, with v like x, to what is like the outputs.
        vjp: the product vjp(x, u, *data) = u J, with u like the outputs, to what is like x. One of
            the three is enough; where several are given, each is judged, under its own name, and so
            is the adjoint of a LinearOperator.
        seed: for the second point and for the directions of rounding.
        accuracy: the relative accuracy that the function or the Jacobian has.
        at: further points, each like x, where it is judged as well.
        elsewhere: False for no calls with parameters or with data that are not given.
        only: names of blocks to judge no others; these may then be missing.
        except_: names of blocks that are not judged.
        allow: kinds of findings that are accepted.
        thorough: True to take a numerical derivative by every entry, however many there are.

    Returns:
        The report. A Jacobian of one array by one array is the block `jacobian`, of shape
        (*output.shape, *x.shape); of nests there is a block for every output and parameter.

    Raises:
        TypeError, ValueError: an argument cannot be used; the message names it.
        Exception: whatever jacobian or function raise.

    Examples:
        >>> import numpy as np
        >>> def residuals(p, t, y):
        ...     return p[0] * np.exp(-p[1] * t) - y
        >>> def jacobian(p, t, y):
        ...     e = np.exp(-p[1] * t)
        ...     return np.stack([e, -t * e], axis=1)  # p[0] is missing
        >>> t = np.linspace(0.1, 2.0, 6)
        >>> report = check_jacobian(jacobian, [4.0, 1.5], t, 1 / t, function=residuals)
        >>> report.verdict, report.causes[0].kind
        ('mismatch', 'a derivative left out')
    """
    require_bool(thorough=thorough)
    options = Options(
        seed, accuracy, None, elsewhere, known(allow), thorough, False, at, only, except_
    )
    require_usable(options)
    with random_state.kept():
        given = JacobianForms(jacobian, jvp, vjp)
        return as_raised(lambda: _examined(given, x, data, function, options))


def assert_jacobian_matches(
    jacobian: Jacobian | None,
    x: Any,
    *data: Any,
    function: Function,
    jvp: Product | None = None,
    vjp: Product | None = None,
    seed: int = 0,
    accuracy: float | None = None,
    at: Sequence[Any] = (),
    elsewhere: bool | Project = True,
    only: Blocks = None,
    except_: Blocks = None,
    allow: Collection[str] = (),
    thorough: bool = False,
) -> Report:
    """Check a Jacobian as `check_jacobian` does, and raise an error unless it passes.

    Args:
        jacobian: the function under test.
        x: the parameters.
        data: passed on to jacobian and to function.
        function: the function that is differentiated.
        jvp: the product J v, jvp(x, v, *data).
        vjp: the product u J, vjp(x, u, *data).
        seed: for the second point and for the directions of rounding.
        accuracy: the relative accuracy that the function or the Jacobian has.
        at: further points, each like x, where it is judged as well.
        elsewhere: False for no calls with parameters or with data that are not given.
        only: names of blocks to judge no others; these may then be missing.
        except_: names of blocks that are not judged.
        allow: kinds of findings that are accepted.
        thorough: True to take a numerical derivative by every entry, however many there are.

    Returns:
        The report of a check that passed.

    Raises:
        GradientMismatch: the verdict is mismatch or inconclusive, or a finding does harm; the text
            is the report.
        TypeError, ValueError: an argument cannot be used; the message names it.
        Exception: whatever jacobian or function raise.

    Examples:
        >>> import numpy as np
        >>> x = np.array([1.0, 2.0])
        >>> assert_jacobian_matches(lambda x: np.diag(2 * x), x, function=lambda x: x**2).verdict
        'match'
    """
    __tracebackhide__ = True  # pytest shows the line of the test instead
    report = check_jacobian(
        jacobian,
        x,
        *data,
        function=function,
        jvp=jvp,
        vjp=vjp,
        seed=seed,
        accuracy=accuracy,
        at=at,
        elsewhere=elsewhere,
        only=only,
        except_=except_,
        allow=allow,
        thorough=thorough,
    )
    if not report.passed:
        raise GradientMismatch(report)
    return report


class JacobianForms(NamedTuple):
    """The forms in which a Jacobian is given."""

    jacobian: Jacobian | None
    jvp: Product | None
    vjp: Product | None


def _examined(
    given: JacobianForms, x: Any, data: tuple[Any, ...], function: Function, options: Options
) -> Report:
    products = {kind: one for kind, one in given._asdict().items() if one is not None}
    jacobian = products.pop("jacobian", None)
    if jacobian is None and not products:
        raise TypeError("jacobian is None; give jacobian(x, *data), jvp= or vjp=")
    for kind, one in products.items():
        if not callable(one):
            raise TypeError(
                f"{kind} is of type {type(one).__name__}; it needs to be a function of"
                " (x, vector, *data)"
            )
    if products and complex_among(x):
        raise TypeError("x is complex; jvp= and vjp= need to be of real numbers: give the jacobian")
    if callable(jacobian) and callable(function) and complex_among(x):
        jacobian, function, x, at = functions_by_parts(jacobian, function, x, options.at)
        options = options._replace(at=at)
    first = next(iter(products.values())) if jacobian is None else jacobian
    point = checked_point(first, x, data, function, NAMES)
    point = point._replace(parameters=with_vectors(x))
    by = derivative_of(function, point, options)
    reports: list[Report] = []
    if jacobian is not None:
        reports.append(examined(trial_of(jacobian, by, point, options)))
        adjoint = adjoint_of(jacobian, point)
        if adjoint is not None:
            products["rmatvec"] = adjoint
    found = (product_report(kind, one, by, point, options) for kind, one in products.items())
    report = joined([*reports, *found])
    return report if report.reference else replace(report, reference=by.about)
