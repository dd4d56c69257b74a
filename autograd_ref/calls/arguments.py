"""The arguments of a check, validated where they come in."""

from typing import Any, NamedTuple

import numpy as np

from autograd_ref.tree.leaf import as_array, is_sparse, is_tensor
from autograd_ref.tree.nest import is_leaf, leaves, name_of, require_end
from autograd_ref.tree.point import Point


class Names(NamedTuple):
    """How the arguments of a check are called."""

    function: str = "gradients"
    parameters: str = "parameters"
    loss: str = "loss"
    derivative: str = "gradient of"
    """The derivative by one of the parameters, in a sentence before its name."""
    quantity: str = "gradient"

    def said(self, text: str) -> str:
        """A sentence about a gradient and a loss, in the words of this check."""
        return text.replace("gradient", self.quantity).replace("loss", self.loss)


OF_GRADIENTS = Names()


def checked_point(
    gradients: object,
    parameters: object,
    data: tuple[object, ...],
    loss: object,
    names: Names = OF_GRADIENTS,
) -> Point:
    """The point at which to check.

    Raises:
        TypeError, ValueError: an argument cannot be used; the message names it.
    """
    for name, function in ((names.function, gradients), (names.loss, loss)):
        if not callable(function) and not (name == "loss" and function is None):
            raise TypeError(
                f"{name} is of type {type(function).__name__}; it needs to be a function"
                f" of ({names.parameters}, *data)"
            )
    _require_in_order(parameters, data, loss, names)
    require_end({names.parameters: parameters, **{f"data[{i}]": one for i, one in enumerate(data)}})
    found = leaves(parameters)
    if not found:
        raise TypeError(f"{names.parameters} holds no array; it needs at least one")
    for path, leaf in found.items():
        name = name_of(path, root=names.parameters)
        foreign = _foreign(leaf)
        if foreign:
            raise TypeError(f"{name} is {foreign}")
        array = as_array(leaf)
        if array.dtype.kind not in "iuf":
            as_data = bool(path) and isinstance(leaf, str | bytes | bool)
            raise TypeError(
                f"{name} is of type {type(leaf).__name__} and dtype {array.dtype}; it needs to be"
                " an array, tensor or number of a real dtype"
                + ": pass what is not differentiated by as data"
                * bool(as_data)
            )
        if not np.isfinite(array).all():
            index = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
            raise ValueError(f"{name}{index} is {array[tuple(index)]}; it needs to be finite")
    return Point(parameters, data)


def _require_in_order(
    parameters: object, data: tuple[object, ...], loss: object, names: Names
) -> None:
    """Refuse functions in the places of arrays.

    Raises:
        TypeError: there are some.
    """
    # a module is a function as well, and so is a polynomial
    others = any(hasattr(parameters, name) for name in ("named_parameters", "__array__"))
    if callable(parameters) and is_leaf(parameters) and not others:
        function, inputs, reference, *_words = names
        so_that = ", so that scipy.optimize.check_grad(f, g, x) is check_gradients(g, x, loss=f)"
        raise TypeError(
            f"{inputs} is a function{_named(parameters)}; it needs to be an array, or a nest of"
            f" arrays: the order is ({function}, {inputs}, *data, {reference}=...)"
            + so_that
            * (names == OF_GRADIENTS)
        )
    functions = [i for i, item in enumerate(data) if callable(item)]
    if loss is None and functions:
        i = functions[0]
        raise TypeError(
            f"data[{i}] is a function{_named(data[i])}, and loss is missing; without it, data need"
            " to be X and Y of the built-in network. A loss is given by its keyword:"
            " check_gradients(gradients, parameters, *data, loss=f)"
        )


def _named(function: object) -> str:
    name = str(getattr(function, "__name__", type(function).__name__))
    return "" if name == "<lambda>" else f", {name}"


def require_bool(**given: object) -> None:
    """Refuse a wish that is neither True nor False, by its name.

    Raises:
        TypeError: there is one.
    """
    for name, value in given.items():
        if not isinstance(value, bool):
            raise TypeError(
                f"{name} is of type {type(value).__name__}; it needs to be True or False"
            )


def _foreign(leaf: Any) -> str:
    """The reason why no gradient can have the form of a parameter, and what to pass; else empty."""
    kind = type(leaf).__name__
    if is_sparse(leaf):
        return (
            f"a sparse {kind}; it needs to be an array: pass its entries, .data, as the parameter,"
            " or all of them, .toarray()"
        )
    if isinstance(leaf, np.ma.MaskedArray):
        return (
            "a masked array, and there is no gradient by what is masked; it needs to be an array:"
            " pass .compressed(), or .filled(0)"
        )
    if is_tensor(leaf):
        return "a tensor without values, on the device meta" * (str(leaf.device) == "meta")
    if isinstance(leaf, np.ndarray | np.generic | complex | int | float) or not _converts(leaf):
        return ""
    return f"of type {kind}; it needs to be an array, tensor or number: pass np.asarray of it"


def _converts(leaf: object) -> bool:
    """True for a series, a range, a queue: NumPy makes an array of it, and not the other way."""
    return as_array(leaf).dtype.kind in "iuf"
