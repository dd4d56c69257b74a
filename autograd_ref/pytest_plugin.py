"""The pytest fixture `check_gradients`. PyTorch is loaded when a test asks for it, not before."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from autograd_ref.check import Check


@pytest.fixture(scope="session")
def check_gradients() -> "Check":
    """`autograd_ref.assert_gradients_match`: the test fails with the report as its message.

    check_gradients(gradients, parameters, *data, loss=None, seed=0, accuracy=None, project=None,
    elsewhere=True, allow=()) returns the report of a check that passed.
    """
    from autograd_ref.check import assert_gradients_match

    return assert_gradients_match
