"""A loss and a gradient of complex parameters, as functions of their real and imaginary parts."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

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
    at: Any


def complex_among(parameters: object) -> list[Path]:
    """The paths of complex parameters."""
    try:
        found = leaves(parameters)
    except RecursionError:  # it contains itself, which is refused where arguments are validated
        return []
    return [path for path, leaf in found.items() if is_complex(leaf)]


def by_parts(gradients: Function, loss: Loss, parameters: Any, at: Any = ()) -> ByParts:
    """The check with the parts of complex parameters in their places, here and at other points."""
    paths, in_parts = complex_among(parameters), partial(_in_parts, parameters)

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
        in_parts(parameters),
        _each(in_parts, at),
    )


class FunctionsByParts(NamedTuple):
    """The arguments of a check of a Jacobian, with a pair for every complex array in x."""

    jacobian: Function
    function: Function
    x: Any
    at: Any


def functions_by_parts(jacobian: Function, function: Function, x: Any, at: Any) -> FunctionsByParts:
    """The check of a Jacobian with the parts of complex parameters in their places."""

    def jacobian_of_parts(parts: Any, *data: Any) -> object:
        return jacobian(_whole(x, parts), *data)

    def function_of_parts(parts: Any, *data: Any) -> object:
        return function(_whole(x, parts), *data)

    function_of_parts.__name__ = getattr(function, "__name__", type(function).__name__)
    in_parts = partial(_in_parts, x)
    return FunctionsByParts(jacobian_of_parts, function_of_parts, in_parts(x), _each(in_parts, at))


def _in_parts(parameters: Any, given: Any) -> Any:
    """Parameters like these, with pairs in the places of the complex ones."""
    paths = complex_among(parameters)
    return rebuilt(given, lambda path, leaf: parted(leaf) if path in paths else leaf)


def _each(change: Callable[[Any], Any], points: Any) -> Any:
    """The points of a list; what is none is refused later."""
    return list(map(change, cast("list[Any]", points))) if isinstance(points, list) else points


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
    is_number = is_numeric(leaf) or is_complex(leaf)
    if (is_gradient and is_number) or (is_complex(leaf) and as_array(leaf).size != 1):
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
