"""check_hessian: a Hessian is the Jacobian of the gradient.

So everything that is true of Jacobians is true of it; besides, it is symmetric, and that is said
apart.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_ref.calls import random_state
from autograd_ref.calls.arguments import Names, checked_point, require_bool
from autograd_ref.calls.call import Gradients
from autograd_ref.calls.stated.asked_blocks import Blocks
from autograd_ref.calls.stated.points import Project
from autograd_ref.calls.trial import Options, Trial, require_usable
from autograd_ref.derivative_of_gradient import derivative_of_gradient
from autograd_ref.given_gradient import require_gradient, require_one_of
from autograd_ref.jacobian_trial import examined, trial_of
from autograd_ref.mismatch import GradientMismatch
from autograd_ref.recording.models.of_outputs.entry_names import Matrix
from autograd_ref.reference.jacobians.answered import Jacobian
from autograd_ref.reference.protocol import Level, Loss
from autograd_ref.report.behaviour import known
from autograd_ref.report.data import Note
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import leaves, with_vectors
from autograd_ref.user_code import Raised, as_raised, attempt

NAMES = Names("hessian", "x", "loss", "block", "Hessian")


def check_hessian(
    hessian: Jacobian,
    x: Any,
    *data: Any,
    loss: Loss | None = None,
    gradients: Gradients | None = None,
    seed: int = 0,
    accuracy: float | None = None,
    at: Sequence[Any] = (),
    elsewhere: bool | Project = True,
    only: Blocks = None,
    except_: Blocks = None,
    allow: Collection[str] = (),
    thorough: bool = False,
) -> Report:
    """Compare a Hessian with autograd of autograd, or with the derivative of a gradient.

    Args:
        hessian: the function under test. hessian(x, *data) returns an array of shape (*x.shape,
            *x.shape), or (x.size, x.size); a sparse matrix or a LinearOperator of SciPy; where x is
            a nest, a nest like x in which each is a nest like x.
        x: the parameters: one array, or a nest of arrays.
        data: passed on to hessian and to loss or gradients.
        loss: the loss in PyTorch, loss(x, *data) -> scalar tensor; or in NumPy: then the reference
            is a numerical derivative of its numerical derivative, which knows few digits.
        gradients: the gradient instead, gradients(x, *data), in PyTorch or in NumPy: the reference
            is its derivative. Where loss is given as well, the gradient is checked first.
        seed: for the second point and for the directions of rounding.
        accuracy: the relative accuracy that the gradient or the Hessian has.
        at: further points, each like x, where it is judged as well.
        elsewhere: False for no calls with parameters or with data that are not given.
        only: names of blocks to judge no others; these may then be missing.
        except_: names of blocks that are not judged.
        allow: kinds of findings that are accepted.
        thorough: True to take a numerical derivative by every entry, however many there are.

    Returns:
        The report. The Hessian by one array is the block `hessian`, of shape (*x.shape, *x.shape);
        of a nest there is a block for every two parameters: `a.b`. Where the Hessian is not
        symmetric, a warning says so.

    Raises:
        TypeError, ValueError: an argument cannot be used; the message names it.
        Exception: whatever hessian, loss or gradients raise.

    Examples:
        >>> import numpy as np
        >>> def loss(w, X, y):
        ...     return ((X @ w - y) ** 2).sum()
        >>> X, y = np.array([[1.0, 2.0], [3.0, 5.0], [8.0, 13.0]]), np.array([1.0, 0.0, 2.0])
        >>> check_hessian(lambda w, X, y: 2 * X.T @ X, np.ones(2), X, y, loss=loss).verdict
        'match'
        >>> def upper(w, X, y):
        ...     return np.triu(2 * X.T @ X)
        >>> report = check_hessian(upper, np.ones(2), X, y, loss=loss)
        >>> report.verdict, report.causes[0].kind
        ('mismatch', 'upper triangle only')
    """
    require_bool(thorough=thorough)
    require_one_of("hessian(x, *data)", hessian, loss, gradients)
    options = Options(
        seed, accuracy, None, elsewhere, known(allow), thorough, False, at, only, except_
    )
    require_usable(options)
    with random_state.kept():
        return as_raised(lambda: _examined(hessian, x, data, loss, gradients, options))


def _examined(
    hessian: Jacobian,
    x: Any,
    data: tuple[Any, ...],
    loss: Loss | None,
    gradients: Gradients | None,
    options: Options,
) -> Report:
    point = checked_point(hessian, x, data, loss or gradients, NAMES)
    point = point._replace(parameters=with_vectors(x))
    if loss is not None and gradients is not None:
        require_gradient(gradients, loss, point, options)
    by = derivative_of_gradient(loss, gradients, point, options)
    trial = trial_of(hessian, by, point, options, NAMES)
    report = examined(trial)
    return replace(report, warnings=(*report.warnings, *_unsymmetric(trial)))


def assert_hessian_matches(
    hessian: Jacobian,
    x: Any,
    *data: Any,
    loss: Loss | None = None,
    gradients: Gradients | None = None,
    seed: int = 0,
    accuracy: float | None = None,
    at: Sequence[Any] = (),
    elsewhere: bool | Project = True,
    only: Blocks = None,
    except_: Blocks = None,
    allow: Collection[str] = (),
    thorough: bool = False,
) -> Report:
    """Check a Hessian as `check_hessian` does, and raise an error unless it passes.

    Args:
        hessian: the function under test.
        x: the parameters.
        data: passed on to hessian and to loss or gradients.
        loss: the loss, in PyTorch or in NumPy.
        gradients: the gradient, in PyTorch or in NumPy.
        seed: for the second point and for the directions of rounding.
        accuracy: the relative accuracy that the gradient or the Hessian has.
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
        Exception: whatever hessian, loss or gradients raise.

    Examples:
        >>> import numpy as np
        >>> x = np.array([1.0, 2.0])
        >>> def loss(x):
        ...     return (x**3).sum()
        >>> assert_hessian_matches(lambda x: np.diag(6 * x), x, loss=loss).verdict
        'match'
    """
    __tracebackhide__ = True  # pytest shows the line of the test instead
    report = check_hessian(
        hessian,
        x,
        *data,
        loss=loss,
        gradients=gradients,
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


def _unsymmetric(trial: Trial) -> list[Note]:
    """The note about a Hessian under test that is not symmetric."""
    call, right = attempt(trial.call), trial.exact.gradients
    hand = {} if isinstance(call, Raised) else call.answer.gradients
    if any(path not in hand or hand[path].shape != right[path].shape for path in right):
        return []
    copies = trial.reference.copies
    assert copies is not None, "of a Hessian there are"
    found = copies.whole(hand).astype(np.float64)
    allowed = copies.whole(trial.exact.tolerances(Level.TEXTBOOK).gradients)
    off = np.abs(found - found.T) - (allowed + allowed.T)
    i, j = divmod(int(np.nan_to_num(off, nan=-np.inf).argmax()), len(off))
    if not off[i, j] > 0:
        return []
    names = [
        Matrix(copies, path).column(number)
        for path in list(right)[: len(leaves(copies.x))]
        for number in range(copies.matrix(path, right[path]).shape[1])
    ]
    digits = 17 if np.isclose(found[i, j], found[j, i], rtol=1e-4) else 6
    one, other = names[i], names[j]
    text = (
        f"The Hessian is not symmetric: by {one} and {other} it is {found[i, j]:.{digits}g}, by"
        f" {other} and {one} {found[j, i]:.{digits}g}."
    )
    return [Note("not symmetric", text)]
