"""Time of Hessian-vector products by hand, by PyTorch and by JAX."""

import argparse
import statistics
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table
from torch import Tensor

from autograd_ref.assignment.problems import Problem
from autograd_ref.commands.progress import progress
from benchmarks import output
from benchmarks.contestants import jax_loss
from benchmarks.measuring import RIGHT, Cell, interleaved
from benchmarks.problem import problem, torch_loss
from benchmarks.speed import GRID, QUICK_SECONDS, SECONDS, keep_to
from manual_backprop import (
    Parameters,
    gauss_newton_vector_product,
    hessian_vector_product,
    initialize,
)

Run = Callable[[], Any]
"""A call that returns the four blocks of a product."""


def by_hand(given: Problem, v: Parameters) -> Run:
    """`manual_backprop.hessian_vector_product`."""
    return lambda: hessian_vector_product(given.parameters, v, given.X, given.Y)


def gauss_newton(given: Problem, v: Parameters) -> Run:
    """`manual_backprop.gauss_newton_vector_product`, which is another product."""
    return lambda: gauss_newton_vector_product(given.parameters, v, given.X)


def torch_forward(given: Problem, v: Parameters) -> Run:
    """`torch.func.jvp` of `torch.func.grad`: forward over reverse."""
    parameters, direction, loss = _in_torch(given, v)
    gradient = torch.func.grad(loss)
    return lambda: torch.func.jvp(gradient, (parameters,), (direction,))[1]


def torch_twice(given: Problem, v: Parameters) -> Run:
    """`torch.autograd.grad` of the gradient times the direction: reverse over reverse."""
    parameters, direction, loss = _in_torch(given, v)
    for block in parameters:
        _ = block.requires_grad_()

    differentiated: Any = torch.autograd.grad

    def run() -> Any:
        gradient = differentiated(loss(parameters), parameters, create_graph=True)
        return differentiated(gradient, parameters, direction)

    return run


def jax_forward(given: Problem, v: Parameters) -> Run:
    """`jax.jvp` of `jax.grad`, compiled."""
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    asarray: Any = jax.numpy.asarray
    X, labels = asarray(given.X), asarray(given.Y)
    parameters, direction = jax.tree.map(asarray, (tuple(given.parameters), tuple(v)))

    def product(parameters: Any, direction: Any, X: Any, labels: Any) -> Any:
        gradient = partial(jax.grad(jax_loss), X=X, labels=labels)
        return jax.jvp(gradient, (parameters,), (direction,))[1]

    compiled = jax.jit(product)
    return lambda: jax.block_until_ready(compiled(parameters, direction, X, labels))


PRODUCTS: dict[str, Callable[[Problem, Parameters], Run]] = {
    "by hand": by_hand,
    "torch jvp of grad": torch_forward,
    "torch grad of grad": torch_twice,
    "jax jvp of grad": jax_forward,
    "Gauss-Newton by hand": gauss_newton,
}
NEEDS_JAX, OTHER = "jax jvp of grad", "Gauss-Newton by hand"


class Timed(NamedTuple):
    """Seconds of the calls of each, in interleaved rounds, on one problem."""

    cell: Cell
    times: Mapping[str, list[float]]
    wrong: list[str]
    """Names of those that disagree with PyTorch's product in float64."""

    @property
    def medians(self) -> dict[str, float]:
        """The median of each."""
        return {name: statistics.median(times) for name, times in self.times.items()}


def add_to(commands: Any) -> None:
    """Add the benchmark to the commands of an argument parser."""
    parser = output.add_benchmark(commands, run, __doc__, quick="fewer rounds, small sizes only")
    parser.add_argument("--threads", type=int, help="cores to use (default: all)")


def run(chosen: argparse.Namespace) -> int:
    """Measure, print a table for each number format and return the exit status."""
    if chosen.threads is not None:
        keep_to(chosen.threads)
    grid = GRID[:3] if chosen.quick else GRID
    names = [name for name in PRODUCTS if name != NEEDS_JAX or find_spec("jax")]
    cells = [(*cell, dtype) for dtype in ("float64", "float32") for cell in grid]
    with progress() as bar:
        tracked = bar.track(cells, description="products")
        seconds = QUICK_SECONDS if chosen.quick else SECONDS
        rows = [measured(cell, names, seconds) for cell in tracked]
    output.append(chosen.json, [_plain(row) for row in rows])
    notes = [f"{name} is WRONG at {_named(row.cell)}." for row in rows for name in row.wrong]
    if NEEDS_JAX not in names:
        notes.append("jax is not installed, and left out.")
    halves = len(rows) // 2
    output.show(*notes, _table(rows[:halves]), _table(rows[halves:]), width=130)
    return 0


def measured(cell: Cell, names: list[str], seconds: float) -> Timed:
    """Return the times of all on one problem; each result is checked first."""
    shape, samples, dtype = cell
    given, v = problem(shape, samples, dtype=dtype), initialize(shape, 1, std=1.0, dtype=dtype)
    runs = {name: PRODUCTS[name](given, v) for name in names}
    wide = problem(shape, samples), initialize(shape, 1, std=1.0)
    right = [_array(block) for block in torch_twice(*wide)()]
    wrong = [
        name for name in names if name != OTHER and not _agrees(runs[name](), right, RIGHT[dtype])
    ]
    return Timed(cell, interleaved(runs, seconds), wrong)


def _in_torch(given: Problem, v: Parameters) -> tuple[Any, Any, Callable[[Any], Tensor]]:
    """Parameters and direction as tensors, and the loss as a function of the former."""
    X, labels = torch.as_tensor(given.X), torch.as_tensor(given.Y)
    parameters, direction = (_tensors(*one) for one in (given.parameters, v))
    return parameters, direction, lambda blocks: torch_loss(blocks, X, labels)


def _tensors(*blocks: NDArray[Any]) -> Any:
    return Parameters(*map(cast("Any", torch.tensor), blocks))


def _agrees(found: Any, right: list[NDArray[Any]], allowed: float) -> bool:
    pairs = zip(map(_array, found), right, strict=True)
    return all(np.abs(a - b).max() <= allowed * np.abs(b).max() for a, b in pairs)


def _array(block: Any) -> NDArray[Any]:
    return np.asarray(block.detach() if isinstance(block, Tensor) else block)


def _table(rows: list[Timed]) -> Table:
    """Tabulate the times by hand, and those of the others divided by them."""
    first, *others = rows[0].times
    title = f"{rows[0].cell[2]}: times of a product, divided by that {first}"
    table = output.table(title, "N_I, N_H, N_O, S", first, *others)
    ratios = [[row.medians[name] / row.medians[first] for name in others] for row in rows]
    for row, of_row in zip(rows, ratios, strict=True):
        own = output.duration(row.medians[first])
        table.add_row(_named(row.cell), own, *(f"{ratio:.2f}" for ratio in of_row))
    means = np.exp(np.log(ratios).mean(axis=0))
    table.add_row("geometric mean", "", *(f"{mean:.2f}" for mean in means))
    return table


def _named(cell: Cell) -> str:
    shape, samples, _dtype = cell
    return f"{shape.inputs}, {shape.hidden}, {shape.outputs}, {samples}"


def _plain(row: Timed) -> dict[str, Any]:
    shape, samples, dtype = row.cell
    return {"shape": vars(shape), "samples": samples, "dtype": dtype, "times": dict(row.times)}
