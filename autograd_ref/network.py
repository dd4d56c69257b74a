"""The built-in network in PyTorch, its gradients left to autograd; also other usual networks.

Softmax, cross-entropy and their derivatives are PyTorch's own; not one line of the derivation is
shared with `manual_backprop`. What is shared is data: the types, initial values, and validation.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, NamedTuple, Self, SupportsIndex, Unpack

import numpy as np
import torch
from numpy.typing import ArrayLike, DTypeLike
from torch import Tensor
from torch.nn import functional

from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choices import Choices
from autograd_ref.networks.choosing import architecture
from autograd_ref.networks.compiled import forward_of, loss_of
from autograd_ref.networks.fitting_data import sizes_of
from autograd_ref.reference.kinks import Watch
from autograd_ref.tree.leaf import as_array
from manual_backprop.arguments import require_finite_entries
from manual_backprop.parameters import Array, NetworkShape, Parameters, initialize
from manual_backprop.validation import Batch, checked_batch, checked_parameters

# PyTorch's softplus returns z itself above its threshold. At the default, 20, that is wrong by
# exp(-20) = 2e-9, value and derivative alike. Here it starts where exp(-threshold) is far below a
# unit of roundoff of z, and exp(threshold) still fits in the format.
SOFTPLUS_THRESHOLD = {torch.float64: 700.0, torch.float32: 80.0}


class TensorActivations(NamedTuple):
    """The results of the forward pass, each with its autograd history."""

    z1: Tensor  # (S, N_H)
    a1: Tensor  # (S, N_H)
    z2: Tensor  # (S, N_O)
    y_hat: Tensor  # (S, N_O)


class AutogradPass(NamedTuple):
    """One forward and one backward pass, as NumPy arrays."""

    loss: float
    z1: Array  # (S, N_H)
    a1: Array  # (S, N_H)
    z2: Array  # (S, N_O)
    y_hat: Array  # (S, N_O)
    e2: Array  # (S, N_O), the derivative of the loss by z2
    gradients: Parameters


class Network(torch.nn.Module):
    """The built-in network as a PyTorch module, with the parameters W0, b0, W1 and b1.

    It is another of the usual networks where its parameters or keywords say so.

    Args:
        parameters: the values it starts from, copied: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H),
            b1 (N_O,); their dtype is the module's. For any number of layers, a dict of W0, b0, W1,
            b1, W2 and so on, or of W0, W1 and so on where there are no biases.
        device: any device that PyTorch knows on this machine, by name.
        choices: activation, output, loss, reduction, l2 and l2_of, as in
            `autograd_ref.networks.choosing.architecture`; the defaults are softplus, softmax and
            cross-entropy, averaged over samples.

    Raises:
        TypeError, ValueError: parameters that do not fit each other, an unknown device, or choices
            that do not exist or do not go together.

    Examples:
        >>> import torch
        >>> from manual_backprop import NetworkShape
        >>> network = Network.from_seed(NetworkShape(inputs=2, hidden=5, outputs=3), seed=0)
        >>> network(torch.zeros(4, 2, dtype=torch.float64)).y_hat.shape
        torch.Size([4, 3])
        >>> deep = {"W0": torch.ones(5, 2), "W1": torch.ones(4, 5), "W2": torch.ones(1, 4)}
        >>> network = Network(deep, activation="tanh", loss="half-mse")
        >>> network(torch.zeros(3, 2)).a2.shape, network.loss(torch.zeros(3, 2), torch.ones(3))
        (torch.Size([3, 4]), tensor(0.5000, grad_fn=<DivBackward0>))
    """

    W0: torch.nn.Parameter  # (N_H, N_I)
    b0: torch.nn.Parameter  # (N_H,)
    W1: torch.nn.Parameter  # (N_O, N_H)
    b1: torch.nn.Parameter  # (N_O,)

    def __init__(
        self,
        parameters: Parameters | Mapping[str, ArrayLike],
        *,
        device: str = "cpu",
        **choices: Unpack[Choices],
    ) -> None:
        super().__init__()
        blocks = _checked_blocks(parameters)
        self._sizes, self._bias = sizes_of({name: b.shape for name, b in blocks.items()})
        where = _checked_device(device, blocks["W0"].dtype)
        for name, block in blocks.items():
            self.register_parameter(name, torch.nn.Parameter(_tensor(block, where)))
        self._choices = choices
        self._is_built_in = isinstance(parameters, Parameters) and not choices
        if not self._is_built_in:
            _ = self.architecture

    @classmethod
    def from_seed(
        cls,
        shape: NetworkShape,
        seed: SupportsIndex,
        *,
        std: float = 0.05,
        dtype: DTypeLike = np.float64,
        device: str = "cpu",
        **choices: Unpack[Choices],
    ) -> Self:
        """A network with the bits that `manual_backprop.initialize` draws from this seed."""
        return cls(initialize(shape, seed, std=std, dtype=dtype), device=device, **choices)

    @property
    def architecture(self) -> Architecture:
        """The network and its loss, as `autograd_ref.networks` names them."""
        return architecture(self._sizes, bias=self._bias, **self._choices)

    def forward(self, X: Tensor) -> tuple[Tensor, ...]:
        """The activations for a batch X of shape (S, N_I), as a tuple with names.

        They are z1, a1, z2 and y_hat, with two layers; the scores, hidden units and outputs of all
        layers, with others.
        """
        if self._is_built_in:
            return _forward(self.W0, self.b0, self.W1, self.b1, X)
        with _exact(X):
            found = forward_of(self.architecture)(dict(self.named_parameters()), X)
        return _named(tuple(found))(*found.values())

    def loss(self, X: Tensor, Y: Tensor) -> Tensor:
        """The loss for a batch: Y is labels (S,) or rows (S, N_O)."""
        with _exact(X):
            return loss_of(self.architecture)(dict(self.named_parameters()), X, Y)


def _exact(X: Tensor) -> AbstractContextManager[object]:
    """While it is active, softplus is exact: PyTorch's own is off by 2e-9, nothing in float32."""
    return Watch() if X.dtype == torch.float64 else nullcontext()


