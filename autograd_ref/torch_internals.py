"""The interfaces of PyTorch that it does not document: each is used here, and nowhere else.

Beside each stands what it is for, and what happens in a version that lacks it. `.ci/versions` tries
them on the oldest and the newest version that `pyproject.toml` allows.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, distributed
from torch._library.custom_ops import CustomOpDef
from torch._ops import OpOverload, OpOverloadPacket
from torch.autograd import forward_ad, graph
from torch.utils import _python_dispatch as dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only


class EveryOperation(TorchDispatchMode):
    """Base of a context that sees every single operation, of the backward pass as well.

    For measuring what rounding does (`rounding.monte_carlo`). Without it no torch loss has a
    tolerance; importing fails.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Keep PyTorch from loading its compiler, some 800 modules, only to switch it off.

        A version that does not ask loads nothing (2.4), or does and takes a second longer.
        """
        return False


def name_of(operation: Any) -> str:
    """The name of a dispatched operation, such as mm or add_.

    For knowing how it rounds. Without it every check of a torch loss fails.
    """
    return operation.overloadpacket.__name__


def works_in_place(operation: Any) -> bool:
    """True where a dispatched operation changes one of its arguments.

    For not repeating it. Without it every check of a torch loss fails.
    """
    return operation._schema.is_mutable


def written_into(operation: Any, args: Any, kwargs: Any) -> list[Tensor]:
    """The tensors among the arguments that a dispatched operation changes.

    For recording a loss. Without it none can be recorded.
    """
    if name_of(operation) == "native_batch_norm":  # which does not say that it does
        return tensors_within(args[3:5]) if args[5] else []
    if not operation._schema.is_mutable:
        return []
    found: list[Tensor] = []
    for i, argument in enumerate(operation._schema.arguments):
        if argument.alias_info is None or not argument.alias_info.is_write:
            continue
        given = args[i] if i < len(args) else kwargs.get(argument.name)
        found += tensors_within(given)
    return found


def tensors_within(nest: object) -> list[Tensor]:
    """The tensors in the arguments or the result of a dispatched operation.

    Without PyTorch's own nests importing fails.
    """
    return [leaf for leaf in tree_leaves(nest) if isinstance(leaf, Tensor)]


def memory_of(tensor: Tensor) -> int:
    """A number of the memory that a tensor lies in, its own as long as the memory is in use.

    It is 0 for a tensor that stands for many, as in vmap. For recording a loss. Without it none
    can be recorded.
    """
    try:
        storage = tensor.untyped_storage()
    except NotImplementedError:
        return 0
    number: int = attrgetter("_cdata")(storage)
    return number


def with_tensors_replaced(replace: Callable[[Tensor], Tensor], nest: Any) -> Any:
    """An equal nest with another tensor in the place of each; likewise."""
    return tree_map_only(Tensor, replace, nest)


def with_floats_replaced(replace: Callable[[float], Tensor], nest: Any) -> Any:
    """An equal nest with a tensor in the place of each number of Python's; likewise."""
    return tree_map_only(float, replace, nest)


def without_modes() -> AbstractContextManager[Any]:
    """A context in which no operation is seen by a dispatch mode that was entered before.

    For drawing random numbers that nothing moves. Without it a loss that draws fails.
    """
    return vars(dispatch)["_disable_current_modes"]()


def gradients_of(
    value: Tensor, inputs: Sequence[Tensor], *, again: bool = False
) -> tuple[Tensor | None, ...]:
    """The gradient of a scalar by each of some tensors; None by those that it does not depend on.

    For a backward pass in which function modes are active, which torch.autograd.grad leaves first.
    Without it every check of a torch loss fails.

    Args:
        value: the scalar.
        inputs: the tensors.
        again: True where another scalar of the same graph is still to be differentiated.
    """
    run: Callable[..., tuple[Tensor | None, ...]] = vars(graph)["_engine_run_backward"]
    # as torch.autograd.grad(value, inputs, allow_unused=True) calls it
    return run(
        (value,),
        (torch.ones_like(value),),
        again,
        False,
        tuple(inputs),
        allow_unreachable=True,
        accumulate_grad=False,
    )


def allows_tf32(backend: Any) -> bool:
    """True where products in float32 may round their factors to TF32.

    For not accusing them of that. Versions that have another setting for it besides (2.9) refuse to
    say, where that was used: then they may.
    """
    try:
        return bool(backend.allow_tf32)
    except RuntimeError:
        return True


