"""Which code computes the formulas for some samples: NumPy's, or what Numba compiles."""

import os
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

from manual_backprop import network
from manual_backprop.arguments import Array
from manual_backprop.network import Contribution
from manual_backprop.parameters import Parameters

BACKENDS = ("numpy", "compiled")

VARIABLE = "MANUAL_BACKPROP_BACKEND"
"""The environment variable that chooses where no argument does."""


class Backend(NamedTuple):
    """The functions of `network.py`, or those of `compiled.py` with the same meaning."""

    loss_of: Callable[[Parameters, Array, Any, slice], float]
    gradients_of: Callable[[Parameters, Array, Any, slice], Contribution]


def backend() -> str:
    """Return what computes where the argument `backend` is None: "compiled" or "numpy".

    It is "compiled" where Numba is installed, unless the environment variable
    MANUAL_BACKPROP_BACKEND says "numpy".

    Raises:
        ValueError: the variable is neither of the two.
        ModuleNotFoundError: the variable is "compiled", and Numba is not installed.

    Examples:
        >>> backend() in ("numpy", "compiled")
        True
    """
    installed = "compiled" if _has_numba() else "numpy"
    return _known(f"the environment variable {VARIABLE}", os.environ.get(VARIABLE) or installed)


def chosen(name: str | None) -> Backend:
    """Return the backend of this name; None for that of `backend()`."""
    return _loaded(backend() if name is None else _known("backend", name))


@cache
def _loaded(name: str) -> Backend:
    if name == "numpy":
        return Backend(network.loss_of, network.gradients_of)
    from manual_backprop import compiled  # Numba takes a while to load

    return Backend(compiled.loss_of, compiled.gradients_of)


def _known(what: str, name: str) -> str:
    if name not in BACKENDS:
        raise ValueError(f"{what} is {name!r}; it needs to be 'numpy' or 'compiled'")
    if name == "compiled" and not _has_numba():
        raise ModuleNotFoundError(f"{what} is 'compiled'; that needs Numba: pip install numba")
    return name


@cache
def _has_numba() -> bool:
    return find_spec("numba") is not None
