"""The loss and the gradient that second derivatives are checked against."""

from typing import Any, cast

from autograd_ref.calls.answer import understood
from autograd_ref.calls.call import Gradients
from autograd_ref.calls.trial import Options
from autograd_ref.check import check_gradients
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import tensors
from autograd_ref.report.report import Report
from autograd_ref.tree.leaf import is_tensor
from autograd_ref.tree.nest import Path, leaves, name_of
from autograd_ref.tree.point import Point


def require_gradient(gradients: Gradients, loss: Loss, point: Point, options: Options) -> None:
    """Refuse a gradient that is not that of the loss.

    Raises:
        ValueError: it is wrong; the report of its check is a note.
    """

    def checked(x: Any, data: tuple[Any, ...]) -> Report:
        seed, accuracy, elsewhere = options.seed, options.accuracy, options.elsewhere
        return check_gradients(
            gradients, x, *data, loss=loss, seed=seed, accuracy=accuracy, elsewhere=elsewhere
        )

    failures = TypeError, ValueError, AttributeError
    try:
        report = checked(*point)
    except failures as error:
        try:  # it may be written for tensors, as the loss is
            report = checked(tensors((point.parameters,))[0], tensors(point.data))
        except (*failures, RuntimeError):
            raise error from None
    if report.verdict == "mismatch":
        error = ValueError(
            "gradients is not the gradient of loss; it needs to be right, before a second"
            " derivative can be compared with its derivative"
        )
        error.add_note(str(report))
        raise error


def require_one_of(called: str, function: object, loss: object, gradients: object) -> None:
    """Refuse what is no function, and neither a loss nor a gradient.

    Args:
        called: how the function under test is called.
        function: the function under test.
        loss: what it is a second derivative of.
        gradients: what it is a first derivative of.

    Raises:
        TypeError: something is no function, or both are missing.
    """
    name, _bracket, arguments = called.partition("(")
    wanted = {name: (function, arguments), "loss": (loss, "x, *data)")}
    wanted["gradients"] = (gradients, "x, *data)")
    for name, (one, taken) in wanted.items():
        if not callable(one) and (one is not None or name == called.partition("(")[0]):
            raise TypeError(
                f"{name} is of type {type(one).__name__}; it needs to be a function of ({taken}"
            )
    if loss is None and gradients is None:
        raise TypeError(
            "neither loss nor gradients are given; one of them is needed: a loss in PyTorch, which"
            " is the sharper reference, or a gradient in NumPy"
        )


def gradients_in(result: object, parameters: Any) -> dict[Path, Any]:
    """The gradient by each parameter, as tensors with their history or as arrays.

    Args:
        result: what a function returned: the gradients, or (loss, gradients).
        parameters: what they are the gradients by.

    Raises:
        ValueError: one is missing.
    """
    wanted, found = leaves(parameters), leaves(result)
    if isinstance(result, tuple) and found.keys() != wanted.keys():
        found = leaves(cast("Any", result)[-1])
    if found.keys() == wanted.keys() and all(map(is_tensor, found.values())):
        return found
    answer = understood(cast("object", result), wanted).gradients
    missing = [name_of(path, root="x") for path in wanted if path not in answer]
    if missing:
        raise ValueError(
            f"gradients returned no gradient by {', '.join(missing)}; it needs to return one of the"
            " form of x"
        )
    return {path: answer[path] for path in wanted}
