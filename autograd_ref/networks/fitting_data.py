"""The arrays of a network, checked where they come in: shapes, labels, integers as numbers."""

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn import functional

from autograd_ref.networks.architecture import Architecture


def fitting(architecture: Architecture) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The function that checks X and Y: numbers in floats, labels in integers.

    Args:
        architecture: the network that they are for.
    """
    n_in, n_out = architecture.sizes[0], architecture.sizes[-1]

    def checked(X: Tensor, Y: Tensor) -> tuple[Tensor, Tensor]:
        if X.ndim != 2 or X.shape[1] != n_in:
            raise ValueError(f"X has shape {tuple(X.shape)}; it needs to be (S, {n_in})")
        X, alone = _in_floats(X), Y.shape == (len(X),)
        if alone and n_out > 1:
            labels = _labels(Y, n_out)
            as_they_are = architecture.loss == "cross-entropy"
            return X, labels if as_they_are else functional.one_hot(labels, n_out).to(X.dtype)
        if alone:
            Y = Y.reshape(len(X), 1)
        if Y.shape != (len(X), n_out):
            also = "" if n_out == 1 else "labels "
            raise ValueError(
                f"Y has shape {tuple(Y.shape)}; it needs to be ({len(X)}, {n_out}) or"
                f" {also}({len(X)},)"
            )
        return X, Y.to(X.dtype)

    return checked


def _in_floats(X: Tensor) -> Tensor:
    return X if X.is_floating_point() else X.double()


def _labels(Y: Tensor, n_out: int) -> Tensor:
    labels = Y.long()
    if bool((labels != Y).any()) or bool(((labels < 0) | (labels >= n_out)).any()):
        raise ValueError(
            f"Y has shape {tuple(Y.shape)}, and entries that are no label; it needs to be integers"
            f" from 0 to {n_out - 1}, or rows of {n_out}"
        )
    return labels


def sizes_of(shapes: Mapping[str, tuple[int, ...]]) -> tuple[tuple[int, ...], bool]:
    """Return the sizes of the layers, and whether they have biases.

    Args:
        shapes: the shapes of W0, b0, W1, b1, ... by their names, in any order.

    Raises:
        ValueError: names or shapes that are those of no network.

    Examples:
        >>> sizes_of({"W0": (16, 4), "b0": (16,), "W1": (3, 16), "b1": (3,)})
        ((4, 16, 3), True)
    """
    bias = any(name.startswith("b") for name in shapes)
    letters = "Wb" if bias else "W"
    layers = max(1, len(shapes) // len(letters))
    names = [f"{letter}{layer}" for layer in range(layers) for letter in letters]
    if set(names) != set(shapes):
        raise ValueError(
            f"parameters are {', '.join(shapes) or 'none'}; they need to be W0, b0, W1, b1 and so"
            " on for every layer, or W0, W1 and so on"
        )
    weights = [shapes[f"W{layer}"] for layer in range(layers)]
    n_in = [shape[-1] if shape else 0 for shape in weights]
    sizes = (*n_in, weights[-1][0] if weights[-1] else 0)
    for name, shape in shapes.items():
        layer = int(name[1:])
        needed = sizes[layer : layer + 2][::-1] if name[0] == "W" else sizes[layer + 1 : layer + 2]
        if shape != needed or 0 in shape:
            letters = "N_out, N_in" if name[0] == "W" else "N_out,"
            raise ValueError(
                f"{name} has shape {shape}; it needs to be ({letters}), here {needed}, as the"
                " layers before and after it say"
            )
    return sizes, bias
