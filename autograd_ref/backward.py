"""check_backward: a torch.autograd.Function, a custom operator or a kernel, as one more gradient.

Outputs and input gradients are the blocks of one gradient (`operations.sides`), judged like any
other; so are second derivatives, tangents and what vmap gives (`operation_report`).
"""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, Protocol, cast

import torch

from autograd_ref.calls import random_state
from autograd_ref.calls.arguments import require_bool
from autograd_ref.calls.trial import Options
from autograd_ref.mismatch import GradientMismatch
from autograd_ref.operation_report import report_on
from autograd_ref.operations.inputs import Arguments, Operation, shared_state, spread
from autograd_ref.operations.other_derivatives.kinds import asked
from autograd_ref.operations.prepared import prepared
from autograd_ref.operations.run import name_of
from autograd_ref.report.behaviour import known
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import require_end
from autograd_ref.user_code import as_raised

REENTRANT = (
    "function or reference calls torch.utils.checkpoint with use_reentrant=True, of which PyTorch"
    " returns no gradients (.backward() alone adds them up, in .grad); it needs use_reentrant=False"
)


class BackwardCheck(Protocol):
    """The signature of check_backward and assert_backward_matches."""

    def __call__(
        self,
        function: Operation,
        reference: Operation,
        *inputs: object,
        kwargs: Mapping[str, object] | None = None,
        declared: bool = False,
        seed: int = 0,
        allow: Collection[str] = (),
        derivatives: Collection[str] = ("first",),
    ) -> Report:
        """An operation against PyTorch's own operations."""
        ...


def check_backward(
    function: Operation,
    reference: Operation,
    *inputs: object,
    kwargs: Mapping[str, object] | None = None,
    declared: bool = False,
    seed: int = 0,
    allow: Collection[str] = (),
    derivatives: Collection[str] = ("first",),
) -> Report:
    """Compare the outputs and the input gradients of an operation with PyTorch's own operations.

    The operation is called on copies of these inputs, on smaller ones, and in the ways in which
    PyTorch calls it sooner or later: with inputs and upstream gradients that are not contiguous in
    memory, with an expanded upstream gradient, with one of one sign, a second time on the same
    graph, with each output unused and each input frozen in turn. Its backward pass is called
    directly where possible, so that a gradient of a wrong shape or dtype is seen, which PyTorch's
    engine would sum or cast silently.

    Args:
        function: a torch.autograd.Function (the class or its apply), a custom operator, a module,
            or any function of the inputs that returns a tensor or a nest of tensors.
        reference: the same function of the same inputs, written in PyTorch's own operations. It
            gets them in float64, on their device, and autograd differentiates it. Where it draws
            random numbers, it draws them in the format of the inputs.
        inputs: tensors of any dtype and memory layout, nests of them, and other arguments. The
            gradients are by those that require grad; where none does, by all of a floating-point or
            complex dtype. A complex one is judged as a pair of real ones, in PyTorch's convention.
            Of two modules with the same parameters, these are inputs as well.
        kwargs: further arguments, by keyword.
        declared: True where the reference's gradient is the definition and not the derivative of
            what it returns: straight-through estimators, gradient reversal.
        seed: for the upstream gradients and for the directions of rounding.
        allow: kinds of findings that are accepted, such as ("changes its arguments",).
        derivatives: the kinds of derivatives that are checked: "first", the backward pass;
            "second", the double backward pass; "forward", forward mode (jvp); "batched", the
            operation and its backward pass for several samples at once (vmap).

    Returns:
        The report: a block for every output of a floating-point dtype (`output`, or `output_0` and
        so on), of its shape, and one for the gradient by every differentiable input, of the input's
        shape, under the name of reference's argument. The names of the other kinds begin with the
        kind, as in `second: x`. A kind that the operation lacks is inconclusive.

    Raises:
        TypeError, ValueError: an argument cannot be used; the message names it.
        Exception: whatever function or reference raise.

    Examples:
        >>> import torch
        >>> class Cube(torch.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x**3
        ...
        ...     @staticmethod
        ...     def backward(ctx, upstream):
        ...         (x,) = ctx.saved_tensors
        ...         return 3 * x**2  # upstream is forgotten
        >>> report = check_backward(Cube, lambda x: x**3, torch.arange(1.0, 5.0))
        >>> [(block.name, block.verdict) for block in report.blocks]
        [('output', 'match'), ('x', 'mismatch')]
    """
    _require_no_class(function, reference)
    operation, reference = _as_operation(function), _as_operation(reference)
    _require_usable(function=operation, reference=reference, kwargs=kwargs, declared=declared)
    require_end({f"inputs[{i}]": one for i, one in enumerate(inputs)} | {"kwargs": kwargs})
    kinds, options = asked(derivatives), Options(seed=seed, allow=known(allow), declared=declared)
    state = shared_state(operation, reference)
    with random_state.kept():
        arguments = Arguments(spread(reference, inputs), kwargs or {}, state)
        ready = prepared(operation, reference, arguments, seed)
        try:
            return as_raised(partial(report_on, ready, name_of(reference), kinds, options))
        except RuntimeError as error:
            if "use_reentrant=True" not in str(error):
                raise
            raise TypeError(REENTRANT) from error


