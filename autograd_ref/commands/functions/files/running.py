"""A file that is run statement by statement: what fails is noted, and what needs it is left out."""

from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

from autograd_ref.commands.functions.files.harmless import is_left_out
from autograd_ref.commands.functions.files.statements import LOOPS, Piece
from autograd_ref.commands.functions.world import TimeUp


class Failure(NamedTuple):
    """A part of a file that could not be run."""

    where: str
    """Its line, and in a notebook its cell."""
    error: BaseException
    names: frozenset[str] = frozenset()
    """Names that it would have bound."""

    @property
    def kind(self) -> str:
        """The type of the exception."""
        return type(self.error).__name__


class Program:
    """A file on its way: how far it has run in its module, and what has failed so far."""

    def __init__(self, statements: Sequence[Piece], failures: Sequence[Failure] = ()) -> None:
        self.statements = tuple(statements)
        self.failures = list(failures)
        self.missing = {name: failure for failure in failures for name in failure.names}
        self.done = 0

    def run(self, module: ModuleType, end: int) -> None:
        """Run in the module what has not been run before this statement."""
        while self.done < end:
            one = self.statements[self.done]
            self.done += 1
            if not is_left_out(one):
                self.step(module, one)

    def step(self, module: ModuleType, one: Piece) -> None:
        """Run one statement, unless what it reads is missing."""
        blocking = [self.missing[name] for name in sorted(one.reads) if name in self.missing]
        if blocking:
            self.lose(module, one, blocking[0])
            return
        try:
            exec(one.code, vars(module))
        except (KeyboardInterrupt, TimeUp):
            raise
        except BaseException as error:
            failure = Failure(one.where, error, one.binds | one.changes)
            self.failures.append(failure)
            self.lose(module, one, failure)
        else:
            for name in one.binds:
                _ = self.missing.pop(name, None)

    def lose(self, module: ModuleType, one: Piece, failure: Failure) -> None:
        """Take away what a statement would have made, so that nobody takes an older value for it.

        In a loop that fails on its way, what was there before has a value that it has had.
        """
        there = vars(module)
        for name in one.binds | one.changes:
            kept = isinstance(one.node, LOOPS) and name in there
            if not kept and not isinstance(there.get(name), ModuleType):
                _ = there.pop(name, None)
                self.missing[name] = failure
