"""The crosscheck command: what happens around a run, whichever it is.

Exit status: 0 match, 1 mismatch, 2 unusable input, 3 inconclusive, 130 interrupted, 141 when
whoever was reading the output has gone.
"""

import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130
READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (by default the command line's); its exit status."""
    try:
        # imported here, so that an interrupt while PyTorch loads ends as quietly as any other
        from autograd_ref.commands import main_job

        status = main_job.run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except MemoryError:
        from autograd_ref.commands import options

        return options.unusable("this machine's memory is too small for that; try a smaller size")
    except BrokenPipeError:
        # what Python still holds back must not be written at exit, where it would fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return status
