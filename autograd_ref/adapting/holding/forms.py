"""The shapes in which somebody's code has weights and biases, and expressions that arrange them."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Literal, NamedTuple, TypeVar, get_args

Size = TypeVar("Size", int, str)

Weights = Literal["out, in", "in, out"]
Biases = Literal["vector", "row", "column", "first", "last", "none"]
Held = Literal["arrays", "lists", "numbers"]


class Form(NamedTuple):
    """How arrays of parameters lie.

    Examples:
        >>> form = Form("in, out", "row")
        >>> form.shape("W", 5, 7), form.shape("b", 5, 7)
        ((5, 7), (1, 7))
        >>> form.put("b", 0), form.got("W", "grads['W1']")
        ('b0.reshape(1, -1)', "np.transpose(grads['W1'])")
    """

    weights: Weights = "out, in"
    biases: Biases = "vector"
    """As arrays of their own, as the first or last column of the weights, or none."""
    flat: bool = False
    """True where the weights of the only output are a vector, (n,)."""
    held: Held = "arrays"

    def __str__(self) -> str:
        """In words."""
        if self.held == "numbers":
            return "each is a number with a name of its own"
        if self.weights == "out, in":
            weights, beside = "weights (N_out, N_in)", "column"
        else:
            weights, beside = "weights (N_in, N_out)", "row"
        how = {
            "vector": "biases (n,)",
            "row": "biases (1, n)",
            "column": "biases (n, 1)",
            "first": f"biases as their first {beside}",
            "last": f"biases as their last {beside}",
            "none": "no biases",
        }
        flat = ", those of the output a vector" * self.flat
        lists = ", as lists" * (self.held == "lists")
        return f"{weights}{flat}, {how[self.biases]}{lists}"

    @property
    def in_weights(self) -> bool:
        """True where biases are a column of the weights."""
        return self.biases in ("first", "last")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The arrays of a layer."""
        return ("W", "b") if self.biases in ("vector", "row", "column") else ("W",)

    def shape(self, kind: str, inputs: int, outputs: int) -> tuple[int, ...]:
        """Return the shape of an array of a layer, as their code has it."""
        return self._lying(kind, inputs + self.in_weights, outputs, 1)

    def shape_text(self, kind: str, inputs: str, outputs: str) -> tuple[str, ...]:
        """Return the same with the names of sizes."""
        return self._lying(kind, f"({inputs} + 1)" if self.in_weights else inputs, outputs, "1")

    def _lying(self, kind: str, inputs: Size, outputs: Size, one: Size) -> tuple[Size, ...]:
        if kind == "b":
            shapes = {"row": (one, outputs), "column": (outputs, one)}
            return shapes.get(self.biases, (outputs,))
        return (outputs, inputs) if self.weights == "out, in" else (inputs, outputs)

    def put(self, kind: str, layer: int) -> str:
        """Return an array of theirs as an expression of W0, b0, ..."""
        W, b = f"W{layer}", f"b{layer}"
        if kind == "b":
            shapes = {"row": f"{b}.reshape(1, -1)", "column": f"{b}.reshape(-1, 1)"}
            return shapes.get(self.biases, b)
        if self.in_weights:
            both = (b, W) if self.biases == "first" else (W, b)
            W = f"np.column_stack([{', '.join(both)}])"
        return W if self.weights == "out, in" else f"{W}.T"

    def got(self, kind: str, found: str) -> str:
        """Return what is found for the W or b of a layer, as it lies here."""
        if kind == "b" and not self.in_weights:
            return f"np.reshape({found}, -1)"
        turned = found if self.weights == "out, in" else f"np.transpose({found})"
        b, W = {"first": ("[:, 0]", "[:, 1:]"), "last": ("[:, -1]", "[:, :-1]")}.get(
            self.biases, ("", "")
        )
        return turned + (b if kind == "b" else W)


def forms(sizes: Sequence[int] = (), *, biases: bool | None = None) -> Iterator[Form]:
    """Yield all forms, the usual first.

    Args:
        sizes: of the network; with one output its weights may be a vector.
        biases: True for those with arrays for biases, False for those without; None for all.
    """
    flat = (False, True) if len(sizes) > 2 and sizes[-1] == 1 else (False,)
    for is_flat, how, weights in product(flat, get_args(Biases), get_args(Weights)):
        form = Form(weights, how, is_flat)
        if biases is None or biases == ("b" in form.kinds):
            yield form


def size_names(sizes: Sequence[int]) -> list[str]:
    """Return what the sizes of a network are called.

    Args:
        sizes: the inputs, the hidden layers, the outputs.

    Examples:
        >>> size_names((4, 16, 3)), size_names((4, 32, 16, 3))
        (['N_I', 'N_H', 'N_O'], ['N_I', 'N_H1', 'N_H2', 'N_O'])
    """
    hidden = [f"N_H{i}" for i in range(1, len(sizes) - 1)]
    return ["N_I", *(["N_H"] if len(hidden) == 1 else hidden), "N_O"]
