"""`python -m benchmarks checkers`: what the gradient check finds and costs, beside its peers."""

import argparse
import sys
from collections.abc import Sequence

from benchmarks import checkers


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a benchmark with these arguments (by default the command line's); its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checkers.add_to(commands)
    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
