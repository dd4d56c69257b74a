"""A trial: the function under test, the reference and the point, passed as one object."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from autograd_ref.calls.arguments import OF_GRADIENTS, Names
from autograd_ref.calls.call import Call, Gradients, called
from autograd_ref.calls.stated.accuracy import require_accuracy
from autograd_ref.calls.stated.asked_blocks import Blocks
from autograd_ref.calls.stated.points import Project, require_elsewhere, require_project
from autograd_ref.reference.protocol import Evaluation, Reference
from autograd_ref.tree.nest import Path, leaves, name_of
from autograd_ref.tree.point import Point


class Options(NamedTuple):
    """The wishes of the caller about a check, by the names of `check_gradients`."""

    seed: int = 0
    """For the other points, and for the directions of rounding."""
    accuracy: float | None = None
    """The relative accuracy that the caller states for the loss or the gradient."""
    project: Project | None = None
    """The function that brings parameters back to their set; None where any array will do."""
    elsewhere: bool | Project = True
    """False where the function is not to be called with parameters or data that are not given; a
    function that brings other parameters to where it is defined."""
    allow: tuple[str, ...] = ()
    """The kinds of findings that are accepted."""
    thorough: bool = False
    """True where a NumPy loss is differentiated by every entry, however many there are."""
    declared: bool = False
    """True where the gradient of the reference is right by definition, and not as a derivative."""
    at: Sequence[Any] = ()
    """Further points, each like the parameters."""
    only: Blocks = None
    """The blocks that are judged; None for all."""
    except_: Blocks = None
    """The blocks that are not judged, of those that are asked about."""


DEFAULT = Options()


def require_usable(options: Options) -> None:
    """Refuse wishes that cannot be fulfilled, whatever the point is.

    Raises:
        TypeError, ValueError: one of them cannot be used; the message names it.
    """
    require_accuracy(options.accuracy)
    require_project(options.project)
    require_elsewhere(options.elsewhere)


class Trial(NamedTuple):
    """A function under test beside a reference, at one point."""

    subject: Gradients
    reference: Reference
    point: Point
    exact: Evaluation
    """The reference at the point."""
    options: Options = DEFAULT
    argument: Callable[[Path], str] = partial(name_of, root="parameters")
    """The name of a parameter among the arguments of the function under test."""
    names: Names = OF_GRADIENTS
    further: tuple[Point, ...] = ()
    """The further points that the caller gives."""
    unasked: frozenset[Path] = frozenset()
    """The blocks that are not judged."""

    def named(self, parameters: object) -> dict[str, Any]:
        """The parameters by their names; those that are copied for every output, once."""
        copies = self.reference.copies
        if copies is None:
            return {self.argument(path): leaf for path, leaf in leaves(parameters).items()}
        once = leaves(copies.first(parameters)).items()
        return {name_of(path, root=self.names.parameters): leaf for path, leaf in once}

    def call(self) -> Call:
        """Call the function under test."""
        return called(self.subject, self.point)