def load_forward_mode() -> None:
    """Load what PyTorch loads with the first dual number, without its warnings about itself.

    Some versions (2.9) warn that its own code is deprecated, an error where warnings are errors.
    Without it these errors are taken for the operation's.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with forward_ad.dual_level():
            _ = forward_ad.make_dual(torch.zeros(()), torch.zeros(()))


def is_custom_operator(operation: object) -> bool:
    """True for what `torch.library.custom_op` makes, and for `torch.ops`.

    For calling its backward pass directly. Without these classes importing fails.
    """
    return isinstance(operation, CustomOpDef | OpOverload | OpOverloadPacket)


def function_of(node: object) -> Any:
    """The `torch.autograd.Function` that a node of the graph calls in its backward pass, or None.

    For calling backward directly, so that the engine cannot mend what it returns. Without it the
    engine calls it, and a gradient of a wrong shape or dtype that the engine mends is not seen.
    """
    return getattr(node, "_forward_cls", None)


def has_outputs(node: object, count: int) -> bool:
    """True where a node of the graph has so many outputs.

    For not calling backward directly where the operation drops some. A version that does not say
    (2.4) is taken to have them: such an operation then fails for want of an argument.
    """
    return len(getattr(node, "_input_metadata", range(count))) == count


def has_no_memory(tensor: Tensor) -> bool:
    """True for a tensor that PyTorch knows to be zero, and gives no memory to read or write.

    For second derivatives, such as that of abs. Without it these cannot be looked at.
    """
    return tensor._is_zerotensor()


def leaves_of_graph(outputs: Iterable[Tensor]) -> list[Tensor]:
    """The tensors that require grad and that some outputs depend on, each once.

    For weights that an operation has from a closure. Without it they are not seen.
    """
    outputs = list(outputs)
    # a leaf that is handed on has no node of its own
    found = {id(o): o for o in outputs if o.grad_fn is None and o.requires_grad}
    for node in _nodes_of_graph(outputs):
        variable = getattr(node, "variable", None)
        if isinstance(variable, Tensor):
            found[id(variable)] = variable
    return list(found.values())


def raises_in_graph(outputs: Iterable[Tensor]) -> bool:
    """True where the graph of some outputs has a node that only raises, as once_differentiable has.

    For telling that from a derivative of zero, which torch.autograd.grad takes it for. Without it
    such a derivative is called zero.
    """
    return any(type(node).__name__ == "Error" for node in _nodes_of_graph(outputs))


def _nodes_of_graph(outputs: Iterable[Tensor]) -> Iterator[Any]:
    nodes: list[Any] = [output.grad_fn for output in outputs]
    seen: set[Any] = set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        nodes.extend(following for following, _number in node.next_functions)


def is_once_differentiable(function: type[torch.autograd.Function]) -> bool:
    """True where the backward pass of a `torch.autograd.Function` says that it has none of its own.

    For not naming second derivatives among what was not checked. Without it they are named.
    """
    step: Any = function.backward
    while step is not None:
        if getattr(step, "__globals__", {}).get("__name__") == "torch.autograd.function":
            return True
        step = getattr(step, "__wrapped__", None)
    return False


def numpy_in_torch() -> Any:
    """NumPy's functions on tensors.

    For following the steps of a loss in NumPy. Without them these have no names.
    """
    import torch._numpy  # here, because a check of a loss in PyTorch has no use for it

    return torch._numpy


def array_of(values: Any) -> Any:
    """An array of such a function, with a tensor or with other values in it."""
    kind = numpy_in_torch()
    return kind.ndarray(values) if isinstance(values, Tensor) else kind.asarray(values)


def tensor_in(value: Any) -> Any:
    """The tensor in such an array; anything else as it is."""
    return value.tensor if type(value).__module__ == "torch._numpy._ndarray" else value


def store_of_group() -> Any:
    """The store of the default group, which its processes read and write by key.

    For telling the others why a process ends. Without it no check in a group works.
    """
    core: Any = distributed.distributed_c10d
    return core._get_default_store()


def timeout_of_group() -> timedelta:
    """The timeout of the default group, for a group of our own beside it.

    For ending as soon as the caller wants to. Without it no check in a group works.
    """
    group: Any = distributed.group.WORLD
    device = torch.device("cuda" if distributed.get_backend() == "nccl" else "cpu")
    return group._get_backend(device).options._timeout
