"""An adapter as source: gradients(parameters, X, Y), or step(parameters, X, Y), ready to paste."""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd_ref.adapting.calling.candidates_in_code import CODE, THEIR_NET, Candidate
from autograd_ref.adapting.holding.forms import size_names
from autograd_ref.adapting.nearness import Near

INDENT = "    "


class AdapterChoices(NamedTuple):
    """Choices that an adapter depends on, beside the result of a search."""

    as_dict: bool
    """True where parameters are a dict by name, False where they are a tuple."""
    mean: bool
    """True where the loss is a mean over samples, False where it is a sum."""
    module: str
    """The name that their code is imported by."""
    l2: float = 0.0
    """The factor of the penalty that their code is given."""


class Written(NamedTuple):
    """The source of an adapter."""

    name: str
    """gradients, or step where the code only updates."""
    imports: tuple[str, ...]
    lines: tuple[str, ...]
    """The functions."""

    def __str__(self) -> str:
        """The whole source."""
        return "\n".join([*self.imports, "", "", *self.lines]) + "\n"


def written(near: Near, choices: AdapterChoices, *, fixed: bool) -> Written:
    """Return the source that calls somebody's code as a search found it.

    Args:
        near: what was found.
        choices: the rest.
        fixed: True where the sizes are those of their code.
    """
    program, sizes = near.program, near.sizes
    named = [name for name in _names(len(sizes) - 1) if name in near.reading.of]
    update, one = near.reading.kind == "updated", program.data.one_at_a_time
    body = [*program.before, *program.calls]
    body = [line for text in body for line in text.split("\n")]
    values = {name: near.reading.of[name] for name in named}
    loss = near.reading.loss if not update and not one else ""
    text = "\n".join([*body, *values.values()])
    unpacked = ", ".join(named) if len(named) > 1 else f"({named[0]},)"
    head = [f"{unpacked} = parameters{'.values()' * choices.as_dict}"]
    head += _sizes(sizes, text, fixed=fixed)
    name = _free("step" if update else "gradients", program.entry)
    inner = "one_sample" if one else name
    items = [f'{INDENT * 2}"{n}": {value},' for n, value in values.items()]
    back = [f"{INDENT}return {f'{loss}, ' * bool(loss)}{{", *items, f"{INDENT}}}"]
    rate = ", rate=1.0" if re.search(r"\brate\b", text) else ""
    l2 = ", l2=0.0" if re.search(r"\bl2\b", text) else ""
    lines = [*own_lines(program.entry), f"def {inner}(parameters, X, Y{rate}{l2}):"]
    lines += [INDENT + line for line in (*head, *body)]
    lines += back
    if one:
        lines += ["", "", *_over_samples(name, named, choices, update=update)]
    whole = f"{program.entry.source}\n{text}"
    return Written(name, tuple(_imports(program.entry, whole, choices.module)), tuple(lines))


def own_lines(entry: Candidate) -> list[str]:
    """Return the lines of a function that their code does not have, with two blank ones below.

    Args:
        entry: what is called.
    """
    return [*entry.source.splitlines(), "", ""] if entry.source else []


def _free(name: str, entry: Candidate) -> str:
    """A name for the adapter that their code does not have."""
    scope = vars(entry.module) if entry.module is not None else {}
    return f"adapted_{name}" if name in scope else name


def _names(layers: int) -> list[str]:
    return [f"{kind}{layer}" for layer in range(layers) for kind in "Wb"]


def _sizes(sizes: Sequence[int], text: str, *, fixed: bool) -> Iterator[str]:
    """The lines that give sizes their names, as far as the names are used."""
    for place, name in enumerate(size_names(sizes)):
        if re.search(rf"\b{name}\b", text):
            value = "W0.shape[1]" if place == 0 else f"len(W{place - 1})"
            yield f"{name} = {sizes[place] if fixed else value}"


def _over_samples(
    name: str, names: Sequence[str], choices: AdapterChoices, *, update: bool
) -> Iterator[str]:
    """The function that calls the one for a sample, again and again."""
    over = " / len(X)" if choices.mean else ""
    yield f"def {name}(parameters, X, Y):"
    yield f"{INDENT}rows = [(X[i : i + 1], Y[i : i + 1]) for i in range(len(X))]"
    yield f"{INDENT}each = [one_sample(parameters, x, y) for x, y in rows]"
    if not update:
        yield f"{INDENT}return {{name: sum(one[name] for one in each){over} for name in each[0]}}"
        return
    before = "parameters" if choices.as_dict else f"dict(zip({list(names)}, parameters))"
    yield f"{INDENT}before = {before}"
    yield f"{INDENT}return {{"
    yield f"{INDENT * 2}name: before[name] - sum(before[name] - one[name] for one in each){over}"
    yield f"{INDENT * 2}for name in each[0]"
    yield f"{INDENT}}}"


def _imports(entry: Candidate, text: str, module: str) -> Iterator[str]:
    """The imports that the lines need."""
    if re.search(r"\bcopy\.", text):
        yield "import copy"
    if "SimpleNamespace(" in text:
        yield "from types import SimpleNamespace"
    yield "import numpy as np"
    yield ""
    if re.search(rf"\b{CODE}\.", text):
        yield f"import {module} as {CODE}"
    scope = vars(entry.module) if entry.module is not None else {}
    names = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Name)]
    bound = {one.id for one in names if isinstance(one.ctx, ast.Store)}
    used = {one.id for one in names if one.id not in bound and callable(scope.get(one.id))}
    if used:
        yield f"from {module} import {', '.join(sorted(used))}"
    if THEIR_NET in text:
        names = [name for name, value in scope.items() if value is entry.owner]
        known = f"from {module} import {names[0]} as {THEIR_NET}" if names else ""
        yield known or f"{THEIR_NET} = ...  # the instance of {type(entry.owner).__name__}"
