"""Where the gradient is once somebody's code has run: returned, kept, or in an update."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref.adapting.calling.readings import RESULT, Ran, in_place, readings
from autograd_ref.adapting.holding.arrays_found import arrays_under
from autograd_ref.adapting.holding.forms import Form
from autograd_ref.adapting.holding.setups import in_object
from autograd_ref.adapting.holding.slots import unplaced

SIZES = (5, 7, 2)
Array = NDArray[Any]


def ran(result: object, **after: Array) -> Ran:
    """The objects at hand once a network with W1, b1, W2, b2 in a dict has run."""
    root = {"W1": np.zeros((5, 7)), "b1": np.ones(7), "W2": np.zeros((7, 2)), "b2": np.ones(2)}
    (held,) = [
        one.holder
        for one in in_object("net", root, SIZES)
        if one.holder.form == Form("in, out", "vector")
    ]
    before = {one.path: one.value.copy() for one in arrays_under(root, "net")}
    return Ran(result, root | after, "net", held, before)


GRADIENTS = {"dW2": np.ones((7, 2)), "db2": np.ones(2), "dW1": np.ones((5, 7)), "db1": np.ones(7)}
VECTOR = np.ones(5 * 7 + 7 + 7 * 2 + 2)


@pytest.mark.parametrize(
    ("one", "kind", "text", "numbers"),
    [
        (ran(GRADIENTS), "gradient", "np.transpose(result['dW1'])", []),
        (ran((0.5, GRADIENTS)), "gradient", "np.transpose(result[1]['dW1'])", ["result[0]"]),
        (
            ran((GRADIENTS, np.array(0.5))),
            "gradient",
            "np.transpose(result[0]['dW1'])",
            ["result[1]"],
        ),
        (ran((np.ones((7, 2)), np.ones((5, 7)), np.ones(7), np.ones(2))), "gradient", "[1]", []),
        (ran(VECTOR), "gradient", "np.ravel(result)[:N_I * N_H]", []),
        (ran(None, **GRADIENTS), "gradient", "np.transpose(net['dW1'])", []),
        (ran(None, W1=np.ones((5, 7))), "updated", "np.transpose(net['W1'])", []),
    ],
)
def test_a_gradient_is_read_where_it_is(one: Ran, kind: str, text: str, numbers: list[str]) -> None:
    """Returned, alone or beside the loss; in a vector; kept; or in an update."""
    first = next(readings(one))
    assert first.kind == kind
    assert text in first.of["W0"]
    assert [*first.numbers] == numbers
    assert [*first.of] == ["W0", "b0", "W1", "b1"]


def test_nothing_is_read_where_nothing_is() -> None:
    """No array has the size of a parameter, and none has changed."""
    assert [*readings(ran((np.ones(3), "text")))] == []
    assert RESULT == "result"


def test_of_a_wrong_shape_is_read_by_place() -> None:
    """As many arrays as parameters, half of them of their sizes: the others are wrong."""
    wrong = (np.ones((5, 7)), np.float64(1.0), np.ones((7, 2)), np.ones(2))
    (first, _updated) = readings(ran(wrong))
    assert "result[1]" in first.of["b0"]


def test_parameters_without_places_are_not_updated_in_place() -> None:
    """As the pieces of a vector."""
    assert in_place(unplaced(Form(), SIZES)) is None
