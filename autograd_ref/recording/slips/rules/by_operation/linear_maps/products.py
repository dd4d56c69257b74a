"""Matrix products in the place of products entry by entry, and the other way round."""

from collections.abc import Callable, Iterator

from torch import Tensor

from autograd_ref.recording.slips.slip import At, Rule
from autograd_ref.recording.tape import Node

FORMS: tuple[tuple[str, Callable[[Tensor, Tensor], Tensor]], ...] = (
    ("c @ {b}", lambda c, b: c @ b),
    ("c @ {b}.T", lambda c, b: c @ b.transpose(-1, -2)),
    ("{b} @ c", lambda c, b: b @ c),
    ("{b}.T @ c", lambda c, b: b.transpose(-1, -2) @ c),
)


def products(node: Node, place: int, x: Tensor, _y: Tensor) -> Iterator[Rule]:
    """Yield the wrong steps of a product of two."""
    if len(node.operands) < 2 or place > 1:
        return
    elementwise = node.site.operation == "mul"
    b = f"{{operand{1 - place}}}"
    if not elementwise:
        yield _rule(
            f"c * {b}",
            lambda c, b: c * b,
            place,
            "a product entry by entry stands where a matrix product is due",
        )
        said = "the factors stand in the other order, or one of them is transposed"
    else:
        said = "a matrix product stands where a product entry by entry is due"
    for text, form in FORMS if x.ndim > 1 else ():
        yield _rule(text.format(b=b), form, place, said)


def _rule(text: str, form: Callable[[Tensor, Tensor], Tensor], place: int, said: str) -> Rule:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        assert at.step is not None, "made at steps only"
        return form(at.c, at.step.operands[1 - place])

    return Rule("the wrong product", made, f"{said} ({text}, where c comes back to {{y}})", 2.6)
