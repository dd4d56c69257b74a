"""Which of the usual networks a gradient is right for, whatever it was meant for."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, cast

import numpy as np

from autograd_ref.calls import random_state
from autograd_ref.calls.call import Call, Gradients, called
from autograd_ref.calls.trial import Trial
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.compiled import loss_of
from autograd_ref.networks.detection.families import families, members
from autograd_ref.networks.detection.fit import Fit, OfLoss, changed
from autograd_ref.networks.detection.multiples import (
    ALIKE,
    Blocks,
    Fitted,
    fitted,
    is_close,
    usual_numbers,
)
from autograd_ref.networks.random_point import NetworkPoint, Targets, random_point
from autograd_ref.observe.observed import Observed
from autograd_ref.reference.choose import quiet
from autograd_ref.reference.torch_loss import differentiate, torch_loss
from autograd_ref.rounding.monte_carlo import as_float64
from autograd_ref.tree.point import Point
from autograd_ref.verdict.decide import decide

SAMPLES = 11, 13
"""S at the two points: no usual number of outputs, and not one divided by the other. Chosen."""


def detect(
    gradients: Gradients,
    near: Architecture,
    *,
    points: Sequence[NetworkPoint] | None = None,
    targets: Targets | None = None,
    seed: int = 0,
) -> tuple[Fit, ...]:
    """Find the networks of these sizes that a gradient is right for, the nearest first.

    Where it is right for the network meant, that one comes first, and those that follow are one
    function with it on networks of these sizes: mse is half-mse where N_O is 2. What only looks
    alike is none of them: softmax with cross-entropy and linear outputs with half-mse both begin
    with y_hat - Y, and their y_hat differ.

    Args:
        gradients: the function under test; called at two points, and further for what may fit.
        near: the network that is meant.
        points: two points, of different S, where it is called; None draws them.
        targets: the targets drawn, labels (S,) or one-hot rows (S, N_O); zeros and ones for one
            output. None is labels where the loss that is meant is cross-entropy.
        seed: for the points.

    Raises:
        UserCodeRaised: the function under test did.

    Examples:
        >>> import numpy as np
        >>> from autograd_ref.networks.choosing import architecture
        >>> def gradients(parameters, X, Y):  # of linear regression
        ...     error = X @ parameters["W0"].T + parameters["b0"] - Y
        ...     return {"W0": error.T @ X / len(X), "b0": error.mean(axis=0)}
        >>> for fit in detect(gradients, architecture((4, 1), loss="mse")):
        ...     print(fit)
        right, if half the squared error averaged over samples is meant: --loss half-mse
    """
    subject = by_name(gradients, near)
    first, second = points or _points(near, seed, targets)
    with random_state.kept(), quiet():
        answer = called(subject, _point(first)).answer
        if {*answer.dtypes.values()} == {"float32"}:  # it is judged in its own format
            first, second = _in_float32(first), _in_float32(second)
        places = _point(first), _point(second)
        found = [_blocks(called(subject, place), near) for place in places]
        if not all(found):
            return ()
        asked = _Asked(subject, near, first, places, found)
        fits = [fit for family in families(near) for fit in _of_family(family, asked)]
    return tuple(sorted(fits, key=lambda fit: len(fit.changed)))


class _Asked(NamedTuple):
    """A function, and what it returned at two points."""

    subject: Gradients
    near: Architecture
    first: NetworkPoint
    places: Sequence[Point]
    found: Sequence[Blocks]


def _points(near: Architecture, seed: int, targets: Targets | None) -> list[NetworkPoint]:
    """Two points whose targets are such that every loss takes them: classes, or zeros and ones."""
    classes = near._replace(output="softmax", loss="cross-entropy")
    if near.sizes[-1] == 1:
        classes = near._replace(output="sigmoid", loss="binary-cross-entropy")
    elif near.loss != "cross-entropy":
        targets = targets or "one-hot"
    return [random_point(classes, n, seed + i, targets=targets) for i, n in enumerate(SAMPLES)]


def by_name(gradients: Gradients, near: Architecture) -> Gradients:
    """The function, with the gradients that it returns in a list by the names of the parameters.

    Args:
        gradients: the function; it returns a dict, or a list in the order W0, b0, W1, b1, ...; also
            behind the loss.
        near: the network.
    """
    shapes = list(near.shapes.values())

    def named(result: object) -> object:
        items = cast("Sequence[object]", result) if isinstance(result, list | tuple) else ()
        if len(items) != len(shapes) or [np.shape(cast("Any", one)) for one in items] != shapes:
            return cast("object", result)
        return dict(zip(near.shapes, items, strict=True))

    def subject(*arguments: object) -> object:
        result = gradients(*arguments)
        found = named(result)
        if found is result and type(result) is tuple:
            return tuple(map(named, cast("tuple[object, ...]", result)))
        return found

    return subject


def _point(one: NetworkPoint) -> Point:
    return Point(one.parameters, (one.X, one.Y))


def _in_float32(one: NetworkPoint) -> NetworkPoint:
    parameters = {name: block.astype(np.float32) for name, block in one.parameters.items()}
    Y = one.Y.astype(np.float32) if one.Y.dtype.kind == "f" else one.Y
    return NetworkPoint(cast("Any", parameters), cast("Any", one.X.astype(np.float32)), Y)


def _blocks(call: Call, near: Architecture) -> Blocks:
    """The gradients by the names of the parameters; none where some are missing or misshapen."""
    found = {str(path[-1]): array for path, array in call.answer.gradients.items()}
    return found if {n: array.shape for n, array in found.items()} == near.shapes else {}


def _of_family(family: Architecture, asked: _Asked) -> list[Fit]:
    """The networks of a family that the gradient is right for."""
    samples = len(asked.first.X)
    fits: list[Fit] = []
    for way in fitted(asked.found[0], _right(family, asked.places[0]), asked.first.parameters):
        if fits and way.l2:  # right without a penalty, or with the biases left out of it
            break
        for member in members(family, samples):
            if abs(member.factor - way.factor) <= ALIKE * way.factor:
                one = family._replace(loss=member.loss, reduction=member.reduction)
                forms = map(partial(_confirmed, asked=asked), _penalised(one, way, samples))
                fits += list(islice(filter(None, forms), 1))
    return fits


def _right(one: Architecture, place: Point) -> Blocks:
    _value, found = differentiate(loss_of(one), *place)
    return {str(path[-1]): as_float64(gradient) for path, gradient in found.items()}


def _penalised(one: Architecture, way: Fitted, samples: int) -> Iterator[Architecture]:
    """Yield a network with its penalty, in the ways in which that may be said."""
    if not way.l2:
        yield one
        return
    for over_samples in (False, True):
        for number in usual_numbers(way.l2 * (samples if over_samples else 1)):
            yield one._replace(l2=number, l2_over_samples=over_samples, l2_of=way.l2_of)


def _confirmed(one: Architecture, *, asked: _Asked) -> Fit | None:
    """The network, where the gradient is right for it at both points and at others near them."""
    for place, found in zip(asked.places, asked.found, strict=True):
        if not is_close(found, _right(one, place)):
            return None
    reference = torch_loss(loss_of(one), seed=0)._replace(given=False)  # its gradient is right
    of_loss: OfLoss = ""
    for place in asked.places:
        trial = Trial(asked.subject, reference, place, reference.evaluate(place))
        rulings = decide(Observed(trial)).rulings
        if any(ruling.verdict != "match" for ruling in rulings.blocks.values()):
            return None
        if rulings.loss is not None and of_loss != "mismatch":
            of_loss = "match" if rulings.loss.verdict == "match" else "mismatch"
    return Fit(one, changed(one, asked.near), of_loss)
