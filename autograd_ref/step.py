"""check_step: code that only updates its parameters, judged by the gradient that its step implies.

A plain step is parameters - rate * gradient, so that (parameters - updated) / rate is the gradient,
but for the rounding of the update: parameters of size 1 that move by 1e-3 keep three digits less.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np

from autograd_ref.calls.answer import Answer, understood
from autograd_ref.calls.stated.accuracy import allowing, number
from autograd_ref.calls.trial import Options
from autograd_ref.check import examine, trial_of, with_accuracy
from autograd_ref.reference.protocol import Evaluation, Loss, Tolerances
from autograd_ref.report.data import Note
from autograd_ref.report.report import Report
from autograd_ref.tree.leaf import as_array, copied, is_numeric, is_real, like
from autograd_ref.tree.nest import Path, leaves, rebuilt, require_end
from autograd_ref.tree.number_format import dtype_name, of_leaf
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import as_raised

Step = Callable[..., object]
"""The function under test: step(parameters, *data) -> the updated parameters."""

STEP_UNITS = 4.0
"""Roundings of an update: of rate * gradient, of the difference, of the gradient read off it, and
of a factor (1 - rate * decay) before the parameter."""

FEW_DIGITS = 1e-3
"""A resolution from which on it is said why it is coarse. Chosen."""

ONE_FACTOR = 1e-6
"""Blocks are off by one factor if they are parallel to so much, and their factors equal. Chosen."""


def check_step(
    step: Step,
    parameters: Any,
    *data: Any,
    rate: float,
    loss: Loss | None = None,
    seed: int = 0,
    accuracy: float | None = None,
) -> Report:
    """Compare the gradient that an update implies with autograd, to the rounding of the update.

    The gradient is (parameters - updated parameters) / rate. What an update keeps of it is known
    to eps * |parameter| / rate. An optimiser that keeps something from step to step, as momentum
    and Adam do, makes no plain step.

    Args:
        step: step(parameters, *data) returns the updated parameters, also with the loss before or
            behind them; or it updates them in place and returns None, or the loss. A loss that it
            returns is not judged.
        parameters: one array, or a nest of arrays, before the step.
        data: passed on to step and loss.
        rate: the learning rate of the step.
        loss: the loss in PyTorch or NumPy; None is the built-in network.
        seed: for the second point and for the directions of rounding.
        accuracy: the relative accuracy that the loss or the gradient has.

    Returns:
        The report, as of `check_gradients`.

    Raises:
        TypeError, ValueError: an argument cannot be used, or step does not return parameters.
        Exception: whatever step raises.

    Examples:
        >>> import numpy as np
        >>> def step(w, X, y):
        ...     w -= 0.01 * 2 * X.T @ (X @ w - y)  # 1/S is missing
        >>> X, y = np.array([[1.0, 2.0], [3.0, 5.0], [8.0, 13.0]]), np.array([1.0, 0.0, 2.0])
        >>> loss = lambda w, X, y: ((X @ w - y) ** 2).mean()
        >>> report = check_step(step, np.ones(2), X, y, rate=0.01, loss=loss)
        >>> report.verdict, [cause.kind for cause in report.causes]
        ('mismatch', ['1/S missing'])
    """
    if not callable(step):
        raise TypeError(
            f"step is of type {type(step).__name__}; it needs to be a function of"
            " (parameters, *data)"
        )
    if not 0 < number(rate, "rate") < np.inf:
        raise ValueError(f"rate is {rate}; it needs to be a positive number")
    rate = float(rate)
    options = Options(seed, accuracy)

    def examined() -> Report:
        plain = trial_of(_implied_by(step, rate), parameters, data, loss, options)
        reference, exact = allowing(plain.reference, plain.exact, plain.point, _rounding(rate))
        about = (
            f"{reference.about}; the gradient under test is (parameters - updated parameters) /"
            f" rate, with rate={rate:g}"
        )
        trial = plain._replace(
            reference=reference._replace(about=about), exact=exact._replace(by_rounding=None)
        )
        return examine(with_accuracy(trial))

    report = as_raised(examined)
    return replace(report, warnings=(*report.warnings, *_about_steps(report, rate)))


def _rounding(rate: float) -> Callable[[Point, Evaluation], Tolerances]:
    """The error of a gradient that is read off an update, by the rounding of the update."""

    def allowance(point: Point, exact: Evaluation) -> Tolerances:
        rounded: Results = {}
        for path, leaf in leaves(point.parameters).items():
            form, gradient = of_leaf(leaf), np.abs(exact.gradients[path])
            sizes = np.abs(as_array(leaf).astype(np.float64)) / rate + gradient
            rounded[path] = STEP_UNITS * (form.unit * sizes + form.smallest / rate)
        return Tolerances(np.zeros(()), rounded)

    return allowance


def _implied_by(step: Step, rate: float) -> Callable[..., object]:
    """The gradient function that has this step."""

    def gradients(parameters: object, *data: object) -> object:
        before = {path: as_array(leaf).copy() for path, leaf in leaves(parameters).items()}
        own = rebuilt(parameters, lambda _path, leaf: copied(leaf))
        result = step(own, *data)
        require_end({"what step returned": result})
        answer = _updated(result, own)

        def implied(path: Path, leaf: object) -> object:
            new = answer.gradients[path]
            if new.shape != before[path].shape or not is_real(new):
                return new
            moved = (before[path].astype(np.float64) - new.astype(np.float64)) / rate
            values = np.asarray(moved).astype(new.dtype if new.dtype.kind == "f" else np.float64)
            return like(leaf, values) if answer.dtypes[path] == dtype_name(leaf) else values

        return rebuilt(parameters, implied)

    return gradients


def _updated(result: object, own: object) -> Answer:
    """The updated parameters, returned or changed in place, with or without a loss.

    The loss is not judged: some have it before the step, some after.

    Raises:
        TypeError: step returned something else.
    """
    paths = leaves(own)
    candidates: list[object] = [result]
    if result is None or (is_numeric(result) and as_array(result).size == 1):
        candidates.append(own)
    if isinstance(result, tuple) and len(cast("tuple[object, ...]", result)) == 2:
        candidates += cast("tuple[object, object]", result)
    found = [understood(candidate, paths) for candidate in candidates]
    for fitting in (_fits_in_shape, _fits_in_structure):
        for answer in found:
            if fitting(answer, paths):
                return answer
    raise TypeError(
        f"step returned {found[0].returned}; it needs to return the updated parameters, or to"
        " update them in place and return None"
    )


def _fits_in_structure(answer: Answer, paths: dict[Path, Any]) -> bool:
    blocks = answer.gradients
    return set(blocks) == set(paths) and all(is_real(values) for values in blocks.values())


def _fits_in_shape(answer: Answer, paths: dict[Path, Any]) -> bool:
    return _fits_in_structure(answer, paths) and all(
        answer.gradients[path].shape == as_array(leaf).shape for path, leaf in paths.items()
    )


def _about_steps(report: Report, rate: float) -> list[Note]:
    """The notes about what makes a step another one than the plain one."""
    found: list[Note] = []
    if any(note.kind in ("changes from call to call", "accumulates") for note in report.findings):
        text = (
            "An optimiser that keeps something from step to step (momentum, averages of gradients,"
            " a count of steps) makes no plain step. Make it anew inside step, or check the"
            " gradient that it is given."
        )
        found.append(Note("no plain step", text))
    factors = [
        np.sign(block.cosine) * block.norm_ratio
        for block in report.blocks
        if block.cosine is not None
        and block.norm_ratio is not None
        and abs(block.cosine) > 1 - ONE_FACTOR**2
    ]
    if all(block.norm_ratio == 0 for block in report.blocks):
        text = (
            "step leaves all parameters as they are: if it is to update them in place, it needs"
            " w -= ..., which changes the array, and not w = w - ..., which makes another."
        )
        found.append(Note("no step", text))
    one = len(factors) == len(report.blocks) and np.ptp(factors) <= ONE_FACTOR * abs(factors[0])
    if one and not found and abs(factors[0] - 1) > ONE_FACTOR:
        text = (
            f"All parameters move by {-rate * factors[0]:.4g} times their gradients, which is a"
            f" plain step at another rate than rate={rate:g}."
        )
        found.append(Note("another rate", text))
    if any((block.resolution or 0.0) > FEW_DIGITS for block in report.blocks):
        text = (
            "Of parameters that are large beside rate * gradient, an update keeps few digits of the"
            " gradient: a larger rate, or float64, keeps more."
        )
        found.append(Note("few digits of the step", text))
    return found
