"""The usual networks that code is right for, in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_ref.adapting.adapter import Adapted, targets_of
from autograd_ref.assignment.conventions import adapter
from autograd_ref.commands.as_written.usual_problems import sizes_for
from autograd_ref.commands.functions.convention_search import PENGUINS, Detected
from autograd_ref.commands.functions.network_options import sizes_in
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.detection.detected import detect
from autograd_ref.networks.detection.fit import Fit, in_words
from autograd_ref.networks.random_point import Targets
from autograd_ref.user_code import UserCodeRaised
from manual_backprop import Parameters


def right_for(one: Adapted, gradients: Callable[..., Any], *, matches: bool) -> str:
    """The networks that adapted code is right for; empty where that would say nothing new.

    Args:
        one: the adapter.
        gradients: the adapter, as code of the user's is called.
        matches: True where it is right for the one that is meant, and others are asked for.
    """
    return _said(fits_of(one, gradients), matches=matches)


def right_for_by_convention(
    function: Callable[..., Any], detected: Detected, *, matches: bool
) -> str:
    """The networks that a function of (parameters, X, Y) is right for.

    Args:
        function: it.
        detected: the convention in which it is called.
        matches: True where it is right for the built-in one, and others are asked for.
    """
    convention = detected.convention
    gradients = adapter(function, convention)
    sizes = sizes_in(detected.fixed.shape or PENGUINS)
    near = architecture(sizes, output="sigmoid" if sizes[-1] == 1 else "softmax")

    def of_names(parameters: dict[str, Any], X: Any, Y: Any) -> object:
        return gradients(Parameters(**parameters), X, Y)

    return _said(_found(of_names, near, convention.targets), matches=matches)


def fits_of(one: Adapted, gradients: Callable[..., Any]) -> tuple[Fit, ...] | None:
    """The networks that adapted code is right for; None where it raises on their problems.

    Args:
        one: the adapter.
        gradients: the adapter, as code of the user's is called.
    """
    near = one.network._replace(sizes=sizes_for(one, seed=0))

    def of_names(parameters: dict[str, Any], X: Any, Y: Any) -> object:
        found = gradients(parameters if one.choices.as_dict else tuple(parameters.values()), X, Y)
        return _steps(parameters, found, one.found.reading.rate) if one.only_updates else found

    return _found(of_names, near, targets_of(one))


def _steps(before: Mapping[str, Any], after: Mapping[str, Any], rate: float) -> dict[str, Any]:
    """The gradient that an update with a rate is made of."""
    return {name: (before[name] - np.asarray(after[name])) / rate for name in after}


def _found(
    gradients: Callable[..., Any], near: Architecture, targets: Targets | None
) -> tuple[Fit, ...] | None:
    try:
        return detect(gradients, near, targets=targets)
    except UserCodeRaised:
        return None


def _said(fits: Sequence[Fit] | None, *, matches: bool) -> str:
    if fits is None or (not fits and not matches):
        return ""
    if matches:
        return in_words(fits)
    return "" if not fits[0].changed else in_words(fits)
