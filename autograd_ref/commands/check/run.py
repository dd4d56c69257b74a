"""`crosscheck check`: the order of events."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from autograd_ref.commands.check.called import CheckedFunction
from autograd_ref.commands.check.problems import (
    Checked,
    model_cases,
    model_reports,
    network_cases,
    network_reports,
    outcome_of,
)
from autograd_ref.commands.check.show import as_html, as_json, as_text
from autograd_ref.commands.functions.convention import convention_of
from autograd_ref.commands.functions.loading import require_arguments
from autograd_ref.commands.options import EXIT_STATUS
from autograd_ref.commands.output import write_results
from autograd_ref.commands.paragraphs import printed
from autograd_ref.commands.progress import progress

Function = Callable[..., Any]


def check_network(chosen: argparse.Namespace, spec: str, function: Function) -> int:
    """Check a gradient of the built-in network, named by spec; show, and return the exit status."""
    detected = convention_of(function, spec, chosen)
    cases = network_cases(detected, chosen.problems, chosen.seed)
    results = _watched(network_reports(function, detected.convention, cases), len(cases))
    plain = detected.convention.biases == (chosen.biases or "vectors")
    checked = CheckedFunction(
        spec,
        detected,
        convention_given=bool(chosen.theta and chosen.layout and chosen.targets and plain),
        shape_given=chosen.shape is not None,
        name_given=spec == chosen.function,
    )
    return _shown(chosen, checked, results)


def check_model(
    chosen: argparse.Namespace, function: Function, loss: Function, make: Function
) -> int:
    """Check a gradient of any other model, on what `make` returns; show, and return the status."""
    cases = model_cases(make, chosen.parameters, chosen.problems, chosen.seed)
    names = ["parameters", *(f"data_{i}" for i in range(1, len(cases[0].arguments)))]
    require_arguments(function, chosen.function, names)
    require_arguments(loss, chosen.loss, names)
    results = _watched(model_reports(function, loss, cases), len(cases))
    checked = CheckedFunction(chosen.function, loss=chosen.loss, parameters=chosen.parameters)
    return _shown(chosen, checked, results)


def _watched(results: Iterable[Checked], count: int) -> list[Checked]:
    """All results, behind a progress bar."""
    with progress() as bar:
        return list(bar.track(results, total=count, description="problems"))


def _shown(chosen: argparse.Namespace, checked: CheckedFunction, results: Sequence[Checked]) -> int:
    files = {chosen.json: partial(as_json, checked, results)}
    files[chosen.html] = partial(as_html, checked, results)
    write_results(printed(as_text, checked, results), files)
    return EXIT_STATUS[outcome_of(results)]
