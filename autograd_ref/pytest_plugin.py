"""The pytest fixtures `check_gradients` and `check_backward`.

PyTorch is loaded when a test asks for one of them, not before.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from autograd_ref.backward import BackwardCheck
    from autograd_ref.check import Check


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

    check_backward(function, reference, *inputs, kwargs=None, declared=False, seed=0, allow=())
    returns the report of a check that passed.
    """
    from autograd_ref.backward import assert_backward_matches

    return assert_backward_matches
