"""The adapter for the way that a search found: its network, its targets, the sizes it takes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from autograd_ref.adapting.adapter import Adapted, Array, Takes, compiled, targets_of
from autograd_ref.adapting.adapter_source import AdapterChoices
from autograd_ref.adapting.calling.candidates_in_code import CODE
from autograd_ref.adapting.nearness import Near
from autograd_ref.adapting.own_numbers.own_rate import with_own_rate
from autograd_ref.adapting.own_numbers.returned_loss import with_its_loss
from autograd_ref.adapting.undisturbed import left_as_it_was, quiet
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.random_point import random_point
from autograd_ref.user_code import UserCodeRaised, user_code

OTHER_SIZES = {2: (6, 4), 3: (6, 8, 4), 4: (6, 8, 9, 4)}
"""Sizes on which it is tried whether their code takes any, by their number. Chosen: none is tried
before."""


def adapted(near: Near, meant: Architecture | None, module: str) -> Adapted:
    """Return the adapter for what a search found.

    Args:
        near: what was found.
        meant: the network that it is to be judged by; None for the one that it is nearest to.
        module: the name that their code is imported by.
    """
    network = (meant or near.network)._replace(sizes=near.sizes, bias=_has_biases(near))
    if network.loss != "cross-entropy" and near.labels:
        near = _with_rows(near)
    near = with_own_rate(near)
    as_dict = not is_built_in(network) or near.reading.kind == "updated"
    choices = AdapterChoices(as_dict, network.mean != "sum", module, network.l2)
    in_globals = near.program.setup.root == CODE  # then it is their own network
    ways: tuple[Takes, ...] = ("one output",) if near.sizes[-1] == 1 else ("any", "one output")
    for takes in () if in_globals else ways:
        free = Adapted(near, choices, network, takes, compiled(near, choices, fixed=False))
        if _runs(free):
            return with_its_loss(free)
    fixed = Adapted(near, choices, network, "fixed", compiled(near, choices, fixed=True))
    return with_its_loss(fixed)


def is_built_in(network: Architecture) -> bool:
    """Return whether a network is the built-in one, of any sizes.

    Args:
        network: the network.
    """
    one_hidden_layer = len(network.sizes) == 3
    return one_hidden_layer and network._replace(sizes=(1, 1, 2)) == architecture((1, 1, 2))


def _has_biases(near: Near) -> bool:
    return any(name.startswith("b") for name in near.reading.of)


def _with_rows(near: Near) -> Near:
    """Return the program for targets in rows, (S, N_O), of one that was found with labels."""
    program = near.program
    old = program.data.Y
    if "np.eye(N_O)[Y]" in old:
        new = old.replace("np.eye(N_O)[Y]", "Y")
    elif "Y[0]" in old:
        new = old.replace("Y[0]", "Y[0].argmax()")
    else:
        new = old.replace("Y", "Y.argmax(axis=1)")
    pattern = re.compile(rf"(?<![\w.]){re.escape(old)}(?!\w)")

    def changed(lines: tuple[str, ...]) -> tuple[str, ...]:
        put = tuple(pattern.sub(lambda _match: new, line) for line in lines)
        return tuple(line.replace("int(Y[0])", "int(Y[0].argmax())") for line in put)

    (X,) = changed((program.data.X,))
    data = program.data._replace(X=X, Y=new)
    lines = program._replace(
        data=data, before=changed(program.before), calls=changed(program.calls)
    )
    return near._replace(program=lines, labels=False)


def _runs(one: Adapted) -> bool:
    """Return whether an adapter takes other sizes than those that it was found with."""
    sizes = OTHER_SIZES.get(len(one.network.sizes))
    if sizes is None:
        return False
    if one.takes == "one output":
        sizes = (*sizes[:-1], 1)
    inside = one.network.sizes  # loops over numbers of its own run with more units than these
    fewer = (*(max(n - 1, 1) for n in inside[:-1]), sizes[-1] if inside[-1] > 1 else 1)
    return all(_runs_with(one, some) for some in (sizes, fewer))


def _runs_with(one: Adapted, sizes: Sequence[int]) -> bool:
    """Return whether an adapter gives all that is asked for of a network of some sizes."""
    network = one.network._replace(sizes=tuple(sizes))
    if network.output == "softmax" and sizes[-1] == 1:
        return False
    point = random_point(network, 5, seed=1, targets=targets_of(one))
    try:
        with left_as_it_was(one.found.program.entry.function), quiet(), user_code():
            result = one(_as_taken(one, point.parameters), point.X, point.Y)
    except UserCodeRaised:
        return False
    found = cast("Mapping[str, Any]", result[1] if isinstance(result, tuple) else result)
    return all(np.shape(found[name]) == shape for name, shape in network.shapes.items())


def _as_taken(one: Adapted, parameters: Mapping[str, Array]) -> Any:
    """Parameters as the adapter takes them."""
    return parameters if one.choices.as_dict else tuple(parameters.values())
