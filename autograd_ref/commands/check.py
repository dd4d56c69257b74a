"""`crosscheck check PATH.py:function`: a user's own gradient against the reference."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence

from autograd_ref.commands import check_show, network_options, options
from autograd_ref.commands.check_problems import (
    Checked,
    model_cases,
    model_reports,
    network_cases,
    network_reports,
    verdict_of,
)
from autograd_ref.commands.loading import (
    UserCodeError,
    load,
    require_arguments,
)
from autograd_ref.commands.output import why_unwritable, why_unwritten
from autograd_ref.commands.progress import progress

DESCRIPTION = """Hold a gradient of your own against autograd, entry by entry.

PATH.py:function (or package.module:function) is called as function(parameters, X, Y) and returns
the gradients, or (loss, gradients), of the assignment's network: the mean cross-entropy of a
softmax over one hidden layer of softplus units. How it wants its arguments is found out by trying;
the options below choose it. The check is on the Palmer penguins and on random problems whose
dimensions all differ."""

EPILOG = """Exit status: 0 match, 1 mismatch, 2 unusable input, 3 inconclusive."""


def run(arguments: Sequence[str]) -> int:
    """Check, show, and return the exit status."""
    chosen = _parse(arguments)
    reason = why_unwritable(chosen.json, chosen.html)
    if reason:
        return options.unusable(reason)
    try:
        about, results = _checked(chosen)
    except UserCodeError as error:
        sys.stderr.write(error.trace)
        return options.unusable(str(error))
    return _shown(chosen, about, results)


def _checked(chosen: argparse.Namespace) -> tuple[check_show.About, list[Checked]]:
    function = load(chosen.function)
    if chosen.loss is not None:
        loss, make = load(chosen.loss), load(chosen.parameters)
        cases = model_cases(make, chosen.parameters, chosen.problems, chosen.seed)
        names = ["parameters", *(f"data_{i}" for i in range(1, len(cases[0].arguments)))]
        require_arguments(function, chosen.function, names)
        require_arguments(loss, chosen.loss, names)
        try:
            results = _watched(model_reports(function, loss, cases), len(cases))
        except (TypeError, ValueError) as error:  # arguments that check_gradients cannot use
            raise UserCodeError(str(error)) from error
        about = check_show.About(chosen.function, loss=chosen.loss, parameters=chosen.parameters)
        return about, results
    require_arguments(function, chosen.function, ["parameters", "X", "Y"])
    found = network_options.convention_of(function, chosen)
    cases = network_cases(found, chosen.problems, chosen.seed)
    results = _watched(network_reports(function, found.convention, cases), len(cases))
    plain = found.convention.biases == (chosen.biases or "vectors")
    given = bool(chosen.theta and chosen.layout and chosen.targets and plain)
    shape_given = chosen.shape is not None
    return check_show.About(chosen.function, found, given, shape_given), results


def _watched(results: Iterable[Checked], count: int) -> list[Checked]:
    """All of them, behind a progress bar."""
    bar = progress()
    with bar:
        return list(bar.track(results, total=count, description="problems"))


def _shown(chosen: argparse.Namespace, about: check_show.About, results: Sequence[Checked]) -> int:
    files: dict[str, Callable[[], str]] = {}
    if chosen.json is not None:
        files[chosen.json] = lambda: check_show.as_json(about, results)
    if chosen.html is not None:
        files[chosen.html] = lambda: check_show.as_html(about, results)
    if "-" not in files:
        sys.stdout.write(check_show.as_text(about, results))
    for name, content in files.items():
        reason = why_unwritten(name, content())
        if reason:
            return options.unusable(reason)
    return options.EXIT_STATUS[verdict_of(results)]


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = options.parser(DESCRIPTION)
    parser.prog, parser.epilog = "crosscheck check", EPILOG
    parser.add_argument("function", help="PATH.py:function or package.module:function")
    network_options.add(parser)
    other = parser.add_argument_group("another model")
    other.add_argument(
        "--loss",
        metavar="PATH.py:function",
        help="its loss in PyTorch, loss(parameters, *data) -> scalar tensor, or in NumPy",
    )
    other.add_argument(
        "--parameters",
        metavar="PATH.py:function",
        help="make(), or make(seed) if it takes an argument, returns a tuple of two: parameters"
        " (any nest of arrays) and data, itself a tuple: what follows parameters in each call",
    )
    parser.add_argument(
        "--problems",
        type=options.integer(1),
        default=10,
        metavar="N",
        help="how many random problems in float64, or seeds of the other model (default:"
        " %(default)s)",
    )
    parser.add_argument(
        "--seed", type=options.integer(0), default=0, help="the first (default: %(default)s)"
    )
    options.add_json(parser)
    parser.add_argument(
        "--html", metavar="FILE", help="write the report as a page of HTML; - for stdout"
    )
    chosen = parser.parse_args(arguments)
    if (chosen.loss is None) != (chosen.parameters is None):
        parser.error("--loss and --parameters belong together: give both or neither")
    conventions = (chosen.theta, chosen.targets, chosen.layout, chosen.biases, chosen.shape)
    if chosen.loss is not None and any(conventions):
        parser.error(
            "--theta, --targets, --layout, --biases and --shape are for the assignment's network,"
            " not for the model of --loss"
        )
    if chosen.json is not None and chosen.json == chosen.html:
        parser.error(f"--json and --html both write to {chosen.json}")
    return chosen
