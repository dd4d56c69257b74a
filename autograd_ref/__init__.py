"""The assignment's network left to PyTorch's autograd, and what judges a gradient by it.

Importing this package loads neither PyTorch nor SciPy; the first use of a name below does.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd_ref import problems
    from autograd_ref.backward import check_backward
    from autograd_ref.check import GradientMismatch, assert_gradients_match, check_gradients
    from autograd_ref.counterexample import falsify
    from autograd_ref.network import Network, loss_and_gradients

__all__ = [
    "GradientMismatch",
    "Network",
    "assert_gradients_match",
    "check_backward",
    "check_gradients",
    "falsify",
    "loss_and_gradients",
    "problems",
]

_HOME = {
    "GradientMismatch": "autograd_ref.check",
    "Network": "autograd_ref.network",
    "assert_gradients_match": "autograd_ref.check",
    "check_backward": "autograd_ref.backward",
    "check_gradients": "autograd_ref.check",
    "falsify": "autograd_ref.counterexample",
    "loss_and_gradients": "autograd_ref.network",
}


if not TYPE_CHECKING:  # a type checker knows the names above, and that there are no others

    def __getattr__(name: str) -> object:
        if name == "problems":
            return import_module("autograd_ref.problems")
        if name in _HOME:
            return getattr(import_module(_HOME[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
