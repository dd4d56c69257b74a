"""Parameters in what a function of theirs makes."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from autograd_ref.adapting.by_name.code_of import Function
from autograd_ref.adapting.by_use.argument_uses import Uses
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.call_arguments import constructed
from autograd_ref.adapting.holding.arrays_found import arrays_in
from autograd_ref.adapting.holding.forms import size_names
from autograd_ref.adapting.holding.given.without_names import THEIRS, in_order
from autograd_ref.adapting.holding.replacing import each_once, replaced
from autograd_ref.adapting.holding.setups import Placed, any_holders
from autograd_ref.adapting.undisturbed import attempted


def as_made(
    name: str, maker: Function, sizes: Sequence[int], *, apart: bool = False
) -> Iterator[Placed]:
    """Yield containers like the one that a function of theirs makes.

    Args:
        name: of the function.
        maker: the function.
        sizes: of the network.
        apart: True where what it returns in parts is wanted so.
    """
    made: object = made_by(maker, sizes)
    names: dict[str, object] = {THEIRS: made}
    found = [] if made is None else [*arrays_in(made, THEIRS)]
    for holder in any_holders(each_once(found), sizes):
        if _is_row(cast("object", made)) and not apart:
            yield from in_order(Uses(unpacked=tuple(one.name for one in holder.slots)), sizes)
            continue
        lines = [f"{THEIRS} = {constructed(name, maker, Known(sizes=tuple(sizes)))}"]
        for one in holder.slots:
            lines += [one.line] if one.put else replaced(one, found, names)
        where = f"in what {name} makes"
        parts = len(cast("tuple[object, ...]", made)) if isinstance(made, tuple) else 0
        yield Placed(tuple(lines), holder, THEIRS, where, THEIRS, parts=parts)


def _is_row(made: object) -> bool:
    """Return whether arrays were returned one after the other, as in return W1, b1, W2, b2."""
    row = cast("tuple[object, ...]", made) if type(made) is tuple else ()
    return bool(row) and all(isinstance(one, np.ndarray) for one in row)


def made_by(maker: Function, sizes: Sequence[int]) -> Any:
    """Return what a function makes for a network; None where it raises, or needs more.

    Args:
        maker: the function.
        sizes: of the network.
    """
    text = constructed("function", maker, Known(sizes=tuple(sizes)))
    env: dict[str, Any] = {"np": np, "rate": 1.0, "l2": 0.0, "function": maker}
    env |= dict(zip(size_names(sizes), sizes, strict=True))
    return attempted(lambda: eval(text, env)) if text else None
