"""The sentence about a slip: the general one, or that of its place where one is known."""

from collections.abc import Mapping

from autograd_ref.recording.slips.rules.values import FACTORS
from autograd_ref.recording.slips.sites import found_on
from autograd_ref.recording.slips.slip import Slip
from autograd_ref.recording.slips.telling.derivatives import (
    SOFTMAX,
    right_derivative,
    wrong_derivative,
)
from autograd_ref.recording.slips.telling.formulas import transpose
from autograd_ref.recording.slips.telling.value_names import SAME, name
from autograd_ref.recording.slips.telling.vocabulary import called
from autograd_ref.recording.tape import Ref, Tape

TAKEN = "the derivative by {x} is taken to be "
"""How rules about the derivative of a function begin."""

POWERS = frozenset(factor.name for factor in FACTORS)
"""Rules about a factor that is another value, or its square."""

JOINS = frozenset(("add", "add_", "sub", "sub_", "rsub", "stack", "cat", "sum", "logaddexp"))
"""Operations at which paths only come together."""


def said(tape: Tape, index: int, place: int | None, slip: Slip) -> tuple[str, str]:
    """Return what is wrong, as the end of a sentence, and how to mend it, both to be formatted."""
    rule, node = slip.rule, tape.nodes[index]
    operation, numbers = node.site.operation, node.numbers
    if slip.other is not None and rule.name in POWERS:
        ref = found_on(tape, slip.other, index)
        if (
            rule.name == "a factor missing"
            and ref is not None
            and _is_exp_of(tape, ref, Ref(index))
        ):
            return (
                "the factor {other}, the derivative of exp, is missing in what reaches {x}",
                rule.fix,
            )
        if ref is not None and is_divisor(tape, ref):
            return _divided(rule.number < 0, "**2" * ("square" in rule.name))
    if place is None:
        return rule.said, rule.fix
    if rule.said.startswith(TAKEN):
        text, right = wrong_derivative(operation, numbers, rule.said.removeprefix(TAKEN))
        if right == SOFTMAX:
            return text, f"use {right}"
        return text, _multiply(right) if right else rule.fix
    if rule.name == "a derivative left out":
        return _left_out(tape, index, place, slip)
    if rule.name == "a path not followed":
        return _not_followed(tape, index, place, slip)
    if rule.name == "a derivative twice":
        found = right_derivative(operation, numbers)
        if found is not None:
            text = f"the derivative of {found[0]}, {found[1]}, is applied twice"
            return text, "apply it once"
    if rule.name == "a factor missing" and slip.other is not None:
        found = right_derivative(operation, numbers)
        own = found_on(tape, slip.other, index) == Ref(index)
        if own and found is not None and " * " in found[1] and "{fy}" in found[1]:
            text = f"of the derivative of {found[0]}, {found[1]}, the factor {{y}} is left out"
            return text, _multiply(found[1])
    if rule.name == "another value used" and "is taken with" in rule.said:
        found = right_derivative(operation, numbers) if len(node.operands) == 1 else None
        if found is not None:
            text = f"the derivative of {found[0]} is taken at {{other}}, not at {{operand0}}"
            return text, _multiply(found[1])
        if operation in ("_softmax", "_log_softmax", "logsumexp"):
            text = "the softmax of {other} stands where that of {operand0} is due"
            return text, "use the softmax of {operand0}"
    if rule.name == "transposed" and rule.said.startswith(f"{{operand{1 - place}}} has"):
        due = transpose(name(tape, node.operands[1 - place], index))
        if due:
            said = f"{{operand{1 - place}}} stands where {due} is due on the way back to {{x}}"
            return said, f"use {due}"
    if rule.name in ("a factor", "a factor missing", "a sign"):
        special = _factor(operation, numbers, place, rule.said)
        if special:
            return special
    return rule.said, rule.fix


def _divided(too_often: bool, power: str) -> tuple[str, str]:
    if too_often:
        said = f"what reaches {{x}} is divided by {{other}}{power} once too often"
        return said, "divide by it once less"
    return f"the division by {{other}}{power} is left out in what reaches {{x}}", "divide by it"


def _is_exp_of(tape: Tape, ref: Ref, x: Ref) -> bool:
    node = tape.nodes[ref.node]
    return node.site.operation == "exp" and node.operands == (x,)


def is_divisor(tape: Tape, ref: Ref) -> bool:
    """Return whether something is divided by a value, and nothing multiplied."""
    same, how = {ref}, set[str]()
    for index in range(ref.node + 1, len(tape.nodes)):
        node = tape.nodes[index]
        places = [i for i, operand in enumerate(node.operands) if operand in same]
        if places and node.site.operation in SAME | {"clamp_min"}:
            same.add(Ref(index))
        elif places and node.site.operation in ("div", "mul"):
            how.add(f"{node.site.operation}{places[0]}")
    return how == {"div1"}


