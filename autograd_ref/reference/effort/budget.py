"""The budget of the searches for a wrong step: their time and memory, and how far they came."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import thread_time
from typing import TypeVar

from autograd_ref.reference.effort.waiting import nothing, waiting

Item = TypeVar("Item")

SECONDS = 20.0
"""Seconds of computing that the searches for what gives one gradient take together. Chosen: the
small models that people check take a second; longer than this nobody waits for a name."""

BYTES = 2**30
"""Bytes that a search takes at most for how far the values of a record move. Chosen: a gigabyte is
there on any machine."""

AT_ONCE = BYTES // 8
"""Bytes of the slips that are tried together, of which there are some copies. Chosen."""

LARGE = 100_000
"""Computed numbers in a record from which the search is done on a few samples first. Chosen: below,
it takes a second or two."""

LEAST_SAMPLES = 2
FEW_SAMPLES = (5, 7, 6, 9, 11, 13)
"""Few samples: the first number that is no other size there, or less where the record would still
be ten times as large. Chosen: five rows tell as much of a step as thousands."""


class Budget:
    """The time of the searches for what gives one gradient, and what was tried in it."""

    def __init__(self) -> None:
        self._where = ""
        self._seconds, self._used, self._cut = SECONDS, 0.0, ""
        self._tried: dict[str, tuple[int, int]] = {}
        self._now = thread_time()
        self._show: Callable[..., None] = nothing

    @contextmanager
    def running(self) -> Generator[None]:
        """Spend time inside, with a progress bar for whoever waits at a terminal."""
        self._now = thread_time()
        with waiting(self._seconds, "wrong step") as show:
            self._show = show
            self._show(self._used)
            try:
                yield
            finally:
                _ = self.is_spent()
                self._show = nothing

    @contextmanager
    def on(self, where: str) -> Generator[None]:
        """Count what is tried inside by itself.

        Args:
            where: the data that are searched on, as the end of a phrase.
        """
        self._where = where
        try:
            yield
        finally:
            self._where = ""

    def is_spent(self) -> bool:
        """Return whether no time is left."""
        before, self._now = self._now, thread_time()
        self._used += self._now - before
        self._show(self._now - before)
        if self._used >= self._seconds:
            self._cut = f"after {self._seconds:g} s of computing, which it may take"
        return self._used >= self._seconds

    def each(self, kind: str, items: Sequence[Item]) -> Iterator[Item]:
        """Yield items to be tried, as long as there is time.

        Args:
            kind: the name of such items, in the plural.
            items: all of them.
        """
        name = f"{kind}{self._where}"
        done, total = self._tried.get(name, (0, 0))
        total += len(items)
        for item in items:
            self._tried[name] = done, total
            if self.is_spent():
                return
            yield item
            done += 1
            self._tried[name] = done, total

    def allows(self, size: float) -> bool:
        """Return whether there are so many bytes; if not, the search is cut off."""
        if size > BYTES:
            self._cut = (
                self._cut or f"where it would take {size / 1e9:.2g} GB, {BYTES / 1e9:.2g} allowed"
            )
        return size <= BYTES

    def leave_out(self, items: str) -> None:
        """Cut the search off: some items are not tried.

        Args:
            items: how many of what.
        """
        self._cut = self._cut or f"before {items}{self._where}"

    @property
    def stopped(self) -> str:
        """The reason why the search stopped, and how far it came; empty where it did not."""
        if not self._cut:
            return ""
        return f"The search for a wrong step stopped {self._cut}{_said(self._tried)}."


def _said(tried: Mapping[str, tuple[int, int]]) -> str:
    parts = [f"{done} of {total} {name}" for name, (done, total) in tried.items() if total]
    return f"; it had tried {', '.join(parts)}" if parts else ""
