"""A trial: the function under test, the reference and the point, passed as one object."""

from typing import NamedTuple

from autograd_ref.calls.call import Call, Gradients, called
from autograd_ref.reference.protocol import Evaluation, Reference
from autograd_ref.tree.point import Point


class Trial(NamedTuple):
    """A function under test beside a reference, at one point."""

    subject: Gradients
    reference: Reference
    point: Point
    exact: Evaluation
    """The reference at the point."""
    seed: int = 0
    """For the other points, and for the directions of rounding."""

    def call(self) -> Call:
        """Call the function under test."""
        return called(self.subject, self.point)
