"""Products with a Jacobian, J v and u J, each judged as the Jacobian that it is of."""

from dataclasses import replace
from typing import Any

from autograd_ref.calls.arguments import Names
from autograd_ref.calls.trial import Options
from autograd_ref.jacobian_trial import NAMES, Derivative, examined, trial_of
from autograd_ref.operations.other_derivatives.reports import of_kind
from autograd_ref.reference.jacobians.answered import Jacobian, Rows
from autograd_ref.reference.jacobians.by_products import ByProducts, Product
from autograd_ref.report.data import Cause
from autograd_ref.report.report import Report
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import ROOT, leaves
from autograd_ref.tree.point import Point, own_copy
from autograd_ref.user_code import Raised, attempt, user_code


def product_report(
    kind: str, product: Product, by: Derivative, point: Point, options: Options
) -> Report:
    """The report on one product.

    Args:
        kind: "jvp", "vjp" or "rmatvec".
        product: jvp(x, v, *data), or vjp(x, u, *data).
        by: the function that the Jacobian is of.
        point: where.
        options: the wishes of the caller.
    """
    names = Names(kind, NAMES.parameters, NAMES.loss, NAMES.derivative, "product")
    trial = trial_of(product, by, point, options, NAMES)._replace(names=names)
    copies = trial.reference.copies
    assert copies is not None, "of a Jacobian there are"
    made = ByProducts(product, copies, forward=kind == "jvp", root=(NAMES.function,))
    report = examined(trial._replace(subject=Rows(made, copies)))
    if not made.is_linear:
        report = _not_linear(report)
    return replace(of_kind(kind, report), reference="")


def adjoint_of(jacobian: Jacobian, point: Point) -> Product | None:
    """The product u J of a LinearOperator; None where the Jacobian is none, or has no adjoint."""

    def adjoint(x: Any, u: Any, *data: Any) -> Any:
        return jacobian(x, *data).rmatvec(as_array(u).ravel()).reshape(as_array(x).shape)

    if list(leaves(point.parameters)) != [ROOT]:
        return None
    own = own_copy(point)

    def called() -> object:
        with user_code():
            return jacobian(own.parameters, *own.data)

    found: Any = attempt(called)
    if not hasattr(found, "rmatvec") or not hasattr(found, "matvec"):
        return None

    def tried() -> object:
        with user_code():
            return found.rmatvec([0.0] * found.shape[0])

    return None if isinstance(attempt(tried), Raised) else adjoint


def _not_linear(report: Report) -> Report:
    blocks = tuple(
        block._replace(verdict="mismatch", reason="the product of a sum is not that of its terms")
        for block in report.blocks
    )
    cause = Cause(
        kind="not linear in v",
        blocks=tuple(block.name for block in blocks),
        explanation="Your product of a sum of directions is not the sum of the products.",
        fix="v may only enter as a factor: not its length, nor a step that is made of it",
        before=None,
        residual=0.0,
    )
    return replace(report, blocks=blocks, causes=(cause, *report.causes))
