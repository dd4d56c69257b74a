"""Which value of the loss a returned quantity is, or is the derivative by: found by its name."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograd_ref.calls.names import is_gradient_of
from autograd_ref.recording.tape import Binding, Ref, Tape
from autograd_ref.reference.model import ReturnedBeside
from autograd_ref.tree.leaf import is_real
from autograd_ref.tree.nest import Path, name_of

MOST_AXES = 4
"""Arrays of more are not transposed. Chosen."""

Arrays = tuple[NDArray[np.float64], ...]


class Returned(NamedTuple):
    """A quantity as it was returned."""

    name: str
    arrays: Arrays
    """One, or those of a list."""
    is_list: bool = False
    means: str = ""
    """The name that says what it is, in terms of the names of values."""


class Reading(NamedTuple):
    """One meaning of a name: some values of the loss, or the derivatives by them."""

    is_derivative: bool
    refs: tuple[Ref, ...]
    arrays: Arrays
    """One for each of the values."""


def returned(found: ReturnedBeside) -> Iterator[Returned]:
    """Yield the quantities by their names, lists together."""
    names: dict[Path, list[NDArray[np.float64]]] = {}
    lists: set[Path] = set()
    for path, array in found.quantities.items():
        if not is_real(array):
            continue
        inside = [i for i, key in enumerate(path) if isinstance(key, int)]
        name = path[: inside[0]] if inside else path
        lists |= {name} if inside else set()
        names.setdefault(name, []).append(np.array(array, dtype=np.float64))
    for path, arrays in names.items():
        name = name_of(path)
        yield Returned(name, tuple(arrays), path in lists, found.called.get(name, name))


def readings(one: Returned, tape: Tape, behind: frozenset[int]) -> list[Reading]:
    """Return what a quantity may be, where its shape fits; those of the outermost frame.

    Args:
        one: the quantity.
        tape: the record of the loss.
        behind: the nodes that the loss depends on.
    """
    bindings = [bound for bound in tape.bindings if tape.value(bound.refs[0]).is_floating_point()]
    parameters = [Binding(name_of(p), 0, (ref,)) for p, ref in tape.parameters.items()]
    known = {bound.name for bound in (*bindings, *parameters)}
    found: list[Reading] = []
    for name, is_derivative in _named(one.means, known):
        mine = [b for b in (*bindings, *parameters) if b.name == name]
        depth = min(b.depth for b in mine)
        outermost = [b for b in mine if b.depth == depth]
        if is_derivative:
            outermost = [b for b in outermost if behind.issuperset(ref.node for ref in b.refs)]
            outermost = [b for b in outermost if _is_used(tape, b)] or outermost
        found += _of_bindings(one, outermost, tape, is_derivative=is_derivative)
    return list({(r.is_derivative, r.refs): r for r in found}.values())


def behind_the_loss(tape: Tape) -> frozenset[int]:
    """Return the nodes that the loss depends on, parameters or not, as far as autograd sees."""
    found = {tape.result.node}
    for index in range(tape.result.node, -1, -1):
        if index in found and tape.nodes[index].followed:
            found.update(operand.node for operand in tape.nodes[index].operands)
    return frozenset(found)


def names_of(one: Returned, tape: Tape) -> list[str]:
    """Return the names in the loss that the name of a quantity may refer to."""
    known = {bound.name for bound in tape.bindings}
    return [name for name, _is_derivative in _named(one.means, known)]


def _named(name: str, known: Collection[str]) -> list[tuple[str, bool]]:
    found = [(name, False)] if name in known else []
    for exactly in (True, False):
        of = [other for other in known if is_gradient_of(name, other, exactly=exactly)]
        found += [(other, True) for other in of]
        if found:
            break
    return found


def _is_used(tape: Tape, bound: Binding) -> bool:
    return all(ref in tape.moving for ref in bound.refs)


def _of_bindings(
    one: Returned, bindings: Sequence[Binding], tape: Tape, *, is_derivative: bool
) -> Iterator[Reading]:
    """Yield the bindings of one name that have the shape of a quantity."""
    singles = [bound.refs[0] for bound in bindings if not bound.is_list]
    groups = [bound.refs for bound in bindings if bound.is_list][-1:]
    groups += [singles, *_turns(singles, tape)]
    candidates: list[Sequence[Ref]] = [] if one.is_list else [[ref] for ref in singles]
    alone = [Reading(is_derivative, tuple(refs), one.arrays) for refs in candidates]
    fitting = [r for r in alone if _fits(r, tape)]
    yield from fitting
    for refs in groups if not fitting else ():
        arrays = one.arrays if one.is_list else tuple(one.arrays[0]) if one.arrays[0].ndim else ()
        if len(arrays) == len(refs) > 0:
            reading = Reading(is_derivative, tuple(refs), tuple(map(np.asarray, arrays)))
            if _fits(reading, tape):
                yield reading
                return


def _turns(refs: Iterable[Ref], tape: Tape) -> list[list[Ref]]:
    """Return the values that one place of the code makes in several turns, the most first."""
    found: dict[object, list[Ref]] = {}
    for ref in refs:
        found.setdefault((tape.nodes[ref.node].site, ref.output), []).append(ref)
    return sorted(found.values(), key=len, reverse=True)


def _fits(reading: Reading, tape: Tape) -> bool:
    return all(
        array.size == tape.value(ref).numel()
        for array, ref in zip(reading.arrays, reading.refs, strict=True)
    )


def arranged(array: NDArray[np.float64], like: Tensor) -> tuple[Tensor, str]:
    """Return an array in the shape of another, and how it came to it; empty where it had it.

    Where only the order of the axes differs, it is the order in which it is most like the other.
    """
    mine = torch.from_numpy(np.ascontiguousarray(array))
    shape = tuple(like.shape)
    if tuple(mine.shape) == shape:
        return mine, ""
    found = [mine.reshape(shape)]
    if 1 < mine.ndim <= MOST_AXES and sorted(mine.shape) == sorted(shape):
        orders = permutations(range(mine.ndim))
        turned = [mine.permute(order) for order in orders]
        found += [one for one in turned if tuple(one.shape) == shape]
    said = f"returned in the shape {tuple(mine.shape)}, for {shape}"
    return max(found, key=lambda one: abs(float((one * like).sum()))), said
