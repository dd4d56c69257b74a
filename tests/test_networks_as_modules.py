"""The PyTorch module is any of the usual networks, and the built-in one as before."""

from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import Network
from autograd_ref.network import TensorActivations
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.random_point import random_point
from manual_backprop import NetworkShape
from tests.usual_networks import by_hand

SHAPE = NetworkShape(inputs=3, hidden=5, outputs=4)


@pytest.mark.parametrize(
    ("sizes", "choices"),
    [
        ((4, 5, 3), {}),
        ((4, 5, 3), {"activation": "tanh", "loss": "mse"}),
        ((4, 5, 1), {"activation": "relu", "output": "sigmoid", "l2": 0.1}),
        ((4, 5, 6, 3), {"activation": "silu", "reduction": "sum"}),
        ((4, 3), {"output": "sigmoid", "l2": "0.5/S", "l2_of": "all"}),
    ],
)
@pytest.mark.parametrize("bias", [True, False])
def test_a_module_of_any_choice_has_the_gradient_by_hand(
    sizes: tuple[int, ...], choices: Any, bias: bool
) -> None:
    one = architecture(sizes, bias=bias, **choices)
    point = random_point(one, 6, seed=0)
    network = Network(point.parameters, **choices)
    assert network.architecture == one
    X, Y = torch.tensor(point.X), torch.tensor(point.Y)
    _ = network.loss(X, Y).backward()
    value, gradients = by_hand(one)(*point)
    assert np.isclose(network.loss(X, Y).item(), value, rtol=1e-12)
    found = dict(network.named_parameters())
    assert found.keys() == gradients.keys()
    for name, tensor in found.items():
        gradient: Any = tensor.grad
        assert np.allclose(gradient.numpy(), gradients[name], rtol=1e-10, atol=1e-14)
    activations = network(X)
    last = len(sizes) - 1
    hidden = [f"{letter}{layer}" for layer in range(1, last) for letter in "za"]
    assert list(activations._fields) == [*hidden, f"z{last}", "y_hat"]
    assert isinstance(activations, TensorActivations) == (last == 2)
    assert activations.y_hat.shape == (6, sizes[-1])


def test_choices_are_keywords_beside_parameters_and_beside_a_seed() -> None:
    network = Network.from_seed(SHAPE, seed=1, activation="tanh")
    X = torch.ones(2, 3, dtype=torch.float64)
    assert torch.equal(network(X).a1, torch.tanh(network(X).z1))
    plain = Network.from_seed(SHAPE, seed=1)
    assert torch.equal(network(X).z1, plain(X).z1)
    assert plain.architecture == architecture((3, 5, 4))
    assert plain.loss(X, torch.tensor([0, 3])).item() == pytest.approx(np.log(4), rel=0.1)


def test_one_output_is_no_choice_of_softmax_but_the_built_in_network_has_it() -> None:
    shape = NetworkShape(inputs=3, hidden=5, outputs=1)
    network = Network.from_seed(shape, seed=1)
    assert network(torch.ones(2, 3, dtype=torch.float64)).y_hat.tolist() == [[1.0], [1.0]]
    with pytest.raises(ValueError, match="output is 'softmax' and N_O is 1"):
        _ = Network.from_seed(shape, seed=1, activation="tanh")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_softplus_is_exact(dtype: torch.dtype) -> None:
    """PyTorch's own is z itself above 20, which is wrong by 2e-9."""
    one = torch.ones(1, 1, dtype=dtype)
    network = Network({"W0": one, "W1": one}, loss="half-mse")
    z = torch.tensor([[21.0], [60.0], [800.0]], dtype=dtype)
    expected = np.logaddexp(0, z.double().numpy()).astype(z.numpy().dtype)
    assert np.array_equal(network(z).a1.detach().numpy(), expected)


@pytest.mark.parametrize(
    ("parameters", "choices", "error", "said"),
    [
        ({"W0": np.ones((3, 2), dtype=int)}, {}, TypeError, "parameters have the dtypes int64;"),
        (
            {"W0": np.ones((3, 2)), "b0": np.ones(3, np.float32)},
            {},
            TypeError,
            "parameters have the dtypes float32, float64; they need to be all float64 or all",
        ),
        ({"W1": np.ones((3, 2))}, {}, ValueError, "parameters are W1; they need to be W0"),
        ({"W0": np.ones((3, 2))}, {"loss": "l1"}, ValueError, "loss is 'l1'"),
        ({"W0": np.array([[0.0, np.inf]])}, {"loss": "mse"}, ValueError, "W0[0, 1] is inf"),
    ],
)
def test_what_is_no_network_is_refused(
    parameters: Any, choices: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as raised:
        _ = Network(parameters, **choices)
    assert said in str(raised.value)
