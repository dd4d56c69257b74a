"""How code in a file is called for a gradient: found, or what is missing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from autograd_ref.adapting.adapted import Adapted, adapted
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import found_in_words, ties_in_words
from autograd_ref.adapting.way_search import SearchOutcome, Wanted, search
from autograd_ref.commands.as_written.nothing_found import nothing_found
from autograd_ref.commands.as_written.whole_files import Opened
from autograd_ref.commands.functions.world import entered
from autograd_ref.networks.architecture import Architecture

ONE_OUTPUT = (
    "A softmax of one output is always 1: it is checked with a sigmoid output and binary"
    " cross-entropy."
)


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
    outcome = entered(lambda: search(opened.module, problems(asked.network), wanted), opened.path)
    best = outcome.best
    if best is None:
        layers = len(asked.sizes[0]) - 2 if asked.sizes else 1
        raise nothing_found(spec, opened, outcome, hidden_layers=layers)
    # where another file of its name is loaded, a file goes by its place
    module, network = Path(opened.module.__name__).name.removesuffix(".py"), asked.network
    single = (network.output, best.sizes[-1]) == ("softmax", 1)
    if single:
        network = network._replace(output="sigmoid", loss="binary-cross-entropy")
    one = entered(lambda: adapted(best, network, module), opened.path)
    unused = _unused(one, asked.arguments)
    how = [*found_in_words(one), ONE_OUTPUT * single, unused, ties_in_words(outcome)]
    return FoundAdapter(one, outcome, tuple(filter(None, how)))


def _unused(one: Adapted, arguments: Mapping[str, str]) -> str:
    """The values that were given for arguments that are not there, in words."""
    lines = "\n".join(one.source.lines)
    unused = [f"--set {name}={value}" for name, value in arguments.items() if value not in lines]
    if not unused:
        return ""
    return f"Not used: {', '.join(unused)}; what is called has no argument of that name."
