"""A process joins the group that torchrun has started it for, and says why it leaves."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import timedelta

from torch import distributed

from autograd_ref.torch_internals import store_of_group
from autograd_ref.user_code import worded

RAISED = "gradient check/raised"
"""The key in the group's store under which the first process that raises says so."""


class CannotJoin(RuntimeError):
    """There is no group that this process could join."""


@contextmanager
def joined(backend: str, timeout: float) -> Generator[tuple[int, int]]:
    """Join the group; the rank of this process, and the number of all.

    Args:
        backend: of torch.distributed, such as gloo or nccl.
        timeout: in seconds: the longest time that a process waits for another.

    Raises:
        CannotJoin: the process was not started by torchrun, there is no such backend, or another
            process does not come.
    """
    missing = {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} - set(os.environ)
    if missing:
        names = ", ".join(sorted(missing))
        raise CannotJoin(f"{names} not set: start it by torchrun -m autograd_ref train ...")
    try:
        distributed.init_process_group(backend, timeout=timedelta(seconds=timeout))
    except (RuntimeError, ValueError, AssertionError) as error:
        raise CannotJoin(f"{type(error).__name__}: {str(error).splitlines()[0]}") from error
    rank, size = distributed.get_rank(), distributed.get_world_size()
    try:
        yield rank, size
    except BaseException as error:
        with suppress(RuntimeError):
            store_of_group().compare_set(RAISED, "", f"process {rank} raised {worded(error)}")
        raise
    finally:
        distributed.destroy_process_group()


def why_lost(error: BaseException) -> str:
    """Return in words why a collective has failed: what the first process that raised has said."""
    with suppress(RuntimeError):
        store = store_of_group()
        if store.check([RAISED]):
            return store.get(RAISED).decode()
    if "timed out" in str(error).lower():
        return "another process has not answered in time; it hangs, or has ended"
    return "another process has ended"
