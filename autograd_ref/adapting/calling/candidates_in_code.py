"""A function or method that may compute a gradient: how likely, and what is called before it."""

import ast
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import NamedTuple

from autograd_ref.adapting.building.blocks import called, called_before, fed_by
from autograd_ref.adapting.by_name.block_families import Family
from autograd_ref.adapting.by_name.code_of import Function, needed_by, parameters_of, tree_of
from autograd_ref.adapting.by_name.function_names import (
    BACKWARD,
    DRAWN,
    FORWARD,
    GRADIENT_IN,
    LOSS,
    MAKER,
    OUTSIDE,
    PART,
    UPDATE,
)
from autograd_ref.adapting.by_name.roles import Role, roles_of
from autograd_ref.adapting.by_use.ascending import are_added

LOOPS = ast.For | ast.While | ast.comprehension

DATA: Collection[Role] = ("X", "Y", "parameters", "upstream", "cache", "both")
"""Parts of arguments that a function which makes parameters does not take."""

MOST_SIZES = 4
"""Arguments of a function that makes parameters, beside those with defaults. Chosen."""

CODE, THEIR_NET = "code", "their_net"
"""The variables for the module, and for an instance that is there already."""

ORDER = BACKWARD, LOSS, UPDATE
"""The kinds of names, in the order in which they are tried."""


