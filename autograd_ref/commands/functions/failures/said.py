"""Messages about a file that was run in part: why a name is not there, or which lines failed."""

import ast
import builtins

from autograd_ref.commands.functions.failures.remedies import remedy
from autograd_ref.commands.functions.files.namespace import Namespace
from autograd_ref.commands.functions.files.needs import links_in, reached
from autograd_ref.commands.functions.files.running import Failure
from autograd_ref.commands.functions.files.statements import ANYTHING
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.world import their_traceback
from autograd_ref.report.words import listed
from autograd_ref.user_code import worded

LONGEST = 120
"""Characters of an exception's text in a sentence about something else. Chosen: a line or two."""


def missing_need(namespace: Namespace, name: str) -> tuple[str, Failure] | None:
    """A name that this one needs and that could not be made, with why; None where there is none."""
    links = links_in(namespace.program.statements)
    missing = namespace.program.missing
    needed = reached(links, [name.partition(".")[0]])
    lacking = [(other, missing[other]) for other in sorted(needed) if other in missing]
    if ANYTHING in missing:
        known = vars(namespace.module).keys() | vars(builtins).keys()
        lacking += [(other, missing[ANYTHING]) for other in sorted(needed - known)]
    # rather what the failure itself would have made than what follows from it
    return min(lacking, key=lambda one: one[0] not in one[1].names, default=None)


def is_sound(namespace: Namespace, name: str) -> bool:
    """Tell whether a name is there, with all that it needs."""
    return name in vars(namespace.module) and missing_need(namespace, name) is None


def refusal(namespace: Namespace, name: str = "") -> UserCodeError | None:
    """The error for a name that a failure keeps from being used; None where it can be used.

    Without a name, the error for the first failure.
    """
    first = name.partition(".")[0]
    need = missing_need(namespace, first) if first else None
    if need is None:
        there = first in vars(namespace.module)
        if not there and _below_guard(namespace, first):
            return UserCodeError(
                f"{first} is made below if __name__ == '__main__' in {namespace.file}, which does"
                " not run when it is imported; make it above that line"
            )
        if there or not namespace.failures:
            return None
        need = first, namespace.failures[0]
    other, failure = need
    file = namespace.file
    needed = other if other != first else ""
    advice = remedy(failure.error, file, notebook=namespace.is_notebook, needed=needed)
    what = f"cannot import {file}"
    if needed:
        what = f"{name} needs {other}, and {failure.where} of {file} cannot make it"
    elif namespace.is_notebook:
        what = f"cannot run {failure.where} of {file}"
    return UserCodeError(f"{what} ({failure.kind}); {advice}", their_traceback(failure.error))


def notes_on(namespace: Namespace, name: str) -> tuple[str, ...]:
    """Notes on a name that can be used: its other definitions, and failures of its file.

    Without a name, on what is found in the file.
    """
    first = name.partition(".")[0]
    notes: list[str] = []
    defining = [one for one in namespace.program.statements if one.defines and first in one.binds]
    if len(defining) > 1:
        places = [one.where for one in defining]
        choose = "; --cells chooses another" if places[-1].startswith("cell") else ""
        notes.append(
            f"{namespace.file} defines {first} in {listed(places)}; the last one counts{choose}."
        )
    if namespace.failures:
        failure, others = namespace.failures[0], len(namespace.failures) - 1
        more = f", as {others} more could not" if others else ""
        text = " ".join(worded(failure.error).split())
        text = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
        notes.append(
            f"{failure.where.capitalize()} of {namespace.file} could not be run ({text}){more};"
            f" {name or 'what is called'} does not need it."
        )
    return tuple(notes)


def _below_guard(namespace: Namespace, name: str) -> bool:
    """True for a name that is bound only where a file is run as a program."""
    binding = [one.node for one in namespace.program.statements if name in one.binds]
    return bool(binding) and all(
        isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in binding
    )
