"""Somebody's code as a function of (parameters, X, Y), with the source of the adapter."""

import contextlib
import copy
import io
import linecache
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.adapting.adapter_source import AdapterChoices, Written, written
from autograd_ref.adapting.calling.candidates_in_code import CODE
from autograd_ref.adapting.calling.executed import names_of
from autograd_ref.adapting.nearness import Near
from autograd_ref.adapting.own_rate import with_own_rate
from autograd_ref.adapting.undisturbed import left_as_it_was, quiet
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.random_point import random_point
from autograd_ref.user_code import UserCodeRaised, user_code

Array = NDArray[Any]
Takes = Literal["any", "one output", "fixed"]

FILE = "<the adapter>"
"""The name of the file that the source of an adapter seems to lie in."""

OTHER_SIZES = {2: (6, 4), 3: (6, 8, 4), 4: (6, 8, 9, 4)}
"""Sizes on which it is tried whether their code takes any, by their number. Chosen: none is tried
before."""


class Adapted(NamedTuple):
    """A function of (parameters, X, Y) that calls somebody's code as it wants to be called."""

    found: Near
    """The result of a search: the function called, its arguments, the place of the gradient."""
    choices: AdapterChoices
    network: Architecture
    """The network that it is judged by: with the sizes, and the biases or none, of their code."""
    takes: Takes
    """The sizes that their code takes."""
    function: Callable[..., Any]

    @property
    def source(self) -> Written:
        """The adapter, ready to paste."""
        return written(self.found, self.choices, fixed=self.takes == "fixed")

    @property
    def only_updates(self) -> bool:
        """True where their code returns no gradient, but updates parameters."""
        return self.found.reading.kind == "updated"

    def __call__(self, parameters: Any, X: Array, Y: Array) -> Any:
        """Call their code.

        Args:
            parameters: W0 (N_H, N_I), b0 (N_H,), W1, ...: a dict, or a tuple of W0, b0, W1, b1.
            X: (S, N_I).
            Y: labels (S,), or numbers (S, N_O).

        Returns:
            Gradients by name, perhaps after the loss; or the updated parameters by name.
        """
        return self.function(parameters, X, Y)


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
    takes: Takes
    for takes in () if in_globals else ("any", "one output"):
        free = Adapted(near, choices, network, takes, compiled(near, choices, fixed=False))
        if _runs(free):
            return free
    return Adapted(near, choices, network, "fixed", compiled(near, choices, fixed=True))


def compiled(near: Near, choices: AdapterChoices, *, fixed: bool) -> Callable[..., Any]:
    """Return the function that the source of an adapter defines.

    Args:
        near: what was found.
        choices: the rest.
        fixed: True where the sizes are those of their code.
    """
    source = written(near, choices, fixed=fixed)
    text = "\n".join(source.lines) + "\n"
    scope: dict[str, Any] = names_of(near.program.entry) | {"rate": 1.0}
    linecache.cache[FILE] = len(text), None, text.splitlines(keepends=True), FILE
    exec(compile(text, FILE, "exec"), scope)
    function = cast("Callable[..., Any]", scope[source.name])
    keywords = {"l2": choices.l2} if "l2=0.0" in text else {}

    def call(parameters: Any, X: Array, Y: Array) -> Any:
        with contextlib.redirect_stdout(io.StringIO()):  # the cost of each step, at each call
            return function(parameters, X, Y, **keywords)

    def put_back(parameters: Any, X: Array, Y: Array) -> Any:
        with left_as_it_was(near.program.entry.function):
            return copy.deepcopy(call(parameters, X, Y))

    return put_back if f"{CODE}." in text else call


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
    network = one.network._replace(sizes=sizes)
    if network.output == "softmax" and sizes[-1] == 1:
        return False
    point = random_point(network, 5, seed=1, targets=targets_of(one))
    try:
        with left_as_it_was(one.found.program.entry.function), quiet(), user_code():
            result = one(_given(one, point.parameters), point.X, point.Y)
    except UserCodeRaised:
        return False
    found = cast("Mapping[str, Any]", result[1] if isinstance(result, tuple) else result)
    return all(np.shape(found[name]) == shape for name, shape in network.shapes.items())


def targets_of(one: Adapted) -> Literal["labels", "one-hot"] | None:
    """Return the kind of targets that an adapter needs; None for those of its loss.

    Args:
        one: the adapter.
    """
    if one.found.labels:
        return "labels"
    return "one-hot" if "argmax" in str(one.found.program.data) else None


def _given(one: Adapted, parameters: Mapping[str, Array]) -> Any:
    """Parameters as the adapter takes them."""
    return parameters if one.choices.as_dict else tuple(parameters.values())
