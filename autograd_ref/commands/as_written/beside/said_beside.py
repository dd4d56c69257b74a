"""The outcome of a check of what code has beside a gradient that is right."""

from typing import NamedTuple

from autograd_ref.commands.check.problems import Checked


class SaidBeside(NamedTuple):
    """A sentence on it, and the problem on which it is wrong."""

    sentence: str
    """Empty where the problem says it all."""
    wrong: Checked | None = None
    """The problem on which it is wrong, and its report."""
