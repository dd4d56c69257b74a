"""Code with an argument for a penalty is checked with one, where the options choose none."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from autograd_ref.adapting.adapter import Adapted, compiled
from autograd_ref.adapting.own_numbers.own_cost import OwnCost, own_costs
from autograd_ref.adapting.small import SAMPLES
from autograd_ref.commands.as_written.beside.said_beside import SaidBeside
from autograd_ref.commands.as_written.other_networks import fits_of
from autograd_ref.commands.as_written.usual_problems import network_of, usual_cases, usual_report
from autograd_ref.commands.check.problems import Checked
from autograd_ref.commands.functions.world import in_their_world
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choices import PENALISED
from autograd_ref.report.report import Report
from autograd_ref.report.words import listed

L2 = 0.1
"""The value with which the argument is tried. Chosen: what it adds is far above rounding."""

DIFFERENT = 0.1
"""How far, as a share, two penalties are that are not the same. Chosen: changes along a step tell
them to a hundredth, and mistakes are factors of 2 or S."""

LEAST = 0.02
"""The share of a penalty in a loss that has one. Chosen: far above the error, and below 1/S."""

FORMS = {
    (L2, False): "l2/2",
    (2 * L2, False): "l2",
    (L2, True): "l2/(2 S)",
    (2 * L2, True): "l2/S",
}
"""The factors of the squared weights, by l2 of a network that has them and whether 1/S is there."""

TRIED = f"Its argument for a penalty, l2, was tried with {L2:g}, too:"

COLUMN_OF_ONES = (
    f"{TRIED} it is right for none of the usual penalties of all weights. Where a column of X is"
    " ones, and its weight a bias that is not penalised, this is as it should be, and is not"
    " judged."
)
"""Without biases it may be that the first weight of a unit is one."""


def with_penalty(
    one: Adapted, path: list[str], seed: int, given: Mapping[str, str]
) -> SaidBeside | None:
    """Check the penalty of code that is right otherwise; None where it takes none.

    Where the options choose none, it is tried with one; where the code has a loss of its own, its
    gradient needs to have the penalty of that loss.

    Args:
        one: the adapter.
        path: that the code imports from.
        seed: for the problem on which it is shown to be wrong.
        given: values for arguments, by name.
    """
    if one.only_updates:
        return None
    if one.network.l2:
        return _beside_own_loss(one, one.network, path, seed, given)
    if not re.search(r"\bl2\b", "\n".join(one.source.lines)):
        return None
    choices = one.choices._replace(l2=L2)
    function = compiled(one.found, choices, fixed=one.takes == "fixed")
    penalised = one._replace(choices=choices, function=function)
    gradients = in_their_world(penalised, path)
    fits = fits_of(penalised, gradients)
    said = {
        (fit.architecture.l2, fit.architecture.l2_over_samples): fit.architecture
        for fit in fits or ()
        if fit.loss != "mismatch" and _without(fit.architecture) == _without(one.network)
    }
    if said:
        usual = [_in_words(network) for number, network in said.items() if number in FORMS]
        network = next(iter(said.values()))
        other = _beside_own_loss(penalised, network, path, seed, given)
        own = network.penalty_in_words if network.l2 else "no penalty: it does not use it"
        plain = SaidBeside(f"{TRIED} it is right for {listed(usual) if usual else own}.")
        return other or plain
    if not one.network.bias:
        return SaidBeside(COLUMN_OF_ONES)
    return SaidBeside("", _nearest(penalised, gradients, seed))


def _beside_own_loss(
    one: Adapted, network: Architecture, path: list[str], seed: int, given: Mapping[str, str]
) -> SaidBeside | None:
    """The problem on which the gradient is not that of their own loss; None where it is."""
    some = network if network.l2 else network._replace(l2=L2)
    costs = [*own_costs(one, some, given)]
    has_it = [abs(cost.penalty - bool(network.l2)) < DIFFERENT for cost in costs]
    other = [cost for cost in costs if cost.penalty > LEAST]
    if any(has_it) or not other:
        return None
    cost = other[0]
    times, meant = _times(network, cost)
    (case,) = usual_cases(one, 1, seed)
    network = network_of(one, case)._replace(l2=meant.l2, l2_over_samples=meant.l2_over_samples)
    l2 = "" if one.network.l2 else f"with {L2:g} for its argument l2, "
    words = f"{l2}against the penalty of its own loss, {cost.name}"
    report = usual_report(one, in_their_world(one, path), network, case, diagnose=True)
    wrong = Checked(case._replace(name="random, l2", penalty=words), report)
    return SaidBeside(
        f"The penalty of its own loss, {cost.name}, is {times} in its gradient.", wrong
    )


def _times(network: Architecture, cost: OwnCost) -> tuple[str, Architecture]:
    """How many times the penalty of their loss a gradient has, in words; the network of that loss.

    Args:
        network: which the gradient is right for.
        cost: their loss.
    """
    if not network.l2:
        return "left out", network._replace(l2=float(f"{cost.penalty * L2:.2g}"))
    times, over = 1 / cost.penalty, network.l2_over_samples
    if abs(times * SAMPLES ** (1 if over else -1) - 1) < DIFFERENT:
        words = "1/S as large" if over else "S times as large"
        return words, network._replace(l2_over_samples=not over)
    rounded = float(f"{times:.2g}")
    words = {0.5: "half as large", 2.0: "twice as large"}.get(
        rounded, f"{rounded:g} times as large"
    )
    return words, network._replace(l2=network.l2 / rounded)


def with_its_factor(one: Adapted) -> tuple[Adapted, str]:
    """Give an argument for a penalty half of l2 where only that is right, and say so.

    Args:
        one: the adapter for a network that has a penalty; others are returned as they are.
    """
    l2 = one.network.l2
    if not l2 or one.only_updates or not re.search(r"\bl2\b", "\n".join(one.source.lines)):
        return one, ""
    (case,) = usual_cases(one, 1, seed=0)
    network = network_of(one, case)
    choices = one.choices._replace(l2=l2 / 2)
    function = compiled(one.found, choices, fixed=one.takes == "fixed")
    halved = one._replace(choices=choices, function=function)
    right = [
        usual_report(each, each, network, case, diagnose=False).verdict == "match"
        for each in (one, halved)
    ]
    if right != [False, True]:
        return one, ""
    return halved, f"Its penalty is l2, not l2/2, times the squares: its argument gets {l2 / 2:g}."


def _without(network: Architecture) -> Architecture:
    """A network without its penalty, of any sizes."""
    return network._replace(sizes=(), l2=0.0, l2_over_samples=False, l2_of="weights")


def _in_words(network: Architecture) -> str:
    of = "squared weights and biases" if network.l2_of == "all" else "squared weights"
    return f"{FORMS[network.l2, network.l2_over_samples]} times the {of}"


def _nearest(one: Adapted, gradients: Callable[..., Any], seed: int) -> Checked:
    """The report beside the penalty with which most of it is right, the usual ones first."""
    (case,) = usual_cases(one, 1, seed)
    networks = [
        network_of(one, case)._replace(l2=number, l2_over_samples=over_samples, l2_of=of)
        for of in PENALISED
        for number, over_samples in FORMS
    ]
    reports = [usual_report(one, gradients, each, case, diagnose=False) for each in networks]
    best = max(range(len(networks)), key=lambda i: _right(reports[i]))
    network = networks[best]
    words = (
        f"with {L2:g} for its argument l2, against a penalty of {_in_words(network)} (the nearest:"
        " it is right for none)"
    )
    report = usual_report(one, gradients, network, case, diagnose=True)
    return Checked(case._replace(name="random, l2", penalty=words), report)


def _right(report: Report) -> tuple[bool, int]:
    """How much is right; a loss that is right says which penalty is meant."""
    loss = report.loss is not None and report.loss.verdict == "match"
    return loss, sum(one.verdict == "match" for one in report.quantities)
