"""Gradients that nobody derived: no report may say which mistake was made in them."""

import ast
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.random import Generator

from tests.naming.zoo import Model

Blocks = dict[str, Any]
Made = Callable[[Generator, Mapping[str, Any]], Blocks]

ODD = (1.37, 0.83, 2.71, -0.59, 1.0041)
"""Factors that no derivation has."""

TRIED = 20
"""Numbers of a derivation that are changed, until one makes a difference. Chosen."""


def _any_block(random: Generator, right: Mapping[str, Any]) -> str:
    """Return a block with more than one entry, where there is one: one number can be any."""
    names = [name for name, block in right.items() if np.size(block) > 1] or list(right)
    return names[random.integers(len(names))]


def _noise(random: Generator, block: Any) -> Any:
    size = 10.0 ** random.uniform(-4, 0.5) * np.linalg.norm(block) / max(1, np.size(block)) ** 0.5
    return block + size * random.normal(size=np.shape(block))


def _noise_in_a_block(random: Generator, right: Mapping[str, Any]) -> Blocks:
    name = _any_block(random, right)
    return {**right, name: _noise(random, right[name])}


def _noise_in_all(random: Generator, right: Mapping[str, Any]) -> Blocks:
    return {name: _noise(random, block) for name, block in right.items()}


def _random_block(random: Generator, right: Mapping[str, Any]) -> Blocks:
    name = _any_block(random, right)
    size = np.linalg.norm(right[name]) / np.size(right[name]) ** 0.5
    return {**right, name: size * random.normal(size=np.shape(right[name]))}


def _permuted(random: Generator, right: Mapping[str, Any]) -> Blocks:
    name = _any_block(random, right)
    block = right[name]
    return {**right, name: random.permutation(np.ravel(block)).reshape(np.shape(block))}


def _odd_factor(random: Generator, right: Mapping[str, Any]) -> Blocks:
    name = _any_block(random, right)
    return {**right, name: ODD[random.integers(len(ODD))] * right[name]}


def _odd_factor_in_all(random: Generator, right: Mapping[str, Any]) -> Blocks:
    factor = ODD[random.integers(len(ODD))]
    return {name: factor * block for name, block in right.items()}


def _odd_factors(random: Generator, right: Mapping[str, Any]) -> Blocks:
    return {name: random.uniform(0.4, 1.6) * block for name, block in right.items()}


def _odd_entries(random: Generator, right: Mapping[str, Any]) -> Blocks:
    name = _any_block(random, right)
    block = right[name]
    return {**right, name: block * random.uniform(0.7, 1.3, size=np.shape(block))}


FROM_THE_RIGHT: dict[str, Made] = {
    "noise in a block": _noise_in_a_block,
    "noise in all blocks": _noise_in_all,
    "a random block": _random_block,
    "entries permuted": _permuted,
    "an odd factor in a block": _odd_factor,
    "an odd factor in all blocks": _odd_factor_in_all,
    "an odd factor in each block": _odd_factors,
    "odd factors of entries": _odd_entries,
}

AT_OTHERS, CONSTANT = "at other parameters", "another constant in the derivation"
KINDS = (*FROM_THE_RIGHT, AT_OTHERS, CONSTANT)


def spoilt(model: Model, kind: str, seed: int) -> Callable[..., Any]:
    """Return gradients that nobody derived: the same at every call with the same arguments."""
    right = model.gradients()
    drawn = [seed, KINDS.index(kind)]
    if kind == CONSTANT:
        return with_another_constant(model, seed)

    def gradients(parameters: Any, *data: Any) -> Blocks:
        random = np.random.default_rng(drawn)
        if kind == AT_OTHERS:
            size = 10.0 ** random.uniform(-3, -0.5)
            moved = {
                name: block * (1 + size * random.normal(size=np.shape(block)))
                for name, block in parameters.items()
            }
            return right(moved, *data)
        found = FROM_THE_RIGHT[kind](random, right(parameters, *data))
        return {name: np.asarray(block) for name, block in found.items()}

    return gradients


class _Constants(ast.NodeTransformer):
    """Counts the numbers that stand in arithmetic, and multiplies one of them."""

    def __init__(self, which: int, factor: float) -> None:
        self.which, self.factor, self.count = which, factor, 0

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Look at both sides of an operation."""
        for side in ("left", "right"):
            number = getattr(node, side)
            if isinstance(number, ast.Constant) and isinstance(number.value, int | float):
                if self.count == self.which:
                    setattr(node, side, ast.Constant(number.value * self.factor))
                self.count += 1
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Leave indices as they are."""
        node.value = self.visit(node.value)
        return node


def with_another_constant(model: Model, seed: int) -> Callable[..., Any]:
    """Return the gradients with a number of their source changed: one that makes a difference.

    Where none is found in twenty draws they are right.
    """
    source = inspect.getsource(model.module.gradients)
    counted = _Constants(-1, 1.0)
    _ = counted.visit(ast.parse(source))
    random = np.random.default_rng([seed, KINDS.index(CONSTANT)])
    parameters, data = model.point(seed)
    right = model.gradients()
    expected = right(parameters, *data)
    for _ in range(TRIED if counted.count else 0):
        which, factor = int(random.integers(counted.count)), ODD[random.integers(len(ODD))]
        tree = ast.fix_missing_locations(_Constants(which, factor).visit(ast.parse(source)))
        names = dict(vars(model.module))
        exec(compile(tree, "<changed>", "exec"), names)
        changed = names["gradients"]
        try:
            found = changed(parameters, *data)
        except (TypeError, IndexError, ValueError):  # it was a size or an index
            continue
        if all(np.isfinite(block).all() for block in found.values()) and any(
            not np.allclose(found[name], block, rtol=1e-6) for name, block in expected.items()
        ):
            return changed
    return right
