"""check_gradients: the order of events."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from autograd_ref.assignment.network_model import assignment
from autograd_ref.calls import random_state
from autograd_ref.calls.arguments import checked_point, require_bool
from autograd_ref.calls.call import Gradients
from autograd_ref.calls.complex_pairs import CONVENTION, by_parts, complex_among
from autograd_ref.calls.stated.accuracy import allowing, to_accuracy
from autograd_ref.calls.stated.asked_blocks import Blocks, unasked
from autograd_ref.calls.stated.points import Project, further_points
from autograd_ref.calls.trial import DEFAULT, Options, Trial, require_usable
from autograd_ref.calls.vectors import with_lists_resolved
from autograd_ref.diagnosis.explain import explained
from autograd_ref.distributed.checking import checked_in_group
from autograd_ref.distributed.group import in_a_group
from autograd_ref.mismatch import GradientMismatch
from autograd_ref.observe.elsewhere import Place
from autograd_ref.observe.observed import Observed
from autograd_ref.recording.models.numpy_steps import NumpyModel
from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.recording.numpy_code.of_numpy import of_numpy
from autograd_ref.reference.choose import quiet, reference_for
from autograd_ref.reference.model import UNKNOWN
from autograd_ref.reference.protocol import Loss
from autograd_ref.report.behaviour import known
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import leaves, name_of
from autograd_ref.tree.point import Point
from autograd_ref.user_code import as_raised
from autograd_ref.verdict.decide import decide


class Check(Protocol):
    """The signature of check_gradients and assert_gradients_match."""

    def __call__(
        self,
        gradients: Gradients,
        parameters: Any,
        *data: Any,
        loss: Loss | None = None,
        seed: int = 0,
        accuracy: float | None = None,
        project: Project | None = None,
        at: Sequence[Any] = (),
        elsewhere: bool | Project = True,
        only: Blocks = None,
        except_: Blocks = None,
        allow: Collection[str] = (),
        thorough: bool = False,
        declared: bool = False,
    ) -> Report:
        """A gradient against autograd."""
        ...


def check_gradients(
    gradients: Gradients,
    parameters: Any,
    *data: Any,
    loss: Loss | None = None,
    seed: int = 0,
    accuracy: float | None = None,
    project: Project | None = None,
    at: Sequence[Any] = (),
    elsewhere: bool | Project = True,
    only: Blocks = None,
    except_: Blocks = None,
    allow: Collection[str] = (),
    thorough: bool = False,
    declared: bool = False,
) -> Report:
    """Compare a gradient with autograd, entry by entry, to rounding.

    The function under test is called a few times, at the point given and near it, always on copies
    of the arguments.

    Args:
        gradients: the function under test. gradients(parameters, *data) returns a structure like
            parameters, or (loss, gradients), or (loss, gradients, dict of other quantities): h is
            the variable h of a loss in PyTorch, dh, grad_h or h_grad the derivative by it, a list
            what h is in each turn of a loop; each is judged on those before it (report.steps). Of
            the built-in network they are z1, a1, z2, y_hat, e2 and delta1. Names of gradients may
            be like that, too: dW, grad_W, W_grad for W.
        parameters: one array, or a nest of dicts, lists, tuples, NamedTuples and dataclasses of
            arrays. A list of numbers is a vector, unless both functions take it one by one.
        data: passed on to both sides: as arrays to gradients, as float64 or int64 tensors to loss.
        loss: the same loss in PyTorch, loss(parameters, *data) -> scalar tensor, or
            (scalar tensor, {"h": h}), which names quantities; or in NumPy: then the reference is
            its numerical derivative. Which it is, is decided by its values, and report.reference
            says why. None is the built-in network: parameters W0 (N_H, N_I), b0 (N_H,),
            W1 (N_O, N_H), b1 (N_O,); X (S, N_I); Y labels (S,), or rows (S, N_O) that sum to one.
        seed: for the second point and for the directions of rounding.
        accuracy: the relative accuracy of the loss or of the gradient, where one of them comes out
            of a solver, an integrator or an iteration: errors of that part of the largest entry of
            their block are allowed beside rounding, and the report says what rounding alone allows.
        project: project(parameters) -> parameters brings parameters back to the set that they live
            in (a sphere, a simplex, symmetric or orthogonal matrices); the gradient is then judged
            along that set, at this point and at another one in it.
        at: further points, each like parameters, where the gradient is judged as well.
        elsewhere: False for no calls with parameters or with data that are not given; or a function
            that brings other parameters to where gradients and loss are defined, as project does.
        only: names of blocks, such as ["W1"], to judge no others; these may then be missing.
        except_: names of blocks that are not judged.
        allow: kinds of findings that are accepted, such as ("changes its arguments",).
        thorough: True to differentiate a NumPy loss by every entry, however many there are; above
            300 parameters, random directions take the place of single entries.
        declared: True where the gradient that autograd finds of loss is the definition, and not the
            derivative of its values: straight-through estimators, gradient reversal.

    Returns:
        The report: the verdict, one block for every parameter, of its shape, and the causes.

    Raises:
        TypeError, ValueError: an argument cannot be used; the message names it.
        Exception: whatever the function under test raises.

    Examples:
        >>> import numpy as np
        >>> def loss(w, X, y):
        ...     return ((X @ w - y) ** 2).mean()
        >>> def gradient(w, X, y):
        ...     return 2 * X.T @ (X @ w - y)  # 1/S is missing
        >>> X, y = np.array([[1.0, 2.0], [3.0, 5.0], [8.0, 13.0]]), np.array([1.0, 0.0, 2.0])
        >>> report = check_gradients(gradient, np.ones(2), X, y, loss=loss)
        >>> report.verdict, [cause.kind for cause in report.causes]
        ('mismatch', ['1/S missing'])
    """
    require_bool(declared=declared, thorough=thorough)
    options = Options(
        seed, accuracy, project, elsewhere, known(allow), thorough, declared, at, only, except_
    )

    def trial(function: Gradients, given: tuple[Any, ...]) -> Trial:
        return with_accuracy(trial_of(function, parameters, given, loss, options))

    with random_state.kept():
        if in_a_group():
            return checked_in_group(gradients, Point(parameters, data), trial, examine)
        return as_raised(lambda: examine(trial(gradients, data)))


def examine(trial: Trial, *, more_places: Sequence[Place] = (), diagnose: bool = True) -> Report:
    """The report of a trial: observe, decide, explain.

    Args:
        trial: what is checked, against what, and where.
        more_places: where to call the function besides at other parameters and with other data.
        diagnose: False where nobody asks which mistake it is.

    Raises:
        UserCodeRaised: the function under test did.
    """
    facts = Observed(trial, more_places)
    with quiet():
        return explained(facts, decide(facts), diagnose=diagnose)


def trial_of(
    gradients: Gradients,
    parameters: object,
    data: tuple[object, ...],
    loss: Loss | None = None,
    options: Options = DEFAULT,
) -> Trial:
    """The trial that the arguments of `check_gradients` ask for.

    Raises:
        TypeError, ValueError: arguments that cannot be used, by name.
        Exception: whatever the loss raises.
        UserCodeRaised: the loss raised in a later evaluation.
    """
    require_usable(options)
    about = ""
    if callable(loss) and callable(gradients) and complex_among(parameters):
        about = CONVENTION
        gradients, loss, parameters, at = by_parts(gradients, loss, parameters, options.at)
        options = options._replace(at=at)
    point = with_lists_resolved(gradients, loss, checked_point(gradients, parameters, data, loss))
    if loss is None:
        reference = assignment()
        exact = reference.evaluate(point)
    else:
        reference, exact = reference_for(loss, point, options.seed, thorough=options.thorough)
        given = reference.given and not options.declared
        reference = reference._replace(given=given, about=reference.about + about)
        if not reference.blind:
            reference = reference._replace(model=TorchModel(loss))
        elif about:  # in PyTorch, complex numbers are not followed either
            reference = reference._replace(model=UNKNOWN)
        else:
            model = NumpyModel(TorchModel(of_numpy(loss)), reference.model)
            reference = reference._replace(model=model)
    left_out = unasked(leaves(point.parameters), name_of, options.only, options.except_)
    further = further_points(options.at, point)
    return Trial(gradients, reference, point, exact, options, further=further, unasked=left_out)


def with_accuracy(trial: Trial) -> Trial:
    """The trial with the tolerances that a stated accuracy allows; the same where none is."""
    if trial.options.accuracy is None:
        return trial
    allowance = to_accuracy(trial.options.accuracy)
    reference, exact = allowing(trial.reference, trial.exact, trial.point, allowance)
    return trial._replace(reference=reference, exact=exact)


def assert_gradients_match(
    gradients: Gradients,
    parameters: Any,
    *data: Any,
    loss: Loss | None = None,
    seed: int = 0,
    accuracy: float | None = None,
    project: Project | None = None,
    at: Sequence[Any] = (),
    elsewhere: bool | Project = True,
    only: Blocks = None,
    except_: Blocks = None,
    allow: Collection[str] = (),
    thorough: bool = False,
    declared: bool = False,
) -> Report:
    """Check a gradient as `check_gradients` does, and raise an error unless it passes.

    It passes where it matches and the function does no harm: it changes none of its arguments,
    returns nothing that a later call changes, and answers the same question alike.

    Args:
        gradients: the function under test.
        parameters: one array, or a nest of arrays.
        data: passed on to gradients and loss.
        loss: the same loss in PyTorch or NumPy; None is the built-in network.
        seed: for the second point and for the directions of rounding.
        accuracy: the relative accuracy that the loss or the gradient has.
        project: what brings parameters back to the set that they live in.
        at: further points, each like parameters, where the gradient is judged as well.
        elsewhere: False for no calls with parameters or with data that are not given; or a function
            that brings other parameters to where gradients and loss are defined, as project does.
        only: names of blocks, such as ["W1"], to judge no others; these may then be missing.
        except_: names of blocks that are not judged.
        allow: kinds of findings that are accepted, such as ("changes its arguments",).
        thorough: True to differentiate a NumPy loss by every entry, however many there are.
        declared: True where the gradient that autograd finds of loss is the definition, and not the
            derivative of its values: straight-through estimators, gradient reversal.

    Returns:
        The report of a check that passed.

    Raises:
        GradientMismatch: the verdict is mismatch or inconclusive, or a finding does harm; the text
            is the report.
        TypeError, ValueError: an argument cannot be used; the message names it.
        Exception: whatever the function under test raises.

    Examples:
        >>> import numpy as np
        >>> def loss(x):
        ...     return (x**3).sum()
        >>> assert_gradients_match(lambda x: 3 * x**2, np.arange(3.0), loss=loss).verdict
        'match'
        >>> try:
        ...     assert_gradients_match(lambda x: 3 * x, np.arange(3.0), loss=loss)
        ... except GradientMismatch as error:
        ...     print(error.report.verdict)
        mismatch
    """
    __tracebackhide__ = True  # pytest shows the line of the test instead
    report = check_gradients(
        gradients,
        parameters,
        *data,
        loss=loss,
        seed=seed,
        accuracy=accuracy,
        project=project,
        at=at,
        elsewhere=elsewhere,
        only=only,
        except_=except_,
        allow=allow,
        thorough=thorough,
        declared=declared,
    )
    if not report.passed:
        raise GradientMismatch(report)
    return report
