"""The function that was checked, and the convention in which it was called, in words."""

from typing import NamedTuple

from autograd_ref.commands.functions.convention_search import Detected
from autograd_ref.commands.paragraphs import counted

OPTIONS = "--theta, --targets, --layout, --biases"


class CheckedFunction(NamedTuple):
    """The function that was checked, and how it was called."""

    name: str
    detected: Detected | None = None
    """None for a model of the user's own."""
    convention_given: bool = False
    """True if the options leave nothing of its convention to detect."""
    shape_given: bool = False
    name_given: bool = True
    """True if the user named the function, and not its file alone."""
    loss: str | None = None
    parameters: str | None = None
    notes: tuple[str, ...] = ()
    """Sentences on what else its file defines or fails at."""
    how: tuple[str, ...] = ()
    """How it was called, where that was found in code as it stands; in paragraphs."""
    network: str = ""
    """The network that it was checked against, where it is not the built-in one."""
    right_for: str = ""
    """The usual networks that it is right for, as a paragraph; empty where that was not asked."""


def heading(function: CheckedFunction) -> str:
    """The name of the function, and of its loss where it has one of its own."""
    if function.loss is not None:
        return f"{function.name} against {function.loss}"
    if function.network:
        return f"{function.name} against {function.network}"
    if function.how:
        return function.name
    only = "" if function.name_given else ", the only function there that takes (parameters, X, Y)"
    return f"{function.name}{only}"


def called(function: CheckedFunction) -> list[str]:
    """The convention in which a function of the built-in network was called, and the notes."""
    return [*_convention(function), *function.how, *function.notes]


def _convention(function: CheckedFunction) -> list[str]:
    if function.detected is None:
        return []
    detected = function.detected
    convention, (shape, samples) = detected.convention, detected.fixed
    if function.convention_given:
        lines = [f"Called with {convention}, as the options say."]
    elif detected.right:
        lines = [f"Called with {convention}, detected automatically ({convention.options})."]
    else:
        tried = tried_in(detected)
        running = sum(tried.values())
        run = "runs" if running == 1 else "run"
        lines = [
            f"Called assuming {convention} (closest of {counted(len(tried), 'convention')},"
            f" {running} of which {run}; choose another with {OPTIONS}; this one is"
            f" {convention.options})."
        ]
    if shape is not None:
        fixed = "" if function.shape_given else "Its dimensions seem to be hard-coded. "
        many = "" if samples is None else f", S = {samples}"
        dimensions = f"{shape.inputs}, {shape.hidden}, {shape.outputs}{many}"
        lines.append(f"{fixed}Checked with N_I, N_H, N_O = {dimensions} only.")
    return lines


def tried_in(detected: Detected) -> dict[str, bool]:
    """The conventions in their order, and whether the function runs in them."""
    ran = {one.convention for one in detected.attempts if one.report is not None}
    return {str(one.convention): one.convention in ran for one in detected.attempts}
