"""The crosscheck command: what happens around a run, whichever command it is.

Exit status: 0 passed, 1 mismatch, 2 unusable input or usage, 3 inconclusive, 130 interrupted, 141
when the reader of the output has gone.
"""

import os
import sys
from collections.abc import Sequence

from autograd_ref.commands.options import INTERRUPTED, UNUSABLE_INPUT, Unusable
from autograd_ref.commands.parser import parsed

READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (by default the command line's); its exit status."""
    # Python has no stdout at all where the caller has closed it
    if sys.stdout is None:
        return _unusable("standard output is closed")
    if arguments is None:  # in a process of its own; small problems are slower on several threads
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        chosen = parsed(sys.argv[1:] if arguments is None else arguments)
        # loads PyTorch, so that an interrupt meanwhile ends as quietly as any other
        status: int = chosen.run(chosen)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Unusable as error:
        sys.stderr.write(error.trace)
        return _unusable(str(error))
    except MemoryError:
        return _unusable("this machine's memory is too small for that; try a smaller size")
    except BrokenPipeError:
        _give_up_output()
        return READER_GONE
    except OSError as error:
        _give_up_output()
        return _unusable(f"cannot write standard output: {error.strerror}")
    return status


def _unusable(message: str) -> int:
    """Write the message in one line; return the exit status that goes with it."""
    sys.stderr.write(f"crosscheck: {message}\n")
    return UNUSABLE_INPUT


def _give_up_output() -> None:
    """Drop what Python still holds back: written at exit, it would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
