"""check_jacobian: the order of events.

A Jacobian is judged as the gradient of the sum of all outputs, each with a copy of the parameters
of its own (`reference.jacobians.copied_inputs`). So everything that is true of gradients, from the
tolerance to the line that is wrong, is true of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from autograd_ref.calls import random_state
from autograd_ref.calls.arguments import Names, checked_point, require_bool
from autograd_ref.calls.complex_pairs import complex_among, functions_by_parts
from autograd_ref.calls.stated.asked_blocks import Blocks, unasked
from autograd_ref.calls.stated.points import Project, further_points
from autograd_ref.calls.trial import Options, Trial, require_usable
from autograd_ref.check import examine, with_accuracy
from autograd_ref.mismatch import GradientMismatch
from autograd_ref.recording.models.numpy_steps import NumpyModel
from autograd_ref.recording.models.of_outputs.entry_names import worst_entries
from autograd_ref.recording.models.of_outputs.jacobian_model import JacobianModel
from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.recording.numpy_code.of_numpy import of_numpy
from autograd_ref.reference.choice.errors import OUTPUTS
from autograd_ref.reference.choose import quiet, reference_for
from autograd_ref.reference.jacobians.answered import Jacobian, Rows
from autograd_ref.reference.jacobians.by_rows import of_rows, outputs_in_torch
from autograd_ref.reference.jacobians.complex_blocks import CONVENTION, of_whole
from autograd_ref.reference.jacobians.copied_inputs import Copies
from autograd_ref.reference.jacobians.in_numpy import numpy_rows, outputs_in_numpy
from autograd_ref.reference.jacobians.outputs import Function, outputs_of, weighted
from autograd_ref.reference.model import Model
from autograd_ref.reference.torch_loss import torch_loss
from autograd_ref.report.behaviour import known
from autograd_ref.report.data import Note
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import ROOT, leaves, name_of, with_vectors
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import as_raised

NAMES = Names("jacobian", "x", "function", "block", "Jacobian")


def check_jacobian(
    jacobian: Jacobian,
    x: Any,
    *data: Any,
    function: Function,
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
        >>> report.verdict, report.causes[0].explanation.partition(" if ")[2]
        ('mismatch', 'the column of x[1] is 0.25 times as large as right: 1 / x[0].')
    """
    require_bool(thorough=thorough)
    options = Options(
        seed, accuracy, None, elsewhere, known(allow), thorough, False, at, only, except_
    )
    require_usable(options)
    with random_state.kept():
        return as_raised(lambda: _examined(jacobian, x, data, function, options))


def assert_jacobian_matches(
    jacobian: Jacobian,
    x: Any,
    *data: Any,
    function: Function,
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


def _examined(
    jacobian: Jacobian, x: Any, data: tuple[Any, ...], function: Function, options: Options
) -> Report:
    if callable(jacobian) and callable(function) and complex_among(x):
        jacobian, function, x, at = functions_by_parts(jacobian, function, x, options.at)
        options = options._replace(at=at)
    point = checked_point(jacobian, x, data, function, NAMES)
    point = point._replace(parameters=with_vectors(x))
    return examined(trial_of(jacobian, derivative_of(function, point, options), point, options))


def examined(trial: Trial) -> Report:
    """The report of the trial of a Jacobian, with its worst entries."""
    report = examine(with_accuracy(trial))
    copies = trial.reference.copies
    assert copies is not None, "of a Jacobian there are"
    wrong = {block.name for block in report.blocks if block.verdict == "mismatch"}
    paths = [path for path in trial.exact.gradients if name_of(path) in wrong & set(report.shares)]
    worst = worst_entries(copies, {path: report.shares[name_of(path)] for path in paths})
    notes = [Note("worst entries", worst)] if worst else []
    return replace(report, warnings=(*report.warnings, *notes))


class Derivative(NamedTuple):
    """A function, and how it is differentiated."""

    function: Function
    in_numpy: bool
    about: str
    of_total: Model
    """The model of the sum of all outputs, each times its weight."""


def derivative_of(
    function: Function, point: Point, options: Options, in_torch: Function | None = None
) -> Derivative:
    """How a function of the caller's is differentiated: by PyTorch where that can, else by NumPy.

    Args:
        function: of the caller.
        point: where.
        options: the wishes of the caller.
        in_torch: the code of a function in NumPy as one of tensors, where that is known.

    Raises:
        TypeError, ValueError: it cannot be, or is another one in the next call.
    """
    total, thorough = weighted(function), options.thorough
    chosen, _exact = reference_for(total, point, options.seed, thorough=thorough, wanted=OUTPUTS)
    of_total = TorchModel(total)
    if chosen.blind:
        followed = weighted(of_numpy(function) if in_torch is None else in_torch)
        of_total = NumpyModel(TorchModel(followed), chosen.model)
    about = chosen.about.replace("loss", "function", 1)
    return Derivative(function, chosen.blind, about, of_total)


def trial_of(
    jacobian: Jacobian, by: Derivative, point: Point, options: Options, names: Names = NAMES
) -> Trial:
    """The trial of a Jacobian, by copies of the parameters.

    Args:
        jacobian: the function under test.
        by: what it is the Jacobian of.
        point: the parameters, once, and the data.
        options: the wishes of the caller.
        names: of the arguments; the function's is also that of a block without a name.
    """
    function, called = by.function, names.function
    outputs_at = partial(outputs_in_numpy if by.in_numpy else outputs_in_torch, function)
    outputs = outputs_at(point)
    if list(leaves(point.parameters)) == list(leaves(outputs)) == [ROOT]:
        function, outputs = _under(called, function), {called: outputs}
    copies = Copies(point.parameters, outputs)
    reference = (
        numpy_rows(function, copies, thorough=options.thorough)
        if by.in_numpy
        else torch_loss(function, options.seed, calculus=of_rows(copies))
    )

    def jacobian_at(point: Point) -> Results:
        return reference.evaluate(point).gradients

    model = JacobianModel(copies, outputs_at, jacobian_at, by.of_total)
    about = by.about + CONVENTION * (of_whole(copies) is not None)
    against = reference._replace(about=about, copies=copies, model=model, zeros=True)
    copied = Point(copies.of(point.parameters), point.data)
    with quiet():
        exact = against.evaluate(copied)
    argument = partial(name_of, root=called)
    left_out = unasked(leaves(copied.parameters), name_of, options.only, options.except_)
    return Trial(
        Rows(jacobian, copies),
        against,
        copied,
        exact,
        options,
        argument,
        names,
        further_points(options.at, point),
        left_out,
    )


def _under(name: str, function: Function) -> Function:
    """The function, with its only output under a name."""

    def named(x: Any, *data: Any) -> dict[str, Any]:
        return {name: outputs_of(function(x, *data))}

    return named
