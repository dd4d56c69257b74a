"""How code in a file is called for a gradient: found, or what is missing."""

import ast
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.by_name.code_of import tree_of_module
from autograd_ref.adapting.calling.filling.arguments_reached import arguments_reached
from autograd_ref.adapting.nearness import right_first
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import found_in_words, ties_in_words
from autograd_ref.adapting.way_search import SearchOutcome, Wanted, search
from autograd_ref.commands.as_written.beside.own_penalty import with_its_factor
from autograd_ref.commands.as_written.nothing_found import nothing_found
from autograd_ref.commands.as_written.whole_files import Opened
from autograd_ref.commands.functions.world import entered
from autograd_ref.networks.architecture import Architecture

ONE_OUTPUT = (
    "A softmax of one output is always 1: it is checked with a sigmoid output and binary"
    " cross-entropy."
)


MOST = 6
"""Numbers in the code that are tried as a slope. Chosen."""


class AskedFor(NamedTuple):
    """The network, sizes and arguments that are known before an adapter is looked for."""

    network: Architecture
    """The one that is meant, of any sizes."""
    sizes: Sequence[tuple[int, ...]]
    """The only ones, where they are given."""
    arguments: Mapping[str, str]
    """Values for arguments, by name."""


class FoundAdapter(NamedTuple):
    """An adapter, and how it was found."""

    adapter: Adapted
    outcome: SearchOutcome
    how: tuple[str, ...]
    """How code is called, and which network is meant where it cannot be the one asked for."""


def find_adapter(opened: Opened, spec: str, asked: AskedFor) -> FoundAdapter:
    """Find how code is called.

    Raises:
        UserCodeError: no way was found; with what was tried.
    """
    wanted = Wanted(opened.name, tuple(asked.sizes), asked.arguments)

    def searched(network: Architecture) -> SearchOutcome:
        return entered(lambda: search(opened.module, problems(network), wanted), opened.path)

    outcome, network = _with_own_variant(searched, asked.network, opened.module)
    best = outcome.best
    if best is None and opened.refused is not None:
        raise opened.refused
    if best is None:
        layers = len(asked.sizes[0]) - 2 if asked.sizes else 1
        raise nothing_found(spec, opened, outcome, hidden_layers=layers)
    # where another file of its name is loaded, a file goes by its place
    module = Path(opened.module.__name__).name.removesuffix(".py")
    single = (network.output, best.sizes[-1]) == ("softmax", 1)
    if single:
        network = network._replace(output="sigmoid", loss="binary-cross-entropy")
    one = entered(lambda: adapted(best, network, module), opened.path)
    one, halved = entered(lambda: with_its_factor(one), opened.path)
    unused = _unused(one, asked.arguments)
    how = [*found_in_words(one), ONE_OUTPUT * single, halved, unused, ties_in_words(outcome)]
    return FoundAdapter(one, outcome, tuple(filter(None, how)))


def _unused(one: Adapted, arguments: Mapping[str, str]) -> str:
    """The values that were given for arguments that are not there, in words."""
    reached = arguments_reached(one.found.program) if arguments else set[str]()
    unused = [f"--set {name}={text}" for name, text in arguments.items() if name not in reached]
    if not unused:
        return ""
    return f"Not used: {', '.join(unused)}; what is called has no argument of that name."


def _with_own_variant(
    searched: Callable[[Architecture], SearchOutcome], network: Architecture, module: ModuleType
) -> tuple[SearchOutcome, Architecture]:
    """The result of a search, and the network that is meant as the code has it."""
    outcome = searched(network)
    found = outcome.best
    if found is None or (found.is_right and found.network.activation == network.activation):
        return outcome, network
    best = outcome, network
    for name in _variants(network.activation, module):
        other = network._replace(activation=name)
        again = searched(other)
        near = again.best
        if near is None or near.network.activation != name:
            continue
        if right_first(near) <= right_first(found):
            best, found = (again, other), near
    return best


def _variants(activation: str, module: ModuleType) -> list[str]:
    if activation == "gelu":
        return ["gelu-tanh"]
    return [f"leaky-relu-{one!r}" for one in _slopes(module)] if activation == "leaky-relu" else []


def _slopes(module: ModuleType) -> list[float]:
    """The numbers between 0 and 1 in the source, in order."""
    nodes = ast.walk(tree_of_module(module))
    numbers = [one.value for one in nodes if isinstance(one, ast.Constant)]
    slopes = [one for one in numbers if isinstance(one, float) and 0 < one < 1 and one != 0.01]
    return [one for one in dict.fromkeys(slopes) if "e" not in repr(one)][:MOST]
