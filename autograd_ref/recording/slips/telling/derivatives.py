"""The right derivatives of functions, as people write them, and whose a wrong one is.

In their texts {x} and {y} are the names of the operand and of the result, {fx} and {fy} the same in
a product, {bx} and {by} in brackets that are there already.
"""

from collections.abc import Sequence

RIGHT: dict[str, tuple[str, str]] = {
    "tanh": ("tanh", "1 - {y}**2"),
    "sigmoid": ("the sigmoid", "{y} * (1 - {y})"),
    "exp": ("exp", "{y}"),
    "log": ("log", "1 / {x}"),
    "log1p": ("log1p", "1 / (1 + {x})"),
    "sqrt": ("the root", "1 / (2 * {y})"),
    "rsqrt": ("1 / sqrt", "-{y}**3 / 2"),
    "reciprocal": ("the reciprocal", "-{y}**2"),
    "relu": ("ReLU", "1 where {x} > 0"),
    "sin": ("sin", "cos({x})"),
    "cos": ("cos", "-sin({x})"),
    "abs": ("the absolute value", "sign({x})"),
    "square": ("the square", "2 * {x}"),
    "softplus": ("softplus", "sigmoid({x})"),
    "silu": ("SiLU", "s + {x} * s * (1 - s) with s = sigmoid({x})"),
    "clamp": ("the clamp", "1 between the limits, 0 beyond them"),
    "clamp_min": ("the clamp", "1 above the limit, 0 below it"),
    "clamp_max": ("the clamp", "1 below the limit, 0 above it"),
    "neg": ("the minus sign", "-1"),
    "expm1": ("expm1", "{y} + 1"),
    "erf": ("erf", "2 / sqrt(pi) * exp(-{x}**2)"),
    "lgamma": ("lgamma", "digamma({x})"),
    "gelu": ("GELU", "Phi({x}) + {x} * phi({x})"),
    "log_sigmoid_forward": ("log-sigmoid", "sigmoid(-{x})"),
}
"""By operation: what the function is called, and its derivative by x where its value is y."""

SOFTMAX = "{fy} * (c - sum(c * {fy})), with c what comes back to {y}"
"""The derivative of a softmax, with all of its terms."""

WHOSE = {
    "1 - {y}**2": "tanh",
    "1 - {x}**2": "tanh",
    "1 - tanh({x})**2": "tanh",
    "{y} * (1 - {y})": "the sigmoid",
    "{x} * (1 - {x})": "the sigmoid",
    "the derivative of sigmoid at {x}": "the sigmoid",
    "the derivative of sigmoid at {y}": "the sigmoid",
    "1 where {x} > 0": "ReLU",
    "1 / {x}": "log",
    "2 * {x}": "the square",
    "cos({x})": "sin",
}
"""Whose derivative a text is."""


def right_derivative(operation: str, numbers: Sequence[float]) -> tuple[str, str] | None:
    """Return what a function is called and its derivative; None where it is in no table."""
    found = _right(operation, numbers)
    return None if found is None else (found[0], in_formula(found[1]))


def in_formula(text: str) -> str:
    """Return a text in which x and y stand in a formula, in brackets where they need any."""
    for one in "xy":
        text = text.replace(f"({{{one}}})", f"({{b{one}}})").replace(f"{{{one}}}", f"{{f{one}}}")
    return text


def _right(operation: str, numbers: Sequence[float]) -> tuple[str, str] | None:
    if operation == "pow" and len(numbers) == 1:
        n = numbers[0]
        if n in (2, 0.5):
            return RIGHT["square" if n == 2 else "sqrt"]
        return "the power", f"{n:g} * {{x}}**{n - 1:g}" if n > 1 else f"{n:g} * {{x}}**({n - 1:g})"
    return RIGHT.get(operation)


def wrong_derivative(operation: str, numbers: Sequence[float], text: str) -> tuple[str, str]:
    """Return what is said of a derivative that is taken to be a text, and the right one.

    Args:
        operation: the function.
        numbers: among its arguments.
        text: what its derivative is taken to be, with {x} and {y}.
    """
    wrong = in_formula(text)
    if operation == "_softmax" and text == "{y} * (1 - {y})":
        said = f"only the diagonal of the softmax's derivative is taken, {wrong}:"
        return f"{said} the terms of the other entries are missing", SOFTMAX
    found = _right(operation, numbers)
    if found is None:
        return f"the derivative by {{x}} is taken to be {wrong}", ""
    function, right = found[0], in_formula(found[1])
    said = f"the derivative of {function} is taken to be"
    if text in AT_THE_OUTPUT.get(operation, ()):
        return f"{said} that at {{y}}: the function is applied a second time, to its output", right
    exchanged = found[1].replace("{x}", "{_}").replace("{y}", "{x}").replace("{_}", "{y}")
    if text == exchanged:
        at, due = "its input {x}", "its output {y}"
        if "{y}" not in found[1]:
            at, due = due, at
        return f"{said} {wrong}: it is taken at {at}, not at {due}", right
    whose = WHOSE.get(text)
    if text.startswith("the derivative of"):
        return f"{said} that of {whose}; it is {right}", right
    if whose is not None and whose != function:
        return f"{said} {wrong}, which is that of {whose}; it is {right}", right
    return f"{said} {wrong}; it is {right}", right


AT_THE_OUTPUT = {
    "tanh": ("1 - tanh({y})**2",),
    "sigmoid": ("the derivative of sigmoid at {y}",),
}
"""Derivatives in which the function is applied to its own value."""
