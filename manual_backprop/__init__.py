"""A network with one hidden layer, its gradients derived by hand, in NumPy.

`README.md` shows how to use it. Reading order: `derivation.md`, `write_up.py` (one sample, equation
by equation), `softplus.py`, `cross_entropy.py`, `network.py` (a batch: all equations on a screen),
`batched.py` (in chunks, over all cores), `compiled.py` (the same for Numba), `second_order.py`.
"""

from manual_backprop.backends import backend
from manual_backprop.batched import loss, loss_and_gradients
from manual_backprop.network import Activations, forward
from manual_backprop.parameters import Parameters, initialize
from manual_backprop.penguins import load_penguins
from manual_backprop.second_order import gauss_newton_vector_product, hessian_vector_product
from manual_backprop.shape import NetworkShape

__all__ = [
    "Activations",
    "NetworkShape",
    "Parameters",
    "backend",
    "forward",
    "gauss_newton_vector_product",
    "hessian_vector_product",
    "initialize",
    "load_penguins",
    "loss",
    "loss_and_gradients",
]
