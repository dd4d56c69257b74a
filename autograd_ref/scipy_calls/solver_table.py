"""The solvers of scipy.optimize, by the names of the arguments that hold functions."""

from typing import Literal, NamedTuple

Returned = Literal["number", "vector", "either"]
"""The kind of value that a solver needs its function to return."""


class Solver(NamedTuple):
    """The names of the arguments of a solver; empty where it has none of this kind."""

    function: str
    jac: str
    hess: str = ""
    hessp: str = ""
    returns: Returned = "number"
    start: str = "x0"


SOLVERS = {
    "minimize": Solver("fun", "jac", "hess", "hessp"),
    "least_squares": Solver("fun", "jac", returns="vector"),
    "root": Solver("fun", "jac", returns="vector"),
    "curve_fit": Solver("f", "jac", returns="vector", start="p0"),
    "root_scalar": Solver("f", "fprime", "fprime2"),
    "newton": Solver("func", "fprime", "fprime2"),
    "fsolve": Solver("func", "fprime", returns="vector"),
    "leastsq": Solver("func", "Dfun", returns="vector"),
    "fmin_bfgs": Solver("f", "fprime"),
    "fmin_cg": Solver("f", "fprime"),
    "fmin_ncg": Solver("f", "fprime", "fhess", "fhess_p"),
    "fmin_l_bfgs_b": Solver("func", "fprime"),
    "fmin_tnc": Solver("func", "fprime"),
}
"""By their names in scipy.optimize; without one, the arguments are those of minimize."""

OF_ONE_NUMBER = ("root_scalar", "newton")
"""The solvers whose x is a number and no vector."""

PAIRS_WITHOUT_JAC = ("fmin_l_bfgs_b", "fmin_tnc")
"""The solvers whose function returns (value, gradient) where none is given by itself."""

UNPACKING = ("least_squares", "fmin_bfgs", "fmin_cg", "fmin_ncg", "fmin_l_bfgs_b", "fmin_tnc")
"""The solvers to which args may be a list; the others take anything but a tuple for one item."""

RAVELLING = ("L-BFGS-B", "TNC")
"""The methods of minimize that take a gradient of shape (1, n) or (n, 1), too."""
