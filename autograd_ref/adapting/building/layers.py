"""Networks that are put together from layers: Sequential(Dense(4, 16), ReLU(), Dense(16, 3))."""

import inspect
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

from autograd_ref.adapting.by_name.code_of import needed_by, parameters_of
from autograd_ref.adapting.by_name.function_names import FORWARD
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.call_arguments import filled
from autograd_ref.adapting.holding.forms import size_names

NAMES = ("layers", "modules", "args", "stack", "net", "components")
"""Names of the argument of a constructor that takes layers. Chosen."""


def composed(kind: type, sizes: Sequence[int]) -> Iterator[str]:
    """Yield the lines that put an instance together from layers of the same module.

    Args:
        kind: its class.
        sizes: of the network.
    """
    module, names = inspect.getmodule(kind), size_names(sizes)
    spread = _takes_layers(kind)
    if module is None or spread is None:
        return
    classes = [
        v
        for v in vars(module).values()
        if isinstance(v, type) and v is not kind and _is_layer(v, module.__name__)
    ]
    pairs = list(pairwise(names))
    for dense in classes:
        text = _of_two_sizes(dense)
        if not text:
            continue
        linear = [f"{dense.__name__}({text.format(*pair)})" for pair in pairs]
        for other in classes:
            if not parameters_of(other):
                between = chain.from_iterable((one, f"{other.__name__}()") for one in linear[:-1])
                row = ", ".join([*between, linear[-1]])
                yield f"net = {kind.__name__}({row if spread else f'[{row}]'})"


def _takes_layers(kind: type) -> bool | None:
    """True where a constructor takes layers one by one, False in a list; None where it does not."""
    for one in inspect.signature(kind).parameters.values():
        if one.kind is one.VAR_POSITIONAL and one.name.strip("_") in NAMES:
            return True
        if one.default is one.empty and one.name.strip("_") in NAMES:
            return False
    return None


def _is_layer(kind: type, module: str) -> bool:
    own = kind.__module__ == module and not inspect.isabstract(kind)
    return own and any(FORWARD.fullmatch(name) for name in dir(kind))


def _of_two_sizes(kind: type) -> str:
    """The arguments of a layer, with {0} for its inputs and {1} for its outputs; or nothing."""
    call = filled(kind, Known(sizes=(2, 3)), constructor=True)
    if not call.missing and {"inputs", "outputs"} <= call.used:
        return call.text.replace("N_I", "{0}").replace("N_O", "{1}")
    both = len(call.missing) == len(needed_by(kind)) == 2  # of any names, in this order
    return "{0}, {1}" if both else ""
