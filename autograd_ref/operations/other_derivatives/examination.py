"""A derivative to examine as an operation of its own, or the reason why there is none."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from autograd_ref.calls.call import Gradients
from autograd_ref.observe.elsewhere import Place
from autograd_ref.operations.prepared import Prepared
from autograd_ref.recording.models.upstream import UPSTREAM, Words
from autograd_ref.report.data import Cause, Note


class Examination(NamedTuple):
    """A derivative, made ready as an operation."""

    kind: str
    """The kind of derivative, before the names of its blocks."""
    about: str
    """The reference that autograd differentiates, in a few words."""
    ready: Prepared
    subject: Gradients | None = None
    """The function under test, where it is not the operation that is ready."""
    places: tuple[Place, ...] = ()
    """Other ways to compute it."""
    judged: tuple[str, ...] = ()
    """The names of the blocks that are judged; empty for all."""
    words: Words = UPSTREAM
    """How its factors are called."""
    zeros: bool = False
    """True where a derivative may well be zero, as a second one."""
    further: bool = False
    """True where it is reported only if it does not match."""
    notes: tuple[Note, ...] = ()
    """Notes about what is not checked."""
    signs: Callable[[], Sequence[Note]] = tuple
    """Notes about what may explain a mismatch."""
    reworded: Callable[[Cause], Cause] = lambda cause: cause
    """The cause of a mismatch, in words for this kind of derivative."""


class Unavailable(NamedTuple):
    """A derivative that an operation lacks."""

    kind: str
    why: str
    """A clause."""
    fails: bool = False
    """True where the operation says that it has it, and raises."""
    further: bool = False
    """True where the others of its kind are there."""
