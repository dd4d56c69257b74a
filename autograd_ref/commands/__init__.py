"""The crosscheck command.

Exit status: 0 passed, 1 mismatch, 2 unusable input or usage, 3 inconclusive, 70 an error of our
own, 130 interrupted, 141 when the reader of the output has gone.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run the command with these arguments (by default the command line's); its exit status."""
    try:
        # loaded here, so that an interrupt meanwhile ends as quietly as any other
        from autograd_ref.commands.guard import guarded

        return guarded(arguments)
    except KeyboardInterrupt:
        return 130
