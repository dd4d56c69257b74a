"""Networks that are put together from layers: Sequential(Dense(4, 16), ReLU(), Dense(16, 3))."""

import inspect
import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

from autograd_ref.adapting.by_name.code_of import needed_by, parameters_of
from autograd_ref.adapting.by_name.function_names import ADDS, FORWARD
from autograd_ref.adapting.by_use.texts_compared import texts_compared
from autograd_ref.adapting.calling.filling.argument_text import Known
from autograd_ref.adapting.calling.filling.call_arguments import Filled, constructed, filled
from autograd_ref.adapting.calling.filling.chosen import ACTIVATION, is_named
from autograd_ref.adapting.calling.programs import NET
from autograd_ref.adapting.holding.forms import size_names

NAMES = ("layers", "modules", "args", "stack", "net", "components")
"""Names of the argument of a constructor that takes layers. Chosen."""

SETS = re.compile(r"(use|compile|configure|set|prepare)(_?(loss|cost|criterion))?", re.IGNORECASE)
"""Names of methods that take a loss, and what goes with it."""


def composed(kind: type, known: Known) -> Iterator[str]:
    """Yield the lines that put an instance together from layers of the same module.

    Args:
        kind: its class.
        known: the sizes and the network that is meant.
    """
    module = inspect.getmodule(kind)
    if module is None:
        return
    own = [v for v in vars(module).values() if isinstance(v, type) and v is not kind]
    classes = [v for v in own if _is_layer(v, module.__name__)]
    for row in _rows(classes, known):
        yield from _put_together(kind, row, known)


def _put_together(kind: type, row: Sequence[str], known: Known) -> Iterator[str]:
    """The lines for one row of layers: in the constructor, or added one by one."""
    spread = _takes_layers(kind)
    if spread is not None:
        layers = ", ".join(row)
        yield f"{NET} = {kind.__name__}({layers if spread else f'[{layers}]'})"
    elif made := constructed(kind.__name__, kind, known):
        methods = [(n, v) for n, v in vars(kind).items() if inspect.isfunction(v)]
        of_one_layer = [n for n, v in methods if ADDS.fullmatch(n) and len(needed_by(v)) == 1]
        for name in of_one_layer:
            added = [f"{NET}.{name}({layer})" for layer in row]
            sets = [constructed(f"{NET}.{n}", v, known) for n, v in methods if SETS.fullmatch(n)]
            yield "\n".join([f"{NET} = {made}", *added, *filter(None, sets)])


def _rows(classes: Sequence[type], known: Known) -> Iterator[list[str]]:
    """The layers of a network, in the ways in which classes for them may be made."""
    pairs = [*pairwise(size_names(known.sizes))]
    for dense in classes:
        hidden = _of_two_sizes(dense, known)
        for after in _of_last_layer(dense, known) if hidden else ():
            last = _of_two_sizes(dense, after).format(*pairs[-1])
            first = [f"{dense.__name__}({hidden.format(*pair)})" for pair in pairs[:-1]]
            linear = [*first, f"{dense.__name__}({last})"]
            if _chooses(dense):
                yield linear
                continue
            for other in [one for one in classes if one is not dense]:
                if text := constructed(other.__name__, other, known._replace(sizes=())):
                    row = [*chain.from_iterable((one, text) for one in first), linear[-1]]
                    yield row
                    end = constructed(other.__name__, other, after._replace(sizes=()))
                    yield from [[*row, end]] if _is_of_outputs(end, known) else []


def _is_of_outputs(layer: str, known: Known) -> bool:
    """Return whether a layer has the function of the outputs that are meant."""
    names = re.findall(r"\w+", layer)
    return known.network is not None and any(is_named(n, known.network.output) for n in names)


def _chooses(dense: type) -> str:
    """The argument of a layer that chooses its activation by a text; empty where there is none."""
    module = inspect.getmodule(dense)
    names = [one.name for one in parameters_of(dense)]
    found = [n for n in names if ACTIVATION.fullmatch(n) and module and texts_compared(module, n)]
    return found[0] if found else ""


def _of_last_layer(dense: type, known: Known) -> Iterator[Known]:
    """Yield the arguments known for the last layer: with the function of the outputs, or none."""
    network, argument, module = known.network, _chooses(dense), inspect.getmodule(dense)
    if network is None or module is None:
        yield known
        return
    after = known._replace(network=network._replace(activation=network.output))
    for choice in dict.fromkeys((network.output, "linear")) if argument else ():
        texts = texts_compared(module, argument)
        text = next((one for one in texts if is_named(one, choice)), choice)
        yield after._replace(given={**known.given, argument: repr(text)})
    if not argument:
        yield after


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


def _of_two_sizes(kind: type, known: Known) -> str:
    """The arguments of a layer, with {0} for its inputs and {1} for its outputs; or nothing."""
    call = filled(kind, known._replace(sizes=(2, 3)), constructor=True)
    if not call.missing and {"inputs", "outputs"} <= call.used:
        return call.text.replace("N_I", "{0}").replace("N_O", "{1}")
    if len(call.missing) == 2 and not call.used:  # of any names, in this order
        sizes = dict(zip(call.missing, ("{0}", "{1}"), strict=True))
        return Filled(tuple((n, t or sizes[n], by) for n, t, by in call.arguments), call.used).text
    return ""
