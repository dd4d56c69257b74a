"""The catalogue's mistakes by their titles."""

from collections.abc import Callable

from autograd_ref.assignment.mistakes.derivation import A
from autograd_ref.assignment.mistakes.planted import PLANTED, gradient_with
from manual_backprop import Parameters

BY_TITLE = {planted.title: planted for planted in PLANTED}


def wrong(*titles: str) -> Callable[[Parameters, A, A], Parameters]:
    """The gradient of the assignment's network with these mistakes."""
    gradient = gradient_with(*(BY_TITLE[title] for title in titles))

    def found(p: Parameters, X: A, Y: A) -> Parameters:
        result = gradient(p, X, Y)
        assert result is not None, f"{titles} cannot be made here"
        return result

    return found
