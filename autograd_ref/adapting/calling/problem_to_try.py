"""A small problem that code is tried on, with the gradients that may be right."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from autograd_ref.networks.architecture import Architecture

Array = NDArray[Any]


class RightFor(NamedTuple):
    """A network, and the gradient that is right for it."""

    network: Architecture
    gradients: Mapping[str, Array]


class References(NamedTuple):
    """The gradients that may be right, computed once they are asked for."""

    meant: Callable[[bool], Sequence[RightFor]]
    """The gradients of the network that is meant, if one is; with biases or without."""
    usual: Callable[[bool], Sequence[RightFor]]
    """The gradients of all usual networks."""


class SmallProblem(NamedTuple):
    """A small problem, with the gradients that may be right."""

    sizes: tuple[int, ...]
    parameters: Mapping[str, Array]
    """W0 (N_H, N_I), b0 (N_H,), W1, ..."""
    X: Array
    """(S, N_I)."""
    Y: Array
    """Labels (S,), or numbers (S, N_O)."""
    references: References
    """The gradients that are right for some network."""
    meant: Architecture | None = None
    """The network that the code is for, where it is known."""

    def sample(self, i: int) -> "SmallProblem":
        """Return the problem of one sample alone."""
        return self._replace(X=self.X[i : i + 1], Y=self.Y[i : i + 1])
