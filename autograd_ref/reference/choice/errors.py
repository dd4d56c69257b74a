"""The error about a loss that neither library can differentiate."""

from typing import NamedTuple

from torch import Tensor

from autograd_ref.reference.protocol import Loss, NotALoss


class Required(NamedTuple):
    """How a function of the caller's is called, and what it has to return."""

    name: str
    needs: str


A_LOSS = Required(
    "loss", "one real number: a torch tensor, still with its history, or computed by NumPy"
)
OUTPUTS = Required(
    "function",
    "real numbers, an array or a nest of arrays: torch tensors, still with their history, or"
    " computed by NumPy",
)


def not_a_loss(
    loss: Loss,
    by_torch: Exception,
    by_numpy: Exception,
    wanted: Required,
    *,
    arrays: bool,
) -> Exception:
    """The error of the library that the loss was written for."""
    for_torch = _is_for_torch(by_torch, by_numpy, arrays=arrays)
    error, other = (by_torch, by_numpy) if for_torch else (by_numpy, by_torch)
    if not isinstance(error, NotALoss):
        if "Double" in str(error) and "Float" in str(error):
            error.add_note(
                "The reference evaluates the loss in float64: what the loss brings along itself"
                " (a module, buffers, other tensors) needs to be in float64 as well."
            )
        return error
    also = ""
    if not isinstance(other, NotALoss) and not refuses_tensors(other):
        given = "arrays" if for_torch else "tensors"
        also = f"; with {given}, it raised {type(other).__name__}: {other}"
    return TypeError(
        f"{wanted.name} is {name_of(loss)}, and {error}{also}; it needs to return {wanted.needs}"
    )


def _is_for_torch(by_torch: Exception, by_numpy: Exception, *, arrays: bool) -> bool:
    """True where the error with tensors tells of the loss, and that with arrays of the arrays."""
    if not arrays:
        return True
    if refuses_tensors(by_torch):
        return _refuses_arrays(by_numpy) and _misses_tensors(by_numpy)
    if isinstance(by_torch, NotALoss):
        return not isinstance(by_numpy, NotALoss) or "Tensor" in str(by_numpy)
    return _refuses_arrays(by_numpy)


def refuses_tensors(error: Exception) -> bool:
    """True for an error that tells of tensors, rather than of the loss."""
    wrong_kind = isinstance(error, TypeError | AttributeError) and not isinstance(error, NotALoss)
    return wrong_kind or "numpy()" in str(error)


def _refuses_arrays(error: Exception) -> bool:
    """True for an error that may tell of arrays; and a loss that returns tensors is PyTorch's."""
    # NumPy warns of tensors among arrays, and the caller may have made errors of warnings
    return isinstance(error, TypeError | AttributeError | Warning) and (
        not isinstance(error, NotALoss) or "Tensor" in str(error)
    )


def _misses_tensors(error: Exception) -> bool:
    """True for what PyTorch and NumPy say of an array in the place of a tensor."""
    if isinstance(error, AttributeError):
        return hasattr(Tensor, str(error.name))
    return "Tensor" in str(error) or "'dim'" in str(error)


def clause(error: Exception) -> str:
    """The end of a sentence about a loss that raised this error."""
    no_tensor = isinstance(error, NotALoss)
    return "returns no tensor" if no_tensor else f"raises {type(error).__name__}"


def name_of(loss: Loss) -> str:
    """The name of a loss, for messages."""
    return str(getattr(loss, "__name__", type(loss).__name__))
