"""A change of a loss, as data that hold at every point: some operations done otherwise."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.tape import Node, Ref, Site, Tape

Compute = Callable[..., object]

Made = Callable[[Tape, int], Node | None]
"""An operation done otherwise, from a tape and its number there; None where it cannot be."""


class Change(NamedTuple):
    """Operations done otherwise."""

    name: SlipName
    """A few fixed words, for programs."""
    said: str
    """The end of "what comes out if, in `...`, "."""
    rank: float
    """The lower, the more natural."""
    made: tuple[tuple[Site, Made], ...]
    """How it is done at each site; the first is the place that is said."""
    by_formula: bool = False
    """True where the way back is a formula in the changed value, and not its derivative."""
    value_only: bool = False
    """True where only the value is changed, and the derivative is that of the loss."""

    @property
    def site(self) -> Site:
        """The place that is said."""
        return self.made[0][0]


def value_only(node: Node, changed: Node) -> Node:
    """Return an operation whose value is that of a changed one, and whose derivative is its own."""
    own, other, count = inner(node), inner(changed), len(node.operands)

    def compute(*operands: Tensor) -> object:
        y, z = own(*operands[:count]), other(*operands[count:])
        assert isinstance(y, Tensor), "operations of one result"
        assert isinstance(z, Tensor), "operations of one result"
        if y.shape != z.shape:
            raise ValueError
        return y + (z - y).detach()

    return node._replace(operands=(*node.operands, *changed.operands), compute=compute)


class AtOperation(NamedTuple):
    """An operation of a tape that is done otherwise."""

    tape: Tape
    number: int
    """Where it is on the tape, in its last turn."""

    @property
    def node(self) -> Node:
        """The operation."""
        return self.tape.nodes[self.number]

    @property
    def site(self) -> Site:
        """Where it is."""
        return self.node.site

    @property
    def operands(self) -> list[tuple[int, Tensor]]:
        """The operands that are numbers with fractions, by their places."""
        values = [self.tape.value(ref) for ref in self.node.operands]
        return [(i, x) for i, x in enumerate(values) if x.is_floating_point()]

    def computed(
        self, name: SlipName, said: str, rank: float, how: Callable[[Node], Compute]
    ) -> Change:
        """Return the change that its outputs are computed otherwise."""
        return Change(name, said, rank, ((self.site, _with(how)),))

    def of_operands(
        self, name: SlipName, said: str, rank: float, how: Callable[[list[Ref]], list[Ref]]
    ) -> Change:
        """Return the change that it has other operands."""

        def made(tape: Tape, index: int) -> Node:
            node = tape.nodes[index]
            return node._replace(operands=tuple(how(list(node.operands))))

        return Change(name, said, rank, ((self.site, made),))


def _with(how: Callable[[Node], Compute]) -> Made:
    def made(tape: Tape, index: int) -> Node:
        node = tape.nodes[index]
        return node._replace(compute=how(node))

    return made


def inner(node: Node) -> Compute:
    """Return what an operation does."""
    assert node.compute is not None, "only what is computed is done otherwise"
    return node.compute


def on_operand(node: Node, place: int, what: Callable[[Tensor], Tensor]) -> Compute:
    """Return an operation with something done to one of its operands first."""
    compute = inner(node)
    return lambda *o: compute(*(what(x) if i == place else x for i, x in enumerate(o)))


def on_result(node: Node, what: Callable[[Tensor], Tensor]) -> Compute:
    """Return an operation with something done to its result."""
    compute = inner(node)

    def done(*operands: Tensor) -> object:
        found = compute(*operands)
        return what(found) if isinstance(found, Tensor) else found

    return done
