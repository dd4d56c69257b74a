"""A run of a command: whatever happens in it, there is an exit status that says what."""

import argparse
import os
import platform
import sys
import traceback
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from autograd_ref.commands.destination import Destination, require_writable
from autograd_ref.commands.functions.world import (
    TimeUp,
    is_file,
    place_raised,
    raised_by_user,
    their_traceback,
)
from autograd_ref.commands.options import INTERRUPTED, UNUSABLE_INPUT, Unusable
from autograd_ref.commands.output import ReaderGone, print_whole, say
from autograd_ref.commands.parser import parsed
from autograd_ref.versions import installed

OWN_ERROR = 70
READER_GONE = 141

SPECS = ("function", "loss", "parameters")
"""The options that name a user's file, PATH.py:function."""

PACKAGES = ("numpy", "torch", "scipy")

IN_A_PROCESS = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
"""Unless they are set: small problems are slower on several threads, and a window that a user's
code opens would have to be closed by hand."""


def guarded(arguments: Sequence[str] | None) -> int:
    """Run the command with these arguments, None for the command line's; its exit status."""
    # Python has no stdout at all where the caller has closed it
    if sys.stdout is None:
        return _unusable("standard output is closed")
    if arguments is None:
        for name, value in IN_A_PROCESS.items():
            os.environ.setdefault(name, value)
    try:
        chosen = parsed(sys.argv[1:] if arguments is None else arguments)
        _require_destinations(chosen)
        status: int = chosen.run(chosen)
        print_whole()
    except SystemExit:
        raise
    except BaseException as error:
        return _status_after(error)
    return status


def _require_destinations(chosen: argparse.Namespace) -> None:
    """Make sure that all results can be written, and none over another or over a user's file."""
    targets = [item for item in vars(chosen).items() if isinstance(item[1], Destination)]
    for (name, target), (other, second) in combinations(sorted(targets, reverse=True), 2):
        if target.is_same(second):
            chosen.refuse(f"--{name} and --{other} both write to {target.name}")
    for name, target in targets:
        for spec in (getattr(chosen, option, None) or "" for option in SPECS):
            file = spec if is_file(spec) else spec.rpartition(":")[0]
            if file and target.path == Path(os.path.realpath(file)):
                chosen.refuse(f"--{name} would replace {file}")
        require_writable(target)


def _status_after(error: BaseException) -> int:
    """Say what has ended the run; the exit status that goes with it."""
    if isinstance(error, ReaderGone):
        return READER_GONE
    place = place_raised(error)
    if isinstance(error, KeyboardInterrupt):
        say("" if place is None else f"crosscheck: interrupted: {place}\n")
        return INTERRUPTED
    if isinstance(error, TimeUp):
        return _unusable(f"{error}" if place is None else f"{error}: {place}")
    if isinstance(error, Unusable):
        say(error.trace)
        return _unusable(str(error))
    if isinstance(error, MemoryError):
        return _unusable("this machine's memory is too small for that; try a smaller size")
    if raised_by_user(error):
        say(their_traceback(error))
        return _unusable(f"your code raises {type(error).__name__}; fix the error above")
    say("".join(traceback.format_exception(error)))
    say(
        "crosscheck: this is an error of crosscheck's own, and says nothing about your gradient;"
        f" please report it with the lines above, your command and your file ({_versions()})\n"
    )
    return OWN_ERROR


def _unusable(message: str) -> int:
    """Write the message in one line; return the exit status that goes with it."""
    say(f"crosscheck: {message}\n")
    return UNUSABLE_INPUT


def _versions() -> str:
    """The versions that an error may depend on; nothing is loaded for it."""
    from autograd_ref import __version__

    found = installed(*PACKAGES)
    packages = [f"{name} {found[name]}" if name in found else f"no {name}" for name in PACKAGES]
    return (
        f"crosscheck {__version__}, Python {platform.python_version()}, {', '.join(packages)},"
        f" {platform.system()} on {platform.machine()}"
    )
