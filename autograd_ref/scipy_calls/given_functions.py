"""The function and the constraints of a call, each with its derivatives as they are given."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from autograd_ref.scipy_calls.bound_call import Function, SolverCall
from autograd_ref.scipy_calls.returned import in_shape


class GivenFunction(NamedTuple):
    """A function with its derivatives, as they are given."""

    name: str
    function: Function
    data: tuple[Any, ...]
    jac: tuple[str, Any]
    hess: tuple[str, Any] = ("", None)
    hessp: tuple[str, Any] = ("", None)
    number: bool | None = False
    """True where it needs to return one number; None where it may."""
    of_outputs: bool = False
    """True where the Hessian is that of the outputs, each times a number: hess(x, v)."""
    shaped: Callable[..., Function] = in_shape
    """How its first derivative gets its shape."""


def objective_of(call: SolverCall) -> GivenFunction:
    """The function that a solver is called with."""
    second = call.hess is not None or call.hessp is not None
    number = {"number": True, "vector": False, "either": second or None}[call.returns]
    return GivenFunction(
        call.names.function,
        call.function,
        call.data,
        (call.names.jac, call.jac),
        (call.names.hess, call.hess),
        (call.names.hessp, call.hessp),
        number,
        shaped=partial(in_shape, ravelled=call.ravels, transposed=call.transposed),
    )


def constraint_of(name: str, given: Any) -> GivenFunction:
    """A dict of SLSQP, or a NonlinearConstraint.

    Raises:
        TypeError: it is neither.
    """
    names = ("fun", "jac", "hess")
    entries: Mapping[str, Any] = {name: getattr(given, name, None) for name in names}
    if isinstance(given, Mapping):
        entries = cast("Mapping[str, Any]", given)
    if not callable(entries.get("fun")):
        raise TypeError(
            f"{name} is of type {type(cast('object', given)).__name__}, without a function fun; it"
            " needs to be a dict with one, a NonlinearConstraint, a LinearConstraint or Bounds"
        )
    args = entries.get("args", ())
    return GivenFunction(
        f"{name}.fun",
        entries["fun"],
        args if isinstance(args, tuple) else (args,),
        (f"{name}.jac", entries.get("jac")),
        (f"{name}.hess", entries.get("hess")),
        of_outputs=True,
    )
