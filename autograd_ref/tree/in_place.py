"""A point written into the containers and arrays of another one, as an optimiser writes updates."""

from collections.abc import Hashable, Mapping, MutableMapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from autograd_ref.tree.leaf import is_tensor
from autograd_ref.tree.nest import Path, leaves
from autograd_ref.tree.point import Point


def rewritten(given: Point, contents: Point) -> Point | None:
    """The given containers and arrays, which from now on hold these contents.

    None where they cannot: one is of another form, read-only, or a number in a tuple. What was
    written by then stays.
    """
    before, after = leaves(given), leaves(contents)
    if before.keys() != after.keys():
        return None
    for path, leaf in before.items():
        new = after[path]
        if not (leaf is new or _written(leaf, new) or _replaced(given, path, new)):
            return None
    return given


def _written(leaf: object, new: object) -> bool:
    """True for an array or a tensor that now holds the other's values."""
    if type(leaf) is not type(new):
        return False
    if isinstance(leaf, np.ndarray):
        return _written_array(cast("NDArray[Any]", leaf), cast("NDArray[Any]", new))
    return is_tensor(leaf) and _written_tensor(leaf, new)


def _written_array(leaf: NDArray[Any], new: NDArray[Any]) -> bool:
    alike = (leaf.shape, leaf.dtype) == (new.shape, new.dtype)
    if not alike or not leaf.flags.writeable or isinstance(leaf, np.ma.MaskedArray):
        return False
    np.copyto(leaf, new)
    return True


def _written_tensor(leaf: Any, new: Any) -> bool:
    import torch  # loaded already, or there would be no tensor

    alike = (leaf.shape, leaf.dtype, leaf.layout) == (new.shape, new.dtype, torch.strided)
    if not alike or 0 in leaf.stride():
        return False
    with torch.no_grad():
        leaf.copy_(new)
    leaf.grad = None  # as zero_grad does before every step
    return True


def _replaced(given: Point, path: Path, new: object) -> bool:
    """True for a leaf whose container now holds another one in its place."""
    *outer, last = path
    container: object = given
    for key in outer:
        container = _item(container, key)
    if not isinstance(container, MutableMapping | list):
        return False
    cast("dict[Hashable, object]", container)[last] = new
    return True


def _item(container: object, key: Hashable) -> object:
    found = cast("Any", container)
    if isinstance(key, str) and not isinstance(container, Mapping):
        return getattr(found, key)
    return found[key]
