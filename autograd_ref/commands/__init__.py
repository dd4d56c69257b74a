"""The crosscheck command: what happens around a run, whichever it is.

Exit status: 0 match, 1 mismatch, 2 unusable input, 3 inconclusive, 130 interrupted, 141 when
whoever was reading the output has gone.
"""

import os
import sys
from collections.abc import Sequence

from autograd_ref.commands import options

READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (by default the command line's); its exit status."""
    # Python has no stdout at all where the caller has closed it
    if sys.stdout is None:
        return options.unusable("standard output is closed")
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        # imported here, so that an interrupt while PyTorch loads ends as quietly as any other
        if given[:1] == ["check"]:
            from autograd_ref.commands import check

            status = check.run(given[1:])
        elif given[:1] == ["falsify"]:
            from autograd_ref.commands import falsify

            status = falsify.run(given[1:])
        elif given[:1] == ["selftest"]:
            from autograd_ref.commands import selftest

            status = selftest.run(given[1:])
        elif given[:1] == ["train"]:
            from autograd_ref.commands import train

            status = train.run(given[1:])
        elif given and not given[0].startswith("-"):
            known = "there are check, falsify, selftest and train, or none at all"
            status = options.unusable(f"{given[0]!r} is no command; {known}")
        else:
            from autograd_ref.commands import main_job

            status = main_job.run(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return options.INTERRUPTED
    except MemoryError:
        return options.unusable("this machine's memory is too small for that; try a smaller size")
    except BrokenPipeError:
        _give_up_output()
        return READER_GONE
    except OSError as error:
        _give_up_output()
        return options.unusable(f"cannot write standard output: {error.strerror}")
    return status


def _give_up_output() -> None:
    """What Python still holds back must not be written at exit, where it would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
