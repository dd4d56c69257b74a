"""Nests of arrays as people build them: dicts, lists, tuples, NamedTuples and dataclasses."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

A = Any
"""An array, a tensor, a number or a nest of these, as in code that nobody annotates."""


def mapped(change: Callable[[A], A], tree: A) -> A:
    """An equal nest with every leaf changed."""
    if isinstance(tree, dict):
        return {key: mapped(change, value) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(change, value) for value in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(mapped(change, value) for value in tree)
    if is_dataclass(tree) and not isinstance(tree, type):
        inside = {f.name: mapped(change, getattr(tree, f.name)) for f in fields(tree)}
        return replace(tree, **inside)
    return change(tree)


def leaves(tree: A) -> list[A]:
    """The leaves, from left to right."""
    found: list[A] = []
    _ = mapped(found.append, tree)
    return found


def rebuilt(tree: A, values: Iterator[A]) -> A:
    """An equal nest with other leaves, from left to right."""
    return mapped(lambda _: next(values), tree)


def cast(tree: A, dtype: str) -> A:
    """An equal nest with its floating-point arrays in another number format."""

    def change(leaf: A) -> A:
        floats = isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind == "f"
        return leaf.astype(dtype) if floats else leaf

    return mapped(change, tree)
