"""The loss that somebody's code has in a function of its own, and the penalty in it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from autograd_ref.adapting.adapter import Adapted, compiled, targets_of
from autograd_ref.adapting.by_name.function_names import GRADIENT_IN, OWN_LOSS
from autograd_ref.adapting.calling.all_programs import programs_in
from autograd_ref.adapting.calling.candidates_in_code import Candidate
from autograd_ref.adapting.calling.entries_in_code import functions_in
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.programs import CallProgram
from autograd_ref.adapting.calling.readings import RESULT, WhereRead
from autograd_ref.adapting.own_numbers.changes import along, changes_of, ways_from
from autograd_ref.adapting.small import SAMPLES, gradient_of
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.random_point import random_point
from autograd_ref.user_code import UserCodeRaised

VALUE = f"{RESULT}[0] if isinstance({RESULT}, tuple) else {RESULT}"
"""The expression for the loss in what a function returns, perhaps with something after it."""

DIRECTIONS = 6
"""As many ways are parameters moved, for two factors. Chosen."""

CLOSE = 0.02
"""How close, as a share, what the two factors leave is to nothing. Chosen: far above what a step
leaves out, far below what another loss would leave."""


class OwnCost(NamedTuple):
    """A loss in a function of its own."""

    name: str
    """As it is called: cost, Net.loss."""
    penalty: float
    """How many times the penalty that the gradient is of, beside the rest of the loss."""


def own_costs(one: Adapted, network: Architecture, given: Mapping[str, str]) -> Iterator[OwnCost]:
    """Yield the losses of somebody's code that are the one of its gradient, but for their penalty.

    Args:
        one: the adapter for the gradient; its argument for a penalty is that of the network.
        network: which the gradient is right for, with a penalty.
        given: values for arguments, by name.
    """
    for program in _programs(one, given) if not one.found.program.data.one_at_a_time else ():
        penalty = _penalty_in(_valued(one, program), network._replace(sizes=one.network.sizes))
        if penalty is not None:
            yield OwnCost(program.entry.name, penalty)


def _programs(one: Adapted, given: Mapping[str, str]) -> Iterator[CallProgram]:
    """The calls of all functions and methods that are named as a loss."""
    entry = one.found.program.entry
    base = Known(sizes=one.found.sizes, given=given, network=one.network)
    known = [one.found.program.data], base
    methods = [] if entry.owner is None else [(entry.beside, entry.owner)]
    functions = functions_in(entry.module) if entry.module is not None else entry.beside
    for beside, owner in [*methods, (functions, None)]:
        for name, function in beside.items():
            if OWN_LOSS.search(name) and not GRADIENT_IN.search(name) and name != entry.last:
                full = f"{entry.name.rpartition('.')[0]}.{name}" if owner is not None else name
                loss = Candidate(function, full, owner, beside, entry.module)
                for firsts in [(), *loss.chains]:
                    setup, before = one.found.program.setup, one.found.program.before
                    yield from programs_in(loss, setup, before, known, firsts, {})


def _valued(one: Adapted, program: CallProgram) -> Adapted:
    """The adapter that returns a loss where the other one returns it beside a gradient."""
    reading = WhereRead("gradient", "", {name: name for name in one.found.reading.of}, loss=VALUE)
    near = one.found._replace(program=program, reading=reading)
    function = compiled(near, one.choices, fixed=one.takes == "fixed")
    return one._replace(found=near, function=function)


def _penalty_in(loss: Adapted, network: Architecture) -> float | None:
    """The share of the penalty of a network in a loss; None for a loss of something else."""
    point = random_point(network, SAMPLES, seed=1, targets=targets_of(loss))
    ways = ways_from(point.parameters, DIRECTIONS)
    try:
        changes = np.array(changes_of(loss, point, ways))
    except UserCodeRaised:
        return None
    plain, whole = (
        np.array([along(gradient_of(each, point), way) for way in ways])
        for each in (network._replace(l2=0.0), network)
    )
    parts = np.column_stack([plain, whole - plain])
    (of_data, of_penalty), *_ = np.linalg.lstsq(parts, changes)
    left = float(np.linalg.norm(changes - parts @ [of_data, of_penalty]))
    size = float(np.linalg.norm(changes))
    return float(of_penalty / of_data) if size and left <= CLOSE * size and of_data else None
