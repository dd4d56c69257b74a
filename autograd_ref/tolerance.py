"""How far rounding alone moves the loss and each gradient entry of the built-in network."""

from autograd_ref.assignment.bounds import rounding_bounds, rounding_tolerances
from autograd_ref.rounding.arithmetic import Forms

__all__ = ["Forms", "rounding_bounds", "rounding_tolerances"]
