"""How code as it stands is checked: on problems of the built-in network, or of another."""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, NamedTuple

from autograd_ref.adapting.adapter import Adapted
from autograd_ref.assignment.conventions import Convention
from autograd_ref.commands.as_written.find_adapter import FoundAdapter
from autograd_ref.commands.as_written.usual_problems import usual_cases, usual_reports
from autograd_ref.commands.as_written.whole_files import Opened
from autograd_ref.commands.check.called import CheckedFunction
from autograd_ref.commands.check.problems import Case, Checked, network_cases, network_reports
from autograd_ref.commands.functions.convention_search import Detected, Fixed
from manual_backprop import NetworkShape


class CheckPlan(NamedTuple):
    """The problems on which a gradient is checked, and the check."""

    cases: Callable[[int, int], list[Case]]
    """The cases, by the number of random problems and the first seed."""
    reports: Callable[..., Generator[Checked]]
    """On these cases; with diagnose=False without the search for the mistake."""


def plan_in(detected: Detected, function: Callable[..., Any]) -> CheckPlan:
    """The plan for a gradient of the built-in network, in the convention in which it is called."""
    return CheckPlan(
        partial(network_cases, detected), partial(network_reports, function, detected.convention)
    )


def plan_for(one: Adapted, gradients: Callable[..., Any]) -> CheckPlan:
    """The plan for code as it stands; for the built-in network the penguins are among the problems.

    Args:
        one: the adapter.
        gradients: the adapter, as code of the user's is called.
    """
    if one.choices.as_dict or one.only_updates:
        return CheckPlan(partial(usual_cases, one), partial(usual_reports, one, gradients))
    shape = NetworkShape(*one.network.sizes) if one.takes == "fixed" else None
    detected = Detected(Convention(), Fixed(shape), right=True, attempts=())
    return plan_in(detected, gradients)


def written_function(file: str, opened: Opened, found: FoundAdapter) -> CheckedFunction:
    """The function that is checked, with how it is called, in words.

    Args:
        file: its name.
        opened: what was loaded of it.
        found: the adapter.
    """
    one = found.adapter
    return CheckedFunction(
        f"{file}:{one.found.program.entry.name}",
        notes=opened.notes,
        how=found.how,
        network=str(one.network) if one.choices.as_dict else "",
    )