def assert_backward_matches(
    function: Operation,
    reference: Operation,
    *inputs: object,
    kwargs: Mapping[str, object] | None = None,
    declared: bool = False,
    seed: int = 0,
    allow: Collection[str] = (),
    derivatives: Collection[str] = ("first",),
) -> Report:
    """Check an operation as `check_backward` does, and raise an error unless it passes.

    Args:
        function: the operation under test.
        reference: the same function of the same inputs, in PyTorch's own operations.
        inputs: tensors, nests of them, and other arguments.
        kwargs: further arguments, by keyword.
        declared: True where the reference's gradient is the definition.
        seed: for the upstream gradients and for the directions of rounding.
        allow: kinds of findings that are accepted.
        derivatives: the kinds of derivatives that are checked: "first", "second", "forward" and
            "batched".

    Returns:
        The report of a check that passed.

    Raises:
        GradientMismatch: the verdict is mismatch or inconclusive, or a finding does harm; the text
            is the report.
        TypeError, ValueError: an argument cannot be used; the message names it.
        Exception: whatever function or reference raise.

    Examples:
        >>> import torch
        >>> x = torch.arange(1.0, 5.0)
        >>> assert_backward_matches(torch.square, lambda x: x * x, x).verdict
        'match'
        >>> try:
        ...     assert_backward_matches(torch.square, lambda x: x**3, x)
        ... except GradientMismatch as error:
        ...     print(error.report.verdict)
        mismatch
    """
    __tracebackhide__ = True  # pytest shows the line of the test instead
    report = check_backward(
        function,
        reference,
        *inputs,
        kwargs=kwargs,
        declared=declared,
        seed=seed,
        allow=allow,
        derivatives=derivatives,
    )
    if not report.passed:
        raise GradientMismatch(report)
    return report


def _as_operation(function: Any) -> Operation:
    return cast("Operation", function.apply if _is_class(function) else function)


def _is_class(function: object) -> bool:
    return isinstance(function, type) and issubclass(function, torch.autograd.Function)


def _require_no_class(function: object, reference: object) -> None:
    """Refuse an instance where the class is meant, and two sides that are swapped."""
    for name, one in (("function", function), ("reference", reference)):
        if isinstance(one, torch.autograd.Function):
            kind = type(one).__name__
            raise TypeError(f"{name} is an instance of {kind}; it needs to be the class: {kind}")
    if _is_class(reference) and not _is_class(function):
        raise TypeError(
            f"reference is {name_of(reference)}, a torch.autograd.Function with a backward pass of"
            " its own; it needs to be written in PyTorch's own operations: the order is"
            " check_backward(function, reference, *inputs)"
        )


def _require_usable(*, kwargs: object, declared: object, **functions: object) -> None:
    for name, value in functions.items():
        if not callable(value):
            raise TypeError(
                f"{name} is of type {type(value).__name__}; it needs to be a function of the inputs"
            )
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise TypeError(
            f"kwargs is of type {type(kwargs).__name__}; it needs to be a dict of arguments by"
            " their names, or None"
        )
    require_bool(declared=declared)
