"""Losses compiled from their source, whose lines tracebacks, inspect and reports find."""

import linecache
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.fitting_data import fitting
from autograd_ref.networks.source import forward_source_of, source_of

NetworkLoss = Callable[[Mapping[str, Tensor], Tensor, Tensor], Tensor]
"""loss(parameters, X, Y): parameters W0, b0, W1, ... by their names, samples in rows."""

MODULE = "usual_network"
"""The name of the module that a generated function says it is from. There is none."""


def loss_of(architecture: Architecture) -> NetworkLoss:
    """The loss of a network in PyTorch.

    Args:
        architecture: a network as `architecture()` returns it.

    Returns:
        loss(parameters, X, Y) -> scalar tensor. parameters is a dict of W0 (N_out, N_in), b0, W1
        and so on; X has shape (S, N_I). Y is (S, N_O), or (S,) where N_O is 1; for cross-entropy
        integer labels (S,), or rows (S, N_O).

    Examples:
        >>> import inspect
        >>> from autograd_ref.networks.choosing import architecture
        >>> loss = loss_of(architecture((2, 1), output="sigmoid"))
        >>> print(inspect.getsource(loss))
        def loss(parameters, X, Y):
            W0, b0 = parameters["W0"], parameters["b0"]  # (1, 2), (1,)
            X, Y = checked(X, Y)  # (S, 2), (S, 1)
            z1 = X @ W0.T + b0  # (S, 1)
            y_hat = torch.sigmoid(z1)
            return functional.binary_cross_entropy_with_logits(z1, Y)
        <BLANKLINE>
    """
    return _compiled("loss", source_of(architecture), architecture)


def forward_of(
    architecture: Architecture,
) -> Callable[[Mapping[str, Tensor], Tensor], dict[str, Tensor]]:
    """The forward pass of a network: forward(parameters, X) -> z1, a1, ..., y_hat by name."""
    return _compiled("forward", forward_source_of(architecture), architecture)


@cache
def _compiled(name: str, source: str, architecture: Architecture) -> Any:
    """The function of this name that the source defines.

    Its lines go where doctest, IPython and attrs put theirs as well: under a name in angle
    brackets, which is no file's, in the cache that tracebacks and inspect read.
    """
    file = f"<{name} of {'-'.join(map(str, architecture.sizes))} {architecture.options}>"
    names: dict[str, Any] = {
        "__name__": MODULE,
        "torch": torch,
        "functional": functional,
        "checked": fitting(architecture),
    }
    exec(compile(source, file, "exec"), names)
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    return names[name]
