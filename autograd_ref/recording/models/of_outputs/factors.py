"""Jacobians some of whose rows or columns have a factor, each its own.

The Jacobian of half the square of f is diag(f) J; that of f / sigma is J with the rows divided by
sigma; where a parameter enters as exp(p), a column without the derivative of exp is J's divided by
exp(p). What is off is one number for every row or for every column, and it has a name.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.recording.models.of_outputs.entry_names import Matrix, those
from autograd_ref.reference.jacobians.copied_inputs import Copies
from autograd_ref.reference.model import Discrepancy, Hypothesis
from autograd_ref.tree.leaf import as_array, is_numeric
from autograd_ref.tree.nest import ROOT, Path, leaves, name_of
from autograd_ref.tree.point import Point, Results

A = NDArray[np.float64]

ALIKE = 1e-6
"""How near a measured factor has to be to one with a name, relative to it, to be tried. Chosen:
what is claimed has to agree to rounding."""


class Factor(NamedTuple):
    """The factors that a mistake gives to rows, or to columns."""

    name: str
    what: str
    """The end of "what comes out if the rows of f[1] and f[2] ..."; {is}, {has} and {lacks} are one
    of a pair."""
    fix: str
    values: A
    """One for every row or column, or one for all."""


TRANSFORMS: dict[str, Callable[[A], A]] = {
    "exp": np.exp,
    "the square": lambda p: 2 * p,
    "the root": lambda p: 0.5 / np.sqrt(p),
    "the reciprocal": lambda p: -1 / p**2,
    "the sigmoid": lambda p: 1 / (1 + np.exp(-p)) / (1 + np.exp(p)),
    "softplus": lambda p: 1 / (1 + np.exp(-p)),
    "tanh": lambda p: 1 - np.tanh(p) ** 2,
    "the sine": np.cos,
    "the cosine": lambda p: -np.sin(p),
    "10 to its power": lambda p: np.log(10.0) * 10.0**p,
    "2 to its power": lambda p: np.log(2.0) * 2.0**p,
}
"""The derivatives of functions by which parameters enter."""

OF_OUTPUTS: dict[str, tuple[str, Callable[[A], A]]] = {
    "half the square": ("times its output", lambda f: f),
    "the square": ("times twice its output", lambda f: 2 * f),
    "the absolute value": ("times the sign of its output", np.sign),
    "the logarithm": ("divided by its output", lambda f: 1 / f),
    "exp": ("times exp of its output", np.exp),
    "the root": ("divided by twice the root of its output", lambda f: 0.5 / np.sqrt(f)),
}
"""Functions of the outputs whose Jacobian may stand in the place of theirs."""

POWERS: dict[str, Callable[[A], A]] = {
    "multiplied by {}": lambda a: a,
    "divided by {}": lambda a: 1 / a,
    "multiplied by the square of {}": np.square,
    "divided by the square of {}": lambda a: 1 / a**2,
    "multiplied by the root of {}": np.sqrt,
    "divided by the root of {}": lambda a: 1 / np.sqrt(a),
}
"""Powers of weights and of standard deviations by which rows may be off."""


@np.errstate(all="ignore")
def factors(copies: Copies, once: Point, outputs: Any, seen: Discrepancy) -> Iterator[Hypothesis]:
    """Yield the Jacobians whose rows or columns are off by factors with a name.

    Args:
        copies: the form of the parameters.
        once: the parameters, which are no copies, and the data.
        outputs: the outputs there.
        seen: the Jacobian that is wrong.
    """
    hand, right = seen.hand, seen.right
    for axis, word in enumerate(("row", "column")):
        found: dict[tuple[str, str], list[tuple[Path, Factor, A]]] = {}
        for path in right:
            if path in hand and hand[path].shape == right[path].shape and right[path].size:
                mine, theirs = copies.matrix(path, hand[path]), copies.matrix(path, right[path])
                off = np.abs(mine - theirs).max(axis=1 - axis)
                # by least squares; not a number where all of it is zero
                measured = (mine * theirs).sum(1 - axis) / (theirs**2).sum(1 - axis)
                named = _of_rows if word == "row" else _of_columns
                for one in named(copies, path, once, outputs):
                    by = _agreeing(measured, one.values, off > seen.allowed[path])
                    if by is not None:
                        found.setdefault((one.name, one.what), []).append((path, one, by))
        for parts in found.values():
            yield _hypothesis(copies, right, parts, word)


def _agreeing(measured: A, values: A, wrong: NDArray[np.bool_]) -> A | None:
    """The factor of every row or column, 1 where it is right; None where those off have others."""
    usable = np.isfinite(values) & (values != 0) & (values != 1)
    near = usable & (np.abs(measured - values) <= ALIKE * np.abs(values))
    if not wrong.any() or not near[wrong].all():
        return None
    return np.where(wrong, values, 1.0)


def _hypothesis(
    copies: Copies, right: Results, parts: list[tuple[Path, Factor, A]], word: str
) -> Hypothesis:
    """The Jacobian that has these factors in some of its blocks."""
    blocks, names, count = dict(right), list[str](), 0
    for path, _one, by in parts:
        theirs = copies.matrix(path, right[path])
        along = by[:, np.newaxis] if word == "row" else by
        blocks[path] = (theirs * along).reshape(right[path].shape)
        matrix = Matrix(copies, path)
        name = matrix.row if word == "row" else matrix.column
        names += [name(i) for i in np.flatnonzero(by != 1)]
        count += by.size
    _path, one, _by = parts[0]
    several = len(names := list(dict.fromkeys(names))) > 1
    verbs = {"is": "are", "has": "have", "lacks": "lack"}
    what = one.what.format(**(verbs if several else {verb: verb for verb in verbs}))
    who = those(names, count, word)
    return Hypothesis(one.name, f"{who} {what}", one.fix, blocks, lambda: None)


def _of_rows(copies: Copies, path: Path, once: Point, outputs: Any) -> Iterator[Factor]:
    """Yield what rows may be multiplied by: functions of their outputs, and of the data."""
    output, _parameter = copies.parts(path)
    found = leaves(outputs)
    own = as_array(found[output] if output in found else found[ROOT])
    f = own.astype(np.float64).ravel()
    for name, (said, function) in OF_OUTPUTS.items():
        fix = f"return the Jacobian of the function, not of {name} of it"
        yield Factor(f"of {name}", f"{{is}} {said}, as of {name} of the function", fix, function(f))
    for number, item in enumerate(once.data):
        for inside, leaf in leaves(item).items():
            values = as_array(leaf) if is_numeric(leaf) else np.zeros(0)
            if values.size and _reaches(values.shape, own.shape):
                a = np.broadcast_to(values.astype(np.float64), own.shape).ravel()
                name = f"data[{number}]" + (f" ({name_of(inside)})" if inside else "")
                for said, power in POWERS.items():
                    yield _by_data(said.format(name), power(a))


def _by_data(said: str, values: A) -> Factor:
    return Factor(
        "rows by data",
        f"{{is}} {said}, and should not be",
        "weights and standard deviations belong in the function and in its Jacobian alike, once",
        values,
    )


def _reaches(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """True where an array can be broadcast to a shape, and has more than one number."""
    try:
        return math.prod(shape) > 1 and np.broadcast_shapes(shape, whole) == whole
    except ValueError:
        return False


def _of_columns(copies: Copies, path: Path, once: Point, _outputs: Any) -> Iterator[Factor]:
    """Yield what columns may be multiplied by: derivatives of functions of their parameters."""
    _output, parameter = copies.parts(path)
    p = as_array(leaves(once.parameters)[parameter]).astype(np.float64).ravel()
    for name, derivative in TRANSFORMS.items():
        slope = derivative(p)
        yield Factor(
            "chain rule missing",
            f"{{lacks}} the derivative of {name}, by which the parameter enters",
            f"multiply by the derivative of {name} at the parameter",
            1 / slope,
        )
        yield Factor(
            "chain rule twice",
            f"{{has}} the derivative of {name} at the parameter once too often",
            f"leave out the derivative of {name}",
            slope,
        )
    yield Factor(
        "multiplied by the parameter",
        "{is} multiplied by the parameter, as a derivative by its logarithm is",
        "divide by the parameter",
        p,
    )
    yield Factor(
        "divided by the parameter",
        "{is} divided by the parameter, once too often",
        "look at the powers of the parameter",
        1 / p,
    )
