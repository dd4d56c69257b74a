"""`crosscheck falsify`: the order of events."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from autograd_ref.assignment.conventions import Convention, Gradients, adapter, said_in
from autograd_ref.assignment.small_problems import small_problems
from autograd_ref.check import examine, trial_of
from autograd_ref.commands.falsify.show import Searched, as_json, as_text
from autograd_ref.commands.functions.convention import convention_of
from autograd_ref.commands.options import Unusable
from autograd_ref.commands.output import write_results
from autograd_ref.commands.paragraphs import printed
from autograd_ref.commands.progress import stepping
from autograd_ref.counterexample import Counterexample, falsify
from autograd_ref.user_code import Raised, attempt


def run(chosen: argparse.Namespace, spec: str, function: Callable[..., Any]) -> int:
    """Search with the function that spec names, show, and return the exit status."""
    detected = convention_of(function, spec, chosen)
    if detected.fixed.shape is not None:
        raise Unusable(
            f"{spec} seems to have its dimensions hard-coded, so that no problem can be smaller;"
            " crosscheck check can check it with those"
        )
    convention = detected.convention
    with stepping("search", chosen.examples) as watch:
        smallest = falsify(
            adapter(function, convention),
            max_examples=chosen.examples,
            seed=chosen.seed,
            problems=small_problems(one_hot=convention.targets == "one-hot"),
            watch=watch,
        )
    if smallest is not None:
        smallest = _with_code(smallest, function, convention, spec)
        if smallest.report is not None:
            smallest = smallest._replace(report=said_in(convention, smallest.report))
    searched = Searched(spec, convention, chosen.examples, chosen.seed)
    files = {chosen.json: partial(as_json, searched, smallest)}
    write_results(printed(as_text, searched, smallest), files)
    return 0 if smallest is None else 1


def _with_code(
    smallest: Counterexample, function: Gradients, convention: Convention, spec: str
) -> Counterexample:
    """The counterexample with code that calls the function by its name and in its convention."""
    name = spec.rpartition(":")[2]
    first, gradients = "", f"gradients = {name}\n" if name != "gradients" else ""
    if not _needs_no_adapter(function, convention, smallest):
        first = "from autograd_ref.conventions import Convention, adapter\n"
        gradients = f"gradients = adapter({name}, {convention!r})\n"
    return smallest._replace(code=f"{first}{smallest.code.replace('print(', f'{gradients}print(')}")


def _needs_no_adapter(
    function: Gradients, convention: Convention, smallest: Counterexample
) -> bool:
    """True if the check reports the same without an adapter."""
    if convention != Convention(targets=convention.targets):
        return False
    parameters, *data = smallest.arguments
    plain = attempt(lambda: examine(trial_of(function, parameters, (*data,))))
    if isinstance(plain, Raised):
        return smallest.report is None
    return smallest.report is not None and str(plain) == str(smallest.report)
