"""The result of `crosscheck train` as text and as JSON."""

import json
from collections.abc import Sequence

import numpy as np

from autograd_ref.commands.paragraphs import filled
from autograd_ref.commands.train.runs import MistakenRun, TrainingRun, TrainingSetup
from autograd_ref.report.table import PLAIN, Display, table

SCHEMA = 1
ROWS = 7
"""Lines of a table between the first and the last iteration."""

HEADER = (
    "iteration",
    "loss",
    "accuracy\n(training)",
    "accuracy\n(test)",
    "largest difference\n(hand, autograd)",
    "drift from\nrounding",
)


def as_text(
    setup: TrainingSetup,
    runs: Sequence[TrainingRun],
    mistaken: Sequence[MistakenRun],
    display: Display = PLAIN,
) -> str:
    """The setup, the verdicts, and the tables."""
    parts = [
        heading(setup),
        *(f"{run.optimiser}\n{filled(sentence(run), display)}" for run in runs),
        *(filled(line, display) for line in outcomes(mistaken)),
        *tables(runs, display),
    ]
    return "\n\n".join(parts) + "\n"


def outcomes(mistaken: Sequence[MistakenRun]) -> list[str]:
    """A sentence on the loss of each mistaken run."""
    return [_outcome(run) for run in mistaken if run.losses or run.ended]


def tables(runs: Sequence[TrainingRun], display: Display = PLAIN) -> list[str]:
    """A table of some iterates for each run, under its name."""
    return [f"{run.optimiser}\n\n{_table(run, display)}" for run in runs]


def as_json(
    setup: TrainingSetup, runs: Sequence[TrainingRun], mistaken: Sequence[MistakenRun]
) -> str:
    """The content as JSON, with the figures of every iterate."""
    network = setup.network
    content = {
        "schema": SCHEMA,
        "network": [network.inputs, network.hidden, network.outputs],
        **{name: value for name, value in setup._asdict().items() if name != "network"},
        "runs": [
            {
                "optimiser": run.optimiser,
                "verdict": run.verdict,
                "sentence": sentence(run),
                "moments": [moment._asdict() for moment in run.moments],
                "checks": {number: report.verdict for number, report in run.checks.items()},
            }
            for run in runs
        ],
        "wrong": [vars(run) for run in mistaken],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def sentence(run: TrainingRun) -> str:
    """The verdict on a run in plain words."""
    checks = ", ".join(f"{report.verdict} at {number}" for number, report in run.checks.items())
    said = f"Gradient checks by iteration: {checks}." if checks else "No gradient check was made."
    if run.verdict == "mismatch":
        far = next((m.iteration for m in run.moments if not m.within), None)
        where = "" if far is None else f", from iteration {far} on"
        return f"Mismatch: hand and autograd do not agree{where}. {said}"
    parted = next((m.iteration for m in run.moments if m.parted), len(run.moments))
    shares = [m.distance / m.by_rounding for m in run.moments[:parted] if m.by_rounding > 0]
    most = max(shares, default=0.0)
    together = (
        f"{run.verdict.capitalize()}: the parameters by hand and by autograd differ by at most"
        f" {most:.2g} of the drift from rounding (1 allowed)"
    )
    if parted < len(run.moments):
        together += (
            f", before iteration {parted}. From there on rounding alone separates two runs: the"
            " end of a run says nothing about its gradient"
        )
    return f"{together}. {said}"


def heading(setup: TrainingSetup) -> str:
    """The setup in lines."""
    network = setup.network
    features = "features standardised" if setup.standardised else "features not standardised"
    shared = f", in {setup.processes} processes" if setup.processes > 1 else ""
    ended = ("Interrupted: all that was not done by then is missing",) if setup.interrupted else ()
    return "\n".join(
        (
            f"{setup.samples}, seed {setup.seed}, {features}{shared}",
            f"Network: {network.inputs} inputs, {network.hidden} hidden units, {network.outputs}"
            f" outputs; {network.parameter_count} parameters from N(0, 0.05), {setup.dtype}",
            f"Step {setup.step:g}, {setup.iterations} iterations",
            *ended,
        )
    )


def _table(run: TrainingRun, display: Display) -> str:
    last = len(run.moments) - 1
    shown = np.unique(np.linspace(0, last, min(ROWS + 1, last + 1)).astype(int))
    rows = [
        (
            str(moment.iteration),
            f"{moment.loss:.4g}",
            f"{moment.accuracy:.1%}",
            "-" if moment.test_accuracy is None else f"{moment.test_accuracy:.1%}",
            f"{moment.distance:.1e}",
            f"{moment.by_rounding:.1e}",
        )
        for moment in (run.moments[int(i)] for i in shown)
    ]
    return table(HEADER, rows, numbers=range(len(HEADER)), display=display)


def _outcome(run: MistakenRun) -> str:
    said: list[str] = []
    if run.losses:
        first, last, count = run.losses[0], run.losses[-1], len(run.losses) - 1
        said.append(f"the loss goes from {first:.4g} to {last:.4g} in {count} iterations")
    if run.ended:
        said.append(run.ended)
    return f"{run.optimiser}, with the mistake '{run.mistake}': {'; '.join(said)}."
