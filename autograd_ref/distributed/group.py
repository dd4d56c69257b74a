"""The processes of a torch.distributed group, and what they say to each other in a check.

The process of rank 0 asks, the others answer. They talk through a group of their own, over gloo, so
that nothing said here meets what the function under test sends. A process that ends takes the
others with it at once, because its connections close; one that hangs, after the timeout of the
group that the caller has made.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple, TypeVar

from torch import distributed

from autograd_ref.torch_internals import store_of_group, timeout_of_group
from autograd_ref.user_code import worded

GRACE = timedelta(seconds=10)
"""The time that a process which raised gives the others to come to the end of their calls."""

Result = TypeVar("Result")
_checks = count()
"""Checks are made in the same order in every process, so that their numbers agree."""


class ProcessLost(RuntimeError):
    """Another process of the group has raised, has ended, or does not answer."""


class Processes(NamedTuple):
    """The group as one of its processes sees it."""

    rank: int
    size: int
    group: Any
    store: Any
    name: str
    """The beginning of the keys in the store."""

    def gathered(self, item: Any, number: int = 0) -> list[Any]:
        """Return what every process has given, by rank; nothing where the rank is not 0.

        Args:
            item: what this process gives.
            number: of the call that it comes from.
        """
        found: list[Any] | None = None if self.rank else [None] * self.size
        with self._connected(number):
            distributed.gather_object(item, found, group=self.group)
        return found or []

    def handed_out(self, items: Sequence[Any] = (), number: int = 0) -> Any:
        """Return what the process of rank 0 has handed out to this one.

        Args:
            items: by rank, where this is the process of rank 0.
            number: of the call before.
        """
        own: list[Any] = [None]
        with self._connected(number):
            all_items = None if self.rank else [*items]
            _ = distributed.scatter_object_list(own, all_items, group=self.group)
        return own[0]

    def call(self, number: int, function: Callable[[], Result]) -> Result | Exception:
        """Return what a function of the caller's returns, or the error that it raises.

        Raises:
            Exception: its error, where the others do not come to the end of their calls: they wait
                for what this process would have sent.
            ProcessLost: it waited for what another process would have sent.
        """
        try:
            found = function()
        except Exception as error:
            if _is_of_connection(error):
                raise self._lost(number, error) from error
            self.store.set(self._key(number, self.rank), worded(error))
            try:
                self.store.wait([self._key(number, rank) for rank in range(self.size)], GRACE)
            except RuntimeError:
                raise error from None
            return error
        self.store.set(self._key(number, self.rank), "")
        return found

    @contextmanager
    def _connected(self, number: int) -> Generator[None]:
        try:
            yield
        except RuntimeError as error:
            raise self._lost(number, error) from error

    def _key(self, number: int, rank: int) -> str:
        """Under it a process puts how its call ended: the error, or nothing."""
        return f"{self.name}/{number}/{rank}"

    def _lost(self, number: int, error: BaseException) -> ProcessLost:
        """Return the error of a process that waited in vain, with what is known of the others."""
        others = [rank for rank in range(self.size) if rank != self.rank]
        ended: dict[int, str] = {}
        with suppress(RuntimeError):  # the store may have gone as well
            keys = {rank: self._key(number, rank) for rank in others}
            there = {rank: key for rank, key in keys.items() if self.store.check([key])}
            ended = {rank: self.store.get(key).decode() for rank, key in there.items()}
        raised = [f"process {rank} raised {said}" for rank, said in ended.items() if said]
        away = [f"process {r} has not come to the end of a call" for r in others if r not in ended]
        known = raised or [*away, "another process"][:1]
        it = "" if raised else ": it has ended, or hangs"
        return ProcessLost(f"{'; '.join(known)}{it}. In process {self.rank}: {worded(error)}")


def in_a_group() -> bool:
    """Tell whether this is one of several processes of a torch.distributed group."""
    ready = distributed.is_available() and distributed.is_initialized()
    return ready and distributed.get_world_size() > 1


@contextmanager
def conversation() -> Generator[Processes]:
    """Open a group for what the processes say to each other; all of them have to come here.

    Raises:
        ProcessLost: one of them does not come within the timeout of the caller's group.
    """
    name, store, timeout = f"gradient check/{next(_checks)}", store_of_group(), timeout_of_group()
    rank, size = distributed.get_rank(), distributed.get_world_size()
    store.set(f"{name}/here/{rank}", "")
    try:
        store.wait([f"{name}/here/{other}" for other in range(size)], timeout)
    except RuntimeError as error:
        away = [other for other in range(size) if not store.check([f"{name}/here/{other}"])]
        raise ProcessLost(
            f"process {', '.join(map(str, away))} has not called check_gradients within"
            f" {timeout.total_seconds():g} s: in a group every process calls it, with its shard. To"
            " check in one process alone, do so before init_process_group"
        ) from error
    group: Any = distributed.new_group(backend="gloo", timeout=timeout)
    try:
        yield Processes(rank, size, group, store, name)
    finally:
        distributed.destroy_process_group(group)


def _is_of_connection(error: Exception) -> bool:
    """True for what a collective of torch.distributed raises where another process has gone."""
    said = str(error).lower() if isinstance(error, RuntimeError) else ""
    return isinstance(error, distributed.DistError) or "gloo" in said or "nccl" in said
