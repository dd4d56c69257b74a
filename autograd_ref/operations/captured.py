"""Tensors that require grad and that an operation has from elsewhere than its arguments.

They are weights in a closure, in a module or among the globals. The graph of the outputs leads to
them; the names are found where the operation can have them from.
"""

import inspect
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor

from autograd_ref.report.data import Note, listed
from autograd_ref.torch_internals import leaves_of_graph

KIND = "captured tensors"


def captured(outputs: Iterable[Tensor], inputs: Iterable[Tensor]) -> list[Tensor]:
    """The leaves of the graph of some outputs that are not among the inputs."""
    own = {id(leaf) for leaf in inputs}
    return [leaf for leaf in leaves_of_graph(outputs) if id(leaf) not in own]


def note_on(operation: object, found: list[Tensor]) -> list[Note]:
    """The note about captured tensors: their names, and how to have them checked."""
    if not found:
        return []
    known = {id(tensor): name for name, tensor in _within(operation)}
    names = [known.get(id(leaf), f"a tensor of shape {tuple(leaf.shape)}") for leaf in found]
    text = (
        f"the gradient by {listed(names)}, which the function has from elsewhere than its arguments"
        " (add arguments for it to function and reference, or give two modules with the same"
        " parameters)"
    )
    return [Note(KIND, text)]


def _within(operation: object) -> Iterator[tuple[str, Tensor]]:
    """The tensors that an operation can reach, with their names."""
    for name, value in _owned(operation):
        if isinstance(value, Tensor):
            yield name, value
        elif isinstance(value, torch.nn.Module):
            inside = f"{name}." if name else ""
            for key, parameter in value.named_parameters():
                yield f"{inside}{key}", parameter


def _owned(operation: object) -> Iterator[tuple[str, Any]]:
    """The objects of an operation: itself, what it is bound to, its closure and globals."""
    if isinstance(operation, partial):
        bound = cast("partial[Any]", operation)
        yield from ((str(i), value) for i, value in enumerate(bound.args))
        yield from bound.keywords.items()
        yield from _owned(bound.func)
    elif inspect.ismethod(operation):
        yield from _attributes(operation.__self__)
        yield from _owned(operation.__func__)
    elif inspect.isfunction(operation):
        names = inspect.getclosurevars(operation)
        for name, value in {**names.globals, **names.nonlocals}.items():
            yield name, value
            yield from ((f"{name}.{key}", v) for key, v in _attributes(value))
    else:
        yield "", operation
        yield from _attributes(operation)


def _attributes(value: object) -> list[tuple[str, Any]]:
    return list(getattr(value, "__dict__", {}).items()) if not inspect.ismodule(value) else []
