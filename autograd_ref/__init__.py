"""A gradient checker: compare a gradient derived by hand with PyTorch's autograd, entry by entry.

The public names:

    check_gradients            check a gradient against a loss in PyTorch or NumPy
    assert_gradients_match     the same for tests: raise GradientMismatch unless it matches
    check_backward             check a torch.autograd.Function, a custom operator or a kernel
    check_jacobian             check a Jacobian against a function in PyTorch or NumPy
    check_hessian              check a Hessian against a loss, or against a gradient
    check_hvp                  check a product of a Hessian and a vector
    check_scipy                check every derivative in a call of scipy.optimize
    check_step                 check code that only updates parameters, by the step it makes
    assert_backward_matches    the same for tests: raise GradientMismatch unless it passes
    assert_jacobian_matches
    assert_hessian_matches
    assert_scipy_matches
    adapt                      code as somebody wrote it, called as it wants to be
    falsify                    search for the smallest problem on which a gradient is wrong
    Report, Block, Cause       what a check returns, and what it consists of
    ScipyReport                what check_scipy returns: a report of every derivative
    Counterexample             what falsify returns
    loss_and_gradients         the built-in network in PyTorch: loss and gradients by autograd
    Network                    the same network as a torch.nn.Module
    problems                   a module of Hypothesis strategies: random problems of the network

Examples:
    >>> import numpy as np
    >>> from autograd_ref import check_gradients
    >>> def loss(w, X, y):  # in PyTorch or NumPy
    ...     return ((X @ w - y) ** 2).mean()
    >>> def gradient(w, X, y):  # by hand; 1/S is missing
    ...     return 2 * X.T @ (X @ w - y)
    >>> X, y = np.array([[1.0, 2.0], [3.0, 5.0], [8.0, 13.0]]), np.array([1.0, 0.0, 2.0])
    >>> report = check_gradients(gradient, np.ones(2), X, y, loss=loss)
    >>> report.verdict, [cause.kind for cause in report.causes]
    ('mismatch', ['1/S missing'])

Importing this package loads neither PyTorch nor SciPy; the first use of a name above does.
"""

TYPE_CHECKING = False  # typing would take as long to load as all that comes before main
if TYPE_CHECKING:
    from autograd_ref import problems
    from autograd_ref.backward import assert_backward_matches, check_backward
    from autograd_ref.check import assert_gradients_match, check_gradients
    from autograd_ref.counterexample import Counterexample, falsify
    from autograd_ref.hessian import assert_hessian_matches, check_hessian
    from autograd_ref.hessian_product import check_hvp
    from autograd_ref.jacobian import assert_jacobian_matches, check_jacobian
    from autograd_ref.mismatch import GradientMismatch
    from autograd_ref.network import Network, loss_and_gradients
    from autograd_ref.real_code import adapt
    from autograd_ref.report.data import Block, Cause
    from autograd_ref.report.report import Report
    from autograd_ref.scipy_calls.scipy_report import ScipyReport
    from autograd_ref.scipy_check import assert_scipy_matches, check_scipy
    from autograd_ref.step import check_step

    __version__: str

__all__ = [
    "Block",
    "Cause",
    "Counterexample",
    "GradientMismatch",
    "Network",
    "Report",
    "ScipyReport",
    "__version__",
    "adapt",
    "assert_backward_matches",
    "assert_gradients_match",
    "assert_hessian_matches",
    "assert_jacobian_matches",
    "assert_scipy_matches",
    "check_backward",
    "check_gradients",
    "check_hessian",
    "check_hvp",
    "check_jacobian",
    "check_scipy",
    "check_step",
    "falsify",
    "loss_and_gradients",
    "problems",
]

_HOME = {
    "Block": "autograd_ref.report.data",
    "Cause": "autograd_ref.report.data",
    "Counterexample": "autograd_ref.counterexample",
    "GradientMismatch": "autograd_ref.mismatch",
    "Network": "autograd_ref.network",
    "Report": "autograd_ref.report.report",
    "ScipyReport": "autograd_ref.scipy_calls.scipy_report",
    "adapt": "autograd_ref.real_code",
    "assert_backward_matches": "autograd_ref.backward",
    "assert_gradients_match": "autograd_ref.check",
    "assert_hessian_matches": "autograd_ref.hessian",
    "assert_jacobian_matches": "autograd_ref.jacobian",
    "assert_scipy_matches": "autograd_ref.scipy_check",
    "check_backward": "autograd_ref.backward",
    "check_gradients": "autograd_ref.check",
    "check_hessian": "autograd_ref.hessian",
    "check_hvp": "autograd_ref.hessian_product",
    "check_jacobian": "autograd_ref.jacobian",
    "check_scipy": "autograd_ref.scipy_check",
    "check_step": "autograd_ref.step",
    "falsify": "autograd_ref.counterexample",
    "loss_and_gradients": "autograd_ref.network",
}


if not TYPE_CHECKING:  # a type checker knows the names above, and that there are no others

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name == "problems":
            return import_module("autograd_ref.problems")
        if name == "__version__":
            return _version()
        if name in _HOME:
            return getattr(import_module(_HOME[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _version() -> str:
    """The version of the installed distribution, or one that says that there is none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("backprop-crosscheck")
    except PackageNotFoundError:
        return "0+not.installed"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
