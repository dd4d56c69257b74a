"""`crosscheck check`: the order of events."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from autograd_ref.commands.as_written.beside.judged_beside import judged_beside
from autograd_ref.commands.as_written.find_adapter import AskedFor, find_adapter
from autograd_ref.commands.as_written.other_networks import right_for, right_for_by_convention
from autograd_ref.commands.as_written.whole_files import Opened
from autograd_ref.commands.as_written.written_problems import plan_for, written_function
from autograd_ref.commands.check.called import CheckedFunction
from autograd_ref.commands.check.explain import explained, explained_json
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
from autograd_ref.commands.functions.convention_search import Detected
from autograd_ref.commands.functions.loading import Loaded, require_arguments
from autograd_ref.commands.functions.world import in_their_world
from autograd_ref.commands.options import EXIT_STATUS
from autograd_ref.commands.output import write_results
from autograd_ref.commands.paragraphs import printed
from autograd_ref.commands.progress import progress


def check_network(chosen: argparse.Namespace, found: Loaded) -> int:
    """Check a gradient of the built-in network; show, and return the exit status."""
    spec, function, notes = found
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
        notes=notes,
        right_for=_by_convention(chosen, function, detected, results),
    )
    return _shown(chosen, checked, results)


def _by_convention(
    chosen: argparse.Namespace,
    function: Callable[..., Any],
    detected: Detected,
    results: Sequence[Checked],
) -> str:
    """The usual networks that a function is right for, where it is wrong or they are asked for."""
    wrong = outcome_of(results) == "mismatch"
    if not wrong and not chosen.detect:
        return ""
    return right_for_by_convention(function, detected, matches=not wrong)


def check_model(
    chosen: argparse.Namespace, found: Loaded, found_loss: Loaded, found_make: Loaded
) -> int:
    """Check a gradient of any other model, on what `make` returns; show, and return the status."""
    function, loss = found.function, found_loss.function
    cases = model_cases(found_make.function, chosen.parameters, chosen.problems, chosen.seed)
    names = ["parameters", *(f"data_{i}" for i in range(1, len(cases[0].arguments)))]
    require_arguments(function, chosen.function, names)
    require_arguments(loss, chosen.loss, names)
    results = _watched(model_reports(function, loss, cases), len(cases))
    notes = dict.fromkeys(note for one in (found, found_loss, found_make) for note in one.notes)
    checked = CheckedFunction(
        chosen.function, loss=chosen.loss, parameters=chosen.parameters, notes=tuple(notes)
    )
    return _shown(chosen, checked, results)


def check_as_it_stands(chosen: argparse.Namespace, opened: Opened, asked: AskedFor) -> int:
    """Check code that is called in a way of its own; show, and return the exit status."""
    found = find_adapter(opened, chosen.function, asked)
    one = found.adapter
    if chosen.explain:
        write_results(
            partial(explained, one, found.how),
            {chosen.json: partial(explained_json, one, found.how)},
        )
        return 0
    gradients = in_their_world(one, opened.path)
    plan = plan_for(one, gradients)
    cases = plan.cases(chosen.problems, chosen.seed)
    results = _watched(plan.reports(cases), len(cases))
    wrong = outcome_of(results) == "mismatch"
    networks = right_for(one, gradients, matches=not wrong) if chosen.detect or wrong else ""
    beside = [] if wrong else judged_beside(one, opened.path, chosen.seed, asked.arguments)
    results += [each.wrong for each in beside if each.wrong is not None]
    file = chosen.function.rpartition(":")[0] or chosen.function
    checked = written_function(file, opened, found)
    said = [each.sentence for each in beside if each.sentence]
    checked = checked._replace(how=(*checked.how, *said), right_for=networks)
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
