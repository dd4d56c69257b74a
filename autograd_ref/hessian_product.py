"""check_hvp: a product with a Hessian, as the gradient of the loss's derivative along v.

H v is the gradient of <gradient, v>, a function of x with one number as its value. So everything
that is true of gradients, from the tolerance to the line that is wrong, is true of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from autograd_ref import jacobian_trial
from autograd_ref.calls import random_state
from autograd_ref.calls.arguments import Names, checked_point, require_bool
from autograd_ref.calls.call import Gradients
from autograd_ref.calls.stated.asked_blocks import Blocks
from autograd_ref.calls.stated.points import Project
from autograd_ref.calls.trial import Options, Trial
from autograd_ref.check import examine, trial_of, with_accuracy
from autograd_ref.derivative_of_gradient import derivative_of_gradient
from autograd_ref.given_gradient import require_gradient, require_one_of
from autograd_ref.products_by_column import Product, matrix_of, product_of
from autograd_ref.recording.models.curvature import CurvatureModel
from autograd_ref.recording.models.numpy_steps import NumpyModel
from autograd_ref.recording.models.stabilisers import TorchModel
from autograd_ref.recording.numpy_code.of_numpy import of_numpy
from autograd_ref.reference.choose import reference_for
from autograd_ref.reference.model import UnknownModel
from autograd_ref.reference.numpy_loss import OnlyValues
from autograd_ref.reference.protocol import Loss
from autograd_ref.report.behaviour import known
from autograd_ref.report.data import Cause
from autograd_ref.report.report import Report
from autograd_ref.slopes import slope_of_gradients, slope_of_loss
from autograd_ref.tree.leaf import as_array, copied, is_tensor, largest, like
from autograd_ref.tree.nest import Path, leaves, name_of, rebuilt, with_vectors
from autograd_ref.tree.point import Point, own_copy
from autograd_ref.user_code import Raised, as_raised, attempt

NAMES = Names("hvp", "x", derivative="product with the Hessian by", quantity="product")

OF_MATRIX = Names("hvp", "x", "loss", "block", "Hessian")
"""The names for the matrix of all products."""

MOST_COLUMNS = 64
"""Parameters at most for which a mistake is looked for in all columns, each a product. Chosen."""

LINEAR = 1e-5
"""The part by which the product of a sum may differ from the sum of the products. Chosen: products
by differences of gradients are linear to 1e-6."""

MUCH = 0.1
"""The part of the error from which on it is told that a product is not linear. Chosen."""


def check_hvp(
    hvp: Product,
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
    """Compare a product with the Hessian of a loss with autograd of autograd, to rounding.

    The direction is drawn at random, so that no error hides from it but by accident. In the report,
    the gradient is that of the loss's derivative along the direction, which is the product.

    Args:
        hvp: the function under test. hvp(x, v, *data) returns the product, of the form of x.
        x: the parameters: one array, or a nest of arrays. v has the same form.
        data: passed on to hvp and to loss or gradients.
        loss: the loss in PyTorch, loss(x, *data) -> scalar tensor; or in NumPy, then the reference
            is a numerical derivative of its numerical derivative, which knows few digits.
        gradients: the gradient in NumPy instead, gradients(x, *data), also (loss, gradient): the
            reference is its numerical derivative. Where loss is given as well, the gradient is
            checked first; the reference is then the loss in PyTorch, or the gradient in NumPy.
        seed: for the direction, the second point and the directions of rounding.
        accuracy: the relative accuracy that the product or the loss has.
        at: further points, each like x, where it is judged as well.
        elsewhere: False for no calls with parameters or with data that are not given.
        only: names of blocks to judge no others; these may then be missing.
        except_: names of blocks that are not judged.
        allow: kinds of findings that are accepted.
        thorough: True to take a numerical derivative by every entry, however many there are.

    Returns:
        The report, with a block for every array in x.

    Raises:
        TypeError, ValueError: an argument cannot be used; the message names it.
        Exception: whatever hvp, loss or gradients raise.

    Source: Pearlmutter, Neural Computation 6 (1994).

    Examples:
        >>> import numpy as np
        >>> def loss(w, X, y):
        ...     return ((X @ w - y) ** 2).sum()
        >>> def product(w, v, X, y):
        ...     return X.T @ (X @ v)  # 2 is missing
        >>> X, y = np.array([[1.0, 2.0], [3.0, 5.0], [8.0, 13.0]]), np.array([1.0, 0.0, 2.0])
        >>> report = check_hvp(product, np.ones(2), X, y, loss=loss)
        >>> report.verdict, [cause.kind for cause in report.causes]
        ('mismatch', ['half'])
    """
    require_bool(thorough=thorough)
    require_one_of("hvp(x, v, *data)", hvp, loss, gradients)
    options = Options(
        seed, accuracy, None, elsewhere, known(allow), thorough, False, at, only, except_
    )
    with random_state.kept():
        return as_raised(lambda: _examined(hvp, with_vectors(x), data, loss, gradients, options))


def _examined(
    hvp: Product,
    x: Any,
    data: tuple[Any, ...],
    loss: Loss | None,
    gradients: Gradients | None,
    options: Options,
) -> Report:
    point = checked_point(hvp, x, data, loss or gradients, NAMES)
    if loss is not None and gradients is not None:
        require_gradient(gradients, loss, point, options)
    v = _direction(x, options.seed)
    # one in PyTorch may run in NumPy as well, where a derivative along v takes dozens of losses
    of_tensors = loss is not None and not reference_for(loss, point, options.seed)[0].blind

    def product(parameters: Any, *data: Any) -> object:
        return hvp(parameters, rebuilt(v, lambda _path, leaf: copied(leaf)), *data)

    def along(parameters: Any, *data: Any) -> object:
        if of_tensors and not any(map(is_tensor, leaves(parameters).values())):
            raise TypeError("tensors only")
        if loss is not None:
            return slope_of_loss(loss, parameters, v, data)
        return slope_of_gradients(cast("Gradients", gradients), parameters, v, data)

    along.__name__ = getattr(loss or gradients, "__name__", "the function given")  # for messages
    trial = with_accuracy(trial_of(product, x, data, along, options))
    about = trial.reference.about.replace("loss", "loss's derivative along a random direction v", 1)
    reference = trial.reference._replace(about=about)
    if loss is not None and not reference.blind:
        reference = reference._replace(model=CurvatureModel(along, loss, v))
    elif reference.blind:
        model = _in_torch(loss, gradients, v)
        reference = reference._replace(model=NumpyModel(model, OnlyValues()))
    argument = partial(name_of, root=NAMES.parameters)
    report = examine(trial._replace(reference=reference, argument=argument, names=NAMES))
    if report.verdict != "mismatch":
        return report
    if not _is_linear(trial, hvp, v, report):
        cause = Cause(
            kind="not linear in v",
            blocks=tuple(name_of(path) for path in leaves(x)),
            explanation="Your product of a sum of two directions is not the sum of the products.",
            fix="v may only enter as a factor: not its length, nor a step that is made of it; and"
            " nothing is added to the product",
            before=None,
            residual=0.0,
        )
        return replace(report, causes=(cause, *report.causes))
    if report.causes or sum(as_array(leaf).size for leaf in leaves(x).values()) > MOST_COLUMNS:
        return report
    causes = _in_the_matrix(hvp, point, loss, gradients, options)
    wrong = tuple(block.name for block in report.blocks if block.verdict == "mismatch")
    return replace(report, causes=tuple(cause._replace(blocks=wrong) for cause in causes))


def _in_the_matrix(
    hvp: Product,
    point: Point,
    loss: Loss | None,
    gradients: Gradients | None,
    options: Options,
) -> tuple[Cause, ...]:
    """How the matrix of all products is wrong, beyond the steps of the derivation."""
    options = options._replace(at=(), only=None, except_=None)
    by = derivative_of_gradient(loss, gradients, point, options)
    by = by._replace(of_total=UnknownModel())
    trial = jacobian_trial.trial_of(matrix_of(hvp), by, point, options, OF_MATRIX)
    report = attempt(lambda: jacobian_trial.examined(trial))
    return () if isinstance(report, Raised) else report.causes  # unit vectors may be new to it


def _in_torch(loss: Loss | None, gradients: Gradients | None, v: Any) -> TorchModel:
    """The model of the code of a loss in NumPy, or of its gradient, as one of tensors."""
    followed = of_numpy(cast("Gradients", loss or gradients))

    def of_loss(x: Any, *data: Any) -> object:
        return slope_of_loss(followed, x, v, data)

    def of_gradients(x: Any, *data: Any) -> object:
        return slope_of_gradients(followed, x, v, data)

    return CurvatureModel(of_loss, followed, v) if loss is not None else TorchModel(of_gradients)


def _direction(x: Any, seed: int) -> Any:
    """A direction of the form of x, whose entries are of one size and of either sign."""
    random = np.random.default_rng(seed)

    def drawn(_path: object, leaf: Any) -> object:
        array = as_array(leaf)
        shape: tuple[int, ...] = array.shape
        entries = (0.5 + random.random(shape)) * (2.0 * random.integers(2, size=shape) - 1.0)
        dtype = array.dtype if array.dtype.kind == "f" else np.float64
        return like(leaf, np.asarray(entries).astype(dtype))

    return rebuilt(x, drawn)


def _is_linear(trial: Trial, hvp: Product, v: Any, report: Report) -> bool:
    """False where what the product of a sum lacks of the sum of the products is much of the error.

    So is what v enters otherwise than as a factor, and what is added to the product.
    """
    w = leaves(_direction(v, trial.options.seed + 1))
    other = rebuilt(v, lambda path, leaf: like(leaf, as_array(w[path])))
    both = rebuilt(v, lambda path, leaf: like(leaf, as_array(leaf) + as_array(w[path])))
    found = attempt(lambda: [_product(trial, hvp, way) for way in (v, other, both)])
    if isinstance(found, Raised):
        return True
    errors = {block.name: block.max_abs_error or 0.0 for block in report.blocks}
    one, two, total = found
    return all(
        largest(total[path] - one[path] - two[path])
        <= max(LINEAR * largest(total[path]), MUCH * errors[name_of(path)])
        for path in total
    )


def _product(trial: Trial, hvp: Product, way: Any) -> dict[Path, Any]:
    own = own_copy(trial.point)
    return product_of(hvp, own.parameters, way, own.data)
