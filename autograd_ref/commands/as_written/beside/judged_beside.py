"""All that is judged beside a gradient that is right."""

from collections.abc import Mapping

from autograd_ref.adapting.adapter import Adapted
from autograd_ref.commands.as_written.beside.own_penalty import with_penalty
from autograd_ref.commands.as_written.beside.own_update import with_update
from autograd_ref.commands.as_written.beside.said_beside import SaidBeside


def judged_beside(
    one: Adapted, path: list[str], seed: int, given: Mapping[str, str]
) -> list[SaidBeside]:
    """Return the sentences on the penalty of code, and on its update, with what is wrong.

    Args:
        one: the adapter.
        path: that the code imports from.
        seed: for the problems on which they are judged.
        given: values for arguments, by name.
    """
    found = with_penalty(one, path, seed, given), with_update(one, path, seed)
    return [each for each in found if each is not None]
