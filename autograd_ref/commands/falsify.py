"""`crosscheck falsify PATH.py:function`: the smallest problem on which a gradient is wrong."""

import argparse
import json
import sys
from collections.abc import Sequence

from autograd_ref.assignment.conventions import Convention, Gradients, adapter, said_in
from autograd_ref.assignment.small_problems import small_problems
from autograd_ref.check import check_gradients
from autograd_ref.commands import network_options, options
from autograd_ref.commands.check_show import filled
from autograd_ref.commands.loading import UserCodeError, load, require_arguments
from autograd_ref.commands.output import why_unwritable, why_unwritten
from autograd_ref.commands.progress import progress
from autograd_ref.counterexample import Counterexample, falsify

DESCRIPTION = """Search for the smallest problem on which a gradient of your own is wrong, or
raises.

PATH.py:function (or package.module:function) is called as by crosscheck check, with the same
options; the problems have one to three of everything, and parameters of few digits."""

EPILOG = """Exit status: 0 nothing found, 1 found, 2 unusable input."""


def run(arguments: Sequence[str]) -> int:
    """Search, show, and return the exit status."""
    chosen = _parse(arguments)
    reason = why_unwritable(chosen.json)
    if reason:
        return options.unusable(reason)
    try:
        function = load(chosen.function)
        require_arguments(function, chosen.function, ["parameters", "X", "Y"])
        found = network_options.convention_of(function, chosen)
    except UserCodeError as error:
        sys.stderr.write(error.trace)
        return options.unusable(str(error))
    if found.fixed.shape is not None:
        return options.unusable(
            f"{chosen.function} seems to have its dimensions written in, so that there is nothing"
            " smaller; crosscheck check looks at it with those"
        )
    convention = found.convention
    gradients = adapter(function, convention)
    problems = small_problems(one_hot=convention.targets == "one-hot")
    bar = progress()
    task = bar.add_task("search", total=chosen.examples)
    with bar:
        smallest = falsify(
            gradients,
            max_examples=chosen.examples,
            seed=chosen.seed,
            problems=problems,
            watch=lambda phase: bar.update(task, description=phase, advance=1),
        )
    if smallest is not None:
        smallest = _with_code(smallest, function, convention, chosen.function)
        if smallest.report is not None:
            smallest = smallest._replace(report=said_in(convention, smallest.report))
    if chosen.json != "-":
        sys.stdout.write(_as_text(chosen, convention, smallest))
    if chosen.json is not None:
        reason = why_unwritten(chosen.json, _as_json(chosen, convention, smallest))
        if reason:
            return options.unusable(reason)
    return 0 if smallest is None else 1


def _as_text(
    chosen: argparse.Namespace, convention: Convention, smallest: Counterexample | None
) -> str:
    called = filled(f"Called with {convention} ({convention.options}).")
    called = f"{chosen.function}\n{called}\n\n"
    if smallest is None:
        return f"{called}Right, or not shown to be wrong, on {chosen.examples} problems.\n"
    shape = smallest.parameters.shape
    found = filled(
        "The smallest problem found on which it is wrong has N_I, N_H, N_O ="
        f" {shape.inputs}, {shape.hidden}, {shape.outputs} and S = {len(smallest.X)}."
    )
    return f"{called}{found}\n\n{smallest}"


def _with_code(
    smallest: Counterexample, function: Gradients, convention: Convention, spec: str
) -> Counterexample:
    """With code that calls the function by its name, and as it wants to be called."""
    name = spec.rpartition(":")[2]
    first, gradients = "", f"gradients = {name}\n" if name != "gradients" else ""
    if not _is_understood(function, convention, smallest):
        first = "from autograd_ref.assignment.conventions import Convention, adapter\n"
        gradients = f"gradients = adapter({name}, {convention!r})\n"
    return smallest._replace(code=f"{first}{smallest.code.replace('print(', f'{gradients}print(')}")


def _is_understood(function: Gradients, convention: Convention, smallest: Counterexample) -> bool:
    """Whether the check says the same of it without an adapter."""
    if convention != Convention(targets=convention.targets):
        return False
    try:
        plain = check_gradients(function, *smallest.arguments)
    except Exception:
        return smallest.report is None
    return smallest.report is not None and str(plain) == str(smallest.report)


def _as_json(
    chosen: argparse.Namespace, convention: Convention, smallest: Counterexample | None
) -> str:
    content: dict[str, object] = {
        "schema": 1,
        "function": chosen.function,
        "convention": str(convention),
        "examples": chosen.examples,
        "seed": chosen.seed,
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


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = options.parser(DESCRIPTION)
    parser.prog, parser.epilog = "crosscheck falsify", EPILOG
    parser.add_argument("function", help="PATH.py:function or package.module:function")
    network_options.add(parser)
    parser.add_argument(
        "--examples",
        type=options.integer(1),
        default=200,
        metavar="N",
        help="problems to try before giving up (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=options.integer(0), default=0, help="for the search (default: %(default)s)"
    )
    options.add_json(parser)
    return parser.parse_args(arguments)
