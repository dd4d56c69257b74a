"""Somebody's code as a function of (parameters, X, Y), with the source of the adapter."""

import contextlib
import copy
import inspect
import io
import linecache
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, cast

from numpy.typing import NDArray

from autograd_ref.adapting.adapter_source import AdapterChoices, Written, written
from autograd_ref.adapting.calling.candidates_in_code import CODE
from autograd_ref.adapting.calling.executed import names_of
from autograd_ref.adapting.nearness import Near
from autograd_ref.adapting.undisturbed import left_as_it_was
from autograd_ref.networks.architecture import Architecture

Array = NDArray[Any]
Takes = Literal["any", "one output", "fixed"]

FILE = "<the adapter>"
"""The name of the file that the source of an adapter seems to lie in."""


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
    keywords = {"l2": choices.l2} if "l2" in inspect.signature(function).parameters else {}

    def call(parameters: Any, X: Array, Y: Array) -> Any:
        with contextlib.redirect_stdout(io.StringIO()):  # the cost of each step, at each call
            return function(parameters, X, Y, **keywords)

    def put_back(parameters: Any, X: Array, Y: Array) -> Any:
        with left_as_it_was(near.program.entry.function):
            return copy.deepcopy(call(parameters, X, Y))

    return put_back if f"{CODE}." in text else call


def targets_of(one: Adapted) -> Literal["labels", "one-hot"] | None:
    """Return the kind of targets that an adapter needs; None for those of its loss.

    Args:
        one: the adapter.
    """
    if one.found.labels:
        return "labels"
    return "one-hot" if "argmax" in str(one.found.program.data) else None
