"""Processes of a torch.distributed group over gloo, for tests: started once, and asked often."""

import os
import pickle
import signal
import socket
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Self

from manual_backprop.backends import VARIABLE

LONG = timedelta(seconds=120)


class ProcessGroup:
    """So many processes of one group; each calls what it is given, and sends back the result."""

    def __init__(self, count: int, timeout: timedelta = LONG, *, joined: bool = True) -> None:
        """Start them; they do not join a group where that is left to what they call."""
        self._folder = tempfile.TemporaryDirectory()
        file = str(Path(self._folder.name) / "store") if joined else ""
        context, port = get_context("spawn"), _free_port()
        pairs = [context.Pipe() for _rank in range(count)]
        self._pipes = [mine for mine, _its in pairs]
        self.processes = [
            context.Process(target=_serve, args=(rank, count, port, file, timeout, its))
            for rank, (_mine, its) in enumerate(pairs)
        ]
        for process in self.processes:
            process.start()
        for _mine, its in pairs:
            its.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self.processes:
            process.join(10)  # in which coverage writes what it has seen
            process.kill()
        self._folder.cleanup()

    def call(self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return what every process returns, or the error that it raises, by rank."""
        self.start(function, arguments)
        return self.results()

    def start(self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> None:
        """Let every process call a function, each with its arguments."""
        for pipe, own in zip(self._pipes, arguments, strict=True):
            pipe.send((function, own))

    def results(self) -> list[Any]:
        """Wait for what they return, or raise."""
        return [*map(self.result, range(len(self._pipes)))]

    def result(self, rank: int) -> Any:
        """Wait for what one of them returns, or raises."""
        try:
            return pickle.loads(self._pipes[rank].recv())
        except EOFError:
            return ProcessLookupError("the process has ended")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _serve(rank: int, count: int, port: int, file: str, timeout: timedelta, pipe: Any) -> None:
    as_torchrun = {"RANK": rank, "WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1"}
    for name, value in {**as_torchrun, "MASTER_PORT": port, "OMP_NUM_THREADS": 1}.items():
        os.environ[name] = str(value)
    os.environ[VARIABLE] = "numpy"  # or every process would compile
    # A shell that starts the tests in the background has them ignore it.
    _ = signal.signal(signal.SIGINT, signal.default_int_handler)
    import torch
    from torch import distributed

    torch.set_num_threads(1)
    if file:
        distributed.init_process_group(
            "gloo", init_method=f"file://{file}", rank=rank, world_size=count, timeout=timeout
        )
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            break
        try:
            found = pickle.dumps(function(*arguments))
        except Exception as error:
            found = pickle.dumps(error)
        pipe.send(found)
    os._exit(0)  # a group that has lost a process cannot be left in order
