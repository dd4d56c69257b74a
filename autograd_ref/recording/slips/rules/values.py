"""Wrong steps that use another value: in the place of an operand, as a factor, as a cotangent."""

from collections.abc import Callable
from functools import cache

from torch import Tensor

from autograd_ref.recording.slips.rules.paths import broadcasts
from autograd_ref.recording.slips.slip import At, AtRows, Rule, one
from autograd_ref.recording.tape import Ref, Tape

Made = Callable[[At, Tensor | None, Tensor | None], Tensor | None]


@cache
def operand(place: int) -> Rule:
    """Return the rule that the derivative is taken with another value as an operand."""

    def made(at: At, other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        if at.step is None or other is None or place >= len(at.step.operands):
            return None
        if at.step.operands[place].shape != other.shape:
            return None
        step = at.step.with_operand(place, other)
        return step.back({0: at.c.unsqueeze(0)})[at.place][0]

    def many(at: AtRows) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        assert at.others is not None, "there are some"
        if at.others.shape[1:] not in [x.shape for x in at.step.operands[place : place + 1]]:
            return None
        step = at.step.with_each(place, at.others)
        if step is None:
            return None
        return step.back({0: at.c[None]})[at.place].reshape(at.right.shape)

    return Rule(
        "another value used",
        made,
        f"the derivative by {{x}} is taken with {{other}} in the place of {{operand{place}}}",
        2.0,
        fix=f"use {{operand{place}}}",
        many=many,
    )


def operand_transposed(place: int) -> Rule:
    """Return the rule that the derivative is taken with an operand transposed."""

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        x = at.step.operands[place]
        if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
            return None
        step = at.step.with_operand(place, x.transpose(-1, -2).contiguous())
        return step.back({0: at.c.unsqueeze(0)})[at.place][0]

    return Rule(
        "transposed",
        made,
        f"{{operand{place}}} has a transposition too few or too many on the way back to {{x}}",
        1.9,
        fix="transpose it there",
    )


def operand_made_otherwise(place: int, inner: int) -> Rule:
    """Return the rule that an operand is computed anew for the way back, with a transposition.

    Args:
        place: the number of the operand.
        inner: the number of the operand of the operation that it comes from.
    """

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        before = at.steps.tape.nodes[at.step.node.operands[place].node]
        if before.compute is None:
            return None
        values = [at.steps.tape.value(ref) for ref in before.operands]
        if values[inner].ndim < 2 or values[inner].shape[-1] != values[inner].shape[-2]:
            return None
        values[inner] = values[inner].mT
        anew = before.compute(*values)
        if not isinstance(anew, Tensor):
            return None
        return at.step.with_operand(place, anew).back({0: at.c.unsqueeze(0)})[at.place][0]

    return Rule(
        "transposed",
        made,
        f"{{operand{place}}} is computed with {{operand{place}_{inner}}} transposed on the way back"
        " to {x}",
        2.3,
        fix=f"use {{operand{place}}} as it is in the loss",
    )


def operand_beside(place: int) -> tuple[Rule, Rule]:
    """Return the rules that an operand is the one before it, or after it, in the same list.

    Args:
        place: the number of the operand.
    """
    return _beside(place, -1, "earlier"), _beside(place, 1, "later")


def _beside(place: int, by: int, said: str) -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        tape, ref = at.steps.tape, at.step.node.operands[place]
        row = list_of(tape, ref)
        number = row.index(ref) + by if row else -1
        if number < 0:
            return None
        step = at.step.with_operand(place, tape.value(row[number]))
        return step.back({0: at.c.unsqueeze(0)})[at.place][0]

    return Rule(
        "another value used",
        made,
        f"the derivative by {{x}} is taken with the value of one step {said} for the one there",
        2.05,
        fix="use that of the step which the loss takes it from",
    )


def list_of(tape: Tape, ref: Ref) -> tuple[Ref, ...]:
    """Return the values that one is joined with later, itself among them; none if it is not."""
    nodes = (tape.nodes[index] for index in tape.uses.get(ref, ()))
    return next((n.operands for n in nodes if n.site.operation in ("stack", "cat")), ())


def is_factor(value: Tensor, of: Tensor) -> bool:
    """Return whether a value is a factor of another: of each entry, or of each row.

    Args:
        value: the factor.
        of: the other.
    """
    return broadcasts(value, of) or (0 < value.ndim < of.ndim and _of_rows(value, of))


def _of_rows(value: Tensor, of: Tensor) -> bool:
    return value.shape == of.shape[: value.ndim]


def _times(at: AtRows) -> Tensor | None:
    factors = _as_factors(at)
    return None if factors is None else at.right * factors


def _as_factors(at: AtRows) -> Tensor | None:
    """The powers of the other values, each a factor of its row; None where they are none."""
    if at.others is None or not is_factor(at.others[0], at.right[0]):
        return None
    rows, *shape = at.others.shape
    missing = (1,) * (at.right.ndim - 1 - len(shape))
    powers = at.right.new_tensor([rule.number for rule in at.rules])
    values = at.others ** powers.reshape(-1, *(1,) * len(shape))
    if broadcasts(at.others[0], at.right[0]):
        return values.reshape(rows, *missing, *shape)
    return values.reshape(rows, *shape, *missing)


def _cotangent(at: AtRows) -> Tensor | None:
    c = at.cotangents()
    if c is None:
        return None
    if at.step is None:
        return c if c.shape[1:] == at.x.shape else None
    if c.shape[1:] != at.y.shape:
        return None
    return at.step.back({0: c})[at.place]


TIMES = Rule(
    "a further factor",
    one(_times, 1.0),
    "what reaches {x} is multiplied by {other}",
    3.5,
    fix="leave that factor out",
    many=_times,
)
DIVIDED = Rule(
    "a factor missing",
    one(_times, -1.0),
    "the factor {other} is missing in what reaches {x}",
    1.7,
    fix="multiply by it",
    many=_times,
    number=-1.0,
)
FACTORS = (
    TIMES,
    DIVIDED,
    TIMES._replace(
        name="a further square",
        made=one(_times, 2.0),
        said="what reaches {x} is multiplied by {other}**2",
        rank=3.7,
        number=2.0,
    ),
    DIVIDED._replace(
        name="a square missing",
        made=one(_times, -2.0),
        said="the factor {other}**2 is missing in what reaches {x}",
        rank=2.3,
        number=-2.0,
    ),
)
"""Factors that are another value, or its square."""

ANOTHERS = Rule(
    "another's derivative used",
    one(_cotangent),
    "the derivative by {other} is used where that by {y} is due",
    2.6,
    fix="use the derivative by {y}",
    zero_beyond=True,
    many=_cotangent,
)
