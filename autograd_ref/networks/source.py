"""The loss of a network as PyTorch source text that a student reads: one step a line."""

from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choices import LEAKY, Activation, LossName, Output, Reduction

FUNCTIONS: dict[Activation, str] = {
    "softplus": "functional.softplus({})",
    "sigmoid": "torch.sigmoid({})",
    "tanh": "torch.tanh({})",
    "relu": "torch.relu({})",
    "leaky-relu": "functional.leaky_relu({}, 0.01)",
    "gelu": "functional.gelu({})",
    "silu": "functional.silu({})",
    "gelu-tanh": 'functional.gelu({}, approximate="tanh")',
}


def function_of(activation: Activation) -> str:
    """The expression for an activation, with {} for its argument.

    Examples:
        >>> function_of("leaky-relu-0.05")
        'functional.leaky_relu({}, 0.05)'
    """
    leaky = LEAKY.fullmatch(activation)
    return f"functional.leaky_relu({{}}, {leaky[1]})" if leaky else FUNCTIONS[activation]


OUTPUT_FUNCTIONS: dict[Output, str] = {
    "softmax": "torch.softmax({}, dim=1)",
    "sigmoid": "torch.sigmoid({})",
    "linear": "{}",
    "tanh": "torch.tanh({})",
}

OF_ENTRIES: dict[Reduction, str] = {
    "sum": "{}.sum()",
    "mean-over-samples": "{}.sum() / len(X)",
    "mean-over-entries": "{}.mean()",
}

SCORES: dict[LossName, str] = {
    "cross-entropy": "functional.cross_entropy",
    "binary-cross-entropy": "functional.binary_cross_entropy_with_logits",
}
"""Losses that take the scores before softmax or sigmoid, so that large ones do not overflow."""


def source_of(architecture: Architecture) -> str:
    """The source of loss(parameters, X, Y).

    Examples:
        >>> from autograd_ref.networks.choosing import architecture
        >>> print(source_of(architecture((4, 16, 3), activation="tanh")))
        def loss(parameters, X, Y):
            W0, b0 = parameters["W0"], parameters["b0"]  # (16, 4), (16,)
            W1, b1 = parameters["W1"], parameters["b1"]  # (3, 16), (3,)
            X, Y = checked(X, Y)  # (S, 4), labels (S,) or rows (S, 3)
            z1 = X @ W0.T + b0  # (S, 16)
            a1 = torch.tanh(z1)
            z2 = a1 @ W1.T + b1  # (S, 3)
            y_hat = torch.softmax(z2, dim=1)
            return functional.cross_entropy(z2, Y)
        <BLANKLINE>
    """
    lines = [*_parameters(architecture), f"X, Y = checked(X, Y)  # {_data(architecture)}"]
    lines += _forward(architecture)
    lines += _value(architecture)
    return _function("loss(parameters, X, Y)", lines)


def forward_source_of(architecture: Architecture) -> str:
    """The source of forward(parameters, X), which returns z1, a1, ... and y_hat in a dict."""
    last = len(architecture.layers)
    hidden = [f"{letter}{layer}" for layer in range(1, last) for letter in "za"]
    names = [*hidden, f"z{last}", "y_hat"]
    return _function(
        "forward(parameters, X)",
        [
            *_parameters(architecture),
            *_forward(architecture),
            f"y_hat = {OUTPUT_FUNCTIONS[architecture.output].format(f'z{last}')}",
            f"return {{{', '.join(f'{name!r}: {name}' for name in names)}}}",
        ],
    )


def _function(signature: str, lines: list[str]) -> str:
    return "\n".join([f"def {signature}:", *(f"    {line}" for line in lines), ""])


def _parameters(architecture: Architecture) -> list[str]:
    lines: list[str] = []
    for layer in architecture.layers:
        names = [f"{letter}{layer}" for letter in ("Wb" if architecture.bias else "W")]
        values = ", ".join(f'parameters["{name}"]' for name in names)
        shapes = ", ".join(str(architecture.shapes[name]) for name in names)
        lines.append(f"{', '.join(names)} = {values}  # {shapes}")
    return lines


def _data(architecture: Architecture) -> str:
    first, last = architecture.sizes[0], architecture.sizes[-1]
    if architecture.loss == "cross-entropy":
        return f"(S, {first}), labels (S,) or rows (S, {last})"
    return f"(S, {first}), (S, {last})"


def _forward(architecture: Architecture) -> list[str]:
    lines: list[str] = []
    before, last = "X", len(architecture.layers)
    for layer in architecture.layers:
        z, a = f"z{layer + 1}", f"a{layer + 1}"
        bias = f" + b{layer}" if architecture.bias else ""
        size = architecture.sizes[layer + 1]
        lines.append(f"{z} = {before} @ W{layer}.T{bias}  # (S, {size})")
        if layer + 1 < last:
            lines.append(f"{a} = {function_of(architecture.activation).format(z)}")
        before = a
    return lines


def _value(architecture: Architecture) -> list[str]:
    last = f"z{len(architecture.layers)}"
    y_hat = f"y_hat = {OUTPUT_FUNCTIONS[architecture.output].format(last)}"
    lines, value = _unpenalised(architecture, last)
    lines = [y_hat, *lines]
    if not architecture.l2:
        return [*lines, f"return {value}"]
    squared = [n for n in architecture.shapes if n[0] == "W" or architecture.l2_of == "all"]
    squares = [f"({name}**2).sum()" for name in squared]
    divisor = "(2 * len(X))" if architecture.l2_over_samples else "2"
    lines += [f"value = {value}", f"squares = {squares[0]}"]
    lines += [f"squares = squares + {one}" for one in squares[1:]]
    return [*lines, f"return value + {architecture.l2!r} / {divisor} * squares"]


def _unpenalised(architecture: Architecture, z: str) -> tuple[list[str], str]:
    """The lines before the value of the loss without its penalty, and that value."""
    if architecture.loss in SCORES:
        return [], _of_scores(architecture, z)
    lines = ["error = y_hat - Y"]
    total = OF_ENTRIES[architecture.mean].format("(error**2)")
    if architecture.loss == "mse":
        return lines, total
    if architecture.mean == "mean-over-samples":
        return lines, "(error**2).sum() / (2 * len(X))"
    return lines, f"{total} / 2"


def _of_scores(architecture: Architecture, z: str) -> str:
    name = SCORES[architecture.loss]
    entries = architecture.loss != "cross-entropy" and architecture.sizes[-1] > 1
    if architecture.mean == ("mean-over-entries" if entries else "mean-over-samples"):
        return f"{name}({z}, Y)"
    total = f'{name}({z}, Y, reduction="sum")'
    divisor = {"sum": "", "mean-over-samples": " / len(X)", "mean-over-entries": f" / {z}.numel()"}
    return total + divisor[architecture.mean]
