"""Compare gradients and gradient checkers with other tools; README.md explains the tables."""

import argparse
import sys
from collections.abc import Sequence

from benchmarks import accuracy, checkers, parallel, products, scaling, speed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark that the arguments (default: sys.argv) name, and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    speed.add_to(commands)
    products.add_to(commands)
    scaling.add_to(commands)
    parallel.add_to(commands)
    accuracy.add_to(commands)
    checkers.add_to(commands)
    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
