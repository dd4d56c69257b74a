"""The result of `crosscheck falsify` as text and as JSON."""

import json
from typing import NamedTuple

from autograd_ref.assignment.conventions import Convention
from autograd_ref.commands.paragraphs import counted, filled, verdict_coloured
from autograd_ref.counterexample import Counterexample
from autograd_ref.report.table import PLAIN, Display

SCHEMA = 1


class Searched(NamedTuple):
    """The function, the convention in which it was called, and how long the search was."""

    function: str
    convention: Convention
    examples: int
    seed: int


def as_text(searched: Searched, smallest: Counterexample | None, display: Display = PLAIN) -> str:
    """The problem and the report on it, and how the function was called."""
    convention = searched.convention
    called = f"Called with {convention} ({convention.options})."
    if smallest is None:
        problems = counted(searched.examples, "problem")
        none = f"{searched.function}: no problem found on which it is wrong, of {problems}."
        return f"{filled(f'{none} {called}', display)}\n"
    shape = smallest.parameters.shape
    does = "does harm" if smallest.does_harm else "is wrong"
    found = (
        f"{searched.function}: the smallest problem found on which it {does} has N_I, N_H, N_O ="
        f" {shape.inputs}, {shape.hidden}, {shape.outputs} and S = {len(smallest.X)}."
    )
    return f"{filled(f'{found} {called}', display)}\n\n{verdict_coloured(str(smallest), display)}\n"


def as_json(searched: Searched, smallest: Counterexample | None) -> str:
    """The content as JSON."""
    content: dict[str, object] = {
        "schema": SCHEMA,
        "function": searched.function,
        "convention": str(searched.convention),
        "examples": searched.examples,
        "seed": searched.seed,
        "counterexample": None,
    }
    if smallest is not None:
        arguments = {n: a.tolist() for n, a in smallest.parameters._asdict().items()}
        content["counterexample"] = {
            **arguments,
            "X": smallest.X.tolist(),
            "Y": smallest.Y.tolist(),
            "says": smallest.says,
            "error": None if smallest.error is None else repr(smallest.error),
            "report": smallest.report and smallest.report.to_dict(),
            "code": smallest.code,
        }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
