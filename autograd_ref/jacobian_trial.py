"""The trial of a Jacobian: the function that it is of, and the copies of its parameters."""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from autograd_ref.calls.arguments import Names
from autograd_ref.calls.stated.asked_blocks import unasked
from autograd_ref.calls.stated.points import further_points
from autograd_ref.calls.trial import Options, Trial
from autograd_ref.check import examine, with_accuracy
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
from autograd_ref.report.data import Note
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import ROOT, leaves, name_of
from autograd_ref.tree.point import Point, Results

NAMES = Names("jacobian", "x", "function", "block", "Jacobian")


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
