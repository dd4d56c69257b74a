"""The expression that is given for an argument, by the part that it plays."""

import inspect
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from autograd_ref.adapting.by_name.roles import Role
from autograd_ref.adapting.holding.forms import size_names
from autograd_ref.networks.architecture import Architecture

NUMBERS: Mapping[Role, str] = {
    "rate": "rate",
    "l2": "l2",
    "steps": "1",
    "seed": "0",
    "generator": "np.random.default_rng(0)",
    "quiet": "False",
}
"""Expressions for arguments that are neither data, parameters nor sizes."""


class Known(NamedTuple):
    """Expressions for what an argument may be."""

    X: str = ""
    Y: str = ""
    parameters: str = ""
    """The container of all parameters; empty where there is none."""
    arrays: Mapping[str, str] = {}
    """Arrays of parameters by the names of arguments."""
    cache: str = ""
    """The result of the forward pass; empty where there is none."""
    outputs: tuple[str, ...] = ()
    """The names of its parts."""
    upstream: str = ""
    """The derivative of the loss by the outputs; empty where it is not known."""
    sizes: tuple[int, ...] = ()
    given: Mapping[str, str] = {}
    """Values that the user gives, by the names of arguments."""
    network: Architecture | None = None
    """The network that is meant, whose activation, output and loss an argument may name."""

    @property
    def by_role(self) -> dict[Role, str]:
        """The data, the parameters and what a forward pass gave, by the parts of arguments."""
        return {
            "X": self.X,
            "Y": self.Y,
            "parameters": self.parameters,
            "cache": self.cache,
            "upstream": self.upstream,
        }


def argument_text(role: Role, known: Known, one: inspect.Parameter) -> str:
    """Return the expression for a part; empty where there is none.

    Args:
        role: the part.
        known: what there is to be given.
        one: the argument that it is for.
    """
    data: Mapping[Role, str] = {
        **known.by_role,
        "both": f"({known.X}, {known.Y})" if known.X and known.Y else "",
        "samples": "len(X)" if known.X else "",
        "layers": str(len(known.sizes) - 1) if known.sizes else "",
        **NUMBERS,
    }
    return data[role] if role in data else _size_text(role, known.sizes, one)


def _size_text(role: Role, sizes: Sequence[int], one: inspect.Parameter) -> str:
    """The name of a size, or a list of them; empty where there is none."""
    if not sizes:
        return ""
    names = size_names(sizes)
    if role == "sizes" and isinstance(one.default, int):
        role = "hidden"  # of units there may be one number
    if role == "hidden" and (isinstance(one.default, list | tuple) or len(set(sizes[1:-1])) > 1):
        return f"[{', '.join(names[1:-1])}]"
    by_role: Mapping[Role, str] = {
        "inputs": names[0],
        "hidden": names[1] if len(names) > 2 else "",
        "outputs": names[-1],
        "sizes": f"[{', '.join(names)}]",
    }
    return by_role.get(role, "")
