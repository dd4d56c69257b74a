"""How a submission becomes a gradient: a function of the usual arguments, or code as it stands."""

import argparse
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from autograd_ref.commands.as_written.find_adapter import (
    AskedFor,
    FoundAdapter,
    find_adapter,
)
from autograd_ref.commands.as_written.other_networks import right_for
from autograd_ref.commands.as_written.whole_files import Opened, opened
from autograd_ref.commands.as_written.written_problems import (
    CheckPlan,
    plan_for,
    plan_in,
    written_function,
)
from autograd_ref.commands.check.called import CheckedFunction
from autograd_ref.commands.functions.convention import convention_of
from autograd_ref.commands.functions.file_alone import load_gradient
from autograd_ref.commands.functions.files.namespace import load_namespace
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.loading import load
from autograd_ref.commands.functions.world import entered, in_their_world
from autograd_ref.commands.grade.grading import Grading
from autograd_ref.commands.grade.isolation.own_time import Meter, SearchTimeUp, at_most
from autograd_ref.commands.options import Unusable
from manual_backprop import NetworkShape

LOOKED_FOR = 20.0
"""Seconds of computing in which the way to call a submission is looked for, if its own time is not
over before. Chosen: most take less than half of one."""

Gradients = Callable[..., Any]


class Submitted(NamedTuple):
    """A submission's gradient, and how it is checked."""

    checked: CheckedFunction
    plan: CheckPlan
    others: Callable[[], str]
    """Looks for the networks that it is right for, where it is wrong; in words, or empty."""


class _Given(NamedTuple):
    """A submission's file, before it is known how it is called."""

    name: str
    function: Gradients
    path: list[str]


def submitted(file: Path, grading: Grading, meter: Meter) -> Submitted:
    """The gradient of a submission's file; by the teacher's adapter where there is one.

    The meter is entered whenever the submission's own code runs.

    Raises:
        Unusable: it cannot be loaded, no way is found to call it, or it has another network.
    """
    spec = f"{file.name}:{grading.function}" if grading.function else file.name
    theirs = None
    if grading.adapter:
        with meter():
            theirs = _by_adapter(file, grading)
    if grading.network.chosen:
        return _as_it_stands(file, spec, grading, meter, theirs)
    try:
        return _in_a_convention(file, spec, grading, meter, theirs)
    except UserCodeError as refused:
        if any(value for name, value in grading.convention.items() if name != "shape"):
            raise
        try:
            return _as_it_stands(file, spec, grading, meter, theirs)
        except UserCodeError:
            raise refused from None


def _by_adapter(file: Path, grading: Grading) -> _Given:
    adapt = load(grading.adapter, grading.folder)
    namespace = load_namespace(file.name, file.parent)
    function = entered(lambda: adapt(namespace.module), namespace.path)
    return _Given(namespace.module.__name__, function, namespace.path)


def _in_a_convention(
    file: Path, spec: str, grading: Grading, meter: Meter, theirs: _Given | None
) -> Submitted:
    """A function of (parameters, X, Y), in one of the conventions of the built-in network."""
    if theirs is None:
        with meter():
            found = load_gradient(spec, file.parent)
        spec, function = found.spec, _metered(found.function, meter)
    else:
        function = _metered(in_their_world(theirs.function, theirs.path), meter)
    shape = grading.convention["shape"]
    options = {**grading.convention, "shape": shape and NetworkShape(*shape)}
    detected = convention_of(function, spec, argparse.Namespace(**options))
    return Submitted(CheckedFunction(spec, detected), plan_in(detected, function), str)


def _as_it_stands(
    file: Path, spec: str, grading: Grading, meter: Meter, theirs: _Given | None
) -> Submitted:
    """Code that is called in a way of its own; the search for it runs in the submission's time."""
    network = grading.network
    asked = AskedFor(network.meant, network.sizes, {})
    try:
        with meter(), at_most(LOOKED_FOR):
            code = _opened(spec, file) if theirs is None else _of_a_function(theirs)
            found = find_adapter(code, spec, asked)
    except SearchTimeUp:
        raise Unusable(
            f"no way to call {spec} was found in {LOOKED_FOR:g} s; the grading can say which"
            " function is meant, or have an adapter"
        ) from None
    _require_depth(found, grading)
    gradients = _metered(in_their_world(found.adapter, code.path), meter)
    return Submitted(
        written_function(file.name, code, found),
        plan_for(found.adapter, gradients),
        lambda: right_for(found.adapter, gradients, matches=False),
    )


def _opened(spec: str, file: Path) -> Opened:
    return opened(spec, file.parent, None)


def _of_a_function(theirs: _Given) -> Opened:
    """A module with nothing but the function that an adapter returned."""
    alone = ModuleType(theirs.name)
    vars(alone)["gradients"] = theirs.function
    return Opened(alone, "", theirs.path, ())


def _require_depth(found: FoundAdapter, grading: Grading) -> None:
    """Refuse a network of more layers, or fewer, than are meant.

    Raises:
        Unusable: it has.
    """
    layers, meant = len(found.adapter.network.layers), len(grading.network.meant.layers)
    if layers != meant:
        raise Unusable(f"has {layers} layers of parameters, where {meant} are asked for")


def _metered(function: Gradients, meter: Meter) -> Gradients:
    def call(*arguments: object) -> object:
        with meter():
            return function(*arguments)

    return call
