"""Code with an argument for a penalty is checked with one, where the options choose none."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd_ref.adapting.adapter import Adapted, compiled
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


class WithPenalty(NamedTuple):
    """The outcome of a check with a penalty."""

    sentence: str
    """Which penalty it is; empty where it is wrong."""
    wrong: Checked | None = None
    """The problem with a penalty on which it is wrong, and its report."""


def with_penalty(one: Adapted, path: list[str], seed: int) -> WithPenalty | None:
    """Check code that is right without a penalty with one; None where it takes none.

    Args:
        one: the adapter.
        path: that the code imports from.
        seed: for the problem on which it is shown to be wrong.
    """
    source = "\n".join(one.source.lines)
    if one.network.l2 or one.only_updates or not re.search(r"\bl2\b", source):
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
        own = network.penalty_in_words if network.l2 else "no penalty: it does not use it"
        return WithPenalty(f"{TRIED} it is right for {listed(usual) if usual else own}.")
    if not one.network.bias:
        return WithPenalty(COLUMN_OF_ONES)
    return WithPenalty("", _nearest(penalised, gradients, seed))


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