@cache
def _named(names: tuple[str, ...]) -> type[tuple[Tensor, ...]]:
    """The type of the activations of a network with these."""
    if names == TensorActivations._fields:
        return TensorActivations
    make: Any = NamedTuple  # as a function, whose names are known only here
    return make("Activations", [(name, Tensor) for name in names])


def _checked_blocks(parameters: Parameters | Mapping[str, ArrayLike]) -> dict[str, Array]:
    """The parameters by name, as arrays of one float type."""
    if not isinstance(parameters, Mapping):
        return checked_parameters(parameters)._asdict()
    blocks = {name: as_array(block) for name, block in parameters.items()}
    types = {block.dtype.name for block in blocks.values()}
    if not types <= {"float64"} and not types <= {"float32"}:
        raise TypeError(
            f"parameters have the dtypes {', '.join(sorted(types))}; they need to be all float64"
            " or all float32"
        )
    for name, block in blocks.items():
        require_finite_entries(name, block)
    return blocks


def loss_and_gradients(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike, *, device: str = "cpu"
) -> tuple[float, Parameters]:
    """Return the loss and its gradients by autograd, for the arguments of `manual_backprop`.

    Args:
        parameters: W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,), all float64 or all float32.
        X: features, (S, N_I), in the dtype of the parameters.
        Y: integer labels (S,) from 0 to N_O - 1, or target rows (S, N_O) of any real dtype that
            each sum to one; they are rounded to the dtype of the parameters.
        device: where PyTorch computes; the result always comes back as NumPy arrays.

    Returns:
        The loss in nats, and the gradients, of the same shapes and dtype as the parameters.

    Raises:
        TypeError, ValueError: as in `manual_backprop.loss_and_gradients`, or an unknown device.

    Examples:
        >>> import numpy as np
        >>> from manual_backprop import NetworkShape, initialize
        >>> parameters = initialize(NetworkShape(inputs=2, hidden=5, outputs=3), seed=0)
        >>> X, Y = np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([2, 0])
        >>> value, gradients = loss_and_gradients(parameters, X, Y)
        >>> gradients.W0.shape, gradients.b1.shape
        ((5, 2), (3,))
    """
    result = autograd_pass(parameters, X, Y, device=device)
    return result.loss, result.gradients


