"""The problems on which `crosscheck check` checks, and the report of each."""

import inspect
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, cast

import numpy as np

from autograd_ref.assignment.conventions import Convention, Gradients, adapter, said_in, targets
from autograd_ref.calls import random_state
from autograd_ref.calls.trial import Options, Trial
from autograd_ref.check import examine, trial_of
from autograd_ref.commands.functions.convention_search import PENGUINS, Detected, random_inputs
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.network_options import sizes_in
from autograd_ref.commands.functions.world import raised_by_user, their_traceback
from autograd_ref.commands.options import Unusable
from autograd_ref.report.data import Verdict, overall
from autograd_ref.report.report import Report
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import leaves
from autograd_ref.user_code import Raised, as_raised, attempt, user_code
from manual_backprop import NetworkShape, Parameters, initialize, load_penguins

Outcome = Verdict | Literal["harmful"]

SIZES = range(2, 13)
"""From which the dimensions of a random problem are drawn; no two of them are the same."""

MORE_SIZES = range(2, 41)
"""From which the number of samples is drawn, where the other dimensions are hard-coded."""

UPDATE = "its update"
"""The name of a problem on which an update is judged that code makes beside its gradient."""


class Case(NamedTuple):
    """One problem that is to be checked."""

    name: str
    seed: int
    arguments: tuple[Any, ...]
    """Parameters and data."""
    dtype: str
    shape: NetworkShape | None = None
    """None for a model of the user's own."""
    binding: bool = True
    """True if a mismatch counts even where the function leaves the number format."""
    sizes: tuple[int, ...] = ()
    """The sizes of a usual network with another number of layers."""
    penalty: str = ""
    """The penalty of its loss in words; empty where it has none of its own."""

    @property
    def samples(self) -> int | None:
        """The number of samples; None for a model of the user's own."""
        return None if self.shape is None else len(self.arguments[1])

    @property
    def parameter_count(self) -> int:
        """Entries in all parameters together."""
        return sum(as_array(leaf).size for leaf in leaves(self.arguments[0]).values())

    @property
    def where(self) -> str:
        """In words."""
        sizes = self.sizes or sizes_in(self.shape)
        if not sizes:
            return f"the parameters and data of seed {self.seed}"
        names = {"penguins": "the penguins", UPDATE: "the update, on a random problem"}
        name = names.get(self.name, "a random problem")
        said = [name, f"shape {','.join(map(str, sizes))}", f"{len(self.arguments[1])} samples"]
        said += [self.dtype, f"seed {self.seed}", *filter(None, (self.penalty,))]
        return ", ".join(said)


class Checked(NamedTuple):
    """One problem and its report."""

    case: Case
    report: Report | None
    """None where a note says why there is none."""
    note: str = ""
    """The reason why this problem does not count; empty where it does."""


def counting(results: Sequence[Checked]) -> list[Report]:
    """The reports on all problems that count."""
    return [r.report for r in results if r.report is not None and not r.note]


def verdict_of(results: Sequence[Checked]) -> Verdict:
    """The verdict over all problems that count: mismatch before inconclusive before match."""
    return overall(report.verdict for report in counting(results))


def outcome_of(results: Sequence[Checked]) -> Outcome:
    """The verdict over all problems that count; what does harm stands right after a mismatch."""
    verdict = verdict_of(results)
    harm = any(report.harmful for report in counting(results))
    return "harmful" if harm and verdict != "mismatch" else verdict


def network_cases(detected: Detected, count: int, seed: int) -> list[Case]:
    """The penguins, random problems in float64, and one in float32."""
    shape = detected.fixed.shape or PENGUINS
    cases: list[Case] = []
    if (shape.inputs, shape.outputs) == (PENGUINS.inputs, PENGUINS.outputs):
        X, labels, _names = load_penguins()
        parameters = initialize(shape, seed)
        arguments = (parameters, X, targets(detected.convention, labels, parameters))
        cases.append(Case("penguins", seed, arguments, "float64", shape))
    cases += [_random_case(detected, seed + i, "float64") for i in range(count)]
    return [*cases, _random_case(detected, seed + count, "float32")]


def model_cases(make: Callable[..., Any], spec: str, count: int, seed: int) -> list[Case]:
    """The parameters and data that the user's function makes, once for every seed.

    Raises:
        UserCodeError: it raises, or returns something else.
    """
    takes_seed = bool(inspect.signature(make).parameters)
    cases: list[Case] = []
    # without a seed they would all be the same
    for number in range(seed, seed + (count if takes_seed else 1)):
        with blamed(f"seed {number}" if takes_seed else "no arguments"):
            made = make(number) if takes_seed else make()
            parameters, data = _parameters_and_data(made, spec)
            dtype = number_format.coarsest(parameters).name
        cases.append(Case("model", number, (parameters, *data), dtype))
    return cases


