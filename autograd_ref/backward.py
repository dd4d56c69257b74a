"""check_backward: a torch.autograd.Function, a custom operator or a kernel, as one more gradient.

Outputs and input gradients are the blocks of one gradient (`operations.sides`), judged like any
other; how else the operation is called is one table (`operations.ways`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, cast

import torch

from autograd_ref.calls import random_state
from autograd_ref.calls.arguments import checked_point, require_bool
from autograd_ref.calls.trial import Options, Trial
from autograd_ref.check import examine
from autograd_ref.mismatch import GradientMismatch
from autograd_ref.observe.elsewhere import Place
from autograd_ref.operations.inputs import Arguments, Operation, shared_state, spread
from autograd_ref.operations.prepared import Prepared, prepared
from autograd_ref.operations.probes.by_call import cause_of_way
from autograd_ref.operations.probes.formats import reference_of
from autograd_ref.operations.probes.properties import with_properties
from autograd_ref.operations.run import name_of
from autograd_ref.operations.ways import How, table
from autograd_ref.recording.models.operation import OperationModel
from autograd_ref.report.behaviour import known
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import require_end
from autograd_ref.tree.point import Point
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

    Returns:
        The report: a block for every output of a floating-point dtype (`output`, or `output_0` and
        so on), of its shape, and one for the gradient by every differentiable input, of the input's
        shape, under the name of reference's argument.

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
    options = Options(seed=seed, allow=known(allow), declared=declared)
    state = shared_state(operation, reference)
    with random_state.kept():
        arguments = Arguments(spread(reference, inputs), kwargs or {}, state)
        ready = prepared(operation, reference, arguments, seed)
        try:
            report = as_raised(partial(_examined, ready, name_of(reference), options))
        except RuntimeError as error:
            if "use_reentrant=True" not in str(error):
                raise
            raise TypeError(REENTRANT) from error
    # no loss: the outputs say it in detail
    return replace(
        report,
        loss=None,
        findings=(*report.findings, *ready.findings),
        not_checked=(*report.not_checked, *ready.notes),
        # each is judged by its own format
        warnings=(
            *(note for note in report.warnings if note.kind != "mixed dtypes"),
            *ready.finer,
        ),
    )


def assert_backward_matches(
    function: Operation,
    reference: Operation,
    *inputs: object,
    kwargs: Mapping[str, object] | None = None,
    declared: bool = False,
    seed: int = 0,
    allow: Collection[str] = (),
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
    )
    if not report.passed:
        raise GradientMismatch(report)
    return report


def _examined(ready: Prepared, name: str, options: Options) -> Report:
    """The report of an operation that is ready."""
    point = checked_point(ready.subject.callee, ready.nest, (), ready.composed.loss)
    against = reference_of(ready, point, options)._replace(
        about=f"autograd of {name}, in float64; the loss is the sum of its outputs, each times a"
        " random upstream gradient",
        given=not options.declared,
        model=OperationModel(ready.composed.loss, ready.subject.signature.outputs),
    )
    exact, subject = against.evaluate(point), partial(ready.subject.answer, how=How())
    if ready.composed.draws is not None:
        _require_the_same(name, exact.loss, against.value(point))
    argument = ready.subject.signature.argument
    trial = Trial(subject, against, point, exact, options, argument)
    report = examine(trial, more_places=list(_places(ready, point)))
    return with_properties(report, ready.subject, against, point)


def _require_the_same(name: str, one: float, two: float) -> None:
    """A reference that draws anew for every call is a function of more than its inputs."""
    if one != two:
        raise ValueError(
            f"reference is {name}, and its outputs differ between two calls with the same"
            " arguments; it needs to be the same function every time (set the seed inside function"
            " and reference, or give both the same mask)"
        )


def _places(ready: Prepared, point: Point) -> Iterator[Place]:
    """The other ways to call the operation."""
    signature = ready.subject.signature
    for row in table(signature, ready.upstream, draws=ready.composed.draws is not None):
        there = point
        if row.upstream is not ready.upstream:
            there = Point({**point.parameters, **signature.nest(row.upstream)}, ())
        subject = partial(ready.subject.answer, how=row.how)
        cause = partial(cause_of_way, ready.subject, row, there)
        yield Place(row.said, subject, there, must_run=row.must_run, cause=cause)


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