class Candidate(NamedTuple):
    """A function or a method, with what lies beside it."""

    function: Function
    name: str
    """As it is called: backward, TwoLayerNet.backward."""
    owner: object
    """The class or the instance of a method; None for a function."""
    beside: Mapping[str, Function]
    """The functions of its module, or the methods of its class."""
    module: ModuleType | None
    makes: bool = False
    """True for a function that makes other functions, which may compute a gradient."""
    family: Family = MappingProxyType({})
    """The functions that compute one block each, this one the first; none where it has all."""
    source: str = ""
    """The text of a function that is none of theirs: one pass of a loop; empty for any other."""
    objects: Mapping[str, object] = MappingProxyType({})
    """The instances that such a pass uses, by the names of global variables."""

    @property
    def parts(self) -> Sequence[Function]:
        """The function or method that is called for the gradient."""
        return [self.beside[name] for name in self.family.values()] or [self.function]

    def is_meant(self, named: str) -> bool:
        """Return whether it is what a user names: a function, a class, Class.method, or none.

        Args:
            named: the name; empty for any.
        """
        kind, dot, _name = self.name.rpartition(".")
        own = [self.name, *(f"{kind}{dot}{one}" for one in self.family.values())]
        return not named or named in own or self.name.startswith(f"{named}.")

    def calls(self, named: str) -> bool:
        """Return whether it calls what a user names: a function or a method.

        Args:
            named: the name; empty for none.
        """
        last = named.rpartition(".")[2]
        nodes = ast.walk(tree_of(self.function))
        return any(isinstance(one, ast.Call) and called(one) == last for one in nodes)

    @property
    def last(self) -> str:
        """The name without the class."""
        return next(iter(self.family.values()), self.name.rpartition(".")[2])

    @property
    def is_added(self) -> bool:
        """True where the code adds its results to parameters: they belong to minus the loss."""
        names = self.family.values() or (self.last,)
        return self.module is not None and are_added(self.module, frozenset(names))

    @property
    def rank(self) -> int:
        """How likely it computes a gradient, by its name: the less, the likelier."""
        if self.source:
            return len(ORDER) + 1
        if self.makes or self.family:
            return 1
        if PART.fullmatch(self.last):
            return len(ORDER)
        kinds = (i for i, pattern in enumerate(ORDER) if pattern.fullmatch(self.last))
        forward = FORWARD.fullmatch(self.last)  # one that takes Y, as others are left out
        unknown = len(ORDER) - bool(forward or self._is_between)
        return next(kinds, 0 if GRADIENT_IN.search(self.last) else unknown)

    @property
    def _is_between(self) -> bool:
        """True for what gets what another function makes of X, and whose own result is given on."""
        module, before = self.module, [one for one in self.fed_by if one in self._not_around]
        if module is None or not any(takes(self.beside[one], "X") for one in before):
            return False
        return any(self.last in fed_by(module, name) for name in self.beside)

    @property
    def _not_around(self) -> list[str]:
        """The names of what lies beside it and does not call it."""
        codes = {name: getattr(one, "__code__", None) for name, one in self.beside.items()}
        return [n for n, code in codes.items() if self.last not in getattr(code, "co_names", ())]

    @property
    def is_of_one_layer(self) -> bool:
        """True for a method without a loop that other classes have as well."""
        tree = tree_of(self.function)
        loops = not tree.body or any(isinstance(n, LOOPS) for n in ast.walk(tree))
        others = vars(self.module).values() if self.module else ()
        return not loops and sum(isinstance(v, type) and hasattr(v, self.last) for v in others) > 1

    @property
    def forwards(self) -> list[str]:
        """The names of what may have to be called before it."""
        others = [name for name in self._others if not PART.fullmatch(name)]
        found = [name for kind in (FORWARD, LOSS) for name in others if kind.fullmatch(name)]
        found = sorted(found, key=lambda name: "predict" in name)
        feed = [n for n, given in self.fed_by.items() if not any(map(_is_data, given))]
        found += [name for name in others if name in feed and name not in found]
        if not all(takes(one, "X") for one in self.parts):  # then another has to be given it before
            found += [n for n in others if n not in found and self._is_given_data_alone(n)]
        return found

    @property
    def fed_by(self) -> Mapping[str, Mapping[str, int | None]]:
        """The functions whose results the code gives to it, each with the argument and the part."""
        found = {} if self.module is None else fed_by(self.module, self.last)
        names = dict[int | str, str](enumerate(one.name for one in parameters_of(self.function)))
        return {
            function: {names.get(key, str(key)): part for key, part in given.items()}
            for function, given in found.items()
        }

    @property
    def chains(self) -> list[tuple[str, ...]]:
        """The names of what may have to be called before it: a forward pass, perhaps a backward."""
        if self.source:
            return []
        plain: list[tuple[str, ...]] = [(name,) for name in self.forwards]
        others = [name for name in self._others if not PART.fullmatch(name)]
        backward = [n for n in others if BACKWARD.fullmatch(n) or GRADIENT_IN.search(n)]
        plain += [one for one in self._called_before if one not in plain]
        if self.rank > 1 and len(backward) == 1:
            plain += [(name, *backward) for name in self.forwards if name not in backward]
        return plain

    @property
    def _called_before(self) -> list[tuple[str, ...]]:
        """The functions that the code itself calls before it, two or more in a row."""
        rows = () if self.module is None else called_before(self.module, self.last)
        inside = [tuple(one for one in row if one in self._others) for row in rows]
        return [row for row in inside if len(row) > 1 and not any(map(MAKER.match, row))]

    @property
    def _others(self) -> list[str]:
        """The names of what lies beside it."""
        return [one for one in self.beside if one not in (self.last, *self.family.values())]

    def _is_given_data_alone(self, name: str) -> bool:
        """True for what takes one argument beside parameters, and no targets."""
        needed = [one.name for one in needed_by(self.beside[name])]
        data = [one for one in needed if not {*roles_of(one)} & {"array", "parameters"}]
        return len(data) == 1 and not takes(self.beside[name], "Y")

    @property
    def makers(self) -> dict[str, Function]:
        """The functions or methods beside it that may make initial parameters, named so or not."""
        named = {name: one for name, one in self.beside.items() if MAKER.match(name)}
        others = self.beside.items() if self.owner is None else ()
        return named | {n: one for n, one in others if one is not self.function and _may_make(one)}


def _is_data(argument: str) -> bool:
    """Return whether an argument is for inputs: what gives these to a function makes data."""
    return roles_of(argument)[:1] == ["X"]


def _may_make(function: Function) -> bool:
    """Return whether a function takes a few arguments that may be sizes, and no data."""
    needed = needed_by(function)
    first = [roles_of(one.name, of_sizes=True)[:1] for one in needed]
    data = any(role in DATA for roles in first for role in roles)
    names = getattr(getattr(function, "__code__", None), "co_names", ())
    own = getattr(function, "__name__", "")
    reaches_out = any(OUTSIDE.fullmatch(name) for name in (own, *names))
    makes = bool(needed) or (bool(parameters_of(function)) and any(map(DRAWN.fullmatch, names)))
    return makes and len(needed) <= MOST_SIZES and not data and not reaches_out


def takes(function: Function, role: Role) -> bool:
    """Return whether an argument of a function plays a part, by its name.

    Args:
        function: the function.
        role: the part.
    """
    return any(role in roles_of(one.name) for one in parameters_of(function))