def _multiply(right: str) -> str:
    """How to mend a derivative; {step}, {open} and {close} make it a line of code."""
    inside = f"{{open}}{right}{{close}}" if " " in right else right
    return f"multiply by the right derivative: {{step}}{inside}"


def _left_out(tape: Tape, index: int, place: int, slip: Slip) -> tuple[str, str]:
    node = tape.nodes[index]
    found = right_derivative(node.site.operation, node.numbers)
    if found is not None:
        function, right = found
        if right == "{fy}" and not tape.names.get(Ref(index)):
            return (
                f"the derivative of {function}, {function} itself, is left out",
                "multiply by {y}",
            )
        return f"the derivative of {function}, {right}, is left out", _multiply(right)
    other = _other(node.operands, place)
    if node.site.operation in ("mul", "mul_") and other is not None:
        factor = f"{{operand{other}}}"
        return f"the factor {factor} is left out on the way back to {{x}}", f"multiply by {factor}"
    if node.site.operation in ("mul", "mul_"):
        return "the factor {number} is left out on the way back to {x}", "multiply by {number}"
    if node.site.operation == "div" and place == 0:
        divisor = f"{{operand{other}}}" if other is not None else "{number}"
        said = f"the division by {divisor} is left out on the way back to {{x}}"
        return said, f"divide by {divisor}"
    if node.site.operation == "masked_fill":
        return "the mask is left out on the way back to {x}", "set to zero what is masked"
    return slip.rule.said, slip.rule.fix


def _other(operands: tuple[object, ...], place: int) -> int | None:
    return 1 - place if len(operands) == 2 else None


def _not_followed(tape: Tape, index: int, place: int, slip: Slip) -> tuple[str, str]:
    node = tape.nodes[index]
    parts = {n.site.operation for n in tape.nodes if n.site.where == node.site.where}
    if node.site.operation == "sub" and {"exp", "log", "amax"} <= parts:  # a log-softmax
        if place == 0:
            said = "the path to {x} itself is not followed: the one-hot target is not subtracted"
            return said, "subtract the target: softmax - one-hot"
        said = "the path through the normalisation is not followed: the softmax is missing"
        return said, "add the softmax: softmax - one-hot"
    if node.site.operation not in JOINS:
        word = called(node.site.operation)
        if len(node.operands) == 1:
            said = (
                f"the path through the {word} to {{x}} is not followed: it is taken for a constant"
            )
            return said, slip.rule.fix
    return slip.rule.said, slip.rule.fix


def _factor(
    operation: str, numbers: tuple[float, ...], place: int, text: str
) -> tuple[str, str] | None:
    """The sentence about a factor at the operation that it belongs to."""
    if text.startswith("the sign"):
        if operation in ("sub", "sub_") and place == 1:
            return "the minus in front of {x} is left out", "flip the sign there"
        if operation == "rsub" and place == 0:
            return "the minus in front of {x} is left out", "flip the sign there"
        if operation == "div" and place == 1:
            right = "-{foperand0} / {foperand1}**2"
            return f"the minus of the derivative by {{x}}, {right}, is left out", _multiply(right)
        if operation == "neg":
            return "the minus sign is left out on the way back to {x}", "flip the sign there"
        found = right_derivative(operation, numbers)
        if found is not None and found[1].startswith("-"):
            said = f"the minus of the derivative of {found[0]}, {found[1]}, is left out"
            return said, _multiply(found[1])
        return None
    found = right_derivative(operation, numbers)
    if found is None:
        return None
    function, right = found
    if text.startswith("the factor 2 is missing") and right.startswith("2 * "):
        return f"the 2 of the derivative of {function}, {right}, is left out", _multiply(right)
    if " 2 too many" in text and right.startswith(("1 / (2", "-{fy}**3 / 2")):
        return f"the 1/2 of the derivative of {function}, {right}, is left out", _multiply(right)
    return None


def means(operation: str, count: float, words: Mapping[str, object], text: str) -> str | None:
    """Return what is said of a number of entries at a mean or a sum; None where it is another's."""
    n = f"{count:g}"
    if operation == "mean" and text.replace("(", "too").count(f"a factor {n} too"):
        return f"the 1/{n} of the mean is left out on the way back to {words['x']}"
    if operation == "sum" and text.replace("(", "is").count(f"the factor {n} is"):
        return f"what reaches {words['x']} is divided by {n}: averaged, where it is summed"
    return None
