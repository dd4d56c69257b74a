"""The derivatives that are given in a call, each with the function that it is the derivative of."""

from math import inf, prod
from typing import Any, Literal, NamedTuple, cast

import numpy as np

from autograd_ref.reference.jacobians.outputs import weight, weighted
from autograd_ref.report.data import Note
from autograd_ref.scipy_calls.bound_call import Function, SolverCall
from autograd_ref.scipy_calls.box import Box, called_inside
from autograd_ref.scipy_calls.given_functions import (
    GivenFunction,
    constraint_of,
    objective_of,
)
from autograd_ref.scipy_calls.returned import (
    Shape,
    copied_if_kept,
    in_shape,
    item_of,
    require_value,
)
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.point import Point, own_copy

Kind = Literal["gradient", "jacobian", "hessian", "product"]


class Question(NamedTuple):
    """One derivative that is to be checked."""

    name: str
    """As the caller gives it: "jac", "constraints[0].hess"."""
    kind: Kind
    derivative: Function
    function: Function
    """The function that it is the first or the second derivative of."""
    data: tuple[Any, ...]
    after: str = ""
    """The name of the first derivative, for a second one; it may be missing."""
    first: Function | None = None
    """The first derivative, which takes the place of the function if it is right."""


ENTRIES = 4096
"""A Jacobian or a Hessian of more entries is multiplied by a random vector. Chosen: they cost about
a millisecond each."""


ALONG = (
    "entry by entry (it is large: its product with a random vector was checked; thorough=True takes"
    " every entry)"
)


class Questions(NamedTuple):
    """All derivatives of a call."""

    questions: tuple[Question, ...]
    """A first derivative stands before the second."""
    notes: tuple[Note, ...]
    """The derivatives that are not checked, and why."""


def questions_of(call: SolverCall, box: Box | None, *, thorough: bool) -> Questions:
    """The derivatives of the function and of the constraints.

    Args:
        call: of a solver.
        box: its bounds.
        thorough: True to take every entry of large ones.

    Raises:
        TypeError: a function or a derivative is not what the solver needs.
        Exception: whatever a function raises at the start.
    """
    most = inf if thorough else ENTRIES
    single = not isinstance(call.constraints, list | tuple)
    constraints = cast("list[Any]", [call.constraints] if single else call.constraints)
    found = [_about(objective_of(call), call.x, box, most)]
    for i, one in enumerate(constraints):
        name = f"constraints[{i}]"
        if hasattr(one, "A") or (hasattr(one, "lb") and not hasattr(one, "fun")):
            note = Note("constraint", f"{name}, a {type(one).__name__}: SciPy has its derivatives")
            found.append(Questions((), (note,)))
        else:
            found.append(_about(constraint_of(name, one), call.x, box, most))
    return Questions(
        tuple(question for one in found for question in one.questions),
        tuple(note for one in found for note in one.notes),
    )


def is_zero_of_constant(asked: Question, x: Any, other: Any) -> bool:
    """True for a Hessian that is zero at two points, where the gradient is the same at both.

    Against a zero, no factor of it could be wrong, so that its check would be inconclusive.
    """
    if asked.kind != "hessian" or asked.first is None:
        return False
    hessian, gradient = (
        as_array(_called(f, x, asked.data)) for f in (asked.derivative, asked.first)
    )
    if hessian.shape != 2 * gradient.shape or hessian.any():
        return False
    hessian, again = (
        as_array(_called(f, other, asked.data)) for f in (asked.derivative, asked.first)
    )
    return not hessian.any() and np.array_equal(gradient, again)


