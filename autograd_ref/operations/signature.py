"""The blocks of a check: names for the inputs and outputs of an operation, and where they are.

Outputs and inputs are the leaves of one nest by their names, which is what is judged. A complex one
is a pair of real ones in it.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, cast

from torch import Tensor

from autograd_ref.operations.inputs import STATE, Arguments
from autograd_ref.tree.complex_parts import joined, parted
from autograd_ref.tree.leaf import copied
from autograd_ref.tree.nest import Path, leaves, name_of, nested, rebuilt

Name = Path
"""The path of an input or output in the nest that is judged."""

Tensors = dict[Name, Tensor]


class Signature(NamedTuple):
    """The arguments of an operation, and which of them and of the outputs are judged."""

    arguments: Arguments
    inputs: dict[Name, Path]
    """The places of the differentiable ones among the arguments."""
    outputs: dict[Name, Path]
    """The places, in what the reference returns, of all tensors of a floating-point or complex
    dtype."""
    places: tuple[Path, ...]
    """The places of everything that it returns."""
    complex_ones: frozenset[Name]
    value_only: frozenset[Name] = frozenset()
    """The outputs without a gradient: one of the two sides does not differentiate them."""

    def argument(self, path: Path) -> str:
        """The name of an argument of the backward pass: a gradient has the name of its output."""
        name = name_of(path)
        is_output = any(path[: len(output)] == output for output in self.outputs)
        return f"the upstream gradient of {name}" if is_output else name

    def originals(self) -> Tensors:
        """The differentiable inputs as the caller has them."""
        found = leaves(self.arguments)
        return {name: cast("Tensor", found[place]) for name, place in self.inputs.items()}

    def is_parameter(self, name: Name) -> bool:
        """Return True for the parameter of a module, which lies in memory as the module has it."""
        return self.inputs[name][0] == STATE

    def other(self, _path: Path, leaf: object) -> object:
        """Return an argument that is not differentiated, in memory of its own."""
        return copied(leaf)

    def filled(self, inputs: Tensors, others: Any) -> Arguments:
        """The arguments with these inputs in their places, and others(path, leaf) elsewhere."""
        by_place = {place: inputs[name] for name, place in self.inputs.items()}

        def fill(path: Path, leaf: object) -> object:
            return by_place[path] if path in by_place else others(path, leaf)

        return cast("Arguments", rebuilt(self.arguments, fill))

    def nest(self, tensors: Mapping[Name, Tensor]) -> dict[str, Any]:
        """The nest that is judged, from its tensors."""
        return nested({n: parted(t) if n in self.complex_ones else t for n, t in tensors.items()})

    def tensors(self, nest: Any, names: Iterable[Name]) -> Tensors:
        """The tensors of these names in such a nest."""
        found: Tensors = {}
        for name in names:
            inside = nest
            for key in name:
                inside = inside[key]
            found[name] = joined(inside) if name in self.complex_ones else inside
        return found

    def write_back(self, nest: Any, tensors: Mapping[Name, Tensor]) -> None:
        """Write complex tensors into their parts, so that a change of them shows in the nest."""
        for name in self.complex_ones & set(tensors):
            inside = nest
            for key in name:
                inside = inside[key]
            for key, part in parted(tensors[name].detach()).items():
                _ = inside[key].copy_(part)


def input_names(places: Iterable[Path], positional: list[str], taken: set[str]) -> dict[Path, Name]:
    """The name of each argument, by its place.

    Args:
        places: of the arguments.
        positional: the names of those without a keyword, in their order.
        taken: names that belong to others.
    """
    used = {*positional, *taken}

    def named(place: Path) -> Name:
        kind, key, *inside = place
        if kind == "positional":
            return (positional[cast("int", key)], *inside)
        if kind == "keywords":
            return (f"keyword_{key}" if key in taken else key, *inside)
        split = tuple(int(part) if part.isdigit() else part for part in str(key).split("."))
        return ("parameters", *split) if split[0] in used else split

    return {place: named(place) for place in places}


def output_names(returned: Collection[Path]) -> dict[Path, Name]:
    """The name of each tensor that was returned: output, or output_0 and so on."""
    if len(returned) == 1 and all(isinstance(key, int) for key in next(iter(returned))):
        return dict.fromkeys(returned, ("output",))
    return {path: output_name(path) for path in returned}


def output_name(path: Path) -> Name:
    """The name of one of several things that were returned."""
    first, *inside = path
    return (f"output_{first}", *inside) if isinstance(first, int) else ("output", *path)


def judged(returned: Mapping[Path, Tensor]) -> dict[Path, Tensor]:
    """The tensors of a floating-point or complex dtype among those that were returned."""
    return {p: t for p, t in returned.items() if t.is_floating_point() or t.is_complex()}


def in_places_of(places: Iterable[Path], found: Mapping[Path, Tensor]) -> dict[Path, Tensor]:
    """The tensors that a function returned, under the places in which the reference returns them.

    By their places where all of these are known; else in their order. Too few are missing.
    """
    wanted = list(places)
    if set(found) <= set(wanted):
        return dict(found)
    return dict(zip(wanted, found.values(), strict=False))
