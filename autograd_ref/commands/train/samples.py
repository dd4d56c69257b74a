"""The samples that `crosscheck train` trains on: penguins, or a user's files, or shards of them."""

import argparse
import os
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from autograd_ref.assignment.training import Data, penguins
from autograd_ref.commands.options import Unusable
from autograd_ref.distributed.joining import joined
from autograd_ref.distributed.own_rows import RowsOfFile, own_rows, rows_of_file
from autograd_ref.distributed.summing import largest_of_all
from manual_backprop import NetworkShape, Parameters, initialize
from manual_backprop.threads import usable_cores

PENGUINS = "Palmer penguins: 280 to train on, 62 to test with"


class TrainingSamples(NamedTuple):
    """Where a run starts, and this process's samples."""

    start: Parameters
    data: Data
    about: str
    """All samples of all processes, in a few words."""


def group_of(chosen: argparse.Namespace) -> AbstractContextManager[tuple[int, int]]:
    """Return what joins the group that was asked for: the rank of this process, and their number.

    Raises:
        CannotJoin: in its context, there is no such group.
    """
    if not chosen.distributed:
        return nullcontext((0, 1))
    return joined(chosen.backend, chosen.timeout)


def own_cores() -> int:
    """Return how many cores there are for each process that torchrun started on this machine."""
    return max(1, usable_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def samples_of(chosen: argparse.Namespace, rank: int, size: int) -> TrainingSamples:
    """Return the samples of one process.

    Raises:
        Unusable: the files cannot be read, or do not fit together.
    """
    if chosen.data is None:
        start, data = penguins(
            chosen.seed, hidden=chosen.hidden, dtype=chosen.dtype, standardise=chosen.standardise
        )
        rows = own_rows(len(data.X), rank, size)
        own = data._replace(X=data.X[rows], Y=data.Y[rows])
        return TrainingSamples(start, own if chosen.distributed else data, PENGUINS)
    X, Y = _opened("--data", chosen.data), _opened("--targets", chosen.targets)
    if len(X.shape) != 2 or X.stored.kind != "f":
        raise Unusable(f"--data holds {_described(X)}; it needs floats of shape (S, N_I)")
    is_label = len(Y.shape) == 1 and Y.stored.kind in "iu"
    if not is_label and (len(Y.shape) != 2 or Y.stored.kind not in "iuf"):
        raise Unusable(
            f"--targets holds {_described(Y)}; it needs integer labels (S,), or rows (S, N_O)"
        )
    if len(X) != len(Y) or not len(X):
        raise Unusable(f"--data has {len(X)} rows and --targets {len(Y)}; they need to be as many")
    rows = own_rows(len(X), rank, size)
    own_X, own_Y = X.taken(rows, chosen.dtype), Y.taken(rows)
    outputs = int(largest_of_all(_largest_label(own_Y))) + 1 if is_label else Y.shape[-1]
    shape = NetworkShape(X.shape[1], chosen.hidden, outputs)
    about = f"{chosen.data}: {len(X):,} samples to train on"
    return TrainingSamples(
        initialize(shape, chosen.seed, dtype=chosen.dtype), Data(own_X, own_Y), about
    )


def _opened(option: str, name: str) -> RowsOfFile:
    try:
        return rows_of_file(name)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise Unusable(f"cannot read {option} {name!r} as a .npy file: {said}") from None


def _described(rows: RowsOfFile) -> str:
    return f"an array of dtype {rows.stored} and shape {rows.shape}"


def _largest_label(labels: RowsOfFile) -> float:
    step = 1 << 20
    starts = range(0, len(labels), step)
    return max((float(labels[start : start + step].max()) for start in starts), default=0.0)