def autograd_pass(
    parameters: Parameters, X: ArrayLike, Y: ArrayLike, *, device: str = "cpu"
) -> AutogradPass:
    """As `loss_and_gradients`, together with what lies between: z1, a1, z2, y_hat and e2."""
    network = Network(parameters, device=device)
    return _run(network, checked_batch(checked_parameters(parameters), X, Y))


def exact_pass(parameters: Parameters, X: ArrayLike, Y: ArrayLike) -> AutogradPass:
    """As `autograd_pass`, in float64 whatever the dtype of the arguments, on the values they hold.

    The reference for a computation in float32: its rounding is far below float32's.
    """
    batch = checked_batch(checked_parameters(parameters), X, Y)
    return exact_pass_of(widened(parameters), Batch(*(a.astype(np.float64) for a in batch)))


def exact_pass_of(parameters: Parameters, batch: Batch) -> AutogradPass:
    """As `exact_pass`, of float64 values that are known to be fit."""
    return _run(Network(parameters), batch)


def exact_loss_of(parameters: Parameters, batch: Batch) -> float:
    """The loss of `exact_pass_of` alone, at a third of its cost."""
    tensors = (torch.from_numpy(np.ascontiguousarray(array)) for array in (*parameters, batch.X))
    with torch.no_grad():
        z2 = _forward(*tensors).z2
        return functional.cross_entropy(z2, _tensor(batch.Y, z2.device)).item()


def widened(parameters: Parameters) -> Parameters:
    """Equal values in float64."""
    return Parameters(*(block.astype(np.float64) for block in checked_parameters(parameters)))


def _forward(W0: Tensor, b0: Tensor, W1: Tensor, b1: Tensor, X: Tensor) -> TensorActivations:
    z1 = X @ W0.T + b0
    a1 = functional.softplus(z1, threshold=SOFTPLUS_THRESHOLD[z1.dtype])
    z2 = a1 @ W1.T + b1
    return TensorActivations(z1, a1, z2, torch.softmax(z2, dim=1))


def _run(network: Network, batch: Batch) -> AutogradPass:
    X, Y = (_tensor(array, network.W0.device) for array in batch)
    with torch.enable_grad():  # also where the caller has switched gradients off
        activations = network(X)
        activations.z2.retain_grad()
        value = functional.cross_entropy(activations.z2, Y)
        value.backward()
    return AutogradPass(
        value.item(),
        *(_array(tensor) for tensor in activations),
        e2=_array(activations.z2.grad),
        gradients=Parameters(
            W0=_array(network.W0.grad),
            b0=_array(network.b0.grad),
            W1=_array(network.W1.grad),
            b1=_array(network.b1.grad),
        ),
    )


def _checked_device(name: str, dtype: np.dtype[np.floating[Any]]) -> torch.device:
    """The device, where it can hold numbers of this dtype and give them back."""
    try:
        device = torch.device(name)
        torch.zeros((), device=device, dtype=getattr(torch, dtype.name)).item()
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device is {name!r}; it needs to be one on which PyTorch can compute here ({reason})"
        ) from None
    return device


def _tensor(array: Array, device: torch.device) -> Tensor:
    """A copy on the device: the caller's array is never shared."""
    return torch.from_numpy(np.array(array, order="C")).to(device)


def _array(tensor: Tensor | None) -> Array:
    """A copy in NumPy: autograd may hand out one piece of memory as two gradients."""
    assert tensor is not None, "backward() left no gradient"
    return np.array(tensor.detach().cpu().numpy(), order="C")
