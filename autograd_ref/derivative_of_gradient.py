"""A gradient as the function that a Hessian is the Jacobian of."""

from typing import Any

from autograd_ref.calls.call import Gradients
from autograd_ref.calls.trial import Options
from autograd_ref.given_gradient import gradients_in
from autograd_ref.jacobian_trial import Derivative, derivative_of
from autograd_ref.recording.models.curvature import CurvatureModel
from autograd_ref.recording.models.numpy_steps import NumpyModel
from autograd_ref.recording.numpy_code.of_numpy import of_numpy
from autograd_ref.reference.choose import reference_for
from autograd_ref.reference.jacobians.outputs import Function, weight
from autograd_ref.reference.numpy_loss import numpy_loss
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import alone
from autograd_ref.slopes import gradients_of_loss, slope_of_loss
from autograd_ref.tree.leaf import as_array, like
from autograd_ref.tree.nest import leaves, rebuilt
from autograd_ref.tree.point import Point


def derivative_of_gradient(
    loss: Loss | None, gradients: Gradients | None, point: Point, options: Options
) -> Derivative:
    """The gradient, and how it is differentiated: a loss in PyTorch is the sharpest reference.

    Args:
        loss: in PyTorch or in NumPy.
        gradients: the gradient, which is right; not needed where loss is in PyTorch.
        point: the parameters, as vectors, and the data.
        options: the wishes of the caller.
    """
    if loss is not None:
        chosen, _exact = reference_for(loss, point, options.seed, thorough=options.thorough)
        about = chosen.about.replace("autograd", "autograd of autograd", 1)
        if not chosen.blind:
            return Derivative(_gradient_of(loss), False, about, _model(loss, point))
        if gradients is None:
            about = chosen.about.replace("derivative", "derivative of the numerical derivative", 1)
            model = NumpyModel(_model(of_numpy(loss), point), chosen.model)
            return Derivative(_numerical_gradient_of(loss), True, about, model)
    assert gradients is not None, "one of the two is given"
    by = derivative_of(_alone(gradients), point, options, _alone(of_numpy(gradients)))
    return by._replace(about=by.about.replace("function", "gradient", 1))


def _model(loss: Loss, point: Point) -> CurvatureModel:
    """The model of the product with the Hessian, for the weights of its rows."""
    arrays = leaves(point.parameters)
    weights = {
        path: like(leaf, weight(number, as_array(leaf).shape))
        for number, (path, leaf) in enumerate(arrays.items())
    }
    v = rebuilt(point.parameters, lambda path, _leaf: weights[path])

    def along(parameters: Any, *data: Any) -> object:
        return slope_of_loss(loss, parameters, v, data)

    return CurvatureModel(along, loss, v)


def _gradient_of(loss: Loss) -> Function:
    """The gradient of a loss in PyTorch, which can be differentiated itself."""

    def gradient(x: Any, *data: Any) -> Any:
        inputs = leaves(x)
        value = alone(loss(x, *data))[0]
        found = dict(zip(inputs, gradients_of_loss(value, [*inputs.values()]), strict=True))
        return rebuilt(x, lambda path, _leaf: found[path])

    return gradient


def _numerical_gradient_of(loss: Loss) -> Function:
    """The numerical derivative of a loss in NumPy, as a function."""
    reference = numpy_loss(loss)

    def gradient(x: Any, *data: Any) -> Any:
        found = reference.evaluate(Point(x, data)).gradients
        return rebuilt(x, lambda path, _leaf: found[path])

    return gradient


def _alone(gradients: Gradients) -> Function:
    """The gradient, of the form of the parameters, of a function that may return its loss too."""

    def gradient(x: Any, *data: Any) -> Any:
        found = gradients_in(gradients(x, *data), x)
        return rebuilt(x, lambda path, _leaf: found[path])

    gradient.__name__ = str(getattr(gradients, "__name__", type(gradients).__name__))
    return gradient
