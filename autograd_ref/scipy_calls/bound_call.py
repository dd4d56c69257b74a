"""A call of a solver as data: the functions in it, the start, and what they are given."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from inspect import Parameter, signature
from typing import Any, NamedTuple, cast

import numpy as np

from autograd_ref.scipy_calls.solver_table import (
    OF_ONE_NUMBER,
    PAIRS_WITHOUT_JAC,
    RAVELLING,
    SOLVERS,
    UNPACKING,
    Returned,
    Solver,
)

Function = Callable[..., Any]
"""A function of (x, *data)."""


class SolverCall(NamedTuple):
    """A call of one of SciPy's solvers, as functions of (x, *data), whichever it is."""

    solver: str
    names: Solver
    returns: Returned
    function: Function
    x: Any
    """The start as a vector; of a solver of one number, as a number."""
    data: tuple[Any, ...]
    jac: Any
    """A function; True where it comes with the values; else what the solver is to do without."""
    hess: Any
    hessp: Any
    bounds: Any
    constraints: Any
    transposed: bool
    """True where the Jacobian has a column for every output."""
    ravels: bool
    """True where a gradient may be a matrix of one row or column."""


def bound_call(
    first: object, given: Sequence[object], keywords: Mapping[str, object]
) -> SolverCall:
    """The call that the arguments are: those of a solver, which comes first, or those of minimize.

    Args:
        first: a solver of scipy.optimize, or a function.
        given: the arguments after it.
        keywords: those by keyword.

    Raises:
        TypeError, ValueError: the solver does not take these arguments, or one cannot be used.
    """
    solver, arguments = _bound(first, given, keywords)
    names = SOLVERS[solver or "minimize"]
    function = _function(arguments[names.function], names.function)
    if solver == "curve_fit":
        arguments = _of_a_fit(function, arguments)
        function = arguments[names.function]
    data = _as_tuple(arguments.get("args", ()), unpack=solver in UNPACKING)
    further: dict[str, Any] = arguments.get("kwargs") or {}
    options: dict[str, Any] = arguments.get("options") or {}
    jac, hess = (_with_keywords(arguments.get(name), further) for name in (names.jac, names.hess))
    if jac is None and solver in PAIRS_WITHOUT_JAC and not arguments["approx_grad"]:
        jac = True
    return SolverCall(
        solver,
        names,
        names.returns if solver else "either",
        _with_keywords(function, further),
        _start(arguments[names.start], names.start, one=solver in OF_ONE_NUMBER),
        data,
        jac,
        hess,
        arguments.get(names.hessp),
        arguments.get("bounds"),
        arguments.get("constraints", ()),
        bool(arguments.get("col_deriv") or options.get("col_deriv")),
        _ravels(solver, arguments),
    )


def _bound(
    first: object, given: Sequence[object], keywords: Mapping[str, object]
) -> tuple[str, dict[str, Any]]:
    """The name of the solver, empty without one, and all arguments by their names."""
    import scipy.optimize  # at first use: only here is it needed

    optimize: Any = scipy.optimize
    solver = next((name for name in SOLVERS if getattr(optimize, name) is first), "")
    named = solver or "minimize"
    given = given if solver else (first, *given)
    try:
        call = signature(getattr(optimize, named)).bind(*given, **keywords)
    except TypeError as error:
        raise TypeError(
            f"{error}; the arguments need to be those of scipy.optimize.{named}"
            + " where no solver is named" * (not solver)
        ) from None
    call.apply_defaults()
    return solver, call.arguments


def _function(value: Any, name: str) -> Function:
    if not callable(value):
        raise TypeError(
            f"{name} is of type {type(value).__name__}; it needs to be a function, or a solver of"
            " scipy.optimize before it: check_scipy(minimize, fun, x0, jac=jac)"
        )
    return value


def _start(value: Any, name: str, *, one: bool) -> Any:
    """The start in float64, as SciPy makes it of lists, whole numbers and matrices.

    Raises:
        TypeError, ValueError: there is none, or not the one number that is needed.
    """
    if value is None:
        raise ValueError(f"{name} is missing; it needs to be where the derivatives are checked")
    if callable(value):
        raise TypeError(
            f"{name} is a function; it needs to be the start. The first argument needs to be fun,"
            f" or one of {', '.join(SOLVERS)}, of scipy.optimize"
        )
    try:
        x = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} cannot be used: {error}; it needs to be real numbers") from None
    if not one:
        return x.ravel()
    if x.size != 1:
        raise ValueError(f"{name} has {x.size} numbers; it needs to be one number")
    return x.item()


def _as_tuple(args: Any, *, unpack: bool) -> tuple[Any, ...]:
    if isinstance(args, tuple) or (unpack and isinstance(args, list)):
        return tuple(cast("list[Any]", args))
    return (args,)


def _with_keywords(function: Any, keywords: dict[str, Any]) -> Any:
    """The function with further arguments; what is none as it is."""
    if not keywords or not callable(function):
        return function
    return wraps(function)(partial(function, **keywords))


def _ravels(solver: str, arguments: Mapping[str, Any]) -> bool:
    method = arguments.get("method")
    if solver == "minimize" and method is None and not arguments["constraints"]:
        return arguments["bounds"] is not None  # then its method is L-BFGS-B
    return solver in PAIRS_WITHOUT_JAC or str(method).upper() in RAVELLING


def _of_a_fit(function: Function, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of curve_fit as those of a function of the vector of parameters.

    Neither ydata nor sigma have a part in it: SciPy subtracts and divides by them afterwards.
    """

    def of_vector(one: Any) -> Any:
        def called(p: Any, xdata: Any) -> Any:
            return one(xdata, *p)

        return wraps(one)(called) if callable(one) else one

    xdata, jac = arguments["xdata"], arguments["jac"]
    if isinstance(xdata, list | tuple):
        xdata = np.asarray(cast("list[Any]", xdata), dtype=np.float64)
    p0 = arguments["p0"]
    if p0 is None:
        p0 = _feasible(arguments["bounds"], _parameters_of(function))
    fit = {"f": of_vector(function), "jac": of_vector(jac), "args": (xdata,), "p0": p0}
    return {**arguments, **fit, "kwargs": None}


def _feasible(bounds: Any, size: int) -> Any:
    """The start that curve_fit takes without p0: in the middle, one from the only end, or one."""
    ends = (bounds.lb, bounds.ub) if hasattr(bounds, "lb") else bounds
    lower, upper = (np.broadcast_to(np.asarray(end, dtype=np.float64), size) for end in ends)
    from_lower, from_upper = np.isfinite(lower), np.isfinite(upper)
    start = np.where(from_lower, lower + 1, np.where(from_upper, upper - 1, 1.0))
    both = from_lower & from_upper
    start[both] = (lower[both] + upper[both]) / 2
    return start


def _parameters_of(function: Function) -> int:
    """The number of parameters that a function takes after xdata."""
    taken = signature(function).parameters.values()
    places = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    if any(one.kind is Parameter.VAR_POSITIONAL for one in taken):
        raise ValueError("p0 is missing, and f takes any number; it needs to be given")
    return sum(one.kind in places for one in taken) - 1
