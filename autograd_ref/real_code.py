"""adapt: code as somebody wrote it, as a function that `check_gradients` takes."""

from collections.abc import Mapping
from typing import Any

from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import failures_in_words
from autograd_ref.adapting.way_search import SearchOutcome, Wanted, search
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture


def adapt(thing: Any, *, arguments: Mapping[str, str] | None = None, **network: Any) -> Adapted:
    """Find how somebody's code is called, and return it as gradients(parameters, X, Y).

    It is found by the names of functions, arguments and attributes, by the shapes of arrays, and by
    trying on a small problem: functions that are named as a gradient before those that are named as
    a loss, a step or anything else; all parameters in one argument as the code takes it apart, each
    by itself, in attributes, in global variables; batches in rows and in columns before one sample
    at a time. What gives the right gradient is taken; else what is nearest to it.

    Args:
        thing: a function, a method, a class, an instance or a module.
        arguments: expressions for arguments that it does not know, by name, as in {"reg": "0.1"}.
        network: what is chosen otherwise than in the built-in network: activation, output, loss,
            reduction, l2 (see `autograd_ref.Network`).

    Returns:
        The adapter. `str(adapter.source)` is its source, ready to paste. Its parameters are W0
        (N_H, N_I), b0 (N_H,), W1, ..., of `adapter.network`.

    Raises:
        ValueError: no gradient was found; with what was tried.

    Examples:
        >>> import numpy as np
        >>> from autograd_ref import adapt, check_gradients
        >>> from manual_backprop import NetworkShape, initialize
        >>> class Net:
        ...     def __init__(self, n_in, n_hidden, n_out):
        ...         self.W1, self.b1 = np.zeros((n_in, n_hidden)), np.zeros((1, n_hidden))
        ...         self.W2, self.b2 = np.zeros((n_hidden, n_out)), np.zeros((1, n_out))
        ...     def forward(self, X):
        ...         self.X, self.h = X, np.log1p(np.exp(X @ self.W1 + self.b1))
        ...         e = np.exp(self.h @ self.W2 + self.b2)
        ...         self.p = e / e.sum(axis=1, keepdims=True)
        ...     def backward(self, Y):
        ...         d = (self.p - Y) / len(Y)
        ...         self.dW2, self.db2 = self.h.T @ d, d.sum(0)
        ...         d = d @ self.W2.T * (1 - np.exp(-self.h))
        ...         self.dW1, self.db1 = self.X.T @ d, d.sum(0)
        >>> gradients = adapt(Net)
        >>> X, Y = np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([2, 0])
        >>> check_gradients(gradients, initialize(NetworkShape(2, 5, 3), seed=0), X, Y).verdict
        'match'
    """
    meant = architecture((5, 7, 2), **network)
    module = getattr(thing, "__module__", None) or getattr(thing, "__name__", "their_code")
    outcome = search(thing, problems(meant), Wanted(given=dict(arguments or {})))
    return found(outcome, meant, str(module))


def found(outcome: SearchOutcome, meant: Architecture, module: str) -> Adapted:
    """Return the adapter that a search found.

    Args:
        outcome: of the search.
        meant: the network that it is to be judged by.
        module: the name that their code is imported by.

    Raises:
        ValueError: it found none.
    """
    if outcome.best is None:
        tried = "".join(f"\n  {line}" for line in failures_in_words(outcome))
        raise ValueError(
            "no way was found to call it for a gradient; write gradients(parameters, X, Y) that"
            f" returns the derivatives by W0, b0, W1, b1{'. Tried:' * bool(tried)}{tried}"
        )
    return adapted(outcome.best, meant, module)
