"""A loss and a gradient of complex parameters, as functions of their real and imaginary parts."""

from collections.abc import Callable
from typing import Any, NamedTuple

from autograd_ref.reference.protocol import Loss
from autograd_ref.tree.complex_parts import IMAG, REAL, is_complex, joined, parted
from autograd_ref.tree.leaf import as_array, copied, is_numeric
from autograd_ref.tree.nest import Path, leaves, rebuilt, require_end

Function = Callable[..., Any]


CONVENTION = (
    "; complex parameters are pairs: a gradient is the derivative by the real part plus i times"
    " that by the imaginary part, as in PyTorch, twice that by the conjugate; JAX has its conjugate"
)
"""The end of a sentence about the reference."""


class ByParts(NamedTuple):
    """The arguments of a check, with a pair of real arrays for every complex one."""

    gradients: Function
    loss: Loss
    parameters: Any


def complex_among(parameters: object) -> list[Path]:
    """The paths of complex parameters."""
    try:
        found = leaves(parameters)
    except RecursionError:  # it contains itself, which is refused where arguments are validated
        return []
    return [path for path, leaf in found.items() if is_complex(leaf)]


def by_parts(gradients: Function, loss: Loss, parameters: Any) -> ByParts:
    """The check with the parts of complex parameters in their places."""
    paths = complex_among(parameters)

    def gradients_of_parts(parts: Any, *data: Any) -> object:
        whole = _whole(parameters, parts)
        before = rebuilt(whole, lambda _path, leaf: copied(leaf))
        result: object = gradients(whole, *data)
        require_end({"what gradients returned": result})
        _write_back(before, whole, parts, paths)
        return rebuilt(result, lambda path, leaf: _parted(path, leaf, paths))

    def loss_of_parts(parts: Any, *data: Any) -> object:
        return loss(_whole(parameters, parts), *data)

    loss_of_parts.__name__ = getattr(loss, "__name__", type(loss).__name__)  # for messages
    return ByParts(
        gradients_of_parts,
        loss_of_parts,
        rebuilt(parameters, lambda path, leaf: parted(leaf) if path in paths else leaf),
    )


def _whole(parameters: Any, parts: Any) -> Any:
    found = leaves(parts)

    def whole(path: Path, leaf: object) -> object:
        if not is_complex(leaf):
            return found[path]
        return joined({key: found[*path, key] for key in (REAL, IMAG)})

    return rebuilt(parameters, whole)


def _parted(path: Path, leaf: Any, paths: list[Path]) -> object:
    """A leaf of what was returned: a pair in the place of a complex parameter's gradient."""
    is_gradient = path in paths or (path[:1] == (1,) and path[1:] in paths)
    if (is_gradient and is_numeric(leaf)) or (is_complex(leaf) and as_array(leaf).size != 1):
        return parted(leaf)
    # a loss such as r^H r has the type of r
    return leaf.real if is_complex(leaf) and not as_array(leaf).imag.any() else leaf


def _write_back(before: Any, whole: Any, parts: Any, paths: list[Path]) -> None:
    """Show in the parts what the function changed in the whole."""
    then, now, kept = leaves(before), leaves(whole), leaves(parts)
    for path in paths:
        if path in now and (as_array(then[path]) != as_array(now[path])).any():
            for key, part in parted(now[path]).items():
                kept[*path, key][...] = part
