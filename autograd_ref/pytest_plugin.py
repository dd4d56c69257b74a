"""The pytest fixtures that check derivatives, and `submission`, with its option.

PyTorch is loaded when a test asks for one of them, not before.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autograd_ref.adapting.adapter import Adapted
    from autograd_ref.backward import BackwardCheck
    from autograd_ref.check import Check
    from autograd_ref.report.report import Report
    from autograd_ref.scipy_calls.scipy_report import ScipyReport


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names a submission."""
    parser.getgroup("crosscheck").addoption(
        "--submission",
        metavar="FILE[:NAME]",
        help="the code that the fixture `submission` calls, as `crosscheck check` takes it",
    )


@pytest.fixture(scope="session")
def check_gradients() -> "Check":
    """`autograd_ref.assert_gradients_match`: the test fails with the report as its message.

    check_gradients(gradients, parameters, *data, loss=None, seed=0, accuracy=None, project=None,
    elsewhere=True, allow=(), thorough=False, declared=False) returns the report of a check that
    passed.
    """
    from autograd_ref.check import assert_gradients_match

    return assert_gradients_match


@pytest.fixture(scope="session")
def check_backward() -> "BackwardCheck":
    """`autograd_ref.assert_backward_matches`: the test fails with the report as its message.

    check_backward(function, reference, *inputs, kwargs=None, declared=False, seed=0, allow=(),
    derivatives=("first",)) returns the report of a check that passed.
    """
    from autograd_ref.backward import assert_backward_matches

    return assert_backward_matches


@pytest.fixture(scope="session")
def check_jacobian() -> "Callable[..., Report]":
    """`autograd_ref.assert_jacobian_matches`: the test fails with the report as its message.

    check_jacobian(jacobian, x, *data, function=f, ...) returns the report of a check that passed.
    """
    from autograd_ref.jacobian import assert_jacobian_matches

    return assert_jacobian_matches


@pytest.fixture(scope="session")
def check_hessian() -> "Callable[..., Report]":
    """`autograd_ref.assert_hessian_matches`: the test fails with the report as its message.

    check_hessian(hessian, x, *data, loss=f, ...) returns the report of a check that passed.
    """
    from autograd_ref.hessian import assert_hessian_matches

    return assert_hessian_matches


@pytest.fixture(scope="session")
def check_scipy() -> "Callable[..., ScipyReport]":
    """`autograd_ref.assert_scipy_matches`: the test fails with the reports as its message.

    check_scipy(minimize, fun, x0, jac=jac, ...) returns the reports of checks that passed.
    """
    from autograd_ref.scipy_check import assert_scipy_matches

    return assert_scipy_matches


@pytest.fixture(scope="session")
def submission_network() -> "Mapping[str, object]":
    """The network of `submission`: nothing is the built-in one; a conftest.py may choose another.

    Its keys are activation, output, loss, reduction, l2, l2_of and bias, as of
    `autograd_ref.Network`.
    """
    return {}


@pytest.fixture(scope="session")
def submission(
    pytestconfig: pytest.Config, submission_network: "Mapping[str, object]"
) -> "Adapted":
    """The gradient of the file that --submission names, called with (parameters, X, Y).

    It is found as by `autograd_ref.adapt`; without the option the test is skipped.
    """
    spec = pytestconfig.getoption("--submission")
    if spec is None:
        pytest.skip("no submission is given: --submission FILE[:NAME]")
    from autograd_ref.commands.as_written.taken_file import taken_or_said

    found = taken_or_said(spec, pytestconfig.invocation_params.dir, submission_network)
    if isinstance(found, str):
        pytest.fail(found, pytrace=False)
    return found
