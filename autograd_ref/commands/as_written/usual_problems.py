"""The problems on which code of a usual network is checked, and the report of each."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_ref.adapting.adapter import Adapted, targets_of
from autograd_ref.calls import random_state
from autograd_ref.calls.trial import Options
from autograd_ref.check import examine, trial_of
from autograd_ref.commands.check.problems import SIZES, Case, Checked, blamed
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.compiled import loss_of
from autograd_ref.networks.random_point import random_point
from autograd_ref.report.report import Report
from autograd_ref.step import check_step
from autograd_ref.user_code import as_raised
from manual_backprop import NetworkShape

RATE = 1.0
"""The learning rate at which updates are checked: what they move is then the gradient."""


def usual_cases(one: Adapted, count: int, seed: int) -> list[Case]:
    """Random problems of the network that code is for, of sizes that it takes.

    Args:
        one: the adapter.
        count: how many.
        seed: the first.
    """
    return [_case(one, seed + i) for i in range(count)]


def usual_reports(
    one: Adapted, gradients: Callable[..., Any], cases: Sequence[Case], *, diagnose: bool = True
) -> Generator[Checked]:
    """Check it on one problem after the other.

    Args:
        one: the adapter.
        gradients: the adapter, as code of the user's is called.
        cases: the problems.
        diagnose: False for no search for the mistake.
    """
    known = not diagnose
    for case in cases:
        report = usual_report(one, gradients, network_of(one, case), case, diagnose=not known)
        known = known or report.verdict == "mismatch"
        yield Checked(case, report)


def usual_report(
    one: Adapted,
    gradients: Callable[..., Any],
    network: Architecture,
    case: Case,
    *,
    diagnose: bool,
) -> Report:
    """The report on one problem.

    Args:
        one: the adapter.
        gradients: the adapter, as code of the user's is called.
        network: the one that it is held against.
        case: the problem.
        diagnose: True if the cause of a mismatch is looked for.
    """
    with blamed(case.where), random_state.kept():
        report = _report(one, gradients, loss_of(network), case, diagnose=diagnose)
    said = report.reference.replace("the given loss", "the loss of this network")
    return replace(report, reference=said)


def network_of(one: Adapted, case: Case) -> Architecture:
    """The network of a problem."""
    blocks = [np.shape(block) for block in _blocks(one, case.arguments[0])]
    layers = [shape for shape in blocks if len(shape) == 2]
    return one.network._replace(sizes=(layers[0][1], *(shape[0] for shape in layers)))


def sizes_for(one: Adapted, seed: int) -> tuple[int, ...]:
    """Sizes that code takes; where it takes any, no two are the same.

    Args:
        one: the adapter.
        seed: for the sizes.
    """
    own = one.network.sizes
    if one.takes == "fixed":
        return own
    drawn = [int(n) for n in np.random.default_rng(seed).permutation(SIZES)][: len(own)]
    return (*drawn[:-1], 1) if one.takes == "one output" else tuple(drawn)


def _report(
    one: Adapted,
    gradients: Callable[..., Any],
    loss: Callable[..., Any],
    case: Case,
    *,
    diagnose: bool,
) -> Report:
    parameters, *data = case.arguments
    if one.only_updates:
        rate = RATE * one.found.reading.rate
        return check_step(gradients, parameters, *data, rate=rate, loss=loss, seed=case.seed)
    trial = trial_of(gradients, parameters, (*data,), loss, Options(case.seed))
    return as_raised(lambda: examine(trial, diagnose=diagnose))


def _case(one: Adapted, seed: int) -> Case:
    sizes = sizes_for(one, seed)
    network = one.network._replace(sizes=sizes)
    samples = 2 + int(np.random.default_rng(seed).integers(3, 12))
    targets = targets_of(one)
    point = random_point(network, samples, seed, targets="labels" if targets else None)
    Y = np.eye(sizes[-1])[point.Y] if targets == "one-hot" else point.Y
    parameters = point.parameters if one.choices.as_dict else tuple(point.parameters.values())
    shape = NetworkShape(*sizes) if len(sizes) == 3 else None
    return Case("random", seed, (parameters, point.X, Y), "float64", shape, sizes=sizes)


def _blocks(one: Adapted, parameters: Any) -> Sequence[Any]:
    return [*parameters.values()] if one.choices.as_dict else [*parameters]