def _parameters_and_data(made: object, spec: str) -> tuple[Any, tuple[Any, ...]]:
    kind = type(made).__name__
    pair = cast("tuple[object, ...]", made) if isinstance(made, tuple) else ()
    if len(pair) != 2 or not isinstance(pair[1], tuple):
        raise UserCodeError(
            f"{spec} returned a {kind}; it needs to return a tuple of two:"
            " parameters, and data as a tuple"
        )
    return pair[0], cast("tuple[Any, ...]", pair[1])


def network_reports(
    function: Gradients, convention: Convention, cases: Sequence[Case], *, diagnose: bool = True
) -> Generator[Checked]:
    """Check a gradient of the built-in network on one problem after the other."""
    gradients, known = adapter(function, convention), not diagnose
    for case in cases:
        try:
            with blamed(case.where, ran_before=True):  # or else it would have no convention
                found = _report(_trial(gradients, None, case), diagnose=not known)
        except UserCodeError as error:
            if case.binding or _raises_in_float64(gradients, case):
                raise
            yield Checked(case, None, f"not for float32: {error.__cause__!r}")
            continue
        report = said_in(convention, found)
        known = known or report.verdict == "mismatch"
        yield Checked(case, report, "" if case.binding else _not_float32(report))


def model_reports(
    gradients: Gradients, loss: Callable[..., Any], cases: Sequence[Case]
) -> Generator[Checked]:
    """Check a gradient of a model of the user's own on one problem after the other."""
    known = False
    for case in cases:
        with blamed(case.where):
            report = _report(_trial(gradients, loss, case), diagnose=not known)
        known = known or report.verdict == "mismatch"
        yield Checked(case, report)


def _report(trial: Trial, *, diagnose: bool) -> Report:
    """The report on one problem; which mistake it is, is asked of the first that is wrong alone."""
    with random_state.kept():
        return as_raised(lambda: examine(trial, diagnose=diagnose))


def _trial(gradients: Gradients, loss: Callable[..., Any] | None, case: Case) -> Trial:
    """The trial of a case.

    Raises:
        UserCodeError: the parameters, the data or the loss cannot be used.
    """
    parameters, *data = case.arguments
    try:
        return trial_of(gradients, parameters, (*data,), loss, Options(case.seed))
    except (TypeError, ValueError) as error:
        if raised_by_user(error):
            raise
        raise UserCodeError(str(error)) from error


@contextmanager
def blamed(where: str, *, ran_before: bool = False) -> Generator[None]:
    """Turn what the user's function raises into a UserCodeError that names the problem.

    With ran_before, the function has run on a problem of other dimensions.
    """
    try:
        yield
    except Unusable:
        raise
    except Exception as error:
        if not raised_by_user(error):
            raise
        kept = " (it ran on others before: is something kept between calls?)" if ran_before else ""
        raise UserCodeError(
            f"your code raises {type(error).__name__} on {where}{kept}; fix the error above",
            their_traceback(error),
        ) from error


def _random_case(detected: Detected, seed: int, dtype: str) -> Case:
    random = np.random.default_rng(seed)
    shape, samples = detected.fixed
    if shape is None:
        inputs, hidden, outputs, *rest = (int(n) for n in random.permutation(SIZES))
        shape = NetworkShape(inputs, hidden, outputs)
    else:
        taken = {shape.inputs, shape.hidden, shape.outputs}
        rest = [int(n) for n in random.permutation(MORE_SIZES) if n not in taken]
    arguments = random_inputs(detected.convention, shape, samples or rest[0], seed, dtype)
    return Case("random", seed, arguments, dtype, shape, binding=dtype == "float64")


def _raises_in_float64(gradients: Gradients, case: Case) -> bool:
    """True if the function raises in float64 too: the number format is not the cause."""
    parameters, X, Y = case.arguments
    wide = Parameters(*(block.astype(np.float64) for block in parameters))

    def call() -> None:
        with user_code():
            gradients(wide, X.astype(np.float64), Y)

    return isinstance(attempt(call), Raised)


def _not_float32(report: Report) -> str:
    """The reason why a mismatch in float32 does not count: all wrong blocks are float64."""
    wrong = [block for block in report.blocks if block.verdict == "mismatch"]
    loss_is_right = report.loss is None or report.loss.verdict != "mismatch"
    if wrong and loss_is_right and all(block.dtype == "float64" for block in wrong):
        return "not for float32: it returns float64"
    return ""
