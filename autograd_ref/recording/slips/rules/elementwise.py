"""Wrong derivatives of functions that act on every entry by itself."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, AtRows, Many, Rule, one

Derivative = Callable[[Tensor, Tensor], Tensor]


def _sigmoid_slope(z: Tensor) -> Tensor:
    return _of_itself(torch.sigmoid(z))


def _of_itself(s: Tensor) -> Tensor:
    return s * (1 - s)


def _normal(z: Tensor) -> Tensor:
    """The derivative of z * Phi(z), of GELU."""
    return 0.5 * (1 + torch.erf(z / 2**0.5)) + z * torch.exp(-(z**2) / 2) / (2 * torch.pi) ** 0.5


def _quick(z: Tensor) -> Tensor:
    """The derivative of z * sigmoid(1.702 z), another GELU."""
    return torch.sigmoid(1.702 * z) + 1.702 * z * _sigmoid_slope(1.702 * z)


DERIVATIVES: dict[str, Derivative] = {
    "1 - {y}**2": lambda _x, y: 1 - y**2,
    "1 - {x}**2": lambda x, _y: 1 - x**2,
    "1 - tanh({x})**2": lambda x, _y: 1 - torch.tanh(x) ** 2,
    "1 - tanh({y})**2": lambda _x, y: 1 - torch.tanh(y) ** 2,
    "{y} * (1 - {y})": lambda _x, y: y * (1 - y),
    "{x} * (1 - {x})": lambda x, _y: x * (1 - x),
    "{y} * (1 + {y})": lambda _x, y: y * (1 + y),
    "sigmoid({x})": lambda x, _y: torch.sigmoid(x),
    "sigmoid({y})": lambda _x, y: torch.sigmoid(y),
    "sigmoid(-{x})": lambda x, _y: torch.sigmoid(-x),
    "the derivative of sigmoid at {x}": lambda x, _y: _sigmoid_slope(x),
    "the derivative of sigmoid at {y}": lambda _x, y: _sigmoid_slope(y),
    "s * (1 - s) of s, that of sigmoid at {x}": lambda x, _y: _of_itself(_sigmoid_slope(x)),
    "1 where {x} > 0": lambda x, _y: (x > 0).to(x.dtype),
    "1 where {y} > 0": lambda _x, y: (y > 0).to(y.dtype),
    "1 where {x} < 0": lambda x, _y: (x < 0).to(x.dtype),
    "1 - {y}": lambda _x, y: 1 - y,
    "1 - {x}": lambda x, _y: 1 - x,
    "1 - tanh({x})": lambda x, _y: 1 - torch.tanh(x),
    "{y}": lambda _x, y: y,
    "{x}": lambda x, _y: x,
    "2 * {x}": lambda x, _y: 2 * x,
    "2 * {y}": lambda _x, y: 2 * y,
    "{x}**2": lambda x, _y: x**2,
    "3 * {x}**2": lambda x, _y: 3 * x**2,
    "{y}**2": lambda _x, y: y**2,
    "1 / {x}": lambda x, _y: 1 / x,
    "1 / {y}": lambda _x, y: 1 / y,
    "1 / {x}**2": lambda x, _y: 1 / x**2,
    "1 / {y}**2": lambda _x, y: 1 / y**2,
    "-1 / {x}**2": lambda x, _y: -1 / x**2,
    "1 / (2 * sqrt({x}))": lambda x, _y: 0.5 / torch.sqrt(x),
    "1 / sqrt({x})": lambda x, _y: 1 / torch.sqrt(x),
    "1 / (2 * {x})": lambda x, _y: 0.5 / x,
    "1 / (1 + {x})": lambda x, _y: 1 / (1 + x),
    "exp({x})": lambda x, _y: torch.exp(x),
    "exp(-{x})": lambda x, _y: torch.exp(-x),
    "exp({y})": lambda _x, y: torch.exp(y),
    "log({x})": lambda x, _y: torch.log(x),
    "cos({x})": lambda x, _y: torch.cos(x),
    "sin({x})": lambda x, _y: torch.sin(x),
    "-cos({x})": lambda x, _y: -torch.cos(x),
    "-sin({x})": lambda x, _y: -torch.sin(x),
    "cos({y})": lambda _x, y: torch.cos(y),
    "sign({x})": lambda x, _y: torch.sign(x),
    "abs({x})": lambda x, _y: torch.abs(x),
    "{y} / {x}": lambda x, y: y / x,
    "1 + {y}": lambda _x, y: 1 + y,
    "sqrt({x})": lambda x, _y: torch.sqrt(x),
    "Phi({x}) + {x} * phi({x})": lambda x, _y: _normal(x),
    "Phi({x})": lambda x, _y: 0.5 * (1 + torch.erf(x / 2**0.5)),
    "that of {x} * sigmoid(1.702 * {x})": lambda x, _y: _quick(x),
}
"""Formulas that people write for the derivative of some function of x, whose value is y."""


def _instead(derivatives: Sequence[Derivative]) -> Many:
    """How other derivatives take the place of the right one, by the numbers of the rules."""

    def many(at: AtRows) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        if not at.x.shape == at.y.shape == at.c.shape[1:]:
            return None
        return at.c * torch.stack([derivatives[int(rule.number)](at.x, at.y) for rule in at.rules])

    return many


BY_OUTPUT: dict[str, Derivative] = {
    "tanh": lambda _x, y: 1 - y**2,
    "sigmoid": lambda _x, y: y * (1 - y),
    "relu": lambda _x, y: (y > 0).to(y.dtype),
    "exp": lambda _x, y: y,
    "sqrt": lambda _x, y: 0.5 / y,
}
"""The right derivatives of functions, by what their value is."""


def _at_another_output(at: At, other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    if other is None or not other.shape == at.c.shape == at.x.shape:
        return None
    return at.c * BY_OUTPUT[at.step.node.site.operation](other, other)


ANOTHERS_OUTPUT = Rule(
    "another value used",
    _at_another_output,
    "the derivative by {x} is taken at {other}, not at {y}",
    2.0,
    fix="use {y}",
)


def _by_sign_of_cotangent(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    return None if at.c.shape != at.x.shape else at.c.clamp(min=0)


def _twice(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    assert at.step is not None, "made at steps only"
    if at.x.shape != at.c.shape:
        return None
    return at.right * (at.right / at.c)


def _times(derivatives: Sequence[Derivative]) -> Many:
    """How derivatives are further factors, by the numbers of the rules."""

    def many(at: AtRows) -> Tensor:
        factors = [derivatives[int(rule.number)](at.x, at.x) for rule in at.rules]
        return at.right * torch.stack(factors)

    return many


_INSTEAD = _instead(tuple(DERIVATIVES.values()))

ELEMENTWISE: tuple[Rule, ...] = (
    *(
        Rule(
            "another derivative",
            one(_instead((derivative,))),
            f"the derivative by {{x}} is taken to be {text}",
            3.0 + 0.01 * i,
            fix="use the derivative of that function",
            many=_INSTEAD,
            number=float(i),
        )
        for i, (text, derivative) in enumerate(DERIVATIVES.items())
    ),
    Rule(
        "another derivative",
        _by_sign_of_cotangent,
        "what comes back to {y} is cut off below 0, as if its own sign decided",
        1.9,
        fix="let the sign of the operand decide, not that of the derivative",
    ),
    Rule(
        "a derivative twice",
        _twice,
        "the derivative by {x} is applied twice",
        2.2,
        fix="apply it once",
    ),
)

_FURTHER = (
    "{x} * (1 - {x})",
    "1 - {x}**2",
    "1 where {x} > 0",
    "the derivative of sigmoid at {x}",
    "1 - tanh({x})**2",
    "exp({x})",
)
_ALL_FURTHER = _times([DERIVATIVES[text] for text in _FURTHER])

FURTHER: tuple[Rule, ...] = tuple(
    Rule(
        "a further derivative",
        one(_times((DERIVATIVES[text],))),
        f"what reaches {{x}} is multiplied by {text} once more",
        5.0 + 0.01 * i,
        fix="leave that factor out",
        many=_ALL_FURTHER,
        number=float(i),
    )
    for i, text in enumerate(_FURTHER)
)
"""Factors on all that reaches a value, as for an activation that is not there."""