def _about(given: GivenFunction, x: Any, box: Box | None, most: float) -> Questions:
    """The questions about the derivatives of one function, of so many entries at most."""
    shape, (of_jac, jac), (of_hess, hess) = np.shape(x), given.jac, given.hess
    value, outputs = _value_at(given, x)
    function = called_inside(value, box, outputs)
    notes, found = list[Note](), list[Question]()
    jac = item_of(given.function, 1) if jac is True else jac
    hess = item_of(given.function, 2) if hess is True else hess

    def ask(name: str, kind: Kind, derivative: Function, wanted: Shape, *by: Any) -> Function:
        inside = called_inside(derivative, box, wanted)
        question = Question(name, kind, inside, function, given.data, *by)
        if prod(wanted) > most and np.shape(_called(inside, x, given.data)) == wanted:
            notes.append(Note("entries", f"{name} {ALONG}"))
            question = _along(question, outputs)
        found.append(question)
        return inside

    first = _given(of_jac, jac, notes)
    if first is not None:
        kind: Kind = "gradient" if given.number is not False and outputs == () else "jacobian"
        wanted = (*outputs, *shape)
        first = ask(of_jac, kind, given.shaped(of_jac, first, wanted), wanted)
    if given.of_outputs:
        v = weight(0, outputs)  # by which `weighted` weights the only array of outputs
        function, first = weighted(function), first and _rows_along(v, first)
        hess = _at(v, hess) if callable(hess) else hess
    seconds: list[tuple[str, Kind, Any, Shape]] = [
        (of_hess, "hessian", hess, (*shape, *shape)),
        (given.hessp[0], "product", given.hessp[1], shape),
    ]
    for name, kind, derivative, wanted in seconds:
        second = None if derivative is None else _given(name, derivative, notes)
        if second is not None:
            _ = ask(name, kind, in_shape(name, second, wanted), wanted, of_jac, first)
    return Questions(tuple(found), tuple(notes))


def _along(asked: Question, outputs: Shape) -> Question:
    """The question about the product with a random vector."""
    derivative = asked.derivative
    if asked.kind == "jacobian":
        by_rows = _rows_along(weight(0, outputs), derivative)
        return asked._replace(
            kind="gradient", derivative=by_rows, function=weighted(asked.function)
        )

    def product(x: Any, v: Any, *data: Any) -> Any:
        return derivative(x, *data) @ v

    return asked._replace(kind="product", derivative=product)


def _called(function: Function, x: Any, data: tuple[Any, ...]) -> Any:
    """The result of a function of copies."""
    copy = own_copy(Point(x, data))
    return function(copy.parameters, *copy.data)


def _value_at(given: GivenFunction, x: Any) -> tuple[Function, Shape]:
    """The function that returns the value alone, and the shape of the value at the start."""
    returned = _called(given.function, x, given.data)
    derivatives = 2 if given.hess[1] is True else int(given.jac[1] is True)
    number = bool(given.number)
    value = require_value(given.name, returned, np.shape(x), number=number, derivatives=derivatives)
    is_number = number or (given.number is None and as_array(value).size == 1)
    function = item_of(given.function, 0) if derivatives else given.function
    return function, () if is_number else tuple(np.shape(value))


def _given(name: str, derivative: Any, notes: list[Note]) -> Function | None:
    """A derivative that is a function; None where SciPy does without one, which is noted.

    Raises:
        TypeError: it is something else.
    """
    if callable(derivative):
        return copied_if_kept(derivative)
    by_scipy = derivative is None or isinstance(derivative, str | bool)
    if not by_scipy and not hasattr(derivative, "update"):
        raise TypeError(
            f"{name} is of type {type(derivative).__name__}; it needs to be a function; or None, a"
            ' text such as "2-point" or an object such as BFGS() where SciPy is to do without'
        )
    said = repr(derivative) if by_scipy else type(derivative).__name__
    notes.append(Note(name, f"{name}, which is {said}: SciPy approximates it"))
    return None


def _rows_along(v: Any, jac: Function) -> Function:
    """The sum of the rows of a Jacobian, each times its number."""

    def gradient(x: Any, *data: Any) -> Any:
        found = jac(x, *data)
        return v * found if np.ndim(v) == 0 else found.T @ v

    return gradient


def _at(v: Any, hess: Function) -> Function:
    """The Hessian of the sum of the outputs, each times its number."""

    def hessian(x: Any, *data: Any) -> Any:
        return hess(x, np.atleast_1d(v), *data)

    return hessian
