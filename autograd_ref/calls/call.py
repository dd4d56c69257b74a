"""Call the function under test twice, and elsewhere: how it behaves, beside what it returns.

Every call gets arrays of its own, so that nothing the function does can reach the user's arrays,
and so that what it changes, keeps or shares can be told.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.answer import Answer, understood
from autograd_ref.reference.protocol import Point
from autograd_ref.report.data import Note, listed
from autograd_ref.tree.nest import as_array, copied, is_tensor, leaves, like, rebuilt

Gradients = Callable[..., object]

SHRINK = (0.75, 0.95)
"""By which factor, drawn for each block, the other parameters are smaller: far beyond any
tolerance, and still where a logarithm, a root or a probability may need them; a block that is
symmetric, triangular or sparse remains so."""


class Call(NamedTuple):
    """One call: what it was given, and what it gave back."""

    given: Point
    answer: Answer
    kept: dict[str, NDArray[Any]]
    """The gradients as they were when the call returned."""


def called(gradients: Gradients, point: Point) -> Call:
    """Call the function on copies."""
    given = own_copy(point)
    answer = understood(gradients(given.parameters, *given.data), leaves(given.parameters))
    return Call(given, answer, {name: np.array(a) for name, a in answer.gradients.items()})


def own_copy(point: Point) -> Point:
    """The same containers and values, with memory of their own."""

    def copy(_name: str, leaf: object) -> object:
        return copied(leaf)

    return Point(rebuilt(point.parameters, copy), tuple(rebuilt(d, copy) for d in point.data))


def with_other_parameters(point: Point, seed: int) -> Point:
    """The same data; every block smaller, and random where it is zero."""
    random = np.random.default_rng(seed)

    def move(_name: str, leaf: object) -> object:
        return like(leaf, _moved(as_array(leaf), random))

    return Point(rebuilt(point.parameters, move), own_copy(point).data)


def with_other_data(point: Point) -> Point | None:
    """The same parameters; other samples in a batch of the same size, where there are at least two.

    The order of the samples is turned round and one of them replaced by its neighbour, in every
    array that is as long as the first.
    """
    samples = sample_count(point)
    if samples < 2:
        return None
    order = np.arange(samples)[::-1].copy()
    order[-1] = order[-2]
    return with_samples(point, order)


def with_samples(point: Point, order: NDArray[np.intp]) -> Point:
    """The same parameters; these samples, in every array that is as long as the first."""
    samples = sample_count(point)

    def rearrange(_name: str, leaf: object) -> object:
        array = as_array(leaf) if _is_array(leaf) else None
        if array is None or array.shape[:1] != (samples,):
            return copied(leaf)
        return like(leaf, array[order])

    data = tuple(rebuilt(item, rearrange) for item in point.data)
    return Point(own_copy(point).parameters, data)


def sample_count(point: Point) -> int:
    """The length of the first array in the data; 0 without one."""
    for item in point.data:
        for leaf in leaves(item).values():
            if _is_array(leaf) and as_array(leaf).ndim:
                return int(as_array(leaf).shape[0])
    return 0


def findings(first: Call, later: Sequence[Call], before: Point) -> list[Note]:
    """What the calls say about the function's manners; before is what the first call was given."""
    found = [
        *_changed_arguments(first.given, before),
        *_shared_memory(first),
        *_reused_buffers(first, later),
    ]
    return [note for i, note in enumerate(found) if note.kind not in {n.kind for n in found[:i]}]


def _changed_arguments(given: Point, before: Point) -> list[Note]:
    changed = [
        name
        for (name, now), (_name, then) in zip(_arrays(given), _arrays(before), strict=True)
        if not np.array_equal(now, then, equal_nan=now.dtype.kind == "f")
    ]
    if not changed:
        return []
    return [Note("changes its arguments", f"The function changes {listed(changed)} in place.")]


def _shared_memory(call: Call) -> list[Note]:
    found: list[Note] = []
    for name, gradient in call.answer.gradients.items():
        owners = [
            other for other, array in _arrays(call.given) if np.shares_memory(gradient, array)
        ]
        if owners:
            text = (
                f"The gradient of {name} shares memory with {owners[0]}:"
                " changing one changes the other."
            )
            found.append(Note("returns a view of its arguments", text))
    for (one, a), (two, b) in combinations(call.answer.gradients.items(), 2):
        if np.shares_memory(a, b):
            text = f"The gradients of {one} and {two} share memory: changing one changes the other."
            found.append(Note("gradients share memory", text))
    return found


def _reused_buffers(first: Call, later: Sequence[Call]) -> list[Note]:
    """A result that a later call writes to, or returns again."""
    for call in later:
        for name, gradient in first.answer.gradients.items():
            newer = call.answer.gradients.get(name)
            if newer is not None and gradient.size and np.shares_memory(gradient, newer):
                text = (
                    f"The gradient of {name} lies in memory that the next call uses again:"
                    " a kept result changes, or was cached."
                )
                return [Note("reuses its result", text)]
    return []


def _arrays(point: Point) -> list[tuple[str, NDArray[Any]]]:
    """Parameters by their names, and the arrays of the data by their places."""
    named = [(name, as_array(leaf)) for name, leaf in leaves(point.parameters).items()]
    for i, item in enumerate(point.data):
        for path, leaf in leaves(item).items():
            if _is_array(leaf):
                inside = "" if item is leaf else f" ({path})"
                named.append((f"data[{i}]{inside}", as_array(leaf)))
    return named


def _is_array(leaf: object) -> bool:
    return isinstance(leaf, np.ndarray) or is_tensor(leaf)


def _moved(values: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """All of a block by one factor; a block of zeros by random numbers below a quarter."""
    factor = random.uniform(*SHRINK)
    if values.dtype.kind != "f":
        return values.copy()
    moved = values * factor if values.any() else random.uniform(-0.25, 0.25, values.shape)
    return np.asarray(moved).astype(values.dtype)
